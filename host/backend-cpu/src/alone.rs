//! One signature by one key over one message, nothing else in its batch: its points share a register of the lanes, where
//! the way of a batch would leave each register all but empty.

use std::sync::Arc;

use tutti_backend::Keys;
use tutti_curves::{Group, Hashing, Wire};
use tutti_types::{HashVariant, Verdict};

use crate::arithmetic::{Arithmetic, BulkCurve, World};
use crate::caches::{MessageTag, WorldCaches};
use crate::resolve::{FlatItem, KeyPoint, key_name};

/// The item's verdict; none where it is not of that kind, has a point that is not of its group, or has its message's
/// point in the cache, which leaves too little to share.
pub(crate) fn verdict<W: World>(
    item: &FlatItem<'_, W>,
    caches: &WorldCaches<W>,
    arithmetic: Arithmetic,
) -> Option<Verdict> {
    let Plain {
        key,
        signature,
        message,
        dst,
    } = Plain::of(item, caches)?;
    let tag = MessageTag {
        hashing: Arc::new(Hashing::of_scheme(item.parcel.scheme()).into()),
        augmentation: None,
        message: Arc::clone(message),
    };
    if caches.messages.has(&tag) {
        return None;
    }
    let bytes = match &key {
        Key::Known(_) => None,
        Key::Bytes(bytes) => Some(*bytes),
    };
    let points = W::points_alone(arithmetic, bytes, signature, message, dst)?;
    let key = match key {
        Key::Known(point) => point,
        Key::Bytes(bytes) => {
            let point = points.key.expect("its bytes were given");
            caches
                .keys
                .put(key_name(&Wire::<W::Key>::Compressed(*bytes)), point);
            point
        }
    };
    caches.messages.put(tag, points.message);
    let pairs = [
        W::pair(&key, &points.message),
        W::signature_pair(&points.signature),
    ];
    let product = W::Curve::miller_many(arithmetic, &pairs);
    Some(if W::Curve::are_one(arithmetic, &[product])[0] {
        Verdict::Valid
    } else {
        item.by_oracle()
    })
}

/// An item of the plain kind.
struct Plain<'a, W: World> {
    key: Key<'a, W>,
    signature: &'a <W::Sig as Group>::Compressed,
    message: &'a Arc<[u8]>,
    dst: &'a [u8],
}

enum Key<'a, W: World> {
    /// Checked before.
    Known(KeyPoint<W>),
    Bytes(&'a <W::Key as Group>::Compressed),
}

impl<'a, W: World> Plain<'a, W> {
    fn of(item: &FlatItem<'a, W>, caches: &WorldCaches<W>) -> Option<Self> {
        let parcel = item.parcel;
        let [term] = parcel.terms(item.item) else {
            return None;
        };
        let ([index], false) = (parcel.indices(term), item.augments()) else {
            return None;
        };
        let (
            Wire::Compressed(signature),
            Hashing::Rfc9380 {
                variant: HashVariant::RandomOracle,
                dst,
            },
        ) = (&item.item.signature, Hashing::of_scheme(parcel.scheme()))
        else {
            return None;
        };
        let key = match parcel.source(term) {
            Keys::Set(set) => Key::Known(set.keys()[*index as usize]),
            Keys::Inline(wires) => {
                let wire = &wires[*index as usize];
                match (caches.keys.get(&key_name(wire)), wire) {
                    (Some(point), _) => Key::Known(point),
                    (None, Wire::Compressed(bytes)) => Key::Bytes(bytes),
                    _ => return None,
                }
            }
        };
        Some(Self {
            key,
            signature,
            message: parcel.message(term),
            dst,
        })
    }
}
