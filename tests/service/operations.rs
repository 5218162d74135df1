//! Sums, hashes, maps and pairings.

use bytes::Bytes;
use tutti_curves::bls12_381::{self, Bls12381};
use tutti_curves::{Curve, Group, Hashing, PointHash, bn254};
use tutti_proto::v1;
use tutti_proto::v1::AggregateRole::{Keys, Signatures};
use tutti_proto::v1::point_result::Outcome;
use tutti_types::{Encoding, HashVariant, Scheme};

use crate::support::*;

fn infinity(len: usize) -> Bytes {
    let mut bytes = vec![0; len];
    bytes[0] = 0xc0;
    bytes.into()
}

fn outcome(result: &v1::PointResult) -> Result<Bytes, String> {
    match result.outcome.as_ref().unwrap() {
        Outcome::Point(point) => Ok(point.clone()),
        Outcome::Invalid(invalid) => Err(invalid.text.clone()),
        Outcome::Undecided(undecided) => Err(undecided.text.clone()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_of_signatures_and_of_keys() {
    let running = start();
    let mut client = running.verify().await;
    let (key_a, sig_a) = pop(20, b"m");
    let (key_b, sig_b) = pop(22, b"m");
    let (key_sum, sig_sum) = pop(42, b"m");
    let negated = {
        let point = bls12_381::G1::parse(Encoding::ZcashCompressed, &key_a).unwrap();
        let minus = bls12_381::G1::negate(&point.finite().unwrap());
        Bytes::from(bls12_381::G1::encode(
            Some(&minus),
            Encoding::ZcashCompressed,
        ))
    };
    let job = |id, role: v1::AggregateRole, points: &[&Bytes]| v1::AggregateJob {
        id,
        role: role.into(),
        points: points.iter().copied().cloned().collect(),
    };
    let request = v1::AggregateRequest {
        world: v1::World::Bls12381MinPk.into(),
        options: options("sums", v1::Priority::Normal),
        jobs: vec![
            job(10, Signatures, &[&sig_a, &sig_b]),
            job(11, Keys, &[&key_a, &key_b]),
            job(12, Signatures, &[&sig_a]),
            job(13, Signatures, &[&infinity(96)]),
            job(14, Keys, &[&key_a, &infinity(48)]),
            job(15, Keys, &[&key_a, &negated]),
            job(16, Signatures, &[]),
            job(17, Signatures, &[&sig_a, &key_a]),
            job(18, Signatures, &[&sig_a, &infinity(96)]),
        ],
        ..Default::default()
    };
    let answer = client.aggregate(request).await.unwrap().into_inner();
    assert_eq!(answer.request_id, "sums");
    let ids: Vec<u64> = answer.results.iter().map(|r| r.id).collect();
    assert_eq!(ids, (10..19).collect::<Vec<_>>());
    let outcomes: Vec<_> = answer.results.iter().map(outcome).collect();
    assert_eq!(outcomes[0], Ok(sig_sum));
    assert_eq!(outcomes[1], Ok(key_sum));
    assert_eq!(outcomes[2], Ok(sig_a.clone()));
    assert_eq!(outcomes[3], Ok(infinity(96)));
    assert_eq!(outcomes[4], Err("infinity: point 1".into()));
    assert!(
        outcomes[5]
            .as_ref()
            .is_err_and(|text| text.starts_with("infinity"))
    );
    assert_eq!(outcomes[6], Err("empty".into()));
    assert_eq!(outcomes[7], Err("malformed length: point 1".into()));
    assert_eq!(outcomes[8], Ok(sig_a));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sum_comes_in_the_encoding_asked_for() {
    let running = start();
    let mut client = running.verify().await;
    let (_, signature) = signed_as(&Scheme::Bn254EigenTai, 9, &[1; 32], Encoding::Eip197);
    let (_, expected) = signed_as(
        &Scheme::Bn254EigenTai,
        18,
        &[1; 32],
        Encoding::GnarkCompressed,
    );
    let request = v1::AggregateRequest {
        world: v1::World::Bn254.into(),
        output_encoding: v1::Encoding::GnarkCompressed.into(),
        jobs: vec![v1::AggregateJob {
            role: v1::AggregateRole::Signatures.into(),
            points: vec![signature.clone(), signature],
            ..Default::default()
        }],
        ..Default::default()
    };
    let answer = client.aggregate(request).await.unwrap().into_inner();
    assert_eq!(outcome(&answer.results[0]), Ok(expected));
}

fn suite(curve: v1::Curve, group: v1::Group, variant: v1::HashVariant) -> v1::HashSuite {
    v1::HashSuite {
        curve: curve.into(),
        group: group.into(),
        variant: variant.into(),
        dst: Bytes::from_static(TAG),
    }
}

fn message(bytes: &'static [u8]) -> v1::HashInput {
    v1::HashInput {
        input: Some(v1::hash_input::Input::Message(Bytes::from_static(bytes))),
        ..Default::default()
    }
}

fn expected<G: PointHash>(variant: HashVariant, message: &[u8]) -> Bytes {
    let hashing = Hashing::Rfc9380 { variant, dst: TAG };
    let point = G::hash(hashing, message, &[]).unwrap();
    G::encode(Some(&point), Encoding::canonical(G::CURVE)).into()
}

type Expected = fn(HashVariant, &[u8]) -> Bytes;

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_hashed_to_every_group() {
    let running = start();
    let mut client = running.verify().await;
    let groups: [(v1::Curve, v1::Group, Expected); 4] = [
        (
            v1::Curve::Bls12381,
            v1::Group::G1,
            expected::<bls12_381::G1>,
        ),
        (
            v1::Curve::Bls12381,
            v1::Group::G2,
            expected::<bls12_381::G2>,
        ),
        (v1::Curve::Bn254, v1::Group::G1, expected::<bn254::G1>),
        (v1::Curve::Bn254, v1::Group::G2, expected::<bn254::G2>),
    ];
    let variants = [
        (v1::HashVariant::RandomOracle, HashVariant::RandomOracle),
        (v1::HashVariant::NonUniform, HashVariant::NonUniform),
    ];
    for (curve, group, expected) in groups {
        for (wire, variant) in variants {
            let request = v1::HashToCurveRequest {
                hash: Some(v1::hash_to_curve_request::Hash::Suite(suite(
                    curve, group, wire,
                ))),
                inputs: vec![message(b""), message(b"abc")],
                ..Default::default()
            };
            let answer = client.hash_to_curve(request).await.unwrap().into_inner();
            let points: Vec<_> = answer.results.iter().map(outcome).collect();
            assert_eq!(
                points,
                [Ok(expected(variant, b"")), Ok(expected(variant, b"abc"))],
                "{curve:?} {group:?} {variant:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schemes_own_hash_is_what_it_signs() {
    let running = start();
    let mut client = running.verify().await;
    let digest = [9; 32];
    for (kind, scheme) in schemes() {
        if scheme == Scheme::Bls12381MinPkAug {
            continue;
        }
        // A signature under the secret 1 is the hash itself.
        let (_, hash) = signed(&scheme, 1, &digest);
        let request = v1::HashToCurveRequest {
            hash: Some(v1::hash_to_curve_request::Hash::Scheme(
                wire_scheme(kind).unwrap(),
            )),
            inputs: vec![message(&[9; 32]), message(b"short")],
            ..Default::default()
        };
        let answer = client.hash_to_curve(request).await.unwrap().into_inner();
        assert_eq!(outcome(&answer.results[0]), Ok(hash), "{kind:?}");
        let short = outcome(&answer.results[1]);
        match kind {
            v1::SchemeKind::Bn254EigenTai => {
                assert_eq!(short, Err("message length: message".into()));
            }
            _ => assert!(short.is_ok(), "{kind:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn field_elements_are_mapped() {
    let running = start();
    let mut client = running.verify().await;
    let element = |bytes: Vec<u8>| v1::HashInput {
        input: Some(v1::hash_input::Input::FieldElement(bytes.into())),
        ..Default::default()
    };
    let mut three = vec![0; 48];
    three[47] = 3;
    let request = v1::HashToCurveRequest {
        hash: Some(v1::hash_to_curve_request::Hash::Suite(v1::HashSuite {
            dst: Bytes::new(),
            ..suite(
                v1::Curve::Bls12381,
                v1::Group::G1,
                v1::HashVariant::Unspecified,
            )
        })),
        encoding: v1::Encoding::Eip2537.into(),
        inputs: vec![
            element(three.clone()),
            element(vec![0xff; 48]),
            element(vec![1; 47]),
        ],
        ..Default::default()
    };
    let answer = client.hash_to_curve(request).await.unwrap().into_inner();
    let point = bls12_381::G1::map(&three).unwrap();
    let expected = bls12_381::G1::encode(point.as_ref(), Encoding::Eip2537);
    assert_eq!(outcome(&answer.results[0]), Ok(expected.into()));
    assert!(outcome(&answer.results[1]).is_err_and(|text| text.starts_with("non-canonical")));
    assert_eq!(
        outcome(&answer.results[2]),
        Err("malformed length: message".into())
    );
}

type G1 = <Bls12381 as Curve>::G1;
type G2 = <Bls12381 as Curve>::G2;

/// (a G1, b G2) in EIP-2537's words.
fn pair(a: u128, b: u128) -> v1::PointPair {
    let g1 = G1::to_affine(&G1::mul(&G1::generator(), a));
    let g2 = G2::to_affine(&G2::mul(&G2::generator(), b));
    v1::PointPair {
        g1: G1::encode(g1.as_ref(), Encoding::Eip2537).into(),
        g2: G2::encode(g2.as_ref(), Encoding::Eip2537).into(),
    }
}

fn negated(pair: v1::PointPair) -> v1::PointPair {
    let point = G1::parse(Encoding::Eip2537, &pair.g1)
        .unwrap()
        .finite()
        .unwrap();
    v1::PointPair {
        g1: G1::encode(Some(&G1::negate(&point)), Encoding::Eip2537).into(),
        ..pair
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn products_of_pairings_are_checked_one_by_one() {
    let running = start();
    let mut client = running.verify().await;
    let check = |id, pairs: Vec<v1::PointPair>| v1::ProductCheck { id, pairs };
    let nothing = v1::PointPair {
        g1: vec![0; 128].into(),
        g2: vec![0; 256].into(),
    };
    let short = v1::PointPair {
        g1: vec![0; 127].into(),
        ..pair(1, 1)
    };
    let request = v1::PairingCheckRequest {
        encoding: v1::Encoding::Eip2537.into(),
        options: options("products", v1::Priority::Normal),
        checks: vec![
            check(5, vec![pair(2, 3), negated(pair(6, 1))]),
            check(6, vec![pair(2, 3), negated(pair(5, 1))]),
            check(7, vec![nothing.clone()]),
            check(8, vec![]),
            check(9, vec![pair(2, 3), short]),
            check(
                10,
                vec![pair(2, 3), pair(4, 1), negated(pair(10, 1)), nothing],
            ),
            check(11, vec![pair(1, 1)]),
        ],
    };
    let answer = client.pairing_check(request).await.unwrap().into_inner();
    assert_eq!(answer.request_id, "products");
    assert_eq!(
        texts(&answer.results),
        [
            "VALID",
            "INVALID(does not verify)",
            "VALID",
            "INVALID(empty)",
            "INVALID(malformed length: point 1)",
            "VALID",
            "INVALID(does not verify)",
        ]
    );
}
