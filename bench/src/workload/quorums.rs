//! `EigenLayer`'s certificates of one operator set, as their bytes come in.

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use tutti_backend::Work;
use tutti_curves::{Group, Hashing, Member, PointHash, Wire, bn254};
use tutti_domain::eigen::{HistoryIndices, NonSignerCertificate};
use tutti_domain::{
    B256, Case, Claim, Docket, Key, KeyKind, Label, Layout, MemberDraft, Obligation, OperatorSet,
    Outcome, Policy, Possession, Present, Ratio, Reference, ReferenceKind, Roster, Rounding,
    Seating, SetDraft, SetName, SetState, Standing, Subject, U256, Validity,
};
use tutti_types::{InvalidReason, Limits, Part, UndecidedCause, Verdict};

use super::random_bytes;
use crate::threads::each;

const OPERATORS: usize = 128;
pub(crate) const QUORUMS: [u8; 2] = [0, 1];
const NON_SIGNERS: usize = 48;
pub(crate) const REFERENCE: u32 = 23_228_139;
/// The block that certificates are judged at.
pub(crate) const PRESENT: u64 = REFERENCE as u64 + 100;
/// Of the stake of each quorum.
pub(crate) const SHARE: (u64, u64) = (55, 100);
/// The fleet: rollups, and the operator sets that attest them between them. Assumption: an AVS
/// serves some sixty.
pub(crate) const ROLLUPS: usize = 1_000;
pub(crate) const FLEET_SETS: usize = 16;

/// Certificates by most of 128 operators, who are in two quorums each; 48 stay away, others each
/// time.
#[derive(Debug)]
pub struct Quorums {
    groups: Vec<OperatorGroup>,
    policy: Policy,
    standing: Standing,
    requests: Vec<Request>,
}

/// One operator set, as two kinds of verifier know it.
#[derive(Debug)]
pub(crate) struct OperatorGroup {
    /// With the keys in G2 too, as whoever reads the registry's events has them.
    set: OperatorSet,
    /// With the keys that the contracts know.
    contract_set: OperatorSet,
}

impl OperatorGroup {
    const fn known(&self, twins: Twins) -> &OperatorSet {
        match twins {
            Twins::Known => &self.set,
            Twins::Unknown => &self.contract_set,
        }
    }
}

/// One certificate as it is asked.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) group: usize,
    pub(crate) message: B256,
    /// The data of the call of `checkSignatures`.
    pub(crate) call: Vec<u8>,
}

/// What the verifier knows of the operators' keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Twins {
    /// Each key in both groups: keys are added up.
    Known,
    /// In G1 only: the aggregate key that comes along is tied to them by a challenge.
    Unknown,
}

struct Operator {
    secret: u64,
    key: bn254::G1Affine,
    twin: bn254::G2Affine,
}

fn times<G: Group>(point: &G::Affine, scalar: u128) -> G::Affine {
    G::to_affine(&G::mul(point, scalar)).expect("sums of small secrets are not zero")
}

impl Quorums {
    /// `count` certificates, which as many operator sets as are asked for sign by turns.
    pub fn sign(count: usize, sets: usize, random: &mut ChaCha20Rng) -> Self {
        let cores = tutti_engine::cores();
        let groups: Vec<Vec<Operator>> = (0..sets)
            .map(|_| {
                let secrets: Vec<u64> = (0..OPERATORS).map(|_| random.next_u64() | 1).collect();
                each(cores, OPERATORS, |at| Operator {
                    secret: secrets[at],
                    key: times::<bn254::G1>(&bn254::G1::generator(), secrets[at].into()),
                    twin: times::<bn254::G2>(&bn254::G2::generator(), secrets[at].into()),
                })
            })
            .collect();
        let messages = random_bytes(random, count);
        let away: Vec<Vec<usize>> = (0..count)
            .map(|_| choose(random, OPERATORS, NON_SIGNERS))
            .collect();
        let requests = each(cores, count, |at| {
            let (group, message) = (at % sets, B256::new(messages[at]));
            let call = certificate(&groups[group], &away[at], message).encode_call();
            Request {
                group,
                message,
                call,
            }
        });
        let present = Present {
            block: Some(PRESENT),
            ..Present::default()
        };
        let (above, below) = SHARE;
        let ratio = Ratio::new(above, below).expect("a proper fraction");
        Self {
            groups: groups
                .iter()
                .enumerate()
                .map(|(nth, operators)| OperatorGroup {
                    set: set(nth, operators, |operator| {
                        Some(Member::shown(operator.twin))
                    }),
                    contract_set: set(nth, operators, |_| None),
                })
                .collect(),
            policy: Policy::share(ratio, Rounding::ExactGe).expect("one demand"),
            standing: Standing::new(SetState::Active, present),
            requests,
        }
    }

    pub(crate) const fn standing(&self) -> &Standing {
        &self.standing
    }

    pub(crate) fn sets(&self, twins: Twins) -> impl Iterator<Item = &OperatorSet> {
        self.groups.iter().map(move |group| group.known(twins))
    }

    pub(crate) fn request(&self, at: u32) -> &Request {
        &self.requests[at as usize]
    }

    pub fn decode(&self, at: usize) -> NonSignerCertificate {
        NonSignerCertificate::decode_call(&self.requests[at].call)
            .expect("generated calls are canonical")
    }

    /// All that needs no pairing.
    pub fn judge(&self, twins: Twins, at: usize, certificate: &NonSignerCertificate) -> Claim {
        let request = &self.requests[at];
        let group = &self.groups[request.group];
        let subject = Subject::opaque(request.message);
        let case = Case {
            set: group.known(twins),
            standing: &self.standing,
            subject: &subject,
            policy: &self.policy,
        };
        let claim = certificate.judge(&case).into_claim();
        claim.expect("generated quorums are enough")
    }

