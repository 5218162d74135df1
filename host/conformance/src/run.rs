use std::collections::HashMap;
use std::fmt;

use tutti_types::{CurveId, Encoding, GroupId, HashVariant, Scheme, UndecidedCause, Verdict};

use crate::case::{Case, Check, Expected, ExpectedPoint, ExpectedSets, join};
use crate::report::{Outcome, Report};
use crate::signing::{Signer, minus_generator_eip2537, signature_eip2537, tag};
use crate::subject::{Answer, SetCase, Subject, SubjectError};
use crate::suite::Suite;

/// What the sets of different cases share. The verdicts must be the same either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Each case is asked by itself.
    #[default]
    Alone,
    /// Sets of one scheme and encoding are asked in lists of up to [`LIST_MAX`].
    Together,
}

const LIST_MAX: usize = 1024;

/// Puts every case to the subject.
pub fn run(suite: &Suite, subject: &mut dyn Subject, sharing: Sharing) -> Report {
    let mut report = Report {
        unread: suite.unread.clone(),
        ignored: suite.ignored.clone(),
        ..Report::default()
    };
    let mut shared = match sharing {
        Sharing::Alone => HashMap::new(),
        Sharing::Together => verify_together(&suite.cases, subject),
    };
    for (at, case) in suite.cases.iter().enumerate() {
        let outcome = match (&case.check, shared.remove(&at)) {
            (Check::Sets { expected, .. }, Some(answer)) => judge_sets(expected, answer),
            (check, _) => put(check, subject),
        };
        report.add(case, outcome);
    }
    report
}

type SharedAnswers = HashMap<usize, Answer<Vec<Verdict>>>;

/// The cases, by their place in the suite, whose sets may share a list.
struct SharedList<'a> {
    scheme: &'a Scheme,
    encoding: Encoding,
    cases: Vec<(usize, &'a [SetCase])>,
}

fn shared_lists(cases: &[Case]) -> Vec<SharedList<'_>> {
    let mut lists: Vec<SharedList<'_>> = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let Check::Sets {
            scheme,
            encoding,
            sets,
            ..
        } = &case.check
        else {
            continue;
        };
        let known = lists
            .iter_mut()
            .find(|list| list.scheme == scheme && list.encoding == *encoding);
        match known {
            Some(list) => list.cases.push((at, sets)),
            None => lists.push(SharedList {
                scheme,
                encoding: *encoding,
                cases: vec![(at, sets)],
            }),
        }
    }
    lists
}

fn verify_together(cases: &[Case], subject: &mut dyn Subject) -> SharedAnswers {
    let mut answers = HashMap::new();
    for SharedList {
        scheme,
        encoding,
        cases,
    } in shared_lists(cases)
    {
        let sets: Vec<_> = cases.iter().flat_map(|(_, sets)| *sets).cloned().collect();
        let mut verdicts = verify_in_lists(subject, scheme, encoding, &sets);
        for (at, sets) in cases {
            let own = match &mut verdicts {
                Ok(rest) => Ok(rest.drain(..sets.len()).collect()),
                Err(error) => Err(error.clone()),
            };
            answers.insert(at, own);
        }
    }
    answers
}

fn verify_in_lists(
    subject: &mut dyn Subject,
    scheme: &Scheme,
    encoding: Encoding,
    sets: &[SetCase],
) -> Answer<Vec<Verdict>> {
    let mut verdicts = Vec::with_capacity(sets.len());
    for list in sets.chunks(LIST_MAX) {
        verdicts.extend(ask_sets(subject, scheme, encoding, list)?);
    }
    Ok(verdicts)
}

fn ask_sets(
    subject: &mut dyn Subject,
    scheme: &Scheme,
    encoding: Encoding,
    sets: &[SetCase],
) -> Answer<Vec<Verdict>> {
    if sets.is_empty() {
        return Ok(Vec::new());
    }
    let verdicts = subject.verify_sets(scheme, encoding, sets)?;
    if verdicts.len() == sets.len() {
        return Ok(verdicts);
    }
    Err(SubjectError::NoAnswer(format!(
        "{} verdicts for {} sets",
        verdicts.len(),
        sets.len()
    )))
}

