//! What Tutti is compared to, each as its users have it, at its best settings.

mod ark;
mod blst;
mod grouped;

use std::fmt;
use std::str::FromStr;

use tutti_curves::oracle;
use tutti_curves::{Curve, Group, PointHash};
use tutti_types::{Encoding, Verdict};

use crate::subject::{Subject, SubjectFailure};
use crate::threads::each;
use crate::workload::{Products, Signing, Workload};

pub use self::ark::ArkBn254;
pub use self::blst::Blst;
pub use self::grouped::BlstGrouped;

/// A baseline by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    Blst,
    BlstGrouped,
    ArkBn254,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no baseline {0:?}; there are blst, blst-grouped and ark-bn254")]
pub struct UnknownBaseline(String);

impl Baseline {
    pub const ALL: [Self; 3] = [Self::Blst, Self::BlstGrouped, Self::ArkBn254];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Blst => "blst",
            Self::BlstGrouped => "blst-grouped",
            Self::ArkBn254 => "ark-bn254",
        }
    }

    pub fn subject(self, threads: usize) -> Box<dyn Subject> {
        match self {
            Self::Blst => Box::new(Blst::new(threads)),
            Self::BlstGrouped => Box::new(BlstGrouped::new(threads)),
            Self::ArkBn254 => Box::new(ArkBn254::new(threads)),
        }
    }
}

impl FromStr for Baseline {
    type Err = UnknownBaseline;

    fn from_str(name: &str) -> Result<Self, UnknownBaseline> {
        Self::ALL
            .into_iter()
            .find(|baseline| baseline.name() == name)
            .ok_or_else(|| UnknownBaseline(name.to_owned()))
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A seed from the system, for the coefficients of one batch.
fn fresh_seed() -> [u8; 32] {
    tutti_engine::fresh_challenge().0
}

/// The bad items must be exactly those that were made bad.
fn check(workload: &Workload, good: &[bool]) -> Result<(), SubjectFailure> {
    let bad: Vec<usize> = (0..good.len()).filter(|&at| !good[at]).collect();
    if bad == workload.bad {
        Ok(())
    } else {
        Err(SubjectFailure::WrongVerdicts(bad.len()))
    }
}

/// Every message to its point as the library hashes it, one after the other.
fn hash_each<W: Signing>(threads: usize, messages: &[[u8; 32]], encoding: Encoding) {
    let scheme = W::scheme();
    let points = each(threads, messages.len(), |at| {
        let hashing = tutti_curves::Hashing::of_scheme(&scheme);
        let point = W::Sig::hash(hashing, &messages[at], &[]);
        W::Sig::encode(point.as_ref().ok(), encoding)
    });
    std::hint::black_box(points);
}

/// Every product by itself: parse, subgroup checks, one Miller loop of both pairs, one final
/// exponentiation.
fn check_each_product<C: Curve>(
    threads: usize,
    products: &Products,
    encoding: Encoding,
) -> Vec<bool> {
    each(threads, products.checks.len(), |at| {
        oracle::pairing_check::<C>(&products.pairs::<C>(encoding, at)) == Verdict::Valid
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `check` compares with what was made bad, so a baseline that accepts or refuses the
    /// wrong items fails its run.
    #[test]
    fn every_baseline_decides_every_scenario_of_its_curve_right() {
        let shapes = [
            "single",
            "distinct-5",
            "same-message-9",
            "grouped-9-4",
            "poisoned-6-2",
            "poisoned-1",
        ];
        for name in shapes {
            let ethereum = Workload::generate(name.parse().expect(name), 5);
            let eigen = Workload::generate(format!("bn254-{name}").parse().expect(name), 5);
            for threads in [1, 3] {
                let run = |baseline: Baseline, workload: &Workload| {
                    let result = baseline.subject(threads).run(workload);
                    assert!(result.is_ok(), "{baseline} {name}: {result:?}");
                };
                run(Baseline::Blst, &ethereum);
                run(Baseline::BlstGrouped, &ethereum);
                run(Baseline::ArkBn254, &eigen);
            }
        }
    }

    #[test]
    fn aggregates_hashes_and_products_are_baselines_too() {
        let run = |baseline: Baseline, name: &str| {
            let workload = Workload::generate(name.parse().expect(name), 5);
            baseline.subject(2).run(&workload)
        };
        for name in ["sync-committee", "hash-to-curve-3", "pairing-check-3"] {
            assert!(run(Baseline::Blst, name).is_ok(), "{name}");
        }
        assert!(run(Baseline::BlstGrouped, "sync-committee").is_ok());
        for name in [
            "bn254-hash-to-curve-3",
            "bn254-pairing-check-3",
            "avs-quorum-3",
        ] {
            assert!(run(Baseline::ArkBn254, name).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_a_baseline_does_not_do_it_says() {
        let workload = Workload::generate("bn254-single".parse().expect("a name"), 5);
        let failure = Baseline::Blst.subject(1).run(&workload);
        assert!(matches!(failure, Err(SubjectFailure::NotOffered { .. })));
    }

    #[test]
    fn a_baseline_that_finds_other_bad_items_fails() {
        let mut workload = Workload::generate("poisoned-4".parse().expect("a name"), 5);
        workload.bad = vec![0];
        for baseline in [Baseline::Blst, Baseline::BlstGrouped] {
            let failure = baseline.subject(1).run(&workload);
            assert!(matches!(failure, Err(SubjectFailure::WrongVerdicts(1))));
        }
    }

    #[test]
    fn names_are_read_and_written_alike() {
        for baseline in Baseline::ALL {
            assert_eq!(baseline.to_string().parse(), Ok(baseline));
        }
        assert!("mcl".parse::<Baseline>().is_err());
    }
}
