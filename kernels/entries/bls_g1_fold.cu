// Sums of points of G1 of BLS12-381: out[i] is that of in[i + j outputs], j < terms.
#include "sums.h"

KERNEL bls_g1_fold(Array in, uint32_t outputs, uint32_t terms, Array out) {
    uint32_t i = thread_number();
    if (i < outputs) fold<BlsG1::F>(in, i, outputs, terms).store(out, i);
}
