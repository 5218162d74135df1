//! Signed items of every sort, good and bad, each with the verdict it must get.

use std::collections::HashMap;
use std::sync::Arc;

use rand_core::RngCore;
use tutti_backend::{Keys, VerifyParcel, VerifyParcelBuilder, Work};
use tutti_curves::{
    Bn254Sig, Group, Hashing, KeySet, Member, MinPk, MinSig, PointHash, Signed, Wire, oracle,
};
use tutti_types::{InvalidReason, Part, Scheme, Verdict};

use crate::forge::{self, Forge};
use crate::rig::{below, one_in, pick};

/// A world whose points can be forged and whose parcels are work.
pub(crate) trait World: Signed<Key: Forge, Sig: Forge> {
    fn work(parcel: VerifyParcel<Self>) -> Work;
}

impl World for MinPk {
    fn work(parcel: VerifyParcel<Self>) -> Work {
        Work::MinPk(parcel)
    }
}

impl World for MinSig {
    fn work(parcel: VerifyParcel<Self>) -> Work {
        Work::MinSig(parcel)
    }
}

impl World for Bn254Sig {
    fn work(parcel: VerifyParcel<Self>) -> Work {
        Work::Bn254(parcel)
    }
}

const KEYS: usize = 20;

type KeyOf<W> = <<W as Signed>::Key as Group>::Affine;
type SigOf<W> = <<W as Signed>::Sig as Group>::Affine;
type SumOf<W> = <<W as Signed>::Sig as Group>::Sum;

/// Signers: `KEYS` keys and, in the second half, their negatives. Sent inline they are followed
/// by keys that must be refused.
pub(crate) struct Ring<W: World> {
    secrets: Vec<u128>,
    keys: Vec<KeyOf<W>>,
    set: Arc<KeySet<W::Key>>,
    inline: Vec<Wire<W::Key>>,
    refused: Vec<(u32, InvalidReason)>,
}

impl<W: World> Ring<W> {
    pub(crate) fn new(random: &mut impl RngCore) -> Self {
        let secrets: Vec<u128> = (0..KEYS)
            .map(|_| u128::from(random.next_u64()) << 60 | u128::from(random.next_u64() | 1))
            .collect();
        let generator = W::Key::generator();
        let sums: Vec<_> = secrets
            .iter()
            .map(|&secret| W::Key::mul(&generator, secret))
            .collect();
        let mut keys: Vec<KeyOf<W>> = W::Key::normalise(&sums).into_iter().flatten().collect();
        keys.extend(keys.clone().iter().map(W::Key::negate));
        let members = keys.iter().map(|key| Member::shown(*key)).collect();
        let mut inline: Vec<_> = keys
            .iter()
            .map(|key| forge::wire::<W::Key>(&W::Key::lift(key), random))
            .collect();
        let mut refused = Vec::new();
        for (wire, reason) in bad_keys::<W::Key>(&keys[0], random) {
            refused.push((inline.len() as u32, reason));
            inline.push(wire);
        }
        Self {
            secrets,
            set: Arc::new(KeySet::new(members)),
            keys,
            inline,
            refused,
        }
    }

    /// `secret(key)` times a point.
    fn signed_by(&self, key: u32, point: &SigOf<W>) -> SumOf<W> {
        let key = key as usize;
        let sum = W::Sig::mul(point, self.secrets[key % KEYS]);
        if key < KEYS {
            sum
        } else {
            W::Sig::negate_sum(&sum)
        }
    }
}

