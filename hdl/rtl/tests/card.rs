//! The Verilated card, as a process that speaks the byte protocol. `cargo xtask test` builds it and names it in `TUTTI_CARD`.
mod support;

use num_bigint::BigUint;
use support::{Answer, Card, frame, slots};
use tutti_hdl::isa::{self, Bias, Condition, Flags, Index, Instruction, Operand, Sense, Word};
use tutti_hdl::map::{self, Request, Status};

const BLS12_381: &[u8] = b"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

fn at(number: u8) -> Operand {
    Operand::new(number, Index::Zero)
}

fn mul(d: u8, a: u8, b: u8) -> Instruction {
    Instruction::Mul {
        d: at(d),
        a: at(a),
        b: at(b),
    }
}

fn add(d: u8, a: u8, b: u8) -> Instruction {
    Instruction::Add {
        d: at(d),
        a: at(a),
        b: at(b),
        bias: Bias::Zero,
        flags: Flags::Keep,
    }
}

fn modulus() -> BigUint {
    BigUint::parse_bytes(BLS12_381, 16).expect("digits") * 3u32
}

fn words(code: &[Instruction]) -> Vec<Word> {
    code.iter()
        .map(|instruction| instruction.encode())
        .collect()
}

/// Register 4 by register 2, so often.
fn multiplications(count: u16, entry: u16) -> Vec<Word> {
    words(&[
        Instruction::LoadModulus { a: at(1) },
        Instruction::LoadCounter {
            counter: 2,
            value: count,
        },
        mul(4, 4, 2),
        Instruction::CountDown {
            counter: 2,
            target: entry + 2,
        },
        Instruction::Halt,
    ])
}

fn multiplied(mut value: BigUint, by: &BigUint, count: u16) -> BigUint {
    let q = modulus();
    let r = BigUint::from(1u32) << isa::FACTOR_BITS;
    let inverse = q.modinv(&r).expect("q is odd");
    for _ in 0..count {
        let product = &value * by;
        let m = (&r - (&product * &inverse) % &r) % &r;
        value = (product + m * &q) >> isa::FACTOR_BITS;
    }
    value
}

#[test]
fn says_what_it_is() {
    let Some(mut card) = Card::start(&["--digest", "000102030405060708090a0b0c0d0e0f"]) else {
        return;
    };
    let answer = card.ask(Request::Identify, &[]);
    let mut expected = vec![Status::Done as u8];
    expected.extend(map::NAME);
    expected.extend(map::VERSION.to_le_bytes());
    expected.extend([tutti_rtl::verilog::SIMULATED_CORES as u8, 12]);
    expected.extend((0..16).rev());
    assert_eq!(answer.payload, expected);
    assert_eq!(card.ask(Request::Status, &[]).payload, [0; 3]);
}

#[test]
fn registers_are_kept_and_cores_are_apart() {
    let Some(mut card) = Card::start(&[]) else {
        return;
    };
    let values = |seed: u32| -> Vec<BigUint> {
        (0..32u32)
            .map(|i| {
                (BigUint::from(seed + i) << 400u32) + BigUint::from(0x1234_5678u32) * (seed + i)
            })
            .collect()
    };
    card.write(0, 0, &values(1));
    card.write(1, 224, &values(50));
    card.write(255, 100, &values(90));
    assert_eq!(card.read(0, 0, 32), values(1));
    assert_eq!(card.read(1, 224, 32), values(50));
    assert_eq!(card.read(0, 100, 32), values(90));
    assert_eq!(card.read(1, 100, 32), values(90));
    assert_eq!(card.read(1, 0, 1), [BigUint::default()]);
}

#[test]
fn answers_come_when_cores_halt_whatever_the_order() {
    let Some(mut card) = Card::start(&[]) else {
        return;
    };
    card.load(0, &multiplications(400, 0));
    card.load(1000, &multiplications(3, 1000));
    let factor = modulus() - 99u32;
    card.write(255, 1, &[modulus(), factor.clone()]);
    card.write(0, 4, &[5u32.into()]);
    card.write(1, 4, &[7u32.into()]);
    card.send(&frame(Request::Run as u8, 1, &[0, 0, 0]));
    card.send(&frame(Request::Run as u8, 2, &[1, 0xe8, 3]));
    let first = card.answer();
    slots(&first, 2, 1);
    assert_eq!(card.read(1, 4, 1), [multiplied(7u32.into(), &factor, 3)]);
    // The other core still runs: its registers are out of reach, and so is the microcode.
    let busy = |request| Answer::new(request, 9, Status::Busy);
    assert_eq!(card.ask(Request::Read, &[0, 4, 1]), busy(Request::Read));
    assert_eq!(card.ask(Request::Run, &[0, 0, 0]), busy(Request::Run));
    assert_eq!(card.ask(Request::Load, &[0, 0]), busy(Request::Load));
    assert_eq!(card.ask(Request::Status, &[]).payload, [0, 1, 0]);
    let second = card.answer();
    // A product every 13 slots, and jumps in their shade.
    assert_eq!(slots(&second, 1, 0), 2 + 400 * 13 + 1);
    assert_eq!(card.read(0, 4, 1), [multiplied(5u32.into(), &factor, 400)]);
}

