//! Whole batches as a device would run them, with every sort of bad item, against the oracle.

mod support;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use support::Argument::{Bytes, Number, Numbers, Words as W};
use support::points::{Stored, StoredCurve, anywhere, member, of_order};
use support::steps::{self, affine_words, bucket_sums, last_step, starts, store, sum_lists, weigh};
use support::{Words, launch};
use tutti_curves::oracle::{self, Term};
use tutti_curves::{Bn254Sig, Curve, Group, Hashing, MinPk, MinSig, PointHash, Signed, Wire};
use tutti_types::{CurveId, Dst, Encoding, InvalidReason, Part, Scheme, Verdict};

const KEYS: usize = 12;
/// Bytes of a coefficient: 64 bits.
const WEIGHT: usize = 8;
const PARTS: usize = 4;

/// Keys whose holders we are; each has its negative among them too.
struct Holders<W: Signed> {
    secrets: Vec<u128>,
    keys: Vec<<W::Key as Group>::Affine>,
}

struct Item {
    signers: Vec<usize>,
    message: usize,
    signature: Vec<u8>,
}

/// A world whose points the kernels store, and how its messages become points there.
trait OnDevice: Signed<Key: Stored, Sig: Stored, Curve: StoredCurve> {
    fn scheme() -> Scheme;
    fn hash(messages: &[Vec<u8>]) -> Words;
    /// The smallest primes that divide the cofactor of the signatures' group, where there are any.
    const SMALL: &'static [u32];
}

const TAG: &[u8] = b"A-TAG-OF-THIS-TEST";

fn concatenated(messages: &[Vec<u8>]) -> (Vec<u8>, Vec<u32>) {
    let mut offsets = vec![0];
    for message in messages {
        offsets.push(offsets[offsets.len() - 1] + message.len() as u32);
    }
    (messages.concat(), offsets)
}

/// RFC 9380 up to the mapped points; `mapped` are the words of one.
fn map_messages<G: Stored>(messages: &[Vec<u8>], tag: &[u8], mapped: usize) -> Words {
    let n = messages.len();
    let (mut bytes, mut offsets) = concatenated(messages);
    let mut prime = [tag, &[tag.len() as u8]].concat();
    let length = prime.len() as u32;
    let mut u = Words::new(G::COORDINATE, 2 * n);
    let arguments = vec![
        Bytes(&mut bytes),
        Numbers(&mut offsets),
        Number(n as u32),
        Bytes(&mut prime),
        Number(length),
        W(&mut u),
    ];
    launch(&G::entry("fields"), n, arguments);
    let mut mapped = Words::new(mapped, 2 * n);
    let arguments = vec![W(&mut u), Number(2 * n as u32), W(&mut mapped)];
    launch(&G::entry("map"), 2 * n, arguments);
    mapped
}

fn sswu<G: Stored>(messages: &[Vec<u8>], tag: &[u8], mapped: usize) -> Words {
    let n = messages.len();
    let mut mapped = map_messages::<G>(messages, tag, mapped);
    let mut jacobian = Words::new(3 * G::COORDINATE, n);
    let arguments = vec![W(&mut mapped), Number(n as u32), W(&mut jacobian)];
    launch(&G::entry("clear"), n, arguments);
    affine_words::<G>(&mut jacobian)
}

impl OnDevice for MinPk {
    const SMALL: &'static [u32] = &[13, 23];
    fn scheme() -> Scheme {
        Scheme::Bls12381MinPkPop
    }
    fn hash(messages: &[Vec<u8>]) -> Words {
        let tag = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
        sswu::<Self::Sig>(messages, tag, 48)
    }
}

impl OnDevice for MinSig {
    const SMALL: &'static [u32] = &[3, 11];
    fn scheme() -> Scheme {
        Scheme::Bls12381MinSig(Dst::new(TAG).expect("a tag"))
    }
    fn hash(messages: &[Vec<u8>]) -> Words {
        sswu::<Self::Sig>(messages, TAG, 36)
    }
}