fn put(check: &Check, subject: &mut dyn Subject) -> Outcome {
    match check {
        Check::Sign {
            scheme,
            secret,
            message,
            signature,
        } => match signature {
            Some(signature) => signed(subject, scheme, secret, message, signature),
            None => refused_secret(secret),
        },
        Check::Sets {
            scheme,
            encoding,
            sets,
            expected,
        } => judge_sets(expected, ask_sets(subject, scheme, *encoding, sets)),
        Check::FastAggregateVerify {
            scheme,
            encoding,
            set,
            expected,
        } => judge(
            *expected,
            subject.fast_aggregate_verify(scheme, *encoding, set),
        ),
        Check::EthFastAggregateVerify { set, expected } => {
            judge(*expected, subject.eth_fast_aggregate_verify(set))
        }
        Check::AggregateVerify {
            scheme,
            encoding,
            keys,
            messages,
            signature,
            expected,
        } => judge(
            *expected,
            subject.aggregate_verify(scheme, *encoding, keys, messages, signature),
        ),
        Check::PairingCheck {
            encoding,
            pairs,
            expected,
        } => judge(*expected, subject.pairing_check(*encoding, pairs)),
        Check::NotOffered(why) => Outcome::Unsupported(why.clone()),
        other => put_point(other, subject),
    }
}

/// The checks that are answered with bytes.
fn put_point(check: &Check, subject: &mut dyn Subject) -> Outcome {
    match check {
        Check::Aggregate {
            world,
            role,
            encoding,
            points,
            expected,
        } => judge_point(
            expected,
            subject.aggregate(*world, *role, *encoding, points),
        ),
        Check::HashToCurve {
            curve,
            group,
            variant,
            dst,
            message,
            out,
            expected,
        } => judge_point(
            expected,
            subject.hash_to_curve(*curve, *group, *variant, dst, message, *out),
        ),
        Check::HashByScheme {
            scheme,
            message,
            out,
            expected,
        } => judge_point(expected, subject.hash_by_scheme(scheme, message, *out)),
        Check::MapToCurve {
            curve,
            group,
            element,
            out,
            expected,
        } => judge_point(
            expected,
            subject.map_to_curve(*curve, *group, element, *out),
        ),
        Check::ExpandMessage {
            dst,
            message,
            expected,
        } => judge_bytes(
            expected,
            subject.expand_message(dst, message, expected.len()),
        ),
        _ => unreachable!("answered with a verdict"),
    }
}

fn differs(expected: &dyn fmt::Display, got: &dyn fmt::Display) -> Outcome {
    Outcome::Failed {
        expected: expected.to_string(),
        got: got.to_string(),
    }
}

fn without_answer(expected: &dyn fmt::Display, error: &SubjectError) -> Outcome {
    match error {
        SubjectError::Unsupported(why) => Outcome::Unsupported(why.clone()),
        SubjectError::NoAnswer(_) => differs(expected, error),
    }
}

fn judge(expected: Expected, answer: Answer<Verdict>) -> Outcome {
    match answer {
        Ok(verdict) if expected.is_met_by(verdict) => Outcome::Passed,
        Ok(Verdict::Undecided(UndecidedCause::Unsupported)) => unsupported_here(),
        Ok(verdict) => differs(&expected, &verdict),
        Err(error) => without_answer(&expected, &error),
    }
}

fn unsupported_here() -> Outcome {
    Outcome::Unsupported("no healthy backend does this".to_owned())
}

