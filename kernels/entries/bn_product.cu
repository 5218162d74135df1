// Products in Fp12 of BN254: out[i] is that of in[i + j outputs], j < terms.
#include "tower.h"

KERNEL bn_product(Array in, uint32_t outputs, uint32_t terms, Array out) {
    uint32_t i = thread_number();
    if (i >= outputs) return;
    Fp12<Bn254Fp> product, factor;
    product.load(&product, in, i);
    for (uint32_t j = 1; j < terms; j++) {
        factor.load(&factor, in, i + j * outputs);
        mul(&product, &product, &factor);
    }
    product.store(out, i);
}