impl OnDevice for Bn254Sig {
    const SMALL: &'static [u32] = &[];
    fn scheme() -> Scheme {
        Scheme::Bn254KeccakTai
    }
    fn hash(messages: &[Vec<u8>]) -> Words {
        let n = messages.len();
        let (mut bytes, mut offsets) = concatenated(messages);
        let mut digests = vec![0; 32 * n];
        let arguments = vec![
            Bytes(&mut bytes),
            Numbers(&mut offsets),
            Number(n as u32),
            Bytes(&mut digests),
        ];
        launch("keccak256", n, arguments);
        let mut affine = Words::new(16, n);
        let arguments = vec![Bytes(&mut digests), Number(n as u32), W(&mut affine)];
        launch("bn_g1_try", n, arguments);
        affine
    }
}

impl<W: Signed<Key: Stored>> Holders<W> {
    fn new(random: &mut ChaCha20Rng) -> Self {
        let secrets: Vec<u128> = (0..KEYS)
            .map(|_| u128::from(random.next_u64()) << 32 | 1)
            .collect();
        let generator = W::Key::generator();
        let key = |secret: &u128| W::Key::to_affine(&W::Key::mul(&generator, *secret));
        let mut keys: Vec<_> = secrets
            .iter()
            .map(|secret| key(secret).expect("finite"))
            .collect();
        keys.extend(keys.clone().iter().map(W::Key::negate));
        Self { secrets, keys }
    }
}

fn encoding<G: Group>() -> Encoding {
    match G::CURVE {
        CurveId::Bls12381 => Encoding::ZcashCompressed,
        CurveId::Bn254 => Encoding::GnarkCompressed,
    }
}

fn encode<G: Group>(point: Option<&G::Affine>) -> Vec<u8> {
    G::encode(point, encoding::<G>())
}

/// What is wrong with an item.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Message,
    Signer,
    /// The next item has the opposite shift.
    Shift,
    Unshift,
    SmallOrder(u32),
    Outside,
    Infinity,
    NotCanonical,
    Flags,
    NotOnCurve,
    CancellingKeys,
}

struct Batch<W: Signed> {
    holders: Holders<W>,
    messages: Vec<Vec<u8>>,
    items: Vec<Item>,
}

fn sign<W: OnDevice>(secret: u128, message: &[u8]) -> <W::Sig as Group>::Affine {
    let point = W::Sig::hash(Hashing::of_scheme(&W::scheme()), message, &[]).expect("a point");
    W::Sig::to_affine(&W::Sig::mul(&point, secret)).expect("finite")
}

fn shifted<G: Group>(point: &G::Affine, by: &G::Affine) -> G::Affine {
    G::to_affine(&G::add_affine(&G::lift(point), by)).expect("not opposite")
}

impl<W: OnDevice> Batch<W> {
    /// One item for each fault, on as many messages as are wanted.
    fn new(faults: &[Fault], messages: usize, seed: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let holders = Holders::<W>::new(&mut random);
        let messages: Vec<Vec<u8>> = (0..messages).map(|i| vec![i as u8; 32]).collect();
        let shift = member::<W::Sig>(&mut random);
        let items = faults
            .iter()
            .enumerate()
            .map(|(i, fault)| {
                let mut signers = vec![i % KEYS, (i + 5) % KEYS];
                signers.truncate(1 + i % 2);
                let message = i % messages.len();
                let secret = signers.iter().map(|&s| holders.secrets[s]).sum();
                let good = sign::<W>(secret, &messages[message]);
                let signature = match fault {
                    Fault::Message => encode::<W::Sig>(Some(&sign::<W>(secret, b"another"))),
                    Fault::Signer => {
                        encode::<W::Sig>(Some(&sign::<W>(secret + 1, &messages[message])))
                    }
                    Fault::Shift => encode::<W::Sig>(Some(&shifted::<W::Sig>(&good, &shift))),
                    Fault::Unshift => {
                        let minus = W::Sig::negate(&shift);
                        encode::<W::Sig>(Some(&shifted::<W::Sig>(&good, &minus)))
                    }
                    Fault::SmallOrder(prime) => {
                        let low = of_order::<W::Sig>(*prime, &mut random);
                        encode::<W::Sig>(Some(&shifted::<W::Sig>(&good, &low)))
                    }
                    Fault::Outside => encode::<W::Sig>(Some(&anywhere::<W::Sig>(&mut random))),
                    Fault::Infinity => encode::<W::Sig>(None),
                    Fault::None
                    | Fault::NotCanonical
                    | Fault::Flags
                    | Fault::NotOnCurve
                    | Fault::CancellingKeys => {
                        let mut bytes = encode::<W::Sig>(Some(&good));
                        spoil::<W::Sig>(&mut bytes, *fault);
                        bytes
                    }
                };
                if *fault == Fault::CancellingKeys {
                    signers = vec![i % KEYS, i % KEYS + KEYS];
                }
                Item {
                    signers,
                    message,
                    signature,
                }
            })
            .collect();
        Self {
            holders,
            messages,
            items,
        }
    }

