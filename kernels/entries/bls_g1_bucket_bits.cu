// Sums of the buckets in G1 of BLS12-381 whose magnitude has a bit set, in shares.
#include "sums.h"

KERNEL bls_g1_bucket_bits(Array buckets, uint32_t bytes, uint32_t parts, uint32_t split, Array out) {
    uint32_t i = thread_number();
    uint32_t outputs = 8 * bytes * parts;
    if (i >= outputs * split) return;
    uint32_t share = i / outputs, bit = i % 8, column = i % outputs / 8;
    sum_buckets_with_bit<BlsG1::F>(buckets, BUCKETS * column, bit, share, split).store(out, i);
}
