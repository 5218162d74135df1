use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use alloy_primitives::{B256, U256};
use tutti_curves::{Group, KeySet, Member as InSubgroup, bls12_381, bn254};
use tutti_types::{Limits, Verdict};

use crate::claim::Obligation;
use crate::eigen::{OperatorInfo, operator_tree};
use crate::encoding::Canonical;
use crate::key::{Key, KeyKind, Possession};
use crate::key_sums::KeySums;
use crate::possession::PossessionProof;
use crate::reference::{Reference, SetName};
use crate::seats::Seats;

/// Keccak-256 of the set's canonical encoding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SetId(pub B256);

/// How weights and keys belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Layout {
    /// Each column is a quorum with a key of its own; who is in k of them counts k times.
    Quorums = 1,
    /// All are in every column, and keys are added up once.
    StakeTypes = 2,
}

/// Whether the members listed are all there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Roster {
    /// All: totals and aggregate keys are computed of them.
    Complete,
    /// Some or none: totals and aggregate keys are what the chain stores of them.
    Witnessed { possession: Possession },
}

/// Whether one key may hold several seats, as in a sync committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Seating {
    OnePerKey = 1,
    Repeated = 2,
}

/// The references for which the set is true, in units of its reference, and how old it may be
/// when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Validity {
    pub from: u64,
    pub until: u64,
    /// `None`: never stale.
    pub max_staleness: Option<u64>,
}

impl Validity {
    /// True at its reference only, and never stale.
    pub const fn only(at: u64) -> Self {
        Self {
            from: at,
            until: at,
            max_staleness: None,
        }
    }
}

/// What a chain stores of a quorum (or of all, where columns are stake types).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatedAggregate {
    /// BN254 only.
    pub apk: Option<InSubgroup<bn254::G1>>,
    pub operators: Option<u32>,
}

#[derive(Clone, Debug)]
pub struct MemberDraft {
    pub key: Key,
    pub possession: Possession,
    /// Column numbers and weights. Registered with no weight is not the same as not registered.
    pub weights: Vec<(u8, U256)>,
}

/// A set as its source describes it.
#[derive(Clone, Debug)]
pub struct SetDraft {
    pub name: SetName,
    pub reference: Reference,
    pub validity: Validity,
    pub keys: KeyKind,
    pub layout: Layout,
    pub roster: Roster,
    pub seating: Seating,
    /// Column numbers, ascending; the total must be stated where the roster is not complete.
    pub columns: Vec<(u8, Option<U256>)>,
    /// One for each quorum, or one for all stake types. Must be empty where the roster is
    /// complete.
    pub aggregates: Vec<StatedAggregate>,
    pub members: Vec<MemberDraft>,
    /// The root that EigenLayer's certificates prove their operators against.
    pub tree: Option<OperatorTree>,
}

/// EigenLayer's commitment to the members: Merkle tree of operator infos.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OperatorTree {
    pub root: B256,
    pub operators: u32,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub key: Key,
    pub id: B256,
    pub possession: Possession,
    /// Bit q: registered in column q.
    pub bitmap: U256,
    /// One for each of the set's columns; zero where not registered.
    pub weights: Vec<U256>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub number: u8,
    pub total: U256,
    /// The part of the total whose owners have no key and can never sign.
    pub keyless: U256,
}

/// The keys of a quorum (or of all, where columns are stake types) taken together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aggregate {
    /// BN254 only.
    pub apk: Option<bn254::G1Affine>,
    pub operators: Option<u32>,
}

/// Immutable. Members keep their order: certificates name them by it.
#[derive(Debug)]
pub struct OperatorSet {
    id: SetId,
    name: SetName,
    reference: Reference,
    validity: Validity,
    kind: KeyKind,
    layout: Layout,
    roster: Roster,
    columns: Vec<Column>,
    aggregates: Vec<Aggregate>,
    members: Vec<Member>,
    seats: Seats,
    tree: Option<OperatorTree>,
    resident: Resident,
}

/// The keys that are added up, where the set has all of them.
#[derive(Debug)]
pub enum Resident {
    /// Here, because a certificate brings the sum along, which must be the same.
    Bn254(KeySums<bn254::G2>),
    /// On devices, which keep them.
    Bls12381(Summands<bls12_381::G1>),
    None,
}

