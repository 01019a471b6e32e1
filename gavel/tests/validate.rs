//! `gavel validate` as a build calls it: what it prints, and what it exits with.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn validate(folder: &Path, args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gavel"))
        .arg("validate")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(stdin.as_bytes()).unwrap();
    drop(input);
    child.wait_with_output().unwrap()
}

/// A folder of this test alone.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("validate-{name}"));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The first block of a kind in the guide.
fn block<'g>(guide: &'g str, kind: &str) -> &'g str {
    let start = guide.find(&format!("```{kind}\n")).unwrap() + kind.len() + 4;
    let length = guide[start..].find("```").unwrap();
    &guide[start..start + length]
}

#[test]
fn the_guide_shows_what_the_command_prints() {
    let folder = folder("guide");
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/validate.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    std::fs::write(folder.join("request.json"), block(&guide, "json")).unwrap();
    let output = validate(&folder, &["request.json"], "");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(shown, block(&guide, "text"));
    assert_eq!(output.status.code(), Some(1));
    let output = validate(&folder, &["--json", "request.json"], "");
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["file"], "request.json");
    let counts = &line["report"]["counts"];
    let first: Value = serde_json::from_str(
        guide
            .split("prints one line for each file:\n\n```json\n")
            .nth(1)
            .and_then(|rest| rest.split("```").next())
            .unwrap(),
    )
    .unwrap();
    assert_eq!(counts, &first["report"]["counts"]);
    let findings = line["report"]["findings"].as_array().unwrap();
    assert!(findings.contains(&first["report"]["findings"][0]));
}

#[test]
fn exit_codes() {
    let at = &folder("codes");
    let clean = r#"{"id":"1","seatbid":[{"bid":[{"id":"1","impid":"1","price":1,"adm":"<p>","adomain":["a.example"],"crid":"c","mtype":1}]}]}"#;
    let wrong = r#"{"id":"1","imp":[]}"#;
    for (name, text) in [
        ("clean.json", clean),
        ("wrong.json", wrong),
        ("broken.json", "{"),
    ] {
        std::fs::write(at.join(name), text).unwrap();
    }
    /// What is tried, the arguments, the standard input, the exit code, and what is in both outputs.
    type Case<'a> = (&'a str, &'a [&'a str], &'a str, i32, &'a str, &'a str);
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        ("clean", &["clean.json"], "", 0, "clean.json: bid response", ""),
        ("an error", &["wrong.json"], "", 1, "/imp", ""),
        ("the worst decides", &["wrong.json", "clean.json"], "", 1, "clean.json: bid response", ""),
        ("not readable", &["broken.json"], "", 2, "broken.json:1:2: not readable", ""),
        ("the standard input", &["-"], wrong, 1, "-: bid request", ""),
        ("nothing is a legal no-bid", &["-"], "", 0, "-: bid response", ""),
        ("nothing is no request", &["--request", "-"], "", 2, "not readable", ""),
        ("no file", &["gone.json"], "", 2, "", "gone.json cannot be opened"),
        ("not readable, for a program", &["--json", "broken.json"], "", 2, r#""unreadable":{"message":"#, ""),
        ("both kinds", &["--request", "--response", "-"], "", 2, "", "cannot be used with"),
        ("no argument", &[], "", 2, "", "FILE"),
    ];
    for (item, args, stdin, code, out, err) in cases {
        let output = validate(at, args, stdin);
        let (shown, told) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert_eq!(output.status.code(), Some(*code), "{item}: {shown}{told}");
        assert!(shown.contains(out), "{item}: {shown}");
        assert!(told.contains(err), "{item}: {told}");
    }
}
