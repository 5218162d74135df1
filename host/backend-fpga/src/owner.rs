//! The card's owner: batches in, verdicts out, and nothing the card says is believed by itself.

use std::sync::{Arc, OnceLock};

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_backend::{
    Backend, Batch, Challenge, DeviceFault, Outcomes, PairingParcel, VerifyParcel, Work, WorkSlice,
};
use tutti_curves::Signed;
use tutti_curves::bls12_381::Bls12381;
use tutti_curves::bn254::Bn254;
use tutti_types::{Operation, Verdict};

use crate::card::{Card, CardError, Identity, Job};
use crate::curve::CardCurve;
use crate::equation::{Equation, Place, coefficient, pairs_of_check, pairs_of_item};
use crate::hash;
use crate::search::{Claim, Found};
use crate::transport::Port;
use crate::{Counters, FpgaConfig, count};

pub(crate) struct Owner {
    port: Box<dyn Port>,
    host: Arc<dyn Backend>,
    config: FpgaConfig,
    counters: Arc<Counters>,
    identity: Arc<OnceLock<Identity>>,
    card: Option<Card>,
    /// Why nothing is asked of the card any more, until the process is started again.
    quarantine: Option<String>,
}

impl Owner {
    pub(crate) fn new(
        port: Box<dyn Port>,
        host: Arc<dyn Backend>,
        config: FpgaConfig,
        (counters, identity): (Arc<Counters>, Arc<OnceLock<Identity>>),
    ) -> Self {
        Self {
            port,
            host,
            config,
            counters,
            identity,
            card: None,
            quarantine: None,
        }
    }

    pub(crate) fn decide(&mut self, batch: &Batch) -> Result<Vec<Outcomes>, DeviceFault> {
        if let Some(reason) = &self.quarantine {
            return Err(DeviceFault::Gone(format!("in quarantine: {reason}")));
        }
        if !self.config.asks_card(batch.operation) {
            count(&self.counters.items_by_host, batch.items() as u64);
            return self.ask_host(batch, batch.slices.clone(), batch.challenge);
        }
        match batch.operation {
            Operation::HashToCurve => self.hash_twice(batch),
            _ => self.judge(batch),
        }
    }

    fn judge(&mut self, batch: &Batch) -> Result<Vec<Outcomes>, DeviceFault> {
        let mut random = ChaCha20Rng::from_seed(batch.challenge.0);
        let mut bls = Equation::<Bls12381>::default();
        let mut bn = Equation::<Bn254>::default();
        for (at, slice) in batch.slices.iter().enumerate() {
            gather(batch, at, slice, &mut bls, &mut bn, &mut random);
        }
        let mut claims = self.claims(&bls, &mut random)?;
        claims.extend(self.claims(&bn, &mut random)?);
        self.settle(batch, &claims, &mut random)
    }

    /// Asks the card for its Miller loops of all items, and what they say.
    fn claims<C: CardCurve>(
        &mut self,
        equation: &Equation<C>,
        random: &mut ChaCha20Rng,
    ) -> Result<Vec<Claim>, DeviceFault> {
        if equation.is_empty() {
            return Ok(Vec::new());
        }
        let reply = self.with_card(|card| equation.questions(random).ask(card))?;
        self.count_runs(reply.runs, reply.slots);
        Ok(reply.answered.claims())
    }

    /// A card that was lost is opened once more; what fails then is a fault.
    fn with_card<T>(
        &mut self,
        mut ask: impl FnMut(&mut Card) -> Result<T, CardError>,
    ) -> Result<T, DeviceFault> {
        let mut last = None;
        for _ in 0..2 {
            if self.card.is_none() {
                match self.open() {
                    Ok(card) => self.card = Some(card),
                    Err(error) => {
                        last = Some(error);
                        continue;
                    }
                }
            }
            let card = self.card.as_mut().expect("opened just now");
            let (retries, bytes) = (card.retries, card.bytes);
            let result = ask(card);
            count(&self.counters.retries, card.retries - retries);
            count(&self.counters.bytes, card.bytes - bytes);
            match result {
                Ok(value) => return Ok(value),
                Err(error) => {
                    self.card = None;
                    last = Some(error);
                }
            }
        }
        Err(fault(last.as_ref()))
    }

