// The sums of the keys in G2 of BN254 whose bits are set: part k of list j at j + lists k.
#include "sums.h"

KERNEL bn_g2_sum_bits(Array affine, uint32_t keys, const uint8_t* bits, uint32_t bytes_per_list, uint32_t lists, uint32_t parts, Array out) {
    uint32_t i = thread_number();
    if (i >= lists * parts) return;
    uint32_t list = i % lists, part = i / lists;
    sum_bits<BnG2::F>(affine, keys, bits + (size_t)list * bytes_per_list, part, parts).store(out, i);
}
