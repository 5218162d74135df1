//! `CertificateService`.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use tutti_domain::{EvidenceOutcome, Obligation, Outcome};
use tutti_proto::v1;
use tutti_proto::v1::certificate_service_server::CertificateService;
use tutti_types::{UndecidedCause, Verdict};

use crate::attest::{self, Judged, Question};
use crate::frontend::Frontend;
use crate::options::Asked;
use crate::refusal::Refusal;

/// Reading a certificate and judging it costs about as much as reading this many signature sets.
const READ_AS_SETS: usize = 128;

#[derive(Clone, Debug)]
pub(crate) struct Certificates {
    pub(crate) frontend: Arc<Frontend>,
}

#[tonic::async_trait]
impl CertificateService for Certificates {
    async fn verify_certificate(
        &self,
        request: Request<v1::VerifyCertificateRequest>,
    ) -> Result<Response<v1::VerifyCertificateResponse>, Status> {
        self.frontend.answer(request, verify_one).await
    }

    async fn verify_certificates(
        &self,
        request: Request<v1::VerifyCertificatesRequest>,
    ) -> Result<Response<v1::VerifyCertificatesResponse>, Status> {
        self.frontend.answer(request, verify_many).await
    }

    async fn explain_certificate(
        &self,
        request: Request<v1::ExplainCertificateRequest>,
    ) -> Result<Response<v1::ExplainCertificateResponse>, Status> {
        self.frontend.answer(request, explain).await
    }

    async fn verify_evidence(
        &self,
        request: Request<v1::VerifyEvidenceRequest>,
    ) -> Result<Response<v1::VerifyEvidenceResponse>, Status> {
        self.frontend.answer(request, verify_evidence).await
    }

    async fn encode_certificate(
        &self,
        request: Request<v1::EncodeCertificateRequest>,
    ) -> Result<Response<v1::EncodeCertificateResponse>, Status> {
        let request = request.into_inner();
        let encode = move |_: &Frontend| attest::encode(&request);
        let answer = self.frontend.read(READ_AS_SETS, encode).await?;
        Ok(Response::new(answer))
    }
}

/// What the items of a request are called.
#[derive(Clone, Copy, Debug)]
enum Named {
    One,
    Many,
}

impl Named {
    fn place(self, index: usize) -> String {
        match self {
            Self::One => "item".to_owned(),
            Self::Many => format!("items[{index}]"),
        }
    }

    fn check(self, count: usize, most: usize) -> Result<(), Refusal> {
        match self {
            Self::One if count == 0 => Err(Refusal::malformed("item", "is required")),
            Self::Many if count == 0 => Err(Refusal::malformed("items", "send at least one")),
            Self::Many if count > most => {
                let what = format!("{count} are too many; at most {most} in one request");
                Err(Refusal::malformed("items", what))
            }
            _ => Ok(()),
        }
    }
}

async fn verify_one(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::VerifyCertificateRequest,
) -> Result<v1::VerifyCertificateResponse, Refusal> {
    let items = request.item.into_iter().collect();
    let (mut results, timing) = verify(&frontend, Named::One, items, &asked).await?;
    let result = results.pop().unwrap_or_default();
    Ok(v1::VerifyCertificateResponse {
        request_id: asked.request_id,
        id: result.id,
        verdict: result.verdict,
        timing: Some(timing),
    })
}

async fn verify_many(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::VerifyCertificatesRequest,
) -> Result<v1::VerifyCertificatesResponse, Refusal> {
    let (results, timing) = verify(&frontend, Named::Many, request.items, &asked).await?;
    Ok(v1::VerifyCertificatesResponse {
        request_id: asked.request_id,
        results,
        timing: Some(timing),
    })
}

