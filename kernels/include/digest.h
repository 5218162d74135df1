// SHA-256 with RFC 9380's expand_message_xmd, and Keccak-256.
#pragma once
#include "portable.h"

TABLE uint32_t SHA_ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

INLINE uint32_t rotate_right(uint32_t x, int by) {
    return x >> by | x << (32 - by);
}

struct Sha256 {
    uint32_t h[8];
    uint32_t block[16];
    uint32_t bytes; // taken in so far: below 2^29

    INLINE void start() {
        const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
        for (int i = 0; i < 8; i++) h[i] = initial[i];
        for (int i = 0; i < 16; i++) block[i] = 0;
        bytes = 0;
    }

    CALL void compress() {
        uint32_t w[16], s[8];
        for (int i = 0; i < 16; i++) w[i] = block[i];
        for (int i = 0; i < 8; i++) s[i] = h[i];
#pragma unroll 16
        for (int t = 0; t < 64; t++) {
            if (t >= 16) {
                uint32_t x = w[(t + 1) % 16], y = w[(t + 14) % 16];
                w[t % 16] += (rotate_right(x, 7) ^ rotate_right(x, 18) ^ x >> 3) + w[(t + 9) % 16] +
                             (rotate_right(y, 17) ^ rotate_right(y, 19) ^ y >> 10);
            }
            uint32_t e = s[4], a = s[0];
            uint32_t t1 = s[7] + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) + ((e & s[5]) ^ (~e & s[6])) +
                          SHA_ROUND[t] + w[t % 16];
            uint32_t t2 = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
            for (int i = 7; i > 0; i--) s[i] = s[i - 1];
            s[4] += t1;
            s[0] = t1 + t2;
        }
        for (int i = 0; i < 8; i++) h[i] += s[i];
        for (int i = 0; i < 16; i++) block[i] = 0;
    }

    INLINE void push(uint8_t byte) {
        block[bytes / 4 % 16] |= (uint32_t)byte << (24 - 8 * (bytes % 4));
        if (++bytes % 64 == 0) compress();
    }

    INLINE void push(const uint8_t* from, uint32_t count) {
        for (uint32_t i = 0; i < count; i++) push(from[i]);
    }

    // The digest is in h.
    INLINE void finish() {
        uint32_t bits = 8 * bytes;
        push(0x80);
        while (bytes % 64 != 56) push(0);
        block[15] = bits;
        compress();
    }
};

// The first LENGTH bytes (at most 256, a multiple of 32) as big-endian words. dst_prime is the tag with its length byte.
template <int LENGTH>
INLINE void expand_message(uint32_t* words, const uint8_t* message, uint32_t length, const uint8_t* dst_prime, uint32_t dst_length) {
    Sha256 sha;
    sha.start();
    for (int i = 0; i < 64; i++) sha.push(0);
    sha.push(message, length);
    sha.push(LENGTH >> 8);
    sha.push(LENGTH & 255);
    sha.push(0);
    sha.push(dst_prime, dst_length);
    sha.finish();
    uint32_t first[8], previous[8];
    for (int i = 0; i < 8; i++) {
        first[i] = sha.h[i];
        previous[i] = 0;
    }
    for (int number = 1; number <= LENGTH / 32; number++) {
        sha.start();
        for (int i = 0; i < 8; i++) sha.block[i] = first[i] ^ previous[i];
        sha.bytes = 32;
        sha.push((uint8_t)number);
        sha.push(dst_prime, dst_length);
        sha.finish();
        for (int i = 0; i < 8; i++) words[8 * (number - 1) + i] = previous[i] = sha.h[i];
    }
}

TABLE uint64_t KECCAK_ROUND[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};
TABLE uint8_t KECCAK_LANE[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
TABLE uint8_t KECCAK_TURN[24] = {1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};

CALL void keccak_permute(uint64_t* s) {
    for (int round = 0; round < 24; round++) {
        uint64_t columns[5];
        for (int x = 0; x < 5; x++) columns[x] = s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20];
        for (int x = 0; x < 5; x++) {
            uint64_t right = columns[(x + 1) % 5];
            uint64_t theta = columns[(x + 4) % 5] ^ (right << 1 | right >> 63);
            for (int y = 0; y < 25; y += 5) s[x + y] ^= theta;
        }
        uint64_t carried = s[1];
        for (int i = 0; i < 24; i++) {
            uint64_t next = s[KECCAK_LANE[i]];
            s[KECCAK_LANE[i]] = carried << KECCAK_TURN[i] | carried >> (64 - KECCAK_TURN[i]);
            carried = next;
        }
        for (int y = 0; y < 25; y += 5) {
            uint64_t row[5];
            for (int x = 0; x < 5; x++) row[x] = s[x + y];
            for (int x = 0; x < 5; x++) s[x + y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
        }
        s[0] ^= KECCAK_ROUND[round];
    }
}

INLINE void keccak_digest(uint8_t* digest, const uint8_t* message, uint32_t length) {
    constexpr uint32_t RATE = 136;
    uint64_t s[25];
    for (int i = 0; i < 25; i++) s[i] = 0;
    uint32_t at = 0;
    for (uint32_t i = 0; i < length; i++) {
        s[at / 8] ^= (uint64_t)message[i] << 8 * (at % 8);
        if (++at == RATE) {
            keccak_permute(s);
            at = 0;
        }
    }
    s[at / 8] ^= (uint64_t)1 << 8 * (at % 8);
    s[RATE / 8 - 1] ^= (uint64_t)0x80 << 56;
    keccak_permute(s);
    for (int i = 0; i < 32; i++) digest[i] = (uint8_t)(s[i / 8] >> 8 * (i % 8));
}
