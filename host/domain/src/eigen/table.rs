//! Operator tables: what `EigenLayer`'s generator set attests for all destination chains.

use std::sync::Arc;

use alloy_primitives::{B256, U256, keccak256};
use tutti_curves::{Member as InSubgroup, bn254};
use tutti_statements::eigen::GlobalTableRoot;
use tutti_statements::{Body, SigningContext, Statement};
use tutti_types::{InvalidReason, Limits};

use super::abi::{
    self, BN254OperatorSetInfo, DecodeError, ECDSAOperatorInfo, OperatorTable, affine,
};
use super::aliasing::Words;
use super::merkle;
use crate::key::{Key, KeyKind, Possession};
use crate::reference::{Reference, ReferenceKind, SetName};
use crate::set::{
    Layout, MemberDraft, OperatorSet, OperatorTree, Roster, Seating, SetDraft, StatedAggregate,
    Validity,
};
use crate::subject::Subject;
use crate::succession::{Attester, Succession, SuccessionError};

/// Tables are hashed behind this byte.
const TABLE_LEAF: u8 = 0x8e;
/// `CurveType`.
const ECDSA: u8 = 1;
const BN254: u8 = 2;

/// A table, and the way from it to a root.
#[derive(Clone, Copy, Debug)]
pub struct TableInclusion<'a> {
    pub table: &'a [u8],
    pub index: u32,
    pub proof: &'a [u8],
}

pub fn table_leaf(table: &[u8]) -> B256 {
    keccak256([&[TABLE_LEAF][..], table].concat())
}

impl Succession {
    /// The set of a table in a root that the generator attests with a certificate of its own
    /// reference. One attestation serves all tables of the root.
    pub fn eigen_table(
        root: GlobalTableRoot,
        inclusion: TableInclusion<'_>,
        generator: &OperatorSet,
        limits: &Limits,
    ) -> Result<Self, SuccessionError> {
        let leaf = table_leaf(inclusion.table);
        let index = u64::from(inclusion.index);
        merkle::verify(inclusion.proof, B256::from(root.root), leaf, index)?;
        let next = set_of_table(inclusion.table, root.reference_timestamp, limits)?;
        if next.name() == generator.name() {
            return Err(SuccessionError::OwnGenerator);
        }
        let statement = Statement::new(U256::ZERO, Body::EigenTableRoot(root))?;
        let certified_at = u32::try_from(generator.reference().at);
        let context = SigningContext::EigenCertificate {
            reference_timestamp: certified_at
                .map_err(|_| SuccessionError::Header("the generator's timestamp"))?,
        };
        Ok(Self::new(
            Arc::new(next),
            Subject::new(statement, context)?,
            Attester::Generator(generator.name().clone()),
        ))
    }
}

fn set_of_table(
    bytes: &[u8],
    timestamp: u32,
    limits: &Limits,
) -> Result<OperatorSet, SuccessionError> {
    let table: OperatorTable = abi::decode_params(bytes)?;
    let at = u64::from(timestamp);
    let max_staleness = match table.config.maxStalenessPeriod {
        0 => None,
        seconds => Some(u64::from(seconds)),
    };
    let frame = SetDraft {
        name: SetName::OperatorSet {
            avs: table.operatorSet.avs,
            id: table.operatorSet.id,
        },
        reference: Reference::new(ReferenceKind::Timestamp, at),
        validity: Validity {
            max_staleness,
            ..Validity::only(at)
        },
        keys: KeyKind::Ecdsa,
        layout: Layout::StakeTypes,
        roster: Roster::Complete,
        seating: Seating::OnePerKey,
        columns: Vec::new(),
        aggregates: Vec::new(),
        members: Vec::new(),
        tree: None,
    };
    let draft = match table.curveType {
        BN254 => bn254_draft(frame, &abi::decode(&table.operatorSetInfo)?)?,
        ECDSA => {
            Words(&table.operatorSetInfo).operators()?;
            ecdsa_draft(frame, abi::decode(&table.operatorSetInfo)?)
        }
        other => return Err(SuccessionError::UnknownCurve(other)),
    };
    // A table lists no twin keys, so there is nothing to tie.
    Ok(draft.check(limits)?.conclude(&[])?)
}

/// Only what the chain stores: the operators stay behind their root until they are shown.
fn bn254_draft(frame: SetDraft, info: &BN254OperatorSetInfo) -> Result<SetDraft, SuccessionError> {
    let operators = u32::try_from(info.numOperators);
    let operators = operators.map_err(|_| DecodeError::Number {
        field: "numOperators",
    })?;
    let apk = affine::<bn254::G1>(&abi::g1("aggregatePubkey", 0, &info.aggregatePubkey)?);
    let apk = apk.ok_or(DecodeError::Point {
        field: "aggregatePubkey",
        index: 0,
        reason: InvalidReason::Infinity,
    })?;
    Ok(SetDraft {
        keys: KeyKind::Bn254,
        // The key registrar demands a proof of everyone.
        roster: Roster::Witnessed {
            possession: Possession::AttestedBySource,
        },
        columns: numbered(info.totalWeights.iter().map(|total| Some(*total))),
        aggregates: vec![StatedAggregate {
            apk: Some(InSubgroup::shown(apk)),
            operators: Some(operators),
        }],
        tree: Some(OperatorTree {
            root: info.operatorInfoTreeRoot,
            operators,
        }),
        ..frame
    })
}

fn ecdsa_draft(frame: SetDraft, operators: Vec<ECDSAOperatorInfo>) -> SetDraft {
    let columns = operators
        .first()
        .map_or(0, |operator| operator.weights.len());
    SetDraft {
        columns: numbered((0..columns).map(|_| None)),
        members: operators
            .into_iter()
            .map(|operator| MemberDraft {
                key: Key::Ecdsa(operator.pubkey),
                possession: Possession::AttestedBySource,
                weights: numbered(operator.weights.into_iter()),
            })
            .collect(),
        ..frame
    }
}

/// Stake types have no numbers of their own. Past 256 of them the number repeats, and the draft
/// is refused for it.
fn numbered<T>(values: impl Iterator<Item = T>) -> Vec<(u8, T)> {
    values
        .enumerate()
        .map(|(place, value)| (place as u8, value))
        .collect()
}
