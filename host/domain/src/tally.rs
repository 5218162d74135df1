use alloy_primitives::{B256, U256};

use crate::check::{Cause, Fact, Objection, Reason, Sheet, Step, input};
use crate::policy::{Columns, Demand, Policy, Threshold, Unit};
use crate::set::{Layout, Member, OperatorSet, Roster};

/// What a certificate weighs in one column of its set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    pub column: u8,
    pub total: U256,
    /// The part of the total that can never sign.
    pub keyless: U256,
    pub signed: U256,
    /// Where they are known.
    pub operators: Option<u32>,
    pub signers: Option<u32>,
    /// Those of the column who did not sign.
    pub absent: Vec<Absentee>,
    /// One for each demand of the policy on this column.
    pub needs: Vec<Need>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    pub unit: Unit,
    pub least: U256,
    pub have: U256,
    /// What there would be if all who can sign did.
    pub most: U256,
}

/// Somebody who did not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absentee {
    /// The place in the set or in its operator tree.
    pub index: u32,
    pub id: B256,
    pub weight: U256,
}

/// Somebody who did not sign, in all columns. Borrowed from the set or from a witness.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Absence<'a> {
    pub(crate) index: u32,
    pub(crate) id: B256,
    pub(crate) bitmap: U256,
    /// One for each of the set's columns; a witness may have fewer.
    pub(crate) weights: &'a [U256],
}

impl Need {
    pub fn met(&self) -> bool {
        self.have >= self.least
    }

    /// What is missing.
    pub fn missing(&self) -> U256 {
        self.least.saturating_sub(self.have)
    }

    /// Whether it can still be met if all who have not signed and have keys do.
    pub fn reachable(&self) -> bool {
        self.most >= self.least
    }
}

impl<'a> Absence<'a> {
    pub(crate) fn of(index: u32, member: &'a Member) -> Self {
        Self {
            index,
            id: member.id,
            bitmap: member.bitmap,
            weights: &member.weights,
        }
    }
}

impl Tally {
    /// Whether the weight that signed is enough for a threshold beside the policy's.
    pub(crate) fn reaches(&self, threshold: Threshold) -> Result<(), Reason> {
        let needed = threshold.least(self.total);
        if self.signed >= needed {
            return Ok(());
        }
        Err(Reason::ThresholdNotMet {
            column: self.column,
            signed: self.signed,
            needed,
        })
    }

    /// Whether every demand can still be met if these members never sign.
    pub fn reachable_without(&self, refusing: &[u32]) -> bool {
        let refused = |absentee: &&Absentee| refusing.contains(&absentee.index);
        let weight = self
            .absent
            .iter()
            .filter(refused)
            .fold(U256::ZERO, |sum, absentee| {
                sum.saturating_add(absentee.weight)
            });
        let count = U256::from(self.absent.iter().filter(refused).count());
        self.needs.iter().all(|need| {
            let lost = match need.unit {
                Unit::Weight => weight,
                Unit::Count => count,
            };
            need.most.saturating_sub(lost) >= need.least
        })
    }
}

/// Who is counted: the columns a policy is asked about, and who of them did not sign.
pub(crate) struct Attendance<'a> {
    pub(crate) counted: Vec<usize>,
    pub(crate) absent: Vec<Absence<'a>>,
}

impl<'a> Attendance<'a> {
    /// All columns of a set, without these members.
    pub(crate) fn without(set: &'a OperatorSet, absent: &[u32]) -> Self {
        let absence = |&index: &u32| Absence::of(index, &set.members()[index as usize]);
        Self {
            counted: (0..set.columns().len()).collect(),
            absent: absent.iter().map(absence).collect(),
        }
    }
}