    fn wire(&self, item: usize) -> Result<Wire<W::Sig>, InvalidReason> {
        W::Sig::parse(encoding::<W::Sig>(), &self.items[item].signature)
    }

    fn verdict(&self, item: usize) -> Verdict {
        let Item {
            signers, message, ..
        } = &self.items[item];
        let term = Term::<W> {
            keys: signers.iter().map(|&s| self.holders.keys[s]).collect(),
            message: &self.messages[*message],
        };
        match self.wire(item) {
            Ok(wire) => oracle::verify(&W::scheme(), &[term], &wire),
            Err(reason) => Verdict::Invalid(reason, Part::Signature),
        }
    }
}

fn spoil<G: Stored>(bytes: &mut [u8], fault: Fault) {
    match fault {
        Fault::NotCanonical => {
            let flags = bytes[0] & if G::BASE == 12 { 0xe0 } else { 0xc0 };
            let modulus = support::points::modulus::<G>().to_bytes_be();
            bytes[..modulus.len()].copy_from_slice(&modulus);
            bytes[0] |= flags;
        }
        Fault::Flags => bytes[0] &= 0x1f,
        Fault::NotOnCurve => {
            let last = bytes.len() - 1;
            while G::parse(encoding::<G>(), bytes).is_ok_and(|wire| wire.point().is_ok()) {
                bytes[last] = bytes[last].wrapping_add(1);
            }
        }
        _ => {}
    }
}

/// What the device and the host's last steps found.
struct Outcome {
    /// Of each item's signature.
    status: Vec<u8>,
    keys_cancel: Vec<bool>,
    all_hold: bool,
    /// Of each part, where every item has a message of its own.
    parts_hold: Option<Vec<bool>>,
    /// Of each item that is left, asked alone.
    items_hold: Vec<bool>,
}

/// Signatures decompressed, their membership shown by buckets where that succeeds and one by one otherwise; those that are no
/// signatures have become infinity.
fn signatures<W: OnDevice>(batch: &Batch<W>, weights: &mut [u8]) -> (Words, Vec<u8>) {
    let n = batch.items.len();
    let mut bytes: Vec<u8> = batch
        .items
        .iter()
        .flat_map(|item| item.signature.clone())
        .collect();
    let (mut points, mut status) = (Words::new(2 * W::Sig::COORDINATE, n), vec![0; n]);
    let arguments = vec![
        Bytes(&mut bytes),
        Number(n as u32),
        W(&mut points),
        Bytes(&mut status),
    ];
    launch(&W::Sig::entry("decompress"), n, arguments);
    if W::Sig::PRIME_ORDER {
        return (points, status);
    }
    let (_, mut whole) = bucket_sums::<W::Sig>(&mut points, weights, PARTS);
    let mut buckets = affine_words::<W::Sig>(&mut whole);
    let mut bucket_status = vec![0; buckets.stride];
    members::<W::Sig>(&mut buckets, &mut bucket_status);
    let inside = bucket_status.iter().all(|&status| status == 0);
    let before = status.clone();
    members::<W::Sig>(&mut points, &mut status);
    assert_eq!(
        inside,
        before == status,
        "the buckets and the points themselves say the same"
    );
    let arguments = vec![W(&mut points), Number(n as u32), Bytes(&mut status)];
    launch(&W::Sig::entry("drop"), n, arguments);
    (points, status)
}

fn members<G: Stored>(points: &mut Words, status: &mut [u8]) {
    let n = points.stride;
    let arguments = vec![W(points), Number(n as u32), Bytes(status)];
    launch(&G::entry("members"), n, arguments);
}

/// The product of the Miller loops of each value's pairs, one a value.
fn miller<W: OnDevice>(keys: &mut Words, points: &mut Words) -> Words {
    let n = keys.stride;
    let (g1, g2) = if <W::Key as Stored>::NAME.ends_with("g1") {
        (keys, points)
    } else {
        (points, keys)
    };
    steps::miller::<W::Curve>(g1, g2, n)
}

