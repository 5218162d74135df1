// Miller loops of BLS12-381: value i is the product over pairs i + j n, j < pairs.
#include "miller.h"

KERNEL bls_miller(Array g1, Array g2, uint32_t n, uint32_t pairs, Array out) {
    uint32_t i = thread_number();
    if (i >= n) return;
    Pair<Bls12381Fp> t[PAIRS_MAX];
    Fp12<Bls12381Fp> f;
    miller(&f, t, load_pairs(t, g1, g2, i, n, pairs));
    f.store(out, i);
}
