//! Where a batch does not hold: which of its items may be bad. Nothing here is believed: each
//! suspect is decided by the CPU, and what is left is asked as a whole once more.

use std::ops::Range;

use tutti_curves::{Curve, Group, Signed};

use super::DeviceWorld;
use super::combine::{Combined, Sums, holds, pair_leaves};
use super::decode::Decoded;
use super::plan::Plan;
use crate::coefficients::sum_of_bits;
use crate::composer::{Array, Composer, Lists, plus};
use crate::judge;
use crate::run::{Run, Stop, parsed};

type Gt<W> = <<W as Signed>::Curve as Curve>::Gt;
type SigSum<W> = <<W as Signed>::Sig as Group>::Sum;
type SigPoint<W> = <<W as Signed>::Sig as Group>::Affine;

/// Items that the CPU decides by themselves: fewer are not worth asking the device about.
const CHUNK_ITEMS: usize = 64;

/// Weighed signatures of some runs of items, one run after the other.
struct Weighed {
    signatures: Array,
    runs: Vec<Range<u32>>,
}

impl Weighed {
    fn places(&self, items: Range<u32>) -> Range<u32> {
        let mut before = 0;
        for run in &self.runs {
            if run.contains(&items.start) {
                let first = before + items.start - run.start;
                return first..first + items.len() as u32;
            }
            before += run.len() as u32;
        }
        unreachable!("items of a part that was weighed");
    }
}

/// Runs of items, at least one bad one in each of them unless the device lied.
pub(super) fn suspects<W: DeviceWorld>(
    run: &mut Run<'_>,
    plan: &Plan<'_>,
    decoded: &Decoded,
    combined: &Combined<W>,
) -> Result<Vec<Range<u32>>, Stop> {
    let mut search = Search {
        plan,
        decoded,
        combined,
        composer: Composer::after(&combined.composer),
    };
    let (leaves, weighed) = match &combined.sums {
        Sums::Each { weighed, of_leaves } => {
            let all = 0..plan.items.len() as u32;
            let weighed = Weighed {
                signatures: *weighed,
                runs: vec![all],
            };
            let all: Vec<usize> = (0..plan.leaves.len()).collect();
            let leaves = search.bad_leaves(&all, &combined.products, of_leaves.clone())?;
            (leaves, weighed)
        }
        Sums::Buckets(buckets) => {
            let parts = search.bad_parts(run, *buckets)?;
            search.leaves_of_parts(run, &parts)?
        }
    };
    let (large, small): (Vec<usize>, Vec<usize>) = leaves
        .into_iter()
        .partition(|&leaf| plan.leaves[leaf].items.len() > CHUNK_ITEMS);
    let small = small
        .into_iter()
        .map(|leaf| plan.leaves[leaf].items.clone());
    let mut suspects: Vec<Range<u32>> = small.collect();
    suspects.extend(search.bad_chunks(run, &large, &weighed)?);
    Ok(suspects)
}

struct Search<'a, W: DeviceWorld> {
    plan: &'a Plan<'a>,
    decoded: &'a Decoded,
    combined: &'a Combined<W>,
    /// The next program's.
    composer: Composer,
}

