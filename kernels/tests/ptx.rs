//! The device's bodies of the row primitives, without a device: the PTX of the field's operations, interpreted.

use std::collections::HashMap;

use num_bigint::BigUint;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

/// What PTX without branches does. Registers by name; the carry flag; words of memory by address.
struct Machine<'a> {
    registers: HashMap<&'a str, u64>,
    carry: bool,
    memory: HashMap<u64, u32>,
}

/// Where array k is: its stride is 1, so that words follow each other.
const fn base(array: u64) -> u64 {
    0x1000 * (array + 1)
}

impl<'a> Machine<'a> {
    fn value(&self, operand: &str) -> u64 {
        let operand = operand.trim();
        if let Some(number) = operand.strip_prefix("0x") {
            return u64::from_str_radix(number, 16).expect("hexadecimal digits");
        }
        if let Ok(number) = operand.parse::<i64>() {
            return number as u64;
        }
        match operand {
            // One thread: number 0 of block 0.
            "%ctaid.x" | "%tid.x" => 0,
            "%ntid.x" => 1,
            name => self.registers[name],
        }
    }

    fn address(&self, operand: &str) -> u64 {
        let inner = operand.trim().trim_start_matches('[').trim_end_matches(']');
        let (name, offset) = inner.split_once('+').unwrap_or((inner, "0"));
        let offset: u64 = offset.parse().expect("a number");
        match name.rsplit_once("_param_") {
            Some((_, array)) if offset == 0 => base(array.parse().expect("a number")),
            Some(_) => 1,
            None => self.registers[name] + offset,
        }
    }

    fn run(&mut self, instruction: &'a str) {
        let (name, operands) = instruction
            .split_once(char::is_whitespace)
            .expect("operands");
        let o: Vec<&'a str> = operands.split(',').map(str::trim).collect();
        let word = |at: usize| self.value(o[at]) & 0xffff_ffff;
        let carry = u64::from(self.carry);
        let parts: Vec<&str> = name.split('.').collect();
        let result = match parts[..] {
            ["ld", "param", "u64"] => self.address(o[1]),
            ["ld", "global", "u32"] => u64::from(self.memory[&self.address(o[1])]),
            ["st", "global", "u32"] => {
                let word = word(1) as u32;
                self.memory.insert(self.address(o[0]), word);
                return;
            }
            ["cvta" | "mov", ..] => self.value(o[1]),
            ["mul", "wide", _] => word(1) * word(2),
            ["shl", "b64"] => self.value(o[1]) << self.value(o[2]),
            ["add", "s64"] => self.value(o[1]).wrapping_add(self.value(o[2])),
            ["and", "b32"] => word(1) & word(2),
            ["selp", "b32"] => {
                if self.value(o[3]) == 1 {
                    word(1)
                } else {
                    word(2)
                }
            }
            ["setp", "eq", "s32"] => u64::from(word(1) == word(2)),
            ["setp", "ne", "s32"] => u64::from(word(1) != word(2)),
            ["mad" | "madc" | "mul", half, ..] => {
                let product = word(1) * word(2);
                let part = if half == "hi" {
                    product >> 32
                } else {
                    product & 0xffff_ffff
                };
                let added = if parts[0] == "mul" { 0 } else { word(3) };
                part + added + if parts[0] == "madc" { carry } else { 0 }
            }
            ["add", ..] => word(1) + word(2),
            ["addc", ..] => word(1) + word(2) + carry,
            ["sub", ..] => word(1).wrapping_sub(word(2)),
            ["subc", ..] => word(1).wrapping_sub(word(2)).wrapping_sub(carry),
            _ => panic!("no such instruction here: {instruction}"),
        };
        if parts.contains(&"cc") {
            self.carry = result >> 32 != 0;
        }
        let wide = o[0].starts_with("%rd");
        self.registers
            .insert(o[0], if wide { result } else { result & 0xffff_ffff });
    }
}

