// Which points are outside the subgroup G1 of BLS12-381.
#include "groups.h"

KERNEL bls_g1_members(Array affine, uint32_t n, uint8_t* status) {
    uint32_t i = thread_number();
    if (i >= n || status[i] != FINE) return;
    Affine<BlsG1::F> p = Affine<BlsG1::F>::load(affine, i);
    if (!is_infinity(p) && !BlsG1::has(p)) status[i] = NOT_IN_SUBGROUP;
}
