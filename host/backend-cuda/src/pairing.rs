//! Product checks on a device. One random combination of all of them is asked, with each check's
//! points of G1 times a coefficient of its own; the device answers with products of Miller loops,
//! the host takes the final exponentiation. Where it does not come to one, the products of the
//! leaves, which stayed on the device, lead to the bad checks.

use std::ops::Range;

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use tutti_backend::{Batch, Outcomes, PairingParcel, Work};
use tutti_curves::bls12_381::Bls12381;
use tutti_curves::bn254::Bn254;
use tutti_curves::{Curve, Group, Pair, Wire, WirePair, oracle};
use tutti_types::{InvalidReason, Verdict};

use crate::coefficients::Coefficients;
use crate::composer::{Array, Composer, LEAF_PAIRS, Lists};
use crate::judge::{self, Suspicion};
use crate::points::Points;
use crate::run::{Run, Stop, parsed, wrong};
use crate::words::DeviceCurve;

/// A check and its place in the batch.
#[derive(Clone, Copy)]
struct Question<'a, C: Curve> {
    item: usize,
    pairs: &'a [WirePair<C>],
}

pub(crate) fn check(run: &mut Run<'_>, batch: &Batch) -> Result<Vec<Outcomes>, Stop> {
    let bls = questions::<Bls12381>(batch, |work| match work {
        Work::PairingBls12381(parcel) => Some(parcel),
        _ => None,
    });
    let bn = questions::<Bn254>(batch, |work| match work {
        Work::PairingBn254(parcel) => Some(parcel),
        _ => None,
    });
    let pairs_of_bls: usize = bls.iter().map(|question| question.pairs.len()).sum();
    let pairs_of_bn: usize = bn.iter().map(|question| question.pairs.len()).sum();
    run.elements = pairs_of_bls + pairs_of_bn;
    let samples = judge::samples(batch.items(), &mut run.random);
    let either = |item| by_oracle(&bls, item).or_else(|| by_oracle(&bn, item));
    let either = |item| either(item).expect("a check is of one curve or the other");
    let verdicts = judge::beside_oracle(&samples, either, || {
        let mut verdicts = vec![Verdict::Valid; batch.items()];
        decide(run, batch, &bls, &mut verdicts)?;
        decide(run, batch, &bn, &mut verdicts)?;
        Ok(verdicts)
    })?;
    let mut verdicts = verdicts.into_iter();
    let of_slice = |length| Outcomes::Verdicts(verdicts.by_ref().take(length).collect());
    let lengths = batch.slices.iter().map(|slice| slice.range.len());
    Ok(lengths.map(of_slice).collect())
}

fn questions<C: Curve>(
    batch: &Batch,
    parcel: fn(&Work) -> Option<&PairingParcel<C>>,
) -> Vec<Question<'_, C>> {
    let mut questions = Vec::new();
    let mut first = 0;
    for slice in &batch.slices {
        if let Some(parcel) = parcel(&slice.work) {
            let checks = parcel.checks[slice.range.clone()].iter();
            questions.extend((first..).zip(checks).map(|(item, pairs)| Question {
                item,
                pairs: &parcel.pairs[pairs.start as usize..pairs.end as usize],
            }));
        }
        first += slice.range.len();
    }
    questions
}

