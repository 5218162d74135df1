use sha2::Sha256;
use sha3::Keccak256;
use sha3::digest::Digest;

/// Thirty-two bytes that came from elsewhere: a root, a block hash, an identifier.
pub type Bytes32 = [u8; 32];
/// An account or contract.
pub type Address = [u8; 20];

/// Keccak-256 of the parts, one after the other.
pub fn keccak256(parts: &[&[u8]]) -> Bytes32 {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// SHA-256 of the parts, one after the other.
pub fn sha256(parts: &[&[u8]]) -> Bytes32 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}
