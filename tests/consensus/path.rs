//! A light client's way over two forks (`vectors/light-client.json`).

use std::sync::Arc;

use serde_json::Value;
use tutti_domain::ethereum::{
    BeaconChain, Forced, Format, LightClientStore, LightClientUpdate, Preset, Shape, ShapeEpochs,
    SszError, UpdateFault,
};
use tutti_domain::{
    Cause, Obligation, OneByOne, Outcome, Reason, Register, Stored, Succession, SuccessionError,
};
use tutti_statements::U256;
use tutti_statements::ethereum::ForkSchedule;
use tutti_types::{InvalidReason, Limits, Part, UndecidedCause, Verdict};

use crate::{advance, process, vectors};

struct Way {
    json: Value,
    store: LightClientStore,
}

fn shape(name: &Value) -> Shape {
    match name.as_str() {
        Some("capella") => Shape::Capella,
        Some("deneb") => Shape::Deneb,
        Some("electra") => Shape::Electra,
        other => panic!("no shape {other:?}"),
    }
}

fn way() -> Way {
    let json = vectors::own("light-client.json");
    let root: [u8; 32] = vectors::octets(&json["genesis_validators_root"]);
    let forks = json["forks"].as_array().expect("forks");
    let fork = |at: usize| {
        let epoch = forks[at]["epoch"].as_u64().expect("an epoch");
        (epoch, vectors::octets(&forks[at]["version"]))
    };
    let chain = BeaconChain {
        chain: U256::from(7),
        preset: Preset::MINIMAL,
        shapes: ShapeEpochs {
            capella: fork(0).0,
            deneb: fork(1).0,
            electra: fork(2).0,
        },
        forks: ForkSchedule::new(root, vec![fork(0), fork(1), fork(2)]).expect("in order"),
    };
    let format = Format {
        preset: Preset::MINIMAL,
        shape: Shape::Capella,
    };
    let bootstrap = format
        .bootstrap(&vectors::bytes(&json["bootstrap"]))
        .expect("a bootstrap");
    let trusted = vectors::octets(&json["trusted_root"]);
    let limits = Limits::default();
    let store =
        LightClientStore::bootstrap(Arc::new(chain), limits, &trusted, bootstrap, &OneByOne);
    Way {
        json,
        store: store.expect("a bootstrap that fits"),
    }
}

fn decode(step: &Value, ssz: &[u8]) -> Result<LightClientUpdate, SszError> {
    let format = Format {
        preset: Preset::MINIMAL,
        shape: shape(&step["shape"]),
    };
    match step["kind"].as_str() {
        Some("update") => format.update(ssz),
        Some("finality") => format.finality_update(ssz),
        _ => format.optimistic_update(ssz),
    }
}

fn update(step: &Value) -> LightClientUpdate {
    decode(step, &vectors::bytes(&step["ssz"])).expect("an update")
}

fn present_slot(step: &Value) -> u64 {
    step["present_slot"].as_u64().expect("a slot")
}

fn check(store: &LightClientStore, step: &Value) {
    let expected = |name: &str| step["store"][name].as_u64().expect("a slot");
    assert_eq!(
        store.finalized().beacon.slot,
        expected("finalized"),
        "{step}"
    );
    assert_eq!(
        store.optimistic().beacon.slot,
        expected("optimistic"),
        "{step}"
    );
    for (header, name) in [
        (store.finalized(), "finalized"),
        (store.optimistic(), "attested"),
    ] {
        if step[name]["slot"] == header.beacon.slot {
            assert_eq!(header.root(), vectors::octets(&step[name]["root"]));
        }
    }
}

fn steps(json: &Value, name: &str) -> Vec<Value> {
    json[name].as_array().expect("steps").clone()
}

/// Goes the whole way but for the last `left` steps.
fn walked(way: &mut Way, left: usize) -> Vec<Value> {
    let mut steps = steps(&way.json, "steps");
    let rest = steps.split_off(steps.len() - left);
    for step in &steps {
        let outcome = process(&mut way.store, update(step), present_slot(step));
        assert!(
            matches!(outcome, Outcome::Accept(_)),
            "{outcome:?} of {step}"
        );
        check(&way.store, step);
    }
    rest
}

/// What is left to compute of every step, each judged when its turn has come.
pub(crate) fn judged_on_the_way() -> Vec<Obligation> {
    let mut way = way();
    let steps = steps(&way.json, "steps");
    let judged = steps.iter().map(|step| {
        let proceeding = way.store.judge(update(step), present_slot(step));
        let pending = proceeding
            .into_pending()
            .expect("only the signature is left");
        let obligation = pending.obligation().clone();
        way.store.conclude(pending, Verdict::Valid);
        obligation
    });
    judged.collect()
}

