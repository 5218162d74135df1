use std::fmt;
use std::str::FromStr;

/// A workload by name. The names are a contract; N, K and B are any numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// One signature at a time: latency.
    Single,
    /// N signatures of N keys over N messages.
    Distinct(usize),
    /// N signatures of N keys over one message.
    SameMessage(usize),
    /// N signatures of N keys over K messages.
    Grouped(usize, usize),
    /// `Distinct(N)` of which B are signatures of another message.
    Poisoned(usize, usize),
    /// N messages of 32 bytes to G2 with the Ethereum tag.
    HashToCurve(usize),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    #[error(
        "there is no scenario {0:?}; there are single, distinct-N, same-message-N, grouped-N-K, \
         poisoned-N, poisoned-N-B and hash-to-curve-N"
    )]
    Unknown(String),
    #[error("{0:?}: every number is at least 1, K and B at most N, and N at most 1048576")]
    Numbers(String),
}

const ITEMS_MAX: usize = 1 << 20;

impl Scenario {
    pub const fn items(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Distinct(n)
            | Self::SameMessage(n)
            | Self::Grouped(n, _)
            | Self::Poisoned(n, _)
            | Self::HashToCurve(n) => n,
        }
    }

    /// Distinct messages among the items.
    pub const fn messages(self) -> usize {
        match self {
            Self::Single | Self::SameMessage(_) => 1,
            Self::Grouped(_, k) => k,
            Self::Distinct(n) | Self::Poisoned(n, _) | Self::HashToCurve(n) => n,
        }
    }

    pub const fn bad_items(self) -> usize {
        match self {
            Self::Poisoned(_, bad) => bad,
            _ => 0,
        }
    }
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(name: &str) -> Result<Self, ScenarioError> {
        let unknown = || ScenarioError::Unknown(name.to_owned());
        if name == "single" {
            return Ok(Self::Single);
        }
        let forms: [(&str, fn(&[usize]) -> Option<Self>); 5] = [
            ("distinct-", |n| match n {
                [n] => Some(Self::Distinct(*n)),
                _ => None,
            }),
            ("same-message-", |n| match n {
                [n] => Some(Self::SameMessage(*n)),
                _ => None,
            }),
            ("grouped-", |n| match n {
                [n, k] => Some(Self::Grouped(*n, *k)),
                _ => None,
            }),
            ("poisoned-", |n| match n {
                [n] => Some(Self::Poisoned(*n, 1)),
                [n, bad] => Some(Self::Poisoned(*n, *bad)),
                _ => None,
            }),
            ("hash-to-curve-", |n| match n {
                [n] => Some(Self::HashToCurve(*n)),
                _ => None,
            }),
        ];
        let (numbers, make) = forms
            .iter()
            .find_map(|(prefix, make)| Some((name.strip_prefix(prefix)?, make)))
            .ok_or_else(unknown)?;
        let numbers: Vec<usize> = numbers
            .split('-')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| unknown())?;
        let scenario = make(&numbers).ok_or_else(unknown)?;
        let in_range = numbers.iter().all(|&n| (1..=ITEMS_MAX).contains(&n))
            && scenario.messages() <= scenario.items()
            && scenario.bad_items() <= scenario.items();
        if in_range {
            Ok(scenario)
        } else {
            Err(ScenarioError::Numbers(name.to_owned()))
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single => f.write_str("single"),
            Self::Distinct(n) => write!(f, "distinct-{n}"),
            Self::SameMessage(n) => write!(f, "same-message-{n}"),
            Self::Grouped(n, k) => write!(f, "grouped-{n}-{k}"),
            Self::Poisoned(n, 1) => write!(f, "poisoned-{n}"),
            Self::Poisoned(n, bad) => write!(f, "poisoned-{n}-{bad}"),
            Self::HashToCurve(n) => write!(f, "hash-to-curve-{n}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for name in [
            "single",
            "distinct-4096",
            "same-message-1",
            "grouped-4096-64",
            "poisoned-1024",
            "poisoned-1024-7",
            "hash-to-curve-64",
        ] {
            let scenario: Scenario = name.parse().expect(name);
            assert_eq!(scenario.to_string(), name);
        }
        for name in [
            "",
            "distinct",
            "distinct-",
            "distinct-x",
            "single-1",
            "grouped-4",
            "distinct-1-2",
        ] {
            assert_eq!(
                name.parse::<Scenario>(),
                Err(ScenarioError::Unknown(name.into()))
            );
        }
        for name in [
            "distinct-0",
            "grouped-4-5",
            "poisoned-4-5",
            "distinct-1048577",
        ] {
            assert_eq!(
                name.parse::<Scenario>(),
                Err(ScenarioError::Numbers(name.into()))
            );
        }
    }
}
