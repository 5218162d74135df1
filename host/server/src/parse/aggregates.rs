use tutti_backend::VerifyParcelBuilder;
use tutti_curves::{Bn254Sig, Group, MinPk, MinSig, Wire};
use tutti_proto::v1;
use tutti_proto::v1::signed_message::Signer;
use tutti_types::{InvalidReason, Part, Verdict, World};

use super::keyring::{Keyring, Source};
use super::{Messages, Parsed, Reading, Served, Stop, Tally, bounded, bounded_message, place};
use crate::refusal::Refusal;

/// Aggregates over several messages.
pub(crate) fn aggregates(
    reading: &Reading<'_>,
    items: &[v1::AggregateVerifyItem],
) -> Result<Parsed, Refusal> {
    bounded("items", items.len(), reading.limits.items_per_request_max)?;
    match reading.scheme.world() {
        World::Bls12381MinPk => read::<MinPk>(reading, items),
        World::Bls12381MinSig => read::<MinSig>(reading, items),
        World::Bn254 => read::<Bn254Sig>(reading, items),
    }
}

struct Plan<W: Served> {
    /// Where each signer's key is.
    signers: Vec<(Source, u32)>,
    signature: Wire<W::Sig>,
}

fn read<W: Served>(
    reading: &Reading<'_>,
    items: &[v1::AggregateVerifyItem],
) -> Result<Parsed, Refusal> {
    let mut keyring = Keyring::<W>::new(reading);
    let mut tally = Tally::new("items", reading.limits.signers_per_request_max);
    let plans = items
        .iter()
        .enumerate()
        .map(|(at, item)| {
            tally.add(item.signed.len())?;
            place(plan(reading, &mut keyring, at, item))
        })
        .collect::<Result<Vec<_>, _>>()?;

    let mut builder = VerifyParcelBuilder::<W>::new(reading.scheme.clone());
    let sources = keyring.install(&mut builder);
    let mut messages = Messages::default();
    let mut verdicts = Vec::with_capacity(items.len());
    for (plan, item) in plans.into_iter().zip(items) {
        let plan = match plan {
            Ok(plan) => plan,
            Err(verdict) => {
                verdicts.push(Some(verdict));
                continue;
            }
        };
        let terms: Vec<(u32, &[u32], u32)> = plan
            .signers
            .iter()
            .zip(&item.signed)
            .map(|((source, index), signed)| {
                let message = messages.place(&mut builder, &signed.message);
                (
                    sources.number(*source),
                    std::slice::from_ref(index),
                    message,
                )
            })
            .collect();
        verdicts.push(builder.item(&terms, plan.signature).err());
    }
    let work = (!builder.is_empty()).then(|| W::work(builder.finish()));
    Ok(Parsed { verdicts, work })
}

fn plan<'a, W: Served>(
    reading: &Reading<'_>,
    keyring: &mut Keyring<'a, W>,
    at: usize,
    item: &'a v1::AggregateVerifyItem,
) -> Result<Plan<W>, Stop> {
    let max = reading.limits.message_bytes_max;
    for (nth, signed) in item.signed.iter().enumerate() {
        let field = || format!("items[{at}].signed[{nth}].message");
        bounded_message(field, &signed.message, max)?;
        if signed.signer.is_none() {
            let field = format!("items[{at}].signed[{nth}].signer");
            return Err(Refusal::malformed(field, "say who signed").into());
        }
    }
    let signers = item
        .signed
        .iter()
        .enumerate()
        .map(|(nth, signed)| signer(keyring, at, item, nth, signed))
        .collect::<Result<Vec<_>, _>>()?;
    if signers.is_empty() {
        return Err(Verdict::Invalid(InvalidReason::NoSigners, Part::Whole).into());
    }
    let signature = W::Sig::parse(reading.encoding, &item.signature)
        .map_err(|reason| Verdict::Invalid(reason, Part::Signature))?;
    Ok(Plan { signers, signature })
}

fn signer<'a, W: Served>(
    keyring: &mut Keyring<'a, W>,
    at: usize,
    item: &'a v1::AggregateVerifyItem,
    nth: usize,
    signed: &'a v1::SignedMessage,
) -> Result<(Source, u32), Stop> {
    match &signed.signer {
        Some(Signer::KeyIndex(index)) => {
            let field = || format!("items[{at}].key_set_id");
            let (source, len) = keyring.set(field, &item.key_set_id)?;
            if *index as usize >= len {
                let unknown = Verdict::Invalid(InvalidReason::UnknownKey, Part::Key(nth as u32));
                return Err(unknown.into());
            }
            Ok((source, *index))
        }
        Some(Signer::Key(key)) => Ok((Source::Inline, keyring.inline(key, nth)?)),
        None => unreachable!("an unset signer was refused before"),
    }
}
