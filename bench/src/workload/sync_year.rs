//! A year of Ethereum's sync committees, as a light client that slept has to follow them.

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use tutti_curves::{Group, Hashing, PointHash, bls12_381};
use tutti_domain::ethereum::{
    BeaconChain, ExecutionHeader, ExtraData, Finality, LightClientHeader, LightClientUpdate,
    NextCommittee, SyncAggregate, SyncCommittee,
};
use tutti_domain::{
    Case, Claim, KeyCheck, OperatorSet, Policy, Present, Ratio, Rounding, SetState, Standing,
};
use tutti_statements::Bytes32;
use tutti_statements::ethereum::BeaconBlockHeader;
use tutti_statements::ssz::{branch_root, bytes_root, merkle_root, mix_in_length, uint64_leaf};
use tutti_types::{Encoding, Limits, Scheme};

use super::quorums::choose;
use crate::threads::each;

/// 365.25 days in periods of 8,192 slots of 12 s.
pub(crate) const PERIODS: usize = 321;
/// After Electra, whose objects the updates are.
const FIRST_PERIOD: u64 = 1_500;
const SLOTS_PER_PERIOD: u64 = 8_192;
const SEATS: usize = 512;
/// Seats that stay away, others each time: mainnet's participation is some 98 %.
const AWAY: usize = 10;

/// A committee and the updates that follow from it.
#[derive(Debug)]
pub(crate) struct SyncYear {
    chain: BeaconChain,
    policy: Policy,
    standing: Standing,
    first: SyncCommittee,
    updates: Vec<LightClientUpdate>,
}

/// Small secrets: the keys they make have nothing special about them.
struct Signers {
    secrets: Vec<u64>,
    committee: SyncCommittee,
}

impl Signers {
    fn new(secrets: Vec<u64>) -> Self {
        let generator = bls12_381::G1::generator();
        let sums: Vec<_> = secrets
            .iter()
            .map(|&secret| bls12_381::G1::mul(&generator, secret.into()))
            .collect();
        let total = sums.iter().fold(bls12_381::G1::zero(), |total, sum| {
            bls12_381::G1::add(&total, sum)
        });
        let encode = |point: Option<bls12_381::P1Affine>| -> [u8; 48] {
            let bytes = bls12_381::G1::encode(point.as_ref(), Encoding::ZcashCompressed);
            bytes.try_into().expect("48 bytes compressed")
        };
        let points = bls12_381::G1::normalise(&sums);
        Self {
            committee: SyncCommittee {
                keys: points.into_iter().map(encode).collect(),
                aggregate_key: encode(bls12_381::G1::to_affine(&total)),
            },
            secrets,
        }
    }
}

impl SyncYear {
    pub(crate) fn sign(periods: usize, random: &mut ChaCha20Rng) -> Self {
        let cores = tutti_engine::cores();
        let secrets: Vec<Vec<u64>> = (0..=periods)
            .map(|_| (0..SEATS).map(|_| random.next_u64() | 1).collect())
            .collect();
        let away: Vec<Vec<usize>> = (0..periods).map(|_| choose(random, SEATS, AWAY)).collect();
        let noise: Vec<u64> = (0..periods).map(|_| random.next_u64()).collect();
        let committees = each(cores, secrets.len(), |at| Signers::new(secrets[at].clone()));
        let chain = BeaconChain::mainnet();
        let updates = each(cores, periods, |at| {
            let slot = (FIRST_PERIOD + at as u64) * SLOTS_PER_PERIOD + SLOTS_PER_PERIOD / 2;
            let next = committees[at + 1].committee.clone();
            let mut update = unsigned(slot, noise[at], next);
            update.aggregate = committees[at].sign(&chain, &update, &away[at]);
            update
        });
        let two_thirds = Ratio::new(2, 3).expect("a proper fraction");
        Self {
            chain,
            policy: Policy::share(two_thirds, Rounding::ExactGe).expect("one demand"),
            standing: Standing::new(SetState::Active, Present::default()),
            first: committees[0].committee.clone(),
            updates,
        }
    }

