//! The contract's messages as JSON: protobuf's own mapping, and what people rather write. Bytes
//! may be hexadecimal with 0x, whole numbers where bytes hold an integer, and a beacon API's
//! object may stand where its text is wanted.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use crate::exit::Failure;

fn descriptor(message: &str) -> Result<MessageDescriptor, Failure> {
    let pool = DescriptorPool::decode(tutti_proto::FILE_DESCRIPTOR_SET).map_err(Failure::usage)?;
    let found = pool.get_message_by_name(message);
    found.ok_or_else(|| Failure::usage(format!("the contract has no {message}")))
}

pub(crate) fn read<M: Message + Default>(message: &str, value: Value) -> Result<M, Failure> {
    let descriptor = descriptor(message)?;
    let Value::Object(mut fields) = value else {
        return Err(Failure::usage(format!("a {message} is a JSON object")));
    };
    normalize(&descriptor, &mut fields)?;
    let name = descriptor.name().to_owned();
    DynamicMessage::deserialize(descriptor, Value::Object(fields))
        .map_err(|error| Failure::usage(format!("{name}: {error}")))?
        .transcode_to()
        .map_err(Failure::usage)
}

/// Bytes in base64, as protobuf's mapping has it.
pub(crate) fn write<M: Message>(message: &str, value: &M) -> Result<Value, Failure> {
    let mut dynamic = DynamicMessage::new(descriptor(message)?);
    dynamic.transcode_from(value).map_err(Failure::usage)?;
    serde_json::to_value(dynamic).map_err(Failure::usage)
}

fn normalize(message: &MessageDescriptor, fields: &mut Map<String, Value>) -> Result<(), Failure> {
    for (name, value) in fields {
        let field = message.get_field_by_json_name(name);
        let Some(field) = field.or_else(|| message.get_field_by_name(name)) else {
            // Reading refuses it by its name.
            continue;
        };
        match value {
            Value::Array(values) if field.is_list() => {
                for value in values {
                    normalize_value(name, &field.kind(), value)?;
                }
            }
            value => normalize_value(name, &field.kind(), value)?,
        }
    }
    Ok(())
}

fn normalize_value(name: &str, kind: &Kind, value: &mut Value) -> Result<(), Failure> {
    match (kind, &mut *value) {
        (Kind::Message(message), Value::Object(fields)) => return normalize(message, fields),
        (Kind::Bytes, Value::String(text)) => {
            if let Some(digits) = text.strip_prefix("0x") {
                let bytes = hex::decode(digits)
                    .map_err(|error| Failure::usage(format!("{name}: {error}")))?;
                *value = BASE64_STANDARD.encode(bytes).into();
            }
        }
        (Kind::Bytes, Value::Number(number)) => {
            let number = number.as_u64().ok_or_else(|| {
                Failure::usage(format!("{name}: {number} is no whole number below 2^64"))
            })?;
            *value = BASE64_STANDARD.encode(number.to_be_bytes()).into();
        }
        (Kind::String, Value::Object(_)) => *value = value.to_string().into(),
        _ => {}
    }
    Ok(())
}
