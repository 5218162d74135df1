//! Certificates of every kind on their way in, and back to the bytes that contracts take.

use std::sync::Arc;

use tutti_curves::{Group, bn254};
use tutti_domain::ecdsa::{
    BeefyCertificate, HyperlaneCertificate, HyperlaneMessage, SetExpiry, WormholeCertificate,
};
use tutti_domain::eigen::{
    BlobParams, DaCertificate, DaRules, HistoryIndices, MultichainCertificate,
    NonSignerCertificate, WitnessCache,
};
use tutti_domain::ethereum::{AttestationCertificate, BeaconChain, Committees, LightClientUpdate};
use tutti_domain::icm::IcmCertificate;
use tutti_domain::mach::{AlertCertificate, AlertRules};
use tutti_domain::symbiotic::SymbioticCertificate;
use tutti_domain::{Case, Certificate, Judgement, Subject, U256};
use tutti_proto::v1;
use tutti_proto::v1::CertificateEncoding as Encoding;
use tutti_proto::v1::certificate::Certificate as Wire;
use tutti_proto::v1::eth_attestation_certificate::Attestation;
use tutti_statements::{Body, SigningContext, Statement};

use super::chains::{self, Beacon};
use super::field::Field;
use super::statements;
use crate::refusal::Refusal;

/// A certificate that was read.
#[derive(Debug)]
pub(super) enum Claimed {
    /// Judged by what is in it alone.
    Plain(Certificate),
    /// On a chain whose present is told from the clock.
    OnBeacon(Certificate, Beacon),
    Update(Box<LightClientUpdate>, Beacon),
}

const MACH_LEAST_PERCENT: u8 = 66;
const BLOB_VERSIONS_MAX: usize = 256;
const COMMITTEES_MAX: usize = 64;

impl Claimed {
    /// The statement is needed where the certificate does not name what it signs.
    pub(super) fn read(
        at: &Field,
        certificate: &v1::Certificate,
        subject: Option<&Subject>,
    ) -> Result<Self, Refusal> {
        let kind = at.required("certificate", certificate.certificate.as_ref())?;
        Ok(match kind {
            Wire::EthAttestation(attestation) => {
                let at = at.of("eth_attestation");
                let beacon = Beacon::read(&at, attestation.chain.as_ref())?;
                let read = Box::new(eth_attestation(&at, &beacon.chain, attestation)?);
                let certificate = Certificate::EthAttestation(read, beacon.chain.clone());
                Self::OnBeacon(certificate, beacon)
            }
            Wire::SyncCommittee(signed) => {
                let at = at.of("sync_committee");
                let beacon = Beacon::read(&at, signed.chain.as_ref())?;
                let update = chains::update(&at, &beacon, signed.update.as_ref())?;
                Self::Update(Box::new(update), beacon)
            }
            _ => Self::Plain(plain(at, kind, subject)?),
        })
    }

    /// The typed statement that the certificate itself holds, and is signed for.
    pub(super) fn own_subject(&self) -> Option<Subject> {
        match self {
            Self::Update(update, beacon) => Some(update.certificate().subject(&beacon.chain)),
            Self::Plain(certificate) | Self::OnBeacon(certificate, _) => match certificate {
                Certificate::EthAttestation(attestation, chain) => Some(attestation.subject(chain)),
                Certificate::Hyperlane(certificate) => Some(certificate.subject()),
                Certificate::Wormhole(certificate, _) => Some(certificate.subject()),
                Certificate::EigenDa(certificate, _) => {
                    let batch = Body::EigenDaBatch(certificate.batch);
                    let statement = Statement::new(U256::ZERO, batch).ok()?;
                    Subject::new(statement, SigningContext::Raw).ok()
                }
                _ => None,
            },
        }
    }

    /// The operators whose place in the set's tree it proves.
    pub(super) fn proved(&self) -> WitnessCache {
        match self {
            Self::Plain(Certificate::EigenMultichain(certificate)) => certificate.proved(),
            _ => WitnessCache::new(),
        }
    }

    pub(super) const fn beacon(&self) -> Option<&Beacon> {
        match self {
            Self::Plain(_) => None,
            Self::OnBeacon(_, beacon) | Self::Update(_, beacon) => Some(beacon),
        }
    }

    pub(super) fn judge(&self, case: &Case<'_>, now: u64) -> Judgement {
        match self {
            Self::Plain(certificate) | Self::OnBeacon(certificate, _) => certificate.judge(case),
            Self::Update(update, beacon) => update.judge(&beacon.chain, case, beacon.slot(now)),
        }
    }
}

