//! `gavel validate FILE`: what is wrong with OpenRTB messages, all of it.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use openrtb::validate::{self, Finding, Kind, Report, Severity};
use openrtb::{JsonWriter, Limits, ReadError};

/// Most bytes of one message; far beyond what any exchange takes.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Options of `gavel validate`.
#[derive(Debug, Clone, Args)]
pub struct ValidateArgs {
    /// Files with one message each; - is the standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
    /// One JSON object a file in place of words.
    #[arg(long)]
    pub json: bool,
    /// Takes the messages for requests, whatever they look like.
    #[arg(long, conflicts_with = "response")]
    pub request: bool,
    /// Takes the messages for responses.
    #[arg(long)]
    pub response: bool,
}

/// The worst that was met: nothing or warnings, errors, a message that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Usable,
    Errors,
    Unreadable,
}

/// Validates the files; exit 0 for clean or warnings, 1 for errors, 2 for what cannot be read.
///
/// # Errors
/// When the standard output is closed.
pub fn run(args: &ValidateArgs) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    let paint = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut worst = Verdict::Usable;
    for file in &args.files {
        let (text, verdict) = match body(file) {
            Ok(body) => judge(args, file, &body, paint),
            Err(error) => {
                eprintln!("gavel: {error:#}");
                (String::new(), Verdict::Unreadable)
            }
        };
        out.write_all(text.as_bytes())
            .context("writing the findings")?;
        worst = worst.max(verdict);
    }
    Ok(match worst {
        Verdict::Usable => ExitCode::SUCCESS,
        Verdict::Errors => ExitCode::from(1),
        Verdict::Unreadable => ExitCode::from(2),
    })
}

fn body(file: &str) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    let read = if file == "-" {
        io::stdin().take(LONGEST).read_to_end(&mut body)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(LONGEST).read_to_end(&mut body))
    };
    read.with_context(|| {
        format!("{file} cannot be opened; give a file with one message, or - for standard input")
    })?;
    Ok(body)
}

fn judge(args: &ValidateArgs, file: &str, body: &[u8], paint: bool) -> (String, Verdict) {
    let kind = match (args.request, args.response) {
        (true, _) => Kind::Request,
        (_, true) => Kind::Response,
        (false, false) => Kind::detect(body),
    };
    let limits = match kind {
        Kind::Request => Limits::REQUEST,
        Kind::Response => Limits::RESPONSE,
    };
    match validate::message(body, Some(kind), &limits) {
        Ok(report) => {
            let verdict = if report.is_valid() {
                Verdict::Usable
            } else {
                Verdict::Errors
            };
            let text = if args.json {
                as_json(file, Ok(&report))
            } else {
                as_text(file, &report, paint)
            };
            (text, verdict)
        }
        Err(error) => {
            let text = if args.json {
                as_json(file, Err((&error, body)))
            } else {
                unreadable(file, &error, body)
            };
            (text, Verdict::Unreadable)
        }
    }
}

/// One line: the report with the file's name, or why there is none.
fn as_json(file: &str, report: Result<&Report, (&ReadError, &[u8])>) -> String {
    let mut out = Vec::new();
    let mut json = JsonWriter::new(&mut out);
    json.begin_object();
    json.text("file", file);
    match report {
        Ok(report) => {
            json.key("report");
            report.write_json(&mut json);
        }
        Err((error, body)) => {
            let (line, column) = place(error, body);
            json.key("unreadable");
            json.begin_object();
            json.text("message", &error.to_string());
            json.text("pointer", error.pointer());
            json.integer("line", line);
            json.integer("column", column);
            json.end_object();
        }
    }
    json.end_object();
    out.push(b'\n');
    String::from_utf8_lossy(&out).into_owned()
}

fn unreadable(file: &str, error: &ReadError, body: &[u8]) -> String {
    let (line, column) = place(error, body);
    format!("{file}:{line}:{column}: not readable: {error}\n")
}

/// Line and column of the byte where reading stopped, both from 1.
fn place(error: &ReadError, body: &[u8]) -> (i64, i64) {
    let offset = match error {
        ReadError::Malformed { offset, .. } => *offset,
        ReadError::Invalid { .. } => 0,
    };
    let before = body.get(..offset).unwrap_or(body);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let last = String::from_utf8_lossy(before.get(start..).unwrap_or_default());
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    (number(line), number(last.chars().count() + 1))
}

fn as_text(file: &str, report: &Report, paint: bool) -> String {
    let mut out = String::new();
    let counts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Notice]
        .into_iter()
        .map(|severity| (severity, report.count(severity)))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| {
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {severity}{plural}")
        })
        .collect();
    let summary = if counts.is_empty() {
        "nothing to remark".to_owned()
    } else {
        counts.join(", ")
    };
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{file}: bid {}, {summary}", report.kind.label());
    for severity in [Severity::Error, Severity::Warning, Severity::Notice] {
        for finding in report
            .findings
            .iter()
            .filter(|f| f.rule.severity == severity)
        {
            describe(finding, paint, &mut out);
        }
    }
    if report.omitted > 0 {
        let _ = writeln!(out, "\n  and {} more", report.omitted);
    }
    out
}

fn describe(finding: &Finding, paint: bool, out: &mut String) {
    let rule = finding.rule;
    let (on, off) = match (paint, rule.severity) {
        (false, _) => ("", ""),
        (true, Severity::Error) => ("\x1b[31m", "\x1b[0m"),
        (true, Severity::Warning) => ("\x1b[33m", "\x1b[0m"),
        (true, Severity::Notice) => ("\x1b[36m", "\x1b[0m"),
    };
    let pointer = if finding.pointer.is_empty() {
        "(the message)"
    } else {
        &finding.pointer
    };
    let found: String = finding
        .found
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let _ = writeln!(out, "\n  {on}{:<7}{off} {pointer}", rule.severity);
    let _ = writeln!(out, "          {}", rule.sentence);
    let _ = writeln!(out, "          found: {found}");
    let _ = writeln!(
        out,
        "          {}, {}, {}",
        rule.id, rule.section, rule.name
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_has_a_line_and_a_column() {
        let body = "{\n  \"id\": \"ü\" 1}".as_bytes();
        let error = validate::message(body, None, &Limits::REQUEST).unwrap_err();
        assert_eq!(place(&error, body), (2, 13));
        let text = unreadable("a.json", &error, body);
        assert!(
            text.starts_with("a.json:2:13: not readable: unexpected character"),
            "{text}"
        );
    }

    #[test]
    fn findings_in_words_worst_first() {
        let body = br#"{"id":"1","imp":[{"id":"a"}],"zzz":1}"#;
        let report = validate::message(body, None, &Limits::REQUEST).unwrap();
        let text = as_text("a.json", &report, false);
        assert!(text.starts_with("a.json: bid request, 1 error, "), "{text}");
        let place = |needle: &str| {
            text.find(needle)
                .unwrap_or_else(|| panic!("{needle}: {text}"))
        };
        assert!(place("  error   /imp/0\n") < place("  warning /site\n"));
        assert!(place("  warning /site\n") < place("  notice  /zzz\n"));
        assert!(!text.contains('\x1b'));
    }
}
