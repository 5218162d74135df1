// One text for nvcc and for any C++17 compiler. Under nvcc an entry point is a __global__ function; elsewhere it is a
// plain function that a launcher calls once for each thread of the grid.
#pragma once
#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)
#define INLINE __device__ __forceinline__
// A real call on the device: code that is inlined everywhere spills registers and the instruction cache.
#define CALL __device__ __noinline__
#define KERNEL extern "C" __global__ void __launch_bounds__(128)
#define TABLE static __device__ __constant__ const
#else
#define INLINE inline
#define CALL inline __attribute__((noinline))
#define KERNEL static void
#define TABLE static const

struct Dimension {
    uint32_t x;
};
inline thread_local Dimension blockIdx, blockDim, threadIdx;
#endif

// The same address, of which the compiler no longer knows what it holds: values are then read again instead of being kept in
// registers across calls, where there is no room for them.
template <class T>
INLINE T* again(T* at) {
#if defined(__CUDA_ARCH__)
    asm volatile("" : "+l"(at) : : "memory");
#endif
    return at;
}

// The number of zeros below the lowest bit that is set.
INLINE uint32_t lowest_bit(uint32_t bits) {
#if defined(__CUDA_ARCH__)
    return __ffs(bits) - 1;
#else
    return __builtin_ctz(bits);
#endif
}

// The number of this thread in the whole grid.
INLINE uint32_t thread_number() {
    return blockIdx.x * blockDim.x + threadIdx.x;
}

// Words of many elements, limb-major: word l of element i is at base[l * stride + i], so that neighbouring threads read
// neighbouring words. 16 bytes, passed to entry points by value.
struct Array {
    uint32_t* base;
    uint64_t stride;
};

template <int WORDS>
INLINE void load_words(uint32_t (&to)[WORDS], const Array& from, uint32_t element, uint32_t first) {
#pragma unroll
    for (int l = 0; l < WORDS; l++) to[l] = from.base[(first + l) * from.stride + element];
}

template <int WORDS>
INLINE void store_words(const uint32_t (&from)[WORDS], const Array& to, uint32_t element, uint32_t first) {
#pragma unroll
    for (int l = 0; l < WORDS; l++) to.base[(first + l) * to.stride + element] = from[l];
}
