use std::num::NonZeroU32;

use alloy_primitives::{B256, U256, U512};

use crate::encoding::Canonical;
use crate::set::OperatorSet;

/// A proper fraction or one: 0 < numerator <= denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: u64,
    denominator: u64,
}

impl Ratio {
    pub const fn new(numerator: u64, denominator: u64) -> Result<Self, PolicyError> {
        if numerator == 0 || numerator > denominator {
            return Err(PolicyError::RatioRange {
                numerator,
                denominator,
            });
        }
        Ok(Self {
            numerator,
            denominator,
        })
    }

    pub const fn numerator(self) -> u64 {
        self.numerator
    }

    pub const fn denominator(self) -> u64 {
        self.denominator
    }
}

/// What becomes of the fraction of a whole that a ratio does not divide. Systems differ, and
/// "66 %" without this is ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Rounding {
    /// signed >= floor(total * ratio): `EigenLayer`, NFFL.
    FloorGe = 1,
    /// signed >= total * ratio: MACH, Aligned, Avalanche, light clients.
    ExactGe = 2,
    /// signed > total * ratio: Omni, Wormhole, BEEFY.
    StrictGt = 3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Unit {
    Weight = 1,
    /// Operators, each counted as one.
    Count = 2,
}

/// How much is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Threshold {
    Share { ratio: Ratio, rounding: Rounding },
    Nominal(U256),
}

impl Threshold {
    /// The least that passes; never less than one, whatever the ratio says of a small total.
    pub fn least(&self, total: U256) -> U256 {
        let least = match *self {
            Self::Nominal(least) => least,
            Self::Share { ratio, rounding } => {
                let scaled = U512::from(total) * U512::from(ratio.numerator);
                let (floor, rest) = scaled.div_rem(U512::from(ratio.denominator));
                let up = match rounding {
                    Rounding::FloorGe => false,
                    Rounding::ExactGe => !rest.is_zero(),
                    Rounding::StrictGt => true,
                };
                U256::saturating_from(floor + U512::from(up))
            }
        };
        least.max(U256::ONE)
    }
}

/// Which columns of the set a demand is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Columns {
    /// Each that the certificate speaks for.
    Each,
    /// This one, which the certificate must speak for.
    Number(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Demand {
    pub columns: Columns,
    pub threshold: Threshold,
    pub unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Superseded {
    Refused = 1,
    /// As long as it is fresh.
    Accepted = 2,
}

/// For which chain the statement must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplayScope {
    Anywhere,
    /// The statement is about this chain.
    Chain(U256),
    /// The signed bytes themselves name this chain.
    ChainSigned(U256),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Grade {
    Any = 1,
    /// A statement whose digest is computed from what it says.
    Evidential = 2,
}

/// What a relying party accepts. Whatever it says, something must have been signed by someone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    demands: Vec<Demand>,
    least_signers: NonZeroU32,
    max_staleness: Option<u64>,
    superseded: Superseded,
    scope: ReplayScope,
    grade: Grade,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("a threshold is a ratio above 0 and at most 1, not {numerator}/{denominator}")]
    RatioRange { numerator: u64, denominator: u64 },
    #[error("nobody signs more than everything: a ratio of 1 needs another rounding")]
    NeverMet,
    #[error("a policy demands a threshold of at least one column")]
    NoDemands,
    #[error("at most {limit} demands, not {found}")]
    TooManyDemands { found: usize, limit: usize },
}

/// One for each column there can be.
const DEMANDS_MAX: usize = 256;

impl Policy {
    pub fn new(demands: Vec<Demand>) -> Result<Self, PolicyError> {
        if demands.is_empty() {
            return Err(PolicyError::NoDemands);
        }
        if demands.len() > DEMANDS_MAX {
            return Err(PolicyError::TooManyDemands {
                found: demands.len(),
                limit: DEMANDS_MAX,
            });
        }
        let never = |demand: &Demand| match demand.threshold {
            Threshold::Share { ratio, rounding } => {
                rounding == Rounding::StrictGt && ratio.numerator == ratio.denominator
            }
            Threshold::Nominal(_) => false,
        };
        if demands.iter().any(never) {
            return Err(PolicyError::NeverMet);
        }
        Ok(Self {
            demands,
            least_signers: NonZeroU32::MIN,
            max_staleness: None,
            superseded: Superseded::Refused,
            scope: ReplayScope::Anywhere,
            grade: Grade::Any,
        })
    }

