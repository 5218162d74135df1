//! Warming up and the cost model: batches of two sizes run on the device and on the CPU before the
//! backend is ready, and two straight lines say from which size on the device is faster.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tutti_backend::{
    Backend, Batch, Challenge, HashInput, HashParcel, KeyParcel, Keys, PairingParcel, SumParcel,
    SumRole, VerifyParcelBuilder, Work, WorkSlice,
};
use tutti_curves::{Bn254Sig, Group, Hashing, MinPk, MinSig, PointHash, Signed, Wire};
use tutti_types::{CurveId, Dst, Encoding, GroupId, Operation, Scheme, World};

use crate::backend::CudaBackend;
use crate::composer::Composer;
use crate::supervisor::Worker;
use crate::words::{DeviceCurve, DeviceGroup};

/// Whether the device is measured before it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warmth {
    Measured(Effort),
    /// Every batch of at least so many items: for tests, and for operators who know better.
    Fixed(u32),
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Items of a small batch and of a large one: what launches cost shows in the first, what items
    /// cost in the second.
    pub sizes: [usize; 2],
    /// Threads that multiply, and multiplications of each.
    pub threads: u64,
    pub multiplications: u64,
}

impl Default for Effort {
    /// Threads that fill any device, and enough multiplications for launching not to show.
    fn default() -> Self {
        Self {
            sizes: [64, 2_048],
            threads: 1 << 18,
            multiplications: 4_096,
        }
    }
}

/// What is measured of an operation: how many messages the items have, or what they are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Distinct,
    SameMessage,
    Of(CurveId, GroupId),
}

impl Shape {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Distinct => "distinct messages",
            Self::SameMessage => "one message",
            Self::Of(CurveId::Bls12381, GroupId::G1) => "BLS12-381, G1",
            Self::Of(CurveId::Bls12381, GroupId::G2) => "BLS12-381, G2",
            Self::Of(CurveId::Bn254, GroupId::G1) => "BN254, G1",
            Self::Of(CurveId::Bn254, GroupId::G2) => "BN254, G2",
        }
    }

    /// What is measured of it.
    const fn all(operation: Operation) -> &'static [Self] {
        const BLS_G1: Shape = Shape::Of(CurveId::Bls12381, GroupId::G1);
        const BLS_G2: Shape = Shape::Of(CurveId::Bls12381, GroupId::G2);
        const BN_G2: Shape = Shape::Of(CurveId::Bn254, GroupId::G2);
        match operation {
            Operation::Verify(_) => &[Self::Distinct, Self::SameMessage],
            Operation::HashToCurve => &[Self::Distinct],
            // Two pairs each.
            Operation::PairingCheck => &[BLS_G1, BN_G2],
            Operation::Aggregate | Operation::CheckKeys => &[BLS_G1, BLS_G2, BN_G2],
        }
    }
}

/// Time of a batch: `fixed + items * each`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub fixed_us: f64,
    pub item_us: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Crossover {
    pub operation: Operation,
    pub shape: Shape,
    pub device: Line,
    pub cpu: Line,
    /// The smallest batch that the device does faster; none if there is none.
    pub items: Option<u32>,
}

#[derive(Clone, Debug, Default)]
pub struct CrossoverTable {
    rows: Vec<Crossover>,
    fixed: Option<u32>,
}

/// The best of so many runs: the first also loads code and wakes clocks.
const RUNS: usize = 3;

impl CrossoverTable {
    pub(crate) fn measure(device: &CudaBackend, cpu: &dyn Backend) -> Self {
        let mut table = Self::default();
        let effort = match device.warmth() {
            Warmth::Measured(effort) => effort,
            Warmth::Fixed(items) => {
                table.fixed = Some(items);
                return table;
            }
        };
        for &operation in &device.descriptor().operations {
            for &shape in Shape::all(operation) {
                let Some((on_device, on_cpu)) = lines(device, cpu, operation, shape, effort.sizes)
                else {
                    continue;
                };
                table.rows.push(Crossover {
                    operation,
                    shape,
                    items: crossing(on_device, on_cpu),
                    device: on_device,
                    cpu: on_cpu,
                });
            }
        }
        table
    }

    pub fn rows(&self) -> &[Crossover] {
        &self.rows
    }

    /// The smallest batch worth sending to the device, whatever its shape.
    pub(crate) fn of(&self, operation: Operation) -> u32 {
        if let Some(items) = self.fixed {
            return items;
        }
        let rows = self.rows.iter().filter(|row| row.operation == operation);
        rows.map(|row| row.items.unwrap_or(u32::MAX))
            .max()
            .unwrap_or(u32::MAX)
    }

