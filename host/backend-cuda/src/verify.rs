//! A batch of signatures on a device: two programs, one that makes points of bytes and says which
//! are bad, one that weighs and multiplies. The device answers with the product of the Miller
//! loops and the weighted sum of the signatures of each leaf; all above that is done here.

mod asked;
mod canary;
mod leaves;

use std::ops::Range;

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use tutti_backend::{Batch, Outcomes, VerifyParcel};
use tutti_curves::{Bn254Sig, Group, MinPk, MinSig, Signed};
use tutti_types::Verdict;

use crate::composer::{Answer, Array, Bytes, Composer, MillerShape};
use crate::run::{Run, Stop, wrong};
use crate::words::{DeviceCurve, DeviceGroup};
use asked::{Asked, HashKind, Questions};
use canary::{Canary, known_bad};
use leaves::Leaves;

/// A way round of a curve that the kernels know.
pub(crate) trait DeviceWorld:
    Signed<Curve: DeviceCurve, Key: DeviceGroup, Sig: DeviceGroup>
{
    /// The pairing's sides of keys and messages.
    fn sides(keys: Array, messages: Array) -> (Array, Array);
}

impl DeviceWorld for MinPk {
    fn sides(keys: Array, messages: Array) -> (Array, Array) {
        (keys, messages)
    }
}

impl DeviceWorld for MinSig {
    fn sides(keys: Array, messages: Array) -> (Array, Array) {
        (messages, keys)
    }
}

impl DeviceWorld for Bn254Sig {
    fn sides(keys: Array, messages: Array) -> (Array, Array) {
        (messages, keys)
    }
}

pub(crate) type Parcels<'a, W> = [(&'a VerifyParcel<W>, Range<usize>)];

/// Of so many items, one is decided again by the oracle, whatever the device says of it.
const SAMPLED_ONE_IN: usize = 1_024;
/// A coefficient of zero, in the kernels' digits: the item drops out of every sum.
const NO_WEIGHT: u8 = 127;

/// What a device finds fault with, by the items' places in the batch.
#[derive(Debug, Default)]
struct Suspicion {
    /// Each of these has a bad point.
    items: Vec<usize>,
    /// In each of these groups an equation does not hold.
    groups: Vec<Vec<usize>>,
}

pub(crate) fn verify<W: DeviceWorld>(
    run: &mut Run<'_>,
    batch: &Batch,
    parcels: &Parcels<'_, W>,
) -> Result<Vec<Outcomes>, Stop> {
    let count: usize = parcels.iter().map(|(_, range)| range.len()).sum();
    let asked = Asked::<W>::new(run, parcels)?;
    let samples = samples(&asked, &mut run.random);
    let (suspicion, sampled) = std::thread::scope(|scope| {
        let sampled = scope.spawn(|| by_oracle(parcels, &samples));
        (suspicion(run, batch, &asked), sampled.join())
    });
    let suspicion = suspicion?;
    let sampled = sampled.map_err(|_| Stop::internal("the oracle panicked"))?;
    let suspects = suspicion.groups.iter().flatten().chain(&suspicion.items);
    let doubtful: Vec<usize> = suspects.chain(&asked.left_out).copied().collect();
    let mut verdicts = vec![Verdict::Valid; count];
    for (&item, verdict) in doubtful.iter().zip(run.second_opinion(batch, &doubtful)?) {
        verdicts[item] = verdict;
    }
    let good = |item: &usize| verdicts[*item] == Verdict::Valid;
    if let Some(item) = suspicion.items.iter().find(|item| good(item)) {
        return Err(wrong(format!("item {item} was called bad and is good")));
    }
    if suspicion.groups.iter().any(|group| group.iter().all(good)) {
        return Err(wrong("good items did not verify".into()));
    }
    for (&item, verdict) in samples.iter().zip(sampled) {
        if good(&item) && verdict != Verdict::Valid {
            return Err(wrong(format!(
                "item {item} was called good and is {verdict:?}"
            )));
        }
    }
    let mut verdicts = verdicts.into_iter();
    let outcomes = parcels
        .iter()
        .map(|(_, range)| Outcomes::Verdicts(verdicts.by_ref().take(range.len()).collect()));
    Ok(outcomes.collect())
}