fn bad_keys<G: Forge>(
    good: &G::Affine,
    random: &mut impl RngCore,
) -> Vec<(Wire<G>, InvalidReason)> {
    let mut bad = vec![
        (Wire::Infinity, InvalidReason::Infinity),
        (forge::off_curve::<G>(random), InvalidReason::NotOnCurve),
        (
            Wire::Point(forge::on_curve::<G>(random)),
            InvalidReason::NotInSubgroup,
        ),
    ];
    for &order in G::SMALL_ORDERS {
        let point = forge::of_order::<G>(order, random);
        let shifted = G::add_affine(&G::lift(&point), good);
        bad.push((Wire::Point(point), InvalidReason::NotInSubgroup));
        bad.push((
            forge::wire::<G>(&shifted, random),
            InvalidReason::NotInSubgroup,
        ));
    }
    bad
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source {
    Set,
    Inline,
}

/// Signers of one message.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    source: Source,
    keys: Vec<u32>,
    message: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(crate) struct Item<W: World> {
    /// How it was made.
    pub(crate) sort: &'static str,
    pub(crate) terms: Vec<Term>,
    pub(crate) signature: Wire<W::Sig>,
    pub(crate) expected: Verdict,
}

impl<W: World> Item<W> {
    const fn new(
        sort: &'static str,
        terms: Vec<Term>,
        signature: Wire<W::Sig>,
        expected: Verdict,
    ) -> Self {
        Self {
            sort,
            terms,
            signature,
            expected,
        }
    }
}

const DOES_NOT_VERIFY: Verdict = Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole);

/// Who signs, which decides whether a batch is grouped by message or by key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Signers {
    /// Alone or together, six messages between them.
    All,
    /// Two keys, each alone, sixty messages.
    Two,
}

/// Makes items of one scheme.
pub(crate) struct Maker<'a, W: World> {
    ring: &'a Ring<W>,
    pub(crate) scheme: Scheme,
    messages: Vec<Vec<u8>>,
    signers: Signers,
    hashes: HashMap<Vec<u8>, SigOf<W>>,
    small: Vec<SigOf<W>>,
}

impl<'a, W: World> Maker<'a, W> {
    pub(crate) fn new(ring: &'a Ring<W>, scheme: Scheme, random: &mut impl RngCore) -> Self {
        Self::of(Signers::All, ring, scheme, random)
    }

    pub(crate) fn of(
        signers: Signers,
        ring: &'a Ring<W>,
        scheme: Scheme,
        random: &mut impl RngCore,
    ) -> Self {
        let count = match signers {
            Signers::All => 6,
            Signers::Two => 60,
        };
        let messages = (0..count)
            .map(|nth| {
                let len = match (&scheme, nth) {
                    (Scheme::Bn254EigenTai, _) => 32,
                    (_, 0) => 0,
                    _ => 8 + below(random, 72),
                };
                let mut message = vec![0; len];
                random.fill_bytes(&mut message);
                message
            })
            .collect();
        let small = <W::Sig as Forge>::SMALL_ORDERS
            .iter()
            .map(|&order| forge::of_order::<W::Sig>(order, random))
            .collect();
        Self {
            ring,
            scheme,
            messages,
            signers,
            hashes: HashMap::new(),
            small,
        }
    }

    fn hash(&mut self, message: &[u8], augmentation: &[u8]) -> SigOf<W> {
        let hashing = Hashing::of_scheme(&self.scheme);
        *self
            .hashes
            .entry([augmentation, message].concat())
            .or_insert_with(|| {
                W::Sig::hash(hashing, message, augmentation).expect("these messages can be hashed")
            })
    }

    /// What the terms' signers sign.
    fn sign(&mut self, terms: &[Term]) -> SumOf<W> {
        let mut sum = W::Sig::zero();
        for term in terms {
            for &key in &term.keys {
                let augmentation = match self.scheme {
                    Scheme::Bls12381MinPkAug => {
                        oracle::augmentation::<W>(&self.ring.keys[key as usize])
                    }
                    _ => Vec::new(),
                };
                let point = self.hash(&term.message, &augmentation);
                sum = W::Sig::add(&sum, &self.ring.signed_by(key, &point));
            }
        }
        sum
    }

    /// Terms that the scheme allows and whose keys do not cancel.
    fn terms(&self, random: &mut impl RngCore) -> Vec<Term> {
        let basic = self.scheme == Scheme::Bls12381MinPkBasic;
        let keys = match self.signers {
            Signers::All => KEYS,
            Signers::Two => 2,
        };
        let count = match below(random, 4) {
            0 => 2 + below(random, 3),
            _ => 1,
        };
        let first = below(random, self.messages.len());
        (0..count)
            .map(|nth| {
                let signers = if basic || keys == 2 || one_in(random, 2) {
                    1
                } else {
                    1 + below(random, 5)
                };
                let at = if basic {
                    (first + nth) % self.messages.len()
                } else {
                    below(random, self.messages.len())
                };
                Term {
                    source: *pick(random, &[Source::Set, Source::Inline]),
                    keys: (0..signers).map(|_| below(random, keys) as u32).collect(),
                    message: self.messages[at].clone(),
                }
            })
            .collect()
    }

