use bytes::Bytes;
use tutti_client::{
    Aggregate, AggregateRole, Client, ClientError, EmptyRule, Hash, HashInput, PointPair,
    SignatureSet, SignedMessage, Signer, Signers, Sum,
};
use tutti_conformance::{self as suite, Answer, SetCase, Sharing, Subject, SubjectError};
use tutti_types::{CurveId, Dst, Encoding, GroupId, HashVariant, Scheme, Verdict, World};

use crate::args::ConformanceArgs;
use crate::exit::{Exit, Failure, say};
use crate::source::Source;

pub(crate) fn conformance(args: &ConformanceArgs) -> Result<Exit, Failure> {
    let cases = suite::load(&args.dir).map_err(Failure::usage)?;
    let source = Source::open(&args.source)?;
    // Asked once by itself, so that a server that is not there is not a failed case each.
    source
        .wait(source.client.capabilities())
        .map_err(Failure::cannot_serve)?;
    let inner_steps = match args.source.endpoint {
        None => InnerSteps::Here,
        Some(_) => InnerSteps::NotOffered,
    };
    let sharing = if args.alone {
        Sharing::Alone
    } else {
        Sharing::Together
    };
    let mut subject = Asked {
        source: &source,
        inner_steps,
    };
    let report = suite::run(&cases, &mut subject, sharing);
    if args.json {
        say(serde_json::to_string(&report).map_err(Failure::usage)?);
    } else {
        say(&report);
    }
    Ok(if report.is_ok() {
        Exit::Well
    } else {
        Exit::Refuted
    })
}

/// Where steps that are no operation of the API are asked.
#[derive(Clone, Copy)]
enum InnerSteps {
    /// Of the code in this process.
    Here,
    NotOffered,
}

/// A server, or the one in this process, as the runner wants to ask it.
struct Asked<'a> {
    source: &'a Source,
    inner_steps: InnerSteps,
}

impl Asked<'_> {
    fn client(&self, encoding: Encoding) -> Client {
        self.source.client.encoding(encoding)
    }

    fn one<T>(
        &self,
        answer: impl Future<Output = Result<tutti_client::Answer<T>, ClientError>>,
    ) -> Answer<T> {
        let mut results = self.all(answer)?;
        match results.pop() {
            Some(result) if results.is_empty() => Ok(result),
            _ => Err(SubjectError::NoAnswer(
                "not one answer for one question".into(),
            )),
        }
    }

    fn all<T>(
        &self,
        answer: impl Future<Output = Result<tutti_client::Answer<T>, ClientError>>,
    ) -> Answer<Vec<T>> {
        self.source
            .wait(answer)
            .map(|answer| answer.results)
            .map_err(|error| SubjectError::NoAnswer(error.to_string()))
    }

    fn hash(
        &self,
        hash: &Hash,
        input: HashInput,
        out: Encoding,
    ) -> Answer<Result<Vec<u8>, Verdict>> {
        let client = self.client(out);
        self.one(client.hash_to_curve(hash, &[input])).map(to_vec)
    }
}

fn to_vec(point: Result<Bytes, Verdict>) -> Result<Vec<u8>, Verdict> {
    point.map(Into::into)
}

fn bytes(all: &[Vec<u8>]) -> Vec<Bytes> {
    all.iter().map(|one| one.clone().into()).collect()
}

fn set(case: &SetCase) -> SignatureSet {
    SignatureSet {
        signers: Signers::Keys(bytes(&case.keys)),
        message: case.message.clone().into(),
        signature: case.signature.clone().into(),
    }
}

