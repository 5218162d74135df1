//! `OperatorSetService`.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use prost::Message as _;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use tutti_backend::Work;
use tutti_domain::{
    B256, ByBackend, Candidate, Obligation, OperatorSet, Outcome, PossessionProof, SetDraft,
    SetError, SetId, Stored, Succession,
};
use tutti_proto::v1;
use tutti_proto::v1::get_operator_set_request::Set;
use tutti_proto::v1::operator_set_service_server::OperatorSetService;
use tutti_proto::v1::put_operator_set_stream_request::Part;
use tutti_types::{UndecidedCause, Verdict};

use crate::attest::{self, Change, Members, Question, Reading, SetSource, Successor};
use crate::calls::Call;
use crate::frontend::Frontend;
use crate::options::{Asked, Caller};
use crate::refusal::Refusal;

const PAGE_SETS: usize = 100;
const PAGE_SETS_MAX: usize = 1_000;
/// Members in one answer.
const PAGE_MEMBERS_MAX: usize = 16_384;
/// Uploads at once: each may grow to hundreds of megabytes.
const UPLOADS_AT_ONCE: usize = 4;
const UPLOAD_RETRY: Duration = Duration::from_secs(1);
/// Changes handed to a watcher's connection before it takes them.
const CHANGES_AHEAD: usize = 16;

#[derive(Clone, Debug)]
pub(crate) struct OperatorSets {
    frontend: Arc<Frontend>,
    draining: CancellationToken,
    uploads: Arc<Semaphore>,
}

impl OperatorSets {
    pub(crate) fn new(frontend: Arc<Frontend>, draining: CancellationToken) -> Self {
        Self {
            frontend,
            draining,
            uploads: Arc::new(Semaphore::new(UPLOADS_AT_ONCE)),
        }
    }
}

type Changes = Pin<Box<dyn Stream<Item = Result<Change, Status>> + Send>>;

#[tonic::async_trait]
impl OperatorSetService for OperatorSets {
    type WatchOperatorSetsStream = Changes;

    async fn put_operator_set(
        &self,
        request: Request<v1::PutOperatorSetRequest>,
    ) -> Result<Response<v1::PutOperatorSetResponse>, Status> {
        self.frontend.answer(request, put).await
    }

    async fn put_operator_set_stream(
        &self,
        request: Request<Streaming<v1::PutOperatorSetStreamRequest>>,
    ) -> Result<Response<v1::PutOperatorSetStreamResponse>, Status> {
        let _upload = self.uploads.try_acquire().map_err(|_| Refusal::QueueFull {
            what: "operator sets are being put",
            retry_after: UPLOAD_RETRY,
        })?;
        let upload = Upload {
            caller: Caller::of(&request),
            call: request.extensions().get::<Arc<Call>>().cloned(),
            parts: request.into_inner(),
        };
        let answer = upload.store(&self.frontend).await?;
        Ok(Response::new(answer))
    }

    async fn advance_operator_set(
        &self,
        request: Request<v1::AdvanceOperatorSetRequest>,
    ) -> Result<Response<v1::AdvanceOperatorSetResponse>, Status> {
        self.frontend.answer(request, advance).await
    }

    async fn disable_operator_set(
        &self,
        request: Request<v1::DisableOperatorSetRequest>,
    ) -> Result<Response<v1::DisableOperatorSetResponse>, Status> {
        let id = attest::set_id("set_id", &request.into_inner().set_id)?;
        self.frontend.sets.disable(id)?;
        Ok(Response::new(v1::DisableOperatorSetResponse {
            set: self.frontend.sets.info(id),
        }))
    }

    async fn get_operator_set(
        &self,
        request: Request<v1::GetOperatorSetRequest>,
    ) -> Result<Response<v1::GetOperatorSetResponse>, Status> {
        let request = request.into_inner();
        let set = find(&self.frontend, request.set.as_ref())?;
        let (first, count) = (request.first as usize, request.count as usize);
        let count = count.min(PAGE_MEMBERS_MAX);
        let info = self.frontend.sets.info(set.id());
        let members = move |_: &Frontend| Ok(attest::set_members(&set, first, count));
        let members = self.frontend.read(count, members).await?;
        Ok(Response::new(v1::GetOperatorSetResponse {
            set: info,
            members,
        }))
    }