    /// What comes back after it was unplugged has to be what was there before.
    fn open(&mut self) -> Result<Card, CardError> {
        count(&self.counters.reopened, 1);
        let first = self.identity.get().map(|identity| identity.digest);
        let transport = self.port.open()?;
        let expected = self.config.digest.or(first);
        let card = Card::open(transport, self.config.patience, expected)?;
        self.identity.get_or_init(|| *card.identity());
        Ok(card)
    }

    /// By the host and, where there is a program for it, by the card. They have to agree.
    fn hash_twice(&mut self, batch: &Batch) -> Result<Vec<Outcomes>, DeviceFault> {
        let answers = self.ask_host(batch, batch.slices.clone(), batch.challenge)?;
        let mut jobs: Vec<Job> = Vec::new();
        let mut expected = Vec::new();
        for (slice, answer) in batch.slices.iter().zip(&answers) {
            let (Work::Hash(parcel), Outcomes::Points(points)) = (&*slice.work, answer) else {
                continue;
            };
            for (item, point) in slice.range.clone().zip(points) {
                if let (Some(job), Ok(point)) = (hash::job(&slice.work, item), point) {
                    jobs.push(job);
                    expected.push((parcel, point));
                }
            }
        }
        count(&self.counters.items_by_host, batch.items() as u64);
        if jobs.is_empty() {
            return Ok(answers);
        }
        let outcomes = self.with_card(|card| {
            card.load(tutti_hdl::microcode::points::image())?;
            card.run(&jobs)
        })?;
        let slots: u64 = outcomes
            .iter()
            .map(|outcome| u64::from(outcome.slots))
            .sum();
        self.count_runs(jobs.len() as u64, slots);
        count(&self.counters.redecided, jobs.len() as u64);
        let agree = expected
            .iter()
            .zip(&outcomes)
            .all(|((parcel, point), outcome)| {
                hash::point(parcel, &outcome.registers).as_ref() == Some(point)
            });
        if agree {
            Ok(answers)
        } else {
            Err(self.put_away("it hashes to another point than the host".into()))
        }
    }

    fn count_runs(&self, runs: u64, slots: u64) {
        count(&self.counters.runs, runs);
        count(&self.counters.cycles, slots * tutti_hdl::isa::SLOT_CYCLES);
    }

    /// Verdicts for all items: what the card found good is, but for samples that the host decides too; all else is the host's word.
    fn settle(
        &mut self,
        batch: &Batch,
        claims: &[Claim],
        random: &mut ChaCha20Rng,
    ) -> Result<Vec<Outcomes>, DeviceFault> {
        let mut verdicts: Vec<Vec<Option<Verdict>>> = batch
            .slices
            .iter()
            .map(|slice| vec![None; slice.range.len()])
            .collect();
        let mut sampled = Vec::new();
        let good = claims.iter().filter(|claim| claim.found == Found::Good);
        for &(slice, item) in good.flat_map(|claim| &claim.places) {
            if random
                .next_u32()
                .is_multiple_of(self.config.redecide_one_in.max(1))
            {
                sampled.push((slice, item));
            } else {
                verdicts[slice][item] = Some(Verdict::Valid);
            }
        }
        let by_card = verdicts.iter().flatten().flatten().count() as u64;
        count(&self.counters.items_by_card, by_card);
        count(&self.counters.redecided, sampled.len() as u64);
        self.fill(batch, &mut verdicts, random)?;
        let verdict = |(slice, item): Place| verdicts[slice][item];
        if let Some(place) = sampled
            .into_iter()
            .find(|&place| verdict(place) != Some(Verdict::Valid))
        {
            return Err(self.put_away(format!("item {place:?} passed on the card and is bad")));
        }
        let mut bad = claims.iter().filter(|claim| claim.found == Found::Bad);
        let is_good = |&place: &Place| verdict(place) == Some(Verdict::Valid);
        if bad.any(|claim| claim.places.iter().all(is_good)) {
            return Err(self.put_away("good items failed on the card".into()));
        }
        Ok(verdicts
            .into_iter()
            .map(|slice| Outcomes::Verdicts(slice.into_iter().flatten().collect()))
            .collect())
    }

