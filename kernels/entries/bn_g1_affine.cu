// Affine coordinates in G1 of BN254: thread i has the points i, i + threads, ...: up to `run` of them, one inversion.
#include "sums.h"

KERNEL bn_g1_affine(Array points, uint32_t n, uint32_t run, Array affine) {
    uint32_t i = thread_number();
    uint32_t threads = (n + run - 1) / run;
    if (i < threads) to_affine<BnG1::F>(points, n, i, threads, run, affine);
}
