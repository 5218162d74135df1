// Points of G1 of BLS12-381 become infinity where the status of their item is not 0.
#include "groups.h"

KERNEL bls_g1_drop(Array affine, uint32_t n, const uint8_t* status) {
    uint32_t i = thread_number();
    if (i < n && status[i] != FINE) Affine<BlsG1::F>::infinity().store(affine, i);
}
