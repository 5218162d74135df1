use std::time::Instant;

use tonic::transport::Channel;
use tutti_proto::v1;
use tutti_proto::v1::certificate_service_client::CertificateServiceClient;
use tutti_proto::v1::certificate_verdict::Verdict as Kind;
use tutti_proto::v1::operator_set_service_client::OperatorSetServiceClient;
use tutti_proto::v1::put_operator_set_request::Source;
use tutti_proto::v1::put_operator_set_stream_request::Part;

use crate::endpoints::ANSWER_BYTES_MAX;
use crate::{Client, ClientError, words};

/// A few mebibytes of members, whatever they bring along.
const MEMBERS_PER_MESSAGE: usize = 16_384;

/// What a certificate is worth.
#[derive(Clone, Debug, PartialEq)]
pub enum CertificateOutcome {
    /// Enough of the set attested the statement.
    Accept(v1::Accepted),
    /// It can never be accepted as it is, by this set and policy.
    Reject(v1::Rejected),
    /// Nothing can be said now.
    Indeterminate(v1::Indeterminate),
}

/// A set that others take over from, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Advance {
    pub outcome: CertificateOutcome,
    /// The successor, where it is stored.
    pub set: Option<v1::OperatorSetInfo>,
}

/// Changes of a server's operator sets, the present ones first.
pub type SetChanges = tonic::Streaming<v1::WatchOperatorSetsResponse>;

impl std::fmt::Display for CertificateOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Accept(_) => f.write_str("ACCEPT"),
            Self::Reject(rejected) => write!(f, "REJECT({})", rejected.text),
            Self::Indeterminate(cause) => write!(f, "INDETERMINATE({})", cause.text),
        }
    }
}

impl CertificateOutcome {
    /// What a server answered; a verdict of a kind that is not known here is no verdict.
    pub fn read(verdict: Option<v1::CertificateVerdict>) -> Result<Self, ClientError> {
        match verdict.and_then(|verdict| verdict.verdict) {
            Some(Kind::Accept(accepted)) => Ok(Self::Accept(accepted)),
            Some(Kind::Reject(rejected)) => Ok(Self::Reject(rejected)),
            Some(Kind::Indeterminate(cause)) => Ok(Self::Indeterminate(cause)),
            None => Err(ClientError::Misunderstood(
                "a certificate without a verdict".to_owned(),
            )),
        }
    }
}

