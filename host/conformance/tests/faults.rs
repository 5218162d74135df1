//! A runner that cannot fail is worth nothing: every way of answering wrongly must show.

mod oracle;

use std::path::Path;

use oracle::Oracle;
use tutti_conformance::{
    AggregateRole, Answer, Check, Expected, ExpectedPoint, ExpectedSets, Report, SetCase, Sharing,
    Subject, SubjectError, Suite, load, run,
};
use tutti_types::{
    CurveId, Encoding, GroupId, HashVariant, InvalidReason, Part, Scheme, UndecidedCause, Verdict,
    World,
};

type Bytes = Result<Vec<u8>, Verdict>;

/// The oracle, with each of its answers bent.
struct Bent {
    verdict: fn(Verdict) -> Answer<Verdict>,
    bytes: fn(Bytes) -> Answer<Bytes>,
}

impl Bent {
    fn bend_each(&self, verdicts: Vec<Verdict>) -> Answer<Vec<Verdict>> {
        verdicts.into_iter().map(self.verdict).collect()
    }
}

impl Subject for Bent {
    fn verify_sets(
        &mut self,
        scheme: &Scheme,
        encoding: Encoding,
        sets: &[SetCase],
    ) -> Answer<Vec<Verdict>> {
        self.bend_each(Oracle.verify_sets(scheme, encoding, sets)?)
    }

    fn fast_aggregate_verify(
        &mut self,
        scheme: &Scheme,
        encoding: Encoding,
        set: &SetCase,
    ) -> Answer<Verdict> {
        (self.verdict)(Oracle.fast_aggregate_verify(scheme, encoding, set)?)
    }

    fn eth_fast_aggregate_verify(&mut self, set: &SetCase) -> Answer<Verdict> {
        (self.verdict)(Oracle.eth_fast_aggregate_verify(set)?)
    }

    fn aggregate_verify(
        &mut self,
        scheme: &Scheme,
        encoding: Encoding,
        keys: &[Vec<u8>],
        messages: &[Vec<u8>],
        signature: &[u8],
    ) -> Answer<Verdict> {
        (self.verdict)(Oracle.aggregate_verify(scheme, encoding, keys, messages, signature)?)
    }

    fn aggregate(
        &mut self,
        world: World,
        role: AggregateRole,
        encoding: Encoding,
        points: &[Vec<u8>],
    ) -> Answer<Bytes> {
        (self.bytes)(Oracle.aggregate(world, role, encoding, points)?)
    }

    fn hash_to_curve(
        &mut self,
        curve: CurveId,
        group: GroupId,
        variant: HashVariant,
        dst: &[u8],
        message: &[u8],
        out: Encoding,
    ) -> Answer<Bytes> {
        (self.bytes)(Oracle.hash_to_curve(curve, group, variant, dst, message, out)?)
    }

    fn hash_by_scheme(&mut self, scheme: &Scheme, message: &[u8], out: Encoding) -> Answer<Bytes> {
        (self.bytes)(Oracle.hash_by_scheme(scheme, message, out)?)
    }

    fn map_to_curve(
        &mut self,
        curve: CurveId,
        group: GroupId,
        element: &[u8],
        out: Encoding,
    ) -> Answer<Bytes> {
        (self.bytes)(Oracle.map_to_curve(curve, group, element, out)?)
    }

    fn pairing_check(
        &mut self,
        encoding: Encoding,
        pairs: &[(Vec<u8>, Vec<u8>)],
    ) -> Answer<Verdict> {
        (self.verdict)(Oracle.pairing_check(encoding, pairs)?)
    }

    fn expand_message(&mut self, dst: &[u8], message: &[u8], length: usize) -> Answer<Vec<u8>> {
        let bytes = Oracle.expand_message(dst, message, length)?;
        (self.bytes)(Ok(bytes)).map(Result::unwrap_or_default)
    }
}

const WRONG: Verdict = Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole);

fn corpus() -> Suite {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/conformance/vectors"
    );
    load(Path::new(path)).expect("the corpus is committed")
}

fn put(suite: &Suite, bent: &mut Bent) -> Report {
    let alone = run(suite, bent, Sharing::Alone);
    let together = run(suite, bent, Sharing::Together);
    assert_eq!(alone.kinds, together.kinds, "sharing hides or makes faults");
    alone
}

/// Those cases of the corpus of which nothing is asked.
fn refused_secrets(suite: &Suite) -> usize {
    let is_refused = |check: &Check| {
        matches!(
            check,
            Check::Sign {
                signature: None,
                ..
            }
        )
    };
    suite
        .cases
        .iter()
        .filter(|case| is_refused(&case.check))
        .count()
}

