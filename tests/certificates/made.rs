//! Certificates of kinds that have no corpus of their own, made as their systems make them, and
//! the sets they are judged of.

use tutti_curves::{Group, Hashing, Member, PointHash, Wire, bls12_381};
use tutti_domain::{
    B256, Key, KeyKind, Layout, MemberDraft, OperatorSet, Possession, Reference, ReferenceKind,
    SetDraft, SetName, Subject, U256, Validity,
};
use tutti_statements::{Body, SigningContext, Statement};

use crate::rig::{self, Operator, Twins, g1, g2};

/// Avalanche's signed messages.
pub(crate) mod icm {
    use super::*;
    use tutti_domain::icm::IcmCertificate;
    use tutti_types::HashVariant;

    pub(crate) const SECRETS: [u128; 10] = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31];

    pub(crate) fn key(secret: u128) -> Key {
        let point = bls12_381::G1::mul(&bls12_381::G1::generator(), secret);
        let point = bls12_381::G1::to_affine(&point).expect("finite");
        Key::Bls12381(Member::check(point).expect("a multiple"))
    }

    /// Ten validators who weigh their number plus one, and 45 of weight without keys.
    pub(crate) fn draft() -> SetDraft {
        let member = |(index, &secret): (usize, &u128)| MemberDraft {
            key: key(secret),
            possession: Possession::AttestedBySource,
            weights: vec![(0, U256::from(index + 1))],
        };
        SetDraft {
            name: SetName::Subnet {
                network: 1,
                id: B256::repeat_byte(0xcc),
            },
            reference: Reference::new(ReferenceKind::Height, 77),
            validity: Validity::only(77),
            keys: KeyKind::Bls12381,
            layout: Layout::StakeTypes,
            columns: vec![(0, Some(U256::from(100)))],
            members: SECRETS.iter().enumerate().map(member).collect(),
            ..rig::draft(&[], Twins::Unknown)
        }
    }

    pub(crate) fn certificate(signers: &[u32]) -> IcmCertificate {
        let mut bits = vec![
            0u8;
            signers
                .iter()
                .max()
                .map_or(0, |most| *most as usize / 8 + 1)
        ];
        for signer in signers {
            let len = bits.len();
            bits[len - 1 - *signer as usize / 8] |= 1 << (signer % 8);
        }
        let mut certificate = IcmCertificate {
            network: 1,
            source_chain: B256::repeat_byte(0x55),
            payload: b"a message from there".to_vec(),
            signers: bits,
            signature: Wire::Infinity,
        };
        let dst = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
        let hashing = Hashing::Rfc9380 {
            variant: HashVariant::RandomOracle,
            dst,
        };
        let point = bls12_381::G2::hash(hashing, &certificate.unsigned_message(), &[]);
        let secret = signers.iter().map(|&i| SECRETS[i as usize % 10]).sum();
        let signature = bls12_381::G2::mul(&point.expect("finite"), secret);
        if let Some(signature) = bls12_381::G2::to_affine(&signature) {
            certificate.signature = Wire::Point(signature);
        }
        certificate
    }
}

/// Symbiotic's simple proofs.
pub(crate) mod symbiotic {
    use super::*;
    use tutti_domain::symbiotic::{SymbioticCertificate, validators_of};

    pub(crate) fn draft(twins: Twins) -> SetDraft {
        let operators: Vec<_> = (0..6u64)
            .map(|i| Operator::new(3_001 + i, &[(0, 10 + i)]))
            .collect();
        SetDraft {
            reference: Reference::new(ReferenceKind::Epoch, 12),
            validity: Validity::only(12),
            layout: Layout::StakeTypes,
            ..rig::draft(&operators, twins)
        }
    }

    pub(crate) fn certificate(set: &OperatorSet, absent: &[u16]) -> SymbioticCertificate {
        let secret = (0..6u16)
            .filter(|i| !absent.contains(i))
            .map(|i| 3_001 + u64::from(i))
            .sum();
        SymbioticCertificate {
            epoch: 12,
            message: rig::digest(),
            signature: Wire::Point(rig::sign(rig::digest(), secret)),
            apk_g2: Wire::Point(g2(secret)),
            validators: validators_of(set),
            non_signers: absent.to_vec(),
        }
    }
}

/// MACH's alerts.
pub(crate) mod mach {
    use super::*;
    use crate::rig::operators;
    use tutti_domain::mach::{AlertCertificate, AlertHeader};
    use tutti_statements::mach::BlockMismatch;