    fn with_sum(
        sort: &'static str,
        terms: Vec<Term>,
        sum: &SumOf<W>,
        expected: Verdict,
        random: &mut impl RngCore,
    ) -> Item<W> {
        let signature = forge::wire::<W::Sig>(sum, random);
        Item::new(sort, terms, signature, expected)
    }

    pub(crate) fn valid(&mut self, random: &mut impl RngCore) -> Item<W> {
        let terms = self.terms(random);
        let sum = self.sign(&terms);
        Self::with_sum("valid", terms, &sum, Verdict::Valid, random)
    }

    /// One signer of the first message, for large batches.
    pub(crate) fn plain(&mut self, key: u32, random: &mut impl RngCore) -> Item<W> {
        let terms = vec![Term {
            source: Source::Set,
            keys: vec![key % KEYS as u32],
            message: self.messages[0].clone(),
        }];
        let sum = self.sign(&terms);
        Self::with_sum("valid", terms, &sum, Verdict::Valid, random)
    }

    /// An item or a pair of them, good or bad in any of the ways there are.
    pub(crate) fn any(&mut self, random: &mut impl RngCore) -> Vec<Item<W>> {
        if one_in(random, 3) {
            return vec![self.valid(random)];
        }
        self.bad(random)
    }

    pub(crate) fn bad(&mut self, random: &mut impl RngCore) -> Vec<Item<W>> {
        match below(random, 14) {
            0 => vec![self.wrong_message(random)],
            1 => vec![self.wrong_key(random)],
            2 => self.swapped(random),
            3 => self.shifted(true, random),
            4 => self.shifted(false, random),
            5 => vec![self.small_order(random)],
            6 => self.colluding_small_order(random),
            7 => vec![self.outside(random)],
            8 => vec![self.off_curve(random)],
            9 => vec![self.infinite(random)],
            10 => vec![self.cancelling(random)],
            11 => vec![self.bad_key(random)],
            12 => {
                let item = self.bad(random).swap_remove(0);
                vec![item.clone(), item]
            }
            _ => vec![self.refused(random)],
        }
    }

    pub(crate) fn wrong_message(&mut self, random: &mut impl RngCore) -> Item<W> {
        let terms = self.terms(random);
        let mut other = terms.clone();
        let last = other.last_mut().expect("there is a term");
        last.message = (0..32).map(|_| random.next_u32() as u8).collect();
        let sum = self.sign(&other);
        Self::with_sum("wrong message", terms, &sum, DOES_NOT_VERIFY, random)
    }

    fn wrong_key(&mut self, random: &mut impl RngCore) -> Item<W> {
        let terms = self.terms(random);
        let mut other = terms.clone();
        let last = other.last_mut().expect("there is a term");
        last.keys[0] = (last.keys[0] + 1) % KEYS as u32;
        let sum = self.sign(&other);
        Self::with_sum("wrong key", terms, &sum, DOES_NOT_VERIFY, random)
    }

    fn swapped(&mut self, random: &mut impl RngCore) -> Vec<Item<W>> {
        let (a, b) = (self.terms(random), self.terms(random));
        let sums = [self.sign(&a), self.sign(&b)];
        let difference = W::Sig::add(&sums[0], &W::Sig::negate_sum(&sums[1]));
        let expected = if W::Sig::is_zero(&difference) {
            Verdict::Valid
        } else {
            DOES_NOT_VERIFY
        };
        vec![
            Self::with_sum("swapped", a, &sums[1], expected, random),
            Self::with_sum("swapped", b, &sums[0], expected, random),
        ]
    }

