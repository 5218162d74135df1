//! Sync committees of Ethereum mainnet (Capella).

use std::sync::Arc;

use tutti_curves::{Wire, bls12_381};
use tutti_domain::ethereum::{
    BeaconChain, Bootstrap, BootstrapError, LightClientStore, LightClientUpdate, SyncAggregate,
    UpdateFault, beacon_api,
};
use tutti_domain::{OneByOne, Outcome, Reason, Reference, ReferenceKind, Register, Stored};
use tutti_types::Limits;

use crate::{advance, process, vectors};

/// The checkpoint that a16z/helios trusts in its tests.
const CHECKPOINT: &str = "5afc212a7924789b2bc86acad3ab3a6ffb1f6e97253ea50bee7f4f51422c9275";

struct Mainnet {
    bootstrap: Bootstrap,
    /// In the order of their slots: those with committees, then the others.
    updates: Vec<LightClientUpdate>,
}

fn mainnet() -> Option<Mainnet> {
    let folder = vectors::folder("light-client")?;
    let read = |name: &str| vectors::text(&folder.join(format!("mainnet-capella-{name}.json")));
    let mut updates = beacon_api::updates(&read("updates")).expect("updates");
    updates.push(beacon_api::update(&read("finality")).expect("a finality update"));
    if folder.join("mainnet-capella-optimistic.json").exists() {
        updates.push(beacon_api::update(&read("optimistic")).expect("an optimistic update"));
    }
    let bootstrap = beacon_api::bootstrap(&read("bootstrap")).expect("a bootstrap");
    Some(Mainnet { bootstrap, updates })
}

fn checkpoint() -> [u8; 32] {
    hex::decode(CHECKPOINT)
        .expect("digits")
        .try_into()
        .expect("32 bytes")
}

fn begin(bootstrap: Bootstrap) -> Result<LightClientStore, BootstrapError> {
    let chain = Arc::new(BeaconChain::mainnet());
    LightClientStore::bootstrap(
        chain,
        Limits::default(),
        &checkpoint(),
        bootstrap,
        &OneByOne,
    )
}