impl Subject for Asked<'_> {
    fn verify_sets(
        &mut self,
        scheme: &Scheme,
        encoding: Encoding,
        sets: &[SetCase],
    ) -> Answer<Vec<Verdict>> {
        let sets: Vec<_> = sets.iter().map(set).collect();
        self.all(self.client(encoding).verify_sets(scheme, &sets))
    }

    fn fast_aggregate_verify(
        &mut self,
        scheme: &Scheme,
        encoding: Encoding,
        case: &SetCase,
    ) -> Answer<Verdict> {
        let client = self.client(encoding);
        self.one(client.fast_aggregate_verify(scheme, EmptyRule::Refuse, &[set(case)]))
    }

    fn eth_fast_aggregate_verify(&mut self, case: &SetCase) -> Answer<Verdict> {
        let rule = EmptyRule::EthFastAggregateVerify;
        let client = self.client(Encoding::ZcashCompressed);
        self.one(client.fast_aggregate_verify(&Scheme::Bls12381MinPkPop, rule, &[set(case)]))
    }

    fn aggregate_verify(
        &mut self,
        scheme: &Scheme,
        encoding: Encoding,
        keys: &[Vec<u8>],
        messages: &[Vec<u8>],
        signature: &[u8],
    ) -> Answer<Verdict> {
        if keys.len() != messages.len() {
            return Err(SubjectError::Unsupported(
                "each key signs one message".into(),
            ));
        }
        let signed = keys
            .iter()
            .zip(messages)
            .map(|(key, message)| SignedMessage {
                signer: Signer::Key(key.clone().into()),
                message: message.clone().into(),
            });
        let item = Aggregate {
            signed: signed.collect(),
            signature: signature.to_vec().into(),
            key_set: None,
        };
        self.one(self.client(encoding).aggregate_verify(scheme, &[item]))
    }

    fn aggregate(
        &mut self,
        world: World,
        role: suite::AggregateRole,
        encoding: Encoding,
        points: &[Vec<u8>],
    ) -> Answer<Result<Vec<u8>, Verdict>> {
        let role = match role {
            suite::AggregateRole::Signatures => AggregateRole::Signatures,
            suite::AggregateRole::Keys => AggregateRole::Keys,
        };
        let sum = Sum {
            role,
            points: bytes(points),
        };
        self.one(self.client(encoding).aggregate(world, None, &[sum]))
            .map(to_vec)
    }

    fn hash_to_curve(
        &mut self,
        curve: CurveId,
        group: GroupId,
        variant: HashVariant,
        dst: &[u8],
        message: &[u8],
        out: Encoding,
    ) -> Answer<Result<Vec<u8>, Verdict>> {
        let dst = Dst::new(dst).map_err(|error| SubjectError::Unsupported(error.to_string()))?;
        let suite = Hash::Suite {
            curve,
            group,
            variant,
            dst: Some(dst),
        };
        self.hash(&suite, HashInput::Message(message.to_vec().into()), out)
    }

    fn hash_by_scheme(
        &mut self,
        scheme: &Scheme,
        message: &[u8],
        out: Encoding,
    ) -> Answer<Result<Vec<u8>, Verdict>> {
        let input = HashInput::Message(message.to_vec().into());
        self.hash(&Hash::Scheme(scheme.clone()), input, out)
    }

    fn map_to_curve(
        &mut self,
        curve: CurveId,
        group: GroupId,
        element: &[u8],
        out: Encoding,
    ) -> Answer<Result<Vec<u8>, Verdict>> {
        let variant = HashVariant::NonUniform;
        let suite = Hash::Suite {
            curve,
            group,
            variant,
            dst: None,
        };
        self.hash(
            &suite,
            HashInput::FieldElement(element.to_vec().into()),
            out,
        )
    }

    fn pairing_check(
        &mut self,
        encoding: Encoding,
        pairs: &[(Vec<u8>, Vec<u8>)],
    ) -> Answer<Verdict> {
        let pairs = pairs.iter().map(|(g1, g2)| PointPair {
            g1: g1.clone().into(),
            g2: g2.clone().into(),
        });
        let products = [pairs.collect()];
        self.one(self.source.client.pairing_check(encoding, &products))
    }

    fn expand_message(&mut self, dst: &[u8], message: &[u8], length: usize) -> Answer<Vec<u8>> {
        match self.inner_steps {
            InnerSteps::Here => tutti_curves::expand_message_xmd(message, dst, length)
                .map_err(|error| SubjectError::NoAnswer(error.to_string())),
            InnerSteps::NotOffered => Err(SubjectError::Unsupported(
                "expand_message is no operation of the API".into(),
            )),
        }
    }
}
