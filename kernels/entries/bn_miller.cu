// Miller loops of BN254: value i is the product over pairs i + j n, j < pairs.
#include "miller.h"

KERNEL bn_miller(Array g1, Array g2, uint32_t n, uint32_t pairs, Array out) {
    uint32_t i = thread_number();
    if (i >= n) return;
    Pair<Bn254Fp> t[PAIRS_MAX];
    Fp12<Bn254Fp> f;
    miller(&f, t, load_pairs(t, g1, g2, i, n, pairs));
    f.store(out, i);
}
