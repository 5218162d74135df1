//! Operator sets on their way in.

use tutti_domain::ethereum::{BootstrapError, CommitteeError, LightClientStore};
use tutti_domain::{
    Key, KeyCheck, KeyKind, Label, Layout, MemberDraft, OperatorTree, Possession, PossessionProof,
    Reference, ReferenceKind, Registration, Roster, Seating, SetDraft, SetName, StatedAggregate,
    Validity,
};
use tutti_proto::v1;
use tutti_proto::v1::operator_set_name::Name;
use tutti_proto::v1::put_operator_set_request::Source;
use tutti_types::{InvalidReason, Limits};

use super::chains::{self, Beacon};
use super::field::Field;
use crate::refusal::Refusal;

/// What is needed to read a set, beside the bytes.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) keys: &'a dyn KeyCheck,
}

/// A set that was read; what it still has to show is computed elsewhere.
#[derive(Debug)]
pub(crate) enum SetSource {
    Draft(Box<SetDraft>, Vec<PossessionProof>),
    /// Proven by a trusted root: nothing is left to show.
    Committee(std::sync::Arc<tutti_domain::OperatorSet>),
}

impl SetSource {
    pub(crate) fn read(
        request: &v1::PutOperatorSetRequest,
        reading: Reading<'_>,
    ) -> Result<Self, Refusal> {
        match &request.source {
            Some(Source::Draft(draft)) => {
                let (draft, proofs) = draft_of(&Field::new("draft"), draft, reading)?;
                Ok(Self::Draft(Box::new(draft), proofs))
            }
            Some(Source::LightClient(bootstrap)) => {
                committee(&Field::new("light_client"), bootstrap, reading)
            }
            None => Err(Refusal::malformed("source", "is required")),
        }
    }
}

fn committee(
    at: &Field,
    bootstrap: &v1::LightClientBootstrap,
    reading: Reading<'_>,
) -> Result<SetSource, Refusal> {
    let beacon = Beacon::read(at, bootstrap.chain.as_ref())?;
    let root = at.array("trusted_root", &bootstrap.trusted_root)?;
    let bootstrap = chains::bootstrap(at, &beacon, bootstrap)?;
    let Reading { limits, keys } = reading;
    let store = LightClientStore::bootstrap(beacon.chain, limits.clone(), &root, bootstrap, keys);
    let store = store.map_err(|error| match error {
        BootstrapError::Committee(CommitteeError::Undecided(undecided)) => undecided.into(),
        error => Refusal::InvalidSet(error.to_string()),
    })?;
    Ok(SetSource::Committee(store.current_committee().clone()))
}

/// Members as they were read, and the proofs that some of them bring.
#[derive(Debug, Default)]
pub(crate) struct Members {
    members: Vec<MemberDraft>,
    proofs: Vec<PossessionProof>,
}

impl Members {
    /// Those that come after the ones that are there.
    pub(crate) fn append(
        mut self,
        name: &str,
        keys: KeyKind,
        members: &[v1::OperatorMember],
        reading: Reading<'_>,
    ) -> Result<Self, Refusal> {
        let at = Field::new(name);
        let most = reading.limits.keys_per_set_max;
        if self.members.len() + members.len() > most {
            let what = format!("at most {most} in one set");
            return Err(at.of("members").refuse(what));
        }
        let first = self.members.len();
        let keys = read_keys(&at, first, keys, members, reading.keys)?;
        for (member, key) in members.iter().zip(keys) {
            let index = self.members.len();
            let at = at.at("members", index);
            self.members.push(read_member(&at, key, member)?);
            if let Some(proof) = &member.proof {
                let proof = possession_proof(&at.of("proof"), index, proof)?;
                self.proofs.push(proof);
            }
        }
        Ok(self)
    }

    /// With everything else of their set.
    pub(crate) fn of(self, mut draft: SetDraft) -> (SetDraft, Vec<PossessionProof>) {
        draft.members = self.members;
        (draft, self.proofs)
    }
}

pub(super) fn draft_of(
    at: &Field,
    draft: &v1::OperatorSetDraft,
    reading: Reading<'_>,
) -> Result<(SetDraft, Vec<PossessionProof>), Refusal> {
    let head = head_of(at, draft)?;
    let members = Members::default().append(at.name(), head.keys, &draft.members, reading)?;
    Ok(members.of(head))
}

/// Without its members.
pub(crate) fn set_head(name: &str, draft: &v1::OperatorSetDraft) -> Result<SetDraft, Refusal> {
    let at = Field::new(name);
    if !draft.members.is_empty() {
        return Err(at.of("members").refuse("come in messages of their own"));
    }
    head_of(&at, draft)
}