    pub(crate) const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Everything but the pairings: the committees' keys, the branches, who signed.
    pub(crate) fn claims(&self, threads: usize, keys: &(dyn KeyCheck + Sync)) -> Vec<Claim> {
        let sets: Vec<OperatorSet> = each(threads, self.updates.len(), |at| {
            let committee = match at.checked_sub(1).map(|before| &self.updates[before]) {
                None => &self.first,
                Some(before) => next_committee(before),
            };
            let period = self.chain.period_at(self.updates[at].signature_slot);
            committee
                .to_set(&self.chain, period, &Limits::default(), keys)
                .expect("generated committees are sound")
        });
        each(threads, self.updates.len(), |at| {
            let update = &self.updates[at];
            let subject = update.certificate().subject(&self.chain);
            let case = Case {
                set: &sets[at],
                standing: &self.standing,
                subject: &subject,
                policy: &self.policy,
            };
            let judgement = update.judge(&self.chain, &case, update.signature_slot);
            judgement
                .into_claim()
                .expect("generated updates follow from each other")
        })
    }
}

fn next_committee(update: &LightClientUpdate) -> &SyncCommittee {
    let next = update.next_committee.as_ref();
    &next
        .expect("each update brings the next committee")
        .committee
}

impl Signers {
    fn sign(
        &self,
        chain: &BeaconChain,
        update: &LightClientUpdate,
        away: &[usize],
    ) -> SyncAggregate {
        let mut bits = vec![0xff; SEATS / 8];
        for &seat in away {
            bits[seat / 8] &= !(1 << (seat % 8));
        }
        let absent: u128 = away
            .iter()
            .map(|&seat| u128::from(self.secrets[seat]))
            .sum();
        let all: u128 = self.secrets.iter().map(|&secret| u128::from(secret)).sum();
        let digest = update.certificate().subject(chain).digest();
        let hashing = Hashing::of_scheme(&Scheme::Bls12381MinPkPop);
        let point = bls12_381::G2::hash(hashing, digest.as_slice(), &[]);
        let signature = bls12_381::G2::mul(&point.expect("32 bytes have a point"), all - absent);
        let signature = bls12_381::G2::to_affine(&signature);
        let bytes = bls12_381::G2::encode(signature.as_ref(), Encoding::ZcashCompressed);
        let bytes = bytes.try_into().expect("96 bytes compressed");
        SyncAggregate::new(bits, &bytes).expect("a canonical signature")
    }
}

/// An update of a slot whose state names the next committee and a final block, signed by nobody.
fn unsigned(slot: u64, noise: u64, committee: SyncCommittee) -> LightClientUpdate {
    let finalized = header(slot - 64, noise ^ 1, [0; 32]);
    let (state_root, finality_branch, committee_branch) =
        state(&finalized.root(), &committee.tree_root(), noise);
    LightClientUpdate {
        attested: header(slot, noise, state_root),
        next_committee: Some(NextCommittee {
            committee,
            branch: committee_branch,
        }),
        finality: Some(Finality {
            header: Some(finalized),
            branch: finality_branch,
        }),
        aggregate: SyncAggregate::new(vec![0; SEATS / 8], &infinity()).expect("infinity parses"),
        signature_slot: slot + 1,
    }
}

fn infinity() -> [u8; 96] {
    let mut bytes = [0; 96];
    bytes[0] = 0xc0;
    bytes
}

fn filler(noise: u64, place: u64) -> Bytes32 {
    merkle_root(&[uint64_leaf(noise), uint64_leaf(place)])
}

/// The root of a state under Electra, and the branches of its finalized root (generalized index
/// 169) and of its next sync committee (87). Both go through the node 21.
fn state(
    finalized: &Bytes32,
    committee: &Bytes32,
    noise: u64,
) -> (Bytes32, Vec<Bytes32>, Vec<Bytes32>) {
    let other = |index: u64| filler(noise, index);
    let node_42 = merkle_root(&[merkle_root(&[other(168), *finalized]), other(85)]);
    let node_43 = merkle_root(&[other(86), *committee]);
    let above = [other(20), other(11), other(4), other(3)];
    let finality = [&[other(168), other(85), node_43][..], &above[..]].concat();
    let next = [&[other(86), node_42][..], &above[..]].concat();
    (branch_root(committee, &next, 87 - 64), finality, next)
}

