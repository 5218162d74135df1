//! The numbers of `include/moduli.h` and `include/constants.h`, computed again from their definitions.

use std::collections::HashMap;

use num_bigint::BigUint;

/// a + b·i.
type Pair = [BigUint; 2];

struct Fp2 {
    p: BigUint,
}

impl Fp2 {
    fn mul(&self, a: &Pair, b: &Pair) -> Pair {
        let p = &self.p;
        let minus = (p - &a[1] * &b[1] % p) % p;
        [
            (&a[0] * &b[0] + minus) % p,
            (&a[0] * &b[1] + &a[1] * &b[0]) % p,
        ]
    }

    fn pow(&self, a: &Pair, e: &BigUint) -> Pair {
        (0..e.bits()).rev().fold(self.of(1, 0), |power, bit| {
            let square = self.mul(&power, &power);
            if e.bit(bit) {
                self.mul(&square, a)
            } else {
                square
            }
        })
    }

    fn invert(&self, a: &Pair) -> Pair {
        self.pow(a, &(&self.p * &self.p - 2u8))
    }

    fn of(&self, a: i64, b: i64) -> Pair {
        [a, b].map(|x| {
            (&self.p
                + x.unsigned_abs()
                    * if x < 0 {
                        &self.p - 1u8
                    } else {
                        BigUint::from(1u8)
                    })
                % &self.p
        })
    }

    fn times(&self, k: i64, a: &Pair) -> Pair {
        self.mul(&self.of(k, 0), a)
    }
}

/// The words between braces after each name: of tables, and of functions.
fn numbers() -> HashMap<String, Vec<u32>> {
    let texts = [
        include_str!("../include/moduli.h"),
        include_str!("../include/constants.h"),
    ];
    let mut numbers = HashMap::new();
    let mut structure = "";
    for line in texts.concat().leak().split(";\n").map(str::trim) {
        if let Some((_, rest)) = line.split_once("struct ") {
            structure = rest.split_whitespace().next().expect("a name");
        }
        let name = if let Some((_, rest)) = line.split_once("constexpr uint32_t INVERSE") {
            numbers.insert(format!("{structure}.INVERSE"), words(rest));
            continue;
        } else if let Some((head, _)) = line.rsplit_once("(int i) {") {
            format!("{structure}.{}", head.rsplit(' ').next().expect("a name"))
        } else if let Some((_, rest)) = line.split_once("TABLE Fp") {
            let name = rest.split_once("> ").expect("a name").1;
            name.split([' ', '[']).next().expect("a name").to_owned()
        } else {
            continue;
        };
        numbers.insert(name, words(line.rsplit_once("= ").expect("a value").1));
    }
    numbers
}

fn words(text: &str) -> Vec<u32> {
    text.split("0x")
        .skip(1)
        .map(|word| u32::from_str_radix(&word[..8], 16).expect("eight digits"))
        .collect()
}

struct Curve {
    numbers: HashMap<String, Vec<u32>>,
    field: Fp2,
    words: usize,
}

impl Curve {
    fn new(modulus: &'static str, words: usize) -> Self {
        let numbers = numbers();
        let p = BigUint::new(numbers[&format!("{modulus}.p")].clone());
        let r = (BigUint::from(1u8) << (32 * words)) % &p;
        let get = |name: &str| BigUint::new(numbers[&format!("{modulus}.{name}")].clone());
        assert_eq!(get("twice_p"), &p << 1);
        assert_eq!(get("one"), r);
        assert_eq!(get("r_square"), &r * &r % &p);
        let low = &p % (1u64 << 32) * get("INVERSE") + 1u8;
        assert_eq!(low % (1u64 << 32), BigUint::ZERO);
        // What field.h asks of a modulus.
        assert!(&p * 5u8 < BigUint::from(1u8) << (32 * words));
        let field = Fp2 { p };
        Self {
            numbers,
            field,
            words,
        }
    }

    /// The elements of Fp behind a name, out of Montgomery form.
    fn elements(&self, name: &str) -> Vec<BigUint> {
        let p = &self.field.p;
        let inverse = (BigUint::from(1u8) << (32 * self.words))
            .modinv(p)
            .expect("p is odd");
        let chunks = self.numbers[name].chunks(self.words);
        chunks
            .map(|words| {
                let value = BigUint::from_slice(words);
                assert!(&value < p, "{name} is canonical");
                value * &inverse % p
            })
            .collect()
    }

    fn is(&self, name: &str, expected: &[BigUint]) {
        assert_eq!(self.elements(name), expected, "{name}");
    }

    fn is_pairs(&self, name: &str, expected: &[Pair]) {
        self.is(name, expected.as_flattened());
    }

    /// ξ^(k(q-1)/6) for k = 1 to 5.
    fn roots(&self, xi: &Pair, q: &BigUint) -> Vec<Pair> {
        let sixth = (q - 1u8) / 6u8;
        (1..=5u8)
            .map(|k| self.field.pow(xi, &(&sixth * k)))
            .collect()
    }