async fn verify(
    frontend: &Arc<Frontend>,
    named: Named,
    items: Vec<v1::CertificateItem>,
    asked: &Asked,
) -> Result<(Vec<v1::CertificateResult>, v1::Timing), Refusal> {
    named.check(items.len(), frontend.limits().certificates_per_request_max)?;
    let ids: Vec<u64> = items.iter().map(|item| item.id).collect();
    let judge = move |frontend: &Frontend, index, item: &v1::CertificateItem| {
        let place = named.place(index);
        let question = Question::read(&place, Some(item), &frontend.sets)?;
        let judged = question.judge(&frontend.sets);
        Ok((question, judged))
    };
    let judged = frontend.read_each(items, READ_AS_SETS, judge).await?;
    let open: Vec<&Obligation> = judged
        .iter()
        .filter_map(|(_, judged)| judged.obligation())
        .collect();
    let (verdicts, timing) = frontend.settle(&open, asked).await?;
    let mut verdicts = verdicts.into_iter();
    let results = ids.into_iter().zip(judged).map(|(id, (question, judged))| {
        let outcome = concluded(frontend, &question, judged, &mut verdicts);
        v1::CertificateResult {
            id,
            verdict: Some(attest::verdict(&outcome, &question.subject)),
        }
    });
    Ok((results.collect(), timing))
}

/// Takes the next verdict where there was something to compute.
fn concluded(
    frontend: &Frontend,
    question: &Question,
    judged: Judged,
    verdicts: &mut impl Iterator<Item = Verdict>,
) -> Outcome {
    let missing = Verdict::Undecided(UndecidedCause::Cancelled);
    let verdict = match &judged {
        Judged::Settled(_) => missing,
        Judged::Open(..) => verdicts.next().unwrap_or(missing),
    };
    question.conclude(judged, verdict, &frontend.sets)
}

async fn explain(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::ExplainCertificateRequest,
) -> Result<v1::ExplainCertificateResponse, Refusal> {
    let item = request.item;
    let id = item.as_ref().map_or(0, |item| item.id);
    let read = move |frontend: &Frontend| {
        let question = Question::read("item", item.as_ref(), &frontend.sets)?;
        let judged = question.judge(&frontend.sets);
        let obligation = question.obligation(&frontend.sets);
        Ok((question, judged, obligation))
    };
    let (question, judged, obligation) = frontend.read(READ_AS_SETS, read).await?;
    let open: Vec<&Obligation> = obligation.iter().collect();
    let (verdicts, timing) = frontend.settle(&open, &asked).await?;
    let signature = verdicts.first().copied();
    let missing = Verdict::Undecided(UndecidedCause::Cancelled);
    let outcome = question.conclude(judged, signature.unwrap_or(missing), &frontend.sets);
    let (checks, tallies) = question
        .explain(signature, &frontend.sets)
        .unwrap_or_default();
    Ok(v1::ExplainCertificateResponse {
        request_id: asked.request_id,
        id,
        verdict: Some(attest::verdict(&outcome, &question.subject)),
        checks: attest::checks(&checks),
        tallies: attest::tallies(&tallies),
        warnings: question.warnings(),
        timing: Some(timing),
    })
}

async fn verify_evidence(
    frontend: Arc<Frontend>,
    asked: Asked,
    request: v1::VerifyEvidenceRequest,
) -> Result<v1::VerifyEvidenceResponse, Refusal> {
    let read = move |frontend: &Frontend| attest::Charge::read(&request, &frontend.sets);
    let charge = frontend.read(READ_AS_SETS, read).await?;
    let (outcome, timing) = match charge.examine() {
        Ok(accusation) => {
            let open: Vec<&Obligation> = accusation.obligations().iter().collect();
            let (verdicts, timing) = frontend.settle(&open, &asked).await?;
            (accusation.conclude(&verdicts), timing)
        }
        Err(fault) => (EvidenceOutcome::Refuted(fault), v1::Timing::default()),
    };
    Ok(v1::VerifyEvidenceResponse {
        request_id: asked.request_id,
        outcome: Some(charge.outcome(outcome)),
        timing: Some(timing),
    })
}
