//! Sums, hashes and pairings: work on points that are nobody's signature.

use std::sync::Arc;

use tutti_backend::{HashInput, HashParcel, Hashing, PairingParcel, SumParcel, SumRole, Work};
use tutti_curves::bls12_381::{self, Bls12381};
use tutti_curves::bn254::{self, Bn254};
use tutti_curves::{Curve, Group, Wire};
use tutti_proto::v1;
use tutti_proto::v1::hash_input::Input;
use tutti_types::{
    CurveId, Encoding, GroupId, InvalidReason, Limits, Part, Scheme, Verdict, World,
};

use super::{Parsed, Tally, bounded, bounded_message};
use crate::refusal::Refusal;
use crate::words;

/// Where a job's point will come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobOutcome {
    Early(Verdict),
    /// The next answer of that one of the works.
    From(usize),
}

/// The sums of a request as at most two works: one of signatures and one of keys.
#[derive(Debug)]
pub(crate) struct Sums {
    pub(crate) outcomes: Vec<JobOutcome>,
    pub(crate) works: Vec<Work>,
}

pub(crate) fn sums(request: &v1::AggregateRequest, limits: &Limits) -> Result<Sums, Refusal> {
    let world = words::world("world", request.world)?;
    let encoding = words::encoding("encoding", request.encoding, world.curve())?;
    let output = match words::stated_encoding("output_encoding", request.output_encoding)? {
        None => encoding,
        Some(_) => words::encoding("output_encoding", request.output_encoding, world.curve())?,
    };
    bounded("jobs", request.jobs.len(), limits.items_per_request_max)?;
    let mut tally = Tally::new("jobs", limits.signers_per_request_max);
    let mut roles = Vec::with_capacity(request.jobs.len());
    for (at, job) in request.jobs.iter().enumerate() {
        tally.add(job.points.len())?;
        roles.push(match v1::AggregateRole::try_from(job.role) {
            Ok(v1::AggregateRole::Signatures) => SumRole::Signatures,
            Ok(v1::AggregateRole::Keys) => SumRole::Keys,
            Ok(v1::AggregateRole::Unspecified) | Err(_) => {
                let what = "say whether the points are signatures or keys";
                return Err(Refusal::malformed(format!("jobs[{at}].role"), what));
            }
        });
    }
    let mut sums = Sums {
        outcomes: vec![JobOutcome::From(0); roles.len()],
        works: Vec::new(),
    };
    for role in [SumRole::Signatures, SumRole::Keys] {
        let jobs = (0..roles.len()).filter(|&at| roles[at] == role);
        let jobs: Vec<(usize, &v1::AggregateJob)> =
            jobs.map(|at| (at, &request.jobs[at])).collect();
        let sum = Sum {
            role,
            encoding,
            output,
        };
        sums.add(world, &sum, &jobs);
    }
    Ok(sums)
}

struct Sum {
    role: SumRole,
    encoding: Encoding,
    output: Encoding,
}

impl Sums {
    fn add(&mut self, world: World, sum: &Sum, jobs: &[(usize, &v1::AggregateJob)]) {
        let group = match sum.role {
            SumRole::Signatures => world.signature_group(),
            SumRole::Keys => world.key_group(),
        };
        let work = match (world.curve(), group) {
            (CurveId::Bls12381, GroupId::G1) => self
                .lists::<bls12_381::G1>(sum, jobs)
                .map(Work::SumBls12381G1),
            (CurveId::Bls12381, GroupId::G2) => self
                .lists::<bls12_381::G2>(sum, jobs)
                .map(Work::SumBls12381G2),
            (CurveId::Bn254, GroupId::G1) => {
                self.lists::<bn254::G1>(sum, jobs).map(Work::SumBn254G1)
            }
            (CurveId::Bn254, GroupId::G2) => {
                self.lists::<bn254::G2>(sum, jobs).map(Work::SumBn254G2)
            }
        };
        self.works.extend(work);
    }

