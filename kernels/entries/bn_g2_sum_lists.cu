// The sums of lists of points of G2 of BN254.
#include "sums.h"

KERNEL bn_g2_sum_lists(Array affine, const uint32_t* ranges, const uint32_t* terms, uint32_t lists, Array out) {
    uint32_t i = thread_number();
    if (i < lists) sum_list<BnG2::F>(affine, ranges, terms, i).store(out, i);
}
