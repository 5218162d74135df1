// Miller loops with sparse lines, up to PAIRS_MAX pairs on one accumulator, and the final exponentiation.
// The values differ from those of blst and arkworks by factors in Fp (Fp2), which the final exponentiation takes to one.
#pragma once
#include "groups.h"

constexpr uint32_t PAIRS_MAX = 8;

// A pair (P, Q) on its way. The multiple of Q that the loop has reached is (X/Z, Y/Z): here cheaper than Jacobian
// coordinates, because tangents come out of the doubling almost for nothing.
template <class M>
struct Pair {
    Fp<M> px, py; // -x and y of P
    Affine<Fp2<M>> q;
    Fp2<M> x, y, z;
};

// 3b of G2's curve times a.
INLINE Fp2<Bls12381Fp> times_3b(const Fp2<Bls12381Fp>& a) {
    return times_xi(thrice(twice(twice(a))));
}
INLINE Fp2<Bn254Fp> times_3b(const Fp2<Bn254Fp>& a) {
    return mul(a, BN_TWIST_3B);
}

// T -> 2T: Aranha and others, "Faster explicit formulas for computing pairings over ordinary curves", times 4. 2M + 7S.
//
// With E = 3b·Z²: (2XY(Y² - 3E), (Y² + 3E)² - 12E², 8Y³Z). The tangent times 2YZ, at P: 2YZ·y, -3X²·x, Y² - E.
template <class M>
CALL void double_step(Pair<M>* t, Line<M>* line) {
    Fp2<M> zz = sqr(t->z), yy = sqr(t->y);
    Fp2<M> yz2 = sub(sub(sqr(add(t->y, t->z)), yy), zz);
    Fp2<M> e = times_3b(zz);
    line->constant = sub(yy, e);
    line->at_y = mul_fp(yz2, t->py);
    t->z = twice(twice(mul(yy, yz2)));
    t = again(t);
    Fp2<M> xx = sqr(t->x);
    Fp2<M> xy2 = sub(sub(sqr(add(t->x, t->y)), xx), yy);
    line->at_x = mul_fp(thrice(xx), t->px);
    Fp2<M> e3 = thrice(e);
    t->x = mul(xy2, sub(yy, e3));
    t->y = sub(sqr(add(yy, e3)), thrice(twice(twice(sqr(e)))));
}

// T -> T + Q, with u = y·Z - Y and v = x·Z - X: (v·a, u(v²X - a) - v³Y, v³Z) for a = u²Z - v³ - 2v²X. 10M + 2S.
// The chord times v, at P: v·y, -u·x, u·xq - v·yq.
template <class M>
CALL void add_step(Pair<M>* t, const Affine<Fp2<M>>* q, Line<M>* line) {
    Fp2<M> u = sub(mul(q->y, t->z), t->y), v = sub(mul(q->x, t->z), t->x);
    line->at_x = mul_fp(u, t->px);
    line->at_y = mul_fp(v, t->py);
    q = again(q);
    line->constant = sub(mul(u, q->x), mul(v, q->y));
    t = again(t);
    Fp2<M> vv = sqr(v);
    Fp2<M> vvx = mul(vv, t->x), vvv = mul(vv, v);
    t->y = mul(vvv, t->y);
    Fp2<M> a = sub(sub(mul(sqr(u), t->z), vvv), twice(vvx));
    t->z = mul(vvv, t->z);
    t->x = mul(v, a);
    t->y = sub(mul(u, sub(vvx, a)), t->y);
}

// The pairs first to end - 1 that count, those without infinity; how many. `pairs` holds the places of each one's points.
template <class M>
CALL uint32_t load_pairs(Pair<M>* to, const Array& g1, const Array& g2, const uint32_t* pairs, uint32_t first, uint32_t end) {
    uint32_t live = 0;
    for (uint32_t k = first; k < end && live < PAIRS_MAX; k++) {
        Pair<M>* pair = to + live;
        Affine<Fp<M>> p = Affine<Fp<M>>::load(g1, pairs[2 * k]);
        pair->q = Affine<Fp2<M>>::load(g2, pairs[2 * k + 1]);
        if (is_infinity(p) || is_infinity(pair->q)) continue;
        pair->px = neg(p.x);
        pair->py = p.y;
        pair = again(pair);
        pair->x = pair->q.x;
        pair->y = pair->q.y;
        pair->z = Fp2<M>::one();
        live++;
    }
    return live;
}

template <class M>
CALL void double_all(Fp12<M>* f, Pair<M>* t, uint32_t live) {
    Line<M> line;
    for (uint32_t j = 0; j < live; j++) {
        double_step(t + j, &line);
        mul_line(f, &line);
    }
}

template <class M>
INLINE void add_one(Fp12<M>* f, Pair<M>* t, const Affine<Fp2<M>>& q) {
    Line<M> line;
    add_step(t, &q, &line);
    mul_line(f, &line);
}

// The loop over |x|; the parameter is negative.
INLINE void miller(Fp12<Bls12381Fp>* f, Pair<Bls12381Fp>* t, uint32_t live) {
    *f = Fp12<Bls12381Fp>::one();
    for (int bit = 62; bit >= 0; bit--) {
        if (bit < 62) square(f);
        double_all(f, t, live);
        if (BLS_SEED >> bit & 1)
            for (uint32_t j = 0; j < live; j++) add_one(f, t + j, t[j].q);
    }
    conjugate(f);
}