    /// S + D and S' - D: any check that does not weigh them apart accepts both.
    pub(crate) fn shifted(
        &mut self,
        same_message: bool,
        random: &mut impl RngCore,
    ) -> Vec<Item<W>> {
        let a = self.terms(random);
        let mut b = self.terms(random);
        if same_message {
            b.clone_from(&a);
            b[0].keys[0] = (b[0].keys[0] + 3) % KEYS as u32;
        }
        let by = W::Sig::mul(&W::Sig::generator(), u128::from(random.next_u64() | 1));
        let sums = [
            W::Sig::add(&self.sign(&a), &by),
            W::Sig::add(&self.sign(&b), &W::Sig::negate_sum(&by)),
        ];
        vec![
            Self::with_sum("S + D", a, &sums[0], DOES_NOT_VERIFY, random),
            Self::with_sum("S - D", b, &sums[1], DOES_NOT_VERIFY, random),
        ]
    }

    /// A good signature with a point of small order added to it.
    pub(crate) fn small_order(&mut self, random: &mut impl RngCore) -> Item<W> {
        if self.small.is_empty() {
            return self.wrong_message(random);
        }
        let point = *pick(random, &self.small);
        let terms = self.terms(random);
        let sum = W::Sig::add_affine(&self.sign(&terms), &point);
        Self::outside_item("S + small order", terms, &sum, random)
    }

    /// Two good signatures, T added to one and taken from the other.
    pub(crate) fn colluding_small_order(&mut self, random: &mut impl RngCore) -> Vec<Item<W>> {
        if self.small.is_empty() {
            return self.shifted(true, random);
        }
        let point = *pick(random, &self.small);
        [point, W::Sig::negate(&point)]
            .iter()
            .map(|point| {
                let terms = self.terms(random);
                let sum = W::Sig::add_affine(&self.sign(&terms), point);
                Self::outside_item("S +- small order", terms, &sum, random)
            })
            .collect()
    }

    /// Any point of the curve, or a point of small order alone.
    fn outside(&mut self, random: &mut impl RngCore) -> Item<W> {
        let terms = self.terms(random);
        let point = match self.small.first() {
            Some(point) if one_in(random, 2) => *point,
            _ => forge::on_curve::<W::Sig>(random),
        };
        Self::outside_item("random point", terms, &W::Sig::lift(&point), random)
    }

    fn outside_item(
        sort: &'static str,
        terms: Vec<Term>,
        sum: &SumOf<W>,
        random: &mut impl RngCore,
    ) -> Item<W> {
        let expected = if W::Sig::PRIME_ORDER {
            DOES_NOT_VERIFY
        } else {
            Verdict::Invalid(InvalidReason::NotInSubgroup, Part::Signature)
        };
        Self::with_sum(sort, terms, sum, expected, random)
    }

    fn off_curve(&mut self, random: &mut impl RngCore) -> Item<W> {
        let terms = self.terms(random);
        let signature = forge::off_curve::<W::Sig>(random);
        let expected = Verdict::Invalid(InvalidReason::NotOnCurve, Part::Signature);
        Item::new("off the curve", terms, signature, expected)
    }

    fn infinite(&mut self, random: &mut impl RngCore) -> Item<W> {
        let terms = self.terms(random);
        let expected = Verdict::Invalid(InvalidReason::Infinity, Part::Signature);
        Item::new("infinity", terms, Wire::Infinity, expected)
    }

    /// K and -K sign together: their sum is infinity, which accepts everything. AUG pairs each
    /// key alone and so accepts what both signed; a bad signature is found first.
    fn cancelling(&mut self, random: &mut impl RngCore) -> Item<W> {
        if self.scheme == Scheme::Bls12381MinPkBasic {
            return self.wrong_key(random);
        }
        let mut terms = self.terms(random);
        let nth = below(random, terms.len());
        let key = below(random, KEYS) as u32;
        terms[nth].keys = vec![key, key + KEYS as u32];
        if one_in(random, 3) {
            let signature = forge::off_curve::<W::Sig>(random);
            let expected = Verdict::Invalid(InvalidReason::NotOnCurve, Part::Signature);
            return Item::new("cancelling keys, off the curve", terms, signature, expected);
        }
        let expected = if self.scheme == Scheme::Bls12381MinPkAug {
            Verdict::Valid
        } else {
            Verdict::Invalid(InvalidReason::Infinity, Part::AggregateKey)
        };
        let sum = match W::Sig::to_affine(&self.sign(&terms)) {
            Some(point) => W::Sig::lift(&point),
            None => W::Sig::lift(&W::Sig::generator()),
        };
        Self::with_sum("cancelling keys", terms, &sum, expected, random)
    }

