// EigenLayer's hash to G1 of BN254: try and increment.
#include "hash.h"

KERNEL bn_g1_try(const uint8_t* digests, uint32_t n, Array affine) {
    uint32_t i = thread_number();
    if (i < n) try_and_increment(digests + (size_t)i * 32).store(affine, i);
}
