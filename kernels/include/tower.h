// Fp6 = Fp2[v] / (v³ - ξ) and Fp12 = Fp6[w] / (w² - v), with ξ = 1 + i for BLS12-381 and 9 + i for BN254.
// Elements of Fp6 and Fp12 do not fit in registers: they are worked on where they lie.
#pragma once
#include "constants.h"

INLINE Fp2<Bls12381Fp> times_xi(const Fp2<Bls12381Fp>& a) {
    return {sub(a.c0, a.c1), add(a.c0, a.c1)};
}

INLINE Fp2<Bn254Fp> times_xi(const Fp2<Bn254Fp>& a) {
    Fp2<Bn254Fp> nine = add(twice(twice(twice(a))), a);
    return {sub(nine.c0, a.c1), add(nine.c1, a.c0)};
}

template <class M>
struct Fp6 {
    Fp2<M> c0, c1, c2;
};

template <class M>
struct Fp12 {
    static constexpr int WORDS = 12 * M::N;
    using Modulus = M;
    Fp6<M> c0, c1;

    static INLINE Fp12 one() {
        Fp2<M> zero = Fp2<M>::zero();
        return {{Fp2<M>::one(), zero, zero}, {zero, zero, zero}};
    }
    static INLINE void load(Fp12* to, const Array& from, uint32_t element) {
        Fp2<M>* c = &to->c0.c0;
        for (int k = 0; k < 6; k++) c[k] = Fp2<M>::load(from, element, k * Fp2<M>::WORDS);
    }
    INLINE void store(const Array& to, uint32_t element) const {
        const Fp2<M>* c = &c0.c0;
        for (int k = 0; k < 6; k++) c[k].store(to, element, k * Fp2<M>::WORDS);
    }
};
static_assert(sizeof(Fp12<Bls12381Fp>) == 4 * Fp12<Bls12381Fp>::WORDS, "six elements of Fp2 one after the other");

template <class M>
INLINE Fp6<M> add(const Fp6<M>& a, const Fp6<M>& b) {
    return {add(a.c0, b.c0), add(a.c1, b.c1), add(a.c2, b.c2)};
}

template <class M>
INLINE Fp6<M> sub(const Fp6<M>& a, const Fp6<M>& b) {
    return {sub(a.c0, b.c0), sub(a.c1, b.c1), sub(a.c2, b.c2)};
}

template <class M>
INLINE Fp6<M> neg(const Fp6<M>& a) {
    return {neg(a.c0), neg(a.c1), neg(a.c2)};
}

// v·a.
template <class M>
INLINE Fp6<M> times_v(const Fp6<M>& a) {
    return {times_xi(a.c2), a.c0, a.c1};
}

// Karatsuba: six products of Fp2.
template <class M>
CALL void mul(Fp6<M>* r, const Fp6<M>* a, const Fp6<M>* b) {
    Fp2<M> t0 = mul(a->c0, b->c0), t1 = mul(a->c1, b->c1), t2 = mul(a->c2, b->c2);
    Fp2<M> m12 = mul(add(a->c1, a->c2), add(b->c1, b->c2));
    Fp2<M> m01 = mul(add(a->c0, a->c1), add(b->c0, b->c1));
    Fp2<M> m02 = mul(add(a->c0, a->c2), add(b->c0, b->c2));
    r->c0 = add(times_xi(sub(sub(m12, t1), t2)), t0);
    r->c1 = add(sub(sub(m01, t0), t1), times_xi(t2));
    r->c2 = add(sub(sub(m02, t0), t2), t1);
}

// a (b0 + b1·v): five products. r is not a.
template <class M>
CALL void mul_01(Fp6<M>* r, const Fp6<M>* a, const Fp2<M>* b0, const Fp2<M>* b1) {
    Fp2<M> t0 = mul(a->c0, *b0), t1 = mul(a->c1, *b1);
    r->c1 = sub(sub(mul(add(a->c0, a->c1), add(*b0, *b1)), t0), t1);
    a = again(a);
    r->c0 = add(t0, times_xi(mul(a->c2, *again(b1))));
    r->c2 = add(mul(a->c2, *again(b0)), t1);
}

// a b: three products.
template <class M>
CALL void mul_0(Fp6<M>* r, const Fp6<M>* a, const Fp2<M>* b) {
    r->c0 = mul(a->c0, *b);
    r->c1 = mul(a->c1, *b);
    r->c2 = mul(a->c2, *b);
}

