//! Operator sets: what is computed of them, what makes them no set, and how they are kept.

use std::collections::BTreeSet;
use std::sync::Arc;

use tutti_curves::{Group, Member, Wire, bn254};
use tutti_domain::eigen::{OperatorInfo, operator_tree};
use tutti_domain::{
    Address, B256, Key, KeyKind, Obligation, OperatorTree, Possession, PossessionProof, Reference,
    ReferenceKind, Register, RegisterError, Registration, Roster, Seating, SetDraft, SetError,
    SetId, SetName, SetState, StatedAggregate, Stored, U256, Validity,
};
use tutti_types::{InvalidReason, Limits, Part, UndecidedCause, Verdict};

use crate::rig::{self, Operator, Twins, draft, g1, g2, operators};

fn fault(change: impl FnOnce(&mut SetDraft)) -> SetError {
    let mut broken = draft(&operators(), Twins::Unknown);
    change(&mut broken);
    broken.check(&Limits::default()).expect_err("no set")
}

#[test]
fn totals_and_aggregate_keys_are_computed_of_the_members() {
    let set = rig::set(Twins::Known);
    let columns: Vec<_> = set.columns().iter().map(|c| (c.number, c.total)).collect();
    assert_eq!(
        columns,
        [
            (0, U256::from(100)),
            (1, U256::from(100)),
            (5, U256::from(100))
        ]
    );
    let apks: Vec<_> = set
        .aggregates()
        .iter()
        .map(|a| a.apk.expect("BN254"))
        .collect();
    assert_eq!(apks, [g1(3_006), g1(3_008), g1(3_012)]);
    let counts: Vec<_> = set.aggregates().iter().map(|a| a.operators).collect();
    assert_eq!(counts, [Some(3), Some(3), Some(3)]);
    let bitmap = |index: usize| set.members()[index].bitmap;
    assert_eq!(bitmap(0), U256::from(0b11));
    assert_eq!(bitmap(2), U256::from(0b10_0011));
}

#[test]
fn an_operators_id_is_the_hash_eigenlayer_gives_it() {
    // The key and id of eigensdk-rs' tests, which its issue 171 logs too.
    let secret = "12248929636257230549931416853095037629726205319386239410403476017439825112537";
    let secret: ark_bn254::Fr = secret.parse().expect("a number");
    let key = (bn254::G1::generator() * secret).into();
    let key = Key::Bn254 {
        g1: Member::check(key).expect("prime order"),
        g2: None,
    };
    let id: B256 = "0xb345f720903a3ecfd59f3de456dd9d266c2ce540b05e8c909106962684d9afa3"
        .parse()
        .expect("hexadecimal");
    assert_eq!(key.id(), id);
}

#[test]
fn keys_that_are_no_points_of_the_subgroup_are_refused() {
    let infinity = [0; 64];
    assert_eq!(Key::bn254(&infinity, None), Err(InvalidReason::Infinity));
    let mut off_curve = [0; 64];
    off_curve[63] = 1;
    assert_eq!(Key::bn254(&off_curve, None), Err(InvalidReason::NotOnCurve));
    // (1 + p, 2): the generator in coordinates that are not canonical.
    let modulus = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd48";
    let bytes = [
        hex::decode(modulus).expect("hexadecimal"),
        vec![0; 31],
        vec![2],
    ]
    .concat();
    assert_eq!(Key::bn254(&bytes, None), Err(InvalidReason::NonCanonical));
}

#[test]
fn drafts_that_do_not_add_up_are_named_for_what_is_wrong() {
    assert_eq!(fault(|d| d.columns.clear()), SetError::NoColumns);
    assert_eq!(
        fault(|d| d.columns.swap(0, 1)),
        SetError::ColumnsUnordered(0)
    );
    assert_eq!(fault(|d| d.columns[1].0 = 0), SetError::ColumnsUnordered(0));
    assert_eq!(
        fault(|d| d.columns[2].0 = 192),
        SetError::QuorumNumberTooLarge(192)
    );
    assert_eq!(fault(|d| d.members.clear()), SetError::NoMembers);
    assert_eq!(
        fault(|d| d.members[3] = d.members[1].clone()),
        SetError::DuplicateKey(1, 3)
    );
    assert_eq!(
        fault(|d| d.keys = KeyKind::Ecdsa),
        SetError::OtherKeyKind(0)
    );
    let unknown = SetError::UnknownColumn {
        member: 1,
        column: 9,
    };
    assert_eq!(
        fault(|d| d.members[1].weights.push((9, U256::ONE))),
        unknown
    );
    let twice = SetError::UnknownColumn {
        member: 1,
        column: 0,
    };
    assert_eq!(fault(|d| d.members[1].weights.push((0, U256::ONE))), twice);
    assert_eq!(
        fault(|d| d.members[1].weights[0].1 = U256::MAX),
        SetError::WeightOverflow(0)
    );
    let other_total = SetError::OtherTotal {
        column: 0,
        stated: U256::from(99),
        computed: U256::from(100),
    };
    assert_eq!(
        fault(|d| d.columns[0].1 = Some(U256::from(99))),
        other_total
    );
    assert_eq!(
        fault(|d| d.validity.until = 999),
        SetError::OutsideValidity {
            at: 1_000,
            from: 1_000,
            until: 999
        }
    );
    let tree = |operators| OperatorTree {
        root: B256::repeat_byte(1),
        operators,
    };
    assert_eq!(
        fault(|d| d.tree = Some(tree(4))),
        SetError::OtherTreeSize {
            stated: 4,
            listed: 5
        }
    );
    let rootless = OperatorTree {
        root: B256::ZERO,
        operators: 5,
    };
    assert_eq!(fault(|d| d.tree = Some(rootless)), SetError::EmptyTreeRoot);
}

