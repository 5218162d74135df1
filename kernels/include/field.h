// A prime field in Montgomery form, R = 2^(32 N). Values are kept in [0, 2p): "loose". A value in [0, p) is "canonical";
// only canonical values are compared bit for bit or stored for the host.
//
// M, the modulus, gives N, and by the number of a limb: p, 2p, R mod p, R² mod p; and -1/p mod 2^32.
// Range: 5p < R, which both moduli satisfy (BLS12-381: 9.8 p, BN254: 5.29 p).
#pragma once
#include "rows.h"

#if defined(__CUDACC__)
#define COUNTED(n) ((void)0)
#else
// Products of words since the thread began, for the static counts of docs/gpu.md.
inline thread_local uint64_t multiply_adds = 0;
#define COUNTED(n) (multiply_adds += (n))
#endif

template <class M>
struct Fp {
    static constexpr int N = M::N;
    static constexpr int WORDS = N;
    using Modulus = M;
    uint32_t v[N];

    static INLINE Fp zero() {
        Fp r;
#pragma unroll
        for (int i = 0; i < N; i++) r.v[i] = 0;
        return r;
    }
    static INLINE Fp one() {
        Fp r;
#pragma unroll
        for (int i = 0; i < N; i++) r.v[i] = M::one(i);
        return r;
    }
    static INLINE Fp load(const Array& from, uint32_t element, uint32_t first = 0) {
        Fp r;
        load_words(r.v, from, element, first);
        return r;
    }
    // Canonical words.
    INLINE void store(const Array& to, uint32_t element, uint32_t first = 0) const;
};

template <class M>
INLINE Fp<M> modulus_words() {
    Fp<M> r;
#pragma unroll
    for (int i = 0; i < M::N; i++) r.v[i] = M::p(i);
    return r;
}

template <class M>
INLINE Fp<M> twice_modulus_words() {
    Fp<M> r;
#pragma unroll
    for (int i = 0; i < M::N; i++) r.v[i] = M::twice_p(i);
    return r;
}

// One row of a product: (even, odd) is the running sum, odd one word higher than even. Adds a * b, then a multiple of p
// that makes the lowest word 0. The next row swaps the two: dividing by 2^32 makes the odd words the even ones.
//
// Ranges: the running sum T stays below 5p. With the factors of one row at most 2p (of two products together at most 4p):
// T + 4p (2^32 - 1) + p (2^32 - 1) < 5p * 2^32 < 2^(32 (N + 1)), so no row's highest word overflows.
template <class M>
INLINE void reduce_row(uint32_t* even, uint32_t* odd) {
    constexpr int N = M::N;
    Fp<M> p = modulus_words<M>();
    uint32_t m = even[0] * M::INVERSE;
    mac_row<N>(odd, p.v + 1, m);
    mac_row<N>(even, p.v, m, odd + N - 1);
    COUNTED(N + 1);
}

template <class M, bool FIRST>
INLINE void product_row(uint32_t* even, uint32_t* odd, const uint32_t* a, uint32_t b) {
    constexpr int N = M::N;
    if (FIRST) {
        mul_row<N>(odd, a + 1, b);
        mul_row<N>(even, a, b);
    } else {
        mac_row_down<N>(even, odd, a + 1, b);
        mac_row<N>(even, a, b, odd + N - 1);
    }
    COUNTED(N);
}

template <class M>
INLINE void second_product_row(uint32_t* even, uint32_t* odd, const uint32_t* a, uint32_t b) {
    constexpr int N = M::N;
    mac_row<N>(odd, a + 1, b);
    mac_row<N>(even, a, b, odd + N - 1);
    COUNTED(N);
}

// even + odd / 2^32 after an even number of rows.
template <class M>
INLINE Fp<M> merge_rows(const uint32_t* even, const uint32_t* odd) {
    constexpr int N = M::N;
    Fp<M> r;
    uint32_t shifted[N];
#pragma unroll
    for (int i = 0; i < N - 1; i++) shifted[i] = odd[i + 1];
    shifted[N - 1] = 0;
    add_row<N>(r.v, even, shifted);
    return r;
}

