use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use tutti_types::{Operation, Priority};

use crate::{Amount, Config, Micros, Parcel, ParcelId, SourceId};

/// Where an item stands. It is answered once, and then gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// In its lane, not sealed.
    Queued = 0,
    /// In a batch that failed somewhere and waits for another backend.
    Parked = 1,
    /// In a batch on a backend.
    Flying = 2,
    Answered = 3,
}

/// Which lane a parcel is in, and where it queues there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) lane: (Priority, Operation),
    pub(crate) source: SourceId,
    pub(crate) place: u64,
}

#[derive(Debug)]
struct Account {
    address: Address,
    items: u32,
    cost_us: u64,
    /// When it is too late to start an item.
    expires: Option<Micros>,
    stages: [u32; 4],
}

impl Account {
    fn waiting(&self) -> u32 {
        self.stages[Stage::Queued as usize] + self.stages[Stage::Parked as usize]
    }
}

/// The cost of items `start .. end` of a parcel: shares add up to the whole exactly.
pub(crate) fn share_us(cost_us: u64, items: u32, start: u32, end: u32) -> u64 {
    if start == 0 && end == items {
        return cost_us;
    }
    let until = |item: u32| u128::from(cost_us) * u128::from(item) / u128::from(items);
    (until(end) - until(start)) as u64
}

/// What was accepted and is not answered: the second set of books, kept by parcel where the lanes
/// and batches keep theirs by place. Each item goes through the stages once.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accounts: FxHashMap<ParcelId, Account>,
    held: Amount,
    held_by: FxHashMap<SourceId, Holding>,
    stages: [Amount; 3],
    /// Waiting parcels that have a deadline.
    expiries: BTreeSet<(Micros, ParcelId)>,
}

#[derive(Debug, Default)]
struct Holding {
    parcels: usize,
    amount: Amount,
}

