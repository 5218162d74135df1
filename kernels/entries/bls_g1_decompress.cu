// Compressed points of G1 of BLS12-381.
#include "decompress.h"

KERNEL bls_g1_decompress(const uint8_t* bytes, uint32_t n, Array affine, uint8_t* status) {
    uint32_t i = thread_number();
    if (i >= n) return;
    Affine<BlsG1::F> p;
    status[i] = decompress<BlsG1>(&p, bytes + (size_t)i * 4 * BlsG1::F::WORDS);
    p.store(affine, i);
}
