use crate::eigen::NonSignerCertificate;
use crate::judgement::{Case, Judgement};

/// Every kind of certificate, judged in one way.
#[derive(Clone, Debug)]
pub enum Certificate {
    EigenNonSigner(Box<NonSignerCertificate>),
}

impl Certificate {
    /// Makes every check that needs no pairing, in the order of the certificate's own system.
    pub fn judge(&self, case: &Case<'_>) -> Judgement {
        match self {
            Self::EigenNonSigner(certificate) => certificate.judge(case),
        }
    }
}
