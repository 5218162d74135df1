// Field elements to points of G1 of BN254.
#include "hash.h"

KERNEL bn_g1_map(Array u, uint32_t count, Array out) {
    uint32_t i = thread_number();
    if (i < count) lift(map_svdw(Fp<Bn254Fp>::load(u, i))).store(out, i);
}
