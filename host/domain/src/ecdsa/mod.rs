//! Quorums that sign with ECDSA, each with a signature of its own: Hyperlane's validators,
//! Wormhole's guardians, BEEFY's authorities. There is nothing to add up and no batch to wait
//! for: signatures are recovered while a certificate is judged.

mod beefy;
mod hyperlane;
mod recover;
mod wormhole;

pub use beefy::{BeefyCertificate, BeefyError};
pub use hyperlane::{HyperlaneCertificate, HyperlaneError, HyperlaneMessage, Inclusion};
pub use recover::{EcdsaFault, Signature};
pub use wormhole::{GuardianSignature, SetExpiry, WormholeCertificate, WormholeError};

use alloy_primitives::B256;
use recover::{Malleability, Recovery};

use crate::check::{Fact, Reason, Sheet, Step, input};
use crate::claim::Obligation;
use crate::judgement::{Case, Findings, Judgement};
use crate::reference::Reference;
use crate::set::OperatorSet;
use crate::tally::Attendance;
use crate::{Address, Key};

/// Whose signature this is by itself, in any of the forms that systems here use: `ecrecover`'s
/// 27 and 28, or 0 to 3.
pub(crate) fn signer_of(signature: &Signature, digest: B256) -> Option<Address> {
    let recovery = match signature.v {
        27.. => Recovery::Evm,
        _ => Recovery::Full,
    };
    let signer = signature.signer(digest, 0, recovery, Malleability::Accepted);
    signer.ok()
}

fn address_of(set: &OperatorSet, seat: u32) -> Option<Address> {
    match set.members().get(seat as usize)?.key {
        Key::Ecdsa(address) => Some(address),
        _ => None,
    }
}

/// Weighs those who signed, if it could be said who they are.
fn close(
    case: &Case<'_>,
    mut sheet: Sheet,
    reference: Reference,
    signers: Result<Vec<u32>, Reason>,
) -> Judgement {
    let seats = signers.as_ref().map_or(Vec::new(), Clone::clone);
    let inputs = vec![input("signers", Fact::Numbers(seats))];
    let Some(mut signers) = sheet.note(Step::Signers, inputs, signers) else {
        sheet.not_reached(Step::SignedWeight);
        sheet.not_reached(Step::Threshold);
        return case.close(sheet, Findings::unfinished(reference));
    };
    signers.sort_unstable();
    let mut present = signers.into_iter().peekable();
    let absent: Vec<u32> = (0..case.set.members().len() as u32)
        .filter(|seat| present.next_if_eq(seat).is_none())
        .collect();
    let tallies = Attendance::without(case.set, &absent).count(case.set, case.policy, &mut sheet);
    let findings = Findings {
        reference,
        tallies,
        obligation: Some(Obligation::Nothing),
    };
    case.close(sheet, findings)
}