    pub(crate) fn counters(&self) -> Vec<(&'static str, u64)> {
        let name = |operation| match operation {
            Operation::Verify(World::Bls12381MinPk) => "cuda_crossover_items_min_pk",
            Operation::Verify(World::Bls12381MinSig) => "cuda_crossover_items_min_sig",
            Operation::Verify(World::Bn254) => "cuda_crossover_items_bn254",
            Operation::HashToCurve => "cuda_crossover_items_hash",
            Operation::PairingCheck => "cuda_crossover_items_pairing",
            Operation::Aggregate => "cuda_crossover_items_sums",
            Operation::CheckKeys => "cuda_crossover_items_keys",
        };
        let mut counters: Vec<(&str, u64)> = Vec::new();
        for row in &self.rows {
            let counter = (name(row.operation), u64::from(self.of(row.operation)));
            if !counters.contains(&counter) {
                counters.push(counter);
            }
        }
        counters
    }
}

/// Multiplications in BLS12-381's base field that the device does in a second: what all kernels
/// are measured against.
pub(crate) fn multiplications_per_s(worker: &Worker, effort: Effort) -> Option<f64> {
    let time = |steps: u64| {
        let mut composer = Composer::default();
        composer.powers(effort.threads, steps);
        let run = || {
            worker
                .run(0, &composer.program, &composer.bulk, POWER_PATIENCE)
                .ok()
        };
        let times = (0..RUNS).map(|_| run().map(|ran| ran.device_us));
        times.collect::<Option<Vec<u64>>>()?.into_iter().min()
    };
    let (few, many) = (time(1)?, time(1 + effort.multiplications)?);
    let multiplications = (effort.threads * effort.multiplications) as f64;
    Some(multiplications * 1e6 / many.saturating_sub(few).max(1) as f64)
}

const POWER_PATIENCE: Duration = Duration::from_secs(10);

fn crossing(device: Line, cpu: Line) -> Option<u32> {
    let gained = cpu.item_us - device.item_us;
    if gained <= 0.0 {
        return None;
    }
    let items = ((device.fixed_us - cpu.fixed_us) / gained).ceil();
    (items < f64::from(u32::MAX)).then_some(items.max(1.0) as u32)
}

fn lines(
    device: &CudaBackend,
    cpu: &dyn Backend,
    operation: Operation,
    shape: Shape,
    sizes: [usize; 2],
) -> Option<(Line, Line)> {
    let [small, large] = sizes.map(|size| work(operation, shape, size).map(Arc::new));
    let (small, large) = (small?, large?);
    let line = |backend: &dyn Backend| {
        let small = best(backend, &small)?.as_secs_f64() * 1e6;
        let large = best(backend, &large)?.as_secs_f64() * 1e6;
        let item_us = ((large - small) / (sizes[1] - sizes[0]) as f64).max(0.0);
        Some(Line {
            fixed_us: (small - item_us * sizes[0] as f64).max(0.0),
            item_us,
        })
    };
    Some((line(device)?, line(cpu)?))
}

fn best(backend: &dyn Backend, work: &Arc<Work>) -> Option<Duration> {
    (0..RUNS)
        .map(|run| {
            // Only times are looked at; nobody is answered.
            let challenge = Challenge([run as u8; 32]);
            let batch = Batch::of(vec![WorkSlice::whole(Arc::clone(work))], challenge);
            let began = Instant::now();
            let completion = tutti_backend::run(backend, batch).ok()?;
            completion.result.ok().map(|_| began.elapsed())
        })
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .min()
}

fn work(operation: Operation, shape: Shape, size: usize) -> Option<Work> {
    let dst = Dst::new(b"TUTTI-WARM-UP").ok()?;
    Some(match operation {
        Operation::Verify(World::Bls12381MinPk) => {
            Work::MinPk(signed::<MinPk>(&Scheme::Bls12381MinPkPop, shape, size))
        }
        Operation::Verify(World::Bls12381MinSig) => {
            Work::MinSig(signed::<MinSig>(&Scheme::Bls12381MinSig(dst), shape, size))
        }
        Operation::Verify(World::Bn254) => {
            Work::Bn254(signed::<Bn254Sig>(&Scheme::Bn254EigenTai, shape, size))
        }
        Operation::HashToCurve => Work::Hash(HashParcel {
            curve: CurveId::Bls12381,
            group: GroupId::G2,
            hashing: Hashing::of_scheme(&Scheme::Bls12381MinPkPop).into(),
            inputs: (0..size)
                .map(|number| HashInput::Message(number.to_le_bytes().as_slice().into()))
                .collect(),
            encoding: Encoding::ZcashCompressed,
        }),
        Operation::PairingCheck => match shape {
            Shape::Of(CurveId::Bn254, _) => Work::PairingBn254(cancelling(size)),
            _ => Work::PairingBls12381(cancelling(size)),
        },
        Operation::Aggregate => match shape {
            Shape::Of(CurveId::Bn254, _) => Work::SumBn254G2(single_points(size)),
            Shape::Of(_, GroupId::G1) => Work::SumBls12381G1(single_points(size)),
            _ => Work::SumBls12381G2(single_points(size)),
        },
        Operation::CheckKeys => match shape {
            Shape::Of(CurveId::Bn254, _) => Work::KeysBn254G2(KeyParcel { keys: wires(size) }),
            Shape::Of(_, GroupId::G1) => Work::KeysBls12381G1(KeyParcel { keys: wires(size) }),
            _ => Work::KeysBls12381G2(KeyParcel { keys: wires(size) }),
        },
    })
}