    fn lists<G: Group>(
        &mut self,
        sum: &Sum,
        jobs: &[(usize, &v1::AggregateJob)],
    ) -> Option<SumParcel<G>> {
        let work = self.works.len();
        let mut lists = Vec::with_capacity(jobs.len());
        for &(at, job) in jobs {
            self.outcomes[at] = match list::<G>(sum, job) {
                Ok(list) => {
                    lists.push(list);
                    JobOutcome::From(work)
                }
                Err(verdict) => JobOutcome::Early(verdict),
            };
        }
        (!lists.is_empty()).then_some(SumParcel {
            role: sum.role,
            lists,
            encoding: sum.output,
        })
    }
}

fn list<G: Group>(sum: &Sum, job: &v1::AggregateJob) -> Result<Vec<Wire<G>>, Verdict> {
    if job.points.is_empty() {
        return Err(Verdict::Invalid(InvalidReason::Empty, Part::Whole));
    }
    job.points
        .iter()
        .enumerate()
        .map(|(nth, bytes)| {
            let bad = |reason| Verdict::Invalid(reason, Part::Point(nth as u32));
            match G::parse(sum.encoding, bytes).map_err(bad)? {
                Wire::Infinity if sum.role == SumRole::Keys => Err(bad(InvalidReason::Infinity)),
                wire => Ok(wire),
            }
        })
        .collect()
}

/// Which hash a request asks for.
struct HashChoice {
    curve: CurveId,
    group: GroupId,
    hashing: Hashing,
    elements: Elements,
}

/// Whether field elements may be among the inputs.
#[derive(PartialEq, Eq)]
enum Elements {
    Allowed,
    /// A scheme's own hash takes messages only.
    Refused,
}

pub(crate) fn hashes(request: &v1::HashToCurveRequest, limits: &Limits) -> Result<Parsed, Refusal> {
    bounded("inputs", request.inputs.len(), limits.items_per_request_max)?;
    let has_messages = request
        .inputs
        .iter()
        .any(|input| matches!(input.input, Some(Input::Message(_))));
    let choice = hash_choice(request, has_messages)?;
    let encoding = words::encoding("encoding", request.encoding, choice.curve)?;
    let mut verdicts = Vec::with_capacity(request.inputs.len());
    let mut inputs = Vec::with_capacity(request.inputs.len());
    for (at, input) in request.inputs.iter().enumerate() {
        let read = hash_input(&choice, limits, at, input)?;
        verdicts.push(read.as_ref().err().copied());
        inputs.extend(read);
    }
    let work = (!inputs.is_empty()).then_some(Work::Hash(HashParcel {
        curve: choice.curve,
        group: choice.group,
        hashing: choice.hashing,
        inputs,
        encoding,
    }));
    Ok(Parsed { verdicts, work })
}

fn hash_choice(
    request: &v1::HashToCurveRequest,
    has_messages: bool,
) -> Result<HashChoice, Refusal> {
    match &request.hash {
        None => Err(Refusal::malformed("hash", "name a scheme or a suite")),
        Some(v1::hash_to_curve_request::Hash::Scheme(scheme)) => {
            let scheme: Scheme = words::scheme(Some(scheme))?;
            Ok(HashChoice {
                curve: scheme.world().curve(),
                group: scheme.world().signature_group(),
                hashing: tutti_curves::Hashing::of_scheme(&scheme).into(),
                elements: Elements::Refused,
            })
        }
        Some(v1::hash_to_curve_request::Hash::Suite(suite)) => {
            let dst: Arc<[u8]> = if has_messages {
                words::dst("suite.dst", &suite.dst)?.as_bytes().into()
            } else {
                suite.dst[..].into()
            };
            Ok(HashChoice {
                curve: words::curve("suite.curve", suite.curve)?,
                group: words::group("suite.group", suite.group)?,
                hashing: Hashing::Rfc9380 {
                    variant: words::variant("suite.variant", suite.variant)?,
                    dst,
                },
                elements: Elements::Allowed,
            })
        }
    }
}