fn plain(at: &Field, kind: &Wire, subject: Option<&Subject>) -> Result<Certificate, Refusal> {
    Ok(match kind {
        Wire::EigenNonSigner(call) => {
            let read = NonSignerCertificate::decode_call(call);
            let read = read.map_err(|error| at.of("eigen_non_signer").refuse(error))?;
            Certificate::EigenNonSigner(Box::new(read))
        }
        Wire::EigenNonSignerFields(fields) => {
            let at = at.of("eigen_non_signer_fields");
            Certificate::EigenNonSigner(Box::new(non_signer(&at, fields, subject)?))
        }
        Wire::EigenMultichain(bytes) => {
            let read = MultichainCertificate::decode(bytes);
            let read = read.map_err(|error| at.of("eigen_multichain").refuse(error))?;
            Certificate::EigenMultichain(Box::new(read))
        }
        Wire::EigenDa(da) => eigen_da(&at.of("eigen_da"), da)?,
        Wire::MachAlert(alert) => {
            let at = at.of("mach_alert");
            let read = AlertCertificate::decode_call(&alert.call);
            let read = read.map_err(|error| at.of("call").refuse(error))?;
            let least_percent = match at.percent("least_percent", alert.least_percent)? {
                0 => MACH_LEAST_PERCENT,
                percent => percent,
            };
            Certificate::MachAlert(Box::new(read), AlertRules { least_percent })
        }
        Wire::SignerBitset(message) => {
            let read = IcmCertificate::decode(message);
            let read = read.map_err(|error| at.of("signer_bitset").refuse(error))?;
            Certificate::SignerBitset(Box::new(read))
        }
        Wire::SymbioticSimple(proof) => {
            let at = at.of("symbiotic_simple");
            let digest = needed(&at, subject)?.digest();
            let read = SymbioticCertificate::decode(proof.epoch, digest, &proof.proof);
            let read = read.map_err(|error| at.of("proof").refuse(error))?;
            Certificate::SymbioticSimple(Box::new(read))
        }
        _ => ecdsa(at, kind)?,
    })
}

fn ecdsa(at: &Field, kind: &Wire) -> Result<Certificate, Refusal> {
    Ok(match kind {
        Wire::Hyperlane(multisig) => {
            let at = at.of("hyperlane");
            Certificate::Hyperlane(Box::new(hyperlane(&at, multisig)?))
        }
        Wire::Wormhole(wormhole) => {
            let read = WormholeCertificate::decode(&wormhole.vaa);
            let read = read.map_err(|error| at.of("wormhole.vaa").refuse(error))?;
            let expiry = wormhole.expires_at.map_or(SetExpiry::Newest, SetExpiry::At);
            Certificate::Wormhole(Box::new(read), expiry)
        }
        Wire::Beefy(proof) => {
            let read = BeefyCertificate::decode(proof);
            let read = read.map_err(|error| at.of("beefy").refuse(error))?;
            Certificate::Beefy(Box::new(read))
        }
        _ => return Err(at.refuse("unknown kind")),
    })
}

fn needed<'a>(at: &Field, subject: Option<&'a Subject>) -> Result<&'a Subject, Refusal> {
    subject.ok_or_else(|| at.refuse("needs a statement: it does not name what is signed"))
}

fn non_signer(
    at: &Field,
    fields: &v1::NonSignerFields,
    subject: Option<&Subject>,
) -> Result<NonSignerCertificate, Refusal> {
    let points = |name: &str, points: &[bytes::Bytes]| {
        let points = points.iter().enumerate();
        points
            .map(|(index, point)| {
                bn254::G1::parse(tutti_types::Encoding::Eip197, point)
                    .map_err(|reason| at.at(name, index).refuse(reason.text()))
            })
            .collect::<Result<Vec<_>, _>>()
    };
    let stakes = fields.non_signer_stake_indices.iter();
    Ok(NonSignerCertificate {
        message_hash: needed(at, subject)?.digest(),
        quorum_numbers: fields.quorum_numbers.to_vec(),
        reference_block: fields.reference_block,
        non_signers: points("non_signers", &fields.non_signers)?,
        quorum_apks: points("quorum_apks", &fields.quorum_apks)?,
        apk_g2: at.g2("apk_g2", &fields.apk_g2)?,
        signature: at.g1("signature", &fields.signature)?,
        indices: HistoryIndices {
            non_signer_bitmaps: fields.non_signer_bitmap_indices.clone(),
            quorum_apks: fields.quorum_apk_indices.clone(),
            total_stakes: fields.total_stake_indices.clone(),
            non_signer_stakes: stakes.map(|list| list.indices.clone()).collect(),
        },
    })
}

fn eigen_da(at: &Field, da: &v1::EigenDaCertificate) -> Result<Certificate, Refusal> {
    let read = DaCertificate::decode(&da.data).map_err(|error| at.of("data").refuse(error))?;
    let rules = match &da.rules {
        None => DaRules::deployed(),
        Some(rules) => da_rules(&at.of("rules"), rules)?,
    };
    Ok(Certificate::EigenDa(Box::new(read), rules))
}

