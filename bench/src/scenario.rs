use std::fmt;
use std::str::FromStr;

use tutti_types::CurveId;

/// A workload by name. The names are a contract; N, K and B are any numbers. `bn254-` in front
/// asks for the same on BN254 as restaked operators sign; without it everything is Ethereum's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scenario {
    pub curve: CurveId,
    pub shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
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
    /// One attestation subnet's votes in a slot: 439 signatures over one message.
    Subnet,
    /// One aggregate signature of 512 keys over one message.
    SyncCommittee,
    /// Everything that all subnets carry in one slot of Ethereum's mainnet, as one batch.
    MainnetSlot,
    /// N messages of 32 bytes to points, with the scheme's own hash.
    HashToCurve(usize),
    /// N products of two pairings each, over points as bytes.
    PairingCheck(usize),
    /// N certificates of EigenLayer's, each by 80 of 128 operators in two quorums, from the bytes
    /// of the contract's call to the verdict. On BN254, which has no need to be said.
    AvsQuorum(usize),
    /// A certificate of each of 1,000 rollups, which 16 operator sets like those of `avs-quorum`
    /// attest between them. As a load its rate is the fleet's certificates a second.
    AvsFleet,
    /// What a light client that slept for a year has to follow: the updates of 321 periods, each
    /// signed by the 512 keys of the committee that the one before it names, from the parsed
    /// update to the verdict; keys are decompressed and checked on the way.
    LightClientYear,
    /// Nodes and relayers at once, at their priorities; see `bench/src/workload/mixed.rs`.
    Mixed,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    #[error(
        "there is no scenario {0:?}; there are single, distinct-N, same-message-N, grouped-N-K, \
         poisoned-N, poisoned-N-B, hash-to-curve-N and pairing-check-N, each also with bn254- \
         in front, and subnet, sync-committee, mainnet-slot, light-client-year, avs-quorum, \
         avs-quorum-N, avs-fleet and mixed"
    )]
    Unknown(String),
    #[error("{0:?}: every number is at least 1, K and B at most N, and N at most 1048576")]
    Numbers(String),
}

const ITEMS_MAX: usize = 1 << 20;
const SUBNET_VOTES: usize = 439;

