//! What goes over the wire: a workload's items in the words of the contract.

use bytes::Bytes;
use tutti_curves::{Group, Signed, bn254};
use tutti_domain::{Key, OperatorSet};
use tutti_proto::v1::put_key_set_request::Part;
use tutti_proto::v1::signature_set::Signers;
use tutti_proto::v1::{self as wire, key_set_signers::Selection};
use tutti_types::{CurveId, Encoding, Priority};

use super::super::TargetError;
use super::{Message, SetCall};
use crate::workload::quorums::{PRESENT, QUORUMS, Quorums, REFERENCE, SHARE, label};
use crate::workload::{Data, Products, Sets, Workload};

/// About a MiB of compressed keys.
const KEYS_PER_CHUNK: usize = 16_384;
const MESSAGE_BYTES: u32 = 32;

/// Some items of a workload as one call.
pub(super) fn message(
    workload: &Workload,
    items: &[u32],
    priority: Priority,
    call: SetCall,
) -> Result<Message, TargetError> {
    let options = Some(options(priority));
    Ok(match &workload.data {
        Data::MinPk(sets) => set_message(sets, items, options, call),
        Data::Bn254(sets) => set_message(sets, items, options, call),
        Data::Quorums(quorums) => Message::Certificates(wire::VerifyCertificatesRequest {
            items: items.iter().map(|&at| certificate(quorums, at)).collect(),
            options,
        }),
        Data::Hash(messages) => Message::Hash(wire::HashToCurveRequest {
            hash: Some(wire::hash_to_curve_request::Hash::Scheme(scheme(
                workload.scenario.curve,
            ))),
            encoding: wire_encoding(workload.scenario.curve).into(),
            options,
            inputs: items.iter().map(|&at| hash_input(messages, at)).collect(),
        }),
        Data::ProductsBls12381(products) => {
            products_message(products, wire::Encoding::Eip2537, items, options)
        }
        Data::ProductsBn254(products) => {
            products_message(products, wire::Encoding::Eip197, items, options)
        }
        Data::Updates(_) | Data::Mixed(_) => {
            return Err(TargetError::NotALoad(workload.scenario));
        }
    })
}

fn options(priority: Priority) -> wire::RequestOptions {
    let priority = match priority {
        Priority::Urgent => wire::Priority::Urgent,
        Priority::Normal => wire::Priority::Normal,
        Priority::Bulk => wire::Priority::Bulk,
    };
    wire::RequestOptions {
        priority: priority.into(),
        ..wire::RequestOptions::default()
    }
}

const fn wire_encoding(curve: CurveId) -> wire::Encoding {
    match curve {
        CurveId::Bls12381 => wire::Encoding::ZcashCompressed,
        CurveId::Bn254 => wire::Encoding::Eip197,
    }
}

fn scheme(curve: CurveId) -> wire::Scheme {
    let kind = match curve {
        CurveId::Bls12381 => wire::SchemeKind::Bls12381MinPkPop,
        CurveId::Bn254 => wire::SchemeKind::Bn254EigenTai,
    };
    wire::Scheme {
        kind: kind.into(),
        dst: Bytes::new(),
    }
}

fn hash_input(messages: &[[u8; 32]], at: u32) -> wire::HashInput {
    let message = Bytes::copy_from_slice(&messages[at as usize]);
    wire::HashInput {
        id: u64::from(at),
        input: Some(wire::hash_input::Input::Message(message)),
    }
}

fn products_message(
    products: &Products,
    encoding: wire::Encoding,
    items: &[u32],
    options: Option<wire::RequestOptions>,
) -> Message {
    let check = |&at: &u32| wire::ProductCheck {
        id: u64::from(at),
        pairs: products.checks[at as usize]
            .iter()
            .map(|(g1, g2)| wire::PointPair {
                g1: Bytes::copy_from_slice(g1),
                g2: Bytes::copy_from_slice(g2),
            })
            .collect(),
    };
    Message::Products(wire::PairingCheckRequest {
        encoding: encoding.into(),
        options,
        checks: items.iter().map(check).collect(),
    })
}

fn set_message<W: Signed>(
    sets: &Sets<W>,
    items: &[u32],
    options: Option<wire::RequestOptions>,
    call: SetCall,
) -> Message {
    match call {
        SetCall::Sets => Message::Sets(sets_request(sets, items, options)),
        SetCall::Stream => Message::Streamed(sets_request(sets, items, options)),
        SetCall::Columns => Message::Columns(columns_request(sets, items, options)),
    }
}

fn sets_request<W: Signed>(
    sets: &Sets<W>,
    items: &[u32],
    options: Option<wire::RequestOptions>,
) -> wire::VerifySetsRequest {
    let curve = W::WORLD.curve();
    let id = Bytes::copy_from_slice(&sets.key_set.id().0);
    let set = |&at: &u32| {
        let item = &sets.items[at as usize];
        wire::SignatureSet {
            id: u64::from(at),
            signers: Some(Signers::KeySet(wire::KeySetSigners {
                key_set_id: id.clone(),
                selection: Some(Selection::Indices(wire::KeyIndices {
                    indices: item.signers.to_vec(),
                })),
            })),
            message: Bytes::copy_from_slice(&sets.messages[item.message as usize]),
            signature: Bytes::copy_from_slice(&sets.signatures[at as usize]),
        }
    };
    wire::VerifySetsRequest {
        scheme: Some(scheme(curve)),
        encoding: wire_encoding(curve).into(),
        options,
        sets: items.iter().map(set).collect(),
    }
}