// a * b / R, for a and b at most 2p: below (4p / R) p + p < 2p.
template <class M>
INLINE Fp<M> mul_inline(const Fp<M>& a, const Fp<M>& b) {
    constexpr int N = M::N;
    uint32_t even[N], odd[N];
    product_row<M, true>(even, odd, a.v, b.v[0]);
    reduce_row<M>(even, odd);
    product_row<M, false>(odd, even, a.v, b.v[1]);
    reduce_row<M>(odd, even);
#pragma unroll
    for (int i = 2; i < N; i += 2) {
        product_row<M, false>(even, odd, a.v, b.v[i]);
        reduce_row<M>(even, odd);
        product_row<M, false>(odd, even, a.v, b.v[i + 1]);
        reduce_row<M>(odd, even);
    }
    return merge_rows<M>(even, odd);
}

// (a * b + c * d) / R with one reduction, for factors at most 2p: below (8p / R) p + p.
// BLS12-381: 8p/R < 0.82, below 2p. BN254: 8p/R < 1.52, below 2.52 p, so 2p is taken off once more.
template <class M>
INLINE Fp<M> dot_inline(const Fp<M>& a, const Fp<M>& b, const Fp<M>& c, const Fp<M>& d);

// x - 2p where that is not negative. x < 4p gives a loose value.
template <class M>
INLINE Fp<M> take_twice_p(const Fp<M>& x) {
    constexpr int N = M::N;
    Fp<M> less, pp = twice_modulus_words<M>();
    uint32_t borrow = sub_row<N>(less.v, x.v, pp.v);
#pragma unroll
    for (int i = 0; i < N; i++) less.v[i] = borrow ? x.v[i] : less.v[i];
    return less;
}

// [0, 2p) to [0, p).
template <class M>
INLINE Fp<M> canonical(const Fp<M>& x) {
    constexpr int N = M::N;
    Fp<M> less, p = modulus_words<M>();
    uint32_t borrow = sub_row<N>(less.v, x.v, p.v);
#pragma unroll
    for (int i = 0; i < N; i++) less.v[i] = borrow ? x.v[i] : less.v[i];
    return less;
}

template <class M>
INLINE Fp<M> dot_inline(const Fp<M>& a, const Fp<M>& b, const Fp<M>& c, const Fp<M>& d) {
    constexpr int N = M::N;
    uint32_t even[N], odd[N];
    product_row<M, true>(even, odd, a.v, b.v[0]);
    second_product_row<M>(even, odd, c.v, d.v[0]);
    reduce_row<M>(even, odd);
    product_row<M, false>(odd, even, a.v, b.v[1]);
    second_product_row<M>(odd, even, c.v, d.v[1]);
    reduce_row<M>(odd, even);
#pragma unroll
    for (int i = 2; i < N; i += 2) {
        product_row<M, false>(even, odd, a.v, b.v[i]);
        second_product_row<M>(even, odd, c.v, d.v[i]);
        reduce_row<M>(even, odd);
        product_row<M, false>(odd, even, a.v, b.v[i + 1]);
        second_product_row<M>(odd, even, c.v, d.v[i + 1]);
        reduce_row<M>(odd, even);
    }
    Fp<M> r = merge_rows<M>(even, odd);
    return M::DOT_IS_LOOSE ? r : take_twice_p(r);
}

template <class M>
INLINE Fp<M> add(const Fp<M>& a, const Fp<M>& b) {
    Fp<M> sum;
    add_row<M::N>(sum.v, a.v, b.v); // below 4p < R
    return take_twice_p(sum);
}

template <class M>
INLINE Fp<M> sub(const Fp<M>& a, const Fp<M>& b) {
    constexpr int N = M::N;
    Fp<M> r, masked;
    uint32_t borrow = sub_row<N>(r.v, a.v, b.v);
#pragma unroll
    for (int i = 0; i < N; i++) masked.v[i] = M::twice_p(i) & borrow;
    uint32_t sum[N];
    add_row_wrapping<N>(sum, r.v, masked.v); // wraps exactly where it borrowed
#pragma unroll
    for (int i = 0; i < N; i++) r.v[i] = sum[i];
    return r;
}

// 2p - a, in (0, 2p]: a factor for products, not a loose value.
template <class M>
INLINE Fp<M> minus_factor(const Fp<M>& a) {
    Fp<M> r, pp = twice_modulus_words<M>();
    sub_row<M::N>(r.v, pp.v, a.v);
    return r;
}

