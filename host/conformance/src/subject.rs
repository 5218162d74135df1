use tutti_types::{CurveId, Encoding, GroupId, HashVariant, Scheme, Verdict, World};

/// One signature over one message by one or more keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCase {
    pub keys: Vec<Vec<u8>>,
    pub message: Vec<u8>,
    pub signature: Vec<u8>,
}

/// What the points of an aggregate are: infinity may stand among signatures, never among keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateRole {
    Signatures,
    Keys,
}

/// Why the subject gave no answer at all. A refused input is an answer: a [`Verdict`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// The subject has no such operation, scheme or encoding; counted apart, not as a failure.
    #[error("not offered: {0}")]
    Unsupported(String),
    /// It should have answered and did not.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

pub type Answer<T> = Result<T, SubjectError>;

/// Whatever is put to the test: bytes in, verdicts or bytes out, one question at a time.
/// Points that no encoding allows must come back as verdicts, not as errors.
pub trait Subject {
    /// One verdict for each set, in order.
    fn verify_sets(
        &mut self,
        scheme: &Scheme,
        encoding: Encoding,
        sets: &[SetCase],
    ) -> Answer<Vec<Verdict>>;

    /// Several keys with proofs of possession, one message.
    fn fast_aggregate_verify(
        &mut self,
        scheme: &Scheme,
        encoding: Encoding,
        set: &SetCase,
    ) -> Answer<Verdict>;

    /// `fast_aggregate_verify`, where no keys and the signature at infinity are VALID (Altair).
    fn eth_fast_aggregate_verify(&mut self, _set: &SetCase) -> Answer<Verdict> {
        Err(SubjectError::Unsupported(
            "eth_fast_aggregate_verify".into(),
        ))
    }

    /// The n-th key signed the n-th message.
    fn aggregate_verify(
        &mut self,
        scheme: &Scheme,
        encoding: Encoding,
        keys: &[Vec<u8>],
        messages: &[Vec<u8>],
        signature: &[u8],
    ) -> Answer<Verdict>;

    /// The sum of the points in the same encoding, or why there is none.
    fn aggregate(
        &mut self,
        world: World,
        role: AggregateRole,
        encoding: Encoding,
        points: &[Vec<u8>],
    ) -> Answer<Result<Vec<u8>, Verdict>>;

    /// RFC 9380 with SHA-256: SSWU on BLS12-381, SVDW on BN254.
    #[allow(clippy::too_many_arguments)] // The suite of RFC 9380 has that many choices.
    fn hash_to_curve(
        &mut self,
        curve: CurveId,
        group: GroupId,
        variant: HashVariant,
        dst: &[u8],
        message: &[u8],
        out: Encoding,
    ) -> Answer<Result<Vec<u8>, Verdict>>;

    /// The hash that a scheme signs with, or why the scheme signs no such message.
    fn hash_by_scheme(
        &mut self,
        scheme: &Scheme,
        message: &[u8],
        out: Encoding,
    ) -> Answer<Result<Vec<u8>, Verdict>>;

    /// The curve's map with its cofactor cleared. `element` is big-endian, real part first.
    fn map_to_curve(
        &mut self,
        curve: CurveId,
        group: GroupId,
        element: &[u8],
        out: Encoding,
    ) -> Answer<Result<Vec<u8>, Verdict>>;

    /// Whether the product of e(G1, G2) over all pairs is one.
    fn pairing_check(
        &mut self,
        encoding: Encoding,
        pairs: &[(Vec<u8>, Vec<u8>)],
    ) -> Answer<Verdict>;

    /// RFC 9380 `expand_message_xmd` with SHA-256: an inner step that servers do not offer.
    fn expand_message(&mut self, _dst: &[u8], _message: &[u8], _length: usize) -> Answer<Vec<u8>> {
        Err(SubjectError::Unsupported(
            "expand_message is no operation of the API".into(),
        ))
    }
}
