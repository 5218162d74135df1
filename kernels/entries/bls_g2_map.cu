// Field elements to points of the curve isogenous to G2's.
#include "hash.h"

KERNEL bls_g2_map(Array u, uint32_t count, Array affine) {
    uint32_t i = thread_number();
    if (i >= count) return;
    Fp2<Bls12381Fp> element = Fp2<Bls12381Fp>::load(u, i);
    Affine<Fp2<Bls12381Fp>> p;
    map_to_isogenous(&p, &element);
    p.store(affine, i);
}
