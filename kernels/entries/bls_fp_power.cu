// a·b^k in the base field of BLS12-381, by k multiplications in a row: the machine's ceiling is measured with it.
#include "moduli.h"

KERNEL bls_fp_power(Array a, Array b, uint32_t n, uint32_t k, Array out) {
    uint32_t i = thread_number();
    if (i >= n) return;
    Fp<Bls12381Fp> r = Fp<Bls12381Fp>::load(a, i), f = Fp<Bls12381Fp>::load(b, i);
    for (uint32_t j = 0; j < k; j++) r = mul_inline(r, f);
    r.store(out, i);
}