/// A key set whose first keys are the members'. Small sets go on with their negatives and with
/// the aggregates, so that "all but a few" is a short sum.
#[derive(Clone, Debug)]
pub struct Summands<G: Group> {
    keys: Arc<KeySet<G>>,
    members: u32,
    complements: Complements,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Complements {
    Kept,
    /// Would double the keys of a set of a million.
    TooMany,
}

/// Sets up to this size keep their keys' negatives.
const COMPLEMENTS_MAX: usize = 8_192;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    #[error("a set has at least one column of weights")]
    NoColumns,
    #[error("columns must ascend and not repeat: column {0} does not follow")]
    ColumnsUnordered(u8),
    #[error("EigenLayer counts at most 192 quorums, {0} is past them")]
    QuorumNumberTooLarge(u8),
    #[error("a complete set has at least one member")]
    NoMembers,
    #[error("{members} members are more than the {limit} that a set may have")]
    TooManyMembers { members: usize, limit: usize },
    #[error("member {0} has a key of another kind than the set")]
    OtherKeyKind(u32),
    #[error("members {0} and {1} have the same key")]
    DuplicateKey(u32, u32),
    #[error(
        "member {member} names column {column}, which the set does not have, or names it twice"
    )]
    UnknownColumn { member: u32, column: u8 },
    #[error("member {member} lacks column {column}; where columns are stake types all are in each")]
    MissingColumn { member: u32, column: u8 },
    #[error("the weights of column {0} do not fit 256 bits")]
    WeightOverflow(u8),
    #[error("column {column} is stated to weigh {stated}, its members weigh {computed}")]
    OtherTotal {
        column: u8,
        stated: U256,
        computed: U256,
    },
    #[error("column {0} needs its total stated, because the members listed are not all")]
    TotalMissing(u8),
    #[error(
        "aggregates are stated exactly where the roster is not complete: {expected} of them, not {found}"
    )]
    AggregatesMismatch { expected: usize, found: usize },
    #[error("aggregate {0} needs its key stated, because the members listed are not all")]
    AggregateKeyMissing(u32),
    #[error("the keys of aggregate {0} add up to infinity")]
    AggregateInfinity(u32),
    #[error("the reference {at} is outside the set's own validity, {from} to {until}")]
    OutsideValidity { at: u64, from: u64, until: u64 },
    #[error("the keys of member {0} in G1 and G2 are not of one secret")]
    KeysUntied(u32),
    #[error("the operator tree states {stated} operators, {listed} are listed")]
    OtherTreeSize { stated: u32, listed: u32 },
    #[error("an operator tree has a root")]
    EmptyTreeRoot,
    #[error("the tree of the members listed has the root {computed}, not {stated}")]
    OtherTreeRoot { stated: B256, computed: B256 },
    #[error("member {0} is said to have proved that it holds its key, but no proof came along")]
    ProofMissing(u32),
    #[error(
        "the proof of member {0} cannot be checked: there is no such member, or its key in G2 is not known"
    )]
    ProofUnusable(u32),
    #[error("the proof of member {0} that it holds its key does not verify")]
    PossessionDisproved(u32),
    #[error("{expected} verdicts are needed, {found} were given")]
    VerdictsMissing { expected: usize, found: usize },
    #[error("the keys of member {0} could not be checked, which says nothing of them; try again")]
    TiesUndecided(u32),
}

/// A set that adds up; what is left to show are [`Candidate::ties`].
#[derive(Debug)]
pub struct Candidate {
    set: OperatorSet,
    open: Vec<(Open, Obligation)>,
}

/// What a member has yet to show.
#[derive(Clone, Copy, Debug)]
enum Open {
    Tie(u32),
    Possession(u32),
}

impl Candidate {
    /// That each member's keys in G1 and G2 have one secret, e(G1 key, g2) = e(g1, G2 key), in
    /// the order of the members that have both; then that each proof of possession holds.
    pub fn ties(&self) -> Vec<Obligation> {
        let obligations = self.open.iter().map(|(_, obligation)| obligation);
        obligations.cloned().collect()
    }

