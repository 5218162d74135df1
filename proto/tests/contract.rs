//! The contract is documented to the last field and keeps buf's STANDARD naming rules.
use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    OneofDescriptorProto, ServiceDescriptorProto,
};
use std::collections::{BTreeMap, BTreeSet};

// Field numbers of descriptor.proto, which source locations are paths of.
const FILE_PACKAGE: i32 = 2;
const FILE_MESSAGES: i32 = 4;
const FILE_ENUMS: i32 = 5;
const FILE_SERVICES: i32 = 6;
const MESSAGE_FIELDS: i32 = 2;
const MESSAGE_NESTED: i32 = 3;
const MESSAGE_ENUMS: i32 = 4;
const MESSAGE_ONEOFS: i32 = 8;
const ENUM_VALUES: i32 = 2;
const SERVICE_METHODS: i32 = 2;

fn files() -> Vec<FileDescriptorProto> {
    let files = FileDescriptorSet::decode(tutti_proto::FILE_DESCRIPTOR_SET)
        .expect("built by build.rs")
        .file;
    assert!(files.len() >= 9, "the set holds every file");
    files
}

/// Every element that must be documented: its source path and its name for people.
fn elements(file: &FileDescriptorProto) -> Vec<(Vec<i32>, String)> {
    let mut found = vec![(vec![FILE_PACKAGE], format!("package of {}", file.name()))];
    for (i, message) in indexed(&file.message_type) {
        message_elements(&[FILE_MESSAGES, i], "", message, &mut found);
    }
    for (i, enumeration) in indexed(&file.enum_type) {
        enum_elements(&[FILE_ENUMS, i], "", enumeration, &mut found);
    }
    for (i, service) in indexed(&file.service) {
        let path = [FILE_SERVICES, i];
        found.push((path.to_vec(), service.name().to_owned()));
        for (j, method) in indexed(&service.method) {
            let name = format!("{}.{}", service.name(), method.name());
            found.push(([&path[..], &[SERVICE_METHODS, j]].concat(), name));
        }
    }
    found
}

fn message_elements(
    path: &[i32],
    outer: &str,
    message: &DescriptorProto,
    found: &mut Vec<(Vec<i32>, String)>,
) {
    let name = format!("{outer}{}", message.name());
    found.push((path.to_vec(), name.clone()));
    for (i, field) in indexed(&message.field) {
        let field_path = [path, &[MESSAGE_FIELDS, i]].concat();
        found.push((field_path, format!("{name}.{}", field.name())));
    }
    for (i, oneof) in written_oneofs(message) {
        let oneof_path = [path, &[MESSAGE_ONEOFS, i]].concat();
        found.push((oneof_path, format!("{name}.{}", oneof.name())));
    }
    let scope = format!("{name}.");
    for (i, nested) in indexed(&message.nested_type) {
        message_elements(
            &[path, &[MESSAGE_NESTED, i]].concat(),
            &scope,
            nested,
            found,
        );
    }
    for (i, nested) in indexed(&message.enum_type) {
        enum_elements(&[path, &[MESSAGE_ENUMS, i]].concat(), &scope, nested, found);
    }
}

/// Without those that stand for fields marked optional, which nobody wrote.
fn written_oneofs(message: &DescriptorProto) -> impl Iterator<Item = (i32, &OneofDescriptorProto)> {
    indexed(&message.oneof_decl).filter(|(i, _)| {
        let mut fields = message.field.iter();
        fields.any(|field| field.oneof_index == Some(*i) && !field.proto3_optional())
    })
}

fn enum_elements(
    path: &[i32],
    outer: &str,
    enumeration: &EnumDescriptorProto,
    found: &mut Vec<(Vec<i32>, String)>,
) {
    let name = format!("{outer}{}", enumeration.name());
    found.push((path.to_vec(), name.clone()));
    for (i, value) in indexed(&enumeration.value) {
        let value_path = [path, &[ENUM_VALUES, i]].concat();
        found.push((value_path, format!("{name}.{}", value.name())));
    }
}

fn indexed<T>(items: &[T]) -> impl Iterator<Item = (i32, &T)> {
    (0..).zip(items)
}

