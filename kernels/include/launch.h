// Runs an entry point as a plain function, once for each thread of the grid. Only for plain C++.
#pragma once
#include "portable.h"
#include <tuple>
#include <type_traits>
#include <utility>

struct Entry {
    const char* name;
    // `parameters` as cuLaunchKernel has them: a pointer to each argument.
    void (*run)(uint32_t grid, uint32_t block, void** parameters);
};


template <class... A, size_t... I>
void launch_with(void (*entry)(A...), uint32_t grid, uint32_t block, void** parameters, std::index_sequence<I...>) {
    std::tuple<A...> arguments{*static_cast<A*>(parameters[I])...};
    blockDim.x = block;
    for (blockIdx.x = 0; blockIdx.x < grid; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < block; threadIdx.x++) std::apply(entry, arguments);
}

template <class... A>
void launch_any(void (*entry)(A...), uint32_t grid, uint32_t block, void** parameters) {
    launch_with(entry, grid, block, parameters, std::index_sequence_for<A...>{});
}

template <auto ENTRY>
void launch(uint32_t grid, uint32_t block, void** parameters) {
    launch_any(ENTRY, grid, block, parameters);
}