/// An update verifies in its period and in the one after the store's; one that skips a period
/// waits for the committee it needs.
#[test]
fn mainnet_updates_verify_in_their_order() {
    let Some(Mainnet { bootstrap, updates }) = mainnet() else {
        return;
    };
    let mut store = begin(bootstrap).expect("the checkpoint's bootstrap");
    let mut accepted = 0;
    for update in updates {
        let period = store.chain().period_at(update.signature_slot);
        let slot = update.signature_slot;
        let reference = Reference::new(ReferenceKind::Period, period);
        let reachable = [Some(store.current_committee()), store.next_committee()]
            .into_iter()
            .flatten()
            .any(|set| set.reference() == reference);
        let finalized = update
            .finality
            .as_ref()
            .and_then(|f| f.header.as_ref())
            .map(|h| h.beacon.slot);
        let newer = update.attested.beacon.slot > store.finalized().beacon.slot;
        match process(&mut store, update, slot) {
            Outcome::Accept(_) => {
                accepted += 1;
                assert!(reachable);
                if newer && let Some(finalized) = finalized {
                    assert_eq!(store.finalized().beacon.slot, finalized);
                }
            }
            Outcome::Reject(Reason::OtherReference { certificate }) => {
                assert_eq!(certificate, reference);
                assert!(!reachable);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(accepted >= 2, "only {accepted} updates were accepted");
    eprintln!("{accepted} mainnet updates verified");
}

#[test]
fn each_sync_committee_of_mainnet_names_the_next() {
    let Some(Mainnet { bootstrap, updates }) = mainnet() else {
        return;
    };
    let store = begin(bootstrap).expect("the checkpoint's bootstrap");
    let mut register = Register::new(&Limits::default());
    register
        .put(store.current_committee().clone())
        .expect("the first");
    let mut period = 862;
    for update in updates
        .iter()
        .filter(|update| update.next_committee.is_some())
    {
        assert_eq!(
            advance(&mut register, store.chain(), update),
            Ok(Stored::New)
        );
        period += 1;
        let (newest, _) = register
            .newest(&store.chain().sync_committees())
            .expect("stored");
        assert_eq!(newest.set.reference().at, period);
    }
    assert!(period >= 864);
}

#[test]
fn every_bit_of_a_bootstrap_counts() {
    let Some(Mainnet { bootstrap, .. }) = mainnet() else {
        return;
    };
    let refused = |change: &dyn Fn(&mut Bootstrap)| {
        let mut changed = bootstrap.clone();
        change(&mut changed);
        begin(changed).expect_err("changed")
    };
    for bit in 0..8 * 32 {
        let (byte, mask) = (bit / 8, 1_u8 << (bit % 8));
        assert_eq!(
            refused(&|b| b.header.beacon.state_root[byte] ^= mask),
            BootstrapError::OtherBlock
        );
        assert_eq!(
            refused(&|b| b.header.execution.block_hash[byte] ^= mask),
            BootstrapError::Header
        );
        assert_eq!(
            refused(&|b| b.header.execution_branch[bit % 4][byte] ^= mask),
            BootstrapError::Header
        );
        assert_eq!(
            refused(&|b| b.committee_branch[bit % 5][byte] ^= mask),
            BootstrapError::CommitteeBranch
        );
        assert_eq!(
            refused(&|b| b.committee.keys[bit][byte] ^= mask),
            BootstrapError::CommitteeBranch
        );
        assert_eq!(
            refused(&|b| b.committee.aggregate_key[byte] ^= mask),
            BootstrapError::CommitteeBranch
        );
    }
    assert_eq!(
        refused(&|b| b.committee.keys.swap(0, 1)),
        BootstrapError::CommitteeBranch
    );
}

fn rejection(store: &LightClientStore, update: LightClientUpdate, slot: u64) -> Reason {
    match process(&mut store.clone(), update, slot) {
        Outcome::Reject(reason) => reason,
        other => panic!("{other:?}"),
    }
}

type Change<'a> = dyn Fn(&mut LightClientUpdate) + 'a;

/// The second update, changed in every way, is refused for that change.
#[test]
fn every_bit_of_an_update_counts() {
    let Some(Mainnet { bootstrap, updates }) = mainnet() else {
        return;
    };
    let mut store = begin(bootstrap).expect("the checkpoint's bootstrap");
    let Outcome::Accept(_) = process(&mut store, updates[0].clone(), updates[0].signature_slot)
    else {
        panic!("the first update verifies");
    };
    let update = &updates[1];
    let slot = update.signature_slot;
    let refused = |change: &Change<'_>| {
        let mut changed = update.clone();
        change(&mut changed);
        rejection(&store, changed, slot)
    };
    for bit in (0..8 * 32).step_by(vectors::stride(13)) {
        let (byte, mask) = (bit / 8, 1_u8 << (bit % 8));
        let refusals: [(&Change<'_>, UpdateFault); 6] = [
            (
                &|u| u.attested.execution.state_root[byte] ^= mask,
                UpdateFault::AttestedHeader,
            ),
            (
                &|u| u.attested.beacon.body_root[byte] ^= mask,
                UpdateFault::AttestedHeader,
            ),
            (
                &|u| u.finality.as_mut().expect("final").branch[bit % 6][byte] ^= mask,
                UpdateFault::FinalityBranch,
            ),
            (
                &|u| u.next_committee.as_mut().expect("next").branch[bit % 5][byte] ^= mask,
                UpdateFault::CommitteeBranch,
            ),
            (
                &|u| u.next_committee.as_mut().expect("next").committee.keys[bit][byte] ^= mask,
                UpdateFault::CommitteeBranch,
            ),
            (
                &|u| {
                    let header = u.finality.as_mut().expect("final").header.as_mut();
                    header.expect("a header").beacon.parent_root[byte] ^= mask;
                },
                UpdateFault::FinalityBranch,
            ),
        ];
        for (change, fault) in refusals {
            assert_eq!(refused(change), Reason::Update(fault), "bit {bit}");
        }
        // The proposer's parent is in nothing but what was signed.
        let other_block = refused(&|u| u.attested.beacon.parent_root[byte] ^= mask);
        assert_eq!(other_block, Reason::SignatureInvalid, "bit {bit}");
        // A seat more or less: another sum of keys.
        let other_seats = refused(&|u| {
            let mut bits = u.aggregate.bits().to_vec();
            bits[bit % 64] ^= mask;
            u.aggregate = with_bits(&u.aggregate, bits);
        });
        assert_eq!(other_seats, Reason::SignatureInvalid, "bit {bit}");
    }
}

fn with_bits(aggregate: &SyncAggregate, bits: Vec<u8>) -> SyncAggregate {
    let Wire::Compressed(signature) = aggregate.signature else {
        panic!("it was parsed from compressed bytes");
    };
    SyncAggregate::new(bits, &signature).expect("the same signature")
}

#[test]
fn every_bit_of_a_sync_signature_counts() {
    let Some(Mainnet { bootstrap, updates }) = mainnet() else {
        return;
    };
    let store = begin(bootstrap).expect("the checkpoint's bootstrap");
    let update = &updates[0];
    let Wire::Compressed(signature) = update.aggregate.signature else {
        panic!("it was parsed from compressed bytes");
    };
    let bits = update.aggregate.bits();
    for bit in (0..8 * 96).step_by(vectors::stride(11)) {
        let mut flipped = signature;
        flipped[bit / 8] ^= 1 << (bit % 8);
        // Some are no encoding at all and are refused by the parser.
        let Ok(aggregate) = SyncAggregate::new(bits.to_vec(), &flipped) else {
            continue;
        };
        let changed = LightClientUpdate {
            aggregate,
            ..update.clone()
        };
        let reason = rejection(&store, changed, update.signature_slot);
        let by_curve = matches!(reason, Reason::SignatureInvalid | Reason::CurveRefused(_));
        assert!(by_curve, "bit {bit}: {reason:?}");
    }
}

#[test]
fn slots_and_participation_are_looked_at() {
    let Some(Mainnet { bootstrap, updates }) = mainnet() else {
        return;
    };
    let store = begin(bootstrap).expect("the checkpoint's bootstrap");
    let update = &updates[0];
    let (signed, attested) = (update.signature_slot, update.attested.beacon.slot);
    let changed = |change: &Change<'_>, present: u64| {
        let mut changed = update.clone();
        change(&mut changed);
        rejection(&store, changed, present)
    };
    assert_eq!(
        changed(&|_| {}, signed - 1),
        Reason::Update(UpdateFault::FromTheFuture {
            signature_slot: signed,
            present_slot: signed - 1
        })
    );
    assert!(matches!(
        changed(&|u| u.signature_slot = attested, signed),
        Reason::Update(UpdateFault::SlotOrder { .. })
    ));
    assert_eq!(
        changed(
            &|u| u.aggregate = with_bits(&u.aggregate, vec![0; 64]),
            signed
        ),
        Reason::NoSigners
    );
    assert!(matches!(
        changed(
            &|u| u.aggregate = with_bits(&u.aggregate, vec![0xff; 63]),
            signed
        ),
        Reason::LengthMismatch { .. }
    ));
    assert!(matches!(
        changed(&|u| u.next_committee = None, signed),
        Reason::Update(UpdateFault::NotRelevant { .. })
    ));
    // Another slot is another fork or nothing at all, here the same fork: the signature holds
    // for the block, whichever slot included it.
    let later = LightClientUpdate {
        signature_slot: signed + 1,
        ..update.clone()
    };
    assert!(matches!(
        process(&mut store.clone(), later, signed + 1),
        Outcome::Accept(_)
    ));
    let infinity = LightClientUpdate {
        aggregate: infinity(update),
        ..update.clone()
    };
    assert!(matches!(
        rejection(&store, infinity, signed),
        Reason::CurveRefused(_)
    ));
}

fn infinity(update: &LightClientUpdate) -> SyncAggregate {
    let mut bytes = [0; 96];
    bytes[0] = 0xc0;
    let aggregate = SyncAggregate::new(update.aggregate.bits().to_vec(), &bytes);
    let aggregate = aggregate.expect("infinity has an encoding");
    assert_eq!(aggregate.signature, Wire::<bls12_381::G2>::Infinity);
    aggregate
}