#[test]
fn a_light_client_goes_over_committees_and_forks() {
    let mut way = way();
    walked(&mut way, 0);
    assert_eq!(way.store.current_committee().reference().at, 4);
    assert_eq!(way.store.next_committee().expect("known").reference().at, 5);
}

/// Committees as sets, each stored on the word of the one before.
#[test]
fn each_sync_committee_names_the_next() {
    let way = way();
    let chain = way.store.chain();
    let mut register = Register::new(&Limits::default());
    register
        .put(way.store.current_committee().clone())
        .expect("the first");
    let mut periods = Vec::new();
    for step in steps(&way.json, "steps") {
        if step["kind"] != "update" {
            continue;
        }
        match advance(&mut register, chain, &update(&step)) {
            Ok(Stored::New) => {
                let (newest, _) = register.newest(&chain.sync_committees()).expect("stored");
                periods.push(newest.set.reference().at);
            }
            // A second update of the period is of the committee before the newest.
            Ok(Stored::Known) | Err(Reason::OtherReference { .. }) => {}
            other => panic!("{other:?} of {step}"),
        }
    }
    assert_eq!(periods, [1, 2, 3, 4, 5]);
}

#[test]
fn less_than_two_thirds_name_no_committee() {
    let way = way();
    let chain = way.store.chain();
    let few = steps(&way.json, "steps")
        .into_iter()
        .find(|step| step["participants"] == 21);
    let update = update(&few.expect("a step with 21 of 32"));
    let period = chain.period_at(update.signature_slot);
    let mut register = Register::new(&Limits::default());
    let before = steps(&way.json, "steps");
    register
        .put(way.store.current_committee().clone())
        .expect("the first");
    for step in before.iter().filter(|step| step["kind"] == "update") {
        let newest = register
            .newest(&chain.sync_committees())
            .expect("stored")
            .0
            .set
            .clone();
        if newest.reference().at == period {
            break;
        }
        assert_eq!(
            advance(&mut register, chain, &self::update(step)),
            Ok(Stored::New)
        );
    }
    let outcome = advance(&mut register, chain, &update);
    assert!(
        matches!(outcome, Err(Reason::ThresholdNotMet { .. })),
        "{outcome:?}"
    );
}

#[test]
fn a_committee_without_finality_or_proof_is_not_named() {
    let way = way();
    let chain = way.store.chain();
    let good = update(&steps(&way.json, "steps")[1]);
    let refused = |change: &dyn Fn(&mut LightClientUpdate)| {
        let mut changed = good.clone();
        change(&mut changed);
        match Succession::sync_committee(chain, &changed, &Limits::default(), &OneByOne) {
            Err(SuccessionError::Update(fault)) => fault,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        refused(&|u| u.next_committee = None),
        UpdateFault::NoCommittee
    );
    assert_eq!(refused(&|u| u.finality = None), UpdateFault::PeriodNotFinal);
    assert_eq!(
        refused(&|u| u.signature_slot = 64),
        UpdateFault::PeriodNotFinal
    );
    assert_eq!(
        refused(&|u| u
            .next_committee
            .as_mut()
            .expect("next")
            .committee
            .keys
            .swap(0, 1)),
        UpdateFault::CommitteeBranch
    );
    assert_eq!(
        refused(&|u| u.finality.as_mut().expect("final").branch[0][0] ^= 1),
        UpdateFault::FinalityBranch
    );
    assert_eq!(
        refused(&|u| u.attested.execution.gas_used ^= 1),
        UpdateFault::AttestedHeader
    );
}

#[test]
fn an_update_that_skips_a_period_has_no_committee_to_judge_it() {
    let mut way = way();
    let rest = walked(&mut way, 6);
    let last = rest.last().expect("six");
    let Outcome::Reject(reason) = process(&mut way.store, update(last), present_slot(last)) else {
        panic!("it is two periods ahead");
    };
    assert!(
        matches!(reason, Reason::OtherReference { .. }),
        "{reason:?}"
    );
}

#[test]
fn without_finality_a_client_may_be_forced_on_after_the_timeout() {
    let mut way = way();
    walked(&mut way, 0);
    let timeout = 290 + 64;
    assert_eq!(way.store.force(timeout + 1), Forced::NothingSeen);
    for step in steps(&way.json, "unfinal") {
        let outcome = process(&mut way.store, update(&step), present_slot(&step));
        assert!(matches!(outcome, Outcome::Accept(_)), "{outcome:?}");
        check(&way.store, &step);
    }
    assert_eq!(
        way.store.force(timeout),
        Forced::TooEarly { until: timeout }
    );
    assert_eq!(way.store.force(timeout + 1), Forced::Advanced);
    // Of the two the one with more votes, and its finalized header.
    assert_eq!(way.store.finalized().beacon.slot, 318);
    assert_eq!(way.store.optimistic().beacon.slot, 332);
    assert_eq!(way.store.force(10_000), Forced::NothingSeen);
}

/// Faults of devices move nothing and reject nothing; invalid signatures move nothing.
#[test]
fn only_a_valid_signature_moves_a_store() {
    let mut way = way();
    let step = &walked(&mut way, 1)[0];
    let invalid = Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole);
    let undecided = Verdict::Undecided(UndecidedCause::DeviceFault);
    for (verdict, expected) in [
        (invalid, Outcome::Reject(Reason::SignatureInvalid)),
        (
            undecided,
            Outcome::Indeterminate(Cause::Backend(UndecidedCause::DeviceFault)),
        ),
    ] {
        let proceeding = way.store.judge(update(step), present_slot(step));
        let pending = proceeding
            .into_pending()
            .expect("only the signature is left");
        assert_eq!(way.store.conclude(pending, verdict), expected);
        assert_eq!(way.store.finalized().beacon.slot, 236);
        assert_eq!(way.store.optimistic().beacon.slot, 250);
    }
}

