use tutti_backend::{Keys, VerifyParcelBuilder};
use tutti_curves::{Bn254Sig, Group, MinPk, MinSig, Wire};
use tutti_proto::v1;
use tutti_proto::v1::verify_columns_request::Keys as WireKeys;
use tutti_types::{InvalidReason, Part, UndecidedCause, Verdict, World};

use super::keyring::key_set_id;
use super::{Parsed, Reading, Served, bounded};
use crate::refusal::Refusal;

const DIGEST: usize = 32;

pub(crate) fn columns(
    reading: &Reading<'_>,
    request: &v1::VerifyColumnsRequest,
) -> Result<Parsed, Refusal> {
    match reading.scheme.world() {
        World::Bls12381MinPk => read::<MinPk>(reading, request),
        World::Bls12381MinSig => read::<MinSig>(reading, request),
        World::Bn254 => read::<Bn254Sig>(reading, request),
    }
}

fn read<W: Served>(
    reading: &Reading<'_>,
    request: &v1::VerifyColumnsRequest,
) -> Result<Parsed, Refusal> {
    let signatures = cells(
        "signatures",
        &request.signatures,
        reading.encoding.len(W::WORLD.signature_group()),
    )?;
    let n = signatures.len();
    bounded("signatures", n, reading.limits.items_per_request_max)?;
    let messages = message_column(reading, request, n)?;
    let signers = SignerColumn::read(request, n, reading.limits.signers_per_request_max)?;
    let Some(keys) = KeyColumn::<W>::read(reading, request)? else {
        let unknown = Verdict::Undecided(UndecidedCause::UnknownKeySet);
        return Ok(Parsed {
            verdicts: vec![Some(unknown); n],
            work: None,
        });
    };

    let mut builder = VerifyParcelBuilder::<W>::new(reading.scheme.clone()).with_room_for(n);
    let source = builder.keys(keys.keys);
    for message in messages {
        builder.message(message);
    }
    let mut renumbered = Vec::new();
    let verdicts = signatures
        .enumerate()
        .map(|(item, bytes)| {
            let signature = match W::Sig::parse(reading.encoding, bytes) {
                Ok(signature) => signature,
                Err(reason) => return Some(Verdict::Invalid(reason, Part::Signature)),
            };
            let indices = match keys.places.of(signers.of(item), &mut renumbered) {
                Ok(indices) => indices,
                Err(verdict) => return Some(verdict),
            };
            let message = request.message_index.get(item).map_or(item as u32, |m| *m);
            builder.item(&[(source, indices, message)], signature).err()
        })
        .collect();
    let work = (!builder.is_empty()).then(|| W::work(builder.finish()));
    Ok(Parsed { verdicts, work })
}

/// A column of cells of one length.
fn cells<'a>(
    field: &str,
    bytes: &'a [u8],
    len: usize,
) -> Result<std::slice::ChunksExact<'a, u8>, Refusal> {
    let cells = bytes.chunks_exact(len);
    if cells.remainder().is_empty() {
        return Ok(cells);
    }
    let what = format!("{} bytes are no multiple of {len}", bytes.len());
    Err(Refusal::malformed(field, what))
}

fn message_column<'a>(
    reading: &Reading<'_>,
    request: &'a v1::VerifyColumnsRequest,
    n: usize,
) -> Result<std::slice::ChunksExact<'a, u8>, Refusal> {
    let len = match request.message_length as usize {
        0 => DIGEST,
        len if len > reading.limits.message_bytes_max => {
            let what = format!("{len} bytes are too many; hash the messages first");
            return Err(Refusal::malformed("message_length", what));
        }
        len => len,
    };
    let messages = cells("message_bytes", &request.message_bytes, len)?;
    let k = messages.len();
    if k > n {
        let what = format!("{k} messages for {n} items; send each distinct message once");
        return Err(Refusal::malformed("message_bytes", what));
    }
    if request.message_index.is_empty() {
        if k == n {
            return Ok(messages);
        }
        let what = format!("{k} messages for {n} items need an index");
        return Err(Refusal::malformed("message_index", what));
    }
    if request.message_index.len() != n {
        let what = format!("{} entries for {n} items", request.message_index.len());
        return Err(Refusal::malformed("message_index", what));
    }
    if let Some(&past) = request.message_index.iter().find(|&&m| m as usize >= k) {
        let what = format!("{past} where there are {k} messages");
        return Err(Refusal::malformed("message_index", what));
    }
    Ok(messages)
}

/// Who signed which item, by number.
enum SignerColumn<'a> {
    /// Item i is signed by key `keys[i]`.
    One {
        keys: std::borrow::Cow<'a, [u32]>,
    },
    Many {
        keys: &'a [u32],
        offsets: &'a [u32],
    },
}