type Form = (&'static str, fn(&[usize]) -> Option<Shape>);

const FORMS: [Form; 7] = [
    ("avs-quorum-", |n| match n {
        [n] => Some(Shape::AvsQuorum(*n)),
        _ => None,
    }),
    ("distinct-", |n| match n {
        [n] => Some(Shape::Distinct(*n)),
        _ => None,
    }),
    ("same-message-", |n| match n {
        [n] => Some(Shape::SameMessage(*n)),
        _ => None,
    }),
    ("grouped-", |n| match n {
        [n, k] => Some(Shape::Grouped(*n, *k)),
        _ => None,
    }),
    ("poisoned-", |n| match n {
        [n] => Some(Shape::Poisoned(*n, 1)),
        [n, bad] => Some(Shape::Poisoned(*n, *bad)),
        _ => None,
    }),
    ("hash-to-curve-", |n| match n {
        [n] => Some(Shape::HashToCurve(*n)),
        _ => None,
    }),
    ("pairing-check-", |n| match n {
        [n] => Some(Shape::PairingCheck(*n)),
        _ => None,
    }),
];

impl Shape {
    pub const fn items(self) -> usize {
        match self {
            Self::Single | Self::SyncCommittee => 1,
            Self::Subnet => SUBNET_VOTES,
            Self::MainnetSlot => crate::workload::slot::SETS,
            Self::AvsFleet => crate::workload::ROLLUPS,
            Self::LightClientYear => crate::workload::PERIODS,
            Self::Mixed => crate::workload::mixed::items(),
            Self::Distinct(n)
            | Self::SameMessage(n)
            | Self::Grouped(n, _)
            | Self::Poisoned(n, _)
            | Self::HashToCurve(n)
            | Self::AvsQuorum(n)
            | Self::PairingCheck(n) => n,
        }
    }

    /// Distinct messages among the items.
    pub const fn messages(self) -> usize {
        match self {
            Self::Single | Self::SameMessage(_) | Self::Subnet | Self::SyncCommittee => 1,
            Self::Grouped(_, k) => k,
            Self::MainnetSlot => crate::workload::slot::MESSAGES,
            Self::AvsFleet | Self::LightClientYear | Self::Mixed => self.items(),
            Self::Distinct(n)
            | Self::Poisoned(n, _)
            | Self::HashToCurve(n)
            | Self::AvsQuorum(n)
            | Self::PairingCheck(n) => n,
        }
    }

    pub const fn bad_items(self) -> usize {
        match self {
            Self::Poisoned(_, bad) => bad,
            _ => 0,
        }
    }

    fn parse(name: &str) -> Option<Self> {
        match name {
            "single" => return Some(Self::Single),
            "avs-quorum" => return Some(Self::AvsQuorum(1)),
            "subnet" => return Some(Self::Subnet),
            "sync-committee" => return Some(Self::SyncCommittee),
            "mainnet-slot" => return Some(Self::MainnetSlot),
            "avs-fleet" => return Some(Self::AvsFleet),
            "light-client-year" => return Some(Self::LightClientYear),
            "mixed" => return Some(Self::Mixed),
            _ => {}
        }
        let (numbers, make) = FORMS
            .iter()
            .find_map(|(prefix, make)| Some((name.strip_prefix(prefix)?, make)))?;
        let numbers: Vec<usize> = numbers
            .split('-')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .ok()?;
        make(&numbers)
    }

    fn numbers_fit(self) -> bool {
        (1..=ITEMS_MAX).contains(&self.items())
            && (1..=self.items()).contains(&self.messages())
            && self.bad_items() <= self.items()
            && !matches!(self, Self::Poisoned(_, 0))
    }

    /// The curve of shapes that are one system's own and mean nothing elsewhere.
    const fn own_curve(self) -> Option<CurveId> {
        match self {
            Self::Subnet
            | Self::SyncCommittee
            | Self::MainnetSlot
            | Self::LightClientYear
            | Self::Mixed => Some(CurveId::Bls12381),
            Self::AvsQuorum(_) | Self::AvsFleet => Some(CurveId::Bn254),
            _ => None,
        }
    }
}

impl Scenario {
    pub const fn items(self) -> usize {
        self.shape.items()
    }

    pub const fn messages(self) -> usize {
        self.shape.messages()
    }

    pub const fn bad_items(self) -> usize {
        self.shape.bad_items()
    }

    /// The same batch without its bad items, where there are any.
    #[must_use]
    pub const fn without_bad_items(self) -> Option<Self> {
        match self.shape {
            Shape::Poisoned(n, _) => Some(Self {
                curve: self.curve,
                shape: Shape::Distinct(n),
            }),
            _ => None,
        }
    }
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(name: &str) -> Result<Self, ScenarioError> {
        let stated = name.strip_prefix("bn254-");
        let shape = Shape::parse(stated.unwrap_or(name))
            .filter(|shape| stated.is_none() || shape.own_curve().is_none())
            .ok_or_else(|| ScenarioError::Unknown(name.to_owned()))?;
        let usual = match stated {
            Some(_) => CurveId::Bn254,
            None => CurveId::Bls12381,
        };
        let curve = shape.own_curve().unwrap_or(usual);
        if shape.numbers_fit() {
            Ok(Self { curve, shape })
        } else {
            Err(ScenarioError::Numbers(name.to_owned()))
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.curve == CurveId::Bn254 && self.shape.own_curve().is_none() {
            f.write_str("bn254-")?;
        }
        match self.shape {
            Shape::Single => f.write_str("single"),
            Shape::Distinct(n) => write!(f, "distinct-{n}"),
            Shape::SameMessage(n) => write!(f, "same-message-{n}"),
            Shape::Grouped(n, k) => write!(f, "grouped-{n}-{k}"),
            Shape::Poisoned(n, 1) => write!(f, "poisoned-{n}"),
            Shape::Poisoned(n, bad) => write!(f, "poisoned-{n}-{bad}"),
            Shape::Subnet => f.write_str("subnet"),
            Shape::SyncCommittee => f.write_str("sync-committee"),
            Shape::MainnetSlot => f.write_str("mainnet-slot"),
            Shape::HashToCurve(n) => write!(f, "hash-to-curve-{n}"),
            Shape::PairingCheck(n) => write!(f, "pairing-check-{n}"),
            Shape::AvsFleet => f.write_str("avs-fleet"),
            Shape::LightClientYear => f.write_str("light-client-year"),
            Shape::Mixed => f.write_str("mixed"),
            Shape::AvsQuorum(1) => f.write_str("avs-quorum"),
            Shape::AvsQuorum(n) => write!(f, "avs-quorum-{n}"),
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
            "pairing-check-2",
            "subnet",
            "sync-committee",
            "mainnet-slot",
            "avs-quorum",
            "avs-quorum-64",
            "avs-fleet",
            "light-client-year",
            "mixed",
            "bn254-single",
            "bn254-grouped-9-3",
            "bn254-pairing-check-2",
        ] {
            let scenario: Scenario = name.parse().expect(name);
            assert_eq!(scenario.to_string(), name);
        }
    }

    #[test]
    fn other_names_are_refused() {
        for name in [
            "",
            "distinct",
            "distinct-",
            "distinct-x",
            "single-1",
            "grouped-4",
            "distinct-1-2",
            "bn254-subnet",
            "bn254-avs-quorum-2",
            "bn254-mixed",
            "avs-fleet-2",
            "bn254-bn254-single",
        ] {
            assert_eq!(
                name.parse::<Scenario>(),
                Err(ScenarioError::Unknown(name.into()))
            );
        }
        for name in [
            "distinct-0",
            "grouped-4-5",
            "grouped-4-0",
            "poisoned-4-5",
            "poisoned-4-0",
            "distinct-1048577",
        ] {
            assert_eq!(
                name.parse::<Scenario>(),
                Err(ScenarioError::Numbers(name.into()))
            );
        }
    }
}
