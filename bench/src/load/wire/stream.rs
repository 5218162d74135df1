use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use tutti_proto::v1::verify_sets_stream_response::Outcome;
use tutti_proto::v1::{self as wire, verify_service_client::VerifyServiceClient};

use super::Asker;

/// What may wait for the server to read on; it reads no further than it answers.
const WAITING_MAX: usize = 16_384;

/// One `VerifySetsStream`: answers come in any order, each with its request's id.
#[derive(Debug)]
pub(super) struct SetStream {
    requests: mpsc::Sender<wire::VerifySetsStreamRequest>,
    askers: Arc<Askers>,
    next: AtomicU64,
}

#[derive(Default)]
struct Askers(Mutex<HashMap<String, Asker>>);

impl std::fmt::Debug for Askers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} askers", self.0.lock().len())
    }
}

impl SetStream {
    pub(super) async fn open(channel: Channel) -> Result<Self, Status> {
        let (requests, receiver) = mpsc::channel(WAITING_MAX);
        let mut client = VerifyServiceClient::new(channel).max_decoding_message_size(usize::MAX);
        let answers = client
            .verify_sets_stream(ReceiverStream::new(receiver))
            .await?
            .into_inner();
        let askers = Arc::new(Askers::default());
        tokio::spawn(hand_out(answers, Arc::clone(&askers)));
        Ok(Self {
            requests,
            askers,
            next: AtomicU64::new(0),
        })
    }

    pub(super) fn send(&self, mut request: wire::VerifySetsRequest, asker: Asker) {
        let id = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        request
            .options
            .get_or_insert_default()
            .request_id
            .clone_from(&id);
        self.askers.0.lock().insert(id.clone(), asker);
        let request = wire::VerifySetsStreamRequest {
            request: Some(request),
        };
        if self.requests.try_send(request).is_err() {
            self.askers.take(&id, |asker| {
                asker.refuse("the stream has ended or its queue is full".into());
            });
        }
    }
}

impl Askers {
    fn take(&self, id: &str, tell: impl FnOnce(Asker)) {
        let asker = self.0.lock().remove(id);
        if let Some(asker) = asker {
            tell(asker);
        }
    }
}

async fn hand_out(mut answers: Streaming<wire::VerifySetsStreamResponse>, askers: Arc<Askers>) {
    let ended = loop {
        match answers.message().await {
            Ok(Some(answer)) => match answer.outcome {
                Some(Outcome::Response(response)) => {
                    askers.take(&response.request_id.clone(), |asker| {
                        asker.answer(&response);
                    });
                }
                Some(Outcome::Refusal(refusal)) => {
                    askers.take(&refusal.request_id, |asker| asker.refuse(refusal.text));
                }
                None => {}
            },
            Ok(None) => break "the server ended the stream".to_owned(),
            Err(status) => break format!("{:?}: {}", status.code(), status.message()),
        }
    };
    let left: Vec<Asker> = askers.0.lock().drain().map(|(_, asker)| asker).collect();
    for asker in left {
        asker.refuse(ended.clone());
    }
}