/// A block with an execution payload, at its place (25) in the body.
fn header(slot: u64, noise: u64, state_root: Bytes32) -> LightClientHeader {
    let execution = ExecutionHeader {
        parent_hash: filler(noise, 1),
        fee_recipient: [0; 20],
        state_root: filler(noise, 2),
        receipts_root: filler(noise, 3),
        logs_bloom: Box::new([0; 256]),
        prev_randao: filler(noise, 4),
        block_number: slot,
        gas_limit: 45_000_000,
        gas_used: 22_000_000,
        timestamp: slot * 12,
        extra_data: ExtraData::default(),
        base_fee_per_gas: filler(0, 5),
        block_hash: filler(noise, 6),
        transactions_root: filler(noise, 7),
        withdrawals_root: filler(noise, 8),
        blob_gas_used: 131_072,
        excess_blob_gas: 0,
    };
    let execution_branch = [9, 10, 11, 12].map(|place| filler(noise, place));
    let body_root = branch_root(&root_of(&execution), &execution_branch, 25 - 16);
    LightClientHeader {
        beacon: BeaconBlockHeader {
            slot,
            proposer_index: noise % 1_000_000,
            parent_root: filler(noise, 13),
            state_root,
            body_root,
        },
        execution,
        execution_branch,
    }
}

/// The execution header's root since Deneb, with no extra data.
fn root_of(header: &ExecutionHeader) -> Bytes32 {
    merkle_root(&[
        header.parent_hash,
        bytes_root(&header.fee_recipient),
        header.state_root,
        header.receipts_root,
        bytes_root(&header.logs_bloom[..]),
        header.prev_randao,
        uint64_leaf(header.block_number),
        uint64_leaf(header.gas_limit),
        uint64_leaf(header.gas_used),
        uint64_leaf(header.timestamp),
        mix_in_length(&[0; 32], 0),
        header.base_fee_per_gas,
        header.block_hash,
        header.transactions_root,
        header.withdrawals_root,
        uint64_leaf(header.blob_gas_used),
        uint64_leaf(header.excess_blob_gas),
    ])
}

#[cfg(test)]
mod tests {
    use rand_core::SeedableRng;
    use tutti_domain::{OneByOne, Outcome};

    use super::*;

    /// Every update is accepted, and no longer once its committee is another or a bit of who
    /// signed is turned.
    #[test]
    fn updates_follow_from_each_other_and_from_nothing_else() {
        let mut year = SyncYear::sign(3, &mut ChaCha20Rng::seed_from_u64(4));
        let accepted = |year: &SyncYear| -> Vec<bool> {
            let claims = year.claims(2, &OneByOne).into_iter();
            claims
                .map(|claim| {
                    let verdict = claim.obligation().verdict();
                    matches!(claim.conclude(verdict, &year.standing), Outcome::Accept(_))
                })
                .collect()
        };
        assert_eq!(accepted(&year), [true; 3]);
        let update = &mut year.updates[1];
        let mut bits = update.aggregate.bits().to_vec();
        let signed = (0..SEATS).find(|seat| bits[seat / 8] >> (seat % 8) & 1 == 1);
        let seat = signed.expect("most signed");
        bits[seat / 8] &= !(1 << (seat % 8));
        let signature = update.aggregate.signature;
        update.aggregate = SyncAggregate::new(bits, &infinity()).expect("infinity parses");
        update.aggregate.signature = signature;
        assert_eq!(accepted(&year), [true, false, true]);
        let other = Signers::new((1..=SEATS as u64).collect()).committee;
        year.first = other;
        assert_eq!(accepted(&year), [false, false, true]);
    }
}
