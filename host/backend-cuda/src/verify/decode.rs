//! The first program: points of bytes and of messages, and which of them are bad.

use tutti_curves::Group;

use super::DeviceWorld;
use super::asked::{Asked, HashKind};
use super::plan::Plan;
use crate::composer::{Array, Composer};
use crate::points::{Membership, Points};
use crate::run::{Run, Stop, wrong};
use crate::words::DeviceGroup;

/// What the first program left on the device, and what it said.
pub(super) struct Decoded {
    pub(super) composer: Composer,
    pub(super) signatures: Array,
    pub(super) messages: Array,
    /// How the signatures' membership is shown.
    pub(super) membership: Membership,
    /// Items with a bad point, in order.
    pub(super) bad: Vec<usize>,
}

impl Decoded {
    pub(super) fn ask<W: DeviceWorld>(
        run: &mut Run<'_>,
        asked: &Asked<'_, W>,
        plan: &Plan<'_>,
    ) -> Result<Self, Stop> {
        let membership = if plan.items.len() >= run.bucket_items_min {
            Membership::Later
        } else {
            Membership::OfEach
        };
        let mut composer = Composer::default();
        let signatures =
            Points::of_bytes::<W::Sig>(&mut composer, &plan.signatures, membership, None);
        let place = run.scratch_array::<W::Key>();
        let keys = Points::of_bytes::<W::Key>(
            &mut composer,
            &plan.inline_keys,
            Membership::OfEach,
            Some(place),
        );
        let messages = composer.array::<<W::Sig as Group>::Affine>(u64::from(plan.messages));
        let mut first = 0;
        for (kind, texts) in &plan.hashings {
            hash::<W::Sig>(&mut composer, kind, texts, messages.from(first));
            first += texts.len() as u64;
        }
        let (of_signatures, of_keys) = (signatures.read(&mut composer), keys.read(&mut composer));
        let answer = run.ask(&composer)?;
        let bad_signatures = signatures.bad(of_signatures.of(&answer), |_| false)?;
        let bad_keys = keys.bad(of_keys.of(&answer), |_| false)?;
        let mut decoded = Self {
            composer,
            signatures: signatures.at,
            messages,
            membership,
            bad: bad_signatures,
        };
        if !bad_keys.is_empty() {
            let factors = plan.factors.terms.iter().zip(&plan.owners);
            let with_bad_key = factors.filter(|(terms, _)| {
                let mut places = terms.iter().filter_map(|&term| asked.scratch_of(term));
                places.any(|place| bad_keys.binary_search(&place).is_ok())
            });
            let owners: Vec<usize> = with_bad_key.map(|(_, owner)| *owner as usize).collect();
            decoded.add_bad(owners);
        }
        decoded.without_canary(plan)
    }

    /// Asks each signature whether it is in the subgroup: one of them is not.
    pub(super) fn find_outside<W: DeviceWorld>(
        self,
        run: &mut Run<'_>,
        plan: &Plan<'_>,
    ) -> Result<Self, Stop> {
        let count = plan.items.len() as u64;
        let mut composer = Composer::after(&self.composer);
        let status = composer.zeros(count);
        composer.members::<W::Sig>(self.signatures, count, status);
        let status = composer.read_bytes(status);
        let answer = run.ask(&composer)?;
        let status = status.of(&answer);
        let outside: Vec<usize> = (0..status.len()).filter(|&at| status[at] != 0).collect();
        if outside.is_empty() {
            return Err(wrong("buckets outside the group, of points inside".into()));
        }
        let mut decoded = Self { composer, ..self };
        decoded.add_bad(outside);
        decoded.without_canary(plan)
    }

    fn add_bad(&mut self, more: Vec<usize>) {
        self.bad.extend(more);
        self.bad.sort_unstable();
        self.bad.dedup();
    }

    fn without_canary(self, plan: &Plan<'_>) -> Result<Self, Stop> {
        if self.bad.binary_search(&plan.canary_at).is_ok() {
            return Err(wrong("a known good point was called bad".into()));
        }
        Ok(self)
    }
}

fn hash<G: DeviceGroup>(composer: &mut Composer, kind: &HashKind, texts: &[&[u8]], to: Array) {
    let count = texts.len() as u64;
    match kind {
        HashKind::Rfc9380(dst) => composer.hash_rfc9380::<G>(texts, dst, to),
        HashKind::Digests => {
            let digests = composer.input(&texts.concat());
            composer.hash_try::<G>(digests, count, to);
        }
        HashKind::Keccak => {
            let digests = composer.keccak(texts);
            composer.hash_try::<G>(digests, count, to);
        }
    }
}
