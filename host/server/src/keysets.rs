use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use tokio::sync::{Semaphore, oneshot};
use tonic::{Request, Response, Status, Streaming};
use tutti_backend::{AnyKeySet, KeyParcel, Outcomes};
use tutti_curves::{Bn254Sig, Group, KeySet, Member, MinPk, MinSig, Wire};
use tutti_engine::{Answer, KeySetInfo, SubmitOptions, SubmitRefused};
use tutti_proto::v1;
use tutti_proto::v1::key_set_service_server::KeySetService;
use tutti_proto::v1::put_key_set_request::Part;
use tutti_types::{
    CurveId, Encoding, GroupId, InvalidReason, KeySetId, Operation, Priority, Verdict, World,
};

use crate::calls::Call;
use crate::frontend::Frontend;
use crate::metrics::Counts;
use crate::parse::Served;
use crate::refusal::Refusal;
use crate::words;

const NAME_BYTES_MAX: usize = 128;
/// Half a second of one core: other work comes in between.
const PIECE_KEYS: usize = 8_192;
/// Pieces being checked at once, of one upload.
const PIECES_AT_ONCE: usize = 4;
/// Uploads at once: each may grow to hundreds of megabytes.
const UPLOADS_AT_ONCE: usize = 4;
/// Keys in one answer.
const PAGE_KEYS_MAX: usize = 65_536;
const PAGE_SETS: usize = 100;
const PAGE_SETS_MAX: usize = 1_000;

#[derive(Clone, Debug)]
pub(crate) struct KeySetsFront {
    frontend: Arc<Frontend>,
    uploads: Arc<Semaphore>,
}

impl KeySetsFront {
    pub(crate) fn new(frontend: Arc<Frontend>) -> Self {
        Self {
            frontend,
            uploads: Arc::new(Semaphore::new(UPLOADS_AT_ONCE)),
        }
    }
}

#[tonic::async_trait]
impl KeySetService for KeySetsFront {
    async fn put_key_set(
        &self,
        request: Request<Streaming<v1::PutKeySetRequest>>,
    ) -> Result<Response<v1::PutKeySetResponse>, Status> {
        let _upload = self.uploads.try_acquire().map_err(|_| Refusal::QueueFull {
            what: "key sets are being put",
            retry_after: Duration::from_secs(1),
        })?;
        let call = request.extensions().get::<Arc<Call>>().cloned();
        let mut chunks = Chunks {
            stream: request.into_inner(),
            call,
        };
        let header = chunks.header().await?;
        let world = words::world("header.world", header.world)?;
        let set = match world {
            World::Bls12381MinPk => receive::<MinPk>(&self.frontend, &header, chunks).await?,
            World::Bls12381MinSig => receive::<MinSig>(&self.frontend, &header, chunks).await?,
            World::Bn254 => receive::<Bn254Sig>(&self.frontend, &header, chunks).await?,
        };
        Ok(Response::new(self.keep(set, &header.name)?))
    }

    async fn get_key_set(
        &self,
        request: Request<v1::GetKeySetRequest>,
    ) -> Result<Response<v1::GetKeySetResponse>, Status> {
        let request = request.into_inner();
        let id = key_set_id(&request.key_set_id)?;
        let info = self
            .frontend
            .engine
            .key_sets()
            .info(&id)
            .ok_or(Refusal::UnknownKeySet(id))?;
        let (curve, _) = info.set.group();
        let encoding = words::encoding("encoding", request.encoding, curve)?;
        let (first, count) = (request.first as usize, request.count as usize);
        let count = count.min(PAGE_KEYS_MAX);
        let set = info.set.clone();
        let keys = self
            .frontend
            .read(count, move |_| Ok(encoded(&set, first, count, encoding)))
            .await?;
        Ok(Response::new(v1::GetKeySetResponse {
            key_set: Some(info_out(&info)),
            keys: keys.into(),
        }))
    }

    async fn list_key_sets(
        &self,
        request: Request<v1::ListKeySetsRequest>,
    ) -> Result<Response<v1::ListKeySetsResponse>, Status> {
        let request = request.into_inner();
        let size = match request.page_size as usize {
            0 => PAGE_SETS,
            size => size.min(PAGE_SETS_MAX),
        };
        let after: Option<KeySetId> = match &*request.page_token {
            "" => None,
            token => Some(token.parse().map_err(|_| {
                Refusal::malformed("page_token", "take next_page_token as it came")
            })?),
        };
        let mut sets = self.frontend.engine.key_sets().list(after, size + 1);
        let next_page_token = if sets.len() > size {
            sets.truncate(size);
            sets[size - 1].set.id().to_string()
        } else {
            String::new()
        };
        Ok(Response::new(v1::ListKeySetsResponse {
            key_sets: sets.iter().map(info_out).collect(),
            next_page_token,
        }))
    }

