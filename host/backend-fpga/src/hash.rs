//! Hashing to G2 on the card. A wrong hash would be believed, and nothing checks one for less than hashing: so this is done only
//! where the host computes every point as well, and says what both found.

use num_bigint::BigUint;
use tutti_backend::{HashInput, HashParcel, Hashing, Work};
use tutti_curves::bls12_381::G2;
use tutti_curves::{Group, expand_message_xmd};
use tutti_hdl::microcode::points;
use tutti_hdl::wide::Wide;
use tutti_types::{CurveId, Encoding, GroupId, HashVariant};

use crate::card::Job;
use crate::curve::CardCurve;

/// Bytes that RFC 9380 makes for one field element of BLS12-381, and elements of a hash to G2.
const ELEMENT_BYTES: usize = 64;
const ELEMENTS: usize = 4;

/// The card's part of a hash, if it has a program for this one.
pub(crate) fn job(work: &Work, item: usize) -> Option<Job> {
    let Work::Hash(parcel) = work else {
        return None;
    };
    let (CurveId::Bls12381, GroupId::G2) = (parcel.curve, parcel.group) else {
        return None;
    };
    let Hashing::Rfc9380 {
        variant: HashVariant::RandomOracle,
        dst,
    } = &parcel.hashing
    else {
        return None;
    };
    let HashInput::Message(message) = &parcel.inputs[item] else {
        return None;
    };
    let bytes = expand_message_xmd(message, dst, ELEMENTS * ELEMENT_BYTES).ok()?;
    let p = tutti_curves::bls12_381::Bls12381::modulus();
    let element = |bytes: &[u8]| {
        let number = BigUint::from_bytes_be(bytes) % &p;
        Wide::from_big_endian(&number.to_bytes_be())
    };
    Some(Job {
        entry: points::image().entry("hash"),
        first: points::HASHED,
        inputs: bytes.chunks(ELEMENT_BYTES).map(element).collect(),
        output_first: points::AFFINE,
        output_count: ELEMENTS as u8,
    })
}

/// The point that the card found, as its asker wants it; none where its numbers are no point.
pub(crate) fn point(parcel: &HashParcel, registers: &[Wide]) -> Option<Vec<u8>> {
    let big_endian = |register: &Wide| register.to_big_endian::<ELEMENT_BYTES>();
    let coordinates: Vec<u8> = registers.iter().flat_map(big_endian).collect();
    let point = G2::parse(Encoding::Eip2537, &coordinates).ok()?.finite();
    Some(G2::encode(Some(&point.ok()?), parcel.encoding))
}
