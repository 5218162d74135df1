// Compressed points of G2 of BN254.
#include "decompress.h"

KERNEL bn_g2_decompress(const uint8_t* bytes, uint32_t n, Array affine, uint8_t* status) {
    uint32_t i = thread_number();
    if (i >= n) return;
    Affine<BnG2::F> p;
    status[i] = decompress<BnG2>(&p, bytes + (size_t)i * 4 * BnG2::F::WORDS);
    p.store(affine, i);
}
