// Keccak-256 of each message.
#include "digest.h"

KERNEL keccak256(const uint8_t* bytes, const uint32_t* offsets, uint32_t n, uint8_t* digests) {
    uint32_t i = thread_number();
    if (i < n) keccak_digest(digests + (size_t)i * 32, bytes + offsets[i], offsets[i + 1] - offsets[i]);
}