template <class M>
INLINE Fp<M> neg(const Fp<M>& a) {
    return sub(Fp<M>::zero(), a);
}

template <class M>
INLINE Fp<M> twice(const Fp<M>& a) {
    return add(a, a);
}

template <class M>
INLINE Fp<M> thrice(const Fp<M>& a) {
    return add(twice(a), a);
}

template <class M>
INLINE bool is_zero(const Fp<M>& a) {
    uint32_t zero = 0, p = 0;
#pragma unroll
    for (int i = 0; i < M::N; i++) {
        zero |= a.v[i];
        p |= a.v[i] ^ M::p(i);
    }
    return zero == 0 || p == 0;
}

template <class M>
INLINE bool equal(const Fp<M>& a, const Fp<M>& b) {
    return is_zero(sub(a, b));
}

template <class M>
INLINE Fp<M> select(bool first, const Fp<M>& a, const Fp<M>& b) {
    Fp<M> r;
#pragma unroll
    for (int i = 0; i < M::N; i++) r.v[i] = first ? a.v[i] : b.v[i];
    return r;
}

template <class M>
CALL Fp<M> mul(Fp<M> a, Fp<M> b) {
    return mul_inline(a, b);
}

template <class M>
INLINE Fp<M> sqr(const Fp<M>& a) {
    return mul(a, a);
}

template <class M>
INLINE Fp<M> mul_fp(const Fp<M>& a, const Fp<M>& b) {
    return mul(a, b);
}

// Out of Montgomery form, canonical: (a + m p) / R with m < R is at most p for a < 2p, and p only for a = p.
template <class M>
INLINE Fp<M> plain(const Fp<M>& a) {
    Fp<M> one = Fp<M>::zero();
    one.v[0] = 1;
    return canonical(mul(a, one));
}

// Into Montgomery form, for any x < R: x * R² / R, below (x / R + 1) p < 2p.
template <class M>
INLINE Fp<M> from_plain(const Fp<M>& x) {
    Fp<M> rr;
#pragma unroll
    for (int i = 0; i < M::N; i++) rr.v[i] = M::r_square(i);
    return mul(rr, x);
}

// Plain words below p.
template <class M>
INLINE bool is_below_p(const Fp<M>& x) {
    Fp<M> less, p = modulus_words<M>();
    return sub_row<M::N>(less.v, x.v, p.v) != 0;
}

// Plain words above (p - 1) / 2.
template <class M>
INLINE bool is_upper_half(const Fp<M>& x) {
    uint32_t twice_x[M::N], less[M::N];
    Fp<M> p = modulus_words<M>();
    add_row<M::N>(twice_x, x.v, x.v);
    return sub_row<M::N>(less, p.v, twice_x) != 0;
}

template <class M>
INLINE void Fp<M>::store(const Array& to, uint32_t element, uint32_t first) const {
    store_words(canonical(*this).v, to, element, first);
}

// a^e for a constant e, left to right with a window: steps of (squarings, odd power), the first starting from a power.
// All threads take the same way through the table.
struct PowerStep {
    uint8_t squarings;
    uint8_t power; // times a^(2 power + 1); NO_POWER for none
};
constexpr uint8_t NO_POWER = 255;
constexpr int POWER_TABLE = 16;

template <class M>
CALL Fp<M> power(Fp<M> a, const PowerStep* steps, uint32_t count) {
    Fp<M> odd[POWER_TABLE];
    Fp<M> square = sqr(a);
    odd[0] = a;
    for (int i = 1; i < POWER_TABLE; i++) odd[i] = mul(odd[i - 1], square);
    Fp<M> r = odd[steps[0].power];
    for (uint32_t s = 1; s < count; s++) {
        for (uint32_t k = 0; k < steps[s].squarings; k++) r = sqr(r);
        if (steps[s].power != NO_POWER) r = mul(r, odd[steps[s].power]);
    }
    return r;
}

// a^((p-3)/4): times a the square root of a square, up to its sign; the inverse square root of it as well.
template <class M>
INLINE Fp<M> root_power(const Fp<M>& a) {
    return power(a, M::root_steps(), M::ROOT_STEPS);
}

// 1/a, and 0 for 0.
template <class M>
INLINE Fp<M> invert(const Fp<M>& a) {
    return power(a, M::inverse_steps(), M::INVERSE_STEPS);
}
