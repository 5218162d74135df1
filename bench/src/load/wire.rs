mod answers;
mod messages;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};
use tutti_proto::v1::certificate_service_client::CertificateServiceClient;
use tutti_proto::v1::key_set_service_client::KeySetServiceClient;
use tutti_proto::v1::operator_set_service_client::OperatorSetServiceClient;
use tutti_proto::v1::verify_service_client::VerifyServiceClient;
use tutti_proto::v1::{self as wire};
use tutti_types::Priority;

use self::answers::Answer;
use self::stream::SetStream;
use super::{Done, Reply, Target, TargetError};
use crate::Twins;
use crate::workload::{Data, Workload};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// No request of a benchmark may hang for ever.
const CALL_TIMEOUT: Duration = Duration::from_mins(1);
/// Threads of the generator, named so that their CPU time can be told from the server's.
pub(crate) const GENERATOR_THREADS: &str = "load-";

/// Which call carries signature sets. What a workload has else has a call of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SetCall {
    /// `VerifySets`, a call for each request.
    #[default]
    Sets,
    /// `VerifyColumns`, a call for each request.
    Columns,
    /// `VerifySetsStream`, one stream for each connection.
    Stream,
}

impl SetCall {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sets => "sets",
            Self::Columns => "columns",
            Self::Stream => "stream",
        }
    }
}

/// A server, spoken to as the contract says and nothing more: no retries, no hedging, so that
/// what the server does is what is measured. The workload's keys are put as a key set, or its
/// operators as sets, before the clock runs, as nodes and relayers have them.
#[derive(Debug)]
pub struct WireTarget {
    runtime: Runtime,
    lines: Vec<Line>,
    endpoint: String,
    call: SetCall,
    next: std::sync::atomic::AtomicUsize,
}

/// A connection, and the stream on it where requests go over one.
#[derive(Debug)]
struct Line {
    channel: Channel,
    stream: Option<SetStream>,
}

/// A call and what it must answer.
#[derive(Clone, Debug)]
pub struct Call {
    message: Message,
    workload: Arc<Workload>,
    items: Arc<[u32]>,
}

#[derive(Clone, Debug)]
enum Message {
    Sets(wire::VerifySetsRequest),
    Streamed(wire::VerifySetsRequest),
    Columns(wire::VerifyColumnsRequest),
    Certificates(wire::VerifyCertificatesRequest),
    Hash(wire::HashToCurveRequest),
    Products(wire::PairingCheckRequest),
}

/// Who is told what became of a call.
struct Asker {
    workload: Arc<Workload>,
    items: Arc<[u32]>,
    done: Done,
}

impl Asker {
    fn answer(self, answer: &impl Answer) {
        let answered = answer.judged(&self.workload, &self.items);
        (self.done)(Reply::Answered(answered));
    }

    fn refuse(self, reason: String) {
        (self.done)(Reply::Refused(reason));
    }

    fn end<A: Answer>(self, result: Result<Response<A>, Status>) {
        match result {
            Ok(response) => self.answer(&response.into_inner()),
            Err(status) => self.refuse(format!("{:?}: {}", status.code(), status.message())),
        }
    }
}

