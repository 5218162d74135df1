// Points of G1 of BN254 times their items' coefficients.
#include "weigh.h"

KERNEL bn_g1_weigh(Array affine, const uint8_t* weights, uint32_t n, uint32_t bytes, Array out) {
    uint32_t i = thread_number();
    if (i < n) weigh<BnG1>(Affine<BnG1::F>::load(affine, i), weights, i, n, bytes).store(out, i);
}
