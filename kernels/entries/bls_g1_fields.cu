// Two field elements of each message, for hashing to G1 of BLS12-381.
#include "hash.h"

KERNEL bls_g1_fields(const uint8_t* bytes, const uint32_t* offsets, uint32_t n, const uint8_t* dst_prime, uint32_t dst_prime_length, Array out) {
    uint32_t i = thread_number();
    if (i >= n) return;
    Fp<Bls12381Fp> u[2];
    hash_to_field(u, bytes + offsets[i], offsets[i + 1] - offsets[i], dst_prime, dst_prime_length);
    u[0].store(out, i);
    u[1].store(out, i + n);
}
