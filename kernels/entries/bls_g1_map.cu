// Field elements to points of the curve isogenous to G1's.
#include "hash.h"

KERNEL bls_g1_map(Array u, uint32_t count, Array out) {
    uint32_t i = thread_number();
    if (i < count) map_to_isogenous(Fp<Bls12381Fp>::load(u, i)).store(out, i);
}