impl<W: DeviceWorld> Search<'_, W> {
    /// Runs the program, after which another may go on.
    fn ask(&mut self, run: &mut Run<'_>) -> Result<Vec<u8>, Stop> {
        let answer = run.ask(&self.composer)?;
        self.composer = Composer::after(&self.composer);
        Ok(answer)
    }

    /// Those of some things that do not hold; `canary` is the place of the known item's.
    fn failing(
        &self,
        products: &[Gt<W>],
        mut sums: Vec<SigSum<W>>,
        canary: Option<usize>,
    ) -> Result<Vec<usize>, Stop> {
        if let Some(at) = canary {
            sums[at] = W::Sig::add(&sums[at], &W::Sig::negate_sum(&self.combined.shift));
        }
        judge::failing(products.len(), |part| {
            let product = judge::product::<W::Curve>(&products[part.clone()]);
            let sum = sums[part]
                .iter()
                .fold(W::Sig::zero(), |a, b| W::Sig::add(&a, b));
            holds::<W>(&product, &sum)
        })
    }

    /// The parts that do not hold, by the buckets that they were thrown into.
    fn bad_parts(&mut self, run: &mut Run<'_>, buckets: Array) -> Result<Vec<usize>, Stop> {
        let (parts, digits) = (self.plan.parts.len(), self.combined.coefficients.digits());
        if parts == 1 {
            return Ok(vec![0]);
        }
        let bits = self
            .composer
            .bucket_bits::<W::Sig>(buckets, digits as u64, parts as u64);
        let bits = self.composer.read::<SigSum<W>>(bits);
        let answer = self.ask(run)?;
        let bits = bits.of(&answer);
        let bits: Vec<SigSum<W>> = parsed(bits, 8 * digits * parts)?;
        let sums = bits.chunks_exact(8 * digits).map(sum_of_bits::<W::Sig>);
        let canary = self.plan.leaf_of(self.plan.canary_at);
        let canary = self.plan.parts.partition_point(|part| part.end <= canary);
        self.failing(&self.combined.products, sums.collect(), Some(canary))
    }

    /// The leaves of some parts that do not hold: only now are these parts' signatures weighed.
    fn leaves_of_parts(
        &mut self,
        run: &mut Run<'_>,
        parts: &[usize],
    ) -> Result<(Vec<usize>, Weighed), Stop> {
        let (plan, decoded) = (self.plan, self.decoded);
        let leaves: Vec<usize> = parts
            .iter()
            .flat_map(|&part| plan.parts[part].clone())
            .collect();
        let runs: Vec<Range<u32>> = parts
            .iter()
            .map(|&part| {
                let leaves = &plan.leaves[plan.parts[part].clone()];
                leaves[0].items.start..leaves[leaves.len() - 1].items.end
            })
            .collect();
        let count: usize = runs.iter().map(ExactSizeIterator::len).sum();
        let jacobian = self.composer.array::<SigSum<W>>(count as u64);
        let mut first = 0;
        for run in &runs {
            let items = run.start as usize..run.end as usize;
            let weights = self
                .composer
                .input(&self.combined.coefficients.of(&items.clone()));
            let signatures = decoded.signatures.from(u64::from(run.start));
            let length = items.len() as u64;
            let to = jacobian.from(first);
            self.composer
                .weigh::<W::Sig>(signatures, weights, length, to);
            first += length;
        }
        let signatures = self.composer.array::<SigPoint<W>>(count as u64);
        self.composer
            .affine::<W::Sig>(jacobian, count as u64, signatures);
        let weighed = Weighed { signatures, runs };
        let mut lists = Lists::default();
        for &leaf in &leaves {
            lists.push(weighed.places(plan.leaves[leaf].items.clone()).map(plus));
        }
        let sums = self.composer.sums::<W::Sig>(signatures, &lists);
        let sums = self.composer.read::<SigSum<W>>(sums);
        let products = self.composer.read::<Gt<W>>(self.combined.leaf_products);
        let answer = self.ask(run)?;
        let sums = parsed(sums.of(&answer), leaves.len())?;
        let products = products.of(&answer);
        let all: Vec<Gt<W>> = parsed(products, plan.leaves.len())?;
        let products: Vec<Gt<W>> = leaves.iter().map(|&leaf| all[leaf]).collect();
        Ok((self.bad_leaves(&leaves, &products, sums)?, weighed))
    }

    fn bad_leaves(
        &self,
        leaves: &[usize],
        products: &[Gt<W>],
        sums: Vec<SigSum<W>>,
    ) -> Result<Vec<usize>, Stop> {
        let canary = self.plan.leaf_of(self.plan.canary_at);
        let canary = leaves.iter().position(|&leaf| leaf == canary);
        let failing = self.failing(products, sums, canary)?;
        Ok(failing.into_iter().map(|at| leaves[at]).collect())
    }

    /// The chunks of some leaves that do not hold: runs of items of one group, for which pairs are
    /// made that the batch did not have.
    fn bad_chunks(
        &mut self,
        run: &mut Run<'_>,
        leaves: &[usize],
        weighed: &Weighed,
    ) -> Result<Vec<Range<u32>>, Stop> {
        if leaves.is_empty() {
            return Ok(Vec::new());
        }
        let plan = self.plan;
        let mut chunks: Vec<Range<u32>> = Vec::new();
        let (mut keys, mut signatures) = (Lists::default(), Lists::default());
        let (mut messages, mut pairs) = (Vec::new(), Vec::new());
        let groups = leaves
            .iter()
            .flat_map(|&leaf| &plan.groups[plan.leaves[leaf].groups.clone()]);
        for group in groups {
            for start in group.items.clone().step_by(CHUNK_ITEMS) {
                let items = start..group.items.end.min(start + CHUNK_ITEMS as u32);
                let first = messages.len() as u32;
                for (nth, pair) in (0..).zip(group.pairs.clone()) {
                    keys.push(group.factors(items.clone(), nth).map(plus));
                    messages.push(plan.pairs[pair as usize]);
                }
                pairs.push(first..messages.len() as u32);
                signatures.push(weighed.places(items.clone()).map(plus));
                chunks.push(items);
            }
        }
        let composer = &mut self.composer;
        let keys = composer.affine_sums::<W::Key>(self.combined.keys, &keys);
        let named = (0..).zip(messages).collect();
        let products = pair_leaves::<W>(composer, keys, self.decoded.messages, named, &pairs);
        let sums = composer.sums::<W::Sig>(weighed.signatures, &signatures);
        let (products, sums) = (
            composer.read::<Gt<W>>(products),
            composer.read::<SigSum<W>>(sums),
        );
        let answer = self.ask(run)?;
        let products: Vec<Gt<W>> = parsed(products.of(&answer), chunks.len())?;
        let sums = parsed(sums.of(&answer), chunks.len())?;
        let canary = chunks
            .iter()
            .position(|items| items.contains(&(plan.canary_at as u32)));
        let failing = self.failing(&products, sums, canary)?;
        Ok(failing.into_iter().map(|at| chunks[at].clone()).collect())
    }
}