fn certificates(channel: Channel) -> CertificateServiceClient<Channel> {
    CertificateServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

fn sets(channel: Channel) -> OperatorSetServiceClient<Channel> {
    OperatorSetServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

fn known(set: Option<v1::OperatorSetInfo>) -> Result<v1::OperatorSetInfo, ClientError> {
    set.ok_or_else(|| ClientError::Misunderstood("a set without its description".to_owned()))
}

/// The messages of a set that one message should not hold.
fn parts(
    request: &v1::PutOperatorSetRequest,
) -> Option<impl Iterator<Item = v1::PutOperatorSetStreamRequest> + Send + 'static> {
    let Some(Source::Draft(draft)) = &request.source else {
        return None;
    };
    if draft.members.len() <= MEMBERS_PER_MESSAGE {
        return None;
    }
    let mut head = draft.clone();
    let mut members = std::mem::take(&mut head.members).into_iter();
    let head = Part::Head(v1::OperatorSetHead {
        draft: Some(head),
        options: request.options.clone(),
    });
    let chunks = std::iter::from_fn(move || {
        let members: Vec<_> = members.by_ref().take(MEMBERS_PER_MESSAGE).collect();
        (!members.is_empty()).then_some(Part::Members(v1::OperatorMembers { members }))
    });
    let parts = std::iter::once(head).chain(chunks);
    Some(parts.map(|part| v1::PutOperatorSetStreamRequest { part: Some(part) }))
}

impl Client {
    /// Whether a member of a set signed two statements that nobody may both sign.
    pub async fn verify_evidence(
        &self,
        mut request: v1::VerifyEvidenceRequest,
    ) -> Result<v1::VerifyEvidenceResponse, ClientError> {
        request.options = Some(self.options());
        let send = async |channel, request| certificates(channel).verify_evidence(request).await;
        Box::pin(self.endpoints.call(&request, send)).await
    }

    /// Asks of each certificate whether enough of its set attested its statement.
    pub async fn verify_certificates(
        &self,
        items: Vec<v1::CertificateItem>,
    ) -> Result<Vec<CertificateOutcome>, ClientError> {
        let count = items.len();
        let request = v1::VerifyCertificatesRequest {
            items,
            options: Some(self.options()),
        };
        let send =
            async |channel, request| certificates(channel).verify_certificates(request).await;
        let answer = self.endpoints.call(&request, send).await?;
        let results = words::each(count, answer.results)?.into_iter();
        results
            .map(|result| CertificateOutcome::read(result.verdict))
            .collect()
    }

    /// Every check of a certificate with its inputs and its result.
    pub async fn explain_certificate(
        &self,
        item: v1::CertificateItem,
    ) -> Result<v1::ExplainCertificateResponse, ClientError> {
        let request = v1::ExplainCertificateRequest {
            item: Some(item),
            options: Some(self.options()),
        };
        let send =
            async |channel, request| certificates(channel).explain_certificate(request).await;
        // A certificate item is large by itself, and the call holds several.
        Box::pin(self.endpoints.call(&request, send)).await
    }

    /// The bytes that a contract of the certificate's system takes.
    pub async fn encode_certificate(
        &self,
        request: &v1::EncodeCertificateRequest,
    ) -> Result<v1::EncodeCertificateResponse, ClientError> {
        let send = async |channel, request| certificates(channel).encode_certificate(request).await;
        Box::pin(self.endpoints.call(request, send)).await
    }

    /// Puts a set on every server of this client, so that any of them can be asked. Fails if one
    /// server does not take it. The client's deadline does not hold here: a large set has many
    /// keys to check.
    pub async fn put_operator_set(
        &self,
        mut request: v1::PutOperatorSetRequest,
    ) -> Result<v1::OperatorSetInfo, ClientError> {
        request.options = Some(self.options());
        let mut info = None;
        for channel in self.endpoints.all() {
            let mut server = sets(channel);
            let set = if let Some(parts) = parts(&request) {
                let parts = self.endpoints.control(tokio_stream::iter(parts));
                server
                    .put_operator_set_stream(parts)
                    .await?
                    .into_inner()
                    .set
            } else {
                let whole = self.endpoints.control(request.clone());
                server.put_operator_set(whole).await?.into_inner().set
            };
            info = Some(known(set)?);
        }
        info.ok_or(ClientError::NoEndpoint)
    }

    /// Has a certificate of a set store the set that takes over, on every server.
    pub async fn advance_operator_set(
        &self,
        mut request: v1::AdvanceOperatorSetRequest,
    ) -> Result<Advance, ClientError> {
        request.options = Some(self.options());
        let mut advance = Err(ClientError::NoEndpoint);
        for channel in self.endpoints.all() {
            let answer = sets(channel)
                .advance_operator_set(self.endpoints.control(request.clone()))
                .await?;
            let answer = answer.into_inner();
            advance = Ok(Advance {
                outcome: CertificateOutcome::read(answer.verdict)?,
                set: answer.set,
            });
        }
        advance
    }

    /// Revokes a set on every server that has it. Not found only if none has.
    pub async fn disable_operator_set(
        &self,
        set_id: [u8; 32],
    ) -> Result<v1::OperatorSetInfo, ClientError> {
        let deadline = self.endpoints.deadline();
        let mut disabled = Err(ClientError::NoEndpoint);
        for channel in self.endpoints.all() {
            let mut request = self.endpoints.control(v1::DisableOperatorSetRequest {
                set_id: set_id.to_vec().into(),
            });
            request.set_timeout(deadline.saturating_duration_since(Instant::now()));
            match sets(channel).disable_operator_set(request).await {
                Ok(answer) => disabled = known(answer.into_inner().set),
                Err(status) if status.code() == tonic::Code::NotFound => {
                    disabled = disabled.or(Err(status.into()));
                }
                Err(status) => return Err(status.into()),
            }
        }
        disabled
    }

    /// What one of the servers knows of a set, and some of its members.
    pub async fn get_operator_set(
        &self,
        request: &v1::GetOperatorSetRequest,
    ) -> Result<v1::GetOperatorSetResponse, ClientError> {
        let send = async |channel, request| sets(channel).get_operator_set(request).await;
        self.endpoints.call(request, send).await
    }

    /// The operator sets of one of the servers, by name and reference.
    pub async fn list_operator_sets(&self) -> Result<Vec<v1::OperatorSetInfo>, ClientError> {
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = v1::ListOperatorSetsRequest {
                page_size: 0,
                page_token,
            };
            let send = async |channel, request| sets(channel).list_operator_sets(request).await;
            let answer = self.endpoints.call(&request, send).await?;
            found.extend(answer.sets);
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                return Ok(found);
            }
        }
    }

    /// The sets of one of the servers, and every change from now on.
    pub async fn watch_operator_sets(&self) -> Result<SetChanges, ClientError> {
        let request = v1::WatchOperatorSetsRequest {};
        let channel = self.endpoints.one();
        Ok(sets(channel)
            .watch_operator_sets(request)
            .await?
            .into_inner())
    }
}
