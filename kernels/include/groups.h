// The four groups: what distinguishes them.
#pragma once
#include "curve.h"

enum Status : uint8_t {
    FINE = 0,
    INFINITE = 1,
    BAD_ENCODING = 2,
    NOT_CANONICAL = 3,
    NOT_ON_CURVE = 4,
    NOT_IN_SUBGROUP = 5,
};

// |x|, the (negative) parameter of BLS12-381.
constexpr uint64_t BLS_SEED = 0xd201000000010000;
// u, the parameter of BN254.
constexpr uint64_t BN_SEED = 0x44e992b44a6909f1;

// The untwisted Frobenius map ψ of G2.
INLINE Affine<Fp2<Bls12381Fp>> psi(const Affine<Fp2<Bls12381Fp>>& p) {
    return {mul(conjugate(p.x), BLS_PSI_X), mul(conjugate(p.y), BLS_PSI_Y)};
}
INLINE Affine<Fp2<Bn254Fp>> psi(const Affine<Fp2<Bn254Fp>>& p) {
    return {mul(conjugate(p.x), BN_PSI_X), mul(conjugate(p.y), BN_PSI_Y)};
}
template <class M>
INLINE Point<Fp2<M>> psi(const Point<Fp2<M>>& p) {
    Affine<Fp2<M>> image = psi(Affine<Fp2<M>>{p.x, p.y});
    return {image.x, image.y, conjugate(p.z)};
}

// A group: its field of coordinates, the b of its curve, the endomorphism (x, y) -> (ENDO·x, -y) that multiplies points of
// the subgroup by Λ, and how membership shows.
struct BlsG1 {
    using F = Fp<Bls12381Fp>;
    static INLINE F b() {
        return BLS_B1;
    }
    static INLINE F endo_x(const F& x) {
        return mul(x, BLS_ENDO_G1);
    }
    // [x²]P = -φ(P): M. Scott, "A note on group membership tests for G1, G2 and GT", 2021/1130.
    static INLINE bool has(const Affine<F>& p) {
        Point<F> once, twice;
        multiply(&once, &p, BLS_SEED);
        multiply(&twice, &once, BLS_SEED);
        Affine<F> image = {endo_x(p.x), neg(p.y)};
        return same(&twice, &image);
    }
};

struct BlsG2 {
    using F = Fp2<Bls12381Fp>;
    static INLINE F b() {
        return BLS_B2;
    }
    static INLINE F endo_x(const F& x) {
        return mul_fp(x, BLS_ENDO_G2);
    }
    // ψ(P) = [x]P, x negative: Scott, as above.
    static INLINE bool has(const Affine<F>& p) {
        Point<F> multiple;
        multiply(&multiple, &p, BLS_SEED);
        Affine<F> image = negate(psi(*again(&p)));
        return same(&multiple, &image);
    }
};

struct BnG1 {
    using F = Fp<Bn254Fp>;
    static INLINE F b() {
        return BN_B1;
    }
    static INLINE F endo_x(const F& x) {
        return mul(x, BN_ENDO_G1);
    }
};

struct BnG2 {
    using F = Fp2<Bn254Fp>;
    static INLINE F b() {
        return BN_B2;
    }
    static INLINE F endo_x(const F& x) {
        return mul_fp(x, BN_ENDO_G2);
    }
    // [u + 1]P + ψ([u]P) + ψ²([u]P) = ψ³([2u]P): Dai, Lin, Zhao and Zhou, "Fast subgroup membership testings for G1, G2 and
    // GT on pairing-friendly curves", 2022/348. Why it says enough stands in host/lanes/src/bn254/group.rs.
    static INLINE bool has(const Affine<F>& p) {
        Point<F> multiple;
        multiply(&multiple, &p, BN_SEED);
        Point<F> once = psi(multiple);
        Point<F> twice = psi(once);
        Point<F> sum = multiple;
        add_affine(&sum, &p);
        add_point(&sum, &once);
        add_point(&sum, &twice);
        Point<F> thrice = psi(twice);
        double_point(&thrice);
        return same(&sum, &thrice);
    }
};

// A square root of x where there is one, and whether there is.
template <class M>
INLINE bool root(Fp<M>* r, const Fp<M>& x) {
    *r = mul(root_power(x), x);
    return equal(sqr(*r), x);
}

INLINE Fp<Bls12381Fp> half(const Fp<Bls12381Fp>& x) {
    return mul(x, BLS_HALF);
}
INLINE Fp<Bn254Fp> half(const Fp<Bn254Fp>& x) {
    return mul(x, BN_HALF);
}

// Given s with s² = norm(x) where x is a square. With t = (c0 + s) / 2 and w = t^((p-3)/4) we have (t·w)·w = t^((p-1)/2) = ±1.
// +1: t·w is a root of t and w its inverse: the root is t·w + (c1·w / 2)·i.
// -1: t·w is a root of -t and -w its inverse; the other choice (c0 - s) / 2 = c1² / (4·-t) is the square of -c1·w / 2, so
// the root is -c1·w / 2 + t·w·i, up to its sign.
// t = 0 means c1 = 0 and s = -c0: then c0 itself takes the place of t. The last comparison checks everything.
template <class M>
INLINE bool root_with_norm(Fp2<M>* r, const Fp2<M>& x, const Fp<M>& s) {
    Fp<M> t = half(add(x.c0, s));
    t = select(is_zero(t), x.c0, t);
    Fp<M> w = root_power(t);
    Fp<M> tw = mul(t, w), other = mul(half(x.c1), w);
    bool residue = equal(sqr(tw), t);
    *r = {select(residue, tw, neg(other)), select(residue, other, tw)};
    return equal(sqr(*r), x);
}

template <class M>
INLINE bool root(Fp2<M>* r, const Fp2<M>& x) {
    Fp<M> n = norm(x);
    return root_with_norm(r, x, mul(root_power(n), n));
}

// Whether y is the greater of y and -y: by the imaginary part, and by the real one where that is 0.
template <class M>
INLINE bool is_greater(const Fp<M>& y) {
    return is_upper_half(plain(y));
}

template <class M>
INLINE bool is_greater(const Fp2<M>& y) {
    return is_zero(y.c1) ? is_greater(y.c0) : is_greater(y.c1);
}

// Parity as RFC 9380 counts it.
template <class M>
INLINE bool is_odd(const Fp<M>& x) {
    return plain(x).v[0] & 1;
}

template <class M>
INLINE bool is_odd(const Fp2<M>& x) {
    return is_zero(x.c0) ? is_odd(x.c1) : is_odd(x.c0);
}
