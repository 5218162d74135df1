//! What callers want done, parsed: no unchecked bytes from here on.

use std::ops::Range;
use std::sync::Arc;

use tutti_curves::bls12_381::{self, Bls12381};
use tutti_curves::bn254::{self, Bn254};
use tutti_curves::oracle;
use tutti_curves::{Bn254Sig, Curve, Group, KeySet, Member, MinPk, MinSig, Signed, Wire, WirePair};
use tutti_types::{
    CurveId, Encoding, GroupId, HashVariant, InvalidReason, KeySetId, Operation, Part, Scheme,
    Verdict,
};

use crate::cost::Costs;

/// One caller's work: many items of one kind.
#[derive(Debug)]
pub enum Work {
    MinPk(VerifyParcel<MinPk>),
    MinSig(VerifyParcel<MinSig>),
    Bn254(VerifyParcel<Bn254Sig>),
    Hash(HashParcel),
    PairingBls12381(PairingParcel<Bls12381>),
    PairingBn254(PairingParcel<Bn254>),
    SumBls12381G1(SumParcel<bls12_381::G1>),
    SumBls12381G2(SumParcel<bls12_381::G2>),
    SumBn254G1(SumParcel<bn254::G1>),
    SumBn254G2(SumParcel<bn254::G2>),
    KeysBls12381G1(KeyParcel<bls12_381::G1>),
    KeysBls12381G2(KeyParcel<bls12_381::G2>),
    KeysBn254G2(KeyParcel<bn254::G2>),
}

