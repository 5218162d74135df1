// Which items fall into which bucket: a counting sort by thread (part, digit). Part k are the items starts[k] to starts[k + 1] - 1.
#include "sums.h"

KERNEL bucket_lists(const uint8_t* weights, uint32_t n, uint32_t bytes, const uint32_t* starts, uint32_t parts, uint32_t* ranges,
                    uint32_t* terms) {
    uint32_t i = thread_number();
    if (i >= parts * bytes) return;
    uint32_t part = i / bytes, w = i % bytes;
    bucket_lists_of(weights + (size_t)w * n, n, starts[part], starts[part + 1], w, ranges + (size_t)i * 2 * BUCKETS,
                    terms + (size_t)w * n);
}
