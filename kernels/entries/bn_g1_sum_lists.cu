// The sums of lists of points of G1 of BN254.
#include "sums.h"

KERNEL bn_g1_sum_lists(Array affine, const uint32_t* ranges, const uint32_t* terms, uint32_t lists, Array out) {
    uint32_t i = thread_number();
    if (i < lists) sum_list<BnG1::F>(affine, ranges, terms, i).store(out, i);
}