impl Work {
    pub fn operation(&self) -> Operation {
        match self {
            Self::MinPk(_) => Operation::Verify(MinPk::WORLD),
            Self::MinSig(_) => Operation::Verify(MinSig::WORLD),
            Self::Bn254(_) => Operation::Verify(Bn254Sig::WORLD),
            Self::Hash(_) => Operation::HashToCurve,
            Self::PairingBls12381(_) | Self::PairingBn254(_) => Operation::PairingCheck,
            Self::SumBls12381G1(_)
            | Self::SumBls12381G2(_)
            | Self::SumBn254G1(_)
            | Self::SumBn254G2(_) => Operation::Aggregate,
            Self::KeysBls12381G1(_) | Self::KeysBls12381G2(_) | Self::KeysBn254G2(_) => {
                Operation::CheckKeys
            }
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::MinPk(parcel) => parcel.items.len(),
            Self::MinSig(parcel) => parcel.items.len(),
            Self::Bn254(parcel) => parcel.items.len(),
            Self::Hash(parcel) => parcel.inputs.len(),
            Self::PairingBls12381(parcel) => parcel.checks.len(),
            Self::PairingBn254(parcel) => parcel.checks.len(),
            Self::SumBls12381G1(parcel) => parcel.lists.len(),
            Self::SumBls12381G2(parcel) => parcel.lists.len(),
            Self::SumBn254G1(parcel) => parcel.lists.len(),
            Self::SumBn254G2(parcel) => parcel.lists.len(),
            Self::KeysBls12381G1(parcel) => parcel.keys.len(),
            Self::KeysBls12381G2(parcel) => parcel.keys.len(),
            Self::KeysBn254G2(parcel) => parcel.keys.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An estimate of the work in microseconds of one core, for admission and sealing.
    pub fn cost_us(&self) -> u64 {
        match self {
            Self::MinPk(parcel) => parcel.cost_us(&Costs::BLS12381_MIN_PK),
            Self::MinSig(parcel) => parcel.cost_us(&Costs::BLS12381_MIN_SIG),
            Self::Bn254(parcel) => parcel.cost_us(&Costs::BN254),
            Self::Hash(parcel) => {
                parcel.inputs.len() as u64 * Costs::hash_us(parcel.curve, parcel.group)
            }
            Self::PairingBls12381(parcel) => parcel.cost_us(&Costs::BLS12381_MIN_PK),
            Self::PairingBn254(parcel) => parcel.cost_us(&Costs::BN254),
            Self::SumBls12381G1(parcel) => parcel.cost_us(),
            Self::SumBls12381G2(parcel) => parcel.cost_us(),
            Self::SumBn254G1(parcel) => parcel.cost_us(),
            Self::SumBn254G2(parcel) => parcel.cost_us(),
            Self::KeysBls12381G1(parcel) => parcel.cost_us(),
            Self::KeysBls12381G2(parcel) => parcel.cost_us(),
            Self::KeysBn254G2(parcel) => parcel.cost_us(),
        }
    }
}

/// Where signers' indices point.
#[derive(Clone, Debug)]
pub enum Keys<W: Signed> {
    Set(Arc<KeySet<W::Key>>),
    /// Sent along; checked when the batch runs.
    Inline(Vec<Wire<W::Key>>),
}

impl<W: Signed> Keys<W> {
    pub fn len(&self) -> usize {
        match self {
            Self::Set(set) => set.len(),
            Self::Inline(keys) => keys.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn by_oracle(&self, index: u32) -> Result<<W::Key as Group>::Affine, InvalidReason> {
        match self {
            Self::Set(set) => Ok(set.keys()[index as usize]),
            Self::Inline(keys) => Ok(*keys[index as usize].member()?.point()),
        }
    }
}

/// Some signers of one message: a range of the parcel's indices into one of its key sources.
#[derive(Clone, Copy, Debug)]
pub struct TermRef {
    pub source: u32,
    pub first: u32,
    pub count: u32,
    pub message: u32,
}

/// A signature over the parcel's terms `first_term..first_term + terms`. One term is a plain
/// set; several are an aggregate over several messages.
#[derive(Clone, Copy, Debug)]
pub struct VerifyItem<W: Signed> {
    pub first_term: u32,
    pub terms: u32,
    pub signature: Wire<W::Sig>,
}

/// Signatures to verify, flat: a hundred thousand items are a handful of vectors.
#[derive(Debug)]
pub struct VerifyParcel<W: Signed> {
    scheme: Scheme,
    messages: Vec<Arc<[u8]>>,
    sources: Vec<Keys<W>>,
    indices: Vec<u32>,
    terms: Vec<TermRef>,
    items: Vec<VerifyItem<W>>,
}

impl<W: Signed> VerifyParcel<W> {
    pub const fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    pub fn items(&self) -> &[VerifyItem<W>] {
        &self.items
    }

    pub fn terms(&self, item: &VerifyItem<W>) -> &[TermRef] {
        &self.terms[item.first_term as usize..(item.first_term + item.terms) as usize]
    }

    pub fn source(&self, term: &TermRef) -> &Keys<W> {
        &self.sources[term.source as usize]
    }

    pub fn sources(&self) -> &[Keys<W>] {
        &self.sources
    }

    pub fn indices(&self, term: &TermRef) -> &[u32] {
        &self.indices[term.first as usize..(term.first + term.count) as usize]
    }

    pub fn message(&self, term: &TermRef) -> &Arc<[u8]> {
        &self.messages[term.message as usize]
    }

    /// What the oracle says of an item by itself.
    pub fn by_oracle(&self, item: &VerifyItem<W>) -> Verdict {
        let mut at = 0;
        let mut terms = Vec::new();
        for term in self.terms(item) {
            let mut keys = Vec::with_capacity(term.count as usize);
            for &index in self.indices(term) {
                match self.source(term).by_oracle(index) {
                    Ok(key) => keys.push(key),
                    Err(reason) => return Verdict::Invalid(reason, Part::Key(at)),
                }
                at += 1;
            }
            terms.push(oracle::Term {
                keys,
                message: self.message(term),
            });
        }
        oracle::verify::<W>(&self.scheme, &terms, &item.signature)
    }

    fn cost_us(&self, costs: &Costs) -> u64 {
        let inline: usize = self
            .sources
            .iter()
            .map(|keys| match keys {
                Keys::Set(_) => 0,
                Keys::Inline(keys) => keys.len(),
            })
            .sum();
        costs.verify_us(
            self.items.len() as u64,
            self.messages.len().min(self.terms.len()) as u64,
            self.indices.len() as u64,
            inline as u64,
        )
    }
}

/// Builds a parcel; what it refuses is an item's verdict, given before anything is computed.
#[derive(Debug)]
pub struct VerifyParcelBuilder<W: Signed> {
    parcel: VerifyParcel<W>,
}

impl<W: Signed> VerifyParcelBuilder<W> {
    /// The scheme must be one of this world's.
    pub fn new(scheme: Scheme) -> Self {
        assert_eq!(scheme.world(), W::WORLD, "the scheme decides the world");
        Self {
            parcel: VerifyParcel {
                scheme,
                messages: Vec::new(),
                sources: Vec::new(),
                indices: Vec::new(),
                terms: Vec::new(),
                items: Vec::new(),
            },
        }
    }

    /// For so many items of one signer and one message; there may be more.
    #[must_use]
    pub fn with_room_for(mut self, items: usize) -> Self {
        self.parcel.indices.reserve(items);
        self.parcel.terms.reserve(items);
        self.parcel.items.reserve(items);
        self
    }

    pub fn keys(&mut self, keys: Keys<W>) -> u32 {
        self.parcel.sources.push(keys);
        self.parcel.sources.len() as u32 - 1
    }

    pub fn message(&mut self, message: &[u8]) -> u32 {
        self.parcel.messages.push(message.into());
        self.parcel.messages.len() as u32 - 1
    }

    /// One more item: terms of (key source, indices, message) and a signature. An item that can
    /// never be valid is not added and its verdict is returned.
    pub fn item(
        &mut self,
        terms: &[(u32, &[u32], u32)],
        signature: Wire<W::Sig>,
    ) -> Result<(), Verdict> {
        let parcel = &self.parcel;
        oracle::check_terms(
            &parcel.scheme,
            terms
                .iter()
                .map(|(_, indices, message)| (indices.len(), &*parcel.messages[*message as usize])),
        )?;
        let mut signers = 0;
        for (source, indices, _) in terms {
            let len = parcel.sources[*source as usize].len();
            if let Some(at) = indices.iter().position(|&index| index as usize >= len) {
                return Err(Verdict::Invalid(
                    InvalidReason::UnknownKey,
                    Part::Key((signers + at) as u32),
                ));
            }
            signers += indices.len();
        }
        if matches!(signature, Wire::Infinity) {
            return Err(Verdict::Invalid(InvalidReason::Infinity, Part::Signature));
        }
        if parcel.scheme == Scheme::Bn254EigenTai {
            let wrong = |(_, _, message): &(u32, &[u32], u32)| {
                parcel.messages[*message as usize].len() != 32
            };
            if terms.iter().any(wrong) {
                return Err(Verdict::Invalid(
                    InvalidReason::MessageLength,
                    Part::Message,
                ));
            }
        }
        let first_term = self.parcel.terms.len() as u32;
        for &(source, indices, message) in terms {
            let first = self.parcel.indices.len() as u32;
            self.parcel.indices.extend_from_slice(indices);
            let count = indices.len() as u32;
            self.parcel.terms.push(TermRef {
                source,
                first,
                count,
                message,
            });
        }
        let terms = terms.len() as u32;
        self.parcel.items.push(VerifyItem {
            first_term,
            terms,
            signature,
        });
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.parcel.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.parcel.items.is_empty()
    }

    pub fn finish(self) -> VerifyParcel<W> {
        self.parcel
    }
}

/// How messages become points, owned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Hashing {
    Rfc9380 {
        variant: HashVariant,
        dst: Arc<[u8]>,
    },
    TryAndIncrement,
    KeccakTryAndIncrement,
}

impl Hashing {
    pub fn borrowed(&self) -> tutti_curves::Hashing<'_> {
        match self {
            Self::Rfc9380 { variant, dst } => tutti_curves::Hashing::Rfc9380 {
                variant: *variant,
                dst,
            },
            Self::TryAndIncrement => tutti_curves::Hashing::TryAndIncrement,
            Self::KeccakTryAndIncrement => tutti_curves::Hashing::KeccakTryAndIncrement,
        }
    }
}

impl From<tutti_curves::Hashing<'_>> for Hashing {
    fn from(hashing: tutti_curves::Hashing<'_>) -> Self {
        match hashing {
            tutti_curves::Hashing::Rfc9380 { variant, dst } => Self::Rfc9380 {
                variant,
                dst: dst.into(),
            },
            tutti_curves::Hashing::TryAndIncrement => Self::TryAndIncrement,
            tutti_curves::Hashing::KeccakTryAndIncrement => Self::KeccakTryAndIncrement,
        }
    }
}

#[derive(Clone, Debug)]
pub enum HashInput {
    Message(Arc<[u8]>),
    /// Mapped without hashing: big endian, for G2 two with the real part first.
    Element(Arc<[u8]>),
}

#[derive(Debug)]
pub struct HashParcel {
    pub curve: CurveId,
    pub group: GroupId,
    pub hashing: Hashing,
    pub inputs: Vec<HashInput>,
    pub encoding: Encoding,
}

/// Product checks: each a range of the pairs. A range must not be empty.
#[derive(Debug)]
pub struct PairingParcel<C: Curve> {
    pub pairs: Vec<WirePair<C>>,
    pub checks: Vec<Range<u32>>,
}

impl<C: Curve> PairingParcel<C> {
    fn cost_us(&self, costs: &Costs) -> u64 {
        self.pairs.len() as u64 * costs.pair_us + self.checks.len() as u64 * costs.final_exp_us
    }
}

/// What the points of a sum are, which decides whether infinity may be among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SumRole {
    Signatures,
    Keys,
}