#[test]
fn keys_that_cancel_make_no_quorum() {
    let minus = bn254::G1::negate(&g1(1_001));
    let error = fault(|d| {
        d.members.truncate(1);
        let mut cancelling = d.members[0].clone();
        cancelling.key = Key::Bn254 {
            g1: Member::check(minus).expect("prime order"),
            g2: None,
        };
        d.members.push(cancelling);
        d.columns.truncate(2);
    });
    assert_eq!(error, SetError::AggregateInfinity(0));
}

#[test]
fn rosters_that_are_not_complete_state_totals_and_keys() {
    let witnessed = |d: &mut SetDraft| {
        d.roster = Roster::Witnessed {
            possession: Possession::AttestedBySource,
        };
    };
    assert_eq!(fault(witnessed), SetError::TotalMissing(0));
    let totals = |d: &mut SetDraft| {
        witnessed(d);
        d.columns
            .iter_mut()
            .for_each(|c| c.1 = Some(U256::from(1_000)));
    };
    assert_eq!(
        fault(totals),
        SetError::AggregatesMismatch {
            expected: 3,
            found: 0
        }
    );
    let keyless = |d: &mut SetDraft| {
        totals(d);
        d.aggregates = vec![
            StatedAggregate {
                apk: None,
                operators: None
            };
            3
        ];
    };
    assert_eq!(fault(keyless), SetError::AggregateKeyMissing(0));
    let light = |d: &mut SetDraft| {
        totals(d);
        d.columns[2].1 = Some(U256::from(99));
    };
    assert!(matches!(
        fault(light),
        SetError::OtherTotal { column: 5, .. }
    ));
}

#[test]
fn twin_keys_of_two_secrets_are_refused() {
    let mut broken = draft(&operators(), Twins::Known);
    broken.members[2].key = Key::Bn254 {
        g1: Member::check(g1(1_003)).expect("prime order"),
        g2: Some(Member::check(g2(1_004)).expect("a multiple")),
    };
    let candidate = broken.check(&Limits::default()).expect("adds up");
    let verdicts: Vec<_> = candidate.ties().iter().map(Obligation::verdict).collect();
    assert_eq!(
        verdicts[2],
        Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole)
    );
    assert_eq!(
        candidate.conclude(&verdicts).err(),
        Some(SetError::KeysUntied(2))
    );
    let candidate = draft(&operators(), Twins::Known)
        .check(&Limits::default())
        .expect("adds up");
    let mut verdicts = vec![Verdict::Valid; 5];
    verdicts[4] = Verdict::Undecided(UndecidedCause::DeviceFault);
    assert_eq!(
        candidate.conclude(&verdicts).err(),
        Some(SetError::TiesUndecided(4))
    );
}

fn registration() -> Registration {
    Registration::Coordinator {
        chain_id: 17_000,
        contract: Address::repeat_byte(0xc0),
        operator: Address::repeat_byte(0x0e),
    }
}

fn registrar() -> Registration {
    Registration::KeyRegistrar {
        chain_id: 1,
        contract: Address::repeat_byte(0xc1),
        major_version: "v1".into(),
        operator: Address::repeat_byte(0x0e),
        avs: Address::repeat_byte(0xa5),
        operator_set: 7,
    }
}

