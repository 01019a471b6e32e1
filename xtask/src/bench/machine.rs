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

/// Why a wall-clock figure that was missed says nothing, if so: others wanted the cores, too.
pub(super) fn crowded() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    too_many(&text, cores)
}

/// The bench itself keeps about as many threads ready as there are cores, and Postgres one or two more.
fn too_many(loadavg: &str, cores: usize) -> Option<String> {
    let ready: f64 = loadavg.split_whitespace().next()?.parse().ok()?;
    let cores = u32::try_from(cores).unwrap_or(u32::MAX);
    (ready > 2.0 * f64::from(cores)).then(|| {
        format!("the load average was {ready:.0} on {cores} cores, and this is a wall-clock time")
    })
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
    fn a_crowded_machine_is_told_from_one_that_only_benches() {
        assert_eq!(too_many("3.90 2.00 1.00 4/300 77\n", 2), None);
        let crowded = too_many("21.05 2.00 1.00 4/300 77\n", 2).unwrap();
        assert!(crowded.contains("21 on 2 cores"), "{crowded}");
        assert_eq!(too_many("", 2), None);
    }

    #[test]
    fn the_processor_is_named() {
        let text =
            "processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n";
        assert_eq!(processor(text), ("AMD EPYC", 2));
        assert_eq!(processor(""), ("unknown processor", 0));
    }
}
