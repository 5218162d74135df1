// Compressed points of G2 of BLS12-381.
#include "decompress.h"

KERNEL bls_g2_decompress(const uint8_t* bytes, uint32_t n, Array affine, uint8_t* status) {
    uint32_t i = thread_number();
    if (i >= n) return;
    Affine<BlsG2::F> p;
    status[i] = decompress<BlsG2>(&p, bytes + (size_t)i * 4 * BlsG2::F::WORDS);
    p.store(affine, i);
}