fn samples<W: DeviceWorld>(asked: &Asked<'_, W>, random: &mut ChaCha20Rng) -> Vec<usize> {
    let count = asked.items.len();
    (0..count.div_ceil(SAMPLED_ONE_IN))
        .map(|_| asked.items[random.next_u64() as usize % count].item)
        .collect()
}

fn by_oracle<W: DeviceWorld>(parcels: &Parcels<'_, W>, items: &[usize]) -> Vec<Verdict> {
    let all: Vec<_> = parcels
        .iter()
        .flat_map(|(parcel, range)| {
            parcel.items()[range.clone()]
                .iter()
                .map(move |item| (parcel, item))
        })
        .collect();
    items
        .iter()
        .map(|&item| {
            let (parcel, item) = all[item];
            parcel.by_oracle(item)
        })
        .collect()
}

fn suspicion<W: DeviceWorld>(
    run: &mut Run<'_>,
    batch: &Batch,
    asked: &Asked<'_, W>,
) -> Result<Suspicion, Stop> {
    if asked.items.is_empty() {
        return Ok(Suspicion::default());
    }
    let canary = Canary::<W>::draw(asked.hashing_of_first(), &mut run.random);
    let questions = Questions::new(asked, &canary, &mut run.random);
    let decoded = Decoded::ask::<W>(run, asked, &questions)?;
    let leaves = combine::<W>(run, batch, &questions, &decoded, &canary)?;
    let item = |at: usize| questions.items[at].item;
    let mut suspicion = Suspicion {
        items: decoded.bad.iter().filter_map(|&at| item(at)).collect(),
        groups: Vec::new(),
    };
    for leaf in leaves.bad()? {
        let inside = |at: &usize| {
            let message = questions.items[*at].message;
            decoded.shape.leaf_of(message) == leaf && !decoded.bad.contains(at)
        };
        let group = (0..questions.items.len()).filter(inside).filter_map(item);
        suspicion.groups.push(group.collect());
    }
    Ok(suspicion)
}

/// What the first program left on the device, and what it said.
struct Decoded {
    composer: Composer,
    signatures: Array,
    /// Where the messages' points are, with infinity behind them.
    messages: Array,
    shape: MillerShape,
    /// Questions with a bad point, in order.
    bad: Vec<usize>,
}

impl Decoded {
    fn ask<W: DeviceWorld>(
        run: &mut Run<'_>,
        asked: &Asked<'_, W>,
        questions: &Questions<'_>,
    ) -> Result<Self, Stop> {
        let mut composer = Composer::default();
        let (known, known_keys) = (known_bad::<W::Sig>(), known_bad::<W::Key>());
        let signatures = with_known(&questions.signatures, &known);
        let count = (questions.items.len() + known.len()) as u64;
        let (signatures, status) = decompress::<W::Sig>(&mut composer, &signatures, count, None);
        let keys = with_known(&questions.keys, &known_keys);
        let count = questions.key_count + known_keys.len() as u64;
        let place = run.scratch_array::<W::Key>();
        let (_, key_status) = decompress::<W::Key>(&mut composer, &keys, count, Some(place));
        let shape = MillerShape::new(u64::from(questions.messages));
        let messages = composer.zero_array::<<W::Sig as Group>::Affine>(shape.places());
        let mut first = 0;
        for (kind, texts) in &questions.hashings {
            hash::<W::Sig>(&mut composer, kind, texts, messages.from(first));
            first += texts.len() as u64;
        }
        let status = composer.read_bytes(status);
        let key_status = composer.read_bytes(key_status);
        let answer = run.ask(&composer)?;
        let said = |of: Answer| of.of(&answer).expect("as long as it was asked");
        let own = own_status(said(status), &known)?;
        let of_keys = own_status(said(key_status), &known_keys)?;
        let bad_key = |at: usize| {
            let inline = questions.items[at].keys.iter();
            let mut inline = inline.filter_map(|&key| asked.scratch_of(key));
            inline.any(|key| of_keys[key] != 0)
        };
        let bad: Vec<usize> = (0..own.len())
            .filter(|&at| own[at] != 0 || bad_key(at))
            .collect();
        if bad.contains(&questions.canary_at) {
            return Err(wrong("a known good point was called bad".into()));
        }
        Ok(Self {
            composer,
            signatures,
            messages,
            shape,
            bad,
        })
    }
}

