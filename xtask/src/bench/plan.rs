//! What `cargo xtask bench` was asked for.

use anyhow::{Context as _, Result, bail};

/// The figures there are, in the order in which they are measured.
pub(super) const ALL: [&str; 24] = [
    "p4", "p5", "p6", "p1", "p3", "p7", "p11", "p12", "p16", "p17", "p14", "p15", "p2", "p10",
    "p13", "p8", "p9", "r21", "r24", "r25", "r26", "r27", "r29", "r31",
];

/// How much is measured, and how thoroughly.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    wanted: Vec<&'static str>,
    /// Rounds of each candidate and of bare hyper, interleaved.
    pub(super) rounds: usize,
    /// Seconds of a round of a candidate; bare hyper gets half of it.
    pub(super) seconds: f64,
    /// Users that are known and come back.
    pub(super) users: u64,
    /// Only the first steps, to see that everything works.
    pub(super) quick: bool,
    /// Catalogs are this many times smaller.
    pub(super) divisor: u64,
    /// Keeps the stage up at the end until a line comes on standard input: for profiles.
    pub(super) hold: bool,
}

impl Plan {
    /// Reads `[--quick] [--hold] [p1 p4 …]`; without ids, all.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut plan = Self {
            wanted: Vec::new(),
            rounds: 5,
            seconds: 3.0,
            users: 10_000,
            quick: false,
            divisor: 1,
            hold: false,
        };
        for argument in arguments {
            match argument.as_str() {
                "--quick" => {
                    plan.quick = true;
                    plan.rounds = 2;
                    plan.seconds = 1.0;
                    plan.users = 1_000;
                    plan.divisor = 10;
                }
                "--hold" => plan.hold = true,
                id => match ALL.iter().find(|known| known.eq_ignore_ascii_case(id)) {
                    Some(known) => plan.wanted.push(known),
                    None => bail!("{id} is not one of {} or --quick, --hold", ALL.join(", ")),
                },
            }
        }
        if plan.wanted.is_empty() {
            plan.wanted = ALL.to_vec();
        }
        Ok(plan)
    }

    pub(super) fn wants(&self, id: &str) -> bool {
        self.wanted.contains(&id)
    }

    pub(super) fn wants_any(&self, ids: &[&str]) -> bool {
        ids.iter().any(|id| self.wants(id))
    }

    /// A catalog of this plan that stands for one of `count` line items.
    pub(super) const fn line_items(&self, count: u64) -> u64 {
        count / self.divisor
    }
}

/// The number that a JSON report must have.
pub(super) fn number(report: &serde_json::Value, key: &str) -> Result<f64> {
    report[key]
        .as_f64()
        .with_context(|| format!("no {key} in {report}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_measured_and_nothing_else() {
        let plan = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|it| (*it).to_owned()).collect();
            Plan::parse(&words)
        };
        assert!(ALL.iter().all(|id| plan(&[]).unwrap().wants(id)));
        let some = plan(&["p1", "P4", "--quick"]).unwrap();
        assert!(some.wants("p1") && some.wants("p4") && !some.wants("p2"));
        assert!(some.quick && some.line_items(10_000) == 1_000);
        assert!(plan(&["p99"]).unwrap_err().to_string().contains("p99"));
        assert!(some.wants_any(&["p2", "p4"]) && !some.wants_any(&["p2"]));
    }
}
