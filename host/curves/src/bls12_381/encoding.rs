//! Canonical bytes of BLS12-381 points. blst checks them too; here they are checked before
//! anything is computed, each fault with its own reason.

use tutti_types::InvalidReason;

use super::MODULUS;

const FIELD: usize = 48;
const COMPRESSED: u8 = 0x80;
const INFINITY: u8 = 0x40;
const LARGER_Y: u8 = 0x20;

fn below_modulus(word: &[u8]) -> bool {
    word < &MODULUS[..]
}

/// `None` is infinity.
pub(super) fn compressed<const N: usize>(bytes: &[u8]) -> Result<Option<[u8; N]>, InvalidReason> {
    let bytes: [u8; N] = bytes
        .try_into()
        .map_err(|_| InvalidReason::MalformedLength)?;
    if bytes[0] & COMPRESSED == 0 {
        return Err(InvalidReason::BadEncoding);
    }
    let mut x = bytes;
    x[0] &= !(COMPRESSED | INFINITY | LARGER_Y);
    if bytes[0] & INFINITY != 0 {
        let rest_is_zero = x.iter().all(|&b| b == 0) && bytes[0] & LARGER_Y == 0;
        return if rest_is_zero {
            Ok(None)
        } else {
            Err(InvalidReason::BadEncoding)
        };
    }
    if x.chunks_exact(FIELD).all(below_modulus) {
        Ok(Some(bytes))
    } else {
        Err(InvalidReason::NonCanonical)
    }
}

/// `None` is infinity.
pub(super) fn uncompressed<const N: usize>(bytes: &[u8]) -> Result<Option<[u8; N]>, InvalidReason> {
    let bytes: [u8; N] = bytes
        .try_into()
        .map_err(|_| InvalidReason::MalformedLength)?;
    if bytes[0] & (COMPRESSED | LARGER_Y) != 0 {
        return Err(InvalidReason::BadEncoding);
    }
    if bytes[0] & INFINITY != 0 {
        let rest_is_zero = bytes[0] == INFINITY && bytes[1..].iter().all(|&b| b == 0);
        return if rest_is_zero {
            Ok(None)
        } else {
            Err(InvalidReason::BadEncoding)
        };
    }
    if bytes.chunks_exact(FIELD).all(below_modulus) {
        Ok(Some(bytes))
    } else {
        Err(InvalidReason::NonCanonical)
    }
}

/// EIP-2537 words to the uncompressed form, whose G2 coordinates stand the other way round.
pub(super) fn from_eip2537<const N: usize>(bytes: &[u8]) -> Result<Option<[u8; N]>, InvalidReason> {
    if bytes.iter().all(|&b| b == 0) {
        return Ok(None);
    }
    let mut out = [0; N];
    for (index, word) in bytes.chunks_exact(64).enumerate() {
        let (padding, element) = word.split_at(16);
        if padding.iter().any(|&b| b != 0) {
            return Err(InvalidReason::BadEncoding);
        }
        if !below_modulus(element) {
            return Err(InvalidReason::NonCanonical);
        }
        let place = eip2537_place(index, N / FIELD) * FIELD;
        out[place..place + FIELD].copy_from_slice(element);
    }
    Ok(Some(out))
}

pub(super) fn to_eip2537(uncompressed: &[u8]) -> Vec<u8> {
    let words = uncompressed.len() / FIELD;
    let mut out = vec![0; words * 64];
    for index in 0..words {
        let place = eip2537_place(index, words) * FIELD;
        out[index * 64 + 16..(index + 1) * 64].copy_from_slice(&uncompressed[place..place + FIELD]);
    }
    out
}

/// Where the n-th EIP-2537 word stands in the uncompressed form.
const fn eip2537_place(index: usize, words: usize) -> usize {
    if words == 2 { index } else { index ^ 1 }
}

pub(super) fn infinity(len: usize, flags: u8) -> Vec<u8> {
    let mut out = vec![0; len];
    out[0] = flags;
    out
}
