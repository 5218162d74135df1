use std::collections::HashMap;
use std::sync::Arc;

use alloy_primitives::B256;
use tutti_backend::{Keys, PairingParcel, VerifyParcel, VerifyParcelBuilder, Work};
use tutti_curves::bls12_381;
use tutti_curves::bn254::{self, Bn254};
use tutti_curves::oracle::{self, Term};
use tutti_curves::{Bn254Sig, Group, KeySet, Member, MinPk, Signed, Wire, WirePair};
use tutti_types::{Scheme, UndecidedCause, Verdict};

/// What has to hold on a curve for a claim to be true: one item of work for a backend.
#[derive(Clone, Debug)]
pub enum Obligation {
    /// The sum of some keys signed a digest, by `EigenLayer`'s hash to the curve.
    Bn254 {
        signers: Signers<bn254::G2>,
        digest: B256,
        signature: Wire<bn254::G1>,
    },
    /// The product of these pairings is one.
    Product(Vec<WirePair<Bn254>>),
    /// The sum of some keys signed a message, by Ethereum's scheme.
    Bls12381 {
        signers: Signers<bls12_381::G1>,
        message: Arc<[u8]>,
        signature: Wire<bls12_381::G2>,
    },
    /// Nothing: what there was to compute was computed while judging.
    Nothing,
}

/// Whose keys add up to the one that signed.
#[derive(Clone, Debug)]
pub enum Signers<G: Group> {
    /// The sum, known already.
    Sum(Member<G>),
    /// A multiset of a resident set's keys.
    Of {
        keys: Arc<KeySet<G>>,
        indices: Vec<u32>,
    },
}

impl Obligation {
    /// Keys in G1 and G2 that have one secret.
    pub(crate) fn same_secret(g1: &Member<bn254::G1>, g2: &Member<bn254::G2>) -> Self {
        let minus_generator = bn254::G1::negate(&bn254::G1::generator());
        Self::Product(vec![
            (
                Wire::Point(*g1.point()),
                Wire::Point(bn254::G2::generator()),
            ),
            (Wire::Point(minus_generator), Wire::Point(*g2.point())),
        ])
    }

    /// Decides this one alone, slowly, by the definition.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Bn254 {
                signers,
                digest,
                signature,
            } => {
                let digest = digest.as_slice();
                alone::<Bn254Sig>(&Scheme::Bn254EigenTai, signers, digest, signature)
            }
            Self::Bls12381 {
                signers,
                message,
                signature,
            } => alone::<MinPk>(&Scheme::Bls12381MinPkPop, signers, message, signature),
            Self::Product(pairs) => oracle::pairing_check::<Bn254>(pairs),
            Self::Nothing => Verdict::Valid,
        }
    }
}

fn alone<W: Signed>(
    scheme: &Scheme,
    signers: &Signers<W::Key>,
    message: &[u8],
    signature: &Wire<W::Sig>,
) -> Verdict {
    let keys = match signers {
        Signers::Sum(key) => vec![*key.point()],
        Signers::Of { keys, indices } => indices.iter().map(|&i| keys.keys()[i as usize]).collect(),
    };
    oracle::verify::<W>(scheme, &[Term { keys, message }], signature)
}

/// Obligations of any sets and kinds, put together as one piece of work for each operation, and
/// where each one's verdict will stand.
#[derive(Debug)]
pub struct Docket {
    works: Vec<Work>,
    places: Vec<Place>,
}

/// Where the answers of a [`Docket`]'s works go.
#[derive(Debug)]
pub struct Places(Vec<Place>);

#[derive(Clone, Copy, Debug)]
enum Place {
    Decided(Verdict),
    /// The n-th item of a work.
    Item(usize, usize),
}