template <class M>
CALL void mul(Fp12<M>* r, const Fp12<M>* a, const Fp12<M>* b) {
    Fp6<M> t0, t1, m, sum_a = add(a->c0, a->c1), sum_b = add(b->c0, b->c1);
    mul(&t0, &a->c0, &b->c0);
    mul(&t1, &a->c1, &b->c1);
    mul(&m, &sum_a, &sum_b);
    r->c0 = add(t0, times_v(t1));
    r->c1 = sub(sub(m, t0), t1);
}

// c0 = (a0 + a1)(a0 + v·a1) - a0·a1 - v·a0·a1, c1 = 2·a0·a1.
template <class M>
CALL void square(Fp12<M>* a) {
    Fp6<M> t, m, x = add(a->c0, a->c1), y = add(a->c0, times_v(a->c1));
    mul(&t, &a->c0, &a->c1);
    mul(&m, &x, &y);
    a->c0 = sub(sub(m, t), times_v(t));
    a->c1 = add(t, t);
}

template <class M>
INLINE void conjugate(Fp12<M>* a) {
    a->c1 = neg(a->c1);
}

// Calls, because copies of 144 words that are inlined one after the other become registers, and spill.
template <class M>
CALL void copy(Fp12<M>* to, const Fp12<M>* from) {
    *to = *from;
}
template <class M>
CALL void conjugate_of(Fp12<M>* to, const Fp12<M>* from) {
    to->c0 = from->c0;
    to->c1 = neg(from->c1);
}

// A line's three coefficients that are not zero: c0 + c1·v + c4·v·w for BLS12-381, whose twist is of type M, and
// c0 + c3·w + c4·v·w for BN254, whose twist is of type D.
template <class M>
struct Line {
    Fp2<M> at_y, at_x, constant; // the coefficients that the point's y and x go into, and the third
};

// Thirteen products of Fp2.
CALL void mul_line(Fp12<Bls12381Fp>* a, const Line<Bls12381Fp>* line) {
    using M = Bls12381Fp;
    Fp6<M> t0, t1, m, sum = add(a->c0, a->c1);
    Fp2<M> c14 = add(line->at_x, line->at_y);
    mul_01(&t0, &a->c0, &line->constant, &line->at_x);
    mul_0(&t1, &a->c1, &line->at_y);
    t1 = times_v(t1);
    mul_01(&m, &sum, &line->constant, &c14);
    const Fp6<M>*product0 = again(&t0), *product1 = again(&t1);
    a = again(a);
    a->c0 = add(*product0, times_v(*product1));
    a->c1 = sub(sub(m, *again(product0)), *again(product1));
}

CALL void mul_line(Fp12<Bn254Fp>* a, const Line<Bn254Fp>* line) {
    using M = Bn254Fp;
    Fp6<M> t0, t1, m, sum = add(a->c0, a->c1);
    Fp2<M> c03 = add(line->at_y, line->at_x);
    mul_0(&t0, &a->c0, &line->at_y);
    mul_01(&t1, &a->c1, &line->at_x, &line->constant);
    mul_01(&m, &sum, &c03, &line->constant);
    a->c0 = add(t0, times_v(t1));
    a->c1 = sub(sub(m, t0), t1);
}

// By the adjoint: its first column times the element is the norm to Fp2.
template <class M>
CALL void invert(Fp6<M>* r, const Fp6<M>* a) {
    Fp2<M> c0 = sub(sqr(a->c0), times_xi(mul(a->c1, a->c2)));
    Fp2<M> c1 = sub(times_xi(sqr(a->c2)), mul(a->c0, a->c1));
    Fp2<M> c2 = sub(sqr(a->c1), mul(a->c0, a->c2));
    Fp2<M> mixed = times_xi(add(mul(a->c2, c1), mul(a->c1, c2)));
    Fp2<M> inverse = invert(add(mul(a->c0, c0), mixed));
    *r = {mul(c0, inverse), mul(c1, inverse), mul(c2, inverse)};
}

