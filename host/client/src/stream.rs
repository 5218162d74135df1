use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use tutti_proto::v1;
use tutti_proto::v1::verify_sets_stream_response::Outcome;
use tutti_types::{Scheme, Verdict};

use crate::items::{Answer, SignatureSet};
use crate::{Client, ClientError, verify, words};

/// Requests handed over and not yet sent.
const UNSENT_MAX: usize = 64;

/// One stream to one server, which any number of tasks may ask through at once: requests are
/// sent as they come, and answers overtake each other. Dropping it lets the server finish what
/// was sent.
#[derive(Debug)]
pub struct VerifyStream {
    client: Client,
    scheme: Scheme,
    requests: mpsc::Sender<v1::VerifySetsStreamRequest>,
    waiting: Arc<Waiting>,
    next: AtomicU64,
}

type Reply = oneshot::Sender<Result<v1::VerifySetsResponse, ClientError>>;

/// Who waits for which answer.
#[derive(Debug, Default)]
struct Waiting {
    replies: Mutex<Replies>,
}

#[derive(Debug, Default)]
struct Replies {
    by_id: HashMap<String, Reply>,
    /// Why there will be no more answers.
    ended: Option<String>,
}

/// Takes the place of a request among those that wait, as long as somebody does.
struct Place<'a> {
    waiting: &'a Waiting,
    id: String,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.lock().by_id.remove(&self.id);
    }
}

impl Waiting {
    fn lock(&self) -> std::sync::MutexGuard<'_, Replies> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, id: &str, reply: Reply) -> Result<Place<'_>, ClientError> {
        let mut replies = self.lock();
        if let Some(why) = &replies.ended {
            return Err(ClientError::Unavailable(why.clone()));
        }
        replies.by_id.insert(id.to_owned(), reply);
        Ok(Place {
            waiting: self,
            id: id.to_owned(),
        })
    }

    fn answer(&self, id: &str, answer: Result<v1::VerifySetsResponse, ClientError>) {
        let reply = self.lock().by_id.remove(id);
        if let Some(reply) = reply {
            // Whoever asked may have lost patience in this moment.
            let _ = reply.send(answer);
        }
    }

    fn end(&self, why: &str) {
        let mut replies = self.lock();
        replies.ended = Some(why.to_owned());
        for (_, reply) in replies.by_id.drain() {
            let _ = reply.send(Err(ClientError::Unavailable(why.to_owned())));
        }
    }
}

impl Client {
    /// Opens a stream for sets of one scheme. It is not tried again when it breaks: what was not
    /// answered then fails with [`ClientError::Unavailable`], and a new stream is needed.
    pub async fn verify_stream(&self, scheme: &Scheme) -> Result<VerifyStream, ClientError> {
        let (requests, receiver) = mpsc::channel(UNSENT_MAX);
        let mut service = verify::service(self.endpoints.one());
        let opening = service.verify_sets_stream(ReceiverStream::new(receiver));
        let deadline = self.endpoints.deadline();
        let answers = tokio::time::timeout_at(deadline.into(), opening)
            .await
            .map_err(|_| ClientError::DeadlineExceeded)??
            .into_inner();
        let waiting = Arc::new(Waiting::default());
        tokio::spawn(hand_out(answers, Arc::clone(&waiting)));
        Ok(VerifyStream {
            client: self.clone(),
            scheme: scheme.clone(),
            requests,
            waiting,
            next: AtomicU64::new(0),
        })
    }
}

async fn hand_out(mut answers: Streaming<v1::VerifySetsStreamResponse>, waiting: Arc<Waiting>) {
    let why = loop {
        match answers.message().await {
            Ok(Some(answer)) => match answer.outcome {
                Some(Outcome::Response(response)) => {
                    let id = response.request_id.clone();
                    waiting.answer(&id, Ok(response));
                }
                Some(Outcome::Refusal(refusal)) => {
                    let id = refusal.request_id.clone();
                    waiting.answer(&id, Err(refused(refusal)));
                }
                None => {}
            },
            Ok(None) => break "the server ended the stream".to_owned(),
            Err(status) => break status.message().to_owned(),
        }
    };
    waiting.end(&why);
}

fn refused(refusal: v1::Refusal) -> ClientError {
    let retry_after = (refusal.retry_after_ms > 0)
        .then(|| std::time::Duration::from_millis(refusal.retry_after_ms.into()));
    match tonic::Code::from_i32(refusal.code as i32) {
        tonic::Code::InvalidArgument => ClientError::Malformed {
            field: refusal.field,
            what: refusal.text,
        },
        tonic::Code::ResourceExhausted => ClientError::Overloaded {
            what: refusal.text,
            retry_after,
        },
        code => Status::new(code, refusal.text).into(),
    }
}

impl VerifyStream {
    /// Checks sets, within the client's deadline.
    pub async fn verify_sets(&self, sets: &[SignatureSet]) -> Result<Answer<Verdict>, ClientError> {
        let deadline = self.client.endpoints.deadline();
        let asked = self.ask(deadline, sets);
        match tokio::time::timeout_at(deadline.into(), asked).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::DeadlineExceeded),
        }
    }

    async fn ask(
        &self,
        deadline: std::time::Instant,
        sets: &[SignatureSet],
    ) -> Result<Answer<Verdict>, ClientError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let left = deadline.saturating_duration_since(std::time::Instant::now());
        let mut options = self.client.options();
        options.request_id.clone_from(&id);
        // The stream itself has no deadline. A little is kept for the way back.
        options.time_limit_ms = (left.as_millis() as u32 / 10 * 9).max(1);
        let request = v1::VerifySetsRequest {
            scheme: Some(words::scheme(&self.scheme)),
            encoding: self.client.wire_encoding(),
            options: Some(options),
            sets: verify::sets(sets),
        };
        let (reply, answer) = oneshot::channel();
        let _place = self.waiting.add(&id, reply)?;
        let gone = || ClientError::Unavailable("the stream has ended".into());
        let message = v1::VerifySetsStreamRequest {
            request: Some(request),
        };
        self.requests.send(message).await.map_err(|_| gone())?;
        let answer = answer.await.map_err(|_| gone())??;
        Ok(Answer {
            results: words::verdicts(sets.len(), answer.results)?,
            timing: words::timing(answer.timing),
        })
    }
}
