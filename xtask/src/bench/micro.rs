//! P4, P5: criterion's estimates. P6: what the counting test counted.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::figures::{Must, Range, Verdict};
use super::plan::Plan;
use super::process::SERVER_CORE;
use super::table::Row;

const COMMAND: &str = "cargo bench -p bidder-core --bench decide";

/// P4 and P5, as far as the benchmark has them.
pub(super) fn criterion(root: &Path, plan: &Plan) -> Result<Vec<Row>> {
    eprintln!("       Bench {COMMAND}");
    let mut cargo = Command::new("taskset");
    crate::without_ours(&mut cargo);
    cargo
        .args(["--cpu-list", SERVER_CORE])
        .args(COMMAND.split(' '))
        .args(["--locked", "--", "--noplot"]);
    if plan.quick {
        cargo.args([
            "--warm-up-time",
            "0.2",
            "--measurement-time",
            "0.5",
            "--sample-size",
            "10",
        ]);
    } else {
        cargo.args([
            "--warm-up-time",
            "1",
            "--measurement-time",
            "3",
            "--sample-size",
            "50",
        ]);
    }
    let status = cargo
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    ensure!(status.success(), "{COMMAND} failed");
    let found = estimates(&root.join("target/criterion"))?;
    let mut rows = Vec::new();
    let decide = named(&found, "decide, 1 imp, 10000 line items");
    rows.extend(decide.map(|range| Row {
        id: "P4",
        what: format!("decide in process, 10000 line items, 1 imp, a user with 40 segments and 3 interests; match, every filter, price, short list, reservation (`{COMMAND}`)"),
        must: "12 µs (6)",
        measured: format!("{} µs", range.shown(1)),
        verdict: Must::AtMost(12.0).judge(&range),
    }));
    let sizes = [(10_000, 10.0), (100_000, 100.0), (1_000_000, 1_000.0)];
    let mut told = Vec::new();
    let mut verdict = Verdict::Met;
    for (count, most) in sizes {
        match named(&found, &format!("match one imp, {count} line items")) {
            Some(range) => {
                told.push(format!("{count}: {} µs", range.shown(1)));
                verdict = verdict.and(Must::AtMost(most).judge(&range));
            }
            None => {
                told.push(format!("{count}: not measured"));
                verdict = verdict.and(Verdict::Open(format!("{count} is not in the benchmark")));
            }
        }
    }
    rows.push(Row {
        id: "P5",
        what: format!("matching one imp, request and imp dimensions (`{COMMAND}`)"),
        must: "10 / 100 / 1,000 µs (4 / 40 / 400)",
        measured: told.join("; "),
        verdict,
    });
    Ok(rows)
}

fn named(found: &[(String, Range)], name: &str) -> Option<Range> {
    found.iter().find(|it| it.0 == name).map(|it| it.1)
}

/// Every benchmark's median with its confidence interval, in microseconds.
fn estimates(dir: &Path) -> Result<Vec<(String, Range)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let new = entry?.path().join("new");
        let read = |name: &str| -> Option<Value> {
            serde_json::from_slice(&fs::read(new.join(name)).ok()?).ok()
        };
        if let Some((benchmark, estimates)) = read("benchmark.json").zip(read("estimates.json"))
            && let Some(one) = estimate(&benchmark, &estimates)
        {
            found.push(one);
        }
    }
    Ok(found)
}

fn estimate(benchmark: &Value, estimates: &Value) -> Option<(String, Range)> {
    let name = benchmark["full_id"].as_str()?.to_owned();
    let median = &estimates["median"];
    let micros = |value: &Value| value.as_f64().map(|nanos| nanos / 1e3);
    let interval = &median["confidence_interval"];
    let range = Range {
        low: micros(&interval["lower_bound"])?,
        median: micros(&median["point_estimate"])?,
        high: micros(&interval["upper_bound"])?,
    };
    Some((name, range))
}

/// P6: the test itself says what it counted.
pub(super) fn allocations(root: &Path) -> Result<Row> {
    eprintln!("       Bench P6");
    let command = "cargo test -p bidder-core --test allocations";
    let output = crate::cargo()
        .args(command.split(' ').skip(1))
        .args(["--locked", "--", "--nocapture"])
        .current_dir(root)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{command} failed: {text}");
    let most = counted(&text).with_context(|| format!("{command} told no count: {text}"))?;
    let range = Range::of(vec![most]);
    Ok(Row {
        id: "P6",
        what: format!(
            "allocations per decision on a request with 2 imps and 2,000 line items, the request's reading not counted (`{command}`)"
        ),
        must: "8 (0)",
        measured: format!("**{most:.0}**"),
        verdict: Must::AtMost(8.0).judge(&range),
    })
}

/// From `allocations per decision: N`.
fn counted(text: &str) -> Option<f64> {
    let (_, rest) = text.split_once("allocations per decision: ")?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn estimates_and_counts_are_read_as_the_tools_write_them() {
        let benchmark = json!({"full_id": "decide"});
        let estimates = json!({"median": {"point_estimate": 2_000.0, "confidence_interval": {"lower_bound": 1_900.0, "upper_bound": 2_500.0}}});
        let (name, range) = estimate(&benchmark, &estimates).unwrap();
        assert_eq!(name, "decide");
        assert_eq!((range.low, range.median, range.high), (1.9, 2.0, 2.5));
        assert_eq!(estimate(&benchmark, &json!({})), None);
        assert_eq!(counted("x\nallocations per decision: 5\n"), Some(5.0));
        assert_eq!(counted("test result: ok"), None);
    }
}
