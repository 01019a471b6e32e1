//! Every metric that a dashboard or an alert names is declared by a service.

use std::collections::BTreeSet;

use super::Fault;
use super::tree::Tree;

const PREFIX: &str = "gavel_";

/// What a histogram or a summary is stored as.
const SERIES: [&str; 3] = ["_bucket", "_sum", "_count"];

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let declared: BTreeSet<&str> = tree
        .ending(".rs")
        .filter(|file| file.path.ends_with("metrics.rs") || file.path.contains("/metrics/"))
        .flat_map(|file| names(&file.text))
        .map(|(_, name)| name)
        .collect();
    let mut faults = Vec::new();
    for file in tree
        .files
        .iter()
        .filter(|file| file.path.starts_with("grafana/"))
    {
        for (line, name) in names(&file.text) {
            let base = SERIES.iter().find_map(|ending| name.strip_suffix(ending));
            if !declared.contains(name) && !base.is_some_and(|base| declared.contains(base)) {
                let place = format!("{}:{line}", file.path);
                faults.push(Fault::new(
                    place,
                    format!("{name} is declared in no metrics.rs"),
                ));
            }
        }
    }
    faults
}

/// The metric names in a text, with their lines.
fn names(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().flat_map(|(number, line)| {
        line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
            .filter(|word| {
                word.len() > PREFIX.len() && word.starts_with(PREFIX) && !word.contains(':')
            })
            .map(move |word| (number + 1, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_nobody_declares_is_found_in_the_dashboard() {
        let declared =
            "counter(\"gavel_shed_total\"); histogram(\"gavel_bid_request_duration_seconds\");";
        let dashboard = "{\"expr\": \"rate(gavel_bid_request_duration_seconds_bucket[5m])\"}\n{\"expr\": \"gavel_shed_total + gavel_lost_total\"}\n{\"expr\": \"gavel:shed:rate5m\"}\n";
        let tree = Tree::of(&[
            ("bidder/server/src/metrics.rs", declared),
            ("bidder/server/src/routes.rs", "\"gavel_lost_total\""),
            ("grafana/dashboards/money.json", dashboard),
        ]);
        assert_eq!(
            check(&tree),
            [Fault::new(
                "grafana/dashboards/money.json:2",
                "gavel_lost_total is declared in no metrics.rs"
            )]
        );
    }
}
