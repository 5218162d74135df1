use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tonic::transport::Channel;
use tutti_proto::v1;
use tutti_proto::v1::key_set_service_client::KeySetServiceClient;
use tutti_proto::v1::put_key_set_request::Part;
use tutti_types::{KeySetId, World};

use crate::endpoints::ANSWER_BYTES_MAX;
use crate::items::KeySetInfo;
use crate::{Client, ClientError, words};

const CHUNK_BYTES: usize = 1 << 20;

fn service(channel: Channel) -> KeySetServiceClient<Channel> {
    KeySetServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// The messages of an upload: about a mebibyte of whole keys in each.
fn upload(header: v1::KeySetHeader, keys: &[Bytes]) -> Vec<v1::PutKeySetRequest> {
    let mut parts = vec![Part::Header(header)];
    let mut chunk = BytesMut::new();
    for key in keys {
        if !chunk.is_empty() && chunk.len() + key.len() > CHUNK_BYTES {
            parts.push(Part::Chunk(v1::KeyChunk {
                keys: chunk.split().freeze(),
            }));
        }
        chunk.extend_from_slice(key);
    }
    parts.push(Part::Chunk(v1::KeyChunk {
        keys: chunk.freeze(),
    }));
    let message = |part| v1::PutKeySetRequest { part: Some(part) };
    parts.into_iter().map(message).collect()
}

impl Client {
    /// Puts a set of keys on every server of this client, so that any of them can be asked.
    /// Fails if one server does not take it. Takes as long as checking takes, some 50 µs a key
    /// and core: the client's deadline does not hold here.
    pub async fn put_key_set(
        &self,
        world: World,
        name: &str,
        keys: &[Bytes],
    ) -> Result<KeySetInfo, ClientError> {
        let header = v1::KeySetHeader {
            world: words::world(world).into(),
            encoding: self.wire_encoding(),
            count: keys.len() as u32,
            name: name.to_owned(),
        };
        let messages = upload(header, keys);
        let mut info = None;
        for channel in self.endpoints.all() {
            let stream = tokio_stream::iter(messages.clone());
            let answer = service(channel)
                .put_key_set(self.endpoints.control(stream))
                .await?
                .into_inner();
            info = Some(words::key_set(answer.key_set)?);
        }
        info.ok_or(ClientError::NoEndpoint)
    }

    /// What one of the servers knows of a set, and all its keys in the client's encoding.
    pub async fn get_key_set(&self, id: KeySetId) -> Result<(KeySetInfo, Vec<Bytes>), ClientError> {
        let mut keys = Vec::new();
        loop {
            let request = v1::GetKeySetRequest {
                key_set_id: words::id(id),
                first: keys.len() as u32,
                count: u32::MAX,
                encoding: self.wire_encoding(),
            };
            let send = async |channel, request| service(channel).get_key_set(request).await;
            let answer = self.endpoints.call(&request, send).await?;
            let info = words::key_set(answer.key_set)?;
            let encoding = self
                .encoding
                .unwrap_or(tutti_types::Encoding::canonical(info.world.curve()));
            let len = encoding.len(info.world.key_group());
            let page = answer.keys;
            let whole = page.len() / len * len;
            keys.extend((0..whole).step_by(len).map(|at| page.slice(at..at + len)));
            if keys.len() >= info.count as usize || whole == 0 {
                return Ok((info, keys));
            }
        }
    }

    /// The sets of one of the servers.
    pub async fn list_key_sets(&self) -> Result<Vec<KeySetInfo>, ClientError> {
        let mut sets = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = v1::ListKeySetsRequest {
                page_size: 0,
                page_token,
            };
            let send = async |channel, request| service(channel).list_key_sets(request).await;
            let answer = self.endpoints.call(&request, send).await?;
            for info in answer.key_sets {
                sets.push(words::key_set(Some(info))?);
            }
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                return Ok(sets);
            }
        }
    }

    /// Drops a set on every server that has it. Not found only if none has.
    pub async fn drop_key_set(&self, id: KeySetId) -> Result<(), ClientError> {
        let deadline = self.endpoints.deadline();
        let mut dropped = Err(ClientError::NoEndpoint);
        for channel in self.endpoints.all() {
            let mut request = self.endpoints.control(v1::DropKeySetRequest {
                key_set_id: words::id(id),
            });
            request.set_timeout(deadline.saturating_duration_since(Instant::now()));
            match service(channel).drop_key_set(request).await {
                Ok(_) => dropped = Ok(()),
                Err(status) if status.code() == tonic::Code::NotFound => {
                    dropped = dropped.or(Err(status.into()));
                }
                Err(status) => return Err(status.into()),
            }
        }
        dropped
    }
}
