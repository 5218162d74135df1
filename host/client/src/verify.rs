use bytes::Bytes;
use tonic::transport::Channel;
use tutti_proto::v1;
use tutti_proto::v1::verify_service_client::VerifyServiceClient;
use tutti_types::{Encoding, Scheme, Verdict, World};

use crate::endpoints::ANSWER_BYTES_MAX;
use crate::items::{
    Aggregate, AggregateRole, Answer, ColumnKeys, Columns, EmptyRule, Hash, HashInput, PointPair,
    SignatureSet, Signer, Signers, Sum,
};
use crate::{Client, ClientError, words};

pub(crate) fn service(channel: Channel) -> VerifyServiceClient<Channel> {
    VerifyServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

pub(crate) fn sets(sets: &[SignatureSet]) -> Vec<v1::SignatureSet> {
    sets.iter().map(set).collect()
}

fn set(set: &SignatureSet) -> v1::SignatureSet {
    use v1::key_set_signers::Selection;
    use v1::signature_set::Signers as Wire;
    let named = |id, selection| {
        Wire::KeySet(v1::KeySetSigners {
            key_set_id: words::id(id),
            selection: Some(selection),
        })
    };
    let signers = match &set.signers {
        Signers::Keys(keys) => Wire::InlineKeys(v1::InlineKeys { keys: keys.clone() }),
        Signers::Indices { set, indices } => named(
            *set,
            Selection::Indices(v1::KeyIndices {
                indices: indices.clone(),
            }),
        ),
        Signers::Bitfield { set, bits } => named(*set, Selection::Bitfield(bits.clone())),
    };
    v1::SignatureSet {
        id: 0,
        signers: Some(signers),
        message: set.message.clone(),
        signature: set.signature.clone(),
    }
}

fn aggregate(aggregate: &Aggregate) -> v1::AggregateVerifyItem {
    use v1::signed_message::Signer as Wire;
    let signed = aggregate.signed.iter().map(|signed| v1::SignedMessage {
        signer: Some(match &signed.signer {
            Signer::Key(key) => Wire::Key(key.clone()),
            Signer::Index(index) => Wire::KeyIndex(*index),
        }),
        message: signed.message.clone(),
    });
    v1::AggregateVerifyItem {
        id: 0,
        signed: signed.collect(),
        signature: aggregate.signature.clone(),
        key_set_id: aggregate.key_set.map(words::id).unwrap_or_default(),
    }
}

fn hash(hash: &Hash) -> v1::hash_to_curve_request::Hash {
    match hash {
        Hash::Scheme(scheme) => v1::hash_to_curve_request::Hash::Scheme(words::scheme(scheme)),
        Hash::Suite {
            curve,
            group,
            variant,
            dst,
        } => v1::hash_to_curve_request::Hash::Suite(v1::HashSuite {
            curve: words::curve(*curve).into(),
            group: words::group(*group).into(),
            variant: words::variant(*variant).into(),
            dst: dst
                .as_ref()
                .map_or_else(Bytes::new, |dst| Bytes::copy_from_slice(dst.as_bytes())),
        }),
    }
}

impl Client {
    /// Checks signature sets, each with its own signers and message.
    pub async fn verify_sets(
        &self,
        scheme: &Scheme,
        items: &[SignatureSet],
    ) -> Result<Answer<Verdict>, ClientError> {
        let request = v1::VerifySetsRequest {
            scheme: Some(words::scheme(scheme)),
            encoding: self.wire_encoding(),
            options: Some(self.options()),
            sets: sets(items),
        };
        let send = async |channel, request| service(channel).verify_sets(request).await;
        let answer = self.endpoints.call(&request, send).await?;
        Ok(Answer {
            results: words::verdicts(items.len(), answer.results)?,
            timing: words::timing(answer.timing),
        })
    }

    /// Checks signature sets packed in columns. The verdicts do not say which part of an item
    /// is bad.
    pub async fn verify_columns(
        &self,
        scheme: &Scheme,
        columns: Columns,
    ) -> Result<Answer<Verdict>, ClientError> {
        use v1::verify_columns_request::Keys;
        let encoding = self
            .encoding
            .unwrap_or(Encoding::canonical(scheme.world().curve()));
        let items = columns.signatures.len() / encoding.len(scheme.world().signature_group());
        let request = v1::VerifyColumnsRequest {
            scheme: Some(words::scheme(scheme)),
            encoding: self.wire_encoding(),
            options: Some(self.options()),
            signatures: columns.signatures,
            message_bytes: columns.messages,
            message_length: columns.message_length,
            message_index: columns.message_index,
            keys: Some(match columns.keys {
                ColumnKeys::Set(id) => Keys::KeySetId(words::id(id)),
                ColumnKeys::Inline(keys) => Keys::InlineKeys(keys),
            }),
            key_index: columns.key_index,
            key_offset: columns.key_offset,
        };
        let send = async |channel, request| service(channel).verify_columns(request).await;
        let answer = self.endpoints.call(&request, send).await?;
        let codes = words::each(items, answer.verdicts.to_vec())?;
        let verdicts: Result<_, _> = codes.into_iter().map(words::packed).collect();
        Ok(Answer {
            results: verdicts?,
            timing: words::timing(answer.timing),
        })
    }

    /// Checks signatures that are each an aggregate over several messages.
    pub async fn aggregate_verify(
        &self,
        scheme: &Scheme,
        items: &[Aggregate],
    ) -> Result<Answer<Verdict>, ClientError> {
        let request = v1::AggregateVerifyRequest {
            scheme: Some(words::scheme(scheme)),
            encoding: self.wire_encoding(),
            options: Some(self.options()),
            items: items.iter().map(aggregate).collect(),
        };
        let send = async |channel, request| service(channel).aggregate_verify(request).await;
        let answer = self.endpoints.call(&request, send).await?;
        Ok(Answer {
            results: words::verdicts(items.len(), answer.results)?,
            timing: words::timing(answer.timing),
        })
    }

    /// Checks signatures that are each an aggregate of several signers over one message.
    pub async fn fast_aggregate_verify(
        &self,
        scheme: &Scheme,
        rule: EmptyRule,
        items: &[SignatureSet],
    ) -> Result<Answer<Verdict>, ClientError> {
        let rule = match rule {
            EmptyRule::Refuse => v1::EmptyRule::Unspecified,
            EmptyRule::EthFastAggregateVerify => v1::EmptyRule::EthFastAggregateVerify,
        };
        let request = v1::FastAggregateVerifyRequest {
            scheme: Some(words::scheme(scheme)),
            encoding: self.wire_encoding(),
            options: Some(self.options()),
            empty_rule: rule.into(),
            items: sets(items),
        };
        let send = async |channel, request| service(channel).fast_aggregate_verify(request).await;
        let answer = self.endpoints.call(&request, send).await?;
        Ok(Answer {
            results: words::verdicts(items.len(), answer.results)?,
            timing: words::timing(answer.timing),
        })
    }

    /// Adds up signatures or keys; the sums come in `output`, or as the points do.
    pub async fn aggregate(
        &self,
        world: World,
        output: Option<Encoding>,
        sums: &[Sum],
    ) -> Result<Answer<Result<Bytes, Verdict>>, ClientError> {
        let jobs = sums.iter().map(|sum| v1::AggregateJob {
            id: 0,
            role: match sum.role {
                AggregateRole::Signatures => v1::AggregateRole::Signatures.into(),
                AggregateRole::Keys => v1::AggregateRole::Keys.into(),
            },
            points: sum.points.clone(),
        });
        let request = v1::AggregateRequest {
            world: words::world(world).into(),
            encoding: self.wire_encoding(),
            output_encoding: output
                .map_or(v1::Encoding::Unspecified, words::encoding)
                .into(),
            options: Some(self.options()),
            jobs: jobs.collect(),
        };
        let send = async |channel, request| service(channel).aggregate(request).await;
        let answer = self.endpoints.call(&request, send).await?;
        Ok(Answer {
            results: words::points(sums.len(), answer.results)?,
            timing: words::timing(answer.timing),
        })
    }

    /// Hashes messages to points, or maps field elements; the points come in the client's
    /// encoding.
    pub async fn hash_to_curve(
        &self,
        suite: &Hash,
        inputs: &[HashInput],
    ) -> Result<Answer<Result<Bytes, Verdict>>, ClientError> {
        use v1::hash_input::Input;
        let wire_inputs = inputs.iter().map(|input| v1::HashInput {
            id: 0,
            input: Some(match input {
                HashInput::Message(message) => Input::Message(message.clone()),
                HashInput::FieldElement(element) => Input::FieldElement(element.clone()),
            }),
        });
        let request = v1::HashToCurveRequest {
            hash: Some(hash(suite)),
            encoding: self.wire_encoding(),
            options: Some(self.options()),
            inputs: wire_inputs.collect(),
        };
        let send = async |channel, request| service(channel).hash_to_curve(request).await;
        let answer = self.endpoints.call(&request, send).await?;
        Ok(Answer {
            results: words::points(inputs.len(), answer.results)?,
            timing: words::timing(answer.timing),
        })
    }

    /// Checks that products of pairings are one. The encoding decides the curve.
    pub async fn pairing_check(
        &self,
        encoding: Encoding,
        products: &[Vec<PointPair>],
    ) -> Result<Answer<Verdict>, ClientError> {
        let checks = products.iter().map(|pairs| v1::ProductCheck {
            id: 0,
            pairs: pairs
                .iter()
                .map(|pair| v1::PointPair {
                    g1: pair.g1.clone(),
                    g2: pair.g2.clone(),
                })
                .collect(),
        });
        let request = v1::PairingCheckRequest {
            encoding: words::encoding(encoding).into(),
            options: Some(self.options()),
            checks: checks.collect(),
        };
        let send = async |channel, request| service(channel).pairing_check(request).await;
        let answer = self.endpoints.call(&request, send).await?;
        Ok(Answer {
            results: words::verdicts(products.len(), answer.results)?,
            timing: words::timing(answer.timing),
        })
    }
}
