use std::fmt::Debug;

use tutti_types::{CurveId, Encoding, GroupId, InvalidReason};

/// One of the groups of a pairing.
pub trait Group: Copy + Debug + Send + Sync + 'static {
    const CURVE: CurveId;
    const ID: GroupId;
    /// Whether every point of the curve is in the subgroup already.
    const PRIME_ORDER: bool;

    /// On the curve and not the point at infinity; the subgroup is not implied.
    type Affine: Copy + PartialEq + Debug + Send + Sync + 'static;
    /// Any point of the curve, infinity included, cheap to add to.
    type Sum: Copy + Debug + Send + Sync + 'static;
    /// The bytes of a compressed point whose coordinate is canonical.
    type Compressed: Copy + Debug + PartialEq + AsRef<[u8]> + Send + Sync + 'static;

    fn generator() -> Self::Affine;
    fn negate(point: &Self::Affine) -> Self::Affine;

    fn zero() -> Self::Sum;
    fn lift(point: &Self::Affine) -> Self::Sum;
    fn add(a: &Self::Sum, b: &Self::Sum) -> Self::Sum;
    fn add_affine(a: &Self::Sum, b: &Self::Affine) -> Self::Sum;
    fn negate_sum(a: &Self::Sum) -> Self::Sum;
    fn is_zero(a: &Self::Sum) -> bool;
    /// Many points at the cost of one inversion; `None` is infinity.
    fn normalise(sums: &[Self::Sum]) -> Vec<Option<Self::Affine>>;
    fn sum(points: &[&Self::Affine]) -> Self::Sum;

    /// Not for points of small order: with long scalars blst's windows miss that two of their
    /// points are equal, and a multiple of T that is infinity comes out as T. Additions and sums
    /// are right for every point.
    fn mul(point: &Self::Affine, scalar: u128) -> Self::Sum;
    /// The sum of `scalars[i] * points[i]`; scalars are below 2^`bits`. Not for points of small
    /// order either.
    fn msm(points: &[Self::Affine], scalars: &[u128], bits: u32) -> Self::Sum;

    fn in_subgroup(point: &Self::Affine) -> bool;

    /// Length, flags, canonical coordinates; for uncompressed forms also the curve equation.
    fn parse(encoding: Encoding, bytes: &[u8]) -> Result<Wire<Self>, InvalidReason>;
    /// The square root behind a compressed point.
    fn decompress(bytes: &Self::Compressed) -> Result<Self::Affine, InvalidReason>;
    /// `None` is infinity. The encoding must be one of this curve's.
    fn encode(point: Option<&Self::Affine>, encoding: Encoding) -> Vec<u8>;

    fn to_affine(sum: &Self::Sum) -> Option<Self::Affine> {
        Self::normalise(std::slice::from_ref(sum))[0]
    }
}

/// What the edge hands on: bytes that can be a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wire<G: Group> {
    Infinity,
    Compressed(G::Compressed),
    Point(G::Affine),
}

impl<G: Group> Wire<G> {
    /// The point on the curve, or why there is none; `None` is infinity.
    pub fn point(&self) -> Result<Option<G::Affine>, InvalidReason> {
        match self {
            Self::Infinity => Ok(None),
            Self::Compressed(bytes) => G::decompress(bytes).map(Some),
            Self::Point(point) => Ok(Some(*point)),
        }
    }

    /// The point where infinity may not stand.
    pub fn finite(&self) -> Result<G::Affine, InvalidReason> {
        self.point()?.ok_or(InvalidReason::Infinity)
    }

    /// The point in the subgroup, where infinity may not stand.
    pub fn member(&self) -> Result<Member<G>, InvalidReason> {
        Member::check(self.finite()?)
    }
}

/// A point of the prime-order subgroup, not infinity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member<G: Group>(G::Affine);

impl<G: Group> Member<G> {
    pub fn parse(encoding: Encoding, bytes: &[u8]) -> Result<Self, InvalidReason> {
        G::parse(encoding, bytes)?.member()
    }

    pub fn check(point: G::Affine) -> Result<Self, InvalidReason> {
        if G::in_subgroup(&point) {
            Ok(Self(point))
        } else {
            Err(InvalidReason::NotInSubgroup)
        }
    }

    /// For points whose membership the caller has shown in another way: sums of members,
    /// hash outputs, a batch whose random bucket sums all passed the check.
    pub const fn shown(point: G::Affine) -> Self {
        Self(point)
    }

    pub const fn point(&self) -> &G::Affine {
        &self.0
    }
}

/// A point of G1 and one of G2, to be paired.
pub type Pair<C> = (
    <<C as Curve>::G1 as Group>::Affine,
    <<C as Curve>::G2 as Group>::Affine,
);

/// The same as they came off the wire.
pub type WirePair<C> = (Wire<<C as Curve>::G1>, Wire<<C as Curve>::G2>);

/// A pairing-friendly curve.
pub trait Curve: Copy + Debug + Send + Sync + 'static {
    const ID: CurveId;
    type G1: Group;
    type G2: Group;
    /// A value before or after the final exponentiation.
    type Gt: Copy + Send + Sync + 'static;

    fn one() -> Self::Gt;
    fn mul(a: &Self::Gt, b: &Self::Gt) -> Self::Gt;
    fn pow(a: &Self::Gt, exponent: u128) -> Self::Gt;
    /// The product of the Miller loops; of no pairs it is one.
    fn miller(pairs: &[Pair<Self>]) -> Self::Gt;
    /// Final exponentiation and comparison with one.
    fn is_one(value: &Self::Gt) -> bool;
}