fn hash_input(
    choice: &HashChoice,
    limits: &Limits,
    at: usize,
    input: &v1::HashInput,
) -> Result<Result<HashInput, Verdict>, Refusal> {
    let invalid = |reason| Ok(Err(Verdict::Invalid(reason, Part::Message)));
    match &input.input {
        None => Err(Refusal::malformed(
            format!("inputs[{at}].input"),
            "send a message or a field element",
        )),
        Some(Input::Message(message)) => {
            let field = || format!("inputs[{at}].message");
            bounded_message(field, message, limits.message_bytes_max)?;
            if choice.hashing == Hashing::TryAndIncrement && message.len() != 32 {
                return invalid(InvalidReason::MessageLength);
            }
            Ok(Ok(HashInput::Message(message[..].into())))
        }
        Some(Input::FieldElement(_)) if choice.elements == Elements::Refused => {
            Err(Refusal::malformed(
                format!("inputs[{at}].field_element"),
                "a scheme hashes messages; name a suite to map field elements",
            ))
        }
        Some(Input::FieldElement(element)) => {
            if element.len() != element_len(choice.curve, choice.group) {
                return invalid(InvalidReason::MalformedLength);
            }
            Ok(Ok(HashInput::Element(element[..].into())))
        }
    }
}

const fn element_len(curve: CurveId, group: GroupId) -> usize {
    let one = match curve {
        CurveId::Bls12381 => 48,
        CurveId::Bn254 => 32,
    };
    match group {
        GroupId::G1 => one,
        GroupId::G2 => 2 * one,
    }
}

pub(crate) fn pairings(
    request: &v1::PairingCheckRequest,
    limits: &Limits,
) -> Result<Parsed, Refusal> {
    let encoding = words::stated_encoding("encoding", request.encoding)?
        .ok_or_else(|| Refusal::malformed("encoding", "decides the curve; say which"))?;
    bounded("checks", request.checks.len(), limits.items_per_request_max)?;
    let mut tally = Tally::new("checks", limits.signers_per_request_max / 2);
    for (at, check) in request.checks.iter().enumerate() {
        tally.add(check.pairs.len())?;
        let (pairs, max) = (check.pairs.len(), limits.pairs_per_check_max);
        if pairs > max {
            let what = format!("{pairs} pairs are too many; send at most {max}");
            return Err(Refusal::malformed(format!("checks[{at}].pairs"), what));
        }
    }
    let (verdicts, work) = match encoding.curve() {
        CurveId::Bls12381 => {
            let (verdicts, parcel) = products::<Bls12381>(encoding, &request.checks);
            (verdicts, parcel.map(Work::PairingBls12381))
        }
        CurveId::Bn254 => {
            let (verdicts, parcel) = products::<Bn254>(encoding, &request.checks);
            (verdicts, parcel.map(Work::PairingBn254))
        }
    };
    Ok(Parsed { verdicts, work })
}

fn products<C: Curve>(
    encoding: Encoding,
    checks: &[v1::ProductCheck],
) -> (Vec<Option<Verdict>>, Option<PairingParcel<C>>) {
    let mut parcel = PairingParcel::<C> {
        pairs: Vec::new(),
        checks: Vec::new(),
    };
    let verdicts = checks
        .iter()
        .map(|check| {
            let first = parcel.pairs.len();
            let read = product::<C>(encoding, check, &mut parcel.pairs);
            if read.is_err() {
                parcel.pairs.truncate(first);
            } else {
                parcel.checks.push(first as u32..parcel.pairs.len() as u32);
            }
            read.err()
        })
        .collect();
    let parcel = (!parcel.checks.is_empty()).then_some(parcel);
    (verdicts, parcel)
}

type Pair<C> = (Wire<<C as Curve>::G1>, Wire<<C as Curve>::G2>);

fn product<C: Curve>(
    encoding: Encoding,
    check: &v1::ProductCheck,
    pairs: &mut Vec<Pair<C>>,
) -> Result<(), Verdict> {
    if check.pairs.is_empty() {
        return Err(Verdict::Invalid(InvalidReason::Empty, Part::Whole));
    }
    for (nth, pair) in check.pairs.iter().enumerate() {
        let bad = |reason| Verdict::Invalid(reason, Part::Point(nth as u32));
        let g1 = C::G1::parse(encoding, &pair.g1).map_err(bad)?;
        let g2 = C::G2::parse(encoding, &pair.g2).map_err(bad)?;
        pairs.push((g1, g2));
    }
    Ok(())
}