fn with_known(points: &[u8], known: &[(Vec<u8>, u8)]) -> Vec<u8> {
    let mut bytes = points.to_vec();
    bytes.extend(known.iter().flat_map(|(point, _)| point));
    bytes
}

/// The status of what was asked, once that of the known points is right.
fn own_status<'a>(said: &'a [u8], known: &[(Vec<u8>, u8)]) -> Result<&'a [u8], Stop> {
    let (own, of_known) = said.split_at(said.len() - known.len());
    if of_known.iter().eq(known.iter().map(|(_, status)| status)) {
        Ok(own)
    } else {
        Err(wrong(format!("known bad points were called {of_known:?}")))
    }
}

fn decompress<G: DeviceGroup>(
    composer: &mut Composer,
    bytes: &[u8],
    count: u64,
    to: Option<Array>,
) -> (Array, Bytes) {
    let bytes = composer.input(bytes);
    let points = to.unwrap_or_else(|| composer.array::<G::Affine>(count));
    let status = composer.zeros(count);
    composer.decompress::<G>(bytes, count, points, status);
    composer.members::<G>(points, count, status);
    (points, status)
}

fn hash<G: DeviceGroup>(composer: &mut Composer, kind: &HashKind, texts: &[&[u8]], to: Array) {
    let count = texts.len() as u64;
    match kind {
        HashKind::Rfc9380(dst) => composer.hash_rfc9380::<G>(texts, dst, to),
        HashKind::Digests => {
            let digests = composer.input(&texts.concat());
            composer.hash_try::<G>(digests, count, to);
        }
        HashKind::Keccak => {
            let digests = composer.keccak(texts);
            composer.hash_try::<G>(digests, count, to);
        }
    }
}

/// The second program: weights drawn only now, and what the host needs of each leaf.
fn combine<W: DeviceWorld>(
    run: &mut Run<'_>,
    batch: &Batch,
    questions: &Questions<'_>,
    decoded: &Decoded,
    canary: &Canary<W>,
) -> Result<Leaves<W>, Stop> {
    let digits = batch.coefficient_bits.bits() as usize / 8;
    let (weights, canary_weight) = draw_weights(questions, &decoded.bad, digits, &mut run.random);
    let mut composer = Composer::after(&decoded.composer);
    let weights = composer.input(&weights);
    let keys = weighted_keys::<W>(run, &mut composer, questions, weights, decoded);
    let sums = weighted_signatures::<W::Sig>(&mut composer, questions, weights, decoded);
    let (g1, g2) = W::sides(keys, decoded.messages);
    let products = composer.products::<W::Curve>(g1, g2, &decoded.shape);
    let products: Answer = composer.read::<<W::Curve as tutti_curves::Curve>::Gt>(products);
    let sums = composer.read::<<W::Sig as Group>::Sum>(sums);
    let answer = run.ask(&composer)?;
    let part = |of: Answer| of.of(&answer).expect("as long as it was asked");
    let mut leaves = Leaves::<W>::parse(part(products), part(sums), decoded.shape.leaves as usize)
        .ok_or_else(|| wrong("a value that is not below the modulus".into()))?;
    let canary_leaf = decoded
        .shape
        .leaf_of(questions.items[questions.canary_at].message);
    leaves.take_away(canary_leaf, &canary.shift_weighted(canary_weight));
    Ok(leaves)
}