fn by_oracle<C: Curve>(questions: &[Question<'_, C>], item: usize) -> Option<Verdict> {
    let at = questions
        .binary_search_by_key(&item, |question| question.item)
        .ok()?;
    Some(oracle::pairing_check::<C>(questions[at].pairs))
}

fn decide<C: DeviceCurve>(
    run: &mut Run<'_>,
    batch: &Batch,
    questions: &[Question<'_, C>],
    verdicts: &mut [Verdict],
) -> Result<(), Stop> {
    // A check of no pairs is nothing that the device could be asked.
    let (asked, empty): (Vec<Question<'_, C>>, Vec<_>) = questions
        .iter()
        .partition(|question| !question.pairs.is_empty());
    let left_out: Vec<usize> = empty.iter().map(|question| question.item).collect();
    if asked.is_empty() {
        return confirm(run, batch, &Suspicion::default(), &left_out, verdicts);
    }
    let canary = Canary::<C>::draw(asked.len(), &mut run.random);
    let checks = Checks::new(asked, &canary);
    let combination = Combination::ask(run, batch, &checks, &canary)?;
    let value = combination.value();
    let holds = C::is_one(&value);
    let leaves = if holds {
        Vec::new()
    } else {
        combination.bad_leaves(run, checks.leaves.len())?
    };
    let item = |check: usize| checks.all[check].item;
    let live = |check: &usize| *check != canary.at && !combination.bad.contains(check);
    let of_leaf = |leaf: usize| {
        let checks = checks.leaves[leaf].checks.clone();
        checks.filter(live).map(item).collect()
    };
    let suspicion = Suspicion {
        items: combination.bad.iter().copied().map(item).collect(),
        groups: leaves.into_iter().map(of_leaf).collect(),
    };
    confirm(run, batch, &suspicion, &left_out, verdicts)?;
    if holds {
        return Ok(());
    }
    let live = (0..checks.all.len()).filter(live);
    let refuted = live.filter(|&check| verdicts[item(check)] != Verdict::Valid);
    let mut away = Vec::new();
    for check in refuted {
        if !matches!(
            verdicts[item(check)],
            Verdict::Invalid(InvalidReason::DoesNotVerify, _)
        ) {
            return Err(wrong(format!(
                "a point of item {} was called good",
                item(check)
            )));
        }
        away.extend(combination.taken_away(check, checks.all[check].pairs)?);
    }
    if C::is_one(&C::mul(&value, &judge::miller::<C>(&away))) {
        Ok(())
    } else {
        Err(wrong(
            "the product is not one without the bad checks".into(),
        ))
    }
}

/// The CPU's verdicts on what is suspected.
fn confirm(
    run: &mut Run<'_>,
    batch: &Batch,
    suspicion: &Suspicion,
    left_out: &[usize],
    verdicts: &mut [Verdict],
) -> Result<(), Stop> {
    let confirmed = judge::verdicts(run, batch, suspicion, left_out)?;
    for (verdict, confirmed) in verdicts.iter_mut().zip(confirmed) {
        if confirmed != Verdict::Valid {
            *verdict = confirmed;
        }
    }
    Ok(())
}

/// A check whose value is a known one and not one: what the host takes away before it compares.
/// A product that was not computed from these points and coefficients does not fit.
struct Canary<C: DeviceCurve> {
    /// Its place among the checks.
    at: usize,
    pair: Pair<C>,
    wires: [WirePair<C>; 1],
}

impl<C: DeviceCurve> Canary<C> {
    fn draw(others: usize, random: &mut ChaCha20Rng) -> Self {
        let mut secret = || u128::from(random.next_u64()) << 64 | u128::from(random.next_u64()) | 1;
        let p = C::G1::to_affine(&C::G1::mul(&C::G1::generator(), secret()));
        let q = C::G2::to_affine(&C::G2::mul(&C::G2::generator(), secret()));
        let below_the_order = "a scalar that is not zero, and below the order";
        let pair = (p.expect(below_the_order), q.expect(below_the_order));
        Self {
            at: random.next_u64() as usize % (others + 1),
            pair,
            wires: [(Wire::Point(pair.0), Wire::Point(pair.1))],
        }
    }
}

/// Checks whose products are looked at together.
struct Leaf {
    checks: Range<usize>,
    pairs: Range<u32>,
}

/// All checks that the device is asked, the known one among them.
struct Checks<'a, C: DeviceCurve> {
    all: Vec<Question<'a, C>>,
    leaves: Vec<Leaf>,
    pairs: Vec<WirePair<C>>,
    /// The check of each pair.
    owners: Vec<usize>,
}

impl<'a, C: DeviceCurve> Checks<'a, C> {
    fn new(mut all: Vec<Question<'a, C>>, canary: &'a Canary<C>) -> Self {
        let of_canary = Question {
            item: usize::MAX,
            pairs: &canary.wires,
        };
        all.insert(canary.at, of_canary);
        let pairs: Vec<_> = all.iter().flat_map(|check| check.pairs).copied().collect();
        let owner = |(check, question): (usize, &Question<'_, C>)| {
            std::iter::repeat_n(check, question.pairs.len())
        };
        let owners = all.iter().enumerate().flat_map(owner).collect();
        let mut leaves: Vec<Leaf> = Vec::new();
        let mut end = 0;
        for (check, question) in all.iter().enumerate() {
            let first = end;
            end += question.pairs.len() as u32;
            match leaves.last_mut() {
                Some(leaf) if end - leaf.pairs.start <= LEAF_PAIRS => {
                    leaf.checks.end = check + 1;
                    leaf.pairs.end = end;
                }
                _ => leaves.push(Leaf {
                    checks: check..check + 1,
                    pairs: first..end,
                }),
            }
        }
        Self {
            all,
            leaves,
            pairs,
            owners,
        }
    }

    /// The checks with a bad point, in order; and what makes points of the pairs.
    fn points(&self, run: &mut Run<'_>) -> Result<(Composer, [Points; 2], Vec<usize>), Stop> {
        let (p, q): (Vec<_>, Vec<_>) = self.pairs.iter().copied().unzip();
        let mut composer = Composer::default();
        let sides = [
            Points::of_wires::<C::G1>(&mut composer, &p),
            Points::of_wires::<C::G2>(&mut composer, &q),
        ];
        let answers = [&sides[0], &sides[1]].map(|side| side.read(&mut composer));
        let answer = run.ask(&composer)?;
        let said = answers.map(|part| part.of(&answer));
        let mut bad = sides[0].bad(said[0], |at| matches!(p[at], Wire::Infinity))?;
        bad.extend(sides[1].bad(said[1], |at| matches!(q[at], Wire::Infinity))?);
        let mut bad: Vec<usize> = bad.into_iter().map(|pair| self.owners[pair]).collect();
        bad.sort_unstable();
        bad.dedup();
        Ok((composer, sides, bad))
    }
}

/// Leaves whose products the device multiplies: the host is told those of the parts.
const PART_LEAVES: usize = 16;

/// What the device made of all checks.
struct Combination<C: DeviceCurve> {
    /// Checks with a bad point, in order; they are not in the products.
    bad: Vec<usize>,
    coefficients: Coefficients,
    composer: Composer,
    leaf_products: Array,
    /// Of each part.
    products: Vec<C::Gt>,
    /// The leaf of the known check, and what takes it away.
    canary: (usize, C::Gt),
}

impl<C: DeviceCurve> Combination<C> {
    fn ask(
        run: &mut Run<'_>,
        batch: &Batch,
        checks: &Checks<'_, C>,
        canary: &Canary<C>,
    ) -> Result<Self, Stop> {
        let (composer, [p, q], bad) = checks.points(run)?;
        if bad.contains(&canary.at) {
            return Err(wrong("a known good point was called bad".into()));
        }
        let (count, bits) = (checks.all.len(), batch.coefficient_bits);
        let mut coefficients = Coefficients::draw(count, bits, &mut run.random);
        coefficients.leave_out(&bad);
        let mut composer = Composer::after(&composer);
        let weights = composer.input(&coefficients.of(&checks.owners.iter().copied()));
        let pairs = checks.pairs.len() as u64;
        let weighted = composer.array::<<C::G1 as Group>::Sum>(pairs);
        composer.weigh::<C::G1>(p.at, weights, pairs, weighted);
        let weighted_affine = composer.array::<<C::G1 as Group>::Affine>(pairs);
        composer.affine::<C::G1>(weighted, pairs, weighted_affine);
        let places: Vec<(u32, u32)> = (0..pairs as u32).map(|pair| (pair, pair)).collect();
        let leaves: Vec<Range<u32>> = checks
            .leaves
            .iter()
            .map(|leaf| leaf.pairs.clone())
            .collect();
        let leaf_products = composer.leaves::<C>(weighted_affine, q.at, &places, &leaves);
        let mut parts = Lists::default();
        for first in (0..leaves.len()).step_by(PART_LEAVES) {
            parts.push(first as u32..leaves.len().min(first + PART_LEAVES) as u32);
        }
        let products = composer.products::<C>(leaf_products, &parts);
        let products = composer.read::<C::Gt>(products);
        let answer = run.ask(&composer)?;
        let of_canary = coefficients.times::<C::G1>(canary.at, &canary.pair.0);
        let of_canary = C::G1::to_affine(&of_canary).map(|p| (C::G1::negate(&p), canary.pair.1));
        let leaf = checks
            .leaves
            .partition_point(|leaf| leaf.checks.end <= canary.at);
        Ok(Self {
            products: parsed(products.of(&answer), parts.len())?,
            bad,
            coefficients,
            composer,
            leaf_products,
            canary: (leaf, C::miller(of_canary.as_slice())),
        })
    }

    /// All checks' product, without the known one's.
    fn value(&self) -> C::Gt {
        C::mul(&judge::product::<C>(&self.products), &self.canary.1)
    }

    /// The leaves that do not come to one, where all together do not.
    fn bad_leaves(&self, run: &mut Run<'_>, leaves: usize) -> Result<Vec<usize>, Stop> {
        let mut composer = Composer::after(&self.composer);
        let products = composer.read::<C::Gt>(self.leaf_products);
        let answer = run.ask(&composer)?;
        let mut products: Vec<C::Gt> = parsed(products.of(&answer), leaves)?;
        let (leaf, away) = &self.canary;
        products[*leaf] = C::mul(&products[*leaf], away);
        judge::failing(leaves, |part| {
            Ok(C::is_one(&judge::product::<C>(&products[part])))
        })
    }

    /// Pairs that take a check out of the product, whose points are all good.
    fn taken_away(&self, check: usize, pairs: &[WirePair<C>]) -> Result<Vec<Pair<C>>, Stop> {
        let no_point = |_| Stop::internal("the oracle takes a point that cannot be read");
        let mut away = Vec::with_capacity(pairs.len());
        for (p, q) in pairs {
            let (p, q) = (p.point().map_err(no_point)?, q.point().map_err(no_point)?);
            let (Some(p), Some(q)) = (p, q) else {
                continue;
            };
            let weighted = self.coefficients.times::<C::G1>(check, &p);
            away.extend(C::G1::to_affine(&weighted).map(|p| (C::G1::negate(&p), q)));
        }
        Ok(away)
    }
}
