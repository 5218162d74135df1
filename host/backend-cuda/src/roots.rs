//! Keys, and points to be added up. The device takes the square roots that decompression is made
//! of; each is squared here, so that nothing need be believed. What remains (membership, sums)
//! costs as much to check as to do, and the CPU does it: `docs/gpu.md` says why.

use std::ops::Range;

use rayon::prelude::*;
use tutti_backend::{Batch, KeyParcel, Outcomes, SumParcel, Work, WorkSlice};
use tutti_curves::{Wire, bls12_381, bn254};
use tutti_types::Verdict;

use crate::composer::Composer;
use crate::points::{Membership, Points, compressed};
use crate::run::{Run, Stop, parsed, wrong};
use crate::words::{DeviceGroup, is_on_curve};

pub(crate) fn points(run: &mut Run<'_>, batch: &Batch) -> Result<Vec<Outcomes>, Stop> {
    let mut slices: Vec<Slice> = batch.slices.iter().map(Slice::new).collect();
    roots::<bls12_381::G1>(run, &mut slices)?;
    roots::<bls12_381::G2>(run, &mut slices)?;
    roots::<bn254::G1>(run, &mut slices)?;
    roots::<bn254::G2>(run, &mut slices)?;
    let (works, doubted): (Vec<Work>, Vec<Vec<usize>>) = slices
        .into_iter()
        .map(|slice| (slice.work, slice.doubted))
        .unzip();
    let outcomes = run.by_second(batch, works)?;
    for (outcomes, doubted) in outcomes.iter().zip(&doubted) {
        let verdicts = outcomes.verdicts();
        if doubted
            .iter()
            .any(|&item| verdicts.get(item) == Some(&Verdict::Valid))
        {
            return Err(wrong("a good point was called bad".into()));
        }
    }
    Ok(outcomes)
}

/// A slice of the batch as a work of its own.
struct Slice {
    work: Work,
    /// Items with a point that the device found no root for.
    doubted: Vec<usize>,
}

impl Slice {
    fn new(slice: &WorkSlice) -> Self {
        let range = slice.range.clone();
        let work = match &*slice.work {
            Work::SumBls12381G1(parcel) => Work::SumBls12381G1(some_lists(parcel, range)),
            Work::SumBls12381G2(parcel) => Work::SumBls12381G2(some_lists(parcel, range)),
            Work::SumBn254G1(parcel) => Work::SumBn254G1(some_lists(parcel, range)),
            Work::SumBn254G2(parcel) => Work::SumBn254G2(some_lists(parcel, range)),
            Work::KeysBls12381G1(parcel) => Work::KeysBls12381G1(some_keys(parcel, range)),
            Work::KeysBls12381G2(parcel) => Work::KeysBls12381G2(some_keys(parcel, range)),
            Work::KeysBn254G2(parcel) => Work::KeysBn254G2(some_keys(parcel, range)),
            _ => unreachable!("a batch holds one operation only"),
        };
        Self {
            work,
            doubted: Vec::new(),
        }
    }
}

fn some_lists<G: DeviceGroup>(parcel: &SumParcel<G>, range: Range<usize>) -> SumParcel<G> {
    SumParcel {
        role: parcel.role,
        lists: parcel.lists[range].to_vec(),
        encoding: parcel.encoding,
    }
}

fn some_keys<G: DeviceGroup>(parcel: &KeyParcel<G>, range: Range<usize>) -> KeyParcel<G> {
    KeyParcel {
        keys: parcel.keys[range].to_vec(),
    }
}

/// A group whose points are in works: each with the item that it belongs to.
trait Held: DeviceGroup {
    fn of(work: &mut Work) -> Vec<(usize, &mut Wire<Self>)>;
}

fn of_lists<G: DeviceGroup>(parcel: &mut SumParcel<G>) -> Vec<(usize, &mut Wire<G>)> {
    let lists = parcel.lists.iter_mut().enumerate();
    lists
        .flat_map(|(item, list)| list.iter_mut().map(move |wire| (item, wire)))
        .collect()
}

fn of_keys<G: DeviceGroup>(parcel: &mut KeyParcel<G>) -> Vec<(usize, &mut Wire<G>)> {
    parcel.keys.iter_mut().enumerate().collect()
}

macro_rules! held {
    ($group:ty, $sums:ident $(, $keys:ident)?) => {
        impl Held for $group {
            fn of(work: &mut Work) -> Vec<(usize, &mut Wire<Self>)> {
                match work {
                    Work::$sums(parcel) => of_lists(parcel),
                    $(Work::$keys(parcel) => of_keys(parcel),)?
                    _ => Vec::new(),
                }
            }
        }
    };
}

held!(bls12_381::G1, SumBls12381G1, KeysBls12381G1);
held!(bls12_381::G2, SumBls12381G2, KeysBls12381G2);
held!(bn254::G1, SumBn254G1);
held!(bn254::G2, SumBn254G2, KeysBn254G2);

/// Makes points of the compressed ones of a group, in all slices at once.
fn roots<G: Held>(run: &mut Run<'_>, slices: &mut [Slice]) -> Result<(), Stop> {
    let mut bytes = Vec::new();
    for slice in &mut *slices {
        let wires = G::of(&mut slice.work).into_iter();
        bytes.extend(wires.filter_map(|(_, wire)| match wire {
            Wire::Compressed(bytes) => Some(*bytes),
            _ => None,
        }));
    }
    if bytes.is_empty() {
        return Ok(());
    }
    run.elements = bytes.len();
    let mut points = ask::<G>(run, &bytes)?.into_iter();
    for slice in slices {
        for (item, wire) in G::of(&mut slice.work) {
            if !matches!(wire, Wire::Compressed(_)) {
                continue;
            }
            match points.next().expect("one for each") {
                Some(point) => *wire = Wire::Point(point),
                None => slice.doubted.push(item),
            }
        }
    }
    Ok(())
}

/// The point behind each, or that there is none.
fn ask<G: DeviceGroup>(
    run: &mut Run<'_>,
    bytes: &[G::Compressed],
) -> Result<Vec<Option<G::Affine>>, Stop> {
    let whole: Vec<u8> = bytes.iter().flat_map(AsRef::as_ref).copied().collect();
    let mut composer = Composer::default();
    let made = Points::of_bytes::<G>(&mut composer, &whole, Membership::Later, None);
    let status = made.read(&mut composer);
    let points = composer.read::<G::Affine>(made.at);
    let answer = run.ask(&composer)?;
    let status = status.of(&answer);
    let bad = made.bad(status, |_| false)?;
    let words = points.of(&answer);
    let mut points: Vec<Option<G::Affine>> = parsed(words, status.len())?;
    let right = |(bytes, point): (&G::Compressed, &Option<G::Affine>)| {
        // Of no root nothing is taken; the CPU looks for one.
        point.is_none_or(|point| {
            compressed::<G>(&Wire::Point(point)) == bytes.as_ref() && is_on_curve::<G>(&point)
        })
    };
    if !bytes.par_iter().zip(&points).all(right) {
        return Err(wrong("a point that is not the one behind its bytes".into()));
    }
    points.truncate(bytes.len());
    if bad.iter().any(|&at| points[at].is_some())
        || points.iter().filter(|point| point.is_none()).count() != bad.len()
    {
        return Err(wrong("a point whose status is another's".into()));
    }
    Ok(points)
}