/// Random bytes, digit by digit; nothing for what is bad, and a short coefficient for the known
/// item, which is returned.
fn draw_weights(
    questions: &Questions<'_>,
    bad: &[usize],
    digits: usize,
    random: &mut ChaCha20Rng,
) -> (Vec<u8>, i64) {
    let count = questions.items.len();
    let mut weights = vec![0; digits * count];
    random.fill_bytes(&mut weights);
    for &at in bad {
        for digit in 0..digits {
            weights[digit * count + at] = NO_WEIGHT;
        }
    }
    // The lower half of the digits is a number, the upper half is one times the endomorphism's
    // eigenvalue: the known item has none of the latter.
    let mut coefficient = 0i64;
    for digit in 0..digits {
        let place = &mut weights[digit * count + questions.canary_at];
        if digit >= CANARY_DIGITS {
            *place = NO_WEIGHT;
        }
        if digit < CANARY_DIGITS {
            coefficient += (i64::from(*place) - i64::from(NO_WEIGHT)) << (8 * digit);
        }
    }
    (weights, coefficient)
}

/// Half the digits of the shortest coefficients.
const CANARY_DIGITS: usize = 4;

/// For each message the weighted sum of the keys, with infinity behind the last.
fn weighted_keys<W: DeviceWorld>(
    run: &Run<'_>,
    composer: &mut Composer,
    questions: &Questions<'_>,
    weights: Bytes,
    decoded: &Decoded,
) -> Array {
    type Affine<W> = <<W as Signed>::Key as Group>::Affine;
    let count = questions.items.len() as u64;
    let lists: Vec<Vec<u32>> = questions.items.iter().map(|q| q.keys.to_vec()).collect();
    let sums = composer.sums::<W::Key>(run.table_array::<W::Key>(), &lists);
    let keys = composer.array::<Affine<W>>(count);
    composer.affine::<W::Key>(sums, count, keys);
    let weighted = composer.array::<<W::Key as Group>::Sum>(count);
    composer.weigh::<W::Key>(keys, weights, count, weighted);
    let places = composer.zero_array::<Affine<W>>(decoded.shape.places());
    if questions.one_item_each() {
        composer.affine::<W::Key>(weighted, count, places);
        return places;
    }
    let items = composer.array::<Affine<W>>(count);
    composer.affine::<W::Key>(weighted, count, items);
    let by_message = questions.grouped(questions.messages as usize, |message| message);
    let sums = composer.sums::<W::Key>(items, &by_message);
    composer.affine::<W::Key>(sums, u64::from(questions.messages), places);
    places
}

/// For each leaf the weighted sum of its items' signatures.
fn weighted_signatures<G: DeviceGroup>(
    composer: &mut Composer,
    questions: &Questions<'_>,
    weights: Bytes,
    decoded: &Decoded,
) -> Array {
    let (count, leaves) = (questions.items.len() as u64, decoded.shape.leaves);
    if questions.one_item_each() {
        // Item i is of message i, and so of leaf i % leaves.
        let terms = count.div_ceil(leaves);
        let weighted = composer.zero_array::<G::Sum>(leaves * terms);
        composer.weigh::<G>(decoded.signatures, weights, count, weighted);
        let sums = composer.array::<G::Sum>(leaves);
        composer.fold::<G>(weighted, leaves, terms, sums);
        return sums;
    }
    let weighted = composer.array::<G::Sum>(count);
    composer.weigh::<G>(decoded.signatures, weights, count, weighted);
    let items = composer.array::<G::Affine>(count);
    composer.affine::<G>(weighted, count, items);
    let by_leaf = questions.grouped(leaves as usize, |message| decoded.shape.leaf_of(message));
    composer.sums::<G>(items, &by_leaf)
}