fn judge_sets(expected: &ExpectedSets, answer: Answer<Vec<Verdict>>) -> Outcome {
    let verdicts = match answer {
        Ok(verdicts) => verdicts,
        Err(error) => return without_answer(expected, &error),
    };
    let unsupported = Verdict::Undecided(UndecidedCause::Unsupported);
    if verdicts.contains(&unsupported) {
        return unsupported_here();
    }
    let is_met = match expected {
        ExpectedSets::AllValid => {
            !verdicts.is_empty() && verdicts.iter().all(|verdict| verdict.is_valid())
        }
        ExpectedSets::NotAllValid => is_refused(&verdicts),
        ExpectedSets::Each(each) => {
            each.len() == verdicts.len()
                && each
                    .iter()
                    .zip(&verdicts)
                    .all(|(expected, verdict)| expected.is_met_by(*verdict))
        }
    };
    if is_met {
        return Outcome::Passed;
    }
    let mut got = String::new();
    join(&mut got, &verdicts).expect("a string takes everything");
    differs(expected, &got)
}

/// An empty list accepts nothing, so it is refused too.
fn is_refused(verdicts: &[Verdict]) -> bool {
    let is_decided = |verdict: &Verdict| !matches!(verdict, Verdict::Undecided(_));
    verdicts.iter().all(is_decided)
        && (verdicts.is_empty() || verdicts.iter().any(|verdict| !verdict.is_valid()))
}

fn judge_point(expected: &ExpectedPoint, answer: Answer<Result<Vec<u8>, Verdict>>) -> Outcome {
    match (expected, answer) {
        (_, Err(error)) => without_answer(expected, &error),
        (_, Ok(Err(Verdict::Undecided(UndecidedCause::Unsupported)))) => unsupported_here(),
        (ExpectedPoint::Bytes(wanted), Ok(Ok(bytes))) if *wanted == bytes => Outcome::Passed,
        (ExpectedPoint::Refused(wanted), Ok(Err(verdict))) if wanted.is_met_by(verdict) => {
            Outcome::Passed
        }
        (_, Ok(Ok(bytes))) => differs(expected, &hex::encode(bytes)),
        (_, Ok(Err(verdict))) => differs(expected, &verdict),
    }
}

fn judge_bytes(expected: &[u8], answer: Answer<Vec<u8>>) -> Outcome {
    let expected = ExpectedPoint::Bytes(expected.to_vec());
    judge_point(&expected, answer.map(Ok))
}

fn refused_secret(secret: &[u8]) -> Outcome {
    match Signer::from_bytes(secret) {
        None => Outcome::Passed,
        Some(_) => differs(&"the secret key refused", &"a usable key"),
    }
}

const HASH: &str = "the hash of the message";

/// No RPC signs. So: the signature is what blst makes of the secret key; the subject calls it
/// VALID under the derived key; and the subject's own hash of the message is the point whose
/// multiple the signature is, e(pk, H) = e(g1, signature).
fn signed(
    subject: &mut dyn Subject,
    scheme: &Scheme,
    secret: &[u8],
    message: &[u8],
    expected: &[u8],
) -> Outcome {
    let Some(signer) = Signer::from_bytes(secret) else {
        return differs(&hex::encode(expected), &"the secret key refused");
    };
    let signature = signer.sign(scheme, message);
    if signature.compress() != expected {
        return differs(&hex::encode(expected), &hex::encode(signature.compress()));
    }
    let set = SetCase {
        keys: vec![signer.public_compressed()],
        message: message.to_vec(),
        signature: expected.to_vec(),
    };
    let verdicts = ask_sets(subject, scheme, Encoding::ZcashCompressed, &[set]);
    let verified = judge_sets(&ExpectedSets::AllValid, verdicts);
    if !matches!(verified, Outcome::Passed) {
        return verified;
    }
    let hash = subject.hash_to_curve(
        CurveId::Bls12381,
        GroupId::G2,
        HashVariant::RandomOracle,
        tag(scheme),
        &signer.signed_bytes(scheme, message),
        Encoding::Eip2537,
    );
    let hash = match hash {
        Ok(Ok(hash)) => hash,
        Ok(Err(verdict)) => return differs(&HASH, &verdict),
        Err(error) => return without_answer(&HASH, &error),
    };
    let pairs = [
        (signer.public_eip2537(), hash),
        (minus_generator_eip2537(), signature_eip2537(&signature)),
    ];
    judge(
        Expected::Valid,
        subject.pairing_check(Encoding::Eip2537, &pairs),
    )
}