    pub fn conclude(self, verdicts: &[Verdict]) -> Result<OperatorSet, SetError> {
        if verdicts.len() != self.open.len() {
            return Err(SetError::VerdictsMissing {
                expected: self.open.len(),
                found: verdicts.len(),
            });
        }
        for ((open, _), verdict) in self.open.iter().zip(verdicts) {
            match (*open, verdict) {
                (_, Verdict::Valid) => {}
                (Open::Tie(member), Verdict::Invalid(..)) => {
                    return Err(SetError::KeysUntied(member));
                }
                (Open::Possession(member), Verdict::Invalid(..)) => {
                    return Err(SetError::PossessionDisproved(member));
                }
                (Open::Tie(member) | Open::Possession(member), Verdict::Undecided(_)) => {
                    return Err(SetError::TiesUndecided(member));
                }
            }
        }
        Ok(self.set)
    }
}

impl SetDraft {
    /// Everything about the set but that twin keys are twins.
    pub fn check(self, limits: &Limits) -> Result<Candidate, SetError> {
        self.check_proved(limits, &[])
    }

    /// The same, with proofs of possession for the members that are drafted as verified.
    pub fn check_proved(
        self,
        limits: &Limits,
        proofs: &[PossessionProof],
    ) -> Result<Candidate, SetError> {
        self.check_frame(limits)?;
        let members = self.seat_members()?;
        self.check_seating(&members)?;
        let columns = self.totals(&members)?;
        self.check_tree_root(&members)?;
        let seats = self.seats(&members);
        let aggregates = self.aggregates(&members, &seats)?;
        let resident = match self.roster {
            Roster::Complete => Resident::of(&members, &seats)?,
            Roster::Witnessed { .. } => Resident::None,
        };
        let open = open_questions(&members, proofs)?;
        let mut set = OperatorSet {
            id: SetId(B256::ZERO),
            name: self.name,
            reference: self.reference,
            validity: self.validity,
            kind: self.keys,
            layout: self.layout,
            roster: self.roster,
            columns,
            aggregates,
            seats: Seats::of(&members),
            members,
            tree: self.tree,
            resident,
        };
        set.id = set.compute_id();
        Ok(Candidate { set, open })
    }