/// The instructions of an entry point.
fn body<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let entry = text
        .split(&format!(".entry {name}("))
        .nth(1)
        .expect("an entry point of this name");
    let block = entry
        .split_once('{')
        .expect("a body")
        .1
        .split("\n}")
        .next()
        .expect("its end");
    block
        .lines()
        .filter(|line| !line.contains("//"))
        .flat_map(|line| line.split(';'))
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('.') && *line != "ret")
        .collect()
}

type Operation = fn(&BigUint, &[BigUint; 4], &BigUint) -> BigUint;

/// What each operation comes to, modulo p and with R's inverse given; and by how many p its result may exceed 0.
const OPERATIONS: [(&str, Operation, u8); 6] = [
    ("mul", |p, [a, b, ..], r| a * b * r % p, 2),
    ("dot", |p, [a, b, c, d], r| (a * b + c * d) * r % p, 2),
    ("add", |p, [a, b, ..], _| (a + b) % p, 2),
    ("sub", |p, [a, b, ..], _| (a + p * 2u8 - b) % p, 2),
    ("canonical", |p, [a, ..], _| a % p, 1),
    ("minus_factor", |p, [a, ..], _| (p * 2u8 - a) % p, 3),
];

#[test]
fn the_devices_arithmetic_is_that_of_the_integers() {
    let Some(path) = option_env!("TUTTI_PROBE_PTX") else {
        println!("SKIPPED the device's arithmetic, interpreted: the build found no nvcc");
        return;
    };
    let text = std::fs::read_to_string(path).expect("the build wrote it");
    let moduli = [
        (
            "bls",
            12,
            "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab",
        ),
        (
            "bn",
            8,
            "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47",
        ),
    ];
    let mut random = ChaCha20Rng::seed_from_u64(51);
    for (curve, words, modulus) in moduli {
        let p = BigUint::parse_bytes(modulus.as_bytes(), 16).expect("hexadecimal digits");
        let r: BigUint = BigUint::from(1u8) << (32 * words);
        let inverse = r.modinv(&p).expect("p is odd");
        for (name, expected, limit) in OPERATIONS {
            let instructions = body(&text, &format!("{curve}_{name}"));
            assert!(instructions.len() > 5 * words, "{curve}_{name}");
            for round in 0..240 {
                let operands: [BigUint; 4] =
                    std::array::from_fn(|_| operand(&p, words, round, &mut random));
                let result = interpret(&instructions, &operands, words);
                assert!(result < &p * limit, "{curve}_{name} {operands:?}");
                assert_eq!(
                    &result % &p,
                    expected(&p, &operands, &inverse),
                    "{curve}_{name} {operands:?}"
                );
            }
        }
    }
}

/// Below 2p: at the edges at first, then random.
fn operand(p: &BigUint, words: usize, round: usize, random: &mut ChaCha20Rng) -> BigUint {
    let edges = [
        BigUint::ZERO,
        BigUint::from(1u8),
        p - 1u8,
        p.clone(),
        p + 1u8,
        p * 2u8 - 1u8,
    ];
    if round < 120 && random.next_u32().is_multiple_of(2) {
        return edges[random.next_u32() as usize % edges.len()].clone();
    }
    let mut bytes = vec![0; 4 * words + 8];
    random.fill_bytes(&mut bytes);
    // Runs of ones and zeros, which carries travel through.
    if round.is_multiple_of(3) {
        for byte in &mut bytes {
            *byte = if *byte & 1 == 0 { 0 } else { 255 };
        }
    }
    BigUint::from_bytes_le(&bytes) % (p * 2u8)
}

fn interpret(instructions: &[&str], operands: &[BigUint; 4], words: usize) -> BigUint {
    let mut machine = Machine {
        registers: HashMap::new(),
        carry: false,
        memory: HashMap::new(),
    };
    for (array, operand) in operands.iter().enumerate() {
        let mut limbs = operand.to_u32_digits();
        limbs.resize(words, 0);
        for (l, limb) in limbs.into_iter().enumerate() {
            machine
                .memory
                .insert(base(array as u64) + 4 * l as u64, limb);
        }
    }
    for instruction in instructions {
        machine.run(instruction);
    }
    let limbs = (0..words as u64).map(|l| machine.memory[&(base(4) + 4 * l)]);
    BigUint::new(limbs.collect())
}
