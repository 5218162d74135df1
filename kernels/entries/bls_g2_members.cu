// Which points are outside the subgroup G2 of BLS12-381.
#include "groups.h"

KERNEL bls_g2_members(Array affine, uint32_t n, uint8_t* status) {
    uint32_t i = thread_number();
    if (i >= n || status[i] != FINE) return;
    Affine<BlsG2::F> p = Affine<BlsG2::F>::load(affine, i);
    if (!is_infinity(p) && !BlsG2::has(p)) status[i] = NOT_IN_SUBGROUP;
}
