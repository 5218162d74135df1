//! The byte forms of BN254 points. Three of them come from one vendor and differ only in the
//! order of a coordinate's halves: a point is never guessed from its bytes.

use ark_bn254::{Fq, Fq2};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{BigInt, Field, PrimeField, Zero};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use tutti_types::{Encoding, InvalidReason};

use crate::group::{Group, Wire};

const FIELD: usize = 32;

/// gnark's flags: the two highest bits of the first byte.
const GNARK_MASK: u8 = 0b11 << 6;
const GNARK_INFINITY: u8 = 0b01 << 6;
const GNARK_SMALLER_Y: u8 = 0b10 << 6;
const GNARK_LARGER_Y: u8 = 0b11 << 6;

/// A coordinate: one field element, or two with the real part first.
pub(super) trait Coordinate: Field {
    const WORDS: usize;
    type Words: AsRef<[Fq]> + AsMut<[Fq]> + Default;
    fn from_words(words: Self::Words) -> Self;
    fn words(&self) -> Self::Words;
}

impl Coordinate for Fq {
    const WORDS: usize = 1;
    type Words = [Fq; 1];
    fn from_words([word]: [Fq; 1]) -> Self {
        word
    }
    fn words(&self) -> [Fq; 1] {
        [*self]
    }
}

impl Coordinate for Fq2 {
    const WORDS: usize = 2;
    type Words = [Fq; 2];
    fn from_words([real, imaginary]: [Fq; 2]) -> Self {
        Self::new(real, imaginary)
    }
    fn words(&self) -> [Fq; 2] {
        [self.c0, self.c1]
    }
}

/// What the encodings need of a group's affine points.
pub(super) trait Points:
    AffineRepr<BaseField: Coordinate> + CanonicalSerialize + CanonicalDeserialize
{
    fn at(x: Self::BaseField, y: Self::BaseField) -> Option<Self>;
    fn solve_y(x: Self::BaseField) -> Option<Self::BaseField>;
}

impl<P: SWCurveConfig<BaseField: Coordinate>> Points for Affine<P> {
    fn at(x: P::BaseField, y: P::BaseField) -> Option<Self> {
        let point = Self::new_unchecked(x, y);
        point.is_on_curve().then_some(point)
    }
    fn solve_y(x: P::BaseField) -> Option<P::BaseField> {
        (x.square() * x + P::COEFF_B).sqrt()
    }
}

/// Any number of 256 bits.
fn number(be: &[u8; FIELD]) -> BigInt<4> {
    let mut number = BigInt::zero();
    for (limb, bytes) in number.0.iter_mut().rev().zip(be.as_chunks().0) {
        *limb = u64::from_be_bytes(*bytes);
    }
    number
}

pub(super) fn field_from_be(bytes: &[u8; FIELD]) -> Result<Fq, InvalidReason> {
    // The modulus and what is above it are no field elements.
    Fq::from_bigint(number(bytes)).ok_or(InvalidReason::NonCanonical)
}

fn field_to_be(element: &Fq) -> [u8; FIELD] {
    let mut be = [0; FIELD];
    let number = element.into_bigint();
    for (bytes, limb) in be.as_chunks_mut().0.iter_mut().zip(number.0.iter().rev()) {
        *bytes = limb.to_be_bytes();
    }
    be
}

/// Whether the imaginary part comes first.
const fn imaginary_first(encoding: Encoding) -> bool {
    matches!(encoding, Encoding::Eip197 | Encoding::GnarkCompressed)
}

fn coordinate<C: Coordinate>(bytes: &[u8], encoding: Encoding) -> Result<C, InvalidReason> {
    let mut words = C::Words::default();
    for (word, bytes) in words.as_mut().iter_mut().zip(bytes.as_chunks().0) {
        *word = field_from_be(bytes)?;
    }
    if imaginary_first(encoding) {
        words.as_mut().reverse();
    }
    Ok(C::from_words(words))
}

fn write_coordinate<C: Coordinate>(out: &mut Vec<u8>, coordinate: &C, encoding: Encoding) {
    let mut words = coordinate.words();
    if imaginary_first(encoding) {
        words.as_mut().reverse();
    }
    for word in words.as_ref() {
        out.extend(field_to_be(word));
    }
}

pub(super) fn parse<G>(encoding: Encoding, bytes: &[u8]) -> Result<Wire<G>, InvalidReason>
where
    G: Group<Affine: Points, Compressed: for<'a> TryFrom<&'a [u8]>>,
{
    match encoding {
        Encoding::GnarkCompressed => parse_gnark(bytes),
        Encoding::ArkUncompressed => parse_ark(bytes),
        _ => parse_words(encoding, bytes),
    }
}