    async fn list_operator_sets(
        &self,
        request: Request<v1::ListOperatorSetsRequest>,
    ) -> Result<Response<v1::ListOperatorSetsResponse>, Status> {
        let request = request.into_inner();
        let size = match request.page_size as usize {
            0 => PAGE_SETS,
            size => size.min(PAGE_SETS_MAX),
        };
        let after = match &*request.page_token {
            "" => None,
            token => Some(SetId(token.parse::<B256>().map_err(|_| {
                Refusal::malformed("page_token", "take next_page_token as it came")
            })?)),
        };
        let mut sets = self.frontend.sets.page(after, size + 1);
        let more = sets.len() > size;
        sets.truncate(size);
        let last = sets.last().filter(|_| more);
        let token = last.map(|set| B256::from_slice(&set.set_id).to_string());
        Ok(Response::new(v1::ListOperatorSetsResponse {
            next_page_token: token.unwrap_or_default(),
            sets,
        }))
    }

    async fn watch_operator_sets(
        &self,
        _request: Request<v1::WatchOperatorSetsRequest>,
    ) -> Result<Response<Changes>, Status> {
        let place = Arc::clone(&self.frontend.sets.watchers).try_acquire_owned();
        let place = place.map_err(|_| Refusal::WatchersFull)?;
        let (present, mut changes) = self.frontend.sets.watch();
        let (sender, receiver) = mpsc::channel(CHANGES_AHEAD);
        let draining = self.draining.clone();
        tokio::spawn(async move {
            let _place = place;
            for change in present {
                if sender.send(Ok(change)).await.is_err() {
                    return;
                }
            }
            loop {
                let change = tokio::select! {
                    () = draining.cancelled() => Err(Refusal::Draining),
                    () = sender.closed() => return,
                    change = changes.recv() => match change {
                        Ok(change) => Ok(change),
                        Err(RecvError::Lagged(_)) => Err(Refusal::WatcherTooSlow),
                        Err(RecvError::Closed) => return,
                    },
                };
                let over = change.is_err();
                let change = change.map_err(Status::from);
                if sender.send(change).await.is_err() || over {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

const fn store_outcome(stored: Stored) -> v1::StoreOutcome {
    match stored {
        Stored::New => v1::StoreOutcome::New,
        Stored::Known => v1::StoreOutcome::Known,
    }
}

fn find(frontend: &Frontend, set: Option<&Set>) -> Result<Arc<OperatorSet>, Refusal> {
    let set = set.ok_or_else(|| Refusal::malformed("set", "is required"))?;
    let found = match set {
        Set::SetId(id) => frontend.sets.get(attest::set_id("set_id", id)?),
        Set::At(point) => {
            let name = attest::set_name("at", point.name.as_ref())?;
            let reference = attest::set_reference("at", point.reference.as_ref())?;
            frontend.sets.at(&name, reference)
        }
        Set::Newest(name) => {
            let name = attest::set_name("newest", Some(name))?;
            frontend.sets.newest(&name)
        }
    };
    found.ok_or_else(|| Refusal::UnknownOperatorSet("there is no such set here; put it".into()))
}

async fn put(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::PutOperatorSetRequest,
) -> Result<v1::PutOperatorSetResponse, Refusal> {
    let source = move |reading: Reading<'_>| SetSource::read(&request, reading);
    let set = match read(&frontend, &asked, source).await? {
        SetSource::Draft(draft, proofs) => {
            Arc::new(checked(&frontend, *draft, proofs, &asked).await?)
        }
        SetSource::Committee(set) => set,
    };
    let stored = frontend.sets.put(&set)?;
    Ok(v1::PutOperatorSetResponse {
        request_id: asked.request_id,
        set: frontend.sets.info(set.id()),
        outcome: store_outcome(stored).into(),
    })
}

/// A set that comes in parts. Each is read when it is there, so that only what was read of them
/// is kept.
struct Upload {
    caller: Caller,
    call: Option<Arc<Call>>,
    parts: Streaming<v1::PutOperatorSetStreamRequest>,
}

impl Upload {
    async fn store(
        mut self,
        frontend: &Arc<Frontend>,
    ) -> Result<v1::PutOperatorSetStreamResponse, Status> {
        let Some(Part::Head(head)) = self.next().await? else {
            return Err(Refusal::malformed("part", "begin with the head").into());
        };
        let asked = self.caller.asks(head.options, &frontend.sources)?;
        let draft = head.draft.as_ref();
        let draft = draft.ok_or_else(|| Refusal::malformed("head.draft", "is required"))?;
        let draft = attest::set_head("head.draft", draft)?;
        let (keys, mut members) = (draft.keys, Members::default());
        while let Some(part) = self.next().await? {
            let Part::Members(more) = part else {
                return Err(Refusal::malformed("part", "one head, then members").into());
            };
            let append = move |reading: Reading<'_>| {
                members.append("head.draft", keys, &more.members, reading)
            };
            members = read(frontend, &asked, append).await?;
        }
        let (draft, proofs) = members.of(draft);
        let set = Arc::new(checked(frontend, draft, proofs, &asked).await?);
        let stored = frontend.sets.put(&set)?;
        Ok(v1::PutOperatorSetStreamResponse {
            request_id: asked.request_id,
            set: frontend.sets.info(set.id()),
            outcome: store_outcome(stored).into(),
        })
    }

    /// The memory of a part is given back as soon as it is parsed.
    async fn next(&mut self) -> Result<Option<Part>, Status> {
        let Some(message) = self.parts.message().await? else {
            return Ok(None);
        };
        if let Some(call) = &self.call {
            drop(call.message(message.encoded_len()));
        }
        let part = message.part;
        part.map(Some)
            .ok_or_else(|| Refusal::malformed("part", "is required").into())
    }
}

/// Reads a set on a thread that may wait: its keys are checked by the engine, all at once.
async fn read<T: Send + 'static>(
    frontend: &Arc<Frontend>,
    asked: &Asked,
    read: impl FnOnce(Reading<'_>) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let options = asked.submit;
    let read = move |frontend: &Frontend| {
        let keys = ByBackend(|work: &dyn Fn() -> Work| frontend.check_keys(work, options));
        read(Reading {
            limits: frontend.limits(),
            keys: &keys,
        })
    };
    frontend.read(usize::MAX, read).await
}

/// A set of which everything has been shown.
async fn checked(
    frontend: &Arc<Frontend>,
    draft: SetDraft,
    proofs: Vec<PossessionProof>,
    asked: &Asked,
) -> Result<OperatorSet, Refusal> {
    let check = move |frontend: &Frontend| {
        draft
            .check_proved(frontend.limits(), &proofs)
            .map_err(|error| bad_set(&error))
    };
    let candidate: Candidate = frontend.read(usize::MAX, check).await?;
    let ties = candidate.ties();
    let ties: Vec<&Obligation> = ties.iter().collect();
    let (verdicts, _) = frontend.settle(&ties, asked).await?;
    candidate
        .conclude(&verdicts)
        .map_err(|error| bad_set(&error))
}

fn bad_set(error: &SetError) -> Refusal {
    match error {
        SetError::TiesUndecided(_) => Refusal::KeysUndecided(error.to_string()),
        _ => Refusal::InvalidSet(error.to_string()),
    }
}

async fn advance(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::AdvanceOperatorSetRequest,
) -> Result<v1::AdvanceOperatorSetResponse, Refusal> {
    let attester = attest::set_id("attester_id", &request.attester_id)?;
    let attester = frontend.sets.get(attester).ok_or_else(|| {
        Refusal::UnknownOperatorSet(format!("no attesting set {attester} is here; put it"))
    })?;
    let succession = succession(&frontend, &request, &attester, &asked).await?;
    let (subject, next) = (succession.subject().clone(), succession.next().id());
    let read = move |frontend: &Frontend| {
        let mut question = Question::succession(attester, subject, &request)?;
        if frontend.sets.get(next).is_some() {
            question.is_asked_again();
        }
        let judged = question.judge(&frontend.sets);
        Ok((question, judged))
    };
    let (question, judged) = frontend.read(usize::MAX, read).await?;
    let open: Vec<&Obligation> = judged.obligation().into_iter().collect();
    let (verdicts, _) = frontend.settle(&open, &asked).await?;
    let missing = Verdict::Undecided(UndecidedCause::Cancelled);
    let verdict = verdicts.first().copied().unwrap_or(missing);
    let outcome = question.conclude(judged, verdict, &frontend.sets);
    let stored = match &outcome {
        Outcome::Accept(acceptance) => Some(frontend.sets.advance(
            &succession,
            acceptance,
            question.policy(),
        )?),
        _ => None,
    };
    Ok(v1::AdvanceOperatorSetResponse {
        request_id: asked.request_id,
        verdict: Some(attest::verdict(&outcome, &question.subject)),
        outcome: stored
            .map_or(v1::StoreOutcome::NotStored, store_outcome)
            .into(),
        set: stored.and_then(|_| frontend.sets.info(next)),
    })
}

async fn succession(
    frontend: &Arc<Frontend>,
    request: &v1::AdvanceOperatorSetRequest,
    attester: &Arc<OperatorSet>,
    asked: &Asked,
) -> Result<Succession, Refusal> {
    let (request, attester) = (request.clone(), Arc::clone(attester));
    let successor = move |reading: Reading<'_>| Successor::read(&request, &attester, reading);
    match read(frontend, asked, successor).await? {
        Successor::Proven(succession) => Ok(*succession),
        Successor::Drafted {
            draft,
            proofs,
            commitment,
        } => {
            let next = checked(frontend, *draft, proofs, asked).await?;
            commitment.to(Arc::new(next))
        }
    }
}
