// The sums of the keys in G1 of BLS12-381 whose bits are set: part k of list j at j + lists k.
#include "sums.h"

KERNEL bls_g1_sum_bits(Array affine, uint32_t keys, const uint8_t* bits, uint32_t bytes_per_list, uint32_t lists, uint32_t parts, Array out) {
    uint32_t i = thread_number();
    if (i >= lists * parts) return;
    uint32_t list = i % lists, part = i / lists;
    sum_bits<BlsG1::F>(affine, keys, bits + (size_t)list * bytes_per_list, part, parts).store(out, i);
}
