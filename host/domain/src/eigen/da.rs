//! EigenDA's certificates: a blob is in a batch that enough of each of its quorums attested.

use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use alloy_sol_types::{SolValue, sol};
use tutti_statements::eigen::EigenDaBatch;
use tutti_statements::{Body, SigningContext, Statement};

use super::abi::{self, DecodeError, G1Point, G2Point, NonSignerStakesAndSignature};
use super::merkle;
use super::non_signer::{Counted, NonSignerCertificate};
use crate::check::{Fact, Reason, Sheet, Step, input};
use crate::judgement::{Case, Judgement};
use crate::key::KeyKind;
use crate::policy::{Ratio, Rounding, Threshold};
use crate::tally::Tally;

/// Which of the layouts the bytes have. What they hold is the same, but for one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaVersion {
    V2,
    V3,
    /// Names the rules by which rollups make data of the blob.
    V4 {
        derivation_version: u16,
    },
}

/// A blob's certificate, parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct DaCertificate {
    pub version: DaVersion,
    pub batch: EigenDaBatch,
    pub blob: BlobInclusion,
    /// The batch's attestation: quorums, reference block and message hash are the batch's.
    pub attestation: NonSignerCertificate,
}

/// A blob and its place in the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobInclusion {
    pub blob_version: u16,
    pub quorum_numbers: Vec<u8>,
    pub payment_header_hash: B256,
    pub signature: Vec<u8>,
    pub relay_keys: Vec<u32>,
    pub index: u32,
    pub proof: Vec<u8>,
    commitment: RlpCommitment,
}

/// What the contract that verifies certificates is set up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaRules {
    /// Quorums that every blob must be in.
    pub required_quorums: Vec<u8>,
    /// Percent of a quorum's stake that must have signed.
    pub confirmation_percent: u8,
    /// Percent of a quorum's stake that may be dishonest.
    pub adversary_percent: u8,
    /// One for each blob version.
    pub blob_params: Vec<BlobParams>,
    /// What certificates since V4 must name.
    pub derivation_version: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobParams {
    pub max_operators: u32,
    pub chunks: u32,
    pub coding_rate: u8,
}

sol! {
    struct BlobCommitment {
        G1Point commitment;
        G2Point lengthCommitment;
        G2Point lengthProof;
        uint32 length;
    }
}

#[derive(Clone, Debug, PartialEq, Eq, RlpDecodable, RlpEncodable)]
struct RlpG1 {
    x: U256,
    y: U256,
}

#[derive(Clone, Debug, PartialEq, Eq, RlpDecodable, RlpEncodable)]
struct RlpPair {
    first: U256,
    second: U256,
}

#[derive(Clone, Debug, PartialEq, Eq, RlpDecodable, RlpEncodable)]
struct RlpG2 {
    x: RlpPair,
    y: RlpPair,
}

#[derive(Clone, Debug, PartialEq, Eq, RlpDecodable, RlpEncodable)]
struct RlpCommitment {
    commitment: RlpG1,
    length_commitment: RlpG2,
    length_proof: RlpG2,
    length: u32,
}

#[derive(Debug, RlpDecodable, RlpEncodable)]
struct RlpBlobHeader {
    version: u16,
    quorum_numbers: Bytes,
    commitment: RlpCommitment,
    payment_header_hash: B256,
}

#[derive(Debug, RlpDecodable, RlpEncodable)]
struct RlpBlobCertificate {
    header: RlpBlobHeader,
    signature: Bytes,
    relay_keys: Vec<u32>,
}

#[derive(Debug, RlpDecodable, RlpEncodable)]
struct RlpInclusion {
    certificate: RlpBlobCertificate,
    index: u32,
    proof: Bytes,
}

#[derive(Debug, RlpDecodable, RlpEncodable)]
struct RlpBatch {
    root: B256,
    reference_block: u32,
}

#[derive(Debug, RlpDecodable, RlpEncodable)]
struct RlpAttestation {
    non_signer_bitmaps: Vec<u32>,
    non_signers: Vec<RlpG1>,
    quorum_apks: Vec<RlpG1>,
    apk_g2: RlpG2,
    sigma: RlpG1,
    quorum_apk_indices: Vec<u32>,
    total_stakes: Vec<u32>,
    non_signer_stakes: Vec<Vec<u32>>,
}

#[derive(Debug, RlpDecodable, RlpEncodable)]
struct RlpV2 {
    inclusion: RlpInclusion,
    batch: RlpBatch,
    attestation: RlpAttestation,
    signed_quorums: Bytes,
}

