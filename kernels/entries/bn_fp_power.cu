// a·b^k in the base field of BN254, by k multiplications in a row: the machine's ceiling is measured with it.
#include "moduli.h"

KERNEL bn_fp_power(Array a, Array b, uint32_t n, uint32_t k, Array out) {
    uint32_t i = thread_number();
    if (i >= n) return;
    Fp<Bn254Fp> r = Fp<Bn254Fp>::load(a, i), f = Fp<Bn254Fp>::load(b, i);
    for (uint32_t j = 0; j < k; j++) r = mul_inline(r, f);
    r.store(out, i);
}
