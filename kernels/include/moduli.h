// Numbers only; tests/constants.rs computes them again from their definitions.
#pragma once
#include "field.h"

// The base field of BLS12-381.
struct Bls12381Fp {
    static constexpr int N = 12;
    static constexpr uint32_t INVERSE = 0xfffcfffd;
    // Whether a sum of two products comes out below 2p by itself.
    static constexpr bool DOT_IS_LOOSE = true;
    // The modulus.
    static INLINE constexpr uint32_t p(int i) {
        constexpr uint32_t words[N] = {0xffffaaab, 0xb9feffff, 0xb153ffff, 0x1eabfffe, 0xf6b0f624, 0x6730d2a0, 0xf38512bf, 0x64774b84, 0x434bacd7, 0x4b1ba7b6, 0x397fe69a, 0x1a0111ea};
        return words[i];
    }
    // 2p.
    static INLINE constexpr uint32_t twice_p(int i) {
        constexpr uint32_t words[N] = {0xffff5556, 0x73fdffff, 0x62a7ffff, 0x3d57fffd, 0xed61ec48, 0xce61a541, 0xe70a257e, 0xc8ee9709, 0x869759ae, 0x96374f6c, 0x72ffcd34, 0x340223d4};
        return words[i];
    }
    // R mod p.
    static INLINE constexpr uint32_t one(int i) {
        constexpr uint32_t words[N] = {0x0002fffd, 0x76090000, 0xc40c0002, 0xebf4000b, 0x53c758ba, 0x5f489857, 0x70525745, 0x77ce5853, 0xa256ec6d, 0x5c071a97, 0xfa80e493, 0x15f65ec3};
        return words[i];
    }
    // R^2 mod p.
    static INLINE constexpr uint32_t r_square(int i) {
        constexpr uint32_t words[N] = {0x1c341746, 0xf4df1f34, 0x09d104f1, 0x0a76e6a6, 0x4c95b6d5, 0x8de5476c, 0x939d83c0, 0x67eb88a9, 0xb519952d, 0x9a793e85, 0x92cae3aa, 0x11988fe5};
        return words[i];
    }
    static constexpr uint32_t ROOT_STEPS = 68, INVERSE_STEPS = 68;
    static INLINE const PowerStep* root_steps();
    static INLINE const PowerStep* inverse_steps();
};
// (p - 3) / 4.
TABLE PowerStep Bls12381FpRootSteps[68] = {{0, 6}, {13, 8}, {7, 7}, {4, 2}, {6, 3}, {7, 11}, {5, 15}, {5, 12}, {3, 2}, {6, 6}, {6, 4}, {3, 1}, {8, 13}, {3, 2}, {6, 7}, {6, 13}, {3, 0}, {8, 6}, {7, 11}, {5, 5}, {6, 6}, {6, 14}, {4, 4}, {8, 14}, {4, 6}, {7, 11}, {9, 9}, {5, 12}, {2, 1}, {7, 2}, {7, 4}, {6, 11}, {5, 14}, {5, 9}, {5, 9}, {8, 6}, {7, 10}, {9, 7}, {5, 6}, {3, 1}, {8, 7}, {3, 1}, {7, 4}, {9, 7}, {6, 10}, {6, 15}, {5, 15}, {5, 15}, {4, 6}, {3, 1}, {8, 10}, {7, 15}, {5, 15}, {5, 15}, {4, 7}, {4, 3}, {7, 15}, {5, 14}, {5, 15}, {5, 15}, {5, 15}, {5, 15}, {5, 15}, {5, 15}, {4, 6}, {6, 10}, {4, 2}, {1, 255}};
// p - 2.
TABLE PowerStep Bls12381FpInverseSteps[68] = {{0, 6}, {13, 8}, {7, 7}, {4, 2}, {6, 3}, {7, 11}, {5, 15}, {5, 12}, {3, 2}, {6, 6}, {6, 4}, {3, 1}, {8, 13}, {3, 2}, {6, 7}, {6, 13}, {3, 0}, {8, 6}, {7, 11}, {5, 5}, {6, 6}, {6, 14}, {4, 4}, {8, 14}, {4, 6}, {7, 11}, {9, 9}, {5, 12}, {2, 1}, {7, 2}, {7, 4}, {6, 11}, {5, 14}, {5, 9}, {5, 9}, {8, 6}, {7, 10}, {9, 7}, {5, 6}, {3, 1}, {8, 7}, {3, 1}, {7, 4}, {9, 7}, {6, 10}, {6, 15}, {5, 15}, {5, 15}, {4, 6}, {3, 1}, {8, 10}, {7, 15}, {5, 15}, {5, 15}, {4, 7}, {4, 3}, {7, 15}, {5, 14}, {5, 15}, {5, 15}, {5, 15}, {5, 15}, {5, 15}, {5, 15}, {4, 6}, {6, 10}, {4, 2}, {3, 0}};
INLINE const PowerStep* Bls12381Fp::root_steps() {
    return Bls12381FpRootSteps;
}
INLINE const PowerStep* Bls12381Fp::inverse_steps() {
    return Bls12381FpInverseSteps;
}

