//! A whole board, Verilated, over its serial line: the top module and the Verilog that its bitstream is made from.
mod support;

use num_bigint::BigUint;
use support::{Answer, Card, frame};
use tutti_curves::bls12_381::Bls12381;
use tutti_curves::{Curve, Group};
use tutti_hdl::isa;
use tutti_hdl::map::{self, Request, Status};
use tutti_hdl::microcode::{bls12_381, pairing};
use tutti_rtl::boards::GENERIC;
use tutti_rtl::verilog;
use tutti_types::Encoding;

#[test]
fn it_says_which_design_it_is() {
    let Some(mut board) = Card::start_board() else {
        return;
    };
    let answer = board.ask(Request::Identify, &[]).payload;
    let (head, digest) = answer.split_at(9);
    assert_eq!(head[0], Status::Done as u8);
    assert_eq!(head[1..5], map::NAME);
    assert_eq!(usize::from(head[7]), GENERIC.cores);
    let digest = u128::from_le_bytes(digest.try_into().expect("16 bytes"));
    assert_eq!(digest, verilog::board_digest(&GENERIC));
}

/// Bytes that are no frame, one with a wrong checksum, one without an end: it is there for what comes next.
#[test]
fn it_survives_a_bad_line() {
    let Some(mut board) = Card::start_board() else {
        return;
    };
    let value = [BigUint::from(77u32)];
    board.write(1, 9, &value);
    let payload = [&[1, 9][..], &[1; isa::REGISTER_BYTES]].concat();
    let mut bad = frame(Request::Write as u8, 5, &payload);
    bad[20] ^= 1;
    let spoilt = Answer {
        tag: 5,
        ..Answer::new(Request::Write, 9, Status::BadCrc)
    };
    board.send(b"garbage\xa5");
    board.send(&bad);
    assert_eq!(board.answer(), spoilt);
    // What follows a frame without an end is taken for its end.
    board.send(&bad[..30]);
    let status = frame(Request::Status as u8, 6, &[]);
    for _ in 0..(bad.len() - 30).div_ceil(status.len()) {
        board.send(&status);
    }
    assert_eq!(board.answer(), spoilt);
    assert_eq!(board.read(1, 9, 1), value);
}

/// e(P, Q)·e(-P, Q) is one, with another P it is not.
#[test]
fn it_checks_pairings() {
    type G1 = <Bls12381 as Curve>::G1;
    type G2 = <Bls12381 as Curve>::G2;
    let Some(mut board) = Card::start_board() else {
        return;
    };
    let image = bls12_381::image();
    board.load(0, &image.words);
    for (register, value) in &image.constants {
        board.write(0, *register, &[BigUint::from_bytes_le(&value.to_bytes())]);
    }
    board.run(0, image.entry("setup"));
    let q = G2::encode(Some(&G2::generator()), Encoding::Eip2537);
    for (scalar, holds) in [(5, 1u32), (6, 0)] {
        let p = G1::to_affine(&G1::mul(&G1::generator(), scalar)).expect("finite");
        let five = G1::to_affine(&G1::mul(&G1::generator(), 5)).expect("finite");
        for (pair, p) in [p, G1::negate(&five)].into_iter().enumerate() {
            let bytes = [G1::encode(Some(&p), Encoding::Eip2537), q.clone()].concat();
            let numbers: Vec<_> = bytes.chunks(64).map(BigUint::from_bytes_be).collect();
            let window = pairing::PAIRS + pair as u8 * pairing::PAIR_REGISTERS;
            board.write(0, window, &numbers);
        }
        board.run(0, image.entry("pairing-2"));
        assert_eq!(board.read(0, pairing::VERDICT, 1), [holds.into()]);
    }
}