fn parse_words<G: Group<Affine: Points>>(
    encoding: Encoding,
    bytes: &[u8],
) -> Result<Wire<G>, InvalidReason> {
    if bytes.iter().all(|&b| b == 0) {
        return Ok(Wire::Infinity);
    }
    let (x, y) = bytes.split_at(bytes.len() / 2);
    let (x, y) = (coordinate(x, encoding)?, coordinate(y, encoding)?);
    G::Affine::at(x, y)
        .map(Wire::Point)
        .ok_or(InvalidReason::NotOnCurve)
}

fn parse_ark<G: Group<Affine: Points>>(bytes: &[u8]) -> Result<Wire<G>, InvalidReason> {
    let words = bytes.as_chunks::<FIELD>().0;
    let words_are_canonical = (1..).zip(words).all(|(place, word)| {
        let mut word = *word;
        word.reverse();
        if place == words.len() {
            word[0] &= 0x3f;
        }
        number(&word) < Fq::MODULUS
    });
    if !words_are_canonical {
        return Err(InvalidReason::NonCanonical);
    }
    let point = G::Affine::deserialize_uncompressed_unchecked(bytes)
        .map_err(|_| InvalidReason::BadEncoding)?;
    // arkworks reads the sign flag and ignores it: one point must not have two encodings.
    let mut again = Vec::with_capacity(bytes.len());
    point
        .serialize_uncompressed(&mut again)
        .map_err(|_| InvalidReason::BadEncoding)?;
    if again != bytes {
        return Err(InvalidReason::BadEncoding);
    }
    match point.xy() {
        None => Ok(Wire::Infinity),
        Some((x, y)) => G::Affine::at(x, y)
            .map(Wire::Point)
            .ok_or(InvalidReason::NotOnCurve),
    }
}

fn parse_gnark<G>(bytes: &[u8]) -> Result<Wire<G>, InvalidReason>
where
    G: Group<Affine: Points, Compressed: for<'a> TryFrom<&'a [u8]>>,
{
    let flags = bytes[0] & GNARK_MASK;
    let x = without_flags(bytes);
    if flags == GNARK_INFINITY {
        return if x.iter().all(|&b| b == 0) {
            Ok(Wire::Infinity)
        } else {
            Err(InvalidReason::BadEncoding)
        };
    }
    if flags != GNARK_SMALLER_Y && flags != GNARK_LARGER_Y {
        return Err(InvalidReason::BadEncoding);
    }
    coordinate::<<G::Affine as AffineRepr>::BaseField>(&x, Encoding::GnarkCompressed)?;
    let Ok(bytes) = G::Compressed::try_from(bytes) else {
        return Err(InvalidReason::MalformedLength);
    };
    Ok(Wire::Compressed(bytes))
}

fn without_flags(bytes: &[u8]) -> Vec<u8> {
    let mut x = bytes.to_vec();
    x[0] &= !GNARK_MASK;
    x
}

pub(super) fn decompress<G: Group<Affine: Points>>(
    bytes: &[u8],
) -> Result<G::Affine, InvalidReason> {
    let x: <G::Affine as AffineRepr>::BaseField =
        coordinate(&without_flags(bytes), Encoding::GnarkCompressed)?;
    let y = G::Affine::solve_y(x).ok_or(InvalidReason::NotOnCurve)?;
    let larger = bytes[0] & GNARK_MASK == GNARK_LARGER_Y;
    let y = if is_larger(&y) == larger { y } else { -y };
    G::Affine::at(x, y).ok_or(InvalidReason::NotOnCurve)
}

/// Whether `y` is the larger of itself and its negative, the imaginary part deciding first.
fn is_larger<C: Coordinate>(y: &C) -> bool {
    let words = y.words();
    let deciding = words.as_ref().iter().rev().find(|w| !w.is_zero());
    deciding.is_some_and(|w| w.into_bigint() > (-*w).into_bigint())
}

pub(super) fn encode<G: Group<Affine: Points>>(
    point: Option<&G::Affine>,
    encoding: Encoding,
) -> Vec<u8> {
    let affine = point.copied().unwrap_or_else(G::Affine::zero);
    if encoding == Encoding::ArkUncompressed {
        let mut out = Vec::new();
        affine
            .serialize_uncompressed(&mut out)
            .expect("writing to a vector does not fail");
        return out;
    }
    let Some((x, y)) = affine.xy() else {
        let mut out = vec![0; encoding.len(G::ID)];
        if encoding == Encoding::GnarkCompressed {
            out[0] = GNARK_INFINITY;
        }
        return out;
    };
    let mut out = Vec::with_capacity(encoding.len(G::ID));
    write_coordinate(&mut out, &x, encoding);
    if encoding == Encoding::GnarkCompressed {
        out[0] |= if is_larger(&y) {
            GNARK_LARGER_Y
        } else {
            GNARK_SMALLER_Y
        };
    } else {
        write_coordinate(&mut out, &y, encoding);
    }
    out
}
