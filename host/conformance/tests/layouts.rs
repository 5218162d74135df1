//! What is read as what, and what is reported as unread.

use std::fs;
use std::path::{Path, PathBuf};

use tutti_conformance::{Check, Expected, ExpectedSets, LoadError, Suite, load};
use tutti_types::{Encoding, Scheme};

/// A folder of the test's own with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&root).expect("a folder for the test");
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder around it")).expect("its folder");
        fs::write(path, text).expect("a file for the test");
    }
    root
}

fn read(name: &str, files: &[(&str, &str)]) -> Suite {
    load(&folder(name, files)).expect("the folder holds JSON")
}

fn only(suite: &Suite) -> &Check {
    assert_eq!(suite.cases.len(), 1, "{suite:?}");
    assert!(suite.unread.is_empty(), "{suite:?}");
    &suite.cases[0].check
}

const VERIFY: &str =
    r#"{"input": {"pubkey": "0xaa", "message": "", "signature": "bb"}, "output": false}"#;

#[test]
fn hexadecimal_may_have_its_prefix_or_not() {
    let suite = read("prefix", &[("verify/a.json", VERIFY)]);
    let Check::Sets { sets, expected, .. } = only(&suite) else {
        panic!("{suite:?}");
    };
    assert_eq!(sets[0].keys, [[0xaa]]);
    assert_eq!(sets[0].signature, [0xbb]);
    assert_eq!(*expected, ExpectedSets::Each(vec![Expected::Invalid]));
}

#[test]
fn the_folder_may_be_the_root_the_suite_the_kind_or_the_file() {
    let root = folder("anywhere", &[("tests/bls/verify/a.json", VERIFY)]);
    for path in [
        "",
        "tests",
        "tests/bls",
        "tests/bls/verify",
        "tests/bls/verify/a.json",
    ] {
        let suite = load(&root.join(path)).expect("the case is below");
        assert_eq!(suite.cases[0].kind, "verify", "{path}");
    }
}

#[test]
fn nothing_to_read_is_an_error() {
    let empty = folder("empty", &[]);
    assert!(matches!(load(&empty), Err(LoadError::Empty(_))));
    let prose = folder("prose", &[("README.md", "no vectors here")]);
    assert!(matches!(load(&prose), Err(LoadError::Empty(_))));
    let missing = empty.join("nowhere");
    assert!(matches!(load(&missing), Err(LoadError::Missing(_))));
}

#[test]
fn what_no_layout_explains_is_unread() {
    let files = [
        ("verify/good.json", VERIFY),
        ("verify/not_json.json", "{"),
        (
            "verify/odd_digits.json",
            r#"{"input": {"pubkey": "0xa", "message": "", "signature": ""}, "output": false}"#,
        ),
        (
            "verify/no_output.json",
            r#"{"input": {"pubkey": "", "message": "", "signature": ""}}"#,
        ),
        ("juggle/a.json", VERIFY),
        (
            "other/list.json",
            r#"[{"Name": "what is this", "Input": "00", "Expected": "00"}]"#,
        ),
        (
            "other/both.json",
            r#"[{"Name": "pairing", "Input": "00", "Expected": "00", "ExpectedError": "x"}]"#,
        ),
        ("other/empty_list.json", "[]"),
        ("other/object.json", r#"{"hello": 1}"#),
        (
            "verify/scheme.json",
            r#"{"scheme": "rsa", "input": {}, "output": true}"#,
        ),
        (
            "verify/untagged.json",
            r#"{"scheme": "bls12381-min-sig", "input": {}, "output": true}"#,
        ),
        (
            "verify/curve.json",
            r#"{"encoding": "eip197", "input": {}, "output": true}"#,
        ),
        (
            "verify/reason.json",
            r#"{"reason": "because", "input": {}, "output": true}"#,
        ),
        ("notes.txt", "not JSON"),
        (".git/config.json", "{}"),
    ];
    let suite = read("unread", &files);
    assert_eq!(suite.cases.len(), 1);
    assert_eq!(suite.unread.len(), 12, "{:#?}", suite.unread);
    assert_eq!(suite.ignored, [Path::new("notes.txt")]);
}

#[test]
fn a_head_names_scheme_tag_and_encoding() {
    let text = r#"{"scheme": "bn254-rfc9380", "dst": "TAG", "encoding": "gnark-compressed",
        "input": {"pubkeys": ["00", "01"], "message": "02", "signature": "03"}, "output": true}"#;
    let suite = read("head", &[("fast_aggregate_verify/a.json", text)]);
    let Check::FastAggregateVerify {
        scheme, encoding, ..
    } = only(&suite)
    else {
        panic!("{suite:?}");
    };
    let Scheme::Bn254Rfc9380(dst) = scheme else {
        panic!("{scheme:?}");
    };
    assert_eq!(dst.as_bytes(), b"TAG");
    assert_eq!(*encoding, Encoding::GnarkCompressed);
    assert_eq!(suite.cases[0].kind, "bn254-rfc9380/fast_aggregate_verify");
}

