//! The table between the markers of `docs/performance.md`: rows of the figures that were measured replace
//! their former ones, the others stay.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::figures::Verdict;

const BEGIN: &str = "<!-- bench:begin -->\n";
const END: &str = "<!-- bench:end -->";
const HEAD: &str = "| id | what was measured | must (aim) | measured: median (lowest to highest) | verdict |\n|---|---|---|---|---|\n";

/// One line of the table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// `P1`, `R21` and so on; several rows may have the same.
    pub(super) id: &'static str,
    /// The work that is included.
    pub(super) what: String,
    pub(super) must: &'static str,
    pub(super) measured: String,
    pub(super) verdict: Verdict,
}

impl Row {
    fn line(&self) -> String {
        let Self {
            id,
            what,
            must,
            measured,
            verdict,
        } = self;
        format!("| {id} | {what} | {must} | {measured} | {verdict} |\n")
    }
}

/// Writes the rows into the file; `conditions` tells of the run.
pub(super) fn write(file: &Path, rows: &[Row], conditions: &str) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let merged = merge(&text, rows, conditions).with_context(|| file.display().to_string())?;
    Ok(fs::write(file, merged)?)
}

fn merge(text: &str, rows: &[Row], conditions: &str) -> Result<String> {
    let (head, rest) = text.split_once(BEGIN).context("no bench:begin marker")?;
    let (old, tail) = rest.split_once(END).context("no bench:end marker")?;
    let measured = |line: &str| rows.iter().any(|row| id_of(line) == Some(row.id));
    let kept = old
        .lines()
        .filter(|line| id_of(line).is_some() && !measured(line))
        .map(|line| format!("{line}\n"));
    let mut lines: Vec<String> = kept.chain(rows.iter().map(Row::line)).collect();
    lines.sort_by_key(|line| place_of(line));
    let ids: Vec<&str> = rows.iter().map(|row| row.id).collect();
    let conditions = if conditions.is_empty() {
        String::new()
    } else {
        let mut ids = ids;
        ids.dedup();
        format!("\nLast run ({}): {conditions}\n", ids.join(", "))
    };
    Ok(format!(
        "{head}{BEGIN}{HEAD}{}{conditions}{END}{tail}",
        lines.concat()
    ))
}

/// The id of a table's line, `None` for any other line and for the head.
fn id_of(line: &str) -> Option<&str> {
    let id = line.strip_prefix("| ")?.split(" | ").next()?;
    let number = id.strip_prefix(['P', 'R'])?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(id)
}

/// Figures of performance first, then those of reliability, each by its number.
fn place_of(line: &str) -> (bool, u32) {
    let id = id_of(line).unwrap_or_default();
    let number = id.get(1..).and_then(|number| number.parse().ok());
    (id.starts_with('R'), number.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &'static str, measured: &str) -> Row {
        Row {
            id,
            what: "work".into(),
            must: "1 (2)",
            measured: measured.into(),
            verdict: Verdict::Met,
        }
    }

    #[test]
    fn measured_rows_replace_their_former_ones_and_the_others_stay_in_their_order() {
        let file = format!("before\n{BEGIN}{END}\nafter\n");
        let first = merge(
            &file,
            &[
                row("R29", "r"),
                row("P2", "a"),
                row("P10", "b"),
                row("P10", "c"),
            ],
            "quiet",
        )
        .unwrap();
        let second = merge(&first, &[row("P10", "d"), row("P1", "e")], "noisy").unwrap();
        let lines: Vec<&str> = second
            .lines()
            .filter(|line| id_of(line).is_some())
            .collect();
        assert_eq!(
            lines,
            [
                "| P1 | work | 1 (2) | e | met |",
                "| P2 | work | 1 (2) | a | met |",
                "| P10 | work | 1 (2) | d | met |",
                "| R29 | work | 1 (2) | r | met |",
            ]
        );
        assert!(second.starts_with("before\n") && second.ends_with("-->\nafter\n"));
        assert!(second.contains("Last run (P10, P1): noisy\n") && !second.contains("quiet"));
        assert_eq!(second.matches("| id |").count(), 1);
        assert!(merge("no markers", &[], "").is_err());
    }
}
