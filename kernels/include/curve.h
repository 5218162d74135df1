// Points of y² = x³ + b over F = Fp or Fp2. Every addition is right for every two points, equal, opposite and infinite ones
// included: what the wire brings may be chosen to meet them.
#pragma once
#include "tower.h"

// Infinity is (0, 0), which lies on none of the curves.
template <class F>
struct Affine {
    static constexpr int WORDS = 2 * F::WORDS;
    F x, y;

    static INLINE Affine infinity() {
        return {F::zero(), F::zero()};
    }
    static INLINE Affine load(const Array& from, uint32_t element) {
        return {F::load(from, element), F::load(from, element, F::WORDS)};
    }
    INLINE void store(const Array& to, uint32_t element) const {
        x.store(to, element);
        y.store(to, element, F::WORDS);
    }
};

// x = X/Z², y = Y/Z³; infinity has Z = 0.
template <class F>
struct Point {
    static constexpr int WORDS = 3 * F::WORDS;
    F x, y, z;

    static INLINE Point infinity() {
        return {F::one(), F::one(), F::zero()};
    }
    static INLINE Point load(const Array& from, uint32_t element) {
        return {F::load(from, element), F::load(from, element, F::WORDS), F::load(from, element, 2 * F::WORDS)};
    }
    INLINE void store(const Array& to, uint32_t element) const {
        x.store(to, element);
        y.store(to, element, F::WORDS);
        z.store(to, element, 2 * F::WORDS);
    }
};

template <class F>
INLINE bool is_infinity(const Affine<F>& p) {
    return is_zero(p.x) && is_zero(p.y);
}

template <class F>
INLINE bool is_infinity(const Point<F>& p) {
    return is_zero(p.z);
}

template <class F>
INLINE Point<F> lift(const Affine<F>& p) {
    return is_infinity(p) ? Point<F>::infinity() : Point<F>{p.x, p.y, F::one()};
}

// 2M + 5S. Infinity stays so; there are no points with y = 0: the orders are odd.
template <class F>
CALL void double_point(Point<F>* p) {
    p->z = twice(mul(p->y, p->z));
    F a = sqr(p->x), b = sqr(p->y);
    F c = sqr(b);
    F d = twice(sub(sub(sqr(add(p->x, b)), a), c));
    F e = thrice(a);
    p->x = sub(sqr(e), twice(d));
    p->y = sub(mul(e, sub(d, p->x)), twice(twice(twice(c))));
}

// Coordinates are stored as soon as they are known: what lives across calls fills registers.

// The third point on the chord, mirrored: from (x, y) with the differences h and r to the other point, over a common Z.
template <class F>
INLINE void chord(Point<F>* p, const F& x, const F& y, const F& h, const F& r, const F& z) {
    p->z = mul(z, h);
    F hh = sqr(h);
    F v = mul(x, hh), hhh = mul(h, hh);
    p->y = mul(y, hhh);
    p->x = sub(sub(sqr(r), hhh), twice(v));
    p->y = sub(mul(r, sub(v, p->x)), p->y);
}

// p += q. 12M + 4S.
template <class F>
CALL void add_point(Point<F>* p, const Point<F>* q) {
    if (is_infinity(*q)) return;
    if (is_infinity(*p)) {
        *p = *q;
        return;
    }
    F zz2 = sqr(q->z);
    F u1 = mul(p->x, zz2), s1 = mul(p->y, mul(zz2, q->z));
    p = again(p);
    F zz1 = sqr(p->z);
    F h = sub(mul(q->x, zz1), u1), r = sub(mul(q->y, mul(zz1, p->z)), s1);
    if (is_zero(h)) {
        if (is_zero(r))
            double_point(p);
        else
            *p = Point<F>::infinity();
        return;
    }
    p = again(p);
    p->z = mul(p->z, q->z);
    chord(p, u1, s1, h, r, p->z);
}

// p += q. 8M + 3S.
template <class F>
CALL void add_affine(Point<F>* p, const Affine<F>* q) {
    if (is_infinity(*q)) return;
    if (is_infinity(*p)) {
        *p = {q->x, q->y, F::one()};
        return;
    }
    F zz = sqr(p->z);
    F h = sub(mul(q->x, zz), p->x), r = sub(mul(q->y, mul(zz, p->z)), p->y);
    if (is_zero(h)) {
        if (is_zero(r))
            double_point(p);
        else
            *p = Point<F>::infinity();
        return;
    }
    chord(p, p->x, p->y, h, r, p->z);
}

template <class F>
INLINE Point<F> negate(const Point<F>& p) {
    return {p.x, neg(p.y), p.z};
}

template <class F>
INLINE Affine<F> negate(const Affine<F>& p) {
    return {p.x, neg(p.y)};
}

// `scalar` times, for a scalar of at least 1.
template <class F>
CALL void multiply(Point<F>* r, const Affine<F>* p, uint64_t scalar) {
    *r = lift(*p);
    int bit = 63;
    while (!(scalar >> bit & 1)) bit--;
    while (bit-- > 0) {
        double_point(r);
        if (scalar >> bit & 1) add_affine(r, p);
    }
}

template <class F>
CALL void multiply(Point<F>* r, const Point<F>* p, uint64_t scalar) {
    *r = *p;
    int bit = 63;
    while (!(scalar >> bit & 1)) bit--;
    while (bit-- > 0) {
        double_point(r);
        if (scalar >> bit & 1) add_point(r, p);
    }
}

// Whether a Jacobian point is an affine one that is not infinity.
template <class F>
CALL bool same(const Point<F>* p, const Affine<F>* q) {
    F zz = sqr(p->z);
    if (is_infinity(*p) || !equal(mul(q->x, zz), p->x)) return false;
    return equal(mul(q->y, mul(zz, again(p)->z)), again(p)->y);
}

template <class F>
CALL bool same(const Point<F>* p, const Point<F>* q) {
    if (is_infinity(*p) || is_infinity(*q)) return is_infinity(*p) && is_infinity(*q);
    F zz1 = sqr(p->z), zz2 = sqr(q->z);
    if (!equal(mul(p->x, zz2), mul(q->x, zz1))) return false;
    return equal(mul(p->y, mul(zz2, again(q)->z)), mul(q->y, mul(zz1, again(p)->z)));
}
