use num_bigint::BigUint;
use rust_hdl::prelude::*;
use tutti_rtl::multiplier::Multiplier;

fn chunk(x: &BigUint, c: usize) -> Bits<108> {
    let mask: BigUint = (BigUint::from(1u32) << 108usize) - 1u32;
    let word: BigUint = (x >> (108 * c)) & mask;
    word.into()
}

struct Bench {
    uut: Multiplier,
    slot: usize,
}

impl Bench {
    fn new() -> Self {
        let mut uut = Multiplier::default();
        uut.connect_all();
        Self { uut, slot: 0 }
    }

    /// One slot; gives what stood on the result.
    fn slot(&mut self, load: Option<(&BigUint, &BigUint)>, modulus: Option<&BigUint>, start: bool) -> BigUint {
        let mut out = BigUint::default();
        let zero = BigUint::default();
        let (a, b) = load.or(modulus.map(|q| (q, &zero))).unwrap_or((&zero, &zero));
        for phase in 0..8usize {
            self.uut.phase.next = (phase as u64).into();
            self.uut.load.next = load.is_some();
            self.uut.load_modulus.next = modulus.is_some();
            self.uut.start.next = start;
            let c = phase.wrapping_sub(2);
            self.uut.a.next = if c < 4 { chunk(a, c) } else { chunk(&((BigUint::from(1u32) << 432usize) - 1u32), 0) };
            self.uut.b.next = if c < 4 { chunk(b, c) } else { chunk(&((BigUint::from(1u32) << 432usize) - 1u32), 0) };
            self.uut.clock.next = false.into();
            assert!(simulate(&mut self.uut, 100));
            if (3..7).contains(&phase) {
                out |= BigUint::from(self.uut.result.val()) << (108 * (phase - 3));
            }
            self.uut.clock.next = true.into();
            assert!(simulate(&mut self.uut, 100));
        }
        self.slot += 1;
        out
    }
}

#[test]
fn one_product() {
    let p: BigUint = BigUint::parse_bytes(b"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16).unwrap();
    let q = &p * 3u32;
    let r = BigUint::from(1u32) << 396;
    let a = &p - 5u32;
    let b = &p - 77u32;
    let mut x = Bench::new();
    x.slot(None, Some(&q), false);
    x.slot(Some((&a, &b)), None, true);
    for _ in 0..11 { x.slot(None, None, false); }
    let got = x.slot(None, None, false);
    assert!(got < &q * 2u32, "{got:x}");
    assert_eq!((&got * &r) % &p, (&a * &b) % &p);
}
