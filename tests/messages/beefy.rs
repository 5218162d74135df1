use serde_json::Value;
use tutti_domain::ecdsa::{BeefyCertificate, BeefyError};
use tutti_domain::{OperatorSet, Outcome, Reason, U256};

use crate::rig;

struct Justification {
    set: OperatorSet,
    bytes: Vec<u8>,
    json: Value,
}

fn justifications() -> Vec<Justification> {
    let read = |json: Value| Justification {
        set: rig::set(
            &json["authorities"],
            json["validator_set"].as_u64().expect("a number"),
        ),
        bytes: rig::bytes(&json["justification"]),
        json,
    };
    rig::cases("beefy.json").into_iter().map(read).collect()
}

impl Justification {
    fn certificate(&self) -> BeefyCertificate {
        BeefyCertificate::decode(&self.bytes).expect("a justification")
    }

    fn outcome(&self, certificate: &BeefyCertificate) -> Outcome {
        let subject = self.certificate().subject(U256::ZERO);
        rig::outcome(&self.set, &subject, &rig::two_thirds(), |case| {
            certificate.judge(case)
        })
    }

    /// n - floor((n - 1) / 3).
    fn threshold(&self) -> usize {
        let authorities = self.set.members().len();
        authorities - (authorities - 1) / 3
    }
}

#[test]
fn justifications_with_a_quorum_are_accepted() {
    for justification in justifications() {
        let certificate = justification.certificate();
        let digest = certificate.subject(U256::ZERO).digest().to_vec();
        assert_eq!(digest, rig::bytes(&justification.json["digest"]));
        let outcome = justification.outcome(&certificate);
        let members = justification.set.members().len();
        assert_eq!(
            rig::signers(&outcome, members),
            rig::seats(&justification.json)
        );
    }
}

#[test]
fn one_signature_less_than_the_threshold_is_too_few() {
    for justification in justifications() {
        let mut certificate = justification.certificate();
        let mut kept = 0;
        for signature in &mut certificate.signatures {
            kept += usize::from(signature.is_some());
            if kept > justification.threshold() {
                *signature = None;
            }
        }
        assert!(matches!(
            justification.outcome(&certificate),
            Outcome::Accept(_)
        ));
        let last = certificate
            .signatures
            .iter_mut()
            .rev()
            .find(|s| s.is_some());
        *last.expect("a threshold is at least one") = None;
        let reason = rig::rejected(justification.outcome(&certificate));
        let expected = match justification.threshold() {
            1 => reason == Reason::NoSigners,
            _ => matches!(reason, Reason::ThresholdNotMet { .. }),
        };
        assert!(expected, "{reason:?}");
    }
}

/// A signature by another authority, or by nobody, counts for nobody.
#[test]
fn signatures_in_other_seats_do_not_count() {
    let justification = &justifications()[2];
    let mut certificate = justification.certificate();
    let good = rig::signers(&justification.outcome(&certificate), 7).len();
    let first = certificate.signatures.iter().flatten().next().copied();
    for signature in &mut certificate.signatures {
        *signature = first;
    }
    let reason = rig::rejected(justification.outcome(&certificate));
    assert!(matches!(reason, Reason::ThresholdNotMet { signed, .. } if signed == U256::from(1)));
    assert!(good >= justification.threshold());
}

/// A changed commitment is another message; a changed signature is one less.
#[test]
fn every_bit_of_a_justification_counts() {
    for justification in justifications().iter().skip(1).take(2) {
        let before = rig::seats(&justification.json).len();
        let members = justification.set.members().len();
        for bit in 0..8 * justification.bytes.len() {
            let mut flipped = justification.bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Ok(certificate) = BeefyCertificate::decode(&flipped) else {
                continue;
            };
            // Bits past the last authority are not read, as in Substrate.
            if certificate == justification.certificate() {
                continue;
            }
            match justification.outcome(&certificate) {
                Outcome::Accept(acceptance) => {
                    let signed = acceptance.tallies()[0].signers.expect("known") as usize;
                    assert_eq!(signed, before - 1, "bit {bit}");
                    assert!(signed >= justification.threshold());
                }
                Outcome::Reject(reason) => assert!(
                    matches!(
                        reason,
                        Reason::OtherMessage { .. }
                            | Reason::OtherReference { .. }
                            | Reason::ThresholdNotMet { .. }
                            | Reason::NoSigners
                            | Reason::LengthMismatch { .. }
                    ),
                    "bit {bit} of {members}: {reason:?}"
                ),
                Outcome::Indeterminate(cause) => panic!("bit {bit}: {cause}"),
            }
        }
    }
}

#[test]
fn broken_justifications_are_none() {
    let justification = &justifications()[3];
    for end in 0..justification.bytes.len() {
        assert!(
            BeefyCertificate::decode(&justification.bytes[..end]).is_err(),
            "{end}"
        );
    }
    let longer = [&justification.bytes[..], &[0]].concat();
    assert_eq!(
        BeefyCertificate::decode(&longer),
        Err(BeefyError::TrailingBytes(1))
    );
    let mut version = justification.bytes.clone();
    version[0] = 2;
    assert_eq!(
        BeefyCertificate::decode(&version),
        Err(BeefyError::Version(2))
    );
}

#[test]
fn a_set_of_another_size_does_not_judge() {
    let justification = &justifications()[2];
    let mut certificate = justification.certificate();
    certificate.signatures.pop();
    let reason = rig::rejected(justification.outcome(&certificate));
    assert!(matches!(reason, Reason::LengthMismatch { .. }));
}
