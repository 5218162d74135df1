// Reads and clears the count of word products that plain C++ has made in this thread.
#include "field.h"

extern "C" uint64_t tutti_kernels_take_multiply_adds() {
    uint64_t count = multiply_adds;
    multiply_adds = 0;
    return count;
}