/// Lists of points, each to be checked and added up. A list must not be empty.
#[derive(Debug)]
pub struct SumParcel<G: Group> {
    pub role: SumRole,
    pub lists: Vec<Vec<Wire<G>>>,
    pub encoding: Encoding,
}

impl<G: Group> SumParcel<G> {
    fn cost_us(&self) -> u64 {
        self.lists.iter().map(Vec::len).sum::<usize>() as u64
            * Costs::check_point_us(G::CURVE, G::ID)
    }
}

/// Keys to decompress and check.
#[derive(Debug)]
pub struct KeyParcel<G: Group> {
    pub keys: Vec<Wire<G>>,
}

impl<G: Group> KeyParcel<G> {
    fn cost_us(&self) -> u64 {
        self.keys.len() as u64 * Costs::check_point_us(G::CURVE, G::ID)
    }
}

/// The keys of a [`KeyParcel`], each checked or refused.
#[derive(Clone, Debug)]
pub enum CheckedKeys {
    Bls12381G1(Vec<Result<Member<bls12_381::G1>, InvalidReason>>),
    Bls12381G2(Vec<Result<Member<bls12_381::G2>, InvalidReason>>),
    Bn254G2(Vec<Result<Member<bn254::G2>, InvalidReason>>),
}

impl CheckedKeys {
    pub fn len(&self) -> usize {
        match self {
            Self::Bls12381G1(keys) => keys.len(),
            Self::Bls12381G2(keys) => keys.len(),
            Self::Bn254G2(keys) => keys.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn verdicts(&self) -> Vec<Verdict> {
        fn each<G: Group>(keys: &[Result<Member<G>, InvalidReason>]) -> Vec<Verdict> {
            keys.iter()
                .enumerate()
                .map(|(at, key)| match key {
                    Ok(_) => Verdict::Valid,
                    Err(reason) => Verdict::Invalid(*reason, Part::Key(at as u32)),
                })
                .collect()
        }
        match self {
            Self::Bls12381G1(keys) => each(keys),
            Self::Bls12381G2(keys) => each(keys),
            Self::Bn254G2(keys) => each(keys),
        }
    }
}

/// A key set of any group.
#[derive(Clone, Debug)]
pub enum AnyKeySet {
    Bls12381G1(Arc<KeySet<bls12_381::G1>>),
    Bls12381G2(Arc<KeySet<bls12_381::G2>>),
    Bn254G2(Arc<KeySet<bn254::G2>>),
}

impl AnyKeySet {
    pub fn id(&self) -> KeySetId {
        match self {
            Self::Bls12381G1(set) => set.id(),
            Self::Bls12381G2(set) => set.id(),
            Self::Bn254G2(set) => set.id(),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Bls12381G1(set) => set.len(),
            Self::Bls12381G2(set) => set.len(),
            Self::Bn254G2(set) => set.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub const fn group(&self) -> (CurveId, GroupId) {
        match self {
            Self::Bls12381G1(_) => (CurveId::Bls12381, GroupId::G1),
            Self::Bls12381G2(_) => (CurveId::Bls12381, GroupId::G2),
            Self::Bn254G2(_) => (CurveId::Bn254, GroupId::G2),
        }
    }

    /// The n-th key in its curve's canonical encoding.
    pub fn encoded(&self, index: usize) -> Option<Vec<u8>> {
        fn one<G: Group>(set: &KeySet<G>, index: usize) -> Option<Vec<u8>> {
            let key = set.keys().get(index)?;
            Some(G::encode(Some(key), Encoding::canonical(G::CURVE)))
        }
        match self {
            Self::Bls12381G1(set) => one(set, index),
            Self::Bls12381G2(set) => one(set, index),
            Self::Bn254G2(set) => one(set, index),
        }
    }
}
