//! The second program: coefficients drawn only now, keys and signatures weighed, Miller loops
//! multiplied. The device answers with products and sums; what they come to is found out here.

use std::ops::Range;

use rayon::prelude::*;
use tutti_backend::Batch;
use tutti_curves::{Curve, Group, Signed};
use tutti_types::GroupId;

use super::DeviceWorld;
use super::canary::Canary;
use super::decode::Decoded;
use super::plan::Plan;
use crate::coefficients::{Coefficients, sum_of_buckets};
use crate::composer::{Array, BUCKETS, Composer, Lists, plus};
use crate::judge;
use crate::points::Membership;
use crate::run::{Run, Stop, parsed, wrong};
use crate::words::is_on_curve;

type Gt<W> = <<W as Signed>::Curve as Curve>::Gt;
type SigSum<W> = <<W as Signed>::Sig as Group>::Sum;
type SigPoint<W> = <<W as Signed>::Sig as Group>::Affine;
type KeyPoint<W> = <<W as Signed>::Key as Group>::Affine;

/// What the device made of a batch, and what it still has of it.
pub(super) struct Combined<W: DeviceWorld> {
    pub(super) composer: Composer,
    pub(super) coefficients: Coefficients,
    /// Each factor's keys, added up and weighed.
    pub(super) keys: Array,
    pub(super) leaf_products: Array,
    pub(super) sums: Sums<W>,
    /// Of all pairs.
    pub(super) product: Gt<W>,
    /// The weighted sum of all signatures, the known item's as it should be.
    pub(super) sum: SigSum<W>,
    /// The weighted part of the known item's signature that is too much.
    pub(super) shift: SigSum<W>,
    /// Of each part, as the device told them.
    pub(super) products: Vec<Gt<W>>,
}

/// The weighted sums of the signatures.
pub(super) enum Sums<W: DeviceWorld> {
    /// Each signature was weighed; what the leaves' sums are.
    Each {
        weighed: Array,
        of_leaves: Vec<SigSum<W>>,
    },
    /// Thrown into buckets, which are still on the device, part by part.
    Buckets(Array),
}

/// What buckets say of the signatures in them.
enum Buckets<W: DeviceWorld> {
    Inside(SigSum<W>),
    /// At least one signature is outside the subgroup.
    Outside,
}

impl<W: DeviceWorld> Combined<W> {
    /// None where signatures are outside the subgroup, which each must then be asked.
    pub(super) fn ask(
        run: &mut Run<'_>,
        batch: &Batch,
        plan: &Plan<'_>,
        decoded: &Decoded,
        canary: &Canary<W>,
    ) -> Result<Option<Self>, Stop> {
        let bits = batch.coefficient_bits;
        let mut coefficients = Coefficients::draw(plan.items.len(), bits, &mut run.random);
        coefficients.leave_out(&decoded.bad);
        let mut composer = Composer::after(&decoded.composer);
        let keys = weighed_keys::<W>(run, &mut composer, plan, &coefficients);
        let leaf_products = leaf_products::<W>(&mut composer, plan, decoded, keys);
        let told = Told::compose::<W>(&mut composer, plan, decoded, &coefficients, leaf_products);
        let products = composer.read::<Gt<W>>(told.products);
        let read_sums = match told.sums {
            ToldSums::Each { sums, .. } => composer.read::<SigSum<W>>(sums),
            ToldSums::Buckets { whole, .. } => composer.read::<SigPoint<W>>(whole),
        };
        let answer = run.ask(&composer)?;
        let products: Vec<Gt<W>> = parsed(products.of(&answer), told.count)?;
        let read_sums = read_sums.of(&answer);
        let (sums, sum) = match told.sums {
            ToldSums::Each { weighed, .. } => {
                let of_leaves: Vec<SigSum<W>> = parsed(read_sums, told.count)?;
                let sum = of_leaves
                    .iter()
                    .fold(W::Sig::zero(), |a, b| W::Sig::add(&a, b));
                (Sums::Each { weighed, of_leaves }, sum)
            }
            ToldSums::Buckets { buckets, .. } => {
                match sum_of_whole::<W>(read_sums, coefficients.digits())? {
                    Buckets::Inside(sum) => (Sums::Buckets(buckets), sum),
                    Buckets::Outside => return Ok(None),
                }
            }
        };
        let shift = coefficients.times::<W::Sig>(plan.canary_at, &canary.shift);
        Ok(Some(Self {
            composer,
            keys,
            leaf_products,
            sums,
            product: judge::product::<W::Curve>(&products),
            sum: W::Sig::add(&sum, &W::Sig::negate_sum(&shift)),
            shift,
            products,
            coefficients,
        }))
    }
}

/// What the device is asked to tell.
struct Told {
    /// So many: of leaves, or of parts.
    products: Array,
    count: usize,
    sums: ToldSums,
}

#[derive(Clone, Copy)]
enum ToldSums {
    Each { weighed: Array, sums: Array },
    Buckets { buckets: Array, whole: Array },
}

impl Told {
    fn compose<W: DeviceWorld>(
        composer: &mut Composer,
        plan: &Plan<'_>,
        decoded: &Decoded,
        coefficients: &Coefficients,
        leaf_products: Array,
    ) -> Self {
        if decoded.membership == Membership::OfEach {
            let (weighed, sums) = weighed_signatures::<W>(composer, plan, decoded, coefficients);
            return Self {
                products: leaf_products,
                count: plan.leaves.len(),
                sums: ToldSums::Each { weighed, sums },
            };
        }
        let (buckets, whole) = buckets::<W>(composer, plan, decoded, coefficients);
        let mut parts = Lists::default();
        for part in &plan.parts {
            parts.push(part.start as u32..part.end as u32);
        }
        Self {
            products: composer.products::<W::Curve>(leaf_products, &parts),
            count: plan.parts.len(),
            sums: ToldSums::Buckets { buckets, whole },
        }
    }
}