fn head_of(at: &Field, draft: &v1::OperatorSetDraft) -> Result<SetDraft, Refusal> {
    let keys = key_kind(at, draft.keys)?;
    let reference = set_reference(at.name(), draft.reference.as_ref())?;
    let columns = draft.columns.iter().enumerate().map(|(index, column)| {
        let at = at.at("columns", index);
        let total = column.total.as_ref();
        let total = total.map(|total| at.integer("total", total)).transpose()?;
        Ok((at.narrow("number", column.number)?, total))
    });
    let aggregates = draft.aggregates.iter().enumerate().map(|(index, stated)| {
        let at = at.at("aggregates", index);
        let apk = Some(&stated.apk).filter(|apk| !apk.is_empty());
        Ok(StatedAggregate {
            apk: apk.map(|apk| at.g1_key("apk", apk)).transpose()?,
            operators: stated.operators,
        })
    });
    Ok(SetDraft {
        name: set_name(at.name(), draft.name.as_ref())?,
        reference,
        validity: validity(draft.validity.as_ref(), reference),
        keys,
        layout: layout(at, draft.layout)?,
        roster: roster(at, draft)?,
        seating: seating(at, draft.seating)?,
        columns: columns.collect::<Result<_, Refusal>>()?,
        aggregates: aggregates.collect::<Result<_, Refusal>>()?,
        members: Vec::new(),
        tree: draft
            .tree
            .as_ref()
            .map(|tree| operator_tree(at, tree))
            .transpose()?,
    })
}

fn validity(given: Option<&v1::SetValidity>, reference: Reference) -> Validity {
    given.map_or(Validity::only(reference.at), |given| Validity {
        from: given.from,
        until: given.until,
        max_staleness: given.max_staleness,
    })
}

fn operator_tree(at: &Field, tree: &v1::OperatorTree) -> Result<OperatorTree, Refusal> {
    Ok(OperatorTree {
        root: at.of("tree").hash("root", &tree.root)?,
        operators: tree.operators,
    })
}

fn key_kind(at: &Field, kind: i32) -> Result<KeyKind, Refusal> {
    match v1::OperatorKeyKind::try_from(kind) {
        Ok(v1::OperatorKeyKind::Bn254) => Ok(KeyKind::Bn254),
        Ok(v1::OperatorKeyKind::Bls12381) => Ok(KeyKind::Bls12381),
        Ok(v1::OperatorKeyKind::Ecdsa) => Ok(KeyKind::Ecdsa),
        Ok(v1::OperatorKeyKind::Unspecified) | Err(_) => {
            Err(at.of("keys").refuse("say which kind of keys the set has"))
        }
    }
}

fn layout(at: &Field, layout: i32) -> Result<Layout, Refusal> {
    match v1::SetLayout::try_from(layout) {
        Ok(v1::SetLayout::Quorums) => Ok(Layout::Quorums),
        Ok(v1::SetLayout::StakeTypes) => Ok(Layout::StakeTypes),
        Ok(v1::SetLayout::Unspecified) | Err(_) => Err(at
            .of("layout")
            .refuse("say whether columns are quorums or stake types")),
    }
}

fn roster(at: &Field, draft: &v1::OperatorSetDraft) -> Result<Roster, Refusal> {
    match v1::SetRoster::try_from(draft.roster) {
        Ok(v1::SetRoster::Complete) => Ok(Roster::Complete),
        Ok(v1::SetRoster::Witnessed) => {
            let at = at.of("unlisted_possession");
            match possession(&at, draft.unlisted_possession)? {
                Possession::Verified => Err(at.refuse("those not listed bring no proof")),
                possession => Ok(Roster::Witnessed { possession }),
            }
        }
        Ok(v1::SetRoster::Unspecified) | Err(_) => {
            Err(at.of("roster").refuse("say whether the members are all"))
        }
    }
}

fn seating(at: &Field, seating: i32) -> Result<Seating, Refusal> {
    match v1::SetSeating::try_from(seating) {
        Ok(v1::SetSeating::Unspecified | v1::SetSeating::OnePerKey) => Ok(Seating::OnePerKey),
        Ok(v1::SetSeating::Repeated) => Ok(Seating::Repeated),
        Err(_) => Err(at.of("seating").refuse("unknown")),
    }
}

fn possession(at: &Field, possession: i32) -> Result<Possession, Refusal> {
    match v1::KeyPossession::try_from(possession) {
        Ok(v1::KeyPossession::Verified) => Ok(Possession::Verified),
        Ok(v1::KeyPossession::AttestedBySource) => Ok(Possession::AttestedBySource),
        Ok(v1::KeyPossession::Unspecified | v1::KeyPossession::None) => Ok(Possession::None),
        Err(_) => Err(at.refuse("unknown")),
    }
}

