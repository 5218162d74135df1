use std::sync::Arc;

use crate::ecdsa::{BeefyCertificate, HyperlaneCertificate, SetExpiry, WormholeCertificate};
use crate::eigen::{DaCertificate, DaRules, MultichainCertificate, NonSignerCertificate};
use crate::ethereum::{AttestationCertificate, BeaconChain, SyncCertificate};
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
    /// On the chain whose validators these are.
    EthAttestation(Box<AttestationCertificate>, Arc<BeaconChain>),
    SyncCommittee(Box<SyncCertificate>, Arc<BeaconChain>),
    Hyperlane(Box<HyperlaneCertificate>),
    Wormhole(Box<WormholeCertificate>, SetExpiry),
    Beefy(Box<BeefyCertificate>),
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
            Self::EthAttestation(certificate, chain) => certificate.judge(chain, case),
            Self::SyncCommittee(certificate, chain) => certificate.judge(chain, case),
            Self::Hyperlane(certificate) => certificate.judge(case),
            Self::Wormhole(certificate, expiry) => certificate.judge(case, *expiry),
            Self::Beefy(certificate) => certificate.judge(case),
        }
    }
}
