// Compressed points. BLS12-381: zcash's form, three flags above x; BN254: gnark's, two. For G2 the imaginary part comes first.
#pragma once
#include "groups.h"

// Big-endian bytes to plain words, without the flag bits of the first byte.
template <class M>
INLINE Fp<M> words_from_bytes(const uint8_t* bytes, uint8_t flags) {
    Fp<M> x;
    for (int i = 0; i < M::N; i++) {
        const uint8_t* b = bytes + 4 * (M::N - 1 - i);
        x.v[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    x.v[M::N - 1] &= ~((uint32_t)flags << 24);
    return x;
}

// x, and whether it is canonical.
template <class M>
INLINE bool coordinate_from_bytes(Fp<M>* x, const uint8_t* bytes, uint8_t flags) {
    Fp<M> words = words_from_bytes<M>(bytes, flags);
    *x = from_plain(words);
    return is_below_p(words);
}

template <class M>
INLINE bool coordinate_from_bytes(Fp2<M>* x, const uint8_t* bytes, uint8_t flags) {
    bool c1 = coordinate_from_bytes(&x->c1, bytes, flags);
    bool c0 = coordinate_from_bytes(&x->c0, bytes + 4 * M::N, 0);
    return c0 && c1;
}

struct Flags {
    uint8_t mask;
    Status status; // FINE for a finite point
    bool greater;
};

INLINE Flags read_flags(const Bls12381Fp*, uint8_t first) {
    bool compressed = first & 0x80, infinite = first & 0x40, greater = first & 0x20;
    if (!compressed || (infinite && greater)) return {0xe0, BAD_ENCODING, greater};
    return {0xe0, infinite ? INFINITE : FINE, greater};
}

INLINE Flags read_flags(const Bn254Fp*, uint8_t first) {
    uint8_t flags = first >> 6;
    return {0xc0, flags == 0 ? BAD_ENCODING : flags == 1 ? INFINITE : FINE, flags == 3};
}

// blst says at once that these are outside the subgroup, and so do we.
INLINE bool is_known_outside(const Fp<Bls12381Fp>& x) {
    return is_zero(x);
}
INLINE bool is_known_outside(const Fp2<Bls12381Fp>& x) {
    return is_zero(x);
}
template <class F>
INLINE bool is_known_outside(const F&) {
    return false;
}

template <class G>
INLINE Status decompress(Affine<typename G::F>* p, const uint8_t* bytes) {
    using F = typename G::F;
    *p = Affine<F>::infinity();
    Flags flags = read_flags(static_cast<const typename F::Modulus*>(nullptr), bytes[0]);
    if (flags.status == BAD_ENCODING) return BAD_ENCODING;
    if (flags.status == INFINITE) {
        uint8_t rest = bytes[0] & ~flags.mask;
        for (int i = 1; i < 4 * F::WORDS; i++) rest |= bytes[i];
        return rest == 0 ? INFINITE : BAD_ENCODING;
    }
    F x, y;
    if (!coordinate_from_bytes(&x, bytes, flags.mask)) return NOT_CANONICAL;
    if (!root(&y, add(mul(sqr(x), x), G::b()))) return NOT_ON_CURVE;
    if (is_known_outside(x)) return NOT_IN_SUBGROUP;
    *p = {x, select(is_greater(y) == flags.greater, y, neg(y))};
    return FINE;
}