impl WireTarget {
    /// Requests take the connections in turn.
    pub fn connect(endpoint: &str, connections: usize, call: SetCall) -> Result<Self, TargetError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(format!("{GENERATOR_THREADS}calls"))
            .enable_all()
            .build()?;
        let address = Endpoint::from_shared(endpoint.to_owned())
            .map_err(|_| TargetError::Endpoint(endpoint.to_owned()))?
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true);
        // A stream lasts as long as the load does.
        let address = match call {
            SetCall::Stream => address,
            SetCall::Sets | SetCall::Columns => address.timeout(CALL_TIMEOUT),
        };
        let unreachable = |reason| TargetError::Unreachable {
            endpoint: endpoint.to_owned(),
            reason,
        };
        let lines = (0..connections.max(1))
            .map(|_| {
                let channel = runtime.block_on(address.connect());
                let channel = channel.map_err(|error| unreachable(in_full(&error)))?;
                let stream = match call {
                    SetCall::Sets | SetCall::Columns => None,
                    SetCall::Stream => {
                        let opened = runtime.block_on(SetStream::open(channel.clone()));
                        Some(opened.map_err(|status| unreachable(in_full(&status)))?)
                    }
                };
                Ok(Line { channel, stream })
            })
            .collect::<Result<_, TargetError>>()?;
        Ok(Self {
            runtime,
            lines,
            endpoint: endpoint.to_owned(),
            call,
            next: std::sync::atomic::AtomicUsize::new(0),
        })
    }

    /// Puts the workload's keys or operator sets; once for each workload, before its requests
    /// are sent.
    pub fn put_keys(&self, workload: &Workload, twins: Twins) -> Result<(), TargetError> {
        let keys = match &workload.data {
            Data::MinPk(sets) => messages::key_parts(sets),
            Data::Bn254(sets) => messages::key_parts(sets),
            Data::Quorums(quorums) => return self.put_operators(quorums.sets(twins)),
            Data::Mixed(crowds) => {
                return crowds
                    .iter()
                    .try_for_each(|crowd| self.put_keys(&crowd.workload, twins));
            }
            _ => return Ok(()),
        };
        let mut client = KeySetServiceClient::new(self.lines[0].channel.clone());
        self.runtime
            .block_on(client.put_key_set(tokio_stream::iter(keys)))
            .map(|_| ())
            .map_err(|status| TargetError::KeySetRefused(status.message().to_owned()))
    }

    fn put_operators<'a>(
        &self,
        sets: impl Iterator<Item = &'a tutti_domain::OperatorSet>,
    ) -> Result<(), TargetError> {
        let mut client = OperatorSetServiceClient::new(self.lines[0].channel.clone());
        for (nth, set) in sets.enumerate() {
            self.runtime
                .block_on(client.put_operator_set(messages::operator_set(nth, set)))
                .map_err(|status| TargetError::KeySetRefused(status.message().to_owned()))?;
        }
        Ok(())
    }

    fn line(&self) -> &Line {
        let next = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        &self.lines[next % self.lines.len()]
    }
}

/// An error's causes too: tonic's own text says only "transport error".
fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}

impl Target for WireTarget {
    type Request = Call;

    fn name(&self) -> String {
        format!("{} over {} connections", self.endpoint, self.lines.len())
    }

    fn prepare(
        &self,
        workload: &Arc<Workload>,
        items: &[u32],
        priority: Priority,
    ) -> Result<Call, TargetError> {
        Ok(Call {
            message: messages::message(workload, items, priority, self.call)?,
            workload: Arc::clone(workload),
            items: items.into(),
        })
    }

    fn send(&self, call: &Call, done: Done) {
        let Call {
            message,
            workload,
            items,
        } = call.clone();
        let asker = Asker {
            workload,
            items,
            done,
        };
        let line = self.line();
        if let (Message::Streamed(request), Some(stream)) = (&message, &line.stream) {
            return stream.send(request.clone(), asker);
        }
        let channel = line.channel.clone();
        self.runtime.spawn(async move {
            let mut client =
                VerifyServiceClient::new(channel.clone()).max_decoding_message_size(usize::MAX);
            match message {
                Message::Sets(sets) | Message::Streamed(sets) => {
                    asker.end(client.verify_sets(sets).await);
                }
                Message::Columns(columns) => asker.end(client.verify_columns(columns).await),
                Message::Hash(inputs) => asker.end(client.hash_to_curve(inputs).await),
                Message::Products(checks) => asker.end(client.pairing_check(checks).await),
                Message::Certificates(certificates) => {
                    let mut client = CertificateServiceClient::new(channel)
                        .max_decoding_message_size(usize::MAX);
                    asker.end(client.verify_certificates(certificates).await);
                }
            }
        });
    }
}
