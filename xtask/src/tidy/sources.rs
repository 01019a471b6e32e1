//! What no file may hold: work left undone, too many lines, the paths of one machine.

use super::Fault;
use super::tree::{SourceFile, Tree};

const LONGEST: usize = 500;
/// Tables of cases may be longer.
const LONGEST_TABLE: usize = 900;

/// Spelled in two parts, so that this file passes its own rule.
const UNDONE: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("#[ig", "nore"),
];

const MACHINE: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

const REGISTRIES: [&str; 8] = [
    concat!("py", "pi.org"),
    concat!("python", "hosted.org"),
    concat!("registry.npm", "js.org"),
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
    concat!("deb.de", "bian.org"),
    concat!("security.de", "bian.org"),
    concat!("proxy.go", "lang.org"),
];

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let ours =
        |file: &&SourceFile| !file.path.ends_with(".lock") && !file.path.starts_with("LICENSE");
    let mut faults = Vec::new();
    for file in tree.files.iter().filter(ours) {
        let rust = file.path.ends_with(".rs");
        if rust {
            faults.extend(too_long(file));
        }
        for (number, line) in file.text.lines().enumerate() {
            let place = || format!("{}:{}", file.path, number + 1);
            if rust && let Some(word) = UNDONE.iter().find(|word| holds(line, word)) {
                faults.push(Fault::new(place(), format!("{word} is work left undone")));
            }
            if let Some(path) = MACHINE.iter().find(|path| names_path(line, path)) {
                faults.push(Fault::new(
                    place(),
                    format!("{path} is a path of one machine"),
                ));
            }
            if let Some(host) = REGISTRIES.iter().find(|host| line.contains(**host)) {
                faults.push(Fault::new(place(), format!("{host} is a registry's host")));
            }
        }
    }
    faults
}

fn too_long(file: &SourceFile) -> Option<Fault> {
    let lines = file.text.lines().count();
    let limit = if file.path.contains("/tests/") || file.path.contains("/benches/") {
        LONGEST_TABLE
    } else {
        LONGEST
    };
    (lines > limit).then(|| {
        Fault::new(
            &file.path,
            format!("{lines} lines, at most {limit}: look for the seam"),
        )
    })
}

/// The word itself, not a longer one that holds it.
fn holds(line: &str, word: &str) -> bool {
    let part_of_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    line.match_indices(word).any(|(at, _)| {
        let bytes = line.as_bytes();
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let after = bytes.get(at + word.len());
        let open = word.ends_with('(') || word.starts_with('#');
        // In quotes it is a word that is dealt with, such as ISO 4217's code of no currency.
        let quoted = before == Some(&b'"') && after == Some(&b'"');
        !quoted && !part_of_word(before) && (open || !part_of_word(after))
    })
}

/// At the start of a path, not in the middle of one such as `api/home/`.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|before| {
            before.is_alphanumeric() || matches!(before, '.' | '-' | '_' | '}' | '/')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)]))
            .into_iter()
            .map(|fault| fault.says)
            .collect()
    }

    #[test]
    fn what_no_file_may_hold_is_found_where_it_stands() {
        let long = "\n".repeat(LONGEST + 1);
        let longest = "\n".repeat(LONGEST_TABLE + 1);
        let undone = format!("// {}: later", UNDONE[0]);
        let macro_call = format!("    {}\"later\")", UNDONE[3]);
        let ignored = format!("    {}]", UNDONE[5]);
        let in_a_word = format!("let {}S = 1;", UNDONE[2]);
        let quoted = format!("let code = \"{}\";", UNDONE[2]);
        let path = format!("cp {}main/x .", MACHINE[0]);
        let inner = format!("GET /pages{}x", MACHINE[2]);
        let host = format!("https://{}/simple", REGISTRIES[0]);
        let cases = [
            ("clean", "a.rs", "fn f() {}", None),
            (
                "a note to oneself",
                "a.rs",
                undone.as_str(),
                Some("left undone"),
            ),
            (
                "the same in a document is prose",
                "a.md",
                undone.as_str(),
                None,
            ),
            (
                "a macro that panics",
                "a.rs",
                &macro_call,
                Some("left undone"),
            ),
            (
                "a test that does not run",
                "a.rs",
                &ignored,
                Some("left undone"),
            ),
            ("part of a name", "a.rs", &in_a_word, None),
            ("a word in quotes", "a.rs", &quoted, None),
            (
                "a long file",
                "a/src/a.rs",
                &long,
                Some("look for the seam"),
            ),
            ("a long table of cases", "a/tests/a.rs", &long, None),
            (
                "too long for a table",
                "a/tests/a.rs",
                &longest,
                Some("look for the seam"),
            ),
            ("a long document", "a.md", &longest, None),
            (
                "a path of one machine",
                "a.sh",
                &path,
                Some("path of one machine"),
            ),
            ("the middle of a path", "a.rs", &inner, None),
            ("a registry", "a.toml", &host, Some("registry's host")),
            (
                "the lock file names its registry",
                "Cargo.lock",
                &host,
                None,
            ),
        ];
        for (says, path, text, expect) in cases {
            let faults = faults(path, text);
            match expect {
                None => assert!(faults.is_empty(), "{says}: {faults:?}"),
                Some(expect) => assert!(
                    faults.iter().any(|fault| fault.contains(expect)),
                    "{says}: {faults:?}"
                ),
            }
        }
    }
}