    async fn drop_key_set(
        &self,
        request: Request<v1::DropKeySetRequest>,
    ) -> Result<Response<v1::DropKeySetResponse>, Status> {
        let id = key_set_id(&request.into_inner().key_set_id)?;
        if self.frontend.engine.key_sets().drop_set(&id) {
            Ok(Response::new(v1::DropKeySetResponse {}))
        } else {
            Err(Refusal::UnknownKeySet(id).into())
        }
    }
}

impl KeySetsFront {
    fn keep(&self, set: AnyKeySet, name: &str) -> Result<v1::PutKeySetResponse, Refusal> {
        let (sets, id) = (self.frontend.engine.key_sets(), set.id());
        let outcome = if sets.get(&id).is_some() {
            v1::PutOutcome::AlreadyPresent
        } else {
            sets.put(set.clone(), name)
                .map_err(|full| Refusal::KeySetsFull(full.to_string()))?;
            v1::PutOutcome::Created
        };
        let info = sets.info(&id).unwrap_or_else(|| KeySetInfo {
            // Dropped by someone else in this moment.
            set,
            name: name.to_owned(),
        });
        Ok(v1::PutKeySetResponse {
            key_set: Some(info_out(&info)),
            outcome: outcome.into(),
        })
    }
}

fn key_set_id(bytes: &[u8]) -> Result<KeySetId, Refusal> {
    let id = bytes.try_into().map_err(|_| {
        let what = format!("a key set id has 32 bytes, this one has {}", bytes.len());
        Refusal::malformed("key_set_id", what)
    })?;
    Ok(KeySetId(id))
}

fn info_out(info: &KeySetInfo) -> v1::KeySetInfo {
    let world = match info.set.group() {
        (CurveId::Bls12381, GroupId::G1) => World::Bls12381MinPk,
        (CurveId::Bls12381, GroupId::G2) => World::Bls12381MinSig,
        (CurveId::Bn254, _) => World::Bn254,
    };
    v1::KeySetInfo {
        key_set_id: Bytes::copy_from_slice(&info.set.id().0),
        world: words::world_out(world).into(),
        count: info.set.len() as u32,
        name: info.name.clone(),
    }
}

fn encoded(set: &AnyKeySet, first: usize, count: usize, encoding: Encoding) -> Vec<u8> {
    fn range<G: Group>(set: &KeySet<G>, first: usize, count: usize, to: Encoding) -> Vec<u8> {
        let keys = set.keys().iter().skip(first).take(count);
        keys.flat_map(|key| G::encode(Some(key), to)).collect()
    }
    match set {
        AnyKeySet::Bls12381G1(set) => range(set, first, count, encoding),
        AnyKeySet::Bls12381G2(set) => range(set, first, count, encoding),
        AnyKeySet::Bn254G2(set) => range(set, first, count, encoding),
    }
}

/// The messages of an upload.
struct Chunks {
    stream: Streaming<v1::PutKeySetRequest>,
    call: Option<Arc<Call>>,
}

impl Chunks {
    async fn header(&mut self) -> Result<v1::KeySetHeader, Status> {
        let first = self.stream.message().await?;
        match first.and_then(|message| message.part) {
            Some(Part::Header(header)) => Ok(header),
            _ => Err(Refusal::malformed("header", "send the header first").into()),
        }
    }

    /// The bytes of the next chunk.
    async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        let Some(message) = self.stream.message().await? else {
            return Ok(None);
        };
        if let Some(call) = &self.call {
            // A chunk lives only until it is parsed: what it becomes is bounded by the set.
            drop(call.message(message.encoded_len()));
        }
        match message.part {
            Some(Part::Chunk(chunk)) => Ok(Some(chunk.keys)),
            Some(Part::Header(_)) => {
                Err(Refusal::malformed("header", "was sent already; send chunks").into())
            }
            None => Err(Refusal::malformed("part", "send chunks after the header").into()),
        }
    }
}

/// A set on its way in: pieces are checked while the next ones are received.
struct Upload<'a, W: Served> {
    frontend: &'a Arc<Frontend>,
    encoding: Encoding,
    count: usize,
    /// Parsed and not yet given to the engine.
    waiting: Vec<Wire<W::Key>>,
    /// Given to the engine, in order.
    pieces: VecDeque<oneshot::Receiver<Answer>>,
    members: Vec<Member<W::Key>>,
    received: usize,
    /// A key whose bytes can be no point. One before it may still turn out bad.
    unparsable: Option<Refusal>,
}

async fn receive<W: Served>(
    frontend: &Arc<Frontend>,
    header: &v1::KeySetHeader,
    mut chunks: Chunks,
) -> Result<AnyKeySet, Status> {
    let mut upload = Upload::<W>::begin(frontend, header)?;
    while upload.unparsable.is_none()
        && let Some(chunk) = chunks.next().await?
    {
        upload.parse(chunk).await?;
        while upload.waiting.len() >= PIECE_KEYS {
            let rest = upload.waiting.split_off(PIECE_KEYS);
            let piece = std::mem::replace(&mut upload.waiting, rest);
            upload.submit(piece).await?;
        }
    }
    Ok(upload.finish().await?)
}

