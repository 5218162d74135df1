//! Compiles `tutti/v1/*.proto` with protox, so that no protoc is needed.
use prost::Message as _;
use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

const FILES: [&str; 9] = [
    "tutti/v1/certificate.proto",
    "tutti/v1/keyset.proto",
    "tutti/v1/ops.proto",
    "tutti/v1/operator_set.proto",
    "tutti/v1/request.proto",
    "tutti/v1/scheme.proto",
    "tutti/v1/statement.proto",
    "tutti/v1/verdict.proto",
    "tutti/v1/verify.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=tutti");
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    // `bytes` fields become `Bytes`: a column is a slice of the received frame, not a copy.
    tonic_prost_build::configure()
        .bytes(".")
        .compile_fds(descriptors)?;
    Ok(())
}
