// A point times its item's coefficient a + b·Λ (README.md, "Weights").
#pragma once
#include "groups.h"

// The digit of a random byte, in -127..128.
INLINE int digit_of(uint8_t byte) {
    return (int)byte - 127;
}

// The multiples 1 to 8, and sums of them with signs.
template <class G>
struct Multiples {
    using F = typename G::F;
    Point<F> table[8];

    INLINE void fill(const Affine<F>& p) {
        table[0] = lift(p);
        table[1] = table[0];
        double_point(&table[1]);
        for (int i = 2; i < 8; i++) {
            table[i] = table[i - 1];
            add_affine(&table[i], &p);
        }
    }

    // sum += digit times the point, or its image under the endomorphism; |digit| <= 8.
    template <bool IMAGE>
    INLINE void add_to(Point<F>* sum, int digit) const {
        if (digit == 0) return;
        Point<F> term = table[(digit < 0 ? -digit : digit) - 1];
        if (IMAGE) term.x = G::endo_x(term.x);
        // The endomorphism negates y.
        if ((digit < 0) != IMAGE) term.y = neg(term.y);
        add_point(sum, &term);
    }
};

// Each digit is h·16 + l with h and l in -8..8: two digits of four bits.
template <class G>
INLINE Point<typename G::F> weigh(const Affine<typename G::F>& p, const uint8_t* weights, uint32_t i, uint32_t n, uint32_t bytes) {
    using F = typename G::F;
    Point<F> sum = Point<F>::infinity();
    if (is_infinity(p)) return sum;
    Multiples<G> multiples;
    multiples.fill(p);
    uint32_t half = bytes / 2;
    for (uint32_t w = half; w-- > 0;) {
        int a = digit_of(weights[(size_t)w * n + i]), b = digit_of(weights[(size_t)(w + half) * n + i]);
        int a_high = (a + 8) >> 4, b_high = (b + 8) >> 4;
        for (int high = 1; high >= 0; high--) {
            for (int k = 0; k < 4; k++) double_point(&sum);
            multiples.template add_to<false>(&sum, high ? a_high : a - 16 * a_high);
            multiples.template add_to<true>(&sum, high ? b_high : b - 16 * b_high);
        }
    }
    return sum;
}