impl<'a, W: Served> Upload<'a, W> {
    fn begin(frontend: &'a Arc<Frontend>, header: &v1::KeySetHeader) -> Result<Self, Refusal> {
        let encoding = words::encoding("header.encoding", header.encoding, W::WORLD.curve())?;
        let (count, max) = (header.count as usize, frontend.limits().keys_per_set_max);
        if count == 0 || count > max {
            let what = format!("{count} keys; a set has 1 to {max}");
            return Err(Refusal::malformed("header.count", what));
        }
        if header.name.len() > NAME_BYTES_MAX {
            let what = format!("at most {NAME_BYTES_MAX} bytes");
            return Err(Refusal::malformed("header.name", what));
        }
        Ok(Self {
            frontend,
            encoding,
            count,
            waiting: Vec::new(),
            pieces: VecDeque::new(),
            members: Vec::new(),
            received: 0,
            unparsable: None,
        })
    }

    async fn parse(&mut self, chunk: Bytes) -> Result<(), Refusal> {
        let len = self.encoding.len(W::WORLD.key_group());
        if !chunk.len().is_multiple_of(len) {
            let what = format!("{} bytes are no multiple of {len}", chunk.len());
            return Err(Refusal::malformed("chunk.keys", what));
        }
        let keys = chunk.len() / len;
        if self.received + keys > self.count {
            let what = format!("more keys than the {} of the header", self.count);
            return Err(Refusal::malformed("chunk.keys", what));
        }
        let encoding = self.encoding;
        let parsed: Vec<Result<Wire<W::Key>, InvalidReason>> = self
            .frontend
            .read(keys, move |_| {
                let cells = chunk.chunks_exact(len);
                Ok(cells.map(|key| W::Key::parse(encoding, key)).collect())
            })
            .await?;
        for key in parsed {
            match key {
                Ok(key) => self.waiting.push(key),
                Err(reason) => {
                    let index = self.received;
                    self.unparsable = Some(Refusal::BadKey { index, reason });
                    return Ok(());
                }
            }
            self.received += 1;
        }
        Ok(())
    }

    async fn submit(&mut self, piece: Vec<Wire<W::Key>>) -> Result<(), Refusal> {
        if self.pieces.len() >= PIECES_AT_ONCE {
            self.take_answer().await?;
        }
        let options = SubmitOptions {
            priority: Priority::Normal,
            ..SubmitOptions::default()
        };
        loop {
            let (sender, receiver) = oneshot::channel();
            let reply = Box::new(move |answer| {
                // The upload may have been given up.
                let _ = sender.send(answer);
            });
            let keys = piece.clone();
            let work = W::check_keys(KeyParcel { keys });
            match self.frontend.engine.submit(work, options, reply) {
                Ok(_) => {
                    self.pieces.push_back(receiver);
                    return Ok(());
                }
                // An upload can wait: its caller sees only that it takes longer.
                Err(SubmitRefused::QueueFull { retry_after, .. }) => {
                    tokio::time::sleep(retry_after).await;
                }
                Err(SubmitRefused::ShuttingDown) => return Err(Refusal::Draining),
                Err(SubmitRefused::Empty) => unreachable!("pieces have keys"),
            }
        }
    }

    /// The oldest piece's keys become members, or the first bad one ends the upload.
    async fn take_answer(&mut self) -> Result<(), Refusal> {
        let Some(piece) = self.pieces.pop_front() else {
            return Ok(());
        };
        let answer = piece.await.map_err(|_| Refusal::Draining)?;
        let Outcomes::Keys(keys) = answer.outcomes else {
            return Err(undecided(&answer.outcomes));
        };
        let counts = Counts::of(&keys.verdicts());
        self.frontend.metrics.items(Operation::CheckKeys, counts);
        let keys = W::checked(keys)
            .ok_or_else(|| Refusal::KeysUndecided("keys of another group came back".into()))?;
        for key in keys {
            let index = self.members.len();
            self.members
                .push(key.map_err(|reason| Refusal::BadKey { index, reason })?);
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<AnyKeySet, Refusal> {
        let last = std::mem::take(&mut self.waiting);
        if !last.is_empty() {
            self.submit(last).await?;
        }
        while !self.pieces.is_empty() {
            self.take_answer().await?;
        }
        if let Some(refusal) = self.unparsable {
            return Err(refusal);
        }
        if self.members.len() != self.count {
            let what = format!(
                "{} keys came where the header said {}",
                self.members.len(),
                self.count
            );
            return Err(Refusal::malformed("header.count", what));
        }
        let members = self.members;
        // The id is a hash over every key's bytes.
        self.frontend
            .read(members.len(), move |_| {
                Ok(W::any(Arc::new(KeySet::new(members))))
            })
            .await
    }
}

fn undecided(outcomes: &Outcomes) -> Refusal {
    let cause = outcomes.verdicts().into_iter().find_map(|v| match v {
        Verdict::Undecided(cause) => Some(cause.text()),
        _ => None,
    });
    Refusal::KeysUndecided(cause.unwrap_or("no keys came back").to_owned())
}
