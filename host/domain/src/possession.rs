use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue;
use tutti_curves::{Group, Wire, bn254};
use tutti_types::Encoding;

use crate::check::{Reason, Sheet, Step};
use crate::claim::{Obligation, Signers};
use crate::key::{Key, Possession};
use crate::set::{Member, OperatorSet, Roster};

/// Keys are added up, so all whose keys are in the sum must have shown that they hold them: all
/// who are registered in a column and did not stay away. One key alone needs to show nothing.
pub(crate) fn examine(set: &OperatorSet, positions: &[usize], absent: &[u32], sheet: &mut Sheet) {
    let shown = match set.roster() {
        Roster::Witnessed {
            possession: Possession::None,
        } => Err(Reason::PossessionUnknown),
        Roster::Witnessed { .. } => Ok(()),
        Roster::Complete => of_present(set, positions, absent),
    };
    sheet.note(Step::Possession, Vec::new(), shown);
}

fn of_present(set: &OperatorSet, positions: &[usize], absent: &[u32]) -> Result<(), Reason> {
    let mask = set.mask(positions);
    let mut away = vec![false; set.members().len()];
    for &seat in absent {
        away[seat as usize] = true;
    }
    let present: Vec<(u32, &Member)> = (0u32..)
        .zip(set.members())
        .filter(|(seat, member)| !away[*seat as usize] && !(member.bitmap & mask).is_zero())
        .collect();
    let unproven = present
        .iter()
        .find(|(_, member)| member.possession == Possession::None);
    match unproven {
        Some(_) if present.len() == 1 => Ok(()),
        Some((seat, _)) => Err(Reason::PossessionUnproven(*seat)),
        None => Ok(()),
    }
}

impl OperatorSet {
    /// The bitmap of some columns.
    pub(crate) fn mask(&self, positions: &[usize]) -> U256 {
        positions.iter().fold(U256::ZERO, |mut mask, &position| {
            mask.set_bit(usize::from(self.columns()[position].number), true);
            mask
        })
    }
}

/// What an operator signed to register its key, which shows that it holds the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registration {
    /// With the registry coordinator of `EigenLayer`'s middleware.
    Coordinator {
        chain_id: u64,
        contract: Address,
        operator: Address,
    },
    /// With `EigenLayer`'s key registrar, whose message names the key itself.
    KeyRegistrar {
        chain_id: u64,
        contract: Address,
        major_version: String,
        operator: Address,
        avs: Address,
        operator_set: u32,
    },
}

/// A member's proof that it holds its key.
#[derive(Clone, Debug, PartialEq)]
pub struct PossessionProof {
    /// The member's place in the draft.
    pub member: u32,
    pub registration: Registration,
    pub signature: Wire<bn254::G1>,
}

const DOMAIN_TYPE: &[u8] =
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const COORDINATOR_TYPE: &[u8] = b"BN254PubkeyRegistration(address operator)";
const REGISTRAR_TYPE: &[u8] =
    b"BN254KeyRegistration(address operator,address avs,uint32 operatorSetId,bytes keyData)";

impl Registration {
    /// What is signed for these keys.
    pub fn digest(&self, g1: &bn254::G1Affine, g2: &bn254::G2Affine) -> B256 {
        match self {
            Self::Coordinator {
                chain_id,
                contract,
                operator,
            } => {
                let message = (keccak256(COORDINATOR_TYPE), *operator).abi_encode_params();
                let domain = domain("AVSRegistryCoordinator", "v0.0.1", *chain_id, *contract);
                typed(domain, keccak256(message))
            }
            Self::KeyRegistrar {
                chain_id,
                contract,
                major_version,
                operator,
                avs,
                operator_set,
            } => {
                let keys = [
                    bn254::G1::encode(Some(g1), Encoding::Eip197),
                    bn254::G2::encode(Some(g2), Encoding::Eip197),
                ];
                let message = (
                    keccak256(REGISTRAR_TYPE),
                    *operator,
                    *avs,
                    *operator_set,
                    keccak256(keys.concat()),
                );
                let domain = domain("EigenLayer", major_version, *chain_id, *contract);
                typed(domain, keccak256(message.abi_encode_params()))
            }
        }
    }
}

fn domain(name: &str, version: &str, chain_id: u64, contract: Address) -> B256 {
    let words = (
        keccak256(DOMAIN_TYPE),
        keccak256(name),
        keccak256(version),
        U256::from(chain_id),
        contract,
    );
    keccak256(words.abi_encode_params())
}

fn typed(domain: B256, message: B256) -> B256 {
    keccak256([b"\x19\x01", domain.as_slice(), message.as_slice()].concat())
}

impl PossessionProof {
    /// What has to hold for the proof; nothing where the member's key in G2 is not known.
    pub(crate) fn obligation(&self, key: &Key) -> Option<Obligation> {
        let Key::Bn254 { g1, g2: Some(g2) } = key else {
            return None;
        };
        Some(Obligation::Bn254 {
            signers: Signers::Sum(*g2),
            digest: self.registration.digest(g1.point(), g2.point()),
            signature: self.signature,
        })
    }
}