    fn claim(&self, twins: Twins, at: usize) -> Claim {
        self.judge(twins, at, &self.decode(at))
    }

    pub(crate) fn claims(&self, twins: Twins, threads: usize) -> Vec<Claim> {
        each(threads, self.requests.len(), |at| self.claim(twins, at))
    }

    pub(crate) fn work(&self, items: &[u32]) -> Work {
        let claims: Vec<Claim> = items
            .iter()
            .map(|&at| self.claim(Twins::Known, at as usize))
            .collect();
        let obligations: Vec<&Obligation> = claims.iter().map(Claim::obligation).collect();
        let (works, _) = Docket::new(&obligations).into_works();
        works
            .into_iter()
            .next()
            .expect("certificates of known keys are one work")
    }
}

/// The pairings of all claims as few works, which `run` has done, and what follows from them.
pub(crate) fn settle<E>(
    claims: Vec<Claim>,
    standing: &Standing,
    mut run: impl FnMut(Work) -> Result<Vec<Verdict>, E>,
) -> Result<Vec<Verdict>, E> {
    let obligations: Vec<&Obligation> = claims.iter().map(Claim::obligation).collect();
    let (works, places) = Docket::new(&obligations).into_works();
    let answers = works
        .into_iter()
        .map(&mut run)
        .collect::<Result<Vec<_>, _>>()?;
    let verdicts = claims.into_iter().zip(places.verdicts(&answers));
    Ok(verdicts
        .map(|(claim, verdict)| as_verdict(&claim.conclude(verdict, standing)))
        .collect())
}

/// Each claim by itself on the oracle, which is what libraries offer.
pub(crate) fn settle_singly(claims: &[Claim], threads: usize) -> Vec<bool> {
    each(threads, claims.len(), |at| {
        claims[at].obligation().verdict().is_valid()
    })
}

const fn as_verdict(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Accept(_) => Verdict::Valid,
        Outcome::Reject(_) => Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole),
        Outcome::Indeterminate(_) => Verdict::Undecided(UndecidedCause::Cancelled),
    }
}

/// Some of the places, ascending.
pub(super) fn choose(random: &mut ChaCha20Rng, places: usize, count: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..places).collect();
    for chosen in 0..count {
        let other = chosen + random.next_u64() as usize % (places - chosen);
        all.swap(chosen, other);
    }
    all.truncate(count);
    all.sort_unstable();
    all
}

fn set(
    nth: usize,
    operators: &[Operator],
    twin: impl Fn(&Operator) -> Option<Member<bn254::G2>>,
) -> OperatorSet {
    let at = u64::from(REFERENCE);
    let member = |operator: &Operator| MemberDraft {
        key: Key::Bn254 {
            g1: Member::shown(operator.key),
            g2: twin(operator),
        },
        possession: Possession::AttestedBySource,
        weights: QUORUMS.map(|quorum| (quorum, U256::from(1_000))).to_vec(),
    };
    let draft = SetDraft {
        name: SetName::Label(label(nth)),
        reference: Reference::new(ReferenceKind::Block, at),
        validity: Validity::only(at),
        keys: KeyKind::Bn254,
        layout: Layout::Quorums,
        roster: Roster::Complete,
        seating: Seating::OnePerKey,
        columns: QUORUMS.map(|quorum| (quorum, None)).to_vec(),
        aggregates: Vec::new(),
        members: operators.iter().map(member).collect(),
        tree: None,
    };
    let candidate = draft.check(&Limits::default()).expect("a sound draft");
    let ties = candidate.ties();
    let verdicts = each(tutti_engine::cores(), ties.len(), |at| ties[at].verdict());
    candidate
        .conclude(&verdicts)
        .expect("twins have one secret")
}

pub(crate) fn label(nth: usize) -> Label {
    Label::new(&format!("bench-{nth}")).expect("short")
}

fn certificate(operators: &[Operator], away: &[usize], message: B256) -> NonSignerCertificate {
    let quorums = QUORUMS.len() as u128;
    let total = |all: &mut dyn Iterator<Item = &Operator>| {
        all.map(|operator| u128::from(operator.secret))
            .sum::<u128>()
    };
    let all = total(&mut operators.iter());
    let absent = total(&mut away.iter().map(|&at| &operators[at]));
    let signed = quorums * (all - absent);
    let apk = times::<bn254::G1>(&bn254::G1::generator(), all);
    let hashed = bn254::G1::hash(Hashing::TryAndIncrement, message.as_slice(), &[]);
    let signature = times::<bn254::G1>(&hashed.expect("32 bytes have a point"), signed);
    let key = |at: usize| Key::Bn254 {
        g1: Member::shown(operators[at].key),
        g2: None,
    };
    let mut away = away.to_vec();
    away.sort_by_key(|&at| key(at).id());
    let points = away.iter().map(|&at| Wire::Point(operators[at].key));
    NonSignerCertificate {
        message_hash: message,
        quorum_numbers: QUORUMS.to_vec(),
        reference_block: REFERENCE,
        non_signers: points.collect(),
        quorum_apks: vec![Wire::Point(apk); QUORUMS.len()],
        apk_g2: Wire::Point(times::<bn254::G2>(&bn254::G2::generator(), signed)),
        signature: Wire::Point(signature),
        indices: HistoryIndices {
            non_signer_bitmaps: vec![0; away.len()],
            quorum_apks: vec![0; QUORUMS.len()],
            total_stakes: vec![0; QUORUMS.len()],
            non_signer_stakes: vec![vec![0; away.len()]; QUORUMS.len()],
        },
    }
}