// 1/a, and 0 for 0: (c0 - c1·w) / (c0² - v·c1²).
template <class M>
CALL void invert(Fp12<M>* r, const Fp12<M>* a) {
    Fp6<M> s, t, norm;
    mul(&s, &a->c0, &a->c0);
    mul(&t, &a->c1, &a->c1);
    norm = sub(s, times_v(t));
    invert(&s, &norm);
    mul(&r->c0, &a->c0, &s);
    t = neg(a->c1);
    mul(&r->c1, &t, &s);
}

INLINE const Fp2<Bls12381Fp>* frobenius_factors(const Fp12<Bls12381Fp>*) {
    return BLS_FROBENIUS;
}
INLINE const Fp2<Bn254Fp>* frobenius_factors(const Fp12<Bn254Fp>*) {
    return BN_FROBENIUS;
}
INLINE const Fp<Bls12381Fp>* frobenius_square_factors(const Fp12<Bls12381Fp>*) {
    return BLS_FROBENIUS_SQUARE;
}
INLINE const Fp<Bn254Fp>* frobenius_square_factors(const Fp12<Bn254Fp>*) {
    return BN_FROBENIUS_SQUARE;
}

// To the power p: coordinates are conjugated, and w^k gains the factor ξ^(k(p-1)/6).
template <class M>
CALL void frobenius(Fp12<M>* a) {
    const Fp2<M>* factors = frobenius_factors(a);
    a->c0.c0 = conjugate(a->c0.c0);
    a->c0.c1 = mul(conjugate(a->c0.c1), factors[1]);
    a->c0.c2 = mul(conjugate(a->c0.c2), factors[3]);
    a->c1.c0 = mul(conjugate(a->c1.c0), factors[0]);
    a->c1.c1 = mul(conjugate(a->c1.c1), factors[2]);
    a->c1.c2 = mul(conjugate(a->c1.c2), factors[4]);
}

// To the power p²: w^k gains the factor ξ^(k(p²-1)/6), a sixth root of one in Fp.
template <class M>
CALL void frobenius_square(Fp12<M>* a) {
    const Fp<M>* factors = frobenius_square_factors(a);
    a->c0.c1 = mul_fp(a->c0.c1, factors[1]);
    a->c0.c2 = mul_fp(a->c0.c2, factors[3]);
    a->c1.c0 = mul_fp(a->c1.c0, factors[0]);
    a->c1.c1 = mul_fp(a->c1.c1, factors[2]);
    a->c1.c2 = mul_fp(a->c1.c2, factors[4]);
}

// (a + b·y)² with y² = ξ: a² + ξ·b² into *s, and 2ab into *m.
template <class M>
INLINE void square_fp4(Fp2<M>* s, Fp2<M>* m, const Fp2<M>& a, const Fp2<M>& b) {
    Fp2<M> aa = sqr(a), bb = sqr(b);
    *m = sub(sub(sqr(add(a, b)), aa), bb);
    *s = add(aa, times_xi(bb));
}

// 3s - 2a.
template <class M>
INLINE Fp2<M> three_minus_two(const Fp2<M>& s, const Fp2<M>& a) {
    return add(twice(sub(s, a)), s);
}

// 3m + 2b.
template <class M>
INLINE Fp2<M> three_plus_two(const Fp2<M>& m, const Fp2<M>& b) {
    return add(twice(add(m, b)), m);
}

// The square, in the cyclotomic subgroup only. Granger and Scott: three squarings in Fp4.
template <class M>
CALL void cyclotomic_square(Fp12<M>* f) {
    Fp6<M>&a = f->c0, &b = f->c1;
    Fp2<M> s0, s1, s2, m0, m1, m2;
    square_fp4(&s0, &m0, a.c0, b.c1);
    square_fp4(&s1, &m1, b.c0, a.c2);
    square_fp4(&s2, &m2, a.c1, b.c2);
    a.c0 = three_minus_two(s0, a.c0);
    a.c1 = three_minus_two(s1, a.c1);
    a.c2 = three_minus_two(s2, a.c2);
    b.c0 = three_plus_two(times_xi(m2), b.c0);
    b.c1 = three_plus_two(m0, b.c1);
    b.c2 = three_plus_two(m1, b.c2);
}

template <class M>
INLINE bool is_one(const Fp12<M>& a) {
    const Fp2<M>* c = &a.c0.c0;
    bool others = true;
    for (int k = 1; k < 6; k++) others = others && is_zero(c[k]);
    return others && equal(c[0], Fp2<M>::one());
}
