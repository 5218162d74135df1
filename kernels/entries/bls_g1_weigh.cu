// Points of G1 of BLS12-381 times their items' coefficients.
#include "weigh.h"

KERNEL bls_g1_weigh(Array affine, const uint8_t* weights, uint32_t n, uint32_t bytes, Array out) {
    uint32_t i = thread_number();
    if (i < n) weigh<BlsG1>(Affine<BlsG1::F>::load(affine, i), weights, i, n, bytes).store(out, i);
}
