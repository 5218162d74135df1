// The sums of the keys in G2 of BN254 that bits name, piece by piece.
#include "sums.h"

KERNEL bn_g2_sum_bits(Array affine, const uint32_t* pieces, const uint32_t* bits, uint32_t count, Array out) {
    uint32_t i = thread_number();
    if (i < count) sum_bits<BnG2::F>(affine, BitPiece::load(pieces + 4 * (size_t)i), bits).store(out, i);
}