#[derive(Debug, RlpDecodable, RlpEncodable)]
struct RlpV3 {
    batch: RlpBatch,
    inclusion: RlpInclusion,
    attestation: RlpAttestation,
    signed_quorums: Bytes,
}

#[derive(Debug, RlpDecodable, RlpEncodable)]
struct RlpV4 {
    batch: RlpBatch,
    inclusion: RlpInclusion,
    attestation: RlpAttestation,
    signed_quorums: Bytes,
    derivation_version: u16,
}

/// A generic commitment, of the EigenDA layer; the version follows.
const PREFIX: [u8; 2] = [1, 0];

impl DaVersion {
    /// What rollups put before the certificate.
    const fn byte(self) -> u8 {
        match self {
            Self::V2 => 1,
            Self::V3 => 2,
            Self::V4 { .. } => 3,
        }
    }
}

impl DaCertificate {
    /// From the bytes that rollups post: two of prefix, one of version, then RLP.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        abi::bounded(bytes)?;
        let Some((&[first, second, version], rlp)) = bytes.split_first_chunk() else {
            return Err(DecodeError::Length {
                expected: 3,
                found: bytes.len(),
            });
        };
        if [first, second] != PREFIX {
            return Err(DecodeError::Number { field: "prefix" });
        }
        match version {
            1 => {
                let v2: RlpV2 = whole(rlp)?;
                let attestation = (v2.attestation, v2.signed_quorums);
                Self::assemble(DaVersion::V2, &v2.batch, v2.inclusion, attestation)
            }
            2 => {
                let v3: RlpV3 = whole(rlp)?;
                let attestation = (v3.attestation, v3.signed_quorums);
                Self::assemble(DaVersion::V3, &v3.batch, v3.inclusion, attestation)
            }
            3 => {
                let v4: RlpV4 = whole(rlp)?;
                let attestation = (v4.attestation, v4.signed_quorums);
                let derivation_version = v4.derivation_version;
                let version = DaVersion::V4 { derivation_version };
                Self::assemble(version, &v4.batch, v4.inclusion, attestation)
            }
            other => Err(DecodeError::UnknownVersion(u64::from(other))),
        }
    }

    fn assemble(
        version: DaVersion,
        batch: &RlpBatch,
        inclusion: RlpInclusion,
        (attestation, signed_quorums): (RlpAttestation, Bytes),
    ) -> Result<Self, DecodeError> {
        let batch = EigenDaBatch {
            batch_root: batch.root.0,
            reference_block_number: batch.reference_block,
        };
        let attestation = NonSignerCertificate::from_params(
            batch_digest(batch),
            signed_quorums.to_vec(),
            batch.reference_block_number,
            attestation.into_params(),
        )?;
        Ok(Self {
            version,
            batch,
            blob: inclusion.into(),
            attestation,
        })
    }

    pub fn encode(&self) -> Vec<u8> {
        let batch = RlpBatch {
            root: self.batch.batch_root.into(),
            reference_block: self.batch.reference_block_number,
        };
        let inclusion = RlpInclusion::from(&self.blob);
        let attestation = RlpAttestation::from_params(&self.attestation.params());
        let signed_quorums = self.attestation.quorum_numbers.clone().into();
        let mut out = [PREFIX[0], PREFIX[1], self.version.byte()].to_vec();
        match self.version {
            DaVersion::V2 => RlpV2 {
                inclusion,
                batch,
                attestation,
                signed_quorums,
            }
            .encode(&mut out),
            DaVersion::V3 => RlpV3 {
                batch,
                inclusion,
                attestation,
                signed_quorums,
            }
            .encode(&mut out),
            DaVersion::V4 { derivation_version } => RlpV4 {
                batch,
                inclusion,
                attestation,
                signed_quorums,
                derivation_version,
            }
            .encode(&mut out),
        }
        out
    }

    /// The contract's order: derivation, inclusion, parameters, signatures, thresholds, quorums.
    pub fn judge(&self, rules: &DaRules, case: &Case<'_>) -> Judgement {
        let mut sheet = case.open(
            KeyKind::Bn254,
            self.attestation.reference(),
            batch_digest(self.batch),
        );
        sheet.note(Step::Parameters, Vec::new(), rules.derive(self.version));
        let leaf = keccak256(self.blob.certificate_hash());
        let root = B256::from(self.batch.batch_root);
        let included = merkle::verify(&self.blob.proof, root, leaf, self.blob.index.into());
        let inputs = vec![
            input("leaf", Fact::Digest(leaf)),
            input("root", Fact::Digest(root)),
        ];
        sheet.note(
            Step::Inclusion,
            inputs,
            included.map_err(|_| Reason::NotIncluded),
        );
        sheet.note(
            Step::Parameters,
            Vec::new(),
            rules.secure(self.blob.blob_version),
        );
        let counted = Counted::Named(&self.blob.quorum_numbers);
        let findings = self.attestation.examine(case, counted, &mut sheet);
        rules.confirm(&findings.tallies, &mut sheet);
        sheet.note(Step::Quorums, Vec::new(), self.quorums_nest(rules));
        case.close(sheet, findings)
    }

    /// Required quorums are among the blob's, and those among the ones that signed.
    fn quorums_nest(&self, rules: &DaRules) -> Result<(), Reason> {
        let blob = &self.blob.quorum_numbers;
        if let Some(pair) = blob.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(Reason::QuorumsUnordered(pair[1]));
        }
        if blob.is_empty() {
            return Err(Reason::NoQuorums);
        }
        let signed = &self.attestation.quorum_numbers;
        let unsigned = blob.iter().find(|number| !signed.contains(number));
        let unmet = rules
            .required_quorums
            .iter()
            .find(|number| !blob.contains(number));
        match unsigned.or(unmet) {
            Some(&number) => Err(Reason::QuorumMissing(number)),
            None => Ok(()),
        }
    }
}

