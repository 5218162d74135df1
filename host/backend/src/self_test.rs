//! What a backend must get right before it may serve: known answers made by others, most of
//! them ones that must be refused.

use std::sync::Arc;

use tutti_curves::bls12_381::Bls12381;
use tutti_curves::{Bn254Sig, Group, MinPk, MinSig, Signed, Wire, bls12_381, bn254};
use tutti_types::{
    CurveId, Dst, Encoding, GroupId, HashVariant, InvalidReason, Part, Priority, Scheme, Verdict,
};

use crate::batch::{Batch, Challenge, Outcomes, WorkSlice};
use crate::work::{
    HashInput, HashParcel, Hashing, KeyParcel, Keys, PairingParcel, SumParcel, SumRole,
    VerifyParcelBuilder, Work,
};
use crate::{Backend, DeviceFault, Refused};

/// Two interop validators' keys and what `py_ecc` signs with them over 32 bytes of 0x54.
const ETH_KEYS: [&str; 2] = [
    "a99a76ed7796f7be22d5b7e85deeb7c5677e88e511e0b337618f8c4eb61349b4\
     bf2d153f649f7b53359fe8b94a38e44c",
    "b89bebc699769726a318c8e9971bd3171297c61aea4a6578a7a4f94b547dcba5\
     bac16a89108b6b6a1fe3695d1a874a0b",
];
const ETH_SIGNATURES: [&str; 2] = [
    "8a609c65e0440822103921454c02776cd3370350e5207e20ca760977a376f187\
     016735b35ed52a41dafe23313d5091f70a2ae37fe51dc1b052180b5ecf128ffd\
     615e4e8b33e0000196119abddec7c89c79a216d1f09172b947ed4de08e714148",
    "acec634a137728f38dd0955249859c77e231542f95d3ef0e2e8a1535e4755454\
     2e8d329cb975a5fb983946a308cd76b9085d52bfdae60239c40465c5ce01ae56\
     2cd3841a6fa7f16b0f67eb203d3c754ef14bb9f7cbcd478c5707bd97d2012643",
];
const ETH_MESSAGE: [u8; 32] = [0x54; 32];

/// EigenLayer's own test key 69 over a certificate digest.
const EIGEN_KEY: &str = "0bcb2b68b6c68a5aea7fe75b5446c4ca410461fa226c2487d07eb2c504639cb5\
     2a3b3f7ef4f62985af31809fdc531483e5f1cd67aa1bcf0f8ac0d17e158aa967\
     0940e64478db51fe630cc540dbeabea34d072a54fd7c743056e18174f9a1b64e\
     00c874e4fcfb88d5c98a0240bc6f7f37d45f2226ca147317b3a2b7243ddb6c1b";
const EIGEN_SIGNATURE: &str = "0479294811002ecb3aadba86118c6c42255759499f46d13fb43b4603cb92c56f\
     0a0bd0be9738ffa704707df774fc00c51587d91262842cd75749be9fa066e917";
const EIGEN_DIGEST: &str = "e8866d5bb2c00e87b13b05ff04ddaae913fc6990514c45cfbbbd5160ad511629";

/// RFC 9380 appendix J.10.1, message "abc", compressed.
const RFC_G2_DST: &[u8] = b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_";
const RFC_G2_ABC_X: [&str; 2] = [
    "02c2d18e033b960562aae3cab37a27ce00d80ccd5ba4b7fe0e7a210245129dbec7780ccc7954725f4168aff2787776e6",
    "139cddbccdc5e91b9623efd38c49f81a6f83f175e80b06fc374de9eb4b41dfe4ca3a230ed250fbe3a2acf73a41177fd8",
];

/// The two Ethereum signatures added up, by `py_ecc`.
const ETH_SUM: &str = "af92cb2f9fd134956247ff1f7fec2d41a5d9d2405217557c54a3748cf0aba687\
     72b7f7c1bf642f9bd218f6efa3d0c7200f64413b6094f24198d5ff1963a2eae0\
     7c0406b7d32ad39980bc136bffbf5c6efbe7addd54f54696b5276820cc751a4f";