    /// The same share of the weight in each column that a certificate speaks for.
    pub fn share(ratio: Ratio, rounding: Rounding) -> Result<Self, PolicyError> {
        Self::new(vec![Demand {
            columns: Columns::Each,
            threshold: Threshold::Share { ratio, rounding },
            unit: Unit::Weight,
        }])
    }

    #[must_use]
    pub const fn with_least_signers(mut self, least: NonZeroU32) -> Self {
        self.least_signers = least;
        self
    }

    /// Beside what the set itself allows, in units of its reference.
    #[must_use]
    pub const fn with_max_staleness(mut self, limit: u64) -> Self {
        self.max_staleness = Some(limit);
        self
    }

    #[must_use]
    pub const fn with_superseded(mut self, superseded: Superseded) -> Self {
        self.superseded = superseded;
        self
    }

    #[must_use]
    pub const fn with_scope(mut self, scope: ReplayScope) -> Self {
        self.scope = scope;
        self
    }

    #[must_use]
    pub const fn with_grade(mut self, grade: Grade) -> Self {
        self.grade = grade;
        self
    }

    pub fn demands(&self) -> &[Demand] {
        &self.demands
    }
    pub const fn least_signers(&self) -> NonZeroU32 {
        self.least_signers
    }
    pub const fn max_staleness(&self) -> Option<u64> {
        self.max_staleness
    }
    pub const fn superseded(&self) -> Superseded {
        self.superseded
    }
    pub const fn scope(&self) -> ReplayScope {
        self.scope
    }
    pub const fn grade(&self) -> Grade {
        self.grade
    }

    /// Keccak-256 of the canonical encoding, for receipts and cache keys.
    pub fn id(&self) -> B256 {
        let mut out = Canonical::new("tutti.v1.Policy");
        out.number(self.demands.len() as u64);
        for demand in &self.demands {
            match demand.columns {
                Columns::Each => out.byte(0),
                Columns::Number(number) => out.byte(1).byte(number),
            };
            match demand.threshold {
                Threshold::Nominal(least) => out.byte(0).weight(&least),
                Threshold::Share { ratio, rounding } => out
                    .byte(rounding as u8)
                    .number(ratio.numerator)
                    .number(ratio.denominator),
            };
            out.byte(demand.unit as u8);
        }
        out.number(u64::from(self.least_signers.get()));
        out.optional(self.max_staleness);
        out.byte(self.superseded as u8).byte(self.grade as u8);
        match self.scope {
            ReplayScope::Anywhere => out.byte(0),
            ReplayScope::Chain(chain) => out.byte(1).weight(&chain),
            ReplayScope::ChainSigned(chain) => out.byte(2).weight(&chain),
        };
        out.hash()
    }

    /// Where two certificates for conflicting statements could both pass with nobody signing
    /// both: a column of which two disjoint parts reach every demand made on it.
    pub fn lint(&self, set: &OperatorSet) -> Vec<Warning> {
        (0..set.columns().len())
            .filter_map(|position| self.lint_column(set, position))
            .collect()
    }

    fn lint_column(&self, set: &OperatorSet, position: usize) -> Option<Warning> {
        let column = set.columns()[position];
        let total_of = |unit: Unit| match unit {
            Unit::Weight => Some(column.total),
            Unit::Count => set.operators_of(position).map(U256::from),
        };
        let mut demanded = self.demands.iter().filter(|demand| match demand.columns {
            Columns::Each => true,
            Columns::Number(number) => number == column.number,
        });
        let first = demanded.clone().next()?;
        let exclusive = demanded.any(|demand| {
            total_of(demand.unit).is_some_and(|total| {
                let least = demand.threshold.least(total);
                least > total - least.min(total)
            })
        });
        (!exclusive).then(|| Warning::ConflictPossible {
            column: column.number,
            least: first
                .threshold
                .least(total_of(first.unit).unwrap_or(column.total)),
            total: total_of(first.unit).unwrap_or(column.total),
        })
    }
}

/// What is permitted but probably not meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    #[error(
        "column {column}: two certificates for conflicting statements can both have {least} of {total}; demand more than half"
    )]
    ConflictPossible {
        column: u8,
        least: U256,
        total: U256,
    },
}