// The base field of BN254.
struct Bn254Fp {
    static constexpr int N = 8;
    static constexpr uint32_t INVERSE = 0xe4866389;
    // Whether a sum of two products comes out below 2p by itself.
    static constexpr bool DOT_IS_LOOSE = false;
    // The modulus.
    static INLINE constexpr uint32_t p(int i) {
        constexpr uint32_t words[N] = {0xd87cfd47, 0x3c208c16, 0x6871ca8d, 0x97816a91, 0x8181585d, 0xb85045b6, 0xe131a029, 0x30644e72};
        return words[i];
    }
    // 2p.
    static INLINE constexpr uint32_t twice_p(int i) {
        constexpr uint32_t words[N] = {0xb0f9fa8e, 0x7841182d, 0xd0e3951a, 0x2f02d522, 0x0302b0bb, 0x70a08b6d, 0xc2634053, 0x60c89ce5};
        return words[i];
    }
    // R mod p.
    static INLINE constexpr uint32_t one(int i) {
        constexpr uint32_t words[N] = {0xc58f0d9d, 0xd35d438d, 0xf5c70b3d, 0x0a78eb28, 0x7879462c, 0x666ea36f, 0x9a07df2f, 0x0e0a77c1};
        return words[i];
    }
    // R^2 mod p.
    static INLINE constexpr uint32_t r_square(int i) {
        constexpr uint32_t words[N] = {0x538afa89, 0xf32cfc5b, 0xd44501fb, 0xb5e71911, 0x0a417ff6, 0x47ab1eff, 0xcab8351f, 0x06d89f71};
        return words[i];
    }
    static constexpr uint32_t ROOT_STEPS = 39, INVERSE_STEPS = 39;
    static INLINE const PowerStep* root_steps();
    static INLINE const PowerStep* inverse_steps();
};
// (p - 3) / 4.
TABLE PowerStep Bn254FpRootSteps[39] = {{0, 1}, {10, 12}, {8, 9}, {5, 9}, {4, 4}, {4, 3}, {9, 9}, {7, 6}, {10, 2}, {7, 13}, {1, 0}, {7, 2}, {10, 8}, {6, 13}, {5, 6}, {8, 1}, {11, 10}, {1, 0}, {9, 11}, {6, 12}, {5, 7}, {10, 5}, {6, 10}, {7, 8}, {5, 6}, {7, 3}, {6, 3}, {7, 10}, {7, 6}, {6, 7}, {5, 0}, {10, 8}, {1, 0}, {9, 5}, {6, 13}, {9, 15}, {7, 15}, {5, 10}, {4, 0}};
// p - 2.
TABLE PowerStep Bn254FpInverseSteps[39] = {{0, 1}, {10, 12}, {8, 9}, {5, 9}, {4, 4}, {4, 3}, {9, 9}, {7, 6}, {10, 2}, {7, 13}, {1, 0}, {7, 2}, {10, 8}, {6, 13}, {5, 6}, {8, 1}, {11, 10}, {1, 0}, {9, 11}, {6, 12}, {5, 7}, {10, 5}, {6, 10}, {7, 8}, {5, 6}, {7, 3}, {6, 3}, {7, 10}, {7, 6}, {6, 7}, {5, 0}, {10, 8}, {1, 0}, {9, 5}, {6, 13}, {9, 15}, {7, 15}, {5, 10}, {6, 2}};
INLINE const PowerStep* Bn254Fp::root_steps() {
    return Bn254FpRootSteps;
}
INLINE const PowerStep* Bn254Fp::inverse_steps() {
    return Bn254FpInverseSteps;
}
