//! Thresholds: the table that systems differ by, and the lint.

use proptest::prelude::*;
use tutti_domain::{
    Columns, Demand, Grade, Policy, PolicyError, Ratio, ReplayScope, Rounding, Superseded,
    Threshold, U256, Unit, Warning,
};

use crate::rig::{self, Operator, Twins, share};

fn least(total: u64, numerator: u64, denominator: u64, rounding: Rounding) -> U256 {
    let ratio = Ratio::new(numerator, denominator).expect("a ratio");
    Threshold::Share { ratio, rounding }.least(U256::from(total))
}

#[test]
fn systems_round_thresholds_as_they_do() {
    use Rounding::{ExactGe, FloorGe, StrictGt};
    // EigenLayer multichain, Hourglass, NFFL.
    assert_eq!(least(7, 66, 100, FloorGe), U256::from(4));
    assert_eq!(least(3, 6667, 10_000, FloorGe), U256::from(2));
    // MACH, Aligned: whole percents.
    assert_eq!(least(7, 66, 100, ExactGe), U256::from(5));
    assert_eq!(least(3, 67, 100, ExactGe), U256::from(3));
    // Omni.
    assert_eq!(least(7, 2, 3, StrictGt), U256::from(5));
    assert_eq!(least(3, 2, 3, StrictGt), U256::from(3));
    // Light client supermajority: 3 * sum >= 2 * size.
    assert_eq!(least(512, 2, 3, ExactGe), U256::from(342));
    // Avalanche's default.
    assert_eq!(least(100, 67, 100, ExactGe), U256::from(67));
    assert_eq!(least(7, 67, 100, ExactGe), U256::from(5));
}

#[test]
fn count_rules_of_wormhole_and_beefy_are_strict_two_thirds() {
    for n in 1..=2_000 {
        let strict = least(n, 2, 3, Rounding::StrictGt);
        assert_eq!(strict, U256::from(2 * n / 3 + 1), "Wormhole, {n}");
        assert_eq!(strict, U256::from(n - (n - 1) / 3), "BEEFY, {n}");
    }
}

#[test]
fn no_total_is_so_small_that_nothing_is_enough() {
    for total in 0..4 {
        assert!(least(total, 1, 1_000, Rounding::FloorGe) >= U256::ONE);
    }
    assert_eq!(
        Threshold::Nominal(U256::ZERO).least(U256::from(5)),
        U256::ONE
    );
}

#[test]
fn totals_up_to_the_last_bit_are_exact() {
    let ratio = Ratio::new(2, 3).expect("a ratio");
    let exact = Threshold::Share {
        ratio,
        rounding: Rounding::ExactGe,
    };
    // 2^256 - 1 is divisible by three.
    assert_eq!(
        exact.least(U256::MAX),
        U256::MAX / U256::from(3) * U256::from(2)
    );
}

#[test]
fn policies_that_can_never_be_met_or_always_are_not_made() {
    assert!(matches!(
        Ratio::new(0, 3),
        Err(PolicyError::RatioRange { .. })
    ));
    assert!(matches!(
        Ratio::new(4, 3),
        Err(PolicyError::RatioRange { .. })
    ));
    assert!(matches!(
        Ratio::new(0, 0),
        Err(PolicyError::RatioRange { .. })
    ));
    assert_eq!(Policy::new(Vec::new()), Err(PolicyError::NoDemands));
    let all = Ratio::new(1, 1).expect("a ratio");
    assert_eq!(
        Policy::share(all, Rounding::StrictGt),
        Err(PolicyError::NeverMet)
    );
}

proptest! {
    #[test]
    fn thresholds_agree_with_their_definition(
        total in 1u64.., signed in 0u64.., numerator in 1u64..=10_000, more in 0u64..=10_000,
    ) {
        let denominator = numerator + more;
        let (signed, t) = (u128::from(signed % total), u128::from(total));
        let (n, d) = (u128::from(numerator), u128::from(denominator));
        let passes = |rounding| U256::from(signed) >= least(total, numerator, denominator, rounding);
        prop_assert_eq!(passes(Rounding::FloorGe), signed > 0 && signed >= t * n / d);
        prop_assert_eq!(passes(Rounding::ExactGe), signed * d >= t * n);
        prop_assert_eq!(passes(Rounding::StrictGt), signed * d > t * n);
    }
}