#[test]
fn bad_requests_are_refused() {
    let Some(mut card) = Card::start(&[]) else {
        return;
    };
    let refused = |card: &mut Card, kind: u8, payload: &[u8], status: Status| {
        card.send(&frame(kind, 77, payload));
        let expected = Answer {
            kind: kind | map::ANSWER,
            tag: 77,
            payload: vec![status as u8],
        };
        assert_eq!(card.answer(), expected, "{kind} {payload:?}");
    };
    for kind in [0, 8, 0x7f] {
        refused(&mut card, kind, &[1, 2, 3], Status::UnknownRequest);
    }
    let two_words = [&[0xff, 0x0f][..], &[0; 10]].concat();
    let two_registers = [&[0, 255][..], &[0; 108]].concat();
    let bad: [(Request, &[u8]); 18] = [
        (Request::Identify, &[0]),
        (Request::Load, &[0]),
        (Request::Load, &[0, 0, 1, 2, 3, 4]),
        (Request::Load, &[0, 16, 1, 2, 3, 4, 5]),
        (Request::Load, &two_words),
        (Request::Write, &[0]),
        (Request::Write, &[0, 0, 1, 2, 3]),
        (Request::Write, &[2, 0, 1]),
        (Request::Write, &two_registers),
        (Request::Run, &[0, 0]),
        (Request::Run, &[255, 0, 0]),
        (Request::Run, &[0, 0, 16]),
        (Request::Read, &[0, 225, 32]),
        (Request::Read, &[0, 0, 33]),
        (Request::Read, &[0, 0, 0]),
        (Request::Read, &[255, 0, 1]),
        (Request::Reset, &[2]),
        (Request::Status, &[2]),
    ];
    for (request, payload) in bad {
        refused(&mut card, request as u8, payload, Status::BadArgument);
    }
}

#[test]
fn damaged_frames_do_nothing_and_garbage_is_skipped() {
    let Some(mut card) = Card::start(&[]) else {
        return;
    };
    card.write(0, 3, &[77u32.into()]);
    let good = frame(Request::Write as u8, 5, &[&[0, 3][..], &[1; 54]].concat());
    for at in [2usize, 6, 20, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 4;
        card.send(&bad);
        assert_eq!(card.answer().payload, [Status::BadCrc as u8]);
    }
    assert_eq!(card.read(0, 3, 1), [77u32.into()]);
    card.send(b"no frame at all, nor the beginning of one\xa5\xa5\xa5");
    assert_eq!(card.read(0, 3, 1), [77u32.into()]);
    // A length that no frame has.
    card.send(&[map::MAGIC[0], map::MAGIC[1], 3, 1, 0xf9, 7]);
    assert_eq!(card.read(0, 3, 1), [77u32.into()]);
}

#[test]
fn runaways_stop() {
    let Some(mut card) = Card::start(&[]) else {
        return;
    };
    let stopped = Answer::new(Request::Run, 9, Status::Stopped);
    card.load(0, &words(&[Instruction::Call { target: 0 }]));
    assert_eq!(card.ask(Request::Run, &[0, 0, 0]), stopped);
    card.load(0, &words(&[Instruction::Return]));
    assert_eq!(card.ask(Request::Run, &[0, 0, 0]), stopped);
    let forever = Instruction::Jump {
        condition: Condition::Always,
        sense: Sense::If,
        target: 0,
    };
    card.load(0, &words(&[forever]));
    card.send(&frame(Request::Run as u8, 21, &[1, 0, 0]));
    assert_eq!(card.ask(Request::Status, &[]).payload, [0, 2, 0]);
    card.done(Request::Reset, &[255]);
    assert_eq!(card.ask(Request::Status, &[]).payload, [0, 0, 0]);
    // And it is as good as before.
    card.load(0, &words(&[add(3, 1, 2), Instruction::Halt]));
    card.write(1, 1, &[20u32.into(), 22u32.into()]);
    assert_eq!(card.run(1, 0), 2);
    assert_eq!(card.read(1, 3, 1), [42u32.into()]);
}

/// Each defect changes what it says, and without it the result is the right one.
#[test]
fn defects_show() {
    let result = |options: &[&str]| -> Option<BigUint> {
        let mut card = Card::start(options)?;
        card.load(0, &multiplications(50, 0));
        card.write(0, 1, &[modulus(), modulus() - 99u32]);
        card.write(0, 4, &[5u32.into()]);
        card.run(0, 0);
        card.read(0, 4, 1).pop()
    };
    let Some(good) = result(&[]) else { return };
    assert_eq!(good, multiplied(5u32.into(), &(modulus() - 99u32), 50));
    for defect in [
        "stuck:0:0:1@0",
        "stuck:0:7:800000000@1000",
        "flip:0:8:1@2000",
        "flip:0:11:1@5000",
        "stale:0:0:0@3000",
    ] {
        assert_ne!(result(&["--fault", defect]), Some(good.clone()), "{defect}");
    }
    // In the other core nothing is noticed.
    assert_eq!(result(&["--fault", "stuck:1:0:1@0"]), Some(good));
}