fn da_rules(at: &Field, rules: &v1::EigenDaRules) -> Result<DaRules, Refusal> {
    if rules.blob_params.len() > BLOB_VERSIONS_MAX {
        return Err(at
            .of("blob_params")
            .refuse(format!("at most {BLOB_VERSIONS_MAX}")));
    }
    let params = rules.blob_params.iter().enumerate().map(|(index, params)| {
        let at = at.at("blob_params", index);
        Ok(BlobParams {
            max_operators: params.max_operators,
            chunks: params.chunks,
            coding_rate: at.narrow("coding_rate", params.coding_rate)?,
        })
    });
    Ok(DaRules {
        required_quorums: rules.required_quorums.to_vec(),
        confirmation_percent: at.percent("confirmation_percent", rules.confirmation_percent)?,
        adversary_percent: at.percent("adversary_percent", rules.adversary_percent)?,
        blob_params: params.collect::<Result<_, Refusal>>()?,
        derivation_version: at.narrow("derivation_version", rules.derivation_version)?,
    })
}

fn eth_attestation(
    at: &Field,
    chain: &BeaconChain,
    certificate: &v1::EthAttestationCertificate,
) -> Result<AttestationCertificate, Refusal> {
    match at.required("attestation", certificate.attestation.as_ref())? {
        Attestation::Indexed(ssz) => AttestationCertificate::decode_indexed(ssz)
            .map_err(|error| at.of("indexed").refuse(error)),
        Attestation::Committees(attestation) => {
            let at = at.of("committees");
            if attestation.committees.len() > COMMITTEES_MAX {
                return Err(at
                    .of("committees")
                    .refuse(format!("at most {COMMITTEES_MAX}")));
            }
            let committees = attestation.committees.iter();
            let committees = committees.map(|committee| committee.validators.clone());
            let committees = Committees::new(committees.collect())
                .map_err(|error| at.of("committees").refuse(error))?;
            AttestationCertificate::decode(chain, &attestation.ssz, Arc::new(committees))
                .map_err(|error| at.of("ssz").refuse(error))
        }
    }
}

fn hyperlane(
    at: &Field,
    multisig: &v1::HyperlaneCertificate,
) -> Result<HyperlaneCertificate, Refusal> {
    let message = HyperlaneMessage::parse(&multisig.message);
    let message = message.map_err(|error| at.of("message").refuse(error))?;
    let threshold = at.narrow("threshold", multisig.threshold)?;
    if threshold == 0 {
        return Err(at.of("threshold").refuse("is at least 1"));
    }
    let read = match v1::HyperlaneMetadata::try_from(multisig.kind) {
        Ok(v1::HyperlaneMetadata::MessageId) => {
            HyperlaneCertificate::decode_message_id(&multisig.metadata, message, threshold)
        }
        Ok(v1::HyperlaneMetadata::MerkleRoot) => {
            HyperlaneCertificate::decode_merkle_root(&multisig.metadata, message, threshold)
        }
        Ok(v1::HyperlaneMetadata::Unspecified) | Err(_) => {
            return Err(at.of("kind").refuse("say which kind of metadata it is"));
        }
    };
    read.map_err(|error| at.of("metadata").refuse(error))
}

/// What a contract of the certificate's system takes.
pub(crate) fn encode(
    request: &v1::EncodeCertificateRequest,
) -> Result<v1::EncodeCertificateResponse, Refusal> {
    let at = Field::new("certificate");
    let subject = request.statement.as_ref();
    let subject = subject
        .map(|statement| statements::subject(&Field::new("statement"), statement))
        .transpose()?;
    let certificate = request.certificate.as_ref();
    let certificate = certificate.ok_or_else(|| at.refuse("is required"))?;
    let Claimed::Plain(certificate) = Claimed::read(&at, certificate, subject.as_ref())? else {
        return Err(Refusal::NotEncodable);
    };
    let (encoding, bytes) = match certificate {
        Certificate::EigenNonSigner(read) => (Encoding::CheckSignaturesCall, read.encode_call()),
        Certificate::EigenDa(read, _) => {
            let call = read.attestation.encode_call();
            (Encoding::CheckSignaturesCall, call)
        }
        Certificate::EigenMultichain(read) => (Encoding::Bn254Certificate, read.encode()),
        Certificate::MachAlert(read, _) => (Encoding::ConfirmAlertCall, read.encode_call()),
        Certificate::SignerBitset(read) => (Encoding::SignedWarpMessage, read.encode()),
        Certificate::SymbioticSimple(read) => (Encoding::SymbioticProof, read.encode()),
        Certificate::Wormhole(read, _) => (Encoding::Vaa, read.encode()),
        _ => return Err(Refusal::NotEncodable),
    };
    Ok(v1::EncodeCertificateResponse {
        encoding: encoding.into(),
        encoded: bytes.into(),
    })
}
