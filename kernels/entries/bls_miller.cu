// Miller loops of BLS12-381: value i is the product over the pairs k with ranges[2 i] <= k < ranges[2 i + 1], of the points
// g1[pairs[2 k]] and g2[pairs[2 k + 1]].
#include "miller.h"

KERNEL bls_miller(Array g1, Array g2, const uint32_t* ranges, const uint32_t* pairs, uint32_t values, Array out) {
    uint32_t i = thread_number();
    if (i >= values) return;
    Pair<Bls12381Fp> t[PAIRS_MAX];
    Fp12<Bls12381Fp> f;
    miller(&f, t, load_pairs(t, g1, g2, pairs, ranges[2 * i], ranges[2 * i + 1]));
    f.store(out, i);
}