/// Whether products of Miller loops and a sum of signatures come to one.
pub(super) fn holds<W: DeviceWorld>(product: &Gt<W>, sum: &SigSum<W>) -> Result<bool, Stop> {
    let signatures = W::Sig::to_affine(sum);
    let inside = |point: &SigPoint<W>| is_on_curve::<W::Sig>(point) && W::Sig::in_subgroup(point);
    if signatures.is_some_and(|point| !inside(&point)) {
        return Err(wrong("a sum of signatures outside their group".into()));
    }
    let pair = signatures.map(|point| W::signature_pair(&point));
    let value = W::Curve::miller(pair.as_slice());
    Ok(W::Curve::is_one(&W::Curve::mul(product, &value)))
}

/// The sum of each factor's keys times its item's coefficient.
fn weighed_keys<W: DeviceWorld>(
    run: &Run<'_>,
    composer: &mut Composer,
    plan: &Plan<'_>,
    coefficients: &Coefficients,
) -> Array {
    let count = plan.owners.len() as u64;
    let weights = composer.input(&coefficients.of(&plan.owners.iter().map(|&item| item as usize)));
    let keys = composer.sums_of_signers::<W::Key>(run.table_array::<W::Key>(), &plan.factors);
    let weighed = composer.array::<<W::Key as Group>::Sum>(count);
    composer.weigh::<W::Key>(keys, weights, count, weighed);
    let affine = composer.array::<KeyPoint<W>>(count);
    composer.affine::<W::Key>(weighed, count, affine);
    affine
}

fn leaf_products<W: DeviceWorld>(
    composer: &mut Composer,
    plan: &Plan<'_>,
    decoded: &Decoded,
    keys: Array,
) -> Array {
    let keys = if plan.one_factor_each() {
        keys
    } else {
        composer.affine_sums::<W::Key>(keys, &plan.pair_terms())
    };
    let pairs = (0..)
        .zip(&plan.pairs)
        .map(|(pair, message)| (pair, *message));
    let leaves: Vec<Range<u32>> = plan.leaves.iter().map(|leaf| leaf.pairs.clone()).collect();
    pair_leaves::<W>(composer, keys, decoded.messages, pairs.collect(), &leaves)
}

/// Of each leaf the product of its pairs, which name keys and messages by their places.
pub(super) fn pair_leaves<W: DeviceWorld>(
    composer: &mut Composer,
    keys: Array,
    messages: Array,
    mut pairs: Vec<(u32, u32)>,
    leaves: &[Range<u32>],
) -> Array {
    let (mut g1, mut g2) = (keys, messages);
    if W::KEY_GROUP == GroupId::G2 {
        std::mem::swap(&mut g1, &mut g2);
        for (first, second) in &mut pairs {
            std::mem::swap(first, second);
        }
    }
    composer.leaves::<W::Curve>(g1, g2, &pairs, leaves)
}

/// Each signature times its coefficient, and the sum of each leaf.
fn weighed_signatures<W: DeviceWorld>(
    composer: &mut Composer,
    plan: &Plan<'_>,
    decoded: &Decoded,
    coefficients: &Coefficients,
) -> (Array, Array) {
    let count = plan.items.len() as u64;
    let weights = composer.input(coefficients.bytes());
    let jacobian = composer.array::<SigSum<W>>(count);
    composer.weigh::<W::Sig>(decoded.signatures, weights, count, jacobian);
    let weighed = composer.array::<SigPoint<W>>(count);
    composer.affine::<W::Sig>(jacobian, count, weighed);
    let mut of_leaves = Lists::default();
    for leaf in &plan.leaves {
        of_leaves.push(leaf.items.clone().map(plus));
    }
    (weighed, composer.sums::<W::Sig>(weighed, &of_leaves))
}

/// The buckets of each part, and those of all of them, affine.
fn buckets<W: DeviceWorld>(
    composer: &mut Composer,
    plan: &Plan<'_>,
    decoded: &Decoded,
    coefficients: &Coefficients,
) -> (Array, Array) {
    let weights = composer.input(coefficients.bytes());
    let buckets = composer.bucket_sums::<W::Sig>(decoded.signatures, weights, &plan.part_starts());
    let count = BUCKETS * coefficients.digits() as u64;
    let whole = composer.array::<SigSum<W>>(count);
    composer.fold::<W::Sig>(buckets, count, plan.parts.len() as u64, whole);
    let affine = composer.array::<SigPoint<W>>(count);
    composer.affine::<W::Sig>(whole, count, affine);
    (buckets, affine)
}

/// Looks at each bucket and adds them up.
fn sum_of_whole<W: DeviceWorld>(bytes: &[u8], digits: usize) -> Result<Buckets<W>, Stop> {
    let count = BUCKETS as usize * digits;
    let buckets: Vec<Option<SigPoint<W>>> = parsed(bytes, count)?;
    let finite = || buckets.par_iter().flatten();
    if !finite().all(is_on_curve::<W::Sig>) {
        return Err(wrong("a bucket that is on no curve".into()));
    }
    Ok(if finite().all(W::Sig::in_subgroup) {
        Buckets::Inside(sum_of_buckets::<W::Sig>(&buckets, digits))
    } else {
        Buckets::Outside
    })
}
