use std::pin::Pin;
use std::sync::Arc;

use prost::Message as _;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use tutti_engine::Answer;
use tutti_proto::v1;
use tutti_proto::v1::point_result::Outcome;
use tutti_proto::v1::verify_service_server::VerifyService;
use tutti_proto::v1::verify_sets_stream_response::Outcome as StreamOutcome;
use tutti_types::{Encoding, Operation, Scheme, Verdict};

use crate::calls::Call;
use crate::frontend::{Frontend, points, timing};
use crate::metrics::Counts;
use crate::options::{Asked, Caller};
use crate::parse::{self, EmptyRule, JobOutcome, Parsed, Reading};
use crate::refusal::Refusal;
use crate::words;

#[derive(Clone, Debug)]
pub(crate) struct Verify {
    pub(crate) frontend: Arc<Frontend>,
    pub(crate) draining: CancellationToken,
}

type Answers = Pin<Box<dyn Stream<Item = Result<v1::VerifySetsStreamResponse, Status>> + Send>>;

#[tonic::async_trait]
impl VerifyService for Verify {
    type VerifySetsStreamStream = Answers;

    async fn verify_sets(
        &self,
        request: Request<v1::VerifySetsRequest>,
    ) -> Result<Response<v1::VerifySetsResponse>, Status> {
        self.frontend.answer(request, verify_sets).await
    }

    async fn verify_sets_stream(
        &self,
        request: Request<Streaming<v1::VerifySetsStreamRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let in_flight_max = self.frontend.limits().stream_requests_max;
        let (answers, receiver) = mpsc::channel(in_flight_max);
        let call = request.extensions().get::<Arc<Call>>().cloned();
        let stream = SetStream {
            frontend: Arc::clone(&self.frontend),
            draining: self.draining.clone(),
            caller: Caller::of(&request),
            call,
            places: Arc::new(Semaphore::new(in_flight_max)),
            answers,
        };
        tokio::spawn(stream.run(request.into_inner()));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn verify_columns(
        &self,
        request: Request<v1::VerifyColumnsRequest>,
    ) -> Result<Response<v1::VerifyColumnsResponse>, Status> {
        self.frontend.answer(request, verify_columns).await
    }

    async fn aggregate_verify(
        &self,
        request: Request<v1::AggregateVerifyRequest>,
    ) -> Result<Response<v1::AggregateVerifyResponse>, Status> {
        self.frontend.answer(request, aggregate_verify).await
    }

    async fn fast_aggregate_verify(
        &self,
        request: Request<v1::FastAggregateVerifyRequest>,
    ) -> Result<Response<v1::FastAggregateVerifyResponse>, Status> {
        self.frontend.answer(request, fast_aggregate_verify).await
    }

    async fn aggregate(
        &self,
        request: Request<v1::AggregateRequest>,
    ) -> Result<Response<v1::AggregateResponse>, Status> {
        self.frontend.answer(request, aggregate).await
    }

    async fn hash_to_curve(
        &self,
        request: Request<v1::HashToCurveRequest>,
    ) -> Result<Response<v1::HashToCurveResponse>, Status> {
        self.frontend.answer(request, hash_to_curve).await
    }

    async fn pairing_check(
        &self,
        request: Request<v1::PairingCheckRequest>,
    ) -> Result<Response<v1::PairingCheckResponse>, Status> {
        self.frontend.answer(request, pairing_check).await
    }
}

/// What every request that names a scheme begins with.
#[derive(Clone)]
struct Head {
    scheme: Scheme,
    encoding: Encoding,
}

impl Head {
    fn read(scheme: Option<&v1::Scheme>, encoding: i32) -> Result<Self, Refusal> {
        let scheme = words::scheme(scheme)?;
        let encoding = words::encoding("encoding", encoding, scheme.world().curve())?;
        Ok(Self { scheme, encoding })
    }

    const fn operation(&self) -> Operation {
        Operation::Verify(self.scheme.world())
    }

    fn reading(self, frontend: &Frontend) -> Reading<'_> {
        Reading {
            scheme: self.scheme,
            encoding: self.encoding,
            key_sets: frontend.engine.key_sets(),
            limits: frontend.limits(),
        }
    }
}