#[allow(clippy::unnecessary_wraps)] // The shape of `Bent`'s fields.
fn same_bytes(bytes: Bytes) -> Answer<Bytes> {
    Ok(bytes)
}

#[allow(clippy::unnecessary_wraps)]
fn same_verdict(verdict: Verdict) -> Answer<Verdict> {
    Ok(verdict)
}

#[test]
fn a_subject_that_says_the_contrary_passes_nothing() {
    let suite = corpus();
    let mut contrary = Bent {
        verdict: |verdict| {
            Ok(match verdict {
                Verdict::Valid => WRONG,
                _ => Verdict::Valid,
            })
        },
        bytes: |bytes| {
            Ok(match bytes {
                Err(_) => Ok(vec![0; 64]),
                Ok(mut bytes) => {
                    *bytes.last_mut().expect("no point is empty") ^= 1;
                    Ok(bytes)
                }
            })
        },
    };
    let report = put(&suite, &mut contrary);
    assert!(!report.is_ok());
    assert_eq!(report.total().passed, refused_secrets(&suite));
    assert_eq!(report.total().unsupported, 0);
    assert_eq!(report.failures.len(), report.total().failed);
    let failure = &report.failures[0];
    assert!(!failure.expected.is_empty() && !failure.got.is_empty());
}

#[test]
fn a_subject_that_accepts_everything_fails_whatever_must_be_refused() {
    let suite = corpus();
    let mut trusting = Bent {
        verdict: |_| Ok(Verdict::Valid),
        bytes: |bytes| Ok(Ok(bytes.unwrap_or_default())),
    };
    let must_refuse = |check: &Check| match check {
        Check::Sets { expected, .. } => match expected {
            ExpectedSets::AllValid => false,
            ExpectedSets::NotAllValid => true,
            ExpectedSets::Each(each) => each.iter().any(|one| *one != Expected::Valid),
        },
        Check::FastAggregateVerify { expected, .. }
        | Check::EthFastAggregateVerify { expected, .. }
        | Check::AggregateVerify { expected, .. }
        | Check::PairingCheck { expected, .. } => *expected != Expected::Valid,
        Check::Aggregate { expected, .. }
        | Check::HashByScheme { expected, .. }
        | Check::MapToCurve { expected, .. } => matches!(expected, ExpectedPoint::Refused(_)),
        _ => false,
    };
    let wanted = suite.cases.iter().filter(|case| must_refuse(&case.check));
    let wanted = wanted.count();
    assert!(wanted > 150, "the corpus has lost its teeth");
    assert_eq!(put(&suite, &mut trusting).total().failed, wanted);
}

#[test]
fn a_reason_that_a_case_insists_on_must_be_given() {
    let suite = corpus();
    let mut vague = Bent {
        verdict: |verdict| {
            Ok(match verdict {
                Verdict::Invalid(_, part) => Verdict::Invalid(InvalidReason::UnknownKey, part),
                other => other,
            })
        },
        bytes: same_bytes,
    };
    let report = put(&suite, &mut vague);
    assert!(report.total().failed > 100, "{report}");
    assert!(
        report
            .failures
            .iter()
            .all(|failure| failure.got.contains("unknown key"))
    );
}

#[test]
fn an_equation_that_fails_is_no_malformed_input_and_the_reverse() {
    let mut suite = corpus();
    suite
        .cases
        .retain(|case| case.kind == "eip2537/pairing_check" || case.kind == "eip197/pairing_check");
    let mut blaming = Bent {
        verdict: |verdict| {
            Ok(match verdict {
                WRONG => Verdict::Invalid(InvalidReason::BadEncoding, Part::Whole),
                Verdict::Invalid(..) => WRONG,
                valid => valid,
            })
        },
        bytes: same_bytes,
    };
    let report = put(&suite, &mut blaming);
    let valid = |check: &Check| {
        matches!(
            check,
            Check::PairingCheck {
                expected: Expected::Valid,
                ..
            }
        )
    };
    let valid = suite.cases.iter().filter(|case| valid(&case.check)).count();
    assert_eq!(report.total().passed, valid);
}

#[test]
fn undecided_is_never_right() {
    let suite = corpus();
    let mut overloaded = Bent {
        verdict: |_| Ok(Verdict::Undecided(UndecidedCause::Overload)),
        bytes: |_| Ok(Err(Verdict::Undecided(UndecidedCause::DeviceFault))),
    };
    let total = put(&suite, &mut overloaded).total();
    assert_eq!(total.passed, refused_secrets(&suite));
    assert_eq!(total.unsupported, 0);
}