impl Docket {
    pub fn new(obligations: &[&Obligation]) -> Self {
        let mut works = Vec::new();
        let mut places = vec![Place::Decided(Verdict::Valid); obligations.len()];
        let bn254 = obligations.iter().map(|obligation| match obligation {
            Obligation::Bn254 {
                signers,
                digest,
                signature,
            } => Some((signers, digest.as_slice(), *signature)),
            _ => None,
        });
        let bn254 = gather::<Bn254Sig>(Scheme::Bn254EigenTai, bn254, works.len(), &mut places);
        works.extend(bn254.map(Work::Bn254));
        let bls12381 = obligations.iter().map(|obligation| match obligation {
            Obligation::Bls12381 {
                signers,
                message,
                signature,
            } => Some((signers, &**message, *signature)),
            _ => None,
        });
        let scheme = Scheme::Bls12381MinPkPop;
        let bls12381 = gather::<MinPk>(scheme, bls12381, works.len(), &mut places);
        works.extend(bls12381.map(Work::MinPk));
        let products = gather_products(obligations, works.len(), &mut places);
        works.extend(products.map(Work::PairingBn254));
        Self { works, places }
    }

    /// At most one work for each operation, and where their answers go.
    pub fn into_works(self) -> (Vec<Work>, Places) {
        (self.works, Places(self.places))
    }
}

impl Places {
    /// The verdict of each obligation, given those of each work. What was not answered is
    /// undecided.
    pub fn verdicts(&self, answers: &[Vec<Verdict>]) -> Vec<Verdict> {
        let missing = Verdict::Undecided(UndecidedCause::Cancelled);
        let answer = |place: &Place| match *place {
            Place::Decided(verdict) => verdict,
            Place::Item(work, item) => {
                let answer = answers.get(work).and_then(|answers| answers.get(item));
                answer.copied().unwrap_or(missing)
            }
        };
        self.0.iter().map(answer).collect()
    }
}

type Item<'a, W> = (
    &'a Signers<<W as Signed>::Key>,
    &'a [u8],
    Wire<<W as Signed>::Sig>,
);

/// One parcel of the items of one scheme. It names each key set and each message once; sums
/// that are known already become one key set of their own.
fn gather<'a, W: Signed>(
    scheme: Scheme,
    items: impl Iterator<Item = Option<Item<'a, W>>> + Clone,
    work: usize,
    places: &mut [Place],
) -> Option<VerifyParcel<W>> {
    let mut parcel = VerifyParcelBuilder::new(scheme);
    let (mut messages, mut sources) = (HashMap::new(), HashMap::new());
    let sums: Vec<Member<W::Key>> = items
        .clone()
        .filter_map(|item| match item {
            Some((Signers::Sum(key), ..)) => Some(*key),
            _ => None,
        })
        .collect();
    let sums = parcel.keys(Keys::Set(Arc::new(KeySet::new(sums))));
    let mut next_sum = 0..;
    for (place, item) in places.iter_mut().zip(items) {
        let Some((signers, message, signature)) = item else {
            continue;
        };
        let message = *messages
            .entry(message)
            .or_insert_with(|| parcel.message(message));
        let added = parcel.len();
        let item = match signers {
            Signers::Sum(_) => parcel.item(&[(sums, &[next_sum.next()?], message)], signature),
            Signers::Of { keys, indices } => {
                let source = *sources
                    .entry(keys.id())
                    .or_insert_with(|| parcel.keys(Keys::Set(keys.clone())));
                parcel.item(&[(source, indices, message)], signature)
            }
        };
        *place = match item {
            Ok(()) => Place::Item(work, added),
            Err(verdict) => Place::Decided(verdict),
        };
    }
    (!parcel.is_empty()).then(|| parcel.finish())
}

fn gather_products(
    obligations: &[&Obligation],
    work: usize,
    places: &mut [Place],
) -> Option<PairingParcel<Bn254>> {
    let mut parcel = PairingParcel {
        pairs: Vec::new(),
        checks: Vec::new(),
    };
    for (place, obligation) in places.iter_mut().zip(obligations) {
        if let Obligation::Product(pairs) = obligation {
            let first = parcel.pairs.len() as u32;
            parcel.pairs.extend_from_slice(pairs);
            *place = Place::Item(work, parcel.checks.len());
            parcel.checks.push(first..parcel.pairs.len() as u32);
        }
    }
    (!parcel.checks.is_empty()).then_some(parcel)
}