/// The product of each part's values.
fn product<W: OnDevice>(values: &mut Words, parts: usize) -> Vec<<W::Curve as Curve>::Gt> {
    let starts = starts(values.stride, parts);
    let mut ranges: Vec<u32> = starts.windows(2).flatten().copied().collect();
    let mut terms: Vec<u32> = (0..values.stride as u32).collect();
    let mut out = Words::new(12 * W::Sig::BASE, parts);
    let arguments = vec![
        W(values),
        Numbers(&mut ranges),
        Numbers(&mut terms),
        Number(parts as u32),
        W(&mut out),
    ];
    launch(
        &<W::Curve as StoredCurve>::entry("product_lists"),
        parts,
        arguments,
    );
    out.elements()
        .iter()
        .map(|words| W::Curve::gt(words))
        .collect()
}

/// The host's last step: the signatures' side, and the comparison with one.
fn holds<W: OnDevice>(
    value: &<W::Curve as Curve>::Gt,
    sum: Option<&<W::Sig as Group>::Affine>,
) -> bool {
    let other = sum.map_or_else(W::Curve::one, |sum| {
        W::Curve::miller(&[W::signature_pair(sum)])
    });
    W::Curve::is_one(&W::Curve::mul(value, &other))
}

fn run<W: OnDevice>(batch: &Batch<W>) -> Outcome {
    let n = batch.items.len();
    let mut weights = vec![0; WEIGHT * n];
    ChaCha20Rng::seed_from_u64(99).fill_bytes(&mut weights);
    let (mut signatures, mut status) = signatures(batch, &mut weights);
    let signers: Vec<Vec<usize>> = batch
        .items
        .iter()
        .map(|item| item.signers.clone())
        .collect();
    let resident: Vec<_> = batch.holders.keys.iter().copied().map(Some).collect();
    let mut keys = sum_lists::<W::Key>(&mut store::<W::Key>(&resident), &signers);
    let keys_cancel: Vec<bool> = keys
        .elements()
        .iter()
        .map(|words| words.iter().all(|&w| w == 0))
        .collect();
    for (status, cancel) in status.iter_mut().zip(&keys_cancel) {
        *status = if *status == 0 && *cancel { 9 } else { *status };
    }
    let dropped = [
        (&mut keys, W::Key::entry("drop")),
        (&mut signatures, W::Sig::entry("drop")),
    ];
    for (points, entry) in dropped {
        launch(
            &entry,
            n,
            vec![W(points), Number(n as u32), Bytes(&mut status)],
        );
    }
    let mut weighed = weigh::<W::Key>(&mut keys, &mut weights);
    let groups: Vec<Vec<usize>> = (0..batch.messages.len())
        .map(|message| {
            (0..n)
                .filter(|&i| batch.items[i].message == message)
                .collect()
        })
        .collect();
    let mut by_message = sum_lists::<W::Key>(&mut weighed, &groups);
    let mut hashes = W::hash(&batch.messages);
    let mut values = miller::<W>(&mut by_message, &mut hashes);
    let (mut by_part, mut whole) = bucket_sums::<W::Sig>(&mut signatures, &mut weights, PARTS);
    let sum = last_step::<W::Sig>(&mut whole, WEIGHT, 1)[0];
    let all_hold = holds::<W>(&product::<W>(&mut values, 1)[0], sum.as_ref());
    let parts_hold = (batch.messages.len() == n && n >= PARTS).then(|| {
        let sums = last_step::<W::Sig>(&mut by_part, WEIGHT, PARTS);
        let values = product::<W>(&mut values, PARTS);
        let parts = values.iter().zip(&sums);
        parts
            .map(|(value, sum)| holds::<W>(value, sum.as_ref()))
            .collect()
    });
    // Each item alone: its own Miller loop, its own weighed signature.
    let own: Vec<Vec<u32>> = batch
        .items
        .iter()
        .map(|item| hashes.get(item.message))
        .collect();
    let mut values = miller::<W>(&mut weighed, &mut Words::from_elements(&own));
    let alone = weigh::<W::Sig>(&mut signatures, &mut weights);
    let sums: Vec<_> = alone
        .elements()
        .iter()
        .map(|words| W::Sig::optional_point(words))
        .collect();
    let items_hold = product::<W>(&mut values, n)
        .iter()
        .zip(&sums)
        .map(|(value, sum)| holds::<W>(value, sum.as_ref()))
        .collect();
    Outcome {
        status,
        keys_cancel,
        all_hold,
        parts_hold,
        items_hold,
    }
}

