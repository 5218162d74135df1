// Compressed points of G1 of BN254.
#include "decompress.h"

KERNEL bn_g1_decompress(const uint8_t* bytes, uint32_t n, Array affine, uint8_t* status) {
    uint32_t i = thread_number();
    if (i >= n) return;
    Affine<BnG1::F> p;
    status[i] = decompress<BnG1>(&p, bytes + (size_t)i * 4 * BnG1::F::WORDS);
    p.store(affine, i);
}