#[test]
fn registrations_are_hashed_as_the_contracts_do_it() {
    // Computed with eth-abi and pycryptodome of 69 times the generators.
    let digests = [registration(), registrar()].map(|r| hex::encode(r.digest(&g1(69), &g2(69))));
    assert_eq!(
        digests,
        [
            "079e029a0722ab1586bd2b804ca2a94386d714ace049f28a2da9662698771b75",
            "da217fc3d24ad8e2f9d559519741cd903149c6f9c9d87ef87065e8e98ad43166"
        ]
    );
}

#[test]
fn possession_is_verified_or_not_claimed() {
    let proof = |member: u32, secret: u64, registration: Registration| {
        let digest = registration.digest(&g1(1_002), &g2(1_002));
        PossessionProof {
            member,
            registration,
            signature: Wire::Point(rig::sign(digest, secret)),
        }
    };
    let outcome = |twins, proofs: &[PossessionProof]| {
        let mut claiming = draft(&operators(), twins);
        claiming.members[1].possession = Possession::Verified;
        let candidate = claiming.check_proved(&Limits::default(), proofs)?;
        let verdicts: Vec<_> = candidate.ties().iter().map(Obligation::verdict).collect();
        candidate.conclude(&verdicts)
    };
    for registration in [registration(), registrar()] {
        let good = proof(1, 1_002, registration.clone());
        let set = outcome(Twins::Known, std::slice::from_ref(&good)).expect("proved");
        assert_eq!(set.members()[1].possession, Possession::Verified);
        let unusable = outcome(Twins::Unknown, &[good]).err();
        assert_eq!(unusable, Some(SetError::ProofUnusable(1)));
        let forged = outcome(Twins::Known, &[proof(1, 1_003, registration)]).err();
        assert_eq!(forged, Some(SetError::PossessionDisproved(1)));
    }
    assert_eq!(
        outcome(Twins::Known, &[]).err(),
        Some(SetError::ProofMissing(1))
    );
    let elsewhere = proof(9, 1_002, registration());
    let unusable = outcome(Twins::Known, &[elsewhere]).err();
    assert_eq!(unusable, Some(SetError::ProofUnusable(9)));
    // Another's proof, replayed.
    let mut replayed = proof(1, 1_002, registration());
    replayed.registration = registrar();
    let refused = outcome(Twins::Known, &[replayed]).err();
    assert_eq!(refused, Some(SetError::PossessionDisproved(1)));
}

#[test]
fn ids_differ_in_every_field() {
    type Change = fn(&mut SetDraft);
    let changes: [Change; 18] = [
        |_| (),
        |d| d.name = rig::label("another"),
        |d| {
            d.name = SetName::Contract {
                chain_id: 2,
                address: Address::repeat_byte(0x11),
            }
        },
        |d| d.reference.kind = ReferenceKind::Epoch,
        |d| {
            d.reference.at = 1_001;
            d.validity.until = 1_001;
        },
        |d| d.validity.from = 999,
        |d| d.validity.until = 1_001,
        |d| d.validity.max_staleness = Some(0),
        |d| d.members[0].key = Operator::new(4_444, &[]).key(Twins::Unknown),
        |d| d.members[0].key = Operator::new(1_001, &[]).key(Twins::Known),
        |d| d.members[0].possession = Possession::None,
        |d| d.members[0].weights[0].1 = U256::from(51),
        |d| {
            d.members[0].weights[0].1 = U256::from(30);
            d.members[1].weights[0].1 = U256::from(50);
        },
        |d| d.members[1].weights.push((5, U256::ZERO)),
        |d| d.members.swap(0, 1),
        |d| {
            d.members.truncate(2);
            d.columns.truncate(1);
            d.members[0].weights.truncate(1);
        },
        |d| {
            d.members.truncate(2);
            d.columns.truncate(1);
            d.members[0].weights.truncate(1);
            let info = |secret: u64, weight: u64| OperatorInfo {
                key: Wire::Point(g1(secret)),
                weights: vec![U256::from(weight)],
            };
            d.tree = Some(operator_tree(&[info(1_001, 50), info(1_002, 30)]));
        },
        |d| d.members.truncate(4),
    ];
    let ids: BTreeSet<SetId> = changes
        .iter()
        .map(|change| {
            let mut changed = draft(&operators(), Twins::Unknown);
            change(&mut changed);
            rig::set_of(changed).id()
        })
        .collect();
    assert_eq!(ids.len(), changes.len());
    let again = rig::set(Twins::Unknown).id();
    assert_eq!(
        rig::set(Twins::Unknown).id(),
        again,
        "the same set has the same id"
    );
}

#[test]
fn one_key_may_sit_twice_where_that_is_said() {
    let mut seats = draft(&operators(), Twins::Unknown);
    seats.members[3] = seats.members[1].clone();
    seats.seating = Seating::Repeated;
    let set = rig::set_of(seats);
    assert_eq!(set.members()[3].id, set.members()[1].id);
    assert_eq!(set.seat_of(&g1(operators()[1].secret)), Some(1));
}