#[test]
fn lists_of_unequal_length_are_not_offered() {
    let text =
        r#"{"input": {"pubkeys": ["00"], "messages": [], "signatures": ["00"]}, "output": false}"#;
    let suite = read("unequal", &[("batch_verify/a.json", text)]);
    assert!(matches!(only(&suite), Check::NotOffered(_)));
}

/// The EIP's names and go-ethereum's, and the names of calls where the file's says nothing.
#[test]
fn precompile_files_are_known_by_many_names() {
    let call = r#"[{"Name": "some", "Input": "", "ExpectedError": "empty"}]"#;
    let named = r#"[{"Name": "bls_pairing_e(G1,0)", "Input": "", "ExpectedError": "empty"}]"#;
    let names = [
        ("add_G1_bls.json", "eip2537/add_G1"),
        ("blsG2Add.json", "eip2537/add_G2"),
        ("fail-add_G2_bls.json", "eip2537/add_G2"),
        ("blsG1MultiExp.json", "eip2537/mul_G1"),
        ("msm_G2_bls.json", "eip2537/mul_G2"),
        ("fail-multiexp_G1_bls.json", "eip2537/mul_G1"),
        ("map_fp2_to_G2_bls.json", "eip2537/map_to_G2"),
        ("fail-blsMapG1.json", "eip2537/map_to_G1"),
        ("pairing_check_bls.json", "eip2537/pairing_check"),
        ("bn256Pairing.json", "eip197/pairing_check"),
        ("bn256ScalarMul.json", "eip196/mul_G1"),
    ];
    for (file, kind) in names {
        let suite = read("names", &[(file, call)]);
        assert_eq!(suite.cases[0].kind, kind, "{file}");
    }
    let suite = read("names", &[("cases.json", named)]);
    assert_eq!(suite.cases[0].kind, "eip2537/pairing_check");
}

#[test]
fn a_malformed_map_input_goes_to_the_subject_as_it_stands() {
    let word = format!("{}{}", "00".repeat(16), "11".repeat(48));
    let text =
        |input: &str| format!(r#"[{{"Name": "map", "Input": "{input}", "ExpectedError": "bad"}}]"#);
    let element = |input: &str| {
        let suite = read("maps", &[("map_fp_to_G1.json", &text(input))]);
        match only(&suite) {
            Check::MapToCurve { element, .. } => Some(element.len()),
            Check::NotOffered(_) => None,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(element(&word), Some(48));
    assert_eq!(element(&word[2..]), Some(63));
    assert_eq!(element(&format!("01{}", &word[2..])), Some(64));
    assert_eq!(element(""), Some(0));
    // 48 bytes are no EIP-2537 word, yet what the API takes: it cannot be asked to refuse them.
    assert_eq!(element(&word[32..]), None);
}

#[test]
fn suites_of_other_curves_and_oversize_tags_are_not_offered() {
    let suite = r#"{"ciphersuite": "P256_XMD:SHA-256_SSWU_RO_", "dst": "x", "vectors": [{}, {}]}"#;
    let expander =
        r#"{"DST": "x", "hash": "SHAKE128", "name": "expand_message_xof", "tests": [{}]}"#;
    let oversize = format!(
        r#"{{"ciphersuite": "BLS12381G1_XMD:SHA-256_SSWU_RO_", "dst": "{}", "vectors": [{{}}]}}"#,
        "T".repeat(256)
    );
    let files = [
        ("p256.json", suite),
        ("xof.json", expander),
        ("oversize.json", &oversize),
    ];
    let suite = read("others", &files);
    assert_eq!(suite.cases.len(), 4);
    let is_not_offered = |check: &Check| matches!(check, Check::NotOffered(_));
    assert!(suite.cases.iter().all(|case| is_not_offered(&case.check)));
}