/// Has the items of a request read and decided.
async fn decided(
    frontend: &Arc<Frontend>,
    head: Head,
    weight: usize,
    asked: &Asked,
    read: impl FnOnce(&Reading<'_>) -> Result<Parsed, Refusal> + Send + 'static,
) -> Result<(Vec<Verdict>, v1::Timing), Refusal> {
    let operation = head.operation();
    let read = move |frontend: &Frontend| read(&head.reading(frontend));
    let parsed = frontend.read(weight, read).await?;
    frontend.decide(operation, parsed, asked).await
}

fn named(ids: &[u64], verdicts: Vec<Verdict>) -> Vec<v1::ItemVerdict> {
    let named = ids.iter().zip(verdicts);
    named
        .map(|(&id, verdict)| v1::ItemVerdict {
            id,
            verdict: Some(words::verdict(verdict)),
        })
        .collect()
}

async fn verify_sets(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::VerifySetsRequest,
) -> Result<v1::VerifySetsResponse, Refusal> {
    let head = Head::read(request.scheme.as_ref(), request.encoding)?;
    let list = List {
        field: "sets",
        sets: request.sets,
        rule: EmptyRule::Refuse,
    };
    let (results, timing) = list.verify(&frontend, head, &asked).await?;
    Ok(v1::VerifySetsResponse {
        request_id: asked.request_id,
        results,
        timing: Some(timing),
    })
}

async fn fast_aggregate_verify(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::FastAggregateVerifyRequest,
) -> Result<v1::FastAggregateVerifyResponse, Refusal> {
    let head = Head::read(request.scheme.as_ref(), request.encoding)?;
    let rule = match v1::EmptyRule::try_from(request.empty_rule) {
        Ok(v1::EmptyRule::Unspecified) => EmptyRule::Refuse,
        Ok(v1::EmptyRule::EthFastAggregateVerify) => EmptyRule::EthFastAggregateVerify,
        Err(_) => return Err(Refusal::malformed("empty_rule", "unknown rule")),
    };
    let list = List {
        field: "items",
        sets: request.items,
        rule,
    };
    let (results, timing) = list.verify(&frontend, head, &asked).await?;
    Ok(v1::FastAggregateVerifyResponse {
        request_id: asked.request_id,
        results,
        timing: Some(timing),
    })
}

/// Signature sets as two calls have them.
struct List {
    field: &'static str,
    sets: Vec<v1::SignatureSet>,
    rule: EmptyRule,
}

impl List {
    async fn verify(
        self,
        frontend: &Arc<Frontend>,
        head: Head,
        asked: &Asked,
    ) -> Result<(Vec<v1::ItemVerdict>, v1::Timing), Refusal> {
        let ids: Vec<u64> = self.sets.iter().map(|set| set.id).collect();
        let signers: usize = self.sets.iter().map(signers).sum();
        let weight = self.sets.len() + signers;
        let read =
            move |reading: &Reading<'_>| parse::sets(reading, self.field, &self.sets, self.rule);
        let (verdicts, timing) = decided(frontend, head, weight, asked, read).await?;
        Ok((named(&ids, verdicts), timing))
    }
}

/// How many signers a set can name, roughly: how long it takes to read.
fn signers(set: &v1::SignatureSet) -> usize {
    use v1::key_set_signers::Selection;
    use v1::signature_set::Signers;
    match &set.signers {
        None => 0,
        Some(Signers::InlineKeys(inline)) => inline.keys.len(),
        Some(Signers::KeySet(set)) => match &set.selection {
            None => 0,
            Some(Selection::Indices(list)) => list.indices.len(),
            Some(Selection::Bitfield(bits)) => bits.len(),
        },
    }
}

async fn verify_columns(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::VerifyColumnsRequest,
) -> Result<v1::VerifyColumnsResponse, Refusal> {
    let head = Head::read(request.scheme.as_ref(), request.encoding)?;
    // What is read item by item.
    let len = head.encoding.len(head.scheme.world().signature_group());
    let cells = (request.signatures.len() + request.message_bytes.len()) / len;
    let weight = cells + request.key_index.len();
    let read = move |reading: &Reading<'_>| parse::columns(reading, &request);
    let (verdicts, timing) = decided(&frontend, head, weight, &asked, read).await?;
    let counts = Counts::of(&verdicts);
    let waits = verdicts.iter().map(|verdict| match verdict {
        Verdict::Undecided(cause) => words::retry_after_ms(*cause),
        _ => 0,
    });
    Ok(v1::VerifyColumnsResponse {
        request_id: asked.request_id,
        retry_after_ms: waits.max().unwrap_or(0),
        verdicts: verdicts.iter().map(|v| v.code()).collect::<Vec<_>>().into(),
        valid_count: counts.valid,
        invalid_count: counts.invalid,
        undecided_count: counts.undecided,
        timing: Some(timing),
    })
}

async fn aggregate_verify(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::AggregateVerifyRequest,
) -> Result<v1::AggregateVerifyResponse, Refusal> {
    let head = Head::read(request.scheme.as_ref(), request.encoding)?;
    let ids: Vec<u64> = request.items.iter().map(|item| item.id).collect();
    let signers = request.items.iter().map(|item| item.signed.len()).sum();
    let read = move |reading: &Reading<'_>| parse::aggregates(reading, &request.items);
    let (verdicts, timing) = decided(&frontend, head, signers, &asked, read).await?;
    Ok(v1::AggregateVerifyResponse {
        request_id: asked.request_id,
        results: named(&ids, verdicts),
        timing: Some(timing),
    })
}

async fn pairing_check(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::PairingCheckRequest,
) -> Result<v1::PairingCheckResponse, Refusal> {
    let ids: Vec<u64> = request.checks.iter().map(|check| check.id).collect();
    let pairs = request.checks.iter().map(|check| check.pairs.len()).sum();
    let parsed = frontend
        .read(pairs, move |frontend| {
            parse::pairings(&request, frontend.limits())
        })
        .await?;
    let (verdicts, timing) = frontend
        .decide(Operation::PairingCheck, parsed, &asked)
        .await?;
    Ok(v1::PairingCheckResponse {
        request_id: asked.request_id,
        results: named(&ids, verdicts),
        timing: Some(timing),
    })
}

async fn hash_to_curve(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::HashToCurveRequest,
) -> Result<v1::HashToCurveResponse, Refusal> {
    let ids: Vec<u64> = request.inputs.iter().map(|input| input.id).collect();
    let mut parsed = frontend
        .read(ids.len(), move |frontend| {
            parse::hashes(&request, frontend.limits())
        })
        .await?;
    let (answers, spent) = match parsed.work.take() {
        None => (Vec::new(), v1::Timing::default()),
        Some(work) => {
            let answer = frontend.ask(work, &asked).await?;
            (points(answer.outcomes), timing(&answer.timing))
        }
    };
    let mut answers = answers.into_iter();
    let outcomes = parsed.verdicts.into_iter().map(|early| match early {
        Some(verdict) => Err(verdict),
        None => answers
            .next()
            .expect("the engine answers each item of a work"),
    });
    let results = point_results(&frontend, Operation::HashToCurve, &ids, outcomes);
    Ok(v1::HashToCurveResponse {
        request_id: asked.request_id,
        results,
        timing: Some(spent),
    })
}

async fn aggregate(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::AggregateRequest,
) -> Result<v1::AggregateResponse, Refusal> {
    let ids: Vec<u64> = request.jobs.iter().map(|job| job.id).collect();
    let all_points = request.jobs.iter().map(|job| job.points.len()).sum();
    let sums = frontend
        .read(all_points, move |frontend| {
            parse::sums(&request, frontend.limits())
        })
        .await?;
    let mut works = sums.works.into_iter();
    let (first, second) = tokio::try_join!(
        ask_if_any(&frontend, works.next(), &asked),
        ask_if_any(&frontend, works.next(), &asked),
    )?;
    let spent = joined_timing(first.as_ref(), second.as_ref());
    let mut answers = [first, second].map(|answer| {
        answer
            .map_or(Vec::new(), |a| points(a.outcomes))
            .into_iter()
    });
    let outcomes = sums.outcomes.into_iter().map(|outcome| match outcome {
        JobOutcome::Early(verdict) => Err(verdict),
        JobOutcome::From(work) => answers[work]
            .next()
            .expect("the engine answers each item of a work"),
    });
    let results = point_results(&frontend, Operation::Aggregate, &ids, outcomes);
    Ok(v1::AggregateResponse {
        request_id: asked.request_id,
        results,
        timing: Some(spent),
    })
}

async fn ask_if_any(
    frontend: &Frontend,
    work: Option<tutti_backend::Work>,
    asked: &Asked,
) -> Result<Option<Answer>, Refusal> {
    match work {
        None => Ok(None),
        Some(work) => frontend.ask(work, asked).await.map(Some),
    }
}

fn joined_timing(first: Option<&Answer>, second: Option<&Answer>) -> v1::Timing {
    let mut joined = v1::Timing::default();
    for part in [first, second]
        .into_iter()
        .flatten()
        .map(|a| timing(&a.timing))
    {
        joined.queue_us = joined.queue_us.max(part.queue_us);
        joined.compute_us = joined.compute_us.max(part.compute_us);
        joined.batches += part.batches;
        joined.backend = part.backend;
    }
    joined
}

fn point_results(
    frontend: &Frontend,
    operation: Operation,
    ids: &[u64],
    outcomes: impl Iterator<Item = Result<Vec<u8>, Verdict>>,
) -> Vec<v1::PointResult> {
    let outcomes: Vec<_> = outcomes.collect();
    let verdicts = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().err().unwrap_or(&Verdict::Valid));
    frontend.metrics.items(operation, Counts::of(verdicts));
    ids.iter()
        .zip(outcomes)
        .map(|(&id, outcome)| v1::PointResult {
            id,
            outcome: Some(match outcome {
                Ok(point) => Outcome::Point(point.into()),
                Err(Verdict::Invalid(reason, part)) => {
                    Outcome::Invalid(words::invalid(reason, part))
                }
                Err(Verdict::Undecided(cause)) => Outcome::Undecided(words::undecided(cause)),
                Err(Verdict::Valid) => unreachable!("a point that is valid is there"),
            }),
        })
        .collect()
}