fn whole<T: Decodable>(mut rlp: &[u8]) -> Result<T, DecodeError> {
    let value = T::decode(&mut rlp).map_err(|fault| DecodeError::Rlp(fault.to_string()))?;
    if rlp.is_empty() {
        Ok(value)
    } else {
        Err(DecodeError::NotCanonical)
    }
}

/// What a batch's operators sign.
fn batch_digest(batch: EigenDaBatch) -> B256 {
    let statement = Statement::new(U256::ZERO, Body::EigenDaBatch(batch));
    let statement = statement.expect("a batch names no chain");
    let digest = SigningContext::Raw.digest(&statement);
    B256::from(*digest.expect("batches are signed as they are").as_bytes())
}

impl BlobInclusion {
    /// `hashBlobCertificate`.
    pub fn certificate_hash(&self) -> B256 {
        let commitment = BlobCommitment {
            commitment: (&self.commitment.commitment).into(),
            lengthCommitment: (&self.commitment.length_commitment).into(),
            lengthProof: (&self.commitment.length_proof).into(),
            length: self.commitment.length,
        };
        let quorums = Bytes::copy_from_slice(&self.quorum_numbers);
        let header = (self.blob_version, quorums, commitment).abi_encode_params();
        let header = (keccak256(header), self.payment_header_hash).abi_encode_params();
        let signature = Bytes::copy_from_slice(&self.signature);
        let relay_keys = self.relay_keys.clone();
        keccak256((keccak256(header), signature, relay_keys).abi_encode_params())
    }
}

impl DaRules {
    /// The deployed ones: quorums 0 and 1, 55 of 100 where 33 may be dishonest.
    pub fn deployed() -> Self {
        Self {
            required_quorums: vec![0, 1],
            confirmation_percent: 55,
            adversary_percent: 33,
            blob_params: vec![BlobParams {
                max_operators: 3_537,
                chunks: 8_192,
                coding_rate: 8,
            }],
            derivation_version: 0,
        }
    }

    /// `checkOffchainDerivationVersion`: earlier certificates name none.
    fn derive(&self, version: DaVersion) -> Result<(), Reason> {
        match version {
            DaVersion::V4 { derivation_version }
                if derivation_version != self.derivation_version =>
            {
                Err(Reason::Parameters("another derivation version is in force"))
            }
            _ => Ok(()),
        }
    }

    /// `checkSecurityParams`: what honest signers hold is enough to rebuild a blob.
    fn secure(&self, blob_version: u16) -> Result<(), Reason> {
        let params = self.blob_params.get(usize::from(blob_version));
        let params = params.ok_or(Reason::Parameters("the blob version is not known"))?;
        let honest = self
            .confirmation_percent
            .checked_sub(self.adversary_percent);
        let spare = params.chunks.checked_sub(params.max_operators);
        let (Some(honest), Some(spare)) = (honest, spare) else {
            return Err(Reason::Parameters("more may be dishonest than must sign"));
        };
        let rebuilt = u64::from(params.coding_rate) * u64::from(spare) * u64::from(honest);
        if rebuilt < 100 * u64::from(params.chunks) {
            return Err(Reason::Parameters(
                "too few honest chunks to rebuild a blob",
            ));
        }
        Ok(())
    }

