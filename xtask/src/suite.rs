//! `cargo xtask test`: one private Postgres and Redis pair, the whole suite once, one summary.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use embedded::{Embedded, Options};

/// Runs the suite; `false` when a test failed.
pub(crate) fn run(arguments: &[String]) -> Result<bool> {
    let stores = start_stores()?;
    provide_tools();
    let skips = std::env::temp_dir().join(format!("gavel-skipped-{}", std::process::id()));
    let urls = stores.urls();
    let mut cargo = crate::cargo();
    cargo.args(["test", "--locked", "--no-fail-fast"]);
    if arguments.is_empty() {
        cargo.arg("--workspace");
    } else {
        cargo.args(arguments);
    }
    let mut child = cargo
        .env("GAVEL_TEST_DATABASE_URL", &urls.database)
        .env("GAVEL_TEST_REDIS_URL", &urls.state_redis)
        .env("GAVEL_TEST_EVENTS_REDIS_URL", &urls.events_redis)
        .env("GAVEL_TEST_SKIPS", &skips)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting cargo test")?;
    let output = child.stdout.take().context("reading from cargo test")?;
    let mut tally = Tally::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("reading from cargo test")?;
        let line = String::from_utf8_lossy(&line);
        tally.hear(&line);
        writeln!(std::io::stdout(), "{line}").context("printing")?;
    }
    let status = child.wait().context("waiting for cargo test")?;
    drop(stores);

    // There is no such file when nothing was skipped.
    let noted = fs::read_to_string(&skips).unwrap_or_default();
    let _ = fs::remove_file(&skips);
    let mut skipped: Vec<&str> = noted.lines().collect();
    skipped.sort_unstable();
    skipped.dedup();
    println!();
    for test in &skipped {
        println!("skipped: {test}");
    }
    if let Some(failure) = tally.failures.first() {
        println!("first failure: {failure}");
    }
    println!("{}", tally.summary(skipped.len() as u64));
    Ok(status.success() && tally.failed == 0)
}

fn start_stores() -> Result<Embedded> {
    let options = Options {
        progress: Arc::new(|step| eprintln!("     Stores {step}")),
        ..Options::for_tests("")
    };
    Embedded::start_for_tests(&options).map_err(|refused| anyhow!("{refused}"))
}

/// What single tests drive: a program, by any of its names, and Debian's package of it. The dashboards are
/// tested against a real Prometheus, the demo page in a real browser; without one, that test is skipped by name.
const TOOLS: [(&[&str], &str); 2] = [
    (&["prometheus"], "prometheus"),
    (
        &[
            "chromium-headless-shell",
            "chromium",
            "chromium-browser",
            "google-chrome",
        ],
        "chromium-headless-shell",
    ),
];

fn provide_tools() {
    for (names, package) in TOOLS {
        let found = std::env::var_os("PATH").is_some_and(|path| {
            std::env::split_paths(&path)
                .any(|dir| names.iter().any(|name| dir.join(name).is_file()))
        });
        if found {
            continue;
        }
        eprintln!("     Tools installing {package}…");
        match embedded::install_for_tests(&[package]) {
            Ok(true) => {}
            Ok(false) => {
                eprintln!("     Tools {package} is not here and cannot be installed by this user");
            }
            Err(fault) => eprintln!("     Tools {package} cannot be installed: {fault}"),
        }
    }
}

/// The closing lines of all test programs, added up.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    failures: Vec<String>,
}

impl Tally {
    fn hear(&mut self, line: &str) {
        if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failures.push(name.to_owned());
        }
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        let counts = counts.split_once(". ").map_or(counts, |(_, counts)| counts);
        for count in counts.split(';') {
            let mut words = count.split_whitespace();
            let number = words
                .next()
                .and_then(|word| word.parse::<u64>().ok())
                .unwrap_or(0);
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                Some("ignored") => self.ignored += number,
                _ => (),
            }
        }
    }

    /// A test that skipped itself was counted as passed by its program.
    fn summary(&self, skipped: u64) -> String {
        let passed = self.passed.saturating_sub(skipped);
        let skipped = skipped + self.ignored;
        let tail = match skipped {
            0 => String::new(),
            some => format!(", {some} skipped"),
        };
        format!("{passed} passed, {} failed{tail}", self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_lines_of_all_programs_are_added_up() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test a::b ... ok",
            "test a::c ... FAILED",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.01s",
            "test result: ok. 40 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 1.00s",
            "a test result: ok. 99 passed; in somebody's output",
        ] {
            tally.hear(line);
        }
        assert_eq!((tally.passed, tally.failed, tally.ignored), (42, 1, 2));
        assert_eq!(tally.failures, ["a::c"]);
    }

    #[test]
    fn the_last_line_names_skipped_tests_only_when_there_are_some() {
        let tally = |passed, ignored| Tally {
            passed,
            ignored,
            ..Tally::default()
        };
        for (tally, skipped, expect) in [
            (tally(7, 0), 0, "7 passed, 0 failed"),
            (tally(7, 0), 2, "5 passed, 0 failed, 2 skipped"),
            (tally(7, 1), 2, "5 passed, 0 failed, 3 skipped"),
            (tally(0, 0), 0, "0 passed, 0 failed"),
        ] {
            assert_eq!(tally.summary(skipped), expect);
        }
    }
}