    fn check_frame(&self, limits: &Limits) -> Result<(), SetError> {
        if self.columns.is_empty() {
            return Err(SetError::NoColumns);
        }
        if let Some(pair) = self.columns.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            return Err(SetError::ColumnsUnordered(pair[1].0));
        }
        let last = self.columns[self.columns.len() - 1].0;
        if self.layout == Layout::Quorums && last >= 192 {
            return Err(SetError::QuorumNumberTooLarge(last));
        }
        if self.members.len() > limits.keys_per_set_max {
            return Err(SetError::TooManyMembers {
                members: self.members.len(),
                limit: limits.keys_per_set_max,
            });
        }
        let Validity { from, until, .. } = self.validity;
        let at = self.reference.at;
        if at < from || at > until {
            return Err(SetError::OutsideValidity { at, from, until });
        }
        self.check_tree()
    }

    fn check_tree(&self) -> Result<(), SetError> {
        let Some(tree) = self.tree else {
            return Ok(());
        };
        if tree.root.is_zero() {
            return Err(SetError::EmptyTreeRoot);
        }
        let listed = self.members.len() as u32;
        if self.roster == Roster::Complete && tree.operators != listed {
            return Err(SetError::OtherTreeSize {
                stated: tree.operators,
                listed,
            });
        }
        Ok(())
    }

    /// Where all members are listed, the tree must be theirs.
    fn check_tree_root(&self, members: &[Member]) -> Result<(), SetError> {
        let (Some(tree), Roster::Complete) = (self.tree, self.roster) else {
            return Ok(());
        };
        let infos: Vec<_> = members.iter().filter_map(OperatorInfo::of).collect();
        let computed = operator_tree(&infos).root;
        if computed == tree.root {
            return Ok(());
        }
        Err(SetError::OtherTreeRoot {
            stated: tree.root,
            computed,
        })
    }

    fn seat_members(&self) -> Result<Vec<Member>, SetError> {
        if self.members.is_empty() && self.roster == Roster::Complete {
            return Err(SetError::NoMembers);
        }
        (0u32..)
            .zip(&self.members)
            .map(|(index, draft)| self.seat(index, draft))
            .collect()
    }

    fn seat(&self, index: u32, draft: &MemberDraft) -> Result<Member, SetError> {
        if draft.key.kind() != self.keys {
            return Err(SetError::OtherKeyKind(index));
        }
        let mut weights = vec![U256::ZERO; self.columns.len()];
        let mut bitmap = U256::ZERO;
        for &(column, weight) in &draft.weights {
            let position = self.columns.binary_search_by_key(&column, |c| c.0);
            match position {
                Ok(position) if !bitmap.bit(usize::from(column)) => weights[position] = weight,
                _ => {
                    return Err(SetError::UnknownColumn {
                        member: index,
                        column,
                    });
                }
            }
            bitmap.set_bit(usize::from(column), true);
        }
        if self.layout == Layout::StakeTypes {
            let missing = self.columns.iter().find(|c| !bitmap.bit(usize::from(c.0)));
            if let Some(&(column, _)) = missing {
                return Err(SetError::MissingColumn {
                    member: index,
                    column,
                });
            }
        }
        Ok(Member {
            key: draft.key,
            id: draft.key.id(),
            possession: draft.possession,
            bitmap,
            weights,
        })
    }

    fn check_seating(&self, members: &[Member]) -> Result<(), SetError> {
        if self.seating == Seating::Repeated {
            return Ok(());
        }
        let mut by_id = HashMap::with_capacity(members.len());
        for (index, member) in (0u32..).zip(members) {
            if let Some(first) = by_id.insert(member.id, index) {
                return Err(SetError::DuplicateKey(first, index));
            }
        }
        Ok(())
    }

    fn totals(&self, members: &[Member]) -> Result<Vec<Column>, SetError> {
        let total = |(position, &(number, stated)): (usize, &(u8, Option<U256>))| {
            let computed = members
                .iter()
                .try_fold(U256::ZERO, |sum, m| sum.checked_add(m.weights[position]))
                .ok_or(SetError::WeightOverflow(number))?;
            let listed_only = Column {
                number,
                total: computed,
                keyless: U256::ZERO,
            };
            // Avalanche counts the weight of validators who have no key.
            let keyless_allowed = self.keys == KeyKind::Bls12381;
            match (self.roster, stated) {
                (Roster::Complete, None) => Ok(listed_only),
                (Roster::Complete, Some(total)) if total == computed => Ok(listed_only),
                (Roster::Complete, Some(total)) if total > computed && keyless_allowed => {
                    let keyless = total - computed;
                    Ok(Column {
                        total,
                        keyless,
                        ..listed_only
                    })
                }
                (Roster::Witnessed { .. }, Some(total)) if total >= computed => Ok(Column {
                    total,
                    ..listed_only
                }),
                (_, None) => Err(SetError::TotalMissing(number)),
                (_, Some(stated)) => Err(SetError::OtherTotal {
                    column: number,
                    stated,
                    computed,
                }),
            }
        };
        self.columns.iter().enumerate().map(total).collect()
    }

    /// Who is part of each aggregate.
    fn seats(&self, members: &[Member]) -> Vec<Vec<u32>> {
        let all = 0..members.len() as u32;
        match self.layout {
            Layout::StakeTypes => vec![all.collect()],
            Layout::Quorums => self
                .columns
                .iter()
                .map(|&(number, _)| {
                    let registered = |&i: &u32| members[i as usize].bitmap.bit(number.into());
                    all.clone().filter(registered).collect()
                })
                .collect(),
        }
    }

    fn aggregates(
        &self,
        members: &[Member],
        seats: &[Vec<u32>],
    ) -> Result<Vec<Aggregate>, SetError> {
        let expected = match self.roster {
            Roster::Complete => 0,
            Roster::Witnessed { .. } => seats.len(),
        };
        if self.aggregates.len() != expected {
            return Err(SetError::AggregatesMismatch {
                expected,
                found: self.aggregates.len(),
            });
        }
        if self.roster != Roster::Complete {
            let stated = (0u32..).zip(&self.aggregates);
            return stated.map(|(i, stated)| self.stated(i, stated)).collect();
        }
        (0u32..)
            .zip(seats)
            .map(|(position, seats)| {
                let apk = match self.keys {
                    KeyKind::Bn254 => {
                        let sum = sum_g1(members, seats);
                        Some(sum.ok_or(SetError::AggregateInfinity(position))?)
                    }
                    _ => None,
                };
                Ok(Aggregate {
                    apk,
                    operators: Some(seats.len() as u32),
                })
            })
            .collect()
    }

    fn stated(&self, index: u32, stated: &StatedAggregate) -> Result<Aggregate, SetError> {
        if stated.apk.is_none() && self.keys == KeyKind::Bn254 {
            return Err(SetError::AggregateKeyMissing(index));
        }
        Ok(Aggregate {
            apk: stated.apk.map(|apk| *apk.point()),
            operators: stated.operators,
        })
    }
}