    /// A key that must be refused among the signers: it counts before all else.
    fn bad_key(&mut self, random: &mut impl RngCore) -> Item<W> {
        let mut terms = self.terms(random);
        let (sum, signature) = (self.sign(&terms), forge::off_curve::<W::Sig>(random));
        let nth = below(random, terms.len());
        let before: usize = terms[..nth].iter().map(|term| term.keys.len()).sum();
        let &(key, reason) = pick(random, &self.ring.refused);
        terms[nth].source = Source::Inline;
        let at = below(random, terms[nth].keys.len());
        terms[nth].keys[at] = key;
        let expected = Verdict::Invalid(reason, Part::Key((before + at) as u32));
        if one_in(random, 3) {
            return Item::new("bad key, bad signature", terms, signature, expected);
        }
        Self::with_sum("bad key", terms, &sum, expected, random)
    }

    /// What no parcel takes.
    fn refused(&mut self, random: &mut impl RngCore) -> Item<W> {
        let mut terms = self.terms(random);
        let sum = self.sign(&terms);
        let nth = below(random, terms.len());
        if one_in(random, 2) {
            let before: usize = terms[..nth].iter().map(|term| term.keys.len()).sum();
            let at = below(random, terms[nth].keys.len());
            terms[nth].keys[at] = 1_000;
            let part = Part::Key((before + at) as u32);
            let expected = Verdict::Invalid(InvalidReason::UnknownKey, part);
            return Self::with_sum("unknown key", terms, &sum, expected, random);
        }
        if self.scheme == Scheme::Bls12381MinPkBasic {
            terms.push(terms[nth].clone());
            let expected = Verdict::Invalid(InvalidReason::RepeatedMessage, Part::Message);
            return Self::with_sum("repeated message", terms, &sum, expected, random);
        }
        terms[nth].keys.clear();
        let expected = Verdict::Invalid(InvalidReason::NoSigners, Part::Whole);
        Self::with_sum("no signers", terms, &sum, expected, random)
    }
}

/// Items as one parcel; those that the parcel refuses, with their verdicts.
pub(crate) fn parcel<W: World>(
    ring: &Ring<W>,
    scheme: &Scheme,
    items: &[Item<W>],
) -> (VerifyParcel<W>, Vec<Option<Verdict>>) {
    let mut builder = VerifyParcelBuilder::<W>::new(scheme.clone());
    let sources = [
        builder.keys(Keys::Set(Arc::clone(&ring.set))),
        builder.keys(Keys::Inline(ring.inline.clone())),
    ];
    let mut messages: HashMap<&[u8], u32> = HashMap::new();
    let refused = items
        .iter()
        .map(|item| {
            let terms: Vec<(u32, &[u32], u32)> = item
                .terms
                .iter()
                .map(|term| {
                    let message = *messages
                        .entry(&term.message)
                        .or_insert_with(|| builder.message(&term.message));
                    (sources[term.source as usize], &*term.keys, message)
                })
                .collect();
            builder.item(&terms, item.signature).err()
        })
        .collect();
    (builder.finish(), refused)
}

/// What the oracle says of an item that parcels take.
pub(crate) fn alone<W: World>(ring: &Ring<W>, scheme: &Scheme, item: &Item<W>) -> Verdict {
    let mut at = 0;
    let mut terms = Vec::new();
    for term in &item.terms {
        let mut keys = Vec::new();
        for &key in &term.keys {
            match ring.inline[key as usize].member() {
                Ok(member) => keys.push(*member.point()),
                Err(reason) => return Verdict::Invalid(reason, Part::Key(at)),
            }
            at += 1;
        }
        terms.push(oracle::Term {
            keys,
            message: &term.message,
        });
    }
    oracle::verify::<W>(scheme, &terms, &item.signature)
}