/// Two updates are judged before either is concluded: the older one comes too late.
#[test]
fn an_update_overtaken_by_another_is_refused_when_it_is_concluded() {
    let mut way = way();
    let steps = walked(&mut way, 2);
    let pending = |step: &Value| {
        let proceeding = way.store.judge(update(step), present_slot(step));
        proceeding
            .into_pending()
            .expect("only the signature is left")
    };
    let (older, newer) = (pending(&steps[0]), pending(&steps[1]));
    assert!(matches!(
        way.store.conclude(newer, Verdict::Valid),
        Outcome::Accept(_)
    ));
    let Outcome::Reject(reason) = way.store.conclude(older, Verdict::Valid) else {
        panic!("slot 250 is not news after 290 is final");
    };
    assert!(
        matches!(
            reason,
            Reason::OtherReference { .. } | Reason::Update(UpdateFault::NotRelevant { .. })
        ),
        "{reason:?}"
    );
    assert_eq!(way.store.finalized().beacon.slot, 290);
}

/// No bit of any kind of update, in any shape, is without meaning.
#[test]
fn every_bit_of_every_kind_of_update_counts() {
    let mut way = way();
    let mut tried = 0;
    for step in steps(&way.json, "steps") {
        let ssz = vectors::bytes(&step["ssz"]);
        // Structure is quick to look at, keys and pairings are not: a prime step hits all fields.
        for bit in (0..8 * ssz.len()).step_by(vectors::stride(499)) {
            let mut flipped = ssz.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Ok(changed) = decode(&step, &flipped) else {
                continue;
            };
            tried += 1;
            let mut store = way.store.clone();
            let outcome = process(&mut store, changed, present_slot(&step));
            assert!(matches!(outcome, Outcome::Reject(_)), "bit {bit} of {step}");
        }
        let outcome = process(&mut way.store, update(&step), present_slot(&step));
        assert!(matches!(outcome, Outcome::Accept(_)));
    }
    assert!(tried > 300, "only {tried} changes could be read");
}

/// An execution header's extra data stand at its end: cut, they are other data.
#[test]
fn updates_that_are_cut_or_prolonged_are_not_believed() {
    let mut way = way();
    for step in steps(&way.json, "steps") {
        let ssz = vectors::bytes(&step["ssz"]);
        let longer = [&ssz[..], &[0; 64]].concat();
        assert!(decode(&step, &longer).is_err());
        for end in (0..ssz.len()).step_by(vectors::stride(97)) {
            if let Ok(cut) = decode(&step, &ssz[..end]) {
                let outcome = process(&mut way.store.clone(), cut, present_slot(&step));
                assert!(
                    matches!(outcome, Outcome::Reject(_)),
                    "{end} bytes of {step}"
                );
            }
        }
        process(&mut way.store, update(&step), present_slot(&step));
    }
}
