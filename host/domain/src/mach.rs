//! MACH's alerts: operators who found a block to be wrong say so. What they do not say is no
//! consent: a certificate proves an alert, its absence proves nothing.

use alloy_primitives::{B256, U256};
use alloy_sol_types::SolCall;
use tutti_statements::{Body, Opaque32, SigningContext, Statement};

use crate::check::{Fact, Reason, Sheet, Step, input};
use crate::eigen::abi::{
    DecodeError, MachChainBound, MachLegacy, NonSignerStakesAndSignature, bounded, decode_call,
};
use crate::eigen::{Counted, NonSignerCertificate, Words};
use crate::judgement::{Case, Judgement};
use crate::key::KeyKind;
use crate::policy::{Ratio, Rounding, Threshold};
use crate::tally::Tally;

/// The arguments of `MachServiceManager.confirmAlert`, parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertCertificate {
    pub alert: B256,
    pub header: AlertHeader,
    /// Whole percents, one for each quorum.
    pub percents: Vec<u8>,
    /// Quorums, reference block and message hash are the header's.
    pub attestation: NonSignerCertificate,
}

/// The two headers that were signed over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertHeader {
    /// Names no chain: an alert for one rollup was one for all.
    Legacy,
    ChainBound {
        rollup: U256,
    },
}

/// What the contract is set up with: 66 where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertRules {
    pub least_percent: u8,
}

impl AlertCertificate {
    /// From the call's data, of either contract.
    pub fn decode_call(data: &[u8]) -> Result<Self, DecodeError> {
        bounded(data)?;
        Words(data.get(4..).unwrap_or_default()).stake_indices(1)?;
        let selector = data.first_chunk::<4>();
        if selector == Some(&MachLegacy::confirmAlertCall::SELECTOR) {
            let call: MachLegacy::confirmAlertCall = decode_call(data)?;
            let header = call.alertHeader;
            return Self::new(
                header.messageHash,
                AlertHeader::Legacy,
                header.quorumThresholdPercentages.to_vec(),
                (header.quorumNumbers.to_vec(), header.referenceBlockNumber),
                call.nonSignerStakesAndSignature,
            );
        }
        let call: MachChainBound::confirmAlertCall = decode_call(data)?;
        let header = call.alertHeader;
        Self::new(
            header.messageHash,
            AlertHeader::ChainBound {
                rollup: header.rollupChainID,
            },
            header.quorumThresholdPercentages.to_vec(),
            (header.quorumNumbers.to_vec(), header.referenceBlockNumber),
            call.nonSignerStakesAndSignature,
        )
    }

    fn new(
        alert: B256,
        header: AlertHeader,
        percents: Vec<u8>,
        (quorums, reference_block): (Vec<u8>, u32),
        params: NonSignerStakesAndSignature,
    ) -> Result<Self, DecodeError> {
        let digest = header.digest(alert, reference_block);
        let attestation =
            NonSignerCertificate::from_params(digest, quorums, reference_block, params)?;
        Ok(Self {
            alert,
            header,
            percents,
            attestation,
        })
    }

    pub fn encode_call(&self) -> Vec<u8> {
        let quorums = self.attestation.quorum_numbers.clone();
        match self.header {
            AlertHeader::Legacy => MachLegacy::confirmAlertCall {
                alertHeader: MachLegacy::AlertHeader {
                    messageHash: self.alert,
                    quorumNumbers: quorums.into(),
                    quorumThresholdPercentages: self.percents.clone().into(),
                    referenceBlockNumber: self.attestation.reference_block,
                },
                nonSignerStakesAndSignature: self.attestation.params(),
            }
            .abi_encode(),
            AlertHeader::ChainBound { rollup } => MachChainBound::confirmAlertCall {
                alertHeader: MachChainBound::AlertHeader {
                    messageHash: self.alert,
                    quorumNumbers: quorums.into(),
                    quorumThresholdPercentages: self.percents.clone().into(),
                    referenceBlockNumber: self.attestation.reference_block,
                    rollupChainID: rollup,
                },
                nonSignerStakesAndSignature: self.attestation.params(),
            }
            .abi_encode(),
        }
    }

    /// Signatures first, then the percents that the alert's confirmer chose, beside the policy.
    pub fn judge(&self, rules: &AlertRules, case: &Case<'_>) -> Judgement {
        let reference = self.attestation.reference();
        let digest = self
            .header
            .digest(self.alert, self.attestation.reference_block);
        let mut sheet = case.open(KeyKind::Bn254, reference, digest);
        let quorums = self.attestation.quorum_numbers.len();
        let paired = if self.percents.len() == quorums {
            Ok(())
        } else {
            Err(Reason::LengthMismatch {
                name: "quorumThresholdPercentages",
                expected: quorums,
                found: self.percents.len(),
            })
        };
        sheet.note(Step::Lengths, Vec::new(), paired);
        let findings = self.attestation.examine(case, Counted::Signed, &mut sheet);
        for (&percent, tally) in self.percents.iter().zip(&findings.tallies) {
            rules.confirm(percent, tally, &mut sheet);
        }
        case.close(sheet, findings)
    }
}

impl AlertHeader {
    fn digest(self, alert: B256, reference_block_number: u32) -> B256 {
        let (chain, context) = match self {
            Self::Legacy => (
                U256::ZERO,
                SigningContext::MachLegacy {
                    reference_block_number,
                },
            ),
            Self::ChainBound { rollup } => (
                rollup,
                SigningContext::MachChainBound {
                    reference_block_number,
                },
            ),
        };
        let alert = Statement::new(chain, Body::Opaque32(Opaque32(alert.0)));
        let digest = context.digest(&alert.expect("opaque digests name no chain"));
        B256::from(*digest.expect("opaque digests fit every context").as_bytes())
    }
}

impl Default for AlertRules {
    fn default() -> Self {
        Self { least_percent: 66 }
    }
}

impl AlertRules {
    fn confirm(self, percent: u8, tally: &Tally, sheet: &mut Sheet) {
        let ratio = Ratio::new(u64::from(percent), 100);
        let allowed = match ratio {
            Ok(ratio) if percent >= self.least_percent => Ok(ratio),
            Ok(_) => Err(Reason::Parameters(
                "the percentage is below the contract's least",
            )),
            Err(_) => Err(Reason::Parameters("no percentage")),
        };
        let quorum = input("quorum", Fact::Number(u64::from(tally.column)));
        let given = input("percent", Fact::Number(u64::from(percent)));
        let Some(ratio) = sheet.note(Step::Parameters, vec![quorum.clone(), given], allowed) else {
            return;
        };
        let rounding = Rounding::ExactGe;
        let least = Threshold::Share { ratio, rounding };
        sheet.note(Step::Threshold, vec![quorum], tally.reaches(least));
    }
}
