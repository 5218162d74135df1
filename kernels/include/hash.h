// Messages to points: RFC 9380 for BLS12-381 (SSWU with isogenies) and BN254 (SVDW), and EigenLayer's try and increment.
#pragma once
#include "digest.h"
#include "groups.h"

// BYTES big-endian bytes as words, modulo p: the lower 32 N bits and the upper 128 of them by themselves. In Montgomery form
// x·2^(32 N) = x·R is from_plain of from_plain of x.
template <class M>
INLINE Fp<M> reduce_words(const uint32_t* words) {
    Fp<M> high = Fp<M>::zero(), low;
    for (int i = 0; i < 4; i++) high.v[i] = words[3 - i];
    for (int i = 0; i < M::N; i++) low.v[i] = words[M::N + 3 - i];
    return add(from_plain(from_plain(high)), from_plain(low));
}

// Words drawn for each element of Fp: p's and 128 bits more.
template <class M>
constexpr int DRAWN = M::N + 4;

template <class M>
INLINE void read_element(Fp<M>* u, const uint32_t* words) {
    *u = reduce_words<M>(words);
}
template <class M>
INLINE void read_element(Fp2<M>* u, const uint32_t* words) {
    *u = {reduce_words<M>(words), reduce_words<M>(words + DRAWN<M>)};
}

// RFC 9380's hash_to_field with two elements.
template <class F>
INLINE void hash_to_field(F* u, const uint8_t* message, uint32_t length, const uint8_t* dst_prime, uint32_t dst_length) {
    constexpr int EACH = DRAWN<typename F::Modulus> * (F::WORDS / F::Modulus::N);
    uint32_t words[2 * EACH];
    expand_message<8 * EACH>(words, message, length, dst_prime, dst_length);
    read_element(u, words);
    read_element(u + 1, words + EACH);
}

// The simplified SWU map to the curve y² = x³ + Ax + B that is 3-isogenous to that of G2.
//
// x1 = N/D, and g(x1) = U/D³. With c = U·D³ a root s of c gives y1 = s/D³. Where c is no square, t³·c is (t = Z·u²) and its
// root belongs to x2 = t·x1. One power e = n^((p-3)/4) of the norm n = N(c) serves three ends: n·e² = ±1 says whether c is
// a square; n·e is the root of n that the root of c needs, or up to a constant and N(u)³ the root of N(t³·c); and
// ±e² = 1/n inverts c, hence D³.
//
// What the first half leaves for the second: t, N, D², U and U·D³.
struct Candidate {
    Fp2<Bls12381Fp> t, n, d2, g, c;
};

CALL void fill_candidate(Candidate* to, const Fp2<Bls12381Fp>* u) {
    using F = Fp2<Bls12381Fp>;
    to->t = mul(sqr(*u), SSWU_Z);
    F tt = add(sqr(to->t), to->t);
    to->n = mul(add(tt, F::one()), SSWU_B);
    F d = neg(mul(SSWU_A, tt));
    d = select(is_zero(d), SSWU_AZ, d);
    to->d2 = sqr(d);
    F d3 = mul(to->d2, d);
    to->g = add(mul(to->n, add(sqr(to->n), mul(SSWU_A, to->d2))), mul(SSWU_B, d3));
    to->c = mul(to->g, d3);
}

// A root of c, or of t³·c where c is no square; whether it is one; and 1/D³.
CALL bool candidate_root(Fp2<Bls12381Fp>* s, Fp2<Bls12381Fp>* inverse_d3, const Candidate* of, const Fp2<Bls12381Fp>* u) {
    using E = Fp<Bls12381Fp>;
    E n = norm(of->c);
    E e = root_power(n);
    E root = mul(n, e), ee = sqr(e);
    bool square = equal(sqr(root), n);
    *inverse_d3 = mul(mul_fp(conjugate(of->c), select(square, ee, neg(ee))), of->g);
    Fp2<Bls12381Fp> radicand = of->c;
    if (!square) {
        E nu = norm(*u);
        root = mul(mul(root, SSWU_ROOT_125), mul(sqr(nu), nu));
        radicand = mul(mul(sqr(of->t), of->t), radicand);
    }
    root_with_norm(s, radicand, root);
    return square;
}

CALL void map_to_isogenous(Affine<Fp2<Bls12381Fp>>* p, const Fp2<Bls12381Fp>* u) {
    Candidate candidate;
    Fp2<Bls12381Fp> s, inverse_d3;
    fill_candidate(&candidate, u);
    bool square = candidate_root(&s, &inverse_d3, &candidate, u);
    p->x = mul(mul(candidate.n, candidate.d2), inverse_d3);
    if (!square) p->x = mul(p->x, candidate.t);
    p->y = mul(s, inverse_d3);
    if (is_odd(*u) != is_odd(p->y)) p->y = neg(p->y);
}

// The sum of k[i] x^i zz[n-i-1], where zz[j] is Z^(2j+2), by Horner's rule.
template <class F>
CALL F horner(F sum, const F* k, int n, const F* at, const F* zz) {
    F x = *at;
    for (int i = n - 1; i >= 0; i--) sum = add(mul(sum, x), mul(zz[n - 1 - i], k[i]));
    return sum;
}

