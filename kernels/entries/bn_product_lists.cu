// Products in Fp12 of BN254: out[i] is that of in[terms[k]] for ranges[2 i] <= k < ranges[2 i + 1], one for none.
#include "tower.h"

KERNEL bn_product_lists(Array in, const uint32_t* ranges, const uint32_t* terms, uint32_t lists, Array out) {
    uint32_t i = thread_number();
    if (i >= lists) return;
    Fp12<Bn254Fp> product = Fp12<Bn254Fp>::one(), factor;
    for (uint32_t k = ranges[2 * i]; k < ranges[2 * i + 1]; k++) {
        factor.load(&factor, in, terms[k]);
        mul(&product, &product, &factor);
    }
    product.store(out, i);
}
