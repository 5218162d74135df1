// Fp2 = Fp[i] / (i² + 1), for both curves. Coordinates are loose.
#pragma once
#include "field.h"

template <class M>
struct Fp2 {
    static constexpr int WORDS = 2 * M::N;
    using Modulus = M;
    Fp<M> c0, c1;

    static INLINE Fp2 zero() {
        return {Fp<M>::zero(), Fp<M>::zero()};
    }
    static INLINE Fp2 one() {
        return {Fp<M>::one(), Fp<M>::zero()};
    }
    static INLINE Fp2 load(const Array& from, uint32_t element, uint32_t first = 0) {
        return {Fp<M>::load(from, element, first), Fp<M>::load(from, element, first + M::N)};
    }
    INLINE void store(const Array& to, uint32_t element, uint32_t first = 0) const {
        c0.store(to, element, first);
        c1.store(to, element, first + M::N);
    }
};

template <class M>
INLINE Fp2<M> add(const Fp2<M>& a, const Fp2<M>& b) {
    return {add(a.c0, b.c0), add(a.c1, b.c1)};
}

template <class M>
INLINE Fp2<M> sub(const Fp2<M>& a, const Fp2<M>& b) {
    return {sub(a.c0, b.c0), sub(a.c1, b.c1)};
}

template <class M>
INLINE Fp2<M> neg(const Fp2<M>& a) {
    return {neg(a.c0), neg(a.c1)};
}

template <class M>
INLINE Fp2<M> twice(const Fp2<M>& a) {
    return {twice(a.c0), twice(a.c1)};
}

template <class M>
INLINE Fp2<M> thrice(const Fp2<M>& a) {
    return {thrice(a.c0), thrice(a.c1)};
}

template <class M>
INLINE Fp2<M> conjugate(const Fp2<M>& a) {
    return {a.c0, neg(a.c1)};
}

template <class M>
INLINE bool is_zero(const Fp2<M>& a) {
    return is_zero(a.c0) && is_zero(a.c1);
}

template <class M>
INLINE bool equal(const Fp2<M>& a, const Fp2<M>& b) {
    return equal(a.c0, b.c0) && equal(a.c1, b.c1);
}

template <class M>
INLINE Fp2<M> select(bool first, const Fp2<M>& a, const Fp2<M>& b) {
    return {select(first, a.c0, b.c0), select(first, a.c1, b.c1)};
}

// Four products and two reductions: as many multiply-adds as Karatsuba's three of each, and none of its additions.
template <class M>
CALL Fp2<M> mul(Fp2<M> a, Fp2<M> b) {
    Fp<M> minus = minus_factor(b.c1);
    return {dot_inline(a.c0, b.c0, a.c1, minus), dot_inline(a.c0, b.c1, a.c1, b.c0)};
}

// (a0 + a1)(a0 - a1) and 2 a0 a1.
template <class M>
CALL Fp2<M> sqr(Fp2<M> a) {
    return {mul_inline(add(a.c0, a.c1), sub(a.c0, a.c1)), mul_inline(twice(a.c0), a.c1)};
}

template <class M>
INLINE Fp2<M> mul_fp(const Fp2<M>& a, const Fp<M>& b) {
    return {mul(a.c0, b), mul(a.c1, b)};
}

// a0² + a1².
template <class M>
INLINE Fp<M> norm(const Fp2<M>& a) {
    return dot_inline(a.c0, a.c0, a.c1, a.c1);
}

template <class M>
INLINE Fp2<M> invert(const Fp2<M>& a) {
    return mul_fp(conjugate(a), invert(norm(a)));
}
