use std::ops::Range;

use tutti_backend::VerifyParcelBuilder;
use tutti_curves::{Bn254Sig, Group, MinPk, MinSig, Wire};
use tutti_proto::v1;
use tutti_proto::v1::key_set_signers::Selection;
use tutti_proto::v1::signature_set::Signers;
use tutti_types::{InvalidReason, Part, Scheme, Verdict, World};

use super::keyring::{Keyring, Source};
use super::{Messages, Parsed, Reading, Served, Stop, Tally, bounded, bounded_message, place};
use crate::refusal::Refusal;

/// What an item without signers is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EmptyRule {
    Refuse,
    /// Ethereum's: VALID if the signature is infinity.
    EthFastAggregateVerify,
}

const NO_SIGNERS: Verdict = Verdict::Invalid(InvalidReason::NoSigners, Part::Whole);

/// `field` is what the request calls its list.
pub(crate) fn sets(
    reading: &Reading<'_>,
    field: &str,
    sets: &[v1::SignatureSet],
    rule: EmptyRule,
) -> Result<Parsed, Refusal> {
    bounded(field, sets.len(), reading.limits.items_per_request_max)?;
    if rule == EmptyRule::EthFastAggregateVerify && reading.scheme != Scheme::Bls12381MinPkPop {
        let what = "ETH_FAST_AGGREGATE_VERIFY is a rule of BLS12381_MIN_PK_POP only";
        return Err(Refusal::malformed("empty_rule", what));
    }
    match reading.scheme.world() {
        World::Bls12381MinPk => read::<MinPk>(reading, field, sets, rule),
        World::Bls12381MinSig => read::<MinSig>(reading, field, sets, rule),
        World::Bn254 => read::<Bn254Sig>(reading, field, sets, rule),
    }
}

/// An item whose parts can all be points.
struct Plan<W: Served> {
    source: Source,
    indices: Range<usize>,
    signature: Wire<W::Sig>,
}

fn read<W: Served>(
    reading: &Reading<'_>,
    field: &str,
    sets: &[v1::SignatureSet],
    rule: EmptyRule,
) -> Result<Parsed, Refusal> {
    let mut reader = Reader::<W> {
        keyring: Keyring::new(reading),
        tally: Tally::new(field, reading.limits.signers_per_request_max),
        indices: Vec::with_capacity(sets.len()),
        reading,
        field,
    };
    let plans = sets
        .iter()
        .enumerate()
        .map(|(at, set)| place(reader.plan(at, set, rule)))
        .collect::<Result<Vec<_>, _>>()?;
    let Reader {
        keyring, indices, ..
    } = reader;

    let mut builder =
        VerifyParcelBuilder::<W>::new(reading.scheme.clone()).with_room_for(sets.len());
    let sources = keyring.install(&mut builder);
    let mut messages = Messages::default();
    let verdicts = plans
        .into_iter()
        .zip(sets)
        .map(|(plan, set)| {
            let plan = match plan {
                Ok(plan) => plan,
                Err(verdict) => return Some(verdict),
            };
            let message = messages.place(&mut builder, &set.message);
            let source = sources.number(plan.source);
            let terms = [(source, &indices[plan.indices], message)];
            builder.item(&terms, plan.signature).err()
        })
        .collect();
    let work = (!builder.is_empty()).then(|| W::work(builder.finish()));
    Ok(Parsed { verdicts, work })
}

struct Reader<'a, W: Served> {
    keyring: Keyring<'a, W>,
    tally: Tally<'a>,
    /// The signers of all items, one item after the other.
    indices: Vec<u32>,
    reading: &'a Reading<'a>,
    field: &'a str,
}

impl<'a, W: Served> Reader<'a, W> {
    fn plan(
        &mut self,
        at: usize,
        set: &'a v1::SignatureSet,
        rule: EmptyRule,
    ) -> Result<Plan<W>, Stop> {
        let field = self.field;
        bounded_message(
            || format!("{field}[{at}].message"),
            &set.message,
            self.reading.limits.message_bytes_max,
        )?;
        let first = self.indices.len();
        let source = self.signers(at, set)?;
        let indices = first..self.indices.len();
        self.tally.add(indices.len())?;
        let signature = W::Sig::parse(self.reading.encoding, &set.signature)
            .map_err(|reason| Verdict::Invalid(reason, Part::Signature));
        if indices.is_empty() {
            let eth = rule == EmptyRule::EthFastAggregateVerify;
            return Err(Stop::Item(match signature {
                Ok(Wire::Infinity) if eth => Verdict::Valid,
                _ => NO_SIGNERS,
            }));
        }
        Ok(Plan {
            source,
            indices,
            signature: signature?,
        })
    }

    /// Appends the item's signers to `indices`.
    fn signers(&mut self, at: usize, set: &'a v1::SignatureSet) -> Result<Source, Stop> {
        match &set.signers {
            None => Ok(Source::Inline),
            Some(Signers::InlineKeys(inline)) => {
                for (nth, key) in inline.keys.iter().enumerate() {
                    let index = self.keyring.inline(key, nth)?;
                    self.indices.push(index);
                }
                Ok(Source::Inline)
            }
            Some(Signers::KeySet(named)) => {
                let field = self.field;
                let field = || format!("{field}[{at}].key_set.key_set_id");
                let (source, len) = self.keyring.set(field, &named.key_set_id)?;
                match &named.selection {
                    None => {}
                    Some(Selection::Indices(list)) => {
                        self.indices.extend_from_slice(&list.indices);
                    }
                    Some(Selection::Bitfield(bits)) => {
                        select(bits, len, &mut self.indices)?;
                    }
                }
                Ok(source)
            }
        }
    }
}

/// Appends the places of the set bits.
fn select(bits: &[u8], len: usize, indices: &mut Vec<u32>) -> Result<(), Verdict> {
    if bits.len() != len.div_ceil(8) {
        return Err(Verdict::Invalid(
            InvalidReason::MalformedLength,
            Part::Whole,
        ));
    }
    let first = indices.len();
    for (at, &byte) in bits.iter().enumerate() {
        let mut left = byte;
        while left != 0 {
            indices.push(8 * at as u32 + left.trailing_zeros());
            left &= left - 1;
        }
    }
    match indices.last() {
        Some(&last) if indices.len() > first && last as usize >= len => Err(Verdict::Invalid(
            InvalidReason::UnknownKey,
            Part::Key((indices.len() - first - 1) as u32),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(bits: &[u8], len: usize) -> Result<Vec<u32>, Verdict> {
        let mut indices = vec![77];
        select(bits, len, &mut indices)?;
        Ok(indices.split_off(1))
    }

    #[test]
    fn bits_count_from_the_least_significant_of_the_first_byte() {
        assert_eq!(selected(&[0b1000_0001, 0b10], 10), Ok(vec![0, 7, 9]));
        assert_eq!(selected(&[0, 0], 10), Ok(vec![]));
        assert_eq!(selected(&[0xff], 8), Ok((0..8).collect()));
    }

    #[test]
    fn a_bitfield_has_the_length_of_its_set() {
        let wrong = Err(Verdict::Invalid(
            InvalidReason::MalformedLength,
            Part::Whole,
        ));
        assert_eq!(selected(&[1], 9), wrong);
        assert_eq!(selected(&[1, 0], 8), wrong);
        assert_eq!(selected(&[], 1), wrong);
    }

    #[test]
    fn bits_past_the_end_name_unknown_keys() {
        let verdict = selected(&[0b1, 0b100], 10);
        assert_eq!(
            verdict,
            Err(Verdict::Invalid(InvalidReason::UnknownKey, Part::Key(1)))
        );
    }
}