/// RFC 9380 appendix J.9.1, message "abc": also the signature of the secret key 1.
const RFC_G1_DST: &[u8] = b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";
const RFC_G1_ABC: [&str; 2] = [
    "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903",
    "0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d",
];

#[derive(Clone, Debug)]
pub struct SelfTestReport {
    pub checks: usize,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum SelfTestFailure {
    #[error("the backend refused the self-test: {0}")]
    Refused(#[from] Refused),
    #[error("{0}")]
    Fault(#[from] DeviceFault),
    #[error("{operation}, item {item}: {expected} was expected, {got} came")]
    Wrong {
        operation: &'static str,
        item: usize,
        expected: String,
        got: String,
    },
}

/// Runs every known answer that the backend's operations cover, singly and in one batch.
pub fn self_test(
    backend: &dyn Backend,
    challenge: Challenge,
) -> Result<SelfTestReport, SelfTestFailure> {
    let mut checks = 0;
    for (work, expected) in [
        ethereum(),
        min_sig(),
        eigen(),
        hash(),
        pairing(),
        sums(),
        keys(),
    ] {
        if !backend.descriptor().operations.contains(&work.operation()) {
            continue;
        }
        let work = Arc::new(work);
        check(backend, challenge, &work, 0..expected.len(), &expected)?;
        for item in 0..expected.len() {
            check(
                backend,
                challenge,
                &work,
                item..item + 1,
                &expected[item..=item],
            )?;
        }
        checks += 2 * expected.len();
    }
    Ok(SelfTestReport { checks })
}

#[derive(Debug, PartialEq)]
enum Expected {
    Verdict(Verdict),
    Point(Vec<u8>),
}

fn check(
    backend: &dyn Backend,
    challenge: Challenge,
    work: &Arc<Work>,
    range: std::ops::Range<usize>,
    expected: &[Expected],
) -> Result<(), SelfTestFailure> {
    let slice = WorkSlice {
        work: Arc::clone(work),
        range: range.clone(),
    };
    let batch = Batch {
        priority: Priority::Urgent,
        ..Batch::of(vec![slice], challenge)
    };
    let outcomes = crate::run(backend, batch)?.result?;
    let got: Vec<Expected> = outcomes.iter().flat_map(answers).collect();
    let wrong = |item: usize| SelfTestFailure::Wrong {
        operation: work.operation().name(),
        item: range.start + item,
        expected: format!("{:?}", expected.get(item)),
        got: format!("{:?}", got.get(item)),
    };
    if got.len() != expected.len() {
        return Err(wrong(got.len().min(expected.len())));
    }
    match (0..got.len()).find(|&item| got[item] != expected[item]) {
        Some(item) => Err(wrong(item)),
        None => Ok(()),
    }
}

fn answers(outcomes: &Outcomes) -> Vec<Expected> {
    match outcomes {
        Outcomes::Points(points) => points
            .iter()
            .map(|point| match point {
                Ok(bytes) => Expected::Point(bytes.clone()),
                Err(verdict) => Expected::Verdict(*verdict),
            })
            .collect(),
        Outcomes::Keys(keys) => keys.verdicts().into_iter().map(without_place).collect(),
        other => other
            .verdicts()
            .into_iter()
            .map(Expected::Verdict)
            .collect(),
    }
}

/// A key's place depends on the slice it was asked in.
fn without_place(verdict: Verdict) -> Expected {
    Expected::Verdict(match verdict {
        Verdict::Invalid(reason, Part::Key(_)) => Verdict::Invalid(reason, Part::Whole),
        other => other,
    })
}

const VALID: Expected = Expected::Verdict(Verdict::Valid);
const FORGED: Expected =
    Expected::Verdict(Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole));

fn ethereum() -> (Work, Vec<Expected>) {
    let scheme = Scheme::Bls12381MinPkPop;
    let mut parcel = VerifyParcelBuilder::<MinPk>::new(scheme);
    let keys = ETH_KEYS.map(|key| wire::<bls12_381::G1>(Encoding::ZcashCompressed, key));
    let [first, second] =
        ETH_SIGNATURES.map(|sig| wire::<bls12_381::G2>(Encoding::ZcashCompressed, sig));
    let source = parcel.keys(Keys::Inline(keys.to_vec()));
    let message = parcel.message(&ETH_MESSAGE);
    let other = parcel.message(&[0x55; 32]);
    let (plus, minus) = shifted_apart(first, second);
    let outside = Wire::Point(outside_subgroup());
    let cases = [
        (&[0][..], message, first, VALID),
        (&[1], message, second, VALID),
        (&[0, 1], message, sum(first, second), VALID),
        (&[0], other, first, FORGED),
        (&[1], message, first, FORGED),
        (&[0], message, plus, FORGED),
        (&[1], message, minus, FORGED),
        (
            &[0],
            message,
            outside,
            Expected::Verdict(Verdict::Invalid(
                InvalidReason::NotInSubgroup,
                Part::Signature,
            )),
        ),
    ];
    let expected = fill(&mut parcel, source, cases);
    (Work::MinPk(parcel.finish()), expected)
}

fn eigen() -> (Work, Vec<Expected>) {
    let mut parcel = VerifyParcelBuilder::<Bn254Sig>::new(Scheme::Bn254EigenTai);
    let key = wire::<bn254::G2>(Encoding::Eip197, EIGEN_KEY);
    let signature = wire::<bn254::G1>(Encoding::Eip197, EIGEN_SIGNATURE);
    let source = parcel.keys(Keys::Inline(vec![key]));
    let message = parcel.message(&bytes(EIGEN_DIGEST));
    let other = parcel.message(&[7; 32]);
    let (plus, minus) = shifted_apart(signature, signature);
    let cases = [
        (&[0][..], message, signature, VALID),
        (&[0], other, signature, FORGED),
        (&[0], message, plus, FORGED),
        (&[0], message, minus, FORGED),
    ];
    let expected = fill(&mut parcel, source, cases);
    (Work::Bn254(parcel.finish()), expected)
}

fn hash() -> (Work, Vec<Expected>) {
    // The compressed form: imaginary part first, and the flag of the smaller y.
    let mut point = bytes(&[RFC_G2_ABC_X[1], RFC_G2_ABC_X[0]].concat());
    point[0] |= 0x80;
    let parcel = HashParcel {
        curve: CurveId::Bls12381,
        group: GroupId::G2,
        hashing: Hashing::Rfc9380 {
            variant: HashVariant::RandomOracle,
            dst: RFC_G2_DST.into(),
        },
        inputs: vec![HashInput::Message(b"abc"[..].into())],
        encoding: Encoding::ZcashCompressed,
    };
    (Work::Hash(parcel), vec![Expected::Point(point)])
}

/// The secret key 1, whose public key is the generator.
fn min_sig() -> (Work, Vec<Expected>) {
    let dst = Dst::new(RFC_G1_DST).expect("a tag of 50 bytes");
    let mut parcel = VerifyParcelBuilder::<MinSig>::new(Scheme::Bls12381MinSig(dst));
    let signature = wire::<bls12_381::G1>(Encoding::ZcashUncompressed, &RFC_G1_ABC.concat());
    let source = parcel.keys(Keys::Inline(vec![Wire::Point(bls12_381::G2::generator())]));
    let message = parcel.message(b"abc");
    let other = parcel.message(b"abd");
    let (plus, minus) = shifted_apart(signature, signature);
    let cases = [
        (&[0][..], message, signature, VALID),
        (&[0], other, signature, FORGED),
        (&[0], message, plus, FORGED),
        (&[0], message, minus, FORGED),
    ];
    let expected = fill(&mut parcel, source, cases);
    (Work::MinSig(parcel.finish()), expected)
}

/// e(P, Q) e(-P, Q) is one; e(P, Q) e(P, Q) is not; a point outside G2 is refused.
fn pairing() -> (Work, Vec<Expected>) {
    let (p, q) = (bls12_381::G1::generator(), bls12_381::G2::generator());
    let (plus, minus) = (Wire::Point(p), Wire::Point(bls12_381::G1::negate(&p)));
    let (inside, outside) = (Wire::Point(q), Wire::Point(outside_subgroup()));
    let parcel = PairingParcel::<Bls12381> {
        pairs: vec![
            (plus, inside),
            (minus, inside),
            (plus, inside),
            (plus, inside),
            (plus, outside),
            (minus, outside),
        ],
        checks: vec![0..2, 2..4, 4..6],
    };
    let refused = Verdict::Invalid(InvalidReason::NotInSubgroup, Part::Point(0));
    (
        Work::PairingBls12381(parcel),
        vec![VALID, FORGED, Expected::Verdict(refused)],
    )
}

fn sums() -> (Work, Vec<Expected>) {
    let signatures =
        ETH_SIGNATURES.map(|sig| wire::<bls12_381::G2>(Encoding::ZcashCompressed, sig));
    let outside = Wire::Point(outside_subgroup());
    let parcel = SumParcel {
        role: SumRole::Signatures,
        lists: vec![signatures.to_vec(), vec![signatures[0], outside]],
        encoding: Encoding::ZcashCompressed,
    };
    let refused = Verdict::Invalid(InvalidReason::NotInSubgroup, Part::Point(1));
    let expected = vec![Expected::Point(bytes(ETH_SUM)), Expected::Verdict(refused)];
    (Work::SumBls12381G2(parcel), expected)
}

fn keys() -> (Work, Vec<Expected>) {
    let [first, second] = ETH_KEYS.map(|key| wire::<bls12_381::G1>(Encoding::ZcashCompressed, key));
    let parcel = KeyParcel {
        keys: vec![first, Wire::Infinity, second],
    };
    // A key's place is the one in its slice.
    let refused = Expected::Verdict(Verdict::Invalid(InvalidReason::Infinity, Part::Whole));
    (Work::KeysBls12381G1(parcel), vec![VALID, refused, VALID])
}

type Case<'a, W> = (&'a [u32], u32, Wire<<W as Signed>::Sig>, Expected);

fn fill<W: Signed, const N: usize>(
    parcel: &mut VerifyParcelBuilder<W>,
    source: u32,
    cases: [Case<'_, W>; N],
) -> Vec<Expected> {
    cases
        .into_iter()
        .map(|(signers, message, signature, expected)| {
            parcel
                .item(&[(source, signers, message)], signature)
                .expect("the self-test's items can all be asked");
            expected
        })
        .collect()
}

/// S + D and T - D: their plain sum is that of S and T, which an unweighted check accepts.
fn shifted_apart<G: Group>(s: Wire<G>, t: Wire<G>) -> (Wire<G>, Wire<G>) {
    let shift = G::generator();
    (add(s, &shift), add(t, &G::negate(&shift)))
}

fn sum<G: Group>(a: Wire<G>, b: Wire<G>) -> Wire<G> {
    add(a, &b.finite().expect("a known point"))
}

fn add<G: Group>(wire: Wire<G>, point: &G::Affine) -> Wire<G> {
    let sum = G::add_affine(&G::lift(&wire.finite().expect("a known point")), point);
    Wire::Point(G::to_affine(&sum).expect("known points do not cancel"))
}

/// A point of the curve outside G2: the first small x that has one.
fn outside_subgroup() -> bls12_381::P2Affine {
    (1u8..)
        .find_map(|x| {
            let mut compressed = [0; 96];
            compressed[0] = 0x80;
            compressed[95] = x;
            bls12_381::G2::decompress(&compressed).ok()
        })
        .filter(|point| !bls12_381::G2::in_subgroup(point))
        .expect("the first point of the curve is not in the subgroup")
}

fn wire<G: Group>(encoding: Encoding, hex: &str) -> Wire<G> {
    G::parse(encoding, &bytes(hex)).expect("a known encoding")
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .map(|c| c.to_digit(16).expect("hexadecimal constants") as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}