    pub(crate) fn alert(rollup: u64) -> Subject {
        let mismatch = BlockMismatch {
            invalid_output_root: [0x11; 32],
            expected_output_root: [0x22; 32],
            l2_block_number: 256,
        };
        let statement = Statement::new(U256::from(rollup), Body::MachBlockMismatch(mismatch));
        let context = SigningContext::MachChainBound {
            reference_block_number: rig::REFERENCE,
        };
        Subject::new(statement.expect("a statement"), context).expect("alerts are signed so")
    }

    pub(crate) fn certificate(rollup: u64, absent: &[usize], percents: &[u8]) -> AlertCertificate {
        let subject = alert(rollup);
        let alert = subject.statement().upstream_hash();
        AlertCertificate {
            alert: B256::from(*alert.as_bytes()),
            header: AlertHeader::ChainBound {
                rollup: U256::from(rollup),
            },
            percents: percents.to_vec(),
            attestation: rig::certificate(&operators(), &[0, 1], absent, subject.digest()),
        }
    }
}

/// `EigenLayer`'s multichain certificates.
pub(crate) mod multichain {
    use super::*;
    use tutti_domain::eigen::{
        MultichainCertificate, OperatorInfo, Witness, merkle, operator_tree,
    };
    use tutti_domain::{Address, OperatorTree, Roster, StatedAggregate};
    use tutti_statements::keccak256;

    pub(crate) const TIMESTAMP: u32 = 1_700_000_000;

    /// Five operators with two stake types each.
    pub(crate) fn operators() -> Vec<Operator> {
        (0..5u64)
            .map(|i| Operator::new(2_001 + i, &[(0, 10 * (i + 1)), (1, 100 - 10 * i)]))
            .collect()
    }

    pub(crate) fn info(operator: &Operator) -> OperatorInfo {
        OperatorInfo {
            key: Wire::Point(g1(operator.secret)),
            weights: operator
                .stakes
                .iter()
                .map(|(_, stake)| U256::from(*stake))
                .collect(),
        }
    }

    pub(crate) fn leaves(operators: &[Operator]) -> Vec<B256> {
        operators
            .iter()
            .map(|operator| info(operator).leaf())
            .collect()
    }

    pub(crate) fn tree(operators: &[Operator]) -> OperatorTree {
        operator_tree(&operators.iter().map(info).collect::<Vec<_>>())
    }

    /// The set with all its members.
    pub(crate) fn complete(operators: &[Operator], twins: Twins) -> SetDraft {
        let at = u64::from(TIMESTAMP);
        SetDraft {
            name: SetName::OperatorSet {
                avs: Address::repeat_byte(0xaa),
                id: 3,
            },
            reference: Reference::new(ReferenceKind::Timestamp, at),
            validity: Validity {
                max_staleness: Some(1_000),
                ..Validity::only(at)
            },
            layout: Layout::StakeTypes,
            tree: Some(tree(operators)),
            ..rig::draft(operators, twins)
        }
    }

    /// What the destination chain stores of it.
    pub(crate) fn stored(operators: &[Operator]) -> SetDraft {
        let total = |column: usize| {
            operators
                .iter()
                .map(|o| U256::from(o.stakes[column].1))
                .sum()
        };
        let apk = tutti_curves::Member::check(g1(operators.iter().map(|o| o.secret).sum()));
        SetDraft {
            roster: Roster::Witnessed {
                possession: Possession::AttestedBySource,
            },
            columns: vec![(0, Some(total(0))), (1, Some(total(1)))],
            aggregates: vec![StatedAggregate {
                apk: Some(apk.expect("prime order")),
                operators: Some(operators.len() as u32),
            }],
            members: Vec::new(),
            ..complete(operators, Twins::Unknown)
        }
    }

    pub(crate) fn message() -> B256 {
        keccak256(&[b"a task's result"]).into()
    }

    pub(crate) fn certificate(operators: &[Operator], absent: &[u32]) -> MultichainCertificate {
        let secret: u64 = (0u32..)
            .zip(operators)
            .filter(|(index, _)| !absent.contains(index))
            .map(|(_, operator)| operator.secret)
            .sum();
        let mut certificate = MultichainCertificate {
            reference_timestamp: TIMESTAMP,
            message_hash: message(),
            signature: Wire::Infinity,
            apk_g2: if secret == 0 {
                Wire::Infinity
            } else {
                Wire::Point(g2(secret))
            },
            witnesses: absent
                .iter()
                .map(|&index| Witness {
                    index,
                    proof: merkle::proof(&leaves(operators), index as usize),
                    info: info(&operators[index as usize]),
                })
                .collect(),
        };
        if secret != 0 {
            certificate.signature = Wire::Point(rig::sign(certificate.signed_digest(), secret));
        }
        certificate
    }
}

