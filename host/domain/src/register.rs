use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alloy_primitives::B256;
use tutti_types::Limits;

use crate::reference::{Reference, ReferenceKind, SetName};
use crate::set::{OperatorSet, SetId};
use crate::standing::SetState;

/// How a set came to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// By whoever runs this.
    Operator,
    /// By the set that was entitled to, in a certificate over this digest.
    AttestedBy { set: SetId, signed_digest: B256 },
}

/// A set as it is kept.
#[derive(Clone, Debug)]
pub struct Entry {
    pub set: Arc<OperatorSet>,
    pub provenance: Provenance,
    disabled: bool,
}

/// Sets by name and reference, bounded. A stored set never changes and references of a name
/// only grow, so what was true of the past stays as it was.
#[derive(Debug)]
pub struct Register {
    sets_max: usize,
    members_max: usize,
    members: usize,
    by_name: BTreeMap<SetName, Line>,
    by_id: HashMap<SetId, (SetName, u64)>,
}

#[derive(Debug)]
struct Line {
    kind: ReferenceKind,
    entries: BTreeMap<u64, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    #[error("{name} is counted by {}, not by {}", kept.name(), given.name())]
    OtherReferenceKind {
        name: SetName,
        kept: ReferenceKind,
        given: ReferenceKind,
    },
    #[error("another set of that name is stored at {0}; a stored reference cannot change")]
    ReferenceTaken(Reference),
    #[error("{given} is not later than {newest}, the newest stored")]
    ReferenceNotLater { given: Reference, newest: Reference },
    #[error("{sets} sets are stored, as many as are allowed; raise key_sets_max")]
    TooManySets { sets: usize },
    #[error("{members} members are stored, with these more than are allowed; raise keys_total_max")]
    TooManyMembers { members: usize },
    #[error("no set {0} is stored")]
    UnknownSet(SetId),
    #[error("the certificate was judged under another policy than the one for new sets")]
    OtherPolicy,
    #[error("the certificate attests something else than this set")]
    OtherCommitment,
    #[error("the attesting set {0} is disabled")]
    AttesterDisabled(SetId),
    #[error(
        "set {0} is not the one that attests this: it must be the newest, one reference before, or the generator"
    )]
    AttesterNotEntitled(SetId),
}

/// What storing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    New,
    /// The very same set was there.
    Known,
}

impl Register {
    pub fn new(limits: &Limits) -> Self {
        Self {
            sets_max: limits.key_sets_max,
            members_max: limits.keys_total_max,
            members: 0,
            by_name: BTreeMap::new(),
            by_id: HashMap::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// On the word of whoever runs this.
    pub fn put(&mut self, set: Arc<OperatorSet>) -> Result<Stored, RegisterError> {
        self.store(set, Provenance::Operator)
    }

    pub(crate) fn store_attested(
        &mut self,
        next: Arc<OperatorSet>,
        set: SetId,
        signed_digest: B256,
    ) -> Result<Stored, RegisterError> {
        self.store(next, Provenance::AttestedBy { set, signed_digest })
    }

    fn store(
        &mut self,
        set: Arc<OperatorSet>,
        provenance: Provenance,
    ) -> Result<Stored, RegisterError> {
        if self.by_id.contains_key(&set.id()) {
            return Ok(Stored::Known);
        }
        self.follows(&set)?;
        if self.len() >= self.sets_max {
            return Err(RegisterError::TooManySets { sets: self.len() });
        }
        let members = set.members().len();
        if self.members + members > self.members_max {
            return Err(RegisterError::TooManyMembers {
                members: self.members,
            });
        }
        self.members += members;
        let (name, at) = (set.name().clone(), set.reference().at);
        self.by_id.insert(set.id(), (name.clone(), at));
        let line = self.by_name.entry(name).or_insert_with(|| Line {
            kind: set.reference().kind,
            entries: BTreeMap::new(),
        });
        line.entries.insert(
            at,
            Entry {
                set,
                provenance,
                disabled: false,
            },
        );
        Ok(Stored::New)
    }

    fn follows(&self, set: &OperatorSet) -> Result<(), RegisterError> {
        let Some(line) = self.by_name.get(set.name()) else {
            return Ok(());
        };
        let given = set.reference();
        if line.kind != given.kind {
            return Err(RegisterError::OtherReferenceKind {
                name: set.name().clone(),
                kept: line.kind,
                given: given.kind,
            });
        }
        if line.entries.contains_key(&given.at) {
            return Err(RegisterError::ReferenceTaken(given));
        }
        match line.entries.last_key_value() {
            Some((&newest, _)) if newest > given.at => Err(RegisterError::ReferenceNotLater {
                given,
                newest: Reference::new(line.kind, newest),
            }),
            _ => Ok(()),
        }
    }

    /// Revokes a set for good. It stays readable.
    pub fn disable(&mut self, id: SetId) -> Result<(), RegisterError> {
        let (name, at) = self.by_id.get(&id).ok_or(RegisterError::UnknownSet(id))?;
        let line = self.by_name.get_mut(name);
        let entry = line.and_then(|line| line.entries.get_mut(at));
        entry.ok_or(RegisterError::UnknownSet(id))?.disabled = true;
        Ok(())
    }

    pub fn get(&self, id: SetId) -> Option<(&Entry, SetState)> {
        let (name, at) = self.by_id.get(&id)?;
        let line = self.by_name.get(name)?;
        Some((line.entries.get(at)?, line.state(*at)?))
    }

    pub fn newest(&self, name: &SetName) -> Option<(&Entry, SetState)> {
        let line = self.by_name.get(name)?;
        let (&at, entry) = line.entries.last_key_value()?;
        Some((entry, line.state(at)?))
    }

    /// The set that says what was true at that reference: past ones answer as they always did.
    pub fn at(&self, name: &SetName, reference: Reference) -> Option<(&Entry, SetState)> {
        let line = self.by_name.get(name)?;
        let mut earlier = line.entries.range(..=reference.at).rev();
        let later = line.entries.range(reference.at..);
        let covers = |(_, entry): &(&u64, &Entry)| entry.set.covers(reference);
        let (&at, entry) = earlier
            .find(covers)
            .or_else(|| later.into_iter().find(covers))?;
        Some((entry, line.state(at)?))
    }

    /// All sets, by name and reference.
    pub fn list(&self) -> impl Iterator<Item = (&Entry, SetState)> {
        self.by_name.values().flat_map(|line| {
            line.entries
                .iter()
                .filter_map(|(at, entry)| Some((entry, line.state(*at)?)))
        })
    }
}

impl Line {
    fn state(&self, at: u64) -> Option<SetState> {
        let entry = self.entries.get(&at)?;
        let newest = self.entries.last_key_value()?.0;
        Some(match (entry.disabled, *newest == at) {
            (true, _) => SetState::Disabled,
            (false, true) => SetState::Active,
            (false, false) => SetState::Superseded,
        })
    }
}