    /// The host decides whatever has no verdict yet.
    fn fill(
        &self,
        batch: &Batch,
        verdicts: &mut [Vec<Option<Verdict>>],
        random: &mut ChaCha20Rng,
    ) -> Result<(), DeviceFault> {
        let open: Vec<Place> = verdicts
            .iter()
            .enumerate()
            .flat_map(|(slice, items)| {
                let open = items.iter().enumerate().filter(|(_, v)| v.is_none());
                open.map(move |(item, _)| (slice, item))
            })
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        count(&self.counters.items_by_host, open.len() as u64);
        let slices = open.iter().map(|&(slice, item)| {
            let WorkSlice { work, range } = &batch.slices[slice];
            let start = range.start + item;
            WorkSlice {
                work: Arc::clone(work),
                range: start..start + 1,
            }
        });
        let mut seed = [0; 32];
        random.fill_bytes(&mut seed);
        let outcomes = self.ask_host(batch, slices.collect(), Challenge(seed))?;
        let decided = outcomes.iter().flat_map(Outcomes::verdicts);
        for ((slice, item), verdict) in open.into_iter().zip(decided) {
            verdicts[slice][item] = Some(verdict);
        }
        Ok(())
    }

    fn ask_host(
        &self,
        batch: &Batch,
        slices: Vec<WorkSlice>,
        challenge: Challenge,
    ) -> Result<Vec<Outcomes>, DeviceFault> {
        let batch = Batch {
            slices,
            challenge,
            ..batch.clone()
        };
        match tutti_backend::run(&*self.host, batch) {
            Ok(completion) => completion.result,
            Err(refused) => Err(DeviceFault::Internal(refused.to_string())),
        }
    }

    /// Nothing is asked of this card any more.
    fn put_away(&mut self, reason: String) -> DeviceFault {
        count(&self.counters.quarantined, 1);
        self.card = None;
        self.quarantine = Some(reason.clone());
        DeviceFault::WrongAnswer(reason)
    }
}

fn fault(error: Option<&CardError>) -> DeviceFault {
    match error {
        Some(CardError::Silent(_) | CardError::NeverHalts) => DeviceFault::Timeout,
        Some(error) => DeviceFault::Gone(error.to_string()),
        None => DeviceFault::Internal("a card was neither there nor not".into()),
    }
}

fn gather(
    batch: &Batch,
    at: usize,
    slice: &WorkSlice,
    bls: &mut Equation<Bls12381>,
    bn: &mut Equation<Bn254>,
    random: &mut ChaCha20Rng,
) {
    let range = slice.range.clone();
    match &*slice.work {
        Work::MinPk(parcel) => items(batch, at, parcel, range, bls, random),
        Work::MinSig(parcel) => items(batch, at, parcel, range, bls, random),
        Work::Bn254(parcel) => items(batch, at, parcel, range, bn, random),
        Work::PairingBls12381(parcel) => checks(batch, at, parcel, range, bls, random),
        Work::PairingBn254(parcel) => checks(batch, at, parcel, range, bn, random),
        _ => {}
    }
}

fn items<W: Signed<Curve: CardCurve>>(
    batch: &Batch,
    at: usize,
    parcel: &VerifyParcel<W>,
    range: std::ops::Range<usize>,
    equation: &mut Equation<W::Curve>,
    random: &mut ChaCha20Rng,
) {
    for (place, item) in parcel.items()[range].iter().enumerate() {
        let weight = coefficient(random, batch.coefficient_bits);
        if let Some(pairs) = pairs_of_item(parcel, item) {
            equation.add((at, place), &pairs, weight);
        }
    }
}

fn checks<C: CardCurve>(
    batch: &Batch,
    at: usize,
    parcel: &PairingParcel<C>,
    range: std::ops::Range<usize>,
    equation: &mut Equation<C>,
    random: &mut ChaCha20Rng,
) {
    for (place, check) in parcel.checks[range].iter().enumerate() {
        let weight = coefficient(random, batch.coefficient_bits);
        if let Some(pairs) = pairs_of_check(parcel, check) {
            equation.add((at, place), &pairs, weight);
        }
    }
}
