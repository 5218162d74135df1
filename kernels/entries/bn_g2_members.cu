// Which points are outside the subgroup G2 of BN254.
#include "groups.h"

KERNEL bn_g2_members(Array affine, uint32_t n, uint8_t* status) {
    uint32_t i = thread_number();
    if (i >= n || status[i] != FINE) return;
    Affine<BnG2::F> p = Affine<BnG2::F>::load(affine, i);
    if (!is_infinity(p) && !BnG2::has(p)) status[i] = NOT_IN_SUBGROUP;
}