/// Twin keys to tie, and a proof for each member drafted as verified.
fn open_questions(
    members: &[Member],
    proofs: &[PossessionProof],
) -> Result<Vec<(Open, Obligation)>, SetError> {
    let ties = (0u32..)
        .zip(members)
        .filter_map(|(index, member)| match &member.key {
            Key::Bn254 { g1, g2: Some(g2) } => {
                Some((Open::Tie(index), Obligation::same_secret(g1, g2)))
            }
            _ => None,
        });
    let mut open: Vec<_> = ties.collect();
    let mut proved = HashSet::with_capacity(proofs.len());
    for proof in proofs {
        let index = proof.member;
        let member = members.get(index as usize);
        let obligation = member.and_then(|member| proof.obligation(&member.key));
        let obligation = obligation.ok_or(SetError::ProofUnusable(index))?;
        open.push((Open::Possession(index), obligation));
        proved.insert(index);
    }
    let claimed = (0u32..).zip(members);
    let unproved = claimed
        .filter(|(_, member)| member.possession == Possession::Verified)
        .find(|(index, _)| !proved.contains(index));
    match unproved {
        Some((index, _)) => Err(SetError::ProofMissing(index)),
        None => Ok(open),
    }
}

fn sum_g1(members: &[Member], seats: &[u32]) -> Option<bn254::G1Affine> {
    let keys = seats
        .iter()
        .filter_map(|&i| match &members[i as usize].key {
            Key::Bn254 { g1, .. } => Some(g1.point()),
            _ => None,
        });
    bn254::G1::to_affine(&keys.fold(bn254::G1::zero(), |sum, key| {
        bn254::G1::add_affine(&sum, key)
    }))
}

impl Resident {
    fn of(members: &[Member], seats: &[Vec<u32>]) -> Result<Self, SetError> {
        let g2 = members.iter().map(|member| match member.key {
            Key::Bn254 { g2, .. } => g2,
            _ => None,
        });
        let bls12381 = members.iter().map(|member| match member.key {
            Key::Bls12381(key) => Some(key),
            _ => None,
        });
        Ok(match (g2.collect::<Option<Vec<_>>>(), bls12381.collect()) {
            (Some(keys), _) => Self::Bn254(key_sums(&keys, seats)?),
            (_, Some(keys)) => Self::Bls12381(Summands::new(keys, seats)?),
            _ => Self::None,
        })
    }
}

fn key_sums<G: Group>(keys: &[InSubgroup<G>], seats: &[Vec<u32>]) -> Result<KeySums<G>, SetError> {
    let aggregates = match Complements::of(keys.len()) {
        Complements::Kept => aggregate_keys(keys, seats)?,
        Complements::TooMany => Vec::new(),
    };
    Ok(KeySums::new(keys, aggregates))
}

fn aggregate_keys<G: Group>(
    keys: &[InSubgroup<G>],
    seats: &[Vec<u32>],
) -> Result<Vec<G::Affine>, SetError> {
    let aggregate = |(position, seats): (u32, &Vec<u32>)| {
        let seated: Vec<_> = seats.iter().map(|&i| keys[i as usize].point()).collect();
        G::to_affine(&G::sum(&seated)).ok_or(SetError::AggregateInfinity(position))
    };
    (0u32..).zip(seats).map(aggregate).collect()
}

impl Complements {
    const fn of(members: usize) -> Self {
        if members <= COMPLEMENTS_MAX {
            Self::Kept
        } else {
            Self::TooMany
        }
    }
}

impl<G: Group> Summands<G> {
    fn new(mut keys: Vec<InSubgroup<G>>, seats: &[Vec<u32>]) -> Result<Self, SetError> {
        let members = keys.len();
        let complements = Complements::of(members);
        if complements == Complements::Kept {
            let aggregates = aggregate_keys(&keys, seats)?;
            for index in 0..members {
                keys.push(InSubgroup::shown(G::negate(keys[index].point())));
            }
            keys.extend(aggregates.into_iter().map(InSubgroup::shown));
        }
        Ok(Self {
            keys: Arc::new(KeySet::new(keys)),
            members: members as u32,
            complements,
        })
    }

    pub const fn keys(&self) -> &Arc<KeySet<G>> {
        &self.keys
    }