fn at(reference: u64) -> Arc<tutti_domain::OperatorSet> {
    let mut draft = draft(&operators(), Twins::Unknown);
    draft.reference.at = reference;
    draft.validity = Validity {
        from: reference,
        until: reference + 9,
        max_staleness: None,
    };
    Arc::new(rig::set_of(draft))
}

#[test]
fn references_grow_and_stored_ones_never_change() {
    let mut register = Register::new(&Limits::default());
    assert_eq!(register.put(at(100)), Ok(Stored::New));
    assert_eq!(register.put(at(100)), Ok(Stored::Known));
    assert_eq!(register.put(at(110)), Ok(Stored::New));
    assert_eq!(register.put(at(100)), Ok(Stored::Known));
    assert!(matches!(
        register.put(at(105)),
        Err(RegisterError::ReferenceNotLater { .. })
    ));
    let mut other = draft(&operators()[..4], Twins::Unknown);
    other.reference.at = 100;
    other.validity = Validity::only(100);
    let other = Arc::new(rig::set_of(other));
    assert!(matches!(
        register.put(other.clone()),
        Err(RegisterError::ReferenceTaken(_))
    ));
    let mut epochs = draft(&operators(), Twins::Unknown);
    epochs.reference = Reference::new(ReferenceKind::Epoch, 500);
    epochs.validity = Validity::only(500);
    assert!(matches!(
        register.put(Arc::new(rig::set_of(epochs))),
        Err(RegisterError::OtherReferenceKind { .. })
    ));
    assert!(register.get(other.id()).is_none());
    assert_eq!(register.list().count(), 2);
}

#[test]
fn past_references_answer_as_they_did() {
    let mut register = Register::new(&Limits::default());
    for reference in [100, 110, 130] {
        register.put(at(reference)).expect("grows");
    }
    let found = |asked: u64| {
        let asked = Reference::new(ReferenceKind::Block, asked);
        let (entry, state) = register.at(&rig::name(), asked)?;
        Some((entry.set.reference().at, state))
    };
    assert_eq!(found(99), None);
    assert_eq!(found(100), Some((100, SetState::Superseded)));
    assert_eq!(found(109), Some((100, SetState::Superseded)));
    assert_eq!(found(110), Some((110, SetState::Superseded)));
    assert_eq!(found(120), None, "between two sets nothing is known");
    assert_eq!(found(139), Some((130, SetState::Active)));
    assert_eq!(found(140), None);
    let (newest, state) = register.newest(&rig::name()).expect("stored");
    assert_eq!((newest.set.reference().at, state), (130, SetState::Active));
}

#[test]
fn disabled_sets_stay_readable_and_disabled() {
    let mut register = Register::new(&Limits::default());
    let (first, second) = (at(100), at(110));
    register.put(first.clone()).expect("grows");
    register.disable(first.id()).expect("stored");
    register.put(second.clone()).expect("grows");
    let state = |register: &Register, id| register.get(id).expect("stored").1;
    assert_eq!(state(&register, first.id()), SetState::Disabled);
    assert_eq!(state(&register, second.id()), SetState::Active);
    let unknown = SetId(B256::repeat_byte(9));
    assert_eq!(
        register.disable(unknown),
        Err(RegisterError::UnknownSet(unknown))
    );
    assert_eq!(register.put(first.clone()), Ok(Stored::Known));
    assert_eq!(
        register.get(first.id()).expect("stored").1,
        SetState::Disabled
    );
}

#[test]
fn registers_are_bounded() {
    let limits = Limits {
        key_sets_max: 2,
        keys_total_max: 12,
        ..Limits::default()
    };
    let mut register = Register::new(&limits);
    register.put(at(100)).expect("room");
    register.put(at(110)).expect("room");
    assert_eq!(
        register.put(at(120)),
        Err(RegisterError::TooManySets { sets: 2 })
    );
    let mut register = Register::new(&Limits {
        keys_total_max: 9,
        ..limits
    });
    register.put(at(100)).expect("room");
    assert_eq!(
        register.put(at(110)),
        Err(RegisterError::TooManyMembers { members: 5 })
    );
    let small = Limits {
        keys_per_set_max: 4,
        ..Limits::default()
    };
    let error = draft(&operators(), Twins::Unknown)
        .check(&small)
        .expect_err("too many");
    assert_eq!(
        error,
        SetError::TooManyMembers {
            members: 5,
            limit: 4
        }
    );
}