// The signed binary digits of 6u + 2 below the highest: where there is one, and where it is negative. Bit 63 is the highest.
constexpr uint64_t BN_LOOP_DIGITS = 0xa28a904a428a44a8, BN_LOOP_NEGATIVE = 0x02889008420a0480;

CALL void add_signed(Fp12<Bn254Fp>* f, Pair<Bn254Fp>* t, bool negative) {
    Affine<Fp2<Bn254Fp>> q = t->q;
    if (negative) q = negate(q);
    add_one(f, t, q);
}

// The lines through ψ(Q) and -ψ²(Q).
CALL void add_images(Fp12<Bn254Fp>* f, Pair<Bn254Fp>* t) {
    Affine<Fp2<Bn254Fp>> image = psi(t->q);
    add_one(f, t, image);
    t = again(t);
    image.x = mul_fp(t->q.x, BN_ENDO_G2);
    image.y = t->q.y;
    add_one(f, t, image);
}

// The loop over 6u + 2, then the images of Q.
INLINE void miller(Fp12<Bn254Fp>* f, Pair<Bn254Fp>* t, uint32_t live) {
    *f = Fp12<Bn254Fp>::one();
    for (int bit = 63; bit >= 0; bit--) {
        if (bit < 63) square(f);
        double_all(f, t, live);
        if (BN_LOOP_DIGITS >> bit & 1)
            for (uint32_t j = 0; j < live; j++) add_signed(f, t + j, BN_LOOP_NEGATIVE >> bit & 1);
    }
    for (uint32_t j = 0; j < live; j++) add_images(f, t + j);
}

// To the power e, in the cyclotomic subgroup.
template <class M>
CALL void cyclotomic_power(Fp12<M>* r, const Fp12<M>* f, uint64_t e) {
    Fp12<M> product = *f;
    int bit = 63;
    while (!(e >> bit & 1)) bit--;
    while (bit-- > 0) {
        cyclotomic_square(&product);
        if (e >> bit & 1) mul(&product, &product, f);
    }
    *r = product;
}

// To the power (p^6 - 1)(p^2 + 1), into the cyclotomic subgroup, where the conjugate is the inverse.
template <class M>
CALL void easy_part(Fp12<M>* f) {
    Fp12<M> inverse, once;
    invert(&inverse, f);
    conjugate(f);
    mul(&once, f, &inverse);
    *f = once;
    frobenius_square(f);
    mul(f, f, &once);
}

// To the power 3 (p^12 - 1) / r, as blst. |x| is the (negative) parameter's absolute value.
INLINE void final_exponentiation(Fp12<Bls12381Fp>* f) {
    using E = Fp12<Bls12381Fp>;
    easy_part(f);
    E f2, a, b, c, d, e;
    copy(&f2, f);
    cyclotomic_square(&f2);
    cyclotomic_power(&a, &f2, BLS_SEED);
    conjugate_of(&a, &a); // 2x
    cyclotomic_power(&b, &a, BLS_SEED / 2);
    conjugate_of(&b, &b); // x²: half of x is still whole, and a is a square
    conjugate_of(&c, f);
    mul(&c, &a, &c);
    conjugate_of(&c, &c);
    mul(&c, &c, &b); // x² - 2x + 1
    cyclotomic_power(&d, &c, BLS_SEED);
    conjugate_of(&d, &d);
    cyclotomic_power(&e, &d, BLS_SEED);
    conjugate_of(&e, &e);
    conjugate_of(&a, &c);
    mul(&e, &e, &a);
    frobenius_square(&c);
    frobenius(&c);
    frobenius_square(&d);
    mul(&c, &c, &d);
    cyclotomic_power(&a, &e, BLS_SEED);
    conjugate_of(&a, &a);
    mul(&a, &a, &f2);
    mul(&a, &a, f);
    mul(&a, &a, &c);
    frobenius(&e);
    mul(f, &a, &e);
}

// To the power 2u (6u² + 3u + 1) (p^12 - 1) / r, as arkworks: Fuentes-Castañeda, Knapp and Rodríguez-Henríquez, "Faster
// hashing to G2".
INLINE void final_exponentiation(Fp12<Bn254Fp>* f) {
    using E = Fp12<Bn254Fp>;
    easy_part(f);
    E a2, a6, b, c, d, e;
    cyclotomic_power(&a2, f, BN_SEED);
    cyclotomic_square(&a2); // 2u
    copy(&a6, &a2);
    cyclotomic_square(&a6);
    mul(&a6, &a6, &a2); // 6u
    cyclotomic_power(&b, &a6, BN_SEED); // 6u²
    copy(&c, &b);
    cyclotomic_square(&c);
    cyclotomic_power(&c, &c, BN_SEED); // 12u³
    mul(&d, &c, &b);
    mul(&d, &d, &a6); // 12u³ + 6u² + 6u
    conjugate_of(&a2, &a2);
    mul(&e, &d, &a2); // 12u³ + 6u² + 4u
    mul(&a6, &d, &b);
    mul(&a6, &a6, f); // 12u³ + 12u² + 6u + 1
    conjugate_of(f, f);
    mul(f, &e, f);
    frobenius_square(f);
    frobenius(f);
    frobenius(&e);
    mul(&a6, &a6, &e);
    frobenius_square(&d);
    mul(&a6, &a6, &d);
    mul(f, &a6, f);
}
