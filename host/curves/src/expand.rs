use sha2::{Digest, Sha256};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    #[error("expand_message_xmd with SHA-256 gives at most 8160 bytes, {0} were asked for")]
    TooLong(usize),
}

/// RFC 9380 section 5.3.1 with SHA-256. Tags over 255 bytes are hashed as section 5.3.3 says.
pub fn expand_message_xmd(message: &[u8], dst: &[u8], len: usize) -> Result<Vec<u8>, ExpandError> {
    const BLOCK: usize = 64;
    const HASH: usize = 32;
    let blocks = len.div_ceil(HASH);
    if blocks > 255 {
        return Err(ExpandError::TooLong(len));
    }
    let hashed_dst;
    let dst = if dst.len() > 255 {
        hashed_dst = Sha256::new()
            .chain_update(b"H2C-OVERSIZE-DST-")
            .chain_update(dst)
            .finalize();
        &hashed_dst[..]
    } else {
        dst
    };
    let tail = [dst.len() as u8];
    let b0 = Sha256::new()
        .chain_update([0; BLOCK])
        .chain_update(message)
        .chain_update((len as u16).to_be_bytes())
        .chain_update([0])
        .chain_update(dst)
        .chain_update(tail)
        .finalize();
    let mut out = Vec::with_capacity(blocks * HASH);
    let mut previous = [0; HASH];
    for index in 1..=blocks as u8 {
        let mixed: [u8; HASH] = std::array::from_fn(|i| b0[i] ^ previous[i]);
        previous = Sha256::new()
            .chain_update(mixed)
            .chain_update([index])
            .chain_update(dst)
            .chain_update(tail)
            .finalize()
            .into();
        out.extend_from_slice(&previous);
    }
    out.truncate(len);
    Ok(out)
}