impl Attendance<'_> {
    /// Weighs every column and holds it against the policy.
    pub(crate) fn count(
        &self,
        set: &OperatorSet,
        policy: &Policy,
        sheet: &mut Sheet,
    ) -> Vec<Tally> {
        self.demanded_columns(set, policy, sheet);
        self.signer_count(set, policy, sheet);
        let tally = |&position: &usize| self.tally(set, policy, position, sheet);
        self.counted.iter().filter_map(tally).collect()
    }

    fn demanded_columns(&self, set: &OperatorSet, policy: &Policy, sheet: &mut Sheet) {
        for demand in policy.demands() {
            if let Columns::Number(number) = demand.columns {
                let spoken_for = set
                    .column(number)
                    .is_some_and(|position| self.counted.contains(&position));
                if !spoken_for {
                    let missing: Result<(), _> = Err(Reason::QuorumMissing(number));
                    sheet.note(Step::Quorums, Vec::new(), missing);
                }
            }
        }
    }

    fn absent_from(&self, set: &OperatorSet, position: usize) -> Vec<Absentee> {
        let bit = usize::from(set.columns()[position].number);
        self.absent
            .iter()
            .filter(|absence| absence.bitmap.bit(bit))
            .map(|absence| Absentee {
                index: absence.index,
                id: absence.id,
                weight: absence.weights.get(position).copied().unwrap_or_default(),
            })
            .collect()
    }

    fn tally(
        &self,
        set: &OperatorSet,
        policy: &Policy,
        position: usize,
        sheet: &mut Sheet,
    ) -> Option<Tally> {
        let column = set.columns()[position];
        let absent = self.absent_from(set, position);
        let demands: Vec<_> = policy
            .demands()
            .iter()
            .filter(|demand| match demand.columns {
                Columns::Each => true,
                Columns::Number(number) => number == column.number,
            })
            .collect();
        let signed = absent
            .iter()
            .try_fold(column.total - column.keyless, |left, a| {
                left.checked_sub(a.weight)
            })
            .ok_or(Reason::WeightUnderflow(column.number))
            .and_then(|signed| {
                if signed.is_zero() && !demands.is_empty() {
                    Err(Reason::NoSignedWeight(column.number))
                } else {
                    Ok(signed)
                }
            });
        let inputs = vec![
            input("column", Fact::Number(u64::from(column.number))),
            input("total", Fact::Weight(column.total)),
        ];
        let positive = sheet.note(Step::SignedWeight, inputs, signed.clone());
        let signed = match (positive, signed) {
            (Some(signed), _) => signed,
            (_, Err(Reason::NoSignedWeight(_))) => U256::ZERO,
            _ => return None,
        };
        let operators = set.operators_of(position);
        let mut tally = Tally {
            column: column.number,
            total: column.total,
            keyless: column.keyless,
            signed,
            operators,
            signers: operators.and_then(|all| all.checked_sub(absent.len() as u32)),
            absent,
            needs: Vec::new(),
        };
        for demand in demands {
            let need = tally.need(demand);
            let inputs = tally.threshold_inputs(need.as_ref().ok());
            let met = need.clone().and_then(|need| tally.meets(&need));
            sheet.note(Step::Threshold, inputs, met);
            tally.needs.extend(need.ok());
        }
        Some(tally)
    }

    /// How many different members signed at all.
    fn signer_count(&self, set: &OperatorSet, policy: &Policy, sheet: &mut Sheet) {
        let least = policy.least_signers().get();
        let (known, exact) = self.distinct_signers(set);
        let found = if known >= least {
            Ok(())
        } else if exact && known == 0 {
            Err(Reason::NoSigners.into())
        } else if exact {
            Err(Reason::TooFewSigners {
                signers: known,
                least,
            }
            .into())
        } else {
            Err(Objection::from(Cause::SignersUnknown))
        };
        let inputs = vec![
            input("signers", Fact::Number(u64::from(known))),
            input("least", Fact::Number(u64::from(least))),
        ];
        sheet.note(Step::SignerCount, inputs, found);
    }

    /// The number, or a lower bound where the roster hides who is in two quorums. An aggregate
    /// key that is not infinity, which is checked elsewhere, has at least one signer.
    fn distinct_signers(&self, set: &OperatorSet) -> (u32, bool) {
        if set.roster() == Roster::Complete && set.layout() == Layout::Quorums {
            let mask = set.mask(&self.counted);
            let registered = |bitmap: U256| !(bitmap & mask).is_zero();
            let all = set
                .members()
                .iter()
                .filter(|m| registered(m.bitmap))
                .count();
            let absent = self.absent.iter().filter(|a| registered(a.bitmap)).count();
            return (all.saturating_sub(absent) as u32, true);
        }
        let counts: Option<Vec<u32>> = self
            .counted
            .iter()
            .map(|&position| {
                let absent = self.absent_from(set, position).len() as u32;
                set.operators_of(position)
                    .map(|all| all.saturating_sub(absent))
            })
            .collect();
        match counts {
            Some(counts) => {
                let most = counts.iter().copied().max().unwrap_or(0);
                (
                    most,
                    counts.len() == 1 || set.layout() == Layout::StakeTypes || most == 0,
                )
            }
            None => (1, false),
        }
    }
}

impl Tally {
    fn need(&self, demand: &Demand) -> Result<Need, Objection> {
        let (whole, have, most) = match demand.unit {
            Unit::Weight => (self.total, self.signed, self.total - self.keyless),
            Unit::Count => match (self.operators, self.signers) {
                (Some(all), Some(have)) => (U256::from(all), U256::from(have), U256::from(all)),
                _ => return Err(Cause::SignersUnknown.into()),
            },
        };
        Ok(Need {
            unit: demand.unit,
            least: demand.threshold.least(whole),
            have,
            most,
        })
    }

    fn meets(&self, need: &Need) -> Result<(), Objection> {
        if need.met() {
            return Ok(());
        }
        Err(Reason::ThresholdNotMet {
            column: self.column,
            signed: need.have,
            needed: need.least,
        }
        .into())
    }

    fn threshold_inputs(&self, need: Option<&Need>) -> Vec<crate::check::Input> {
        let mut inputs = vec![input("column", Fact::Number(u64::from(self.column)))];
        if let Some(need) = need {
            inputs.extend([
                input("have", Fact::Weight(need.have)),
                input("least", Fact::Weight(need.least)),
                input("most", Fact::Weight(need.most)),
                input("missing", Fact::Weight(need.missing())),
            ]);
        }
        let absent = self.absent.iter().map(|a| a.index).collect();
        inputs.push(input("absent", Fact::Numbers(absent)));
        inputs
    }
}