    /// The Frobenius factors and ψ, where ψ multiplies by these powers of ξ or by their inverses.
    fn towers(&self, prefix: &str, xi: &Pair, invert: fn(&Fp2, &Pair) -> Pair) {
        let field = &self.field;
        let factors = self.roots(xi, &field.p);
        self.is_pairs(&format!("{prefix}_FROBENIUS"), &factors);
        let squares = self.roots(xi, &(&field.p * &field.p));
        let real: Vec<BigUint> = squares.iter().map(|[real, _]| real.clone()).collect();
        assert!(
            squares
                .iter()
                .all(|[_, imaginary]| *imaginary == BigUint::ZERO)
        );
        self.is(&format!("{prefix}_FROBENIUS_SQUARE"), &real);
        let psi = [invert(field, &factors[1]), invert(field, &factors[2])];
        self.is_pairs(&format!("{prefix}_PSI_X"), &psi[..1]);
        self.is_pairs(&format!("{prefix}_PSI_Y"), &psi[1..]);
        let square = field.pow(&psi[0], &(&field.p + 1u8));
        self.is(&format!("{prefix}_ENDO_G2"), &square[..1]);
        // Which of the two cube roots it is, tests/groups.rs shows by multiples.
        let beta = &self.elements(&format!("{prefix}_ENDO_G1"))[0];
        assert_eq!((beta * beta + beta + 1u8) % &field.p, BigUint::ZERO);
        let half = (&field.p + 1u8) >> 1;
        self.is(&format!("{prefix}_HALF"), &[half]);
    }
}

#[test]
fn numbers_of_bls12_381() {
    let curve = Curve::new("Bls12381Fp", 12);
    let f = &curve.field;
    curve.towers("BLS", &f.of(1, 1), Fp2::invert);
    curve.is("BLS_B1", &[BigUint::from(4u8)]);
    curve.is_pairs("BLS_B2", &[f.of(4, 4)]);
    let (a, z) = (f.of(0, 240), f.of(-2, -1));
    curve.is_pairs("SSWU_AZ", &[f.mul(&a, &z)]);
    curve.is_pairs("SSWU_A", &[a]);
    curve.is_pairs("SSWU_B", &[f.of(1012, 1012)]);
    curve.is_pairs("SSWU_Z", &[z]);
    let root = &curve.elements("SSWU_ROOT_125")[0];
    assert_eq!((root * root + 125u8) % &f.p, BigUint::ZERO);
    let root = &curve.elements("SSWU1_ROOT")[0];
    assert_eq!((root * root + 11u8) % &f.p, BigUint::ZERO);
    curve.is("SSWU1_Z", &[BigUint::from(11u8)]);
}

/// The isogenies map points of their curve to points of ours, an identity of polynomials in x, tried at more places than its
/// degree.
#[test]
fn isogenies_lead_to_the_curves() {
    let curve = Curve::new("Bls12381Fp", 12);
    let f = &curve.field;
    let zero = BigUint::ZERO;
    let pairs = |name: &str, size: usize| -> Vec<Pair> {
        let elements = curve.elements(name);
        let chunks = elements.chunks(size);
        chunks
            .map(|c| [c[0].clone(), c.get(1).unwrap_or(&zero).clone()])
            .collect()
    };
    for (size, tables, a, b, ours, degree) in [
        (2, "ISOGENY", "SSWU_A", "SSWU_B", f.of(4, 4), 3),
        (1, "ISOGENY1", "SSWU1_A", "SSWU1_B", f.of(4, 0), 11),
    ] {
        let polynomial = |name: &str, x: &Pair, monic: bool| {
            let constants = pairs(&format!("{tables}_{name}"), size);
            let leading = if monic { f.of(1, 0) } else { f.of(0, 0) };
            constants.iter().rev().fold(leading, |sum, k| {
                let [real, imaginary] = f.mul(&sum, x);
                [(real + &k[0]) % &f.p, (imaginary + &k[1]) % &f.p]
            })
        };
        let sum = |a: &Pair, b: &Pair| [(&a[0] + &b[0]) % &f.p, (&a[1] + &b[1]) % &f.p];
        let (a, b) = (&pairs(a, size)[0], &pairs(b, size)[0]);
        for place in 0..8 * degree {
            let x = f.of(place, if size == 2 { 3 * place + 1 } else { 0 });
            let yy = sum(&f.mul(&sum(&f.mul(&x, &x), a), &x), b);
            let [xn, yn] = ["X_NUM", "Y_NUM"].map(|name| polynomial(name, &x, false));
            let [xd, yd] = ["X_DEN", "Y_DEN"].map(|name| polynomial(name, &x, true));
            let cube = |v: &Pair| f.mul(&f.mul(v, v), v);
            let left = f.mul(&f.mul(&f.mul(&yn, &yn), &yy), &cube(&xd));
            let right = sum(&cube(&xn), &f.mul(&ours, &cube(&xd)));
            assert_eq!(left, f.mul(&right, &f.mul(&yd, &yd)), "{tables} {place}");
        }
    }
}

#[test]
fn numbers_of_bn254() {
    let curve = Curve::new("Bn254Fp", 8);
    let f = &curve.field;
    let xi = f.of(9, 1);
    curve.towers("BN", &xi, |_, factor| factor.clone());
    let twist = f.times(3, &f.invert(&xi));
    curve.is("BN_B1", &[BigUint::from(3u8)]);
    curve.is_pairs("BN_TWIST_3B", &[f.times(3, &twist)]);
    curve.is_pairs("BN_B2", &[twist]);
    let half = f.invert(&f.of(2, 0));
    let third = f.invert(&f.of(3, 0));
    curve.is("SVDW_C1", &[BigUint::from(4u8)]);
    curve.is("SVDW_C2", &f.times(-1, &half)[..1]);
    curve.is("SVDW_C4", &f.times(-16, &third)[..1]);
    let root = &curve.elements("SVDW_C3")[0];
    assert_eq!((root * root + 12u8) % &f.p, BigUint::ZERO);
    assert!(!root.bit(0));
}