impl<'a> SignerColumn<'a> {
    fn read(request: &'a v1::VerifyColumnsRequest, n: usize, max: usize) -> Result<Self, Refusal> {
        let (keys, offsets) = (&request.key_index[..], &request.key_offset[..]);
        if keys.len() > max {
            let what = format!(
                "{} signers at once are too many; send at most {max}",
                keys.len()
            );
            return Err(Refusal::malformed("key_index", what));
        }
        match (keys.is_empty(), offsets.is_empty()) {
            (true, true) => Ok(Self::One {
                keys: (0..n as u32).collect(),
            }),
            (false, true) if keys.len() == n => Ok(Self::One { keys: keys.into() }),
            (false, true) => {
                let what = format!("{} entries for {n} items need key_offset", keys.len());
                Err(Refusal::malformed("key_index", what))
            }
            (_, false) => {
                let rises = offsets.is_sorted();
                let spans = offsets.first() == Some(&0)
                    && offsets
                        .last()
                        .is_some_and(|&last| last as usize == keys.len());
                if offsets.len() == n + 1 && rises && spans {
                    return Ok(Self::Many { keys, offsets });
                }
                let what = format!(
                    "must be {} entries that rise from 0 to the {} of key_index",
                    n + 1,
                    keys.len()
                );
                Err(Refusal::malformed("key_offset", what))
            }
        }
    }

    fn of(&self, item: usize) -> &[u32] {
        match self {
            Self::One { keys } => &keys[item..=item],
            Self::Many { keys, offsets } => {
                &keys[offsets[item] as usize..offsets[item + 1] as usize]
            }
        }
    }
}

/// The keys, and where the caller's numbers point among them.
struct KeyColumn<W: Served> {
    keys: Keys<W>,
    places: Places,
}

enum Places {
    /// All keys can be points: the numbers are the caller's own.
    AsGiven,
    /// Some cannot, and are left out.
    Renumbered(Vec<Result<u32, InvalidReason>>),
}

impl<W: Served> KeyColumn<W> {
    /// `None` is a key set that is not here.
    fn read(
        reading: &Reading<'_>,
        request: &v1::VerifyColumnsRequest,
    ) -> Result<Option<Self>, Refusal> {
        match &request.keys {
            None => Err(Refusal::malformed(
                "keys",
                "name a key set or send the keys",
            )),
            Some(WireKeys::KeySetId(id)) => {
                let id = key_set_id(|| "key_set_id".into(), id)?;
                let Some(set) = reading.key_sets.get(&id) else {
                    return Ok(None);
                };
                let set = W::key_set(set).ok_or_else(|| {
                    let what = "the key set is of another world than the scheme";
                    Refusal::malformed("key_set_id", what)
                })?;
                Ok(Some(Self {
                    keys: Keys::Set(set),
                    places: Places::AsGiven,
                }))
            }
            Some(WireKeys::InlineKeys(bytes)) => Self::inline(reading, bytes).map(Some),
        }
    }

    fn inline(reading: &Reading<'_>, bytes: &[u8]) -> Result<Self, Refusal> {
        let len = reading.encoding.len(W::WORLD.key_group());
        let cells = cells("inline_keys", bytes, len)?;
        bounded(
            "inline_keys",
            cells.len(),
            reading.limits.signers_per_request_max,
        )?;
        let parsed: Vec<Result<Wire<W::Key>, InvalidReason>> = cells
            .map(|cell| W::Key::parse(reading.encoding, cell))
            .collect();
        let mut keys = Vec::with_capacity(parsed.len());
        let places: Vec<_> = parsed
            .into_iter()
            .map(|key| {
                keys.push(key?);
                Ok(keys.len() as u32 - 1)
            })
            .collect();
        let places = if keys.len() == places.len() {
            Places::AsGiven
        } else {
            Places::Renumbered(places)
        };
        Ok(Self {
            keys: Keys::Inline(keys),
            places,
        })
    }
}

impl Places {
    /// The places of an item's signers; a number past the end is left for the parcel to refuse.
    fn of<'a>(
        &self,
        signers: &'a [u32],
        renumbered: &'a mut Vec<u32>,
    ) -> Result<&'a [u32], Verdict> {
        let Self::Renumbered(places) = self else {
            return Ok(signers);
        };
        renumbered.clear();
        for (nth, &signer) in signers.iter().enumerate() {
            let reason = match places.get(signer as usize) {
                Some(Ok(place)) => {
                    renumbered.push(*place);
                    continue;
                }
                Some(Err(reason)) => *reason,
                None => InvalidReason::UnknownKey,
            };
            return Err(Verdict::Invalid(reason, Part::Key(nth as u32)));
        }
        Ok(renumbered)
    }
}
