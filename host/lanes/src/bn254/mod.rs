//! BN254 (`alt_bn128`) in lanes: elements of five limbs, the tower over 9 + i, and what a batch of signatures needs of it.
//!
//! Points, sums, multiples and membership are the engine's own text over another field. The field and the tower are not: six
//! spare bits instead of BLS12-381's 35, and a non-residue with a nine in it, ask for other ranges and other proofs.
//! arkworks is the oracle that each routine is tested against.

/// Runs a block five times with the constant `$i` = 0..5.
macro_rules! five {
    ($i:ident, $body:block) => {
        five!(@ $i, $body, 0 1 2 3 4)
    };
    (@ $i:ident, $body:block, $($n:literal)*) => {
        $({
            #[allow(dead_code)]
            const $i: usize = $n;
            $body
        })*
    };
}

/// The array of ten values of an expression in the constant `$k` = 0..10.
macro_rules! ten {
    ($k:ident, $value:expr) => {
        ten!(@ $k, $value, 0 1 2 3 4 5 6 7 8 9)
    };
    (@ $k:ident, $value:expr, $($n:literal)*) => {
        [$({
            const $k: usize = $n;
            $value
        }),*]
    };
}

mod across;
pub(crate) mod fp;
pub(crate) mod fp12;
pub(crate) mod fp2;

pub(crate) mod decompress;
pub(crate) mod final_exp;
pub(crate) mod group;
pub(crate) mod hash;
pub(crate) mod miller;
pub(crate) mod svdw;
