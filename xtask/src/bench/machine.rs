//! On what, when and of what state it was measured.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The processor's name and how many cores we see.
pub(super) fn name() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let (model, cores) = processor(&text);
    format!("{model}, {cores} cores")
}

fn processor(cpuinfo: &str) -> (&str, usize) {
    let field = |line: &'_ str, name: &str| {
        let (key, _) = line.split_once(':')?;
        (key.trim() == name).then_some(())
    };
    let model = cpuinfo
        .lines()
        .find(|line| field(line, "model name").is_some())
        .and_then(|line| line.split_once(':'))
        .map_or("unknown processor", |(_, model)| model.trim());
    let cores = cpuinfo
        .lines()
        .filter(|line| field(line, "processor").is_some())
        .count();
    (model, cores)
}

/// Day and commit.
pub(super) fn state(root: &Path) -> String {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(root)
            .output();
        output.map_or_else(
            |_| "unknown".to_owned(),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
    };
    let day = said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]);
    let commit = said("git", &["describe", "--always", "--dirty", "--abbrev=8"]);
    format!("{day}, commit {commit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_named() {
        let text =
            "processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n";
        assert_eq!(processor(text), ("AMD EPYC", 2));
        assert_eq!(processor(""), ("unknown processor", 0));
    }
}
