//! Inverse, Frobenius and comparison in Fp12.

use super::numbers::Element2;
use crate::assembler::{Fp2, Fp6, Fp12, Graph};

/// To the power p: coordinates are conjugated, and w^k gains a factor.
pub(super) fn frobenius<'g>(graph: &'g Graph, f: Fp12<'g>, factors: &[Element2; 5]) -> Fp12<'g> {
    let (Fp6([a0, a1, a2]), Fp6([b0, b1, b2])) = (f.c0, f.c1);
    let power = |c: Fp2<'g>, k: usize| c.conjugate() * graph.constant2(&factors[k - 1]);
    Fp12 {
        c0: Fp6([a0.conjugate(), power(a1, 2), power(a2, 4)]),
        c1: Fp6([power(b0, 1), power(b1, 3), power(b2, 5)]),
    }
}

/// To the power p²: w^k gains a factor in Fp.
pub(super) fn frobenius_square<'g>(
    graph: &'g Graph,
    f: Fp12<'g>,
    factors: &[Element2; 5],
) -> Fp12<'g> {
    let (Fp6([a0, a1, a2]), Fp6([b0, b1, b2])) = (f.c0, f.c1);
    let power = |c: Fp2<'g>, k: usize| c.times(graph.constant(&factors[k - 1][0]));
    Fp12 {
        c0: Fp6([a0, power(a1, 2), power(a2, 4)]),
        c1: Fp6([power(b0, 1), power(b1, 3), power(b2, 5)]),
    }
}

/// The element's norms down the tower: to Fp6, to Fp2 (with the adjoint on the way), to Fp.
#[derive(Clone, Copy, Debug)]
pub(super) struct Norms<'g> {
    /// The first column of the norm's adjoint in Fp6.
    pub(super) adjoint: Fp6<'g>,
    /// The norm in Fp2.
    pub(super) in_fp2: Fp2<'g>,
}

pub(super) fn norms(f: Fp12<'_>) -> Norms<'_> {
    let (a, b) = (f.c0 * f.c0, f.c1 * f.c1);
    let Fp6([n0, n1, n2]) = a - b.times_v();
    let c0 = n0.square() - (n1 * n2).times_xi();
    let c1 = n2.square().times_xi() - n0 * n1;
    let c2 = n1.square() - n0 * n2;
    Norms {
        adjoint: Fp6([c0, c1, c2]),
        in_fp2: n0 * c0 + (n2 * c1 + n1 * c2).times_xi(),
    }
}
