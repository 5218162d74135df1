//! What a certificate costs before its pairings: 128 operators in two quorums, 48 of them absent,
//! others each time. Medians of so many rounds over 64 certificates, in microseconds each.
//!
//! `cargo run --release -p tutti-domain --example judging [rounds]`

use std::time::Instant;

use tutti_curves::{Group, Hashing, Member, PointHash, Wire, bn254};
use tutti_domain::eigen::{HistoryIndices, NonSignerCertificate};
use tutti_domain::{
    B256, Case, Claim, Key, KeyKind, Label, Layout, MemberDraft, OperatorSet, Policy, Possession,
    Present, Ratio, Reference, ReferenceKind, Roster, Rounding, Seating, SetDraft, SetName,
    SetState, Standing, Subject, U256, Validity,
};
use tutti_types::{Limits, Verdict};

const OPERATORS: u64 = 128;
const ABSENT: usize = 48;
const QUORUMS: [u8; 2] = [0, 1];
const CERTIFICATES: u64 = 64;
const REFERENCE: u32 = 1_000;

fn secret(operator: u64) -> u128 {
    u128::from((operator + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
}

fn times<G: Group>(point: &G::Affine, scalar: u128) -> G::Affine {
    G::to_affine(&G::mul(point, scalar)).expect("sums of small secrets are not zero")
}

fn key(operator: u64) -> bn254::G1Affine {
    times::<bn254::G1>(&bn254::G1::generator(), secret(operator))
}

fn twin(operator: u64) -> bn254::G2Affine {
    times::<bn254::G2>(&bn254::G2::generator(), secret(operator))
}

fn set(twins: impl Fn(u64) -> Option<bn254::G2Affine>) -> OperatorSet {
    let at = u64::from(REFERENCE);
    let member = |operator| MemberDraft {
        key: Key::Bn254 {
            g1: Member::shown(key(operator)),
            g2: twins(operator).map(Member::shown),
        },
        possession: Possession::AttestedBySource,
        weights: QUORUMS.map(|quorum| (quorum, U256::from(1_000))).to_vec(),
    };
    let draft = SetDraft {
        name: SetName::Label(Label::new("judging").expect("short")),
        reference: Reference::new(ReferenceKind::Block, at),
        validity: Validity::only(at),
        keys: KeyKind::Bn254,
        layout: Layout::Quorums,
        roster: Roster::Complete,
        seating: Seating::OnePerKey,
        columns: QUORUMS.map(|quorum| (quorum, None)).to_vec(),
        aggregates: Vec::new(),
        members: (0..OPERATORS).map(member).collect(),
        tree: None,
    };
    let candidate = draft.check(&Limits::default()).expect("a sound draft");
    // The same secrets made them; what ties cost is not asked here.
    let tied = vec![Verdict::Valid; candidate.ties().len()];
    candidate.conclude(&tied).expect("twins have one secret")
}

/// The call's data, with the message.
fn certificate(nth: u64) -> (B256, Vec<u8>) {
    let message = B256::from(U256::from(nth + 1));
    let mut operators: Vec<u64> = (0..OPERATORS).collect();
    operators.sort_by_key(|operator| secret(operator + nth * OPERATORS) as u64);
    let (absent, present) = operators.split_at(ABSENT);
    let mut absent: Vec<_> = absent.iter().map(|&operator| key(operator)).collect();
    absent.sort_by_key(|&g1| {
        let (g1, g2) = (Member::shown(g1), None);
        Key::Bn254 { g1, g2 }.id()
    });
    let signed = 2 * present
        .iter()
        .map(|&operator| secret(operator))
        .sum::<u128>();
    let hashed = bn254::G1::hash(Hashing::TryAndIncrement, message.as_slice(), &[]);
    let apk = times::<bn254::G1>(&bn254::G1::generator(), (0..OPERATORS).map(secret).sum());
    let signature = times::<bn254::G1>(&hashed.expect("32 bytes have a point"), signed);
    let certificate = NonSignerCertificate {
        message_hash: message,
        quorum_numbers: QUORUMS.to_vec(),
        reference_block: REFERENCE,
        non_signers: absent.into_iter().map(Wire::Point).collect(),
        quorum_apks: QUORUMS.map(|_| Wire::Point(apk)).to_vec(),
        apk_g2: Wire::Point(times::<bn254::G2>(&bn254::G2::generator(), signed)),
        signature: Wire::Point(signature),
        indices: HistoryIndices {
            non_signer_bitmaps: vec![0; ABSENT],
            quorum_apks: vec![0; QUORUMS.len()],
            total_stakes: vec![0; QUORUMS.len()],
            non_signer_stakes: vec![vec![0; ABSENT]; QUORUMS.len()],
        },
    };
    (message, certificate.encode_call())
}

/// Microseconds for each certificate.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let done = std::hint::black_box(work());
    (
        done,
        start.elapsed().as_secs_f64() * 1e6 / CERTIFICATES as f64,
    )
}

fn main() {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let sets = [set(|operator| Some(twin(operator))), set(|_| None)];
    let calls: Vec<_> = (0..CERTIFICATES).map(certificate).collect();
    let block = Some(u64::from(REFERENCE) + 100);
    let present = Present {
        block,
        ..Present::default()
    };
    let standing = Standing::new(SetState::Active, present);
    let half = Ratio::new(55, 100).expect("a proper fraction");
    let policy = Policy::share(half, Rounding::ExactGe).expect("one demand");
    let mut spent = [const { Vec::new() }; 4];
    for _ in 0..rounds.unwrap_or(51usize) {
        let read = |(_, call): &(_, Vec<u8>)| NonSignerCertificate::decode_call(call);
        let (certificates, us) = timed(|| calls.iter().map(read).collect::<Result<Vec<_>, _>>());
        let certificates = certificates.expect("canonical");
        spent[0].push(us);
        for (set, spent) in sets.iter().zip(&mut spent[1..]) {
            let judge = |(certificate, (message, _)): (&NonSignerCertificate, &(B256, _))| {
                let subject = Subject::opaque(*message);
                let case = Case {
                    set,
                    standing: &standing,
                    subject: &subject,
                    policy: &policy,
                };
                certificate.judge(&case).into_claim().expect("enough")
            };
            let all = certificates.iter().zip(&calls);
            let (_, us) = timed(|| all.map(judge).collect::<Vec<Claim>>());
            spent.push(us);
        }
        let record = NonSignerCertificate::signatory_record_hash;
        let (_, us) = timed(|| certificates.iter().map(record).collect::<Vec<_>>());
        spent[3].push(us);
    }
    let steps = [
        "the call's bytes to points",
        "every check but the pairings, keys known in G1 and G2",
        "the same, keys known in G1 only",
        "the record hash, with the ids of all absent",
    ];
    for (step, mut spent) in steps.into_iter().zip(spent) {
        spent.sort_by(f64::total_cmp);
        println!("{:8.1}  {step}", spent[spent.len() / 2]);
    }
}
