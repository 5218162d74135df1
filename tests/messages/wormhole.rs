use serde_json::Value;
use tutti_domain::ecdsa::{EcdsaFault, SetExpiry, WormholeCertificate, WormholeError};
use tutti_domain::{Case, Cause, OperatorSet, Outcome, Reason, ReferenceKind, SetState};

use crate::rig;

struct Vaa {
    set: OperatorSet,
    bytes: Vec<u8>,
    json: Value,
}

fn vaas() -> Vec<Vaa> {
    let read = |json: Value| Vaa {
        set: rig::set(
            &json["guardians"],
            json["guardian_set"].as_u64().expect("a number"),
        ),
        bytes: rig::bytes(&json["vaa"]),
        json,
    };
    rig::cases("wormhole.json").into_iter().map(read).collect()
}

impl Vaa {
    fn certificate(&self) -> WormholeCertificate {
        WormholeCertificate::decode(&self.bytes).expect("a VAA")
    }

    fn outcome(&self, certificate: &WormholeCertificate) -> Outcome {
        let subject = certificate.subject();
        rig::outcome(&self.set, &subject, &rig::two_thirds(), |case| {
            certificate.judge(case, SetExpiry::Newest)
        })
    }

    fn rejection(&self, certificate: &WormholeCertificate) -> Reason {
        rig::rejected(self.outcome(certificate))
    }
}

#[test]
fn vaas_with_a_quorum_are_accepted() {
    for vaa in vaas() {
        let certificate = vaa.certificate();
        assert_eq!(certificate.encode(), vaa.bytes);
        let digest = certificate.subject().digest().to_vec();
        assert_eq!(digest, rig::bytes(&vaa.json["digest"]));
        let outcome = vaa.outcome(&certificate);
        let members = vaa.set.members().len();
        assert_eq!(rig::signers(&outcome, members), rig::seats(&vaa.json));
    }
}

#[test]
fn every_bit_of_a_vaa_counts() {
    let small = |vaa: &&Vaa| vaa.certificate().signatures.len() <= 5;
    for vaa in vaas().iter().filter(small).take(2) {
        let signatures = 66 * vaa.certificate().signatures.len();
        let subject = vaa.certificate().subject();
        for bit in 0..8 * vaa.bytes.len() {
            let mut flipped = vaa.bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let certificate = match (bit / 8, WormholeCertificate::decode(&flipped)) {
                (0, Err(WormholeError::Version(_))) | (5, Err(_)) => continue,
                (_, Ok(certificate)) => certificate,
                (byte, other) => panic!("byte {byte}: {other:?}"),
            };
            let policy = rig::two_thirds();
            let outcome = rig::outcome(&vaa.set, &subject, &policy, |case| {
                certificate.judge(case, SetExpiry::Newest)
            });
            let reason = rig::rejected(outcome);
            let expected = match bit / 8 {
                1..5 => matches!(reason, Reason::OtherReference { .. }),
                // Signatures become body or body becomes signatures.
                5 => matches!(reason, Reason::OtherMessage { .. }),
                byte if byte < 6 + signatures && (byte - 6) % 66 == 0 => matches!(
                    reason,
                    Reason::Ecdsa(EcdsaFault::Unordered(_) | EcdsaFault::OtherSigner { .. })
                        | Reason::IndexOutOfRange { .. }
                ),
                byte if byte < 6 + signatures => matches!(
                    reason,
                    Reason::Ecdsa(
                        EcdsaFault::OtherSigner { .. }
                            | EcdsaFault::NotASignature(_)
                            | EcdsaFault::RecoveryValue { .. }
                    )
                ),
                _ => matches!(reason, Reason::OtherMessage { .. }),
            };
            assert!(expected, "bit {bit}: {reason:?}");
        }
    }
}

#[test]
fn guardians_ascend_and_are_members() {
    let vaa = &vaas()[0];
    let good = vaa.certificate();
    let mut swapped = good.clone();
    swapped.signatures.swap(0, 1);
    assert_eq!(
        vaa.rejection(&swapped),
        Reason::Ecdsa(EcdsaFault::Unordered(1))
    );
    let mut twice = good.clone();
    twice.signatures[1] = twice.signatures[0];
    assert_eq!(
        vaa.rejection(&twice),
        Reason::Ecdsa(EcdsaFault::Unordered(1))
    );
    let mut outside = good.clone();
    outside.signatures.last_mut().expect("some").index = 19;
    assert_eq!(
        vaa.rejection(&outside),
        Reason::IndexOutOfRange {
            index: 19,
            members: 19
        }
    );
    let mut other = good;
    let (first, second) = (other.signatures[0], other.signatures[1]);
    other.signatures[0].signature = second.signature;
    other.signatures[1].signature = first.signature;
    assert!(matches!(
        vaa.rejection(&other),
        Reason::Ecdsa(EcdsaFault::OtherSigner { place: 0, .. })
    ));
}

/// Thirteen of nineteen.
#[test]
fn a_quorum_is_more_than_two_thirds() {
    let vaa = &vaas()[0];
    let mut certificate = vaa.certificate();
    certificate.signatures.truncate(13);
    assert!(matches!(vaa.outcome(&certificate), Outcome::Accept(_)));
    certificate.signatures.truncate(12);
    assert!(matches!(
        vaa.rejection(&certificate),
        Reason::ThresholdNotMet { .. }
    ));
    certificate.signatures.clear();
    assert_eq!(vaa.rejection(&certificate), Reason::NoSigners);
}

/// `expirationTime < block.timestamp` is expired; the newest set is not looked at.
#[test]
fn an_old_guardian_set_counts_until_it_expires() {
    let vaa = &vaas()[0];
    let certificate = vaa.certificate();
    let outcome = |state, timestamp, expiry| {
        let standing = rig::standing(state, timestamp);
        let case = Case {
            set: &vaa.set,
            standing: &standing,
            subject: &certificate.subject(),
            policy: &rig::two_thirds(),
        };
        match certificate.judge(&case, expiry).into_claim() {
            Err(objection) => objection.into(),
            Ok(claim) => {
                let verdict = claim.obligation().verdict();
                claim.conclude(verdict, &standing)
            }
        }
    };
    let expiry = SetExpiry::At(1_000);
    let accepted = |outcome: Outcome| matches!(outcome, Outcome::Accept(_));
    assert!(accepted(outcome(SetState::Superseded, Some(1_000), expiry)));
    assert_eq!(
        rig::rejected(outcome(SetState::Superseded, Some(1_001), expiry)),
        Reason::Ecdsa(EcdsaFault::SetExpired {
            expired_at: 1_000,
            present: 1_001
        })
    );
    assert_eq!(
        outcome(SetState::Superseded, None, expiry),
        Outcome::Indeterminate(Cause::PresentUnknown(ReferenceKind::Timestamp))
    );
    assert!(accepted(outcome(SetState::Active, Some(1_001), expiry)));
    assert_eq!(
        rig::rejected(outcome(SetState::Superseded, Some(1), SetExpiry::Newest)),
        Reason::SetSuperseded
    );
    assert_eq!(
        rig::rejected(outcome(SetState::Disabled, Some(1), expiry)),
        Reason::SetDisabled
    );
}

#[test]
fn vaas_cut_short_are_none() {
    let vaa = &vaas()[1];
    let head = 6 + 66 * vaa.certificate().signatures.len() + 51;
    for end in 0..head {
        assert!(
            WormholeCertificate::decode(&vaa.bytes[..end]).is_err(),
            "{end}"
        );
    }
}
