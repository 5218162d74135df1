//! Steps of the Miller loop for pairs that stand in windows.

use num_bigint::BigUint;

use super::numbers::frobenius_factors;
use crate::assembler::{Fp, Fp2, Graph, Line, NonResidue};
use crate::isa::{Index, Operand};

/// A pair's window: P, Q, and the multiple T of Q that the loop has reached, (X/Z, Y/Z).
pub(super) const PAIR: u8 = 12;
const P: u8 = 0;
const Q: u8 = 2;
const T: u8 = 6;

/// Bound in units of q of the coordinates of P and Q; those of T are the caller's.
const AFFINE: u32 = 4;

fn window(offset: u8) -> Operand {
    Operand::new(offset, Index::X1)
}

#[derive(Clone, Copy)]
struct Projective<'g> {
    x: Fp2<'g>,
    y: Fp2<'g>,
    z: Fp2<'g>,
}

fn point(graph: &Graph, bound: u32) -> Projective<'_> {
    Projective {
        x: graph.input2(window(T), bound),
        y: graph.input2(window(T + 2), bound),
        z: graph.input2(window(T + 4), bound),
    }
}

fn put_point(graph: &Graph, t: Projective<'_>, bound: u32) {
    graph.output2(window(T), t.x.below(bound), bound);
    graph.output2(window(T + 2), t.y.below(bound), bound);
    graph.output2(window(T + 4), t.z.below(bound), bound);
}

fn p_coordinates(graph: &Graph) -> (Fp<'_>, Fp<'_>) {
    (
        graph.input(window(P), AFFINE),
        graph.input(window(P + 1), AFFINE),
    )
}

/// Numbers below p to elements, and T = Q.
pub(super) fn enter_pair(graph: &Graph, bound: u32) {
    for offset in 0..Q + 4 {
        let element = graph.input(window(offset), 1).to_form();
        graph.output(window(offset), element, AFFINE);
        if offset >= Q {
            graph.output(window(offset + T - Q), element, bound);
        }
    }
    graph.output(window(T + 4), graph.one(), bound);
    graph.output(window(T + 5), graph.zero(), bound);
}

/// 3b·z for the twist's b: 4·(1 + i), or 3/(9 + i).
fn times_3b<'g>(graph: &'g Graph, z: Fp2<'g>) -> Fp2<'g> {
    match graph.field.non_residue {
        NonResidue::OnePlusI => z.times_xi().times_pow2(2).triple(),
        NonResidue::NinePlusI => {
            // 9 / (9 + i) = (81 - 9i) / 82
            let p = &graph.field.p;
            let inverse = BigUint::from(82u32).modinv(p).expect("p is a prime");
            let b = [&inverse * 81u32 % p, (p * 9u32 - &inverse * 9u32) % p];
            z * graph.constant2(&b)
        }
    }
}

/// T to 2T, and the tangent at P: Aranha and others, "Faster explicit formulas for computing pairings over ordinary curves",
/// times 4. With E = 3b·Z²: (2XY(Y² - 3E), (Y² + 3E)² - 12E², 8Y³Z), and the tangent times 2YZ has the coefficients Y² - E,
/// -3X²·x and 2YZ·y.
pub(super) fn double(graph: &Graph, bound: u32) -> Line<'_> {
    let Projective { x, y, z } = point(graph, bound);
    let (px, py) = p_coordinates(graph);
    let yy = y.square();
    let e = times_3b(graph, z.square());
    let e3 = e.triple();
    let yz = y * z;
    let line = line_of(
        yy - e,
        -x.square().triple().times(px),
        yz.double().times(py),
    );
    let ee = e.square().times_pow2(2).triple();
    put_point(
        graph,
        Projective {
            x: x.double() * y * (yy - e3),
            y: (yy + e3).square() - ee,
            z: yy * yz.times_pow2(3),
        },
        bound,
    );
    line
}

/// T to T + Q, with u = y·Z - Y and v = x·Z - X: (v·a, u(v²X - a) - v³Y, v³Z) for a = u²Z - v³ - 2v²X. The chord times v at P
/// has the coefficients u·x - v·y, -u·xp and v·yp.
pub(super) fn add(graph: &Graph, bound: u32) -> Line<'_> {
    let Projective { x, y, z } = point(graph, bound);
    let (px, py) = p_coordinates(graph);
    let (qx, qy) = (
        graph.input2(window(Q), AFFINE),
        graph.input2(window(Q + 2), AFFINE),
    );
    let u = qy * z - y;
    let v = qx * z - x;
    let vv = v.square();
    let vvv = vv * v;
    let vvx = vv * x;
    let a = u.square() * z - vvv - vvx.double();
    let line = line_of(u * qx - v * qy, -u.times(px), v.times(py));
    put_point(
        graph,
        Projective {
            x: v * a,
            y: u * (vvx - a) - vvv * y,
            z: vvv * z,
        },
        bound,
    );
    line
}

/// From the coefficients that hold nothing of P, its x, and its y, for the curve's kind of twist.
fn line_of<'g>(free: Fp2<'g>, with_x: Fp2<'g>, with_y: Fp2<'g>) -> Line<'g> {
    match free.c0.graph().field.non_residue {
        NonResidue::OnePlusI => Line::M([free, with_x, with_y]),
        NonResidue::NinePlusI => Line::D([with_y, with_x, free]),
    }
}

/// Q to -Q.
pub(super) fn negate_q(graph: &Graph) {
    let y = graph.input2(window(Q + 2), AFFINE);
    graph.output2(window(Q + 2), -y, AFFINE);
}

/// Q to its image under the endomorphism of the twist, of type D: conjugates times powers of the non-residue.
pub(super) fn psi_q(graph: &Graph) {
    let factors = frobenius_factors(&graph.field, 1);
    for (offset, factor) in [(Q, &factors[1]), (Q + 2, &factors[2])] {
        let c = graph.input2(window(offset), AFFINE).conjugate() * graph.constant2(factor);
        graph.output2(window(offset), c.below(AFFINE), AFFINE);
    }
}