/// The generator times 1, 2, 3, and so on.
fn multiples<G: DeviceGroup>(count: usize) -> Vec<G::Affine> {
    let sums = (0..count).scan(G::zero(), |sum, _| {
        *sum = G::add_affine(sum, &G::generator());
        Some(*sum)
    });
    let points = G::normalise(&sums.collect::<Vec<_>>());
    points.into_iter().flatten().collect()
}

/// The same, as they come in: compressed.
fn wires<G: DeviceGroup>(count: usize) -> Vec<Wire<G>> {
    let wire = |point: &G::Affine| {
        let bytes = G::encode(Some(point), G::COMPRESSED);
        G::parse(G::COMPRESSED, &bytes).unwrap_or(Wire::Point(*point))
    };
    multiples::<G>(count).iter().map(wire).collect()
}

fn single_points<G: DeviceGroup>(count: usize) -> SumParcel<G> {
    SumParcel {
        role: SumRole::Signatures,
        lists: wires(count).into_iter().map(|wire| vec![wire]).collect(),
        encoding: Encoding::canonical(G::CURVE),
    }
}

/// Checks of two pairs each, e(aP, Q) with e(-aP, Q).
fn cancelling<C: DeviceCurve>(count: usize) -> PairingParcel<C> {
    let q = Wire::Point(C::G2::generator());
    let pairs = multiples::<C::G1>(count).into_iter().flat_map(|p| {
        let other = C::G1::negate(&p);
        [(Wire::Point(p), q), (Wire::Point(other), q)]
    });
    PairingParcel {
        pairs: pairs.collect(),
        checks: (0..count as u32)
            .map(|check| 2 * check..2 * check + 2)
            .collect(),
    }
}

/// Good signatures of the keys 1, 2, 3, and so on, sent along.
fn signed<W: Signed>(scheme: &Scheme, shape: Shape, size: usize) -> tutti_backend::VerifyParcel<W> {
    let hash = |number: u64| {
        let mut message = [0; 32];
        message[..8].copy_from_slice(&number.to_le_bytes());
        let point = W::Sig::hash(Hashing::of_scheme(scheme), &message, &[]);
        (message, point.expect("32 bytes can be hashed"))
    };
    let mut parcel = VerifyParcelBuilder::<W>::new(scheme.clone());
    let mut key = W::Key::zero();
    let (same, point) = hash(0);
    for number in 1..=size as u64 {
        key = W::Key::add_affine(&key, &W::Key::generator());
        let affine = W::Key::to_affine(&key).expect("small multiples of the generator");
        let source = parcel.keys(Keys::Inline(vec![Wire::Point(affine)]));
        let (message, point) = match shape {
            Shape::Distinct => hash(number),
            _ => (same, point),
        };
        let message = parcel.message(&message);
        let signature = W::Sig::to_affine(&W::Sig::mul(&point, u128::from(number)));
        let signature = signature.expect("small multiples of a point");
        parcel
            .item(&[(source, &[0], message)], Wire::Point(signature))
            .expect("a good item");
    }
    parcel.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn line(fixed_us: f64, item_us: f64) -> Line {
        Line { fixed_us, item_us }
    }

    #[test]
    fn the_device_is_asked_from_where_it_is_faster() {
        // 2,000 + 1 n < 500 + 4 n from 500 on.
        assert_eq!(crossing(line(2_000.0, 1.0), line(500.0, 4.0)), Some(500));
        assert_eq!(crossing(line(100.0, 1.0), line(500.0, 4.0)), Some(1));
        assert_eq!(crossing(line(2_000.0, 4.0), line(500.0, 4.0)), None);
    }
}
