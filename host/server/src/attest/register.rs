//! The operator sets of this server, and those who watch them.

use std::sync::Arc;

use tokio::sync::{Semaphore, broadcast};
use tutti_domain::{
    Acceptance, Entry, OperatorSet, Policy, Reference, Register, RegisterError, SetId, SetName,
    SetState, Stored, Succession,
};
use tutti_proto::v1;
use tutti_types::Limits;

use super::answers::set_info;
use super::witnesses::Witnesses;
use crate::refusal::Refusal;

/// What happened to a set, as watchers are told.
pub(crate) type Change = v1::WatchOperatorSetsResponse;

/// In memory, bounded; one for all services.
#[derive(Debug)]
pub(crate) struct Sets {
    register: std::sync::RwLock<Register>,
    changes: broadcast::Sender<Change>,
    pub(crate) watchers: Arc<Semaphore>,
    pub(crate) witnesses: Witnesses,
}

impl Sets {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            register: std::sync::RwLock::new(Register::new(limits)),
            changes: broadcast::channel(limits.set_changes_waiting_max).0,
            witnesses: Witnesses::new(limits.witnesses_remembered_max),
            watchers: Arc::new(Semaphore::new(limits.set_watchers_max)),
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Register> {
        self.register
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Register> {
        self.register
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn get(&self, id: SetId) -> Option<Arc<OperatorSet>> {
        self.read().get(id).map(|(entry, _)| entry.set.clone())
    }

    pub(crate) fn at(&self, name: &SetName, reference: Reference) -> Option<Arc<OperatorSet>> {
        let register = self.read();
        register
            .at(name, reference)
            .map(|(entry, _)| entry.set.clone())
    }

    pub(crate) fn newest(&self, name: &SetName) -> Option<Arc<OperatorSet>> {
        self.read().newest(name).map(|(entry, _)| entry.set.clone())
    }

    pub(crate) fn state(&self, id: SetId) -> Option<SetState> {
        self.read().get(id).map(|(_, state)| state)
    }

    pub(crate) fn info(&self, id: SetId) -> Option<v1::OperatorSetInfo> {
        self.read()
            .get(id)
            .map(|(entry, state)| set_info(entry, state))
    }

    /// A page of the list, beginning after a set.
    pub(crate) fn page(&self, after: Option<SetId>, size: usize) -> Vec<v1::OperatorSetInfo> {
        let register = self.read();
        let mut sets = register.list();
        if let Some(after) = after {
            // A set is never dropped, so whoever was on a page before still is.
            sets.by_ref().find(|(entry, _)| entry.set.id() == after);
        }
        sets.take(size)
            .map(|(entry, state)| set_info(entry, state))
            .collect()
    }

    pub(crate) fn put(&self, set: &Arc<OperatorSet>) -> Result<Stored, Refusal> {
        let mut register = self.write();
        let stored = register.put(set.clone()).map_err(|error| refused(&error))?;
        self.tell_stored(&register, set.id(), stored);
        Ok(stored)
    }

    pub(crate) fn advance(
        &self,
        succession: &Succession,
        acceptance: &Acceptance,
        policy: &Policy,
    ) -> Result<Stored, Refusal> {
        let mut register = self.write();
        let stored = register.advance(succession, acceptance, policy);
        let stored = stored.map_err(|error| refused(&error))?;
        self.tell_stored(&register, succession.next().id(), stored);
        Ok(stored)
    }

    pub(crate) fn disable(&self, id: SetId) -> Result<(), Refusal> {
        let mut register = self.write();
        register.disable(id).map_err(|error| refused(&error))?;
        self.tell(v1::SetChange::Disabled, register.get(id));
        Ok(())
    }

    /// The sets as they are, and what happens to them from this moment on.
    pub(crate) fn watch(&self) -> (Vec<Change>, broadcast::Receiver<Change>) {
        let register = self.read();
        let present = register.list().map(|(entry, state)| Change {
            change: v1::SetChange::Present.into(),
            set: Some(set_info(entry, state)),
        });
        (present.collect(), self.changes.subscribe())
    }

    fn tell_stored(&self, register: &Register, id: SetId, stored: Stored) {
        if stored == Stored::New {
            self.tell(v1::SetChange::Stored, register.get(id));
        }
    }

    /// While the register is held, so that changes are told in their order.
    fn tell(&self, change: v1::SetChange, set: Option<(&Entry, SetState)>) {
        // Nobody may be watching.
        let _ = self.changes.send(Change {
            change: change.into(),
            set: set.map(|(entry, state)| set_info(entry, state)),
        });
    }
}

fn refused(error: &RegisterError) -> Refusal {
    let text = error.to_string();
    match error {
        RegisterError::ReferenceTaken(_) => Refusal::SetTaken(text),
        RegisterError::TooManySets { .. } | RegisterError::TooManyMembers { .. } => {
            Refusal::SetsFull(text)
        }
        RegisterError::UnknownSet(_) => Refusal::UnknownOperatorSet(text),
        RegisterError::OtherReferenceKind { .. }
        | RegisterError::ReferenceNotLater { .. }
        | RegisterError::OtherPolicy
        | RegisterError::OtherCommitment
        | RegisterError::AttesterDisabled(_)
        | RegisterError::AttesterNotEntitled(_) => Refusal::SetOrder(text),
    }
}