/// The device's answers are the oracle's, item by item and for all parts.
fn compare<W: OnDevice>(batch: &Batch<W>) {
    let outcome = run(batch);
    let n = batch.items.len();
    let verdicts: Vec<Verdict> = (0..n).map(|i| batch.verdict(i)).collect();
    for (i, verdict) in verdicts.iter().enumerate() {
        let expected = match verdict {
            Verdict::Invalid(InvalidReason::Infinity, Part::Signature) => 1,
            Verdict::Invalid(InvalidReason::BadEncoding, _) => 2,
            Verdict::Invalid(InvalidReason::NonCanonical, _) => 3,
            Verdict::Invalid(InvalidReason::NotOnCurve, _) => 4,
            Verdict::Invalid(InvalidReason::NotInSubgroup, _) => 5,
            Verdict::Invalid(InvalidReason::Infinity, Part::AggregateKey) => 9,
            Verdict::Valid | Verdict::Invalid(InvalidReason::DoesNotVerify, _) => 0,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            outcome.status[i],
            expected,
            "{:?} {i} {verdict:?}",
            W::WORLD
        );
        assert_eq!(outcome.keys_cancel[i], expected == 9);
        let holds = expected != 0 || verdict.is_valid();
        assert_eq!(
            outcome.items_hold[i],
            holds,
            "{:?} {i} {verdict:?}",
            W::WORLD
        );
    }
    let good = |i: usize| {
        !matches!(
            verdicts[i],
            Verdict::Invalid(InvalidReason::DoesNotVerify, _)
        )
    };
    assert_eq!(outcome.all_hold, (0..n).all(good), "{:?}", W::WORLD);
    let starts = starts(n, PARTS);
    for (part, holds) in outcome.parts_hold.iter().flatten().enumerate() {
        assert_eq!(
            *holds,
            (starts[part] as usize..starts[part + 1] as usize).all(good),
            "{:?} {part}",
            W::WORLD
        );
    }
}

/// Faults that drop an item out of the batch before the equation.
fn dropping<W: OnDevice>() -> Vec<Fault> {
    use Fault::{CancellingKeys, Flags, Infinity, NotCanonical, NotOnCurve, Outside, SmallOrder};
    let mut faults = vec![Infinity, NotCanonical, Flags, NotOnCurve, CancellingKeys];
    if !W::SMALL.is_empty() {
        faults.push(Outside);
        faults.extend(W::SMALL.iter().map(|&prime| SmallOrder(prime)));
    }
    faults
}

fn batches<W: OnDevice>() {
    use Fault::{Message, None, Shift, Signer, Unshift};
    const N: usize = 16;
    let with = |faults: &[(usize, Fault)]| {
        let mut list = vec![None; N];
        for (at, fault) in faults {
            list[*at] = *fault;
        }
        list
    };
    let mut dropped = with(&[]);
    for (i, fault) in dropping::<W>().into_iter().enumerate() {
        dropped[2 * i] = fault;
    }
    for messages in [N, 3] {
        // All good; good ones among those that drop out; a pair of shifts that cancel, in one part and in two; wrong ones.
        compare(&Batch::<W>::new(&with(&[]), messages, 1));
        compare(&Batch::<W>::new(&dropped, messages, 2));
        compare(&Batch::<W>::new(
            &with(&[(1, Shift), (5, Unshift)]),
            messages,
            3,
        ));
        compare(&Batch::<W>::new(
            &with(&[(3, Shift), (6, Unshift)]),
            messages,
            4,
        ));
        let mut everything = dropped.clone();
        (everything[13], everything[15]) = (Message, Signer);
        compare(&Batch::<W>::new(&everything, messages, 5));
    }
    compare(&Batch::<W>::new(&[None], 1, 6));
    compare(&Batch::<W>::new(&[Message], 1, 7));
}

#[test]
fn batches_of_bls12_381_with_keys_in_g1() {
    batches::<MinPk>();
}

#[test]
fn batches_of_bls12_381_with_signatures_in_g1() {
    batches::<MinSig>();
}

#[test]
fn batches_of_bn254() {
    batches::<Bn254Sig>();
}