#[test]
fn lint_warns_exactly_where_two_disjoint_halves_could_pass() {
    let total = 100;
    let operators = [Operator::new(7, &[(0, 60)]), Operator::new(8, &[(0, 40)])];
    let set = rig::set_of(rig::draft(&operators, Twins::Unknown));
    for percent in 1..=100 {
        for rounding in [Rounding::FloorGe, Rounding::ExactGe, Rounding::StrictGt] {
            if percent == 100 && rounding == Rounding::StrictGt {
                continue;
            }
            let warned = !share(percent, 100, rounding).lint(&set).is_empty();
            let least = least(total, percent, 100, rounding);
            assert_eq!(
                warned,
                least + least <= U256::from(total),
                "{percent} {rounding:?}"
            );
        }
    }
}

#[test]
fn lint_sees_that_rounding_down_breaks_a_majority() {
    // floor(3 * 0.66) = 1: one of three is enough, and so is another one.
    let operators = [1u64, 2, 3].map(|secret| Operator::new(secret, &[(0, 1)]));
    let set = rig::set_of(rig::draft(&operators, Twins::Unknown));
    let warnings = share(66, 100, Rounding::FloorGe).lint(&set);
    assert_eq!(
        warnings,
        [Warning::ConflictPossible {
            column: 0,
            least: U256::from(1),
            total: U256::from(3),
        }]
    );
    assert!(share(66, 100, Rounding::ExactGe).lint(&set).is_empty());
}

#[test]
fn policy_ids_differ_in_every_field() {
    let ratio = |n, d| Ratio::new(n, d).expect("a ratio");
    let demand = |columns, threshold, unit| Demand {
        columns,
        threshold,
        unit,
    };
    let part = |n, d, rounding| Threshold::Share {
        ratio: ratio(n, d),
        rounding,
    };
    let base = part(2, 3, Rounding::FloorGe);
    let of = |demands| Policy::new(demands).expect("a policy");
    let plain = of(vec![demand(Columns::Each, base, Unit::Weight)]);
    let two = std::num::NonZeroU32::new(2).expect("two");
    let chain = U256::from(10);
    let policies = [
        plain.clone(),
        of(vec![demand(Columns::Number(0), base, Unit::Weight)]),
        of(vec![demand(Columns::Number(1), base, Unit::Weight)]),
        of(vec![demand(Columns::Each, base, Unit::Count)]),
        of(vec![demand(
            Columns::Each,
            part(3, 4, Rounding::FloorGe),
            Unit::Weight,
        )]),
        of(vec![demand(
            Columns::Each,
            part(2, 4, Rounding::FloorGe),
            Unit::Weight,
        )]),
        of(vec![demand(
            Columns::Each,
            part(2, 3, Rounding::ExactGe),
            Unit::Weight,
        )]),
        of(vec![demand(
            Columns::Each,
            Threshold::Nominal(U256::from(2)),
            Unit::Weight,
        )]),
        of(vec![demand(Columns::Each, base, Unit::Weight); 2]),
        plain.clone().with_least_signers(two),
        plain.clone().with_max_staleness(0),
        plain.clone().with_max_staleness(1),
        plain.clone().with_superseded(Superseded::Accepted),
        plain.clone().with_grade(Grade::Evidential),
        plain.clone().with_scope(ReplayScope::Chain(chain)),
        plain.clone().with_scope(ReplayScope::ChainSigned(chain)),
        plain.with_scope(ReplayScope::Chain(U256::from(11))),
    ];
    let ids: std::collections::BTreeSet<_> = policies.iter().map(Policy::id).collect();
    assert_eq!(ids.len(), policies.len());
}
