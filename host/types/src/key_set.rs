use std::fmt;
use std::str::FromStr;

/// SHA-256 of `"tutti.v1.KeySet" || curve || group || count || keys`: the curve as one byte (1
/// BLS12-381, 2 BN254), the group as one (1 or 2), the count as 8 bytes big endian, the keys
/// in their curve's canonical encoding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeySetId(pub [u8; 32]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key set id is 32 bytes, written as 64 hexadecimal digits")]
pub struct NotAKeySetId;

impl fmt::Display for KeySetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeySetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySetId({self})")
    }
}

impl FromStr for KeySetId {
    type Err = NotAKeySetId;

    fn from_str(text: &str) -> Result<Self, NotAKeySetId> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|c| c.to_digit(16).map(|d| d as u8))
            .collect();
        let digits = digits.filter(|d| d.len() == 64).ok_or(NotAKeySetId)?;
        Ok(Self(std::array::from_fn(|i| {
            digits[2 * i] << 4 | digits[2 * i + 1]
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_in_hexadecimal() {
        let id = KeySetId(std::array::from_fn(|i| i as u8 * 7));
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "00", &"g".repeat(64), &"+0".repeat(32), &"ü".repeat(32)] {
            assert_eq!(wrong.parse::<KeySetId>(), Err(NotAKeySetId), "{wrong}");
        }
    }
}