fn columns_request<W: Signed>(
    sets: &Sets<W>,
    items: &[u32],
    options: Option<wire::RequestOptions>,
) -> wire::VerifyColumnsRequest {
    let curve = W::WORLD.curve();
    let subset = sets.subset(items);
    let signers = subset.items.iter().map(|item| item.signers.len() as u32);
    let ends = signers.scan(0, |end, signers| {
        *end += signers;
        Some(*end)
    });
    let all_keys = subset.items.iter().flat_map(|item| item.signers.to_vec());
    wire::VerifyColumnsRequest {
        scheme: Some(scheme(curve)),
        encoding: wire_encoding(curve).into(),
        options,
        signatures: subset.signatures.concat().into(),
        message_bytes: subset.messages.concat().into(),
        message_length: MESSAGE_BYTES,
        message_index: subset.items.iter().map(|item| item.message).collect(),
        keys: Some(wire::verify_columns_request::Keys::KeySetId(
            Bytes::copy_from_slice(&subset.key_set.id().0),
        )),
        key_index: all_keys.collect(),
        key_offset: std::iter::once(0).chain(ends).collect(),
    }
}

/// The workload's keys as a key set.
pub(super) fn key_parts<W: Signed>(sets: &Sets<W>) -> Vec<wire::PutKeySetRequest> {
    let curve = W::WORLD.curve();
    let world = match curve {
        CurveId::Bls12381 => wire::World::Bls12381MinPk,
        CurveId::Bn254 => wire::World::Bn254,
    };
    let header = wire::KeySetHeader {
        world: world.into(),
        encoding: wire_encoding(curve).into(),
        count: sets.key_set.len() as u32,
        name: "benchmark".into(),
    };
    let chunk = |keys: &[<W::Key as Group>::Affine]| {
        let encode = |key| W::Key::encode(Some(key), Encoding::canonical(curve));
        let keys: Vec<u8> = keys.iter().flat_map(encode).collect();
        Part::Chunk(wire::KeyChunk { keys: keys.into() })
    };
    std::iter::once(Part::Header(header))
        .chain(sets.key_set.keys().chunks(KEYS_PER_CHUNK).map(chunk))
        .map(|part| wire::PutKeySetRequest { part: Some(part) })
        .collect()
}

/// An operator set with what is known of its keys.
pub(super) fn operator_set(nth: usize, set: &OperatorSet) -> wire::PutOperatorSetRequest {
    let member = |member: &tutti_domain::Member| {
        let Key::Bn254 { g1, g2 } = &member.key else {
            unreachable!("benchmarks' operators sign on BN254");
        };
        let twin = g2.map(|g2| bn254::G2::encode(Some(g2.point()), Encoding::Eip197));
        wire::OperatorMember {
            key: bn254::G1::encode(Some(g1.point()), Encoding::Eip197).into(),
            key_g2: twin.unwrap_or_default().into(),
            possession: wire::KeyPossession::AttestedBySource.into(),
            weights: QUORUMS
                .iter()
                .zip(&member.weights)
                .map(|(column, weight)| wire::ColumnWeight {
                    column: u32::from(*column),
                    weight: weight.to_be_bytes::<32>().to_vec().into(),
                })
                .collect(),
            proof: None,
        }
    };
    let column = |number: u8| wire::ColumnDraft {
        number: number.into(),
        total: None,
    };
    let draft = wire::OperatorSetDraft {
        name: Some(set_name(nth)),
        reference: Some(reference()),
        validity: Some(wire::SetValidity {
            from: REFERENCE.into(),
            until: REFERENCE.into(),
            max_staleness: None,
        }),
        keys: wire::OperatorKeyKind::Bn254.into(),
        layout: wire::SetLayout::Quorums.into(),
        roster: wire::SetRoster::Complete.into(),
        columns: QUORUMS.map(column).to_vec(),
        members: set.members().iter().map(member).collect(),
        ..wire::OperatorSetDraft::default()
    };
    wire::PutOperatorSetRequest {
        source: Some(wire::put_operator_set_request::Source::Draft(draft)),
        options: None,
    }
}

fn set_name(nth: usize) -> wire::OperatorSetName {
    let label = label(nth).as_str().to_owned();
    wire::OperatorSetName {
        name: Some(wire::operator_set_name::Name::Label(label)),
    }
}

fn reference() -> wire::Reference {
    wire::Reference {
        kind: wire::ReferenceKind::Block.into(),
        at: REFERENCE.into(),
    }
}

fn certificate(quorums: &Quorums, at: u32) -> wire::CertificateItem {
    let request = quorums.request(at);
    let (numerator, denominator) = SHARE;
    let share = wire::ShareThreshold {
        numerator,
        denominator,
        rounding: wire::RoundingRule::ExactGe.into(),
    };
    let body = wire::statement::Body::Opaque32(Bytes::copy_from_slice(request.message.as_slice()));
    wire::CertificateItem {
        id: u64::from(at),
        set: Some(wire::certificate_item::Set::SetAt(wire::SetAt {
            name: Some(set_name(request.group)),
            reference: Some(reference()),
        })),
        statement: Some(wire::Statement {
            body: Some(body),
            ..wire::Statement::default()
        }),
        policy: Some(wire::Policy {
            demands: vec![wire::Demand {
                threshold: Some(wire::demand::Threshold::Share(share)),
                ..wire::Demand::default()
            }],
            ..wire::Policy::default()
        }),
        certificate: Some(wire::Certificate {
            certificate: Some(wire::certificate::Certificate::EigenNonSigner(
                request.call.clone().into(),
            )),
        }),
        present: Some(wire::Present {
            block: Some(PRESENT),
            ..wire::Present::default()
        }),
        freshness: None,
    }
}