#[test]
fn every_element_has_a_leading_comment() {
    let mut documented = 0;
    let mut bare = Vec::new();
    for file in files() {
        let comments: BTreeMap<_, _> = file
            .source_code_info
            .iter()
            .flat_map(|info| &info.location)
            .filter(|location| !location.leading_comments().trim().is_empty())
            .map(|location| {
                (
                    location.path.clone(),
                    location.leading_comments().to_owned(),
                )
            })
            .collect();
        for (path, name) in elements(&file) {
            if comments.contains_key(&path) {
                documented += 1;
            } else {
                bare.push(name);
            }
        }
    }
    assert!(bare.is_empty(), "without a comment: {bare:#?}");
    assert!(
        documented > 700,
        "only {documented} elements were looked at"
    );
}

fn is_lower_snake(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.contains("__")
        && !name.ends_with('_')
}

fn is_pascal(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

fn upper_snake(pascal: &str) -> String {
    let mut out = String::new();
    for c in pascal.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

#[test]
fn packages_stand_in_their_directories() {
    for file in files() {
        assert_eq!(file.syntax(), "proto3", "{}", file.name());
        assert_eq!(file.package(), "tutti.v1", "{}", file.name());
        let stem = file
            .name()
            .strip_prefix("tutti/v1/")
            .and_then(|name| name.strip_suffix(".proto"))
            .unwrap_or_else(|| panic!("{} is not in tutti/v1", file.name()));
        assert!(is_lower_snake(stem), "{}", file.name());
        assert!(file.public_dependency.is_empty() && file.weak_dependency.is_empty());
    }
}

#[test]
fn messages_and_fields_are_named_by_the_rules() {
    for message in files().iter().flat_map(|file| &file.message_type) {
        assert!(is_pascal(message.name()), "{}", message.name());
        for field in &message.field {
            assert!(
                is_lower_snake(field.name()),
                "{}.{}",
                message.name(),
                field.name()
            );
            assert_ne!(field.name(), "descriptor", "{}", message.name());
        }
        for (_, oneof) in written_oneofs(message) {
            assert!(
                is_lower_snake(oneof.name()),
                "{}.{}",
                message.name(),
                oneof.name()
            );
        }
    }
}

#[test]
fn enums_are_prefixed_and_begin_with_unspecified() {
    let files = files();
    let top = files.iter().flat_map(|file| &file.enum_type);
    let nested = files
        .iter()
        .flat_map(|file| &file.message_type)
        .flat_map(|m| &m.enum_type);
    for enumeration in top.chain(nested) {
        let name = enumeration.name();
        assert!(is_pascal(name), "{name}");
        let prefix = format!("{}_", upper_snake(name));
        let numbers: BTreeSet<_> = enumeration
            .value
            .iter()
            .map(prost_types::EnumValueDescriptorProto::number)
            .collect();
        assert_eq!(numbers.len(), enumeration.value.len(), "{name} has aliases");
        for value in &enumeration.value {
            assert!(
                value.name().starts_with(&prefix),
                "{} in {name}",
                value.name()
            );
        }
        let zero = &enumeration.value[0];
        assert_eq!(
            (zero.number(), zero.name()),
            (0, &*format!("{prefix}UNSPECIFIED"))
        );
    }
}

fn services(files: &[FileDescriptorProto]) -> impl Iterator<Item = &ServiceDescriptorProto> {
    files.iter().flat_map(|file| &file.service)
}

#[test]
fn each_rpc_has_its_own_request_and_response() {
    let files = files();
    let mut used = BTreeSet::new();
    for service in services(&files) {
        let name = service.name();
        assert!(is_pascal(name) && name.ends_with("Service"), "{name}");
        for method in &service.method {
            assert!(is_pascal(method.name()), "{name}.{}", method.name());
            let request = format!(".tutti.v1.{}Request", method.name());
            let response = format!(".tutti.v1.{}Response", method.name());
            assert_eq!(
                (method.input_type(), method.output_type()),
                (&*request, &*response)
            );
            assert!(
                used.insert(request) && used.insert(response),
                "{}",
                method.name()
            );
        }
    }
    assert!(
        used.len() >= 50,
        "only {} request and response types",
        used.len()
    );
}
