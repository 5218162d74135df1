// Affine coordinates in G1 of BLS12-381: thread i has the points i, i + threads, ...: up to `run` of them, one inversion.
#include "sums.h"

KERNEL bls_g1_affine(Array points, uint32_t n, uint32_t run, Array affine) {
    uint32_t i = thread_number();
    uint32_t threads = (n + run - 1) / run;
    if (i < threads) to_affine<BlsG1::F>(points, n, i, threads, run, affine);
}
