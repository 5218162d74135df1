// The only arithmetic with two bodies. On the device: PTX carry chains. Elsewhere: the carries spelled out, and an
// assertion wherever the device drops one.
//
// A row is N 32-bit words, N even. Products of even-numbered words fill it without overlap: a[0]*b in words 0 and 1,
// a[2]*b in words 2 and 3, and so on. Odd-numbered words have a row of their own, one word higher (see field.h).
#pragma once
#include "portable.h"

#if !defined(__CUDA_ARCH__)
#include <cassert>

namespace host_rows {
// to + a*b + carry in the two words at `low`; the carry out.
INLINE uint32_t mac_pair(uint32_t* low, uint32_t to_low, uint32_t to_high, uint32_t a, uint32_t b, uint32_t carry) {
    uint64_t sum = (uint64_t)to_high << 32 | to_low;
    uint64_t product = (uint64_t)a * b + carry; // at most (2^32-1)^2 + 1
    uint64_t total = sum + product;
    low[0] = (uint32_t)total;
    low[1] = (uint32_t)(total >> 32);
    return total < sum;
}
} // namespace host_rows
#endif

// acc = the even words of a times b.
template <int N>
INLINE void mul_row(uint32_t* acc, const uint32_t* a, uint32_t b) {
#pragma unroll
    for (int j = 0; j < N; j += 2) {
#if defined(__CUDA_ARCH__)
        asm volatile("mul.lo.u32 %0, %2, %3; mul.hi.u32 %1, %2, %3;" : "=r"(acc[j]), "=r"(acc[j + 1]) : "r"(a[j]), "r"(b));
#else
        host_rows::mac_pair(acc + j, 0, 0, a[j], b, 0);
#endif
    }
}

// acc += the even words of a times b, the carry out added to *top. Contract: *top does not overflow.
template <int N>
INLINE void mac_row(uint32_t* acc, const uint32_t* a, uint32_t b, uint32_t* top) {
#if defined(__CUDA_ARCH__)
    asm volatile("mad.lo.cc.u32 %0, %2, %3, %0; madc.hi.cc.u32 %1, %2, %3, %1;" : "+r"(acc[0]), "+r"(acc[1]) : "r"(a[0]), "r"(b));
#pragma unroll
    for (int j = 2; j < N; j += 2)
        asm volatile("madc.lo.cc.u32 %0, %2, %3, %0; madc.hi.cc.u32 %1, %2, %3, %1;"
                     : "+r"(acc[j]), "+r"(acc[j + 1])
                     : "r"(a[j]), "r"(b));
    asm volatile("addc.u32 %0, %0, 0;" : "+r"(*top));
#else
    uint32_t carry = 0;
    for (int j = 0; j < N; j += 2) carry = host_rows::mac_pair(acc + j, acc[j], acc[j + 1], a[j], b, carry);
    assert(*top + carry >= carry);
    *top += carry;
#endif
}

// acc += the even words of a times b. Contract: no carry out.
template <int N>
INLINE void mac_row(uint32_t* acc, const uint32_t* a, uint32_t b) {
#if defined(__CUDA_ARCH__)
    asm volatile("mad.lo.cc.u32 %0, %2, %3, %0; madc.hi.cc.u32 %1, %2, %3, %1;" : "+r"(acc[0]), "+r"(acc[1]) : "r"(a[0]), "r"(b));
#pragma unroll
    for (int j = 2; j < N - 2; j += 2)
        asm volatile("madc.lo.cc.u32 %0, %2, %3, %0; madc.hi.cc.u32 %1, %2, %3, %1;"
                     : "+r"(acc[j]), "+r"(acc[j + 1])
                     : "r"(a[j]), "r"(b));
    asm volatile("madc.lo.cc.u32 %0, %2, %3, %0; madc.hi.u32 %1, %2, %3, %1;"
                 : "+r"(acc[N - 2]), "+r"(acc[N - 1])
                 : "r"(a[N - 2]), "r"(b));
#else
    uint32_t none = 0;
    mac_row<N>(acc, a, b, &none);
    assert(none == 0);
#endif
}