impl Ledger {
    pub(crate) fn parcels(&self) -> usize {
        self.accounts.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    pub(crate) fn held(&self) -> Amount {
        self.held
    }

    pub(crate) fn total(&self, stage: Stage) -> Amount {
        self.stages[stage as usize]
    }

    /// Whether a parcel fits. A source may hold four times what it leaves free: a single one gets
    /// 80 % of the queue, n flooding ones get equal parts and still leave 1/(4n + 1) to newcomers.
    pub(crate) fn admits<P>(&self, parcel: &Parcel<P>, config: &Config) -> bool {
        let none = Holding::default();
        let holding = self.held_by.get(&parcel.source).unwrap_or(&none);
        let fits = |limit: u64, held: u64, own: u64, more: u64| {
            let free = Config::share(limit, parcel.priority)
                .checked_sub(held)
                .and_then(|free| free.checked_sub(more));
            free.is_some_and(|free| own + more <= free.saturating_mul(4))
        };
        let parcels_max = config.queued_parcels_max as u64;
        let items_max = config.queued_items_max;
        let cost_us_max = config.queued_cost_us_max;
        let (held, own) = (self.held, holding.amount);
        fits(
            parcels_max,
            self.accounts.len() as u64,
            holding.parcels as u64,
            1,
        ) && fits(items_max, held.items, own.items, u64::from(parcel.items))
            && fits(cost_us_max, held.cost_us, own.cost_us, parcel.cost_us)
    }

    pub(crate) fn open(
        &mut self,
        parcel: ParcelId,
        address: Address,
        items: u32,
        cost_us: u64,
        expires: Option<Micros>,
    ) {
        let amount = Amount {
            items: u64::from(items),
            cost_us,
        };
        let account = Account {
            address,
            items,
            cost_us,
            expires,
            stages: [items, 0, 0, 0],
        };
        let former = self.accounts.insert(parcel, account);
        assert!(former.is_none(), "parcel ids are unique");
        self.held.add(amount);
        self.stages[Stage::Queued as usize].add(amount);
        let holding = self.held_by.entry(address.source).or_default();
        holding.parcels += 1;
        holding.amount.add(amount);
        if let Some(at) = expires {
            self.expiries.insert((at, parcel));
        }
    }

    /// Items `start .. start + len` of a parcel go from one stage to another.
    pub(crate) fn shift(&mut self, parcel: ParcelId, start: u32, len: u32, from: Stage, to: Stage) {
        assert!(from != to && from != Stage::Answered);
        let account = self
            .accounts
            .get_mut(&parcel)
            .expect("an item that is not answered has an account");
        let waited = account.waiting();
        let left = account.stages[from as usize].checked_sub(len);
        account.stages[from as usize] = left.expect("an item leaves a stage once");
        account.stages[to as usize] += len;
        if let Some(expires) = account.expires {
            match (waited, account.waiting()) {
                (0, 1..) => _ = self.expiries.insert((expires, parcel)),
                (1.., 0) => _ = self.expiries.remove(&(expires, parcel)),
                _ => {}
            }
        }
        let amount = Amount {
            items: u64::from(len),
            cost_us: share_us(account.cost_us, account.items, start, start + len),
        };
        self.stages[from as usize].sub(amount);
        if to != Stage::Answered {
            self.stages[to as usize].add(amount);
            return;
        }
        let source = account.address.source;
        let closed = account.stages[Stage::Answered as usize] == account.items;
        if closed {
            assert_eq!(account.stages[..3], [0; 3], "a closed account is empty");
            self.accounts.remove(&parcel);
        }
        self.release(source, amount, usize::from(closed));
    }

    fn release(&mut self, source: SourceId, amount: Amount, parcels: usize) {
        self.held.sub(amount);
        let holding = self
            .held_by
            .get_mut(&source)
            .expect("who has items holds something");
        holding.amount.sub(amount);
        holding.parcels -= parcels;
        if holding.parcels == 0 {
            assert_eq!(holding.amount, Amount::default(), "no parcels, no work");
            self.held_by.remove(&source);
        }
    }

    /// Where a parcel's unsealed items are, if it has any.
    pub(crate) fn queued_at(&self, parcel: ParcelId) -> Option<Address> {
        let account = self.accounts.get(&parcel)?;
        (account.stages[Stage::Queued as usize] > 0).then_some(account.address)
    }

    /// The lane in which failed batches wait that hold items of the parcel, if there are any.
    pub(crate) fn parked_at(&self, parcel: ParcelId) -> Option<(Priority, Operation)> {
        let account = self.accounts.get(&parcel)?;
        (account.stages[Stage::Parked as usize] > 0).then_some(account.address.lane)
    }

    /// The estimated work of some items of a parcel.
    pub(crate) fn amount(&self, parcel: ParcelId, start: u32, len: u32) -> Amount {
        let account = &self.accounts[&parcel];
        Amount {
            items: u64::from(len),
            cost_us: share_us(account.cost_us, account.items, start, start + len),
        }
    }

    pub(crate) fn first_expiry(&self) -> Option<(Micros, ParcelId)> {
        self.expiries.first().copied()
    }

    /// Counts everything anew.
    pub(crate) fn audit(&self) {
        let mut items = [0u64; 3];
        let mut parcels = BTreeMap::<SourceId, usize>::new();
        let mut expiries = 0;
        for account in self.accounts.values() {
            assert_eq!(account.stages.iter().sum::<u32>(), account.items);
            for (sum, stage) in items.iter_mut().zip(account.stages) {
                *sum += u64::from(stage);
            }
            *parcels.entry(account.address.source).or_default() += 1;
            expiries += usize::from(account.expires.is_some() && account.waiting() > 0);
        }
        assert_eq!(items, self.stages.map(|stage| stage.items));
        assert_eq!(items.iter().sum::<u64>(), self.held.items);
        let cost_us: u64 = self.stages.iter().map(|stage| stage.cost_us).sum();
        assert_eq!(cost_us, self.held.cost_us);
        assert_eq!(expiries, self.expiries.len());
        assert_eq!(parcels.len(), self.held_by.len());
        for (source, holding) in &self.held_by {
            assert_eq!(parcels[source], holding.parcels);
        }
        let held_by_us: u64 = self.held_by.values().map(|h| h.amount.cost_us).sum();
        assert_eq!(held_by_us, self.held.cost_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_the_cost_add_up() {
        for (cost_us, items) in [(0, 3), (1, 7), (1_000, 7), (u64::MAX, u32::MAX)] {
            let cuts = [0, 1, items / 3, items / 2, items];
            let sum: u64 = cuts
                .windows(2)
                .map(|cut| share_us(cost_us, items, cut[0], cut[1]))
                .sum();
            assert_eq!(sum, cost_us);
        }
    }
}
