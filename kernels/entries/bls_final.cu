// Final exponentiations of BLS12-381, and where they come to one.
#include "miller.h"

KERNEL bls_final(Array in, uint32_t n, Array out, uint8_t* one) {
    uint32_t i = thread_number();
    if (i >= n) return;
    Fp12<Bls12381Fp> f;
    f.load(&f, in, i);
    final_exponentiation(&f);
    f.store(out, i);
    one[i] = is_one(f);
}
