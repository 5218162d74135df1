use crate::eigen::{DaCertificate, DaRules, MultichainCertificate, NonSignerCertificate};
use crate::judgement::{Case, Judgement};

/// Every kind of certificate, judged in one way.
#[derive(Clone, Debug)]
pub enum Certificate {
    EigenNonSigner(Box<NonSignerCertificate>),
    EigenMultichain(Box<MultichainCertificate>),
    /// With the rules of the contract that would verify it.
    EigenDa(Box<DaCertificate>, DaRules),
}

impl Certificate {
    /// Makes every check that needs no pairing, in the order of the certificate's own system.
    pub fn judge(&self, case: &Case<'_>) -> Judgement {
        match self {
            Self::EigenNonSigner(certificate) => certificate.judge(case),
            Self::EigenMultichain(certificate) => certificate.judge(case),
            Self::EigenDa(certificate, rules) => certificate.judge(rules, case),
        }
    }
}
