use crate::eigen::{DaCertificate, DaRules, MultichainCertificate, NonSignerCertificate};
use crate::icm::IcmCertificate;
use crate::judgement::{Case, Judgement};
use crate::mach::{AlertCertificate, AlertRules};
use crate::symbiotic::SymbioticCertificate;

/// Every kind of certificate, judged in one way.
#[derive(Clone, Debug)]
pub enum Certificate {
    EigenNonSigner(Box<NonSignerCertificate>),
    EigenMultichain(Box<MultichainCertificate>),
    /// With the rules of the contract that would verify it.
    EigenDa(Box<DaCertificate>, DaRules),
    MachAlert(Box<AlertCertificate>, AlertRules),
    SignerBitset(Box<IcmCertificate>),
    SymbioticSimple(Box<SymbioticCertificate>),
}

impl Certificate {
    /// Makes every check that needs no pairing, in the order of the certificate's own system.
    pub fn judge(&self, case: &Case<'_>) -> Judgement {
        match self {
            Self::EigenNonSigner(certificate) => certificate.judge(case),
            Self::EigenMultichain(certificate) => certificate.judge(case),
            Self::EigenDa(certificate, rules) => certificate.judge(rules, case),
            Self::MachAlert(certificate, rules) => certificate.judge(rules, case),
            Self::SignerBitset(certificate) => certificate.judge(case),
            Self::SymbioticSimple(certificate) => certificate.judge(case),
        }
    }
}