    /// Beside the policy, what the contract demands of each of the blob's quorums.
    fn confirm(&self, tallies: &[Tally], sheet: &mut Sheet) {
        let percent = u64::from(self.confirmation_percent);
        let ratio = Ratio::new(percent, 100).map_err(|_| Reason::Parameters("no percentage"));
        let Some(ratio) = sheet.note(Step::Parameters, Vec::new(), ratio) else {
            return;
        };
        let rounding = Rounding::ExactGe;
        for tally in tallies {
            let least = Threshold::Share { ratio, rounding };
            let inputs = vec![input("quorum", Fact::Number(u64::from(tally.column)))];
            sheet.note(Step::Threshold, inputs, tally.reaches(least));
        }
    }
}

impl From<RlpInclusion> for BlobInclusion {
    fn from(inclusion: RlpInclusion) -> Self {
        let RlpBlobCertificate {
            header,
            signature,
            relay_keys,
        } = inclusion.certificate;
        Self {
            blob_version: header.version,
            quorum_numbers: header.quorum_numbers.to_vec(),
            payment_header_hash: header.payment_header_hash,
            signature: signature.to_vec(),
            relay_keys,
            index: inclusion.index,
            proof: inclusion.proof.to_vec(),
            commitment: header.commitment,
        }
    }
}

impl From<&BlobInclusion> for RlpInclusion {
    fn from(blob: &BlobInclusion) -> Self {
        Self {
            certificate: RlpBlobCertificate {
                header: RlpBlobHeader {
                    version: blob.blob_version,
                    quorum_numbers: blob.quorum_numbers.clone().into(),
                    commitment: blob.commitment.clone(),
                    payment_header_hash: blob.payment_header_hash,
                },
                signature: blob.signature.clone().into(),
                relay_keys: blob.relay_keys.clone(),
            },
            index: blob.index,
            proof: blob.proof.clone().into(),
        }
    }
}

impl RlpAttestation {
    fn into_params(self) -> NonSignerStakesAndSignature {
        let points = |points: Vec<RlpG1>| points.iter().map(Into::into).collect();
        NonSignerStakesAndSignature {
            nonSignerQuorumBitmapIndices: self.non_signer_bitmaps,
            nonSignerPubkeys: points(self.non_signers),
            quorumApks: points(self.quorum_apks),
            apkG2: (&self.apk_g2).into(),
            sigma: (&self.sigma).into(),
            quorumApkIndices: self.quorum_apk_indices,
            totalStakeIndices: self.total_stakes,
            nonSignerStakeIndices: self.non_signer_stakes,
        }
    }

    fn from_params(params: &NonSignerStakesAndSignature) -> Self {
        let points = |points: &[G1Point]| points.iter().map(Into::into).collect();
        Self {
            non_signer_bitmaps: params.nonSignerQuorumBitmapIndices.clone(),
            non_signers: points(&params.nonSignerPubkeys),
            quorum_apks: points(&params.quorumApks),
            apk_g2: (&params.apkG2).into(),
            sigma: (&params.sigma).into(),
            quorum_apk_indices: params.quorumApkIndices.clone(),
            total_stakes: params.totalStakeIndices.clone(),
            non_signer_stakes: params.nonSignerStakeIndices.clone(),
        }
    }
}

impl From<&RlpG1> for G1Point {
    fn from(point: &RlpG1) -> Self {
        Self {
            X: point.x,
            Y: point.y,
        }
    }
}

impl From<&G1Point> for RlpG1 {
    fn from(point: &G1Point) -> Self {
        Self {
            x: point.X,
            y: point.Y,
        }
    }
}

impl From<&RlpG2> for G2Point {
    fn from(point: &RlpG2) -> Self {
        Self {
            X: [point.x.first, point.x.second],
            Y: [point.y.first, point.y.second],
        }
    }
}

impl From<&G2Point> for RlpG2 {
    fn from(point: &G2Point) -> Self {
        let pair = |[first, second]: [U256; 2]| RlpPair { first, second };
        Self {
            x: pair(point.X),
            y: pair(point.Y),
        }
    }
}