/// The keys of members of whom the first has this index.
fn read_keys(
    at: &Field,
    first: usize,
    kind: KeyKind,
    members: &[v1::OperatorMember],
    check: &dyn KeyCheck,
) -> Result<Vec<Key>, Refusal> {
    let place = |index: usize| at.at("members", first + index);
    let twin = |member: &v1::OperatorMember| !member.key_g2.is_empty();
    if kind != KeyKind::Bn254
        && let Some(index) = members.iter().position(twin)
    {
        let what = "only keys on BN254 have one in G2";
        return Err(place(index).of("key_g2").refuse(what));
    }
    let keys = match kind {
        KeyKind::Bn254 => {
            let pairs = members.iter().map(|member| {
                let twin = twin(member).then_some(&*member.key_g2);
                (&*member.key, twin)
            });
            Key::bn254_all(pairs, check)?
        }
        KeyKind::Bls12381 => Key::bls12381_all(members.iter().map(|member| &*member.key), check)?,
        KeyKind::Ecdsa => {
            let key = |(index, member): (usize, &v1::OperatorMember)| {
                place(index).address("key", &member.key).map(Key::Ecdsa)
            };
            return members.iter().enumerate().map(key).collect();
        }
    };
    let key = |(index, key): (usize, Result<Key, InvalidReason>)| {
        key.map_err(|reason| place(index).of("key").refuse(reason.text()))
    };
    keys.into_iter().enumerate().map(key).collect()
}

fn read_member(at: &Field, key: Key, member: &v1::OperatorMember) -> Result<MemberDraft, Refusal> {
    let weights = member.weights.iter().enumerate().map(|(index, weight)| {
        let at = at.at("weights", index);
        let column = at.narrow("column", weight.column)?;
        Ok((column, at.integer("weight", &weight.weight)?))
    });
    Ok(MemberDraft {
        key,
        possession: possession(&at.of("possession"), member.possession)?,
        weights: weights.collect::<Result<_, Refusal>>()?,
    })
}

fn possession_proof(
    at: &Field,
    index: usize,
    proof: &v1::PossessionProof,
) -> Result<PossessionProof, Refusal> {
    let (chain_id, contract) = (proof.chain_id, at.address("contract", &proof.contract)?);
    let operator = at.address("operator", &proof.operator)?;
    let registration = match &proof.key_registrar {
        None => Registration::Coordinator {
            chain_id,
            contract,
            operator,
        },
        Some(message) => Registration::KeyRegistrar {
            chain_id,
            contract,
            major_version: message.major_version.clone(),
            operator,
            avs: at.of("key_registrar").address("avs", &message.avs)?,
            operator_set: message.operator_set,
        },
    };
    Ok(PossessionProof {
        member: index as u32,
        registration,
        signature: at.g1("signature", &proof.signature)?,
    })
}

pub(crate) fn set_name(at: &str, name: Option<&v1::OperatorSetName>) -> Result<SetName, Refusal> {
    let at = Field::new(format!("{at}.name"));
    let name = name.and_then(|name| name.name.as_ref());
    Ok(match name.ok_or_else(|| at.refuse("is required"))? {
        Name::Contract(contract) => SetName::Contract {
            chain_id: contract.chain_id,
            address: at.of("contract").address("address", &contract.address)?,
        },
        Name::OperatorSet(set) => SetName::OperatorSet {
            avs: at.of("operator_set").address("avs", &set.avs)?,
            id: set.id,
        },
        Name::Subnet(subnet) => SetName::Subnet {
            network: subnet.network,
            id: at.of("subnet").hash("id", &subnet.id)?,
        },
        Name::BeaconValidators(root) => SetName::Beacon {
            genesis_validators_root: at.hash("beacon_validators", root)?,
        },
        Name::SyncCommittees(root) => SetName::SyncCommittees {
            genesis_validators_root: at.hash("sync_committees", root)?,
        },
        Name::Label(label) => {
            SetName::Label(Label::new(label).map_err(|error| at.of("label").refuse(error))?)
        }
    })
}

pub(crate) fn set_reference(
    at: &str,
    reference: Option<&v1::Reference>,
) -> Result<Reference, Refusal> {
    let at = Field::new(format!("{at}.reference"));
    let reference = reference.ok_or_else(|| at.refuse("is required"))?;
    let kind = match v1::ReferenceKind::try_from(reference.kind) {
        Ok(v1::ReferenceKind::Block) => ReferenceKind::Block,
        Ok(v1::ReferenceKind::Timestamp) => ReferenceKind::Timestamp,
        Ok(v1::ReferenceKind::Epoch) => ReferenceKind::Epoch,
        Ok(v1::ReferenceKind::Height) => ReferenceKind::Height,
        Ok(v1::ReferenceKind::Period) => ReferenceKind::Period,
        Ok(v1::ReferenceKind::Unspecified) | Err(_) => {
            return Err(at.of("kind").refuse("say what the reference counts"));
        }
    };
    Ok(Reference::new(kind, reference.at))
}
