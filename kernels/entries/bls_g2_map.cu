// Field elements to points of the curve isogenous to G2's.
#include "hash.h"

KERNEL bls_g2_map(Array u, uint32_t count, Array affine) {
    uint32_t i = thread_number();
    if (i < count) map_to_isogenous(Fp2<Bls12381Fp>::load(u, i)).store(affine, i);
}