/// One bidirectional stream: requests come in, at most so many are worked on at once, answers
/// go out as they are ready.
struct SetStream {
    frontend: Arc<Frontend>,
    draining: CancellationToken,
    caller: Caller,
    call: Option<Arc<Call>>,
    places: Arc<Semaphore>,
    answers: mpsc::Sender<Result<v1::VerifySetsStreamResponse, Status>>,
}

impl SetStream {
    /// Dropping the tasks at the end cancels what the caller no longer waits for.
    async fn run(self, mut requests: Streaming<v1::VerifySetsStreamRequest>) {
        let mut tasks = JoinSet::new();
        let end = tokio::select! {
            () = self.answers.closed() => return,
            end = self.take_requests(&mut requests, &mut tasks) => end,
        };
        let finished = async { while tasks.join_next().await.is_some() {} };
        tokio::select! {
            () = self.answers.closed() => return,
            () = finished => {}
        }
        if let Err(status) = end {
            // The caller may be gone.
            let _ = self.answers.send(Err(status)).await;
        }
    }

    /// Until the caller has sent everything, breaks off, or the server stops.
    async fn take_requests(
        &self,
        requests: &mut Streaming<v1::VerifySetsStreamRequest>,
        tasks: &mut JoinSet<()>,
    ) -> Result<(), Status> {
        loop {
            let place = Arc::clone(&self.places)
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            let message = tokio::select! {
                biased;
                () = self.draining.cancelled() => return Err(Refusal::Draining.status()),
                message = requests.message() => message?,
            };
            let Some(message) = message else {
                return Ok(());
            };
            while tasks.try_join_next().is_some() {}
            let held = self
                .call
                .as_ref()
                .and_then(|call| call.message(message.encoded_len()));
            let (frontend, caller) = (Arc::clone(&self.frontend), self.caller);
            let answers = self.answers.clone();
            tasks.spawn(async move {
                let answer = stream_answer(&frontend, caller, message).await;
                drop(held);
                // The caller may be gone.
                let _ = answers.send(Ok(answer)).await;
                drop(place);
            });
        }
    }
}

async fn stream_answer(
    frontend: &Arc<Frontend>,
    caller: Caller,
    message: v1::VerifySetsStreamRequest,
) -> v1::VerifySetsStreamResponse {
    let mut request = message.request.unwrap_or_default();
    let options = request.options.take();
    let request_id = options
        .as_ref()
        .map_or_else(String::new, |options| options.request_id.clone());
    let answer = match caller.asks(options, &frontend.sources) {
        Ok(asked) => verify_sets(Arc::clone(frontend), asked, request).await,
        Err(refusal) => Err(refusal),
    };
    let outcome = match answer {
        Ok(response) => StreamOutcome::Response(response),
        Err(refusal) => StreamOutcome::Refusal(refusal.in_stream(request_id)),
    };
    v1::VerifySetsStreamResponse {
        outcome: Some(outcome),
    }
}
