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
const QUORUMS: [u8; 2] = [0, 1];
const NON_SIGNERS: usize = 48;
const REFERENCE: u32 = 23_228_139;

/// Certificates by most of 128 operators, who are in two quorums each; 48 stay away, others each
/// time.
#[derive(Debug)]
pub(crate) struct Quorums {
    /// With the keys in G2 too, as whoever reads the registry's events has them.
    set: OperatorSet,
    /// With the keys that the contracts know.
    contract_set: OperatorSet,
    policy: Policy,
    standing: Standing,
    messages: Vec<B256>,
    /// The data of each call of `checkSignatures`.
    calls: Vec<Vec<u8>>,
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
    pub(crate) fn sign(count: usize, random: &mut ChaCha20Rng) -> Self {
        let cores = tutti_engine::cores();
        let secrets: Vec<u64> = (0..OPERATORS).map(|_| random.next_u64() | 1).collect();
        let operators = each(cores, OPERATORS, |at| Operator {
            secret: secrets[at],
            key: times::<bn254::G1>(&bn254::G1::generator(), secrets[at].into()),
            twin: times::<bn254::G2>(&bn254::G2::generator(), secrets[at].into()),
        });
        let messages: Vec<B256> = random_bytes(random, count)
            .into_iter()
            .map(B256::new)
            .collect();
        let away: Vec<Vec<usize>> = (0..count).map(|_| choose(random)).collect();
        let calls = each(cores, count, |at| {
            certificate(&operators, &away[at], messages[at]).encode_call()
        });
        let present = Present {
            block: Some(u64::from(REFERENCE) + 100),
            ..Present::default()
        };
        let ratio = Ratio::new(55, 100).expect("a proper fraction");
        Self {
            set: set(&operators, |operator| Some(Member::shown(operator.twin))),
            contract_set: set(&operators, |_| None),
            policy: Policy::share(ratio, Rounding::ExactGe).expect("one demand"),
            standing: Standing::new(SetState::Active, present),
            messages,
            calls,
        }
    }

    /// From the bytes to all that needs no pairing.
    fn claim(&self, set: &OperatorSet, at: usize) -> Claim {
        let certificate = NonSignerCertificate::decode_call(&self.calls[at]);
        let subject = Subject::opaque(self.messages[at]);
        let case = Case {
            set,
            standing: &self.standing,
            subject: &subject,
            policy: &self.policy,
        };
        let judgement = certificate
            .expect("generated calls are canonical")
            .judge(&case);
        judgement
            .into_claim()
            .expect("generated quorums are enough")
    }

    fn docket(claims: &[Claim]) -> Docket {
        let obligations: Vec<&Obligation> = claims.iter().map(Claim::obligation).collect();
        Docket::new(&obligations)
    }

    pub(crate) fn work(&self, items: &[u32]) -> Work {
        let items = items.iter().map(|&at| self.claim(&self.set, at as usize));
        let (works, _) = Self::docket(&items.collect::<Vec<_>>()).into_works();
        works
            .into_iter()
            .next()
            .expect("certificates of one set are one work")
    }

    /// The whole way of every certificate; `run` has a work done.
    pub(crate) fn settle<E>(
        &self,
        mut run: impl FnMut(Work) -> Result<Vec<Verdict>, E>,
    ) -> Result<Vec<Verdict>, E> {
        let claims: Vec<Claim> = (0..self.calls.len())
            .map(|at| self.claim(&self.set, at))
            .collect();
        let (works, places) = Self::docket(&claims).into_works();
        let answers = works
            .into_iter()
            .map(&mut run)
            .collect::<Result<Vec<_>, _>>()?;
        let verdicts = claims.into_iter().zip(places.verdicts(&answers));
        Ok(verdicts
            .map(|(claim, verdict)| as_verdict(&claim.conclude(verdict, &self.standing)))
            .collect())
    }

    /// As the contract does it and as libraries offer it: the aggregate key brought along is tied
    /// to the registered ones by gamma, and each certificate is a check of two pairings.
    pub(crate) fn check_each(&self, threads: usize) -> Vec<bool> {
        each(threads, self.calls.len(), |at| {
            let claim = self.claim(&self.contract_set, at);
            let verdict = claim.obligation().verdict();
            matches!(claim.conclude(verdict, &self.standing), Outcome::Accept(_))
        })
    }
}

const fn as_verdict(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Accept(_) => Verdict::Valid,
        Outcome::Reject(_) => Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole),
        Outcome::Indeterminate(_) => Verdict::Undecided(UndecidedCause::Cancelled),
    }
}

/// Who stays away, ascending.
fn choose(random: &mut ChaCha20Rng) -> Vec<usize> {
    let mut places: Vec<usize> = (0..OPERATORS).collect();
    for chosen in 0..NON_SIGNERS {
        let other = chosen + random.next_u64() as usize % (OPERATORS - chosen);
        places.swap(chosen, other);
    }
    places.truncate(NON_SIGNERS);
    places.sort_unstable();
    places
}

fn set(
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
        name: SetName::Label(Label::new("bench").expect("short")),
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