// low += acc[1]; then acc = acc / 2^64 + the even words of a times b + the carry of that sum. Contract: no carry out.
template <int N>
INLINE void mac_row_down(uint32_t* low, uint32_t* acc, const uint32_t* a, uint32_t b) {
#if defined(__CUDA_ARCH__)
    asm volatile("add.cc.u32 %0, %0, %1;" : "+r"(*low) : "r"(acc[1]));
#pragma unroll
    for (int j = 0; j < N - 2; j += 2)
        asm volatile("madc.lo.cc.u32 %0, %2, %3, %4; madc.hi.cc.u32 %1, %2, %3, %5;"
                     : "=r"(acc[j]), "=r"(acc[j + 1])
                     : "r"(a[j]), "r"(b), "r"(acc[j + 2]), "r"(acc[j + 3]));
    asm volatile("madc.lo.cc.u32 %0, %2, %3, 0; madc.hi.u32 %1, %2, %3, 0;" : "=r"(acc[N - 2]), "=r"(acc[N - 1]) : "r"(a[N - 2]), "r"(b));
#else
    *low += acc[1];
    uint32_t carry = *low < acc[1];
    for (int j = 0; j < N - 2; j += 2) carry = host_rows::mac_pair(acc + j, acc[j + 2], acc[j + 3], a[j], b, carry);
    carry = host_rows::mac_pair(acc + N - 2, 0, 0, a[N - 2], b, carry);
    assert(carry == 0);
#endif
}

// sum = a + b over N words, modulo 2^(32 N).
template <int N>
INLINE void add_row_wrapping(uint32_t* sum, const uint32_t* a, const uint32_t* b) {
#if defined(__CUDA_ARCH__)
    asm volatile("add.cc.u32 %0, %1, %2;" : "=r"(sum[0]) : "r"(a[0]), "r"(b[0]));
#pragma unroll
    for (int j = 1; j < N - 1; j++) asm volatile("addc.cc.u32 %0, %1, %2;" : "=r"(sum[j]) : "r"(a[j]), "r"(b[j]));
    asm volatile("addc.u32 %0, %1, %2;" : "=r"(sum[N - 1]) : "r"(a[N - 1]), "r"(b[N - 1]));
#else
    uint64_t carry = 0;
    for (int j = 0; j < N; j++) {
        carry += (uint64_t)a[j] + b[j];
        sum[j] = (uint32_t)carry;
        carry >>= 32;
    }
#endif
}

// sum = a + b over N words. Contract: no carry out. The sum may not be one of the two.
template <int N>
INLINE void add_row(uint32_t* sum, const uint32_t* a, const uint32_t* b) {
    add_row_wrapping<N>(sum, a, b);
#if !defined(__CUDA_ARCH__)
    assert(sum[N - 1] >= a[N - 1] && sum[N - 1] >= b[N - 1]);
#endif
}

// difference = a - b over N words, modulo 2^(32 N); all ones where it borrows, else 0.
template <int N>
INLINE uint32_t sub_row(uint32_t* difference, const uint32_t* a, const uint32_t* b) {
#if defined(__CUDA_ARCH__)
    uint32_t borrow;
    asm volatile("sub.cc.u32 %0, %1, %2;" : "=r"(difference[0]) : "r"(a[0]), "r"(b[0]));
#pragma unroll
    for (int j = 1; j < N; j++) asm volatile("subc.cc.u32 %0, %1, %2;" : "=r"(difference[j]) : "r"(a[j]), "r"(b[j]));
    asm volatile("subc.u32 %0, 0, 0;" : "=r"(borrow));
    return borrow;
#else
    uint32_t borrow = 0;
    for (int j = 0; j < N; j++) {
        uint64_t d = (uint64_t)a[j] - b[j] - borrow;
        difference[j] = (uint32_t)d;
        borrow = (uint32_t)(d >> 63);
    }
    return 0 - borrow;
#endif
}