#[test]
fn what_is_not_offered_is_counted_apart_and_named() {
    let mut suite = corpus();
    let mut bare = Bent {
        verdict: |_| Err(SubjectError::Unsupported("no such thing".to_owned())),
        bytes: |_| Ok(Err(Verdict::Undecided(UndecidedCause::Unsupported))),
    };
    // Expanding a message has no verdict, so it cannot be undecided.
    suite
        .cases
        .retain(|case| !matches!(case.check, Check::ExpandMessage { .. }));
    let report = put(&suite, &mut bare);
    let total = report.total();
    assert!(report.is_ok());
    assert_eq!((total.passed, total.failed), (refused_secrets(&suite), 0));
    assert_eq!(report.unsupported.len(), total.unsupported);
}

#[test]
fn no_answer_is_a_failure() {
    let suite = corpus();
    let mut dead = Bent {
        verdict: |_| Err(SubjectError::NoAnswer("the server hung up".to_owned())),
        bytes: |_| Err(SubjectError::NoAnswer("the server hung up".to_owned())),
    };
    let report = put(&suite, &mut dead);
    assert_eq!(report.total().passed, refused_secrets(&suite));
    assert!(report.failures[0].got.contains("the server hung up"));
}

/// A signature may verify while the hash that the subject shows is another point.
#[test]
fn a_signature_is_tied_to_the_hash() {
    let mut suite = corpus();
    suite.cases.retain(|case| {
        matches!(
            &case.check,
            Check::Sign {
                signature: Some(_),
                ..
            }
        )
    });
    assert!(suite.cases.len() >= 7);
    let mut honest = Bent {
        verdict: same_verdict,
        bytes: same_bytes,
    };
    assert_eq!(put(&suite, &mut honest).total().failed, 0);
    let mut other_point = Bent {
        verdict: same_verdict,
        // The negated point: on the curve and in the subgroup, but not the hash.
        bytes: |bytes| {
            let bytes = bytes.expect("a hash");
            Ok(Ok(negated_eip2537_g2(&bytes)))
        },
    };
    let total = put(&suite, &mut other_point).total();
    assert_eq!((total.passed, total.failed), (0, suite.cases.len()));
}

fn negated_eip2537_g2(point: &[u8]) -> Vec<u8> {
    use tutti_curves::{Group, bls12_381::G2};
    let wire = G2::parse(Encoding::Eip2537, point).expect("a hash is a point");
    let point = wire.finite().expect("a hash is not infinity");
    G2::encode(Some(&G2::negate(&point)), Encoding::Eip2537)
}

/// Fewer verdicts than sets, or more.
#[test]
fn a_list_of_another_length_is_no_answer() {
    struct Miscounting;
    impl Subject for Miscounting {
        fn verify_sets(
            &mut self,
            _: &Scheme,
            _: Encoding,
            sets: &[SetCase],
        ) -> Answer<Vec<Verdict>> {
            Ok(vec![Verdict::Valid; sets.len() + 1])
        }
        fn fast_aggregate_verify(
            &mut self,
            _: &Scheme,
            _: Encoding,
            _: &SetCase,
        ) -> Answer<Verdict> {
            unreachable!()
        }
        fn aggregate_verify(
            &mut self,
            _: &Scheme,
            _: Encoding,
            _: &[Vec<u8>],
            _: &[Vec<u8>],
            _: &[u8],
        ) -> Answer<Verdict> {
            unreachable!()
        }
        fn aggregate(
            &mut self,
            _: World,
            _: AggregateRole,
            _: Encoding,
            _: &[Vec<u8>],
        ) -> Answer<Bytes> {
            unreachable!()
        }
        fn hash_to_curve(
            &mut self,
            _: CurveId,
            _: GroupId,
            _: HashVariant,
            _: &[u8],
            _: &[u8],
            _: Encoding,
        ) -> Answer<Bytes> {
            unreachable!()
        }
        fn hash_by_scheme(&mut self, _: &Scheme, _: &[u8], _: Encoding) -> Answer<Bytes> {
            unreachable!()
        }
        fn map_to_curve(&mut self, _: CurveId, _: GroupId, _: &[u8], _: Encoding) -> Answer<Bytes> {
            unreachable!()
        }
        fn pairing_check(&mut self, _: Encoding, _: &[(Vec<u8>, Vec<u8>)]) -> Answer<Verdict> {
            unreachable!()
        }
    }
    let mut suite = corpus();
    suite
        .cases
        .retain(|case| matches!(case.check, Check::Sets { .. }));
    for sharing in [Sharing::Alone, Sharing::Together] {
        let report = run(&suite, &mut Miscounting, sharing);
        assert_eq!(report.total().failed, suite.cases.len());
    }
}