    /// Indices into the key set that add up to `aggregates` without `absent`; both sides of
    /// that are given as multisets, and the shorter sum is taken.
    pub fn sum(&self, aggregates: &[usize], present: &[u32], absent: &[u32]) -> Vec<u32> {
        let short = aggregates.len() + absent.len() < present.len();
        if self.complements == Complements::TooMany || !short {
            return present.to_vec();
        }
        let whole = aggregates.iter().map(|&a| 2 * self.members + a as u32);
        whole
            .chain(absent.iter().map(|&i| self.members + i))
            .collect()
    }
}

impl OperatorSet {
    pub const fn id(&self) -> SetId {
        self.id
    }
    pub const fn name(&self) -> &SetName {
        &self.name
    }
    pub const fn reference(&self) -> Reference {
        self.reference
    }
    pub const fn validity(&self) -> Validity {
        self.validity
    }
    pub const fn key_kind(&self) -> KeyKind {
        self.kind
    }
    pub const fn layout(&self) -> Layout {
        self.layout
    }
    pub const fn roster(&self) -> Roster {
        self.roster
    }
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }
    /// One for each column where columns are quorums, else one.
    pub fn aggregates(&self) -> &[Aggregate] {
        &self.aggregates
    }
    pub fn members(&self) -> &[Member] {
        &self.members
    }
    pub const fn tree(&self) -> Option<OperatorTree> {
        self.tree
    }
    pub const fn resident(&self) -> &Resident {
        &self.resident
    }

    /// The first seat of that key, where keys are BN254's.
    pub fn seat_of(&self, key: &bn254::G1Affine) -> Option<u32> {
        self.seats.find(&self.members, key)
    }

    pub fn column(&self, number: u8) -> Option<usize> {
        self.columns
            .binary_search_by_key(&number, |c| c.number)
            .ok()
    }

    /// Whether the set is true at that reference.
    pub fn covers(&self, reference: Reference) -> bool {
        reference.kind == self.reference.kind
            && (self.validity.from..=self.validity.until).contains(&reference.at)
    }

    fn compute_id(&self) -> SetId {
        let mut out = Canonical::new("tutti.v1.OperatorSet");
        self.name.write(&mut out);
        out.byte(self.reference.kind as u8)
            .number(self.reference.at);
        out.number(self.validity.from).number(self.validity.until);
        out.optional(self.validity.max_staleness);
        out.byte(self.kind as u8).byte(self.layout as u8);
        match self.roster {
            Roster::Complete => out.byte(0),
            Roster::Witnessed { possession } => out.byte(possession as u8),
        };
        out.number(self.columns.len() as u64);
        for column in &self.columns {
            out.byte(column.number).weight(&column.total);
        }
        out.number(self.aggregates.len() as u64);
        for aggregate in &self.aggregates {
            out.optional(aggregate.operators.map(u64::from));
            let apk = bn254::G1::encode(aggregate.apk.as_ref(), tutti_types::Encoding::Eip197);
            out.fixed(&apk);
        }
        out.number(self.members.len() as u64);
        for member in &self.members {
            member.key.write(&mut out);
            out.byte(member.possession as u8).weight(&member.bitmap);
            member.weights.iter().for_each(|weight| {
                out.weight(weight);
            });
        }
        match self.tree {
            None => out.byte(0),
            Some(tree) => out
                .byte(1)
                .fixed(tree.root.as_slice())
                .number(u64::from(tree.operators)),
        };
        SetId(out.hash())
    }
}

impl fmt::Display for SetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl fmt::Debug for SetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SetId({self})")
    }
}

impl OperatorSet {
    /// How many are registered in a column, where that is known.
    pub fn operators_of(&self, position: usize) -> Option<u32> {
        self.aggregate_of(position).operators
    }

    /// Whether a member's key is part of that aggregate.
    pub fn is_in(&self, member: &Member, aggregate: usize) -> bool {
        match self.layout {
            Layout::Quorums => member.bitmap.bit(self.columns[aggregate].number.into()),
            Layout::StakeTypes => true,
        }
    }

    /// The aggregate that a column's signers are part of.
    pub fn aggregate_of(&self, position: usize) -> &Aggregate {
        match self.layout {
            Layout::Quorums => &self.aggregates[position],
            Layout::StakeTypes => &self.aggregates[0],
        }
    }
}