// The isogeny of degree 3 to the curve of G2, in Jacobian coordinates on either side.
CALL void isogeny(Point<Fp2<Bls12381Fp>>* p) {
    using F = Fp2<Bls12381Fp>;
    F zz[3];
    zz[0] = sqr(p->z);
    zz[1] = sqr(zz[0]);
    zz[2] = mul(zz[1], zz[0]);
    F x_den = mul(horner(F::one(), ISOGENY_X_DEN, 2, &p->x, zz), zz[0]);
    F y_den = mul(horner(F::one(), ISOGENY_Y_DEN, 3, &p->x, zz), mul(zz[0], p->z));
    F y_num = mul(horner(F(ISOGENY_Y_NUM[3]), ISOGENY_Y_NUM, 3, &p->x, zz), p->y);
    p->x = mul(horner(F(ISOGENY_X_NUM[3]), ISOGENY_X_NUM, 3, &p->x, zz), y_den);
    p->z = mul(x_den, y_den);
    p->x = mul(p->x, p->z);
    p->y = mul(mul(sqr(p->z), x_den), y_num);
}

INLINE Point<Fp2<Bls12381Fp>> psi_square(const Point<Fp2<Bls12381Fp>>& p) {
    return {mul_fp(p.x, BLS_ENDO_G2), neg(p.y), p.z};
}

// [x² - x - 1]P + [x - 1]ψ(P) + ψ²(2P): Budroni and Pintore, "Efficient hash maps to G2 on BLS curves".
CALL void clear_cofactor(Point<Fp2<Bls12381Fp>>* p) {
    using P = Point<Fp2<Bls12381Fp>>;
    P image = negate(psi(*p)), minus = negate(*p), once, more;
    multiply(&once, p, BLS_SEED);
    add_point(&once, p);
    add_point(&once, &image);
    multiply(&more, &once, BLS_SEED);
    double_point(p);
    *p = psi_square(*p);
    add_point(p, &minus);
    add_point(p, &image);
    add_point(p, &more);
}

// u mapped to the curve that is 11-isogenous to that of G1: RFC 9380, F.2, with Z = 11; x = X/Z², without the division.
INLINE Point<Fp<Bls12381Fp>> map_to_isogenous(const Fp<Bls12381Fp>& u) {
    using F = Fp<Bls12381Fp>;
    F t = mul(sqr(u), SSWU1_Z);
    F tt = add(sqr(t), t);
    F n = mul(add(tt, F::one()), SSWU1_B);
    F d = mul(SSWU1_A, select(is_zero(tt), SSWU1_Z, neg(tt)));
    F d2 = sqr(d);
    F d3 = mul(d2, d);
    F g = add(mul(n, add(sqr(n), mul(SSWU1_A, d2))), mul(SSWU1_B, d3));
    F gd = mul(g, d3);
    F y = mul(gd, root_power(mul(gd, sqr(d3)))); // (g/d³)^(1/2) where that is a square
    bool square = equal(mul(sqr(y), d3), g);
    F other = mul(mul(mul(t, u), y), SSWU1_ROOT);
    y = select(square, y, other);
    F x = select(square, n, mul(n, t));
    return {mul(x, d), mul(select(is_odd(u) == is_odd(y), y, neg(y)), d3), d};
}

// The isogeny of degree 11 to the curve of G1.
CALL void isogeny(Point<Fp<Bls12381Fp>>* p) {
    using F = Fp<Bls12381Fp>;
    F zz[15];
    zz[0] = sqr(p->z);
    for (int i = 1; i < 15; i++) zz[i] = mul(zz[i - 1], zz[0]);
    F x_den = mul(horner(F::one(), ISOGENY1_X_DEN, 10, &p->x, zz), zz[0]);
    F y_den = mul(horner(F::one(), ISOGENY1_Y_DEN, 15, &p->x, zz), mul(zz[0], p->z));
    F y_num = mul(horner(F(ISOGENY1_Y_NUM[15]), ISOGENY1_Y_NUM, 15, &p->x, zz), p->y);
    p->x = mul(horner(F(ISOGENY1_X_NUM[11]), ISOGENY1_X_NUM, 11, &p->x, zz), y_den);
    p->z = mul(x_den, y_den);
    p->x = mul(p->x, p->z);
    p->y = mul(mul(sqr(p->z), x_den), y_num);
}

// [1 - x]P.
CALL void clear_cofactor(Point<Fp<Bls12381Fp>>* p) {
    Point<Fp<Bls12381Fp>> multiple;
    multiply(&multiple, p, BLS_SEED);
    add_point(p, &multiple);
}

// EigenLayer's: the first x, x + 1, ... with a point above it, from x = digest mod p. The root is (x³ + 3)^((p+1)/4), whatever
// its sign.
INLINE Affine<Fp<Bn254Fp>> try_and_increment(const uint8_t* digest) {
    using F = Fp<Bn254Fp>;
    Fp<Bn254Fp> words;
    for (int i = 0; i < 8; i++) {
        const uint8_t* b = digest + 4 * (7 - i);
        words.v[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    F x = from_plain(words), y;
    while (!root(&y, add(mul(sqr(x), x), BN_B1))) x = add(x, F::one());
    return {x, y};
}

// Shallue and van de Woestijne, RFC 9380, F.1, Z = 1: of three candidates for x one at least has a point, the first counts.
INLINE Affine<Fp<Bn254Fp>> map_svdw(const Fp<Bn254Fp>& u) {
    using F = Fp<Bn254Fp>;
    F t = mul(sqr(u), SVDW_C1);
    F minus = sub(F::one(), t), plus = add(F::one(), t);
    F inverse = invert(mul(minus, plus));
    F step = mul(mul(mul(u, minus), inverse), SVDW_C3);
    F ratio = mul(sqr(plus), inverse);
    F candidates[3] = {sub(SVDW_C2, step), add(SVDW_C2, step), add(mul(sqr(ratio), SVDW_C4), F::one())};
    F x, y;
    for (int k = 0; k < 3; k++) {
        x = candidates[k];
        if (root(&y, add(mul(sqr(x), x), BN_B1))) break;
    }
    return {x, select(is_odd(u) == is_odd(y), y, neg(y))};
}