/// Sets that take over from others.
pub(crate) mod successors {
    use super::*;
    use alloy_sol_types::SolValue;
    use std::sync::Arc;
    use tutti_domain::Address;
    use tutti_domain::eigen::abi::{
        BN254OperatorSetInfo, ECDSAOperatorInfo, G1Point, OperatorSetConfig, OperatorSetKey,
        OperatorTable,
    };
    use tutti_domain::symbiotic::{
        Settlement, ValidatorSetHeader, compressed, validators_hash, validators_of,
    };
    use tutti_statements::keccak256;

    /// Operators who change with the epoch.
    pub(crate) fn epoch_draft(epoch: u64) -> SetDraft {
        let operators: Vec<_> = (0..4)
            .map(|i| Operator::new(5_000 + 10 * epoch + i, &[(0, 10 + i)]))
            .collect();
        SetDraft {
            reference: Reference::new(ReferenceKind::Epoch, epoch),
            validity: Validity::only(epoch),
            layout: Layout::StakeTypes,
            ..rig::draft(&operators, Twins::Known)
        }
    }

    pub(crate) fn epoch_set(epoch: u64) -> Arc<OperatorSet> {
        Arc::new(rig::set_of(epoch_draft(epoch)))
    }

    pub(crate) fn header_of(next: &OperatorSet) -> ValidatorSetHeader {
        // Slots of the simple verifier for key tag 15, by the settlement's own rule.
        let slot = |name: &str| -> B256 {
            let words = (
                U256::from(1),
                B256::from(keccak256(&[b"keyTag."])),
                U256::from(15),
                B256::from(keccak256(&[name.as_bytes()])),
            );
            keccak256(&[&words.abi_encode_params()]).into()
        };
        let validators = validators_of(next);
        let apk = next.aggregates()[0].apk.expect("BN254");
        ValidatorSetHeader {
            version: 1,
            required_key_tag: 15,
            epoch: next.reference().at,
            capture_timestamp: 1_700_000_000,
            quorum_threshold: U256::from(31),
            total_voting_power: next.columns()[0].total,
            validators_ssz_root: B256::repeat_byte(6),
            extra: vec![
                (
                    slot("validatorSetHashKeccak256"),
                    validators_hash(&validators),
                ),
                (slot("aggPublicKeyG1"), compressed(&apk)),
            ],
        }
    }

    pub(crate) fn settlement() -> Settlement {
        Settlement {
            subnetwork: B256::repeat_byte(0x77),
            domain_name: "Middleware".into(),
            domain_version: "1".into(),
        }
    }

    pub(crate) const ROOT_TIME: u32 = 1_700_600_000;

    pub(crate) fn generator() -> OperatorSet {
        rig::set_of(generator_draft())
    }

    pub(crate) fn generator_draft() -> SetDraft {
        SetDraft {
            name: SetName::OperatorSet {
                avs: Address::repeat_byte(0x99),
                id: 0,
            },
            reference: Reference::new(ReferenceKind::Timestamp, 1),
            validity: Validity::only(1),
            layout: Layout::StakeTypes,
            tree: Some(tutti_domain::OperatorTree {
                root: tutti_domain::eigen::OperatorInfo {
                    key: Wire::Point(g1(69)),
                    weights: vec![U256::from(1)],
                }
                .leaf(),
                operators: 1,
            }),
            ..rig::draft(&[Operator::new(69, &[(0, 1)])], Twins::Known)
        }
    }

    pub(crate) fn table(curve: u8, info: Vec<u8>, avs: u8) -> Vec<u8> {
        OperatorTable {
            operatorSet: OperatorSetKey {
                avs: Address::repeat_byte(avs),
                id: 0,
            },
            curveType: curve,
            config: OperatorSetConfig {
                owner: Address::repeat_byte(1),
                maxStalenessPeriod: 86_400,
            },
            operatorSetInfo: info.into(),
        }
        .abi_encode_params()
    }

    pub(crate) fn bn254_table(avs: u8) -> Vec<u8> {
        let key = g1(123);
        let word = |coordinate: &dyn std::fmt::Display| coordinate.to_string().parse::<U256>();
        let info = BN254OperatorSetInfo {
            operatorInfoTreeRoot: B256::repeat_byte(0x42),
            numOperators: U256::from(7),
            aggregatePubkey: G1Point {
                X: word(&key.x).expect("a number"),
                Y: word(&key.y).expect("a number"),
            },
            totalWeights: vec![U256::from(900), U256::from(1_200)],
        };
        table(2, info.abi_encode(), avs)
    }

    pub(crate) fn ecdsa_table() -> Vec<u8> {
        let operators: Vec<_> = (1..=3u8)
            .map(|byte| ECDSAOperatorInfo {
                pubkey: Address::repeat_byte(byte),
                weights: vec![U256::from(byte), U256::from(10)],
            })
            .collect();
        table(1, operators.abi_encode(), 0xbb)
    }
}
