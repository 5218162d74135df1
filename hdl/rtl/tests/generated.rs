//! What is kept under `generated/` is what the blocks say.
use std::path::Path;

#[test]
fn kept_verilog_is_what_the_blocks_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated");
    let mut names = Vec::new();
    for (name, text) in tutti_rtl::verilog::files() {
        let kept = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(
            kept == text,
            "{name}: cargo run -p tutti-rtl --bin tutti-rtl-generate"
        );
        names.push(name);
    }
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let name = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("a plain name");
        assert!(names.contains(&name), "{name} is made by nothing");
    }
}
