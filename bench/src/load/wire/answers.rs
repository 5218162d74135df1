//! What came back: right, wrong or undecided, and the server's own account of its time.

use std::time::Duration;

use tutti_proto::v1::{self as wire, certificate_verdict, point_result, verdict::Kind};

use super::super::Answered;
use crate::workload::Workload;

/// Valid or not; `None` where it is not decided.
type Decision = Option<bool>;

/// An answer of any call.
pub(super) trait Answer {
    fn decisions(&self) -> Vec<Decision>;
    fn timing(&self) -> Option<&wire::Timing>;

    fn judged(&self, workload: &Workload, items: &[u32]) -> Answered {
        let mut answered = workload.judge(items, self.decisions().into_iter());
        if let Some(timing) = self.timing() {
            answered.queued = Duration::from_micros(timing.queue_us);
            answered.computed = Duration::from_micros(timing.compute_us);
        }
        answered
    }
}

fn decision(verdict: Option<&wire::Verdict>) -> Decision {
    match verdict.and_then(|verdict| verdict.kind.as_ref()) {
        Some(Kind::Valid(_)) => Some(true),
        Some(Kind::Invalid(_)) => Some(false),
        Some(Kind::Undecided(_)) | None => None,
    }
}

macro_rules! item_verdicts {
    ($($response:ident),*) => {$(
        impl Answer for wire::$response {
            fn decisions(&self) -> Vec<Decision> {
                let results = self.results.iter();
                results.map(|result| decision(result.verdict.as_ref())).collect()
            }

            fn timing(&self) -> Option<&wire::Timing> {
                self.timing.as_ref()
            }
        }
    )*};
}

item_verdicts!(VerifySetsResponse, PairingCheckResponse);

/// The contract: 1 is VALID, 64 and more INVALID, 128 and more UNDECIDED.
impl Answer for wire::VerifyColumnsResponse {
    fn decisions(&self) -> Vec<Decision> {
        let decision = |byte: &u8| match byte {
            1 => Some(true),
            64..128 => Some(false),
            _ => None,
        };
        self.verdicts.iter().map(decision).collect()
    }

    fn timing(&self) -> Option<&wire::Timing> {
        self.timing.as_ref()
    }
}

impl Answer for wire::HashToCurveResponse {
    fn decisions(&self) -> Vec<Decision> {
        let decision = |result: &wire::PointResult| match &result.outcome {
            Some(point_result::Outcome::Point(_)) => Some(true),
            Some(point_result::Outcome::Invalid(_)) => Some(false),
            Some(point_result::Outcome::Undecided(_)) | None => None,
        };
        self.results.iter().map(decision).collect()
    }

    fn timing(&self) -> Option<&wire::Timing> {
        self.timing.as_ref()
    }
}

impl Answer for wire::VerifyCertificatesResponse {
    fn decisions(&self) -> Vec<Decision> {
        use certificate_verdict::Verdict;
        let decision = |result: &wire::CertificateResult| match result
            .verdict
            .as_ref()
            .and_then(|v| v.verdict.as_ref())
        {
            Some(Verdict::Accept(_)) => Some(true),
            Some(Verdict::Reject(_)) => Some(false),
            Some(Verdict::Indeterminate(_)) | None => None,
        };
        self.results.iter().map(decision).collect()
    }

    fn timing(&self) -> Option<&wire::Timing> {
        self.timing.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_columns_byte_is_read_as_the_contract_says() {
        let response = wire::VerifyColumnsResponse {
            verdicts: vec![1, 64 + 9, 128 + 1, 0, 2].into(),
            ..wire::VerifyColumnsResponse::default()
        };
        let decisions = response.decisions();
        assert_eq!(decisions, [Some(true), Some(false), None, None, None]);
    }
}
