// Sums of points: lists, bit sets, parts, buckets.
#pragma once
#include "weigh.h"

constexpr uint32_t BUCKETS = 128;

// The terms of list `list`, minus where a term is odd.
template <class F>
INLINE Point<F> sum_list(const Array& affine, const uint32_t* ranges, const uint32_t* terms, uint32_t list) {
    Point<F> sum = Point<F>::infinity();
    for (uint32_t at = ranges[2 * list]; at < ranges[2 * list + 1]; at++) {
        Affine<F> term = Affine<F>::load(affine, terms[at] >> 1);
        if (terms[at] & 1) term.y = neg(term.y);
        add_affine(&sum, &term);
    }
    return sum;
}

// A run of keys and the bits that say which of them are named.
struct BitPiece {
    uint32_t place; // of the first key
    uint32_t word;  // of the bits; bit i of word w is key 32 w + i of the run
    uint32_t keys;
    bool rest;      // those that are not named are taken away
    uint32_t start; // the place of the point that the sum begins with, or NOWHERE

    static constexpr uint32_t NOWHERE = 0xffffffff;

    static INLINE BitPiece load(const uint32_t* from) {
        return {from[0], from[1], from[2] >> 1, (from[2] & 1) != 0, from[3]};
    }

    // The keys at and after `at`, a multiple of 32, that an addition is due for, of the next 32.
    INLINE uint32_t due(const uint32_t* bits, uint32_t at) const {
        uint32_t named = bits[word + at / 32];
        uint32_t all = keys - at < 32 ? (1u << (keys - at)) - 1 : 0xffffffff;
        return (rest ? ~named : named) & all;
    }
};

// The keys that are named, or where the sum begins less those that are not. One loop goes over the additions, so that threads
// whose bits lie elsewhere wait for none but the longest.
template <class F>
INLINE Point<F> sum_bits(const Array& affine, const BitPiece& piece, const uint32_t* bits) {
    Point<F> sum = Point<F>::infinity();
    if (piece.start != BitPiece::NOWHERE) {
        Affine<F> start = Affine<F>::load(affine, piece.start);
        add_affine(&sum, &start);
    }
    uint32_t at = 0, due = piece.keys ? piece.due(bits, 0) : 0;
    while (at < piece.keys) {
        if (due == 0) {
            at += 32;
            if (at < piece.keys) due = piece.due(bits, at);
            continue;
        }
        Affine<F> term = Affine<F>::load(affine, piece.place + at + lowest_bit(due));
        due &= due - 1;
        if (piece.rest) term.y = neg(term.y);
        add_affine(&sum, &term);
    }
    return sum;
}

template <class F>
INLINE Point<F> fold(const Array& points, uint32_t output, uint32_t outputs, uint32_t terms) {
    Point<F> sum = Point<F>::load(points, output);
    for (uint32_t j = 1; j < terms; j++) {
        Point<F> term = Point<F>::load(points, output + j * outputs);
        add_point(&sum, &term);
    }
    return sum;
}

// The share `share` of `split` of the buckets whose magnitude has the bit set. The buckets start at `first`.
template <class F>
INLINE Point<F> sum_buckets_with_bit(const Array& buckets, uint32_t first, uint32_t bit, uint32_t share, uint32_t split) {
    Point<F> sum = Point<F>::infinity();
    for (uint32_t magnitude = 1 + share; magnitude <= BUCKETS; magnitude += split) {
        if (!(magnitude >> bit & 1)) continue;
        Point<F> term = Point<F>::load(buckets, first + magnitude - 1);
        add_point(&sum, &term);
    }
    return sum;
}

// Affine coordinates of elements first, first + step, ... below n, `run` of them at most, by one inversion.
constexpr uint32_t RUN_MAX = 16;

template <class F>
INLINE void to_affine(const Array& points, uint32_t n, uint32_t first, uint32_t step, uint32_t run, const Array& affine) {
    F before[RUN_MAX]; // the product of the Zs before each, without those that are 0
    F product = F::one();
    for (uint32_t k = 0; k < run && first + k * step < n; k++) {
        F z = F::load(points, first + k * step, 2 * F::WORDS);
        before[k] = product;
        if (!is_zero(z)) product = mul(product, z);
    }
    F inverse = invert(product);
    for (uint32_t k = run; k-- > 0;) {
        uint32_t element = first + k * step;
        if (element >= n) continue;
        Point<F> p = Point<F>::load(points, element);
        if (is_zero(p.z)) {
            Affine<F>::infinity().store(affine, element);
            continue;
        }
        F one_over_z = mul(inverse, before[k]);
        inverse = mul(inverse, p.z);
        F square = sqr(one_over_z);
        Affine<F>{mul(p.x, square), mul(p.y, mul(square, one_over_z))}.store(affine, element);
    }
}

// The lists of the items first to end - 1, for the digit whose bytes are `weights`. The terms of a list that begins with item i
// are among places i and on of the digit's n.
INLINE void bucket_lists_of(const uint8_t* weights, uint32_t n, uint32_t first, uint32_t end, uint32_t digit, uint32_t* ranges,
                            uint32_t* terms) {
    uint32_t next[BUCKETS];
    for (uint32_t k = 0; k < BUCKETS; k++) next[k] = 0;
    for (uint32_t item = first; item < end; item++) {
        int d = digit_of(weights[item]);
        if (d != 0) next[(d < 0 ? -d : d) - 1]++;
    }
    uint32_t at = first;
    for (uint32_t k = 0; k < BUCKETS; k++) {
        uint32_t count = next[k];
        ranges[2 * k] = digit * n + at;
        next[k] = at;
        at += count;
        ranges[2 * k + 1] = digit * n + at;
    }
    for (uint32_t item = first; item < end; item++) {
        int d = digit_of(weights[item]);
        if (d != 0) terms[next[(d < 0 ? -d : d) - 1]++] = 2 * item + (d < 0);
    }
}
