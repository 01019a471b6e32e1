//! A core decides and does nothing else: no async, no IO, no clock of its own.

use super::Fault;
use super::manifests::Package;
use super::tree::Tree;

/// Crates that wait, talk, or count: a core's manifest shows that it does none of it.
const IO: [&str; 21] = [
    "async-trait",
    "axum",
    "deadpool-postgres",
    "futures",
    "futures-util",
    "hyper",
    "hyper-util",
    "metrics",
    "metrics-exporter-prometheus",
    "mio",
    "rand",
    "redis",
    "refinery",
    "reqwest",
    "socket2",
    "tokio",
    "tokio-postgres",
    "tokio-util",
    "tower",
    "tower-http",
    "tracing-subscriber",
];

const CLOCKS: [&str; 2] = ["std::time::Instant::now", "std::time::SystemTime::now"];

pub(super) fn check(packages: &[Package], tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for core in packages
        .iter()
        .filter(|package| package.name.ends_with("-core"))
    {
        for need in core
            .needs
            .iter()
            .filter(|need| IO.contains(&need.name.as_str()))
        {
            faults.push(Fault::new(
                &core.dir,
                format!("needs {}, and a core does no IO", need.name),
            ));
        }
        let lints = format!("{}/clippy.toml", core.dir);
        let text = tree
            .files
            .iter()
            .find(|file| file.path == lints)
            .map(|file| file.text.as_str());
        for clock in CLOCKS {
            if !text.is_some_and(|text| bans(text, clock)) {
                faults.push(Fault::new(
                    &lints,
                    format!("does not ban {clock} with a reason"),
                ));
            }
        }
        let src = format!("{}/src/", core.dir);
        for file in tree.files.iter().filter(|file| file.path.starts_with(&src)) {
            for (number, line) in file.text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                let place = || format!("{}:{}", file.path, number + 1);
                if code.contains("async fn") || code.contains(".await") {
                    faults.push(Fault::new(place(), "is async, and a core never waits"));
                }
                if code.contains("testkit::") {
                    faults.push(Fault::new(place(), "uses testkit, which would be given other types than this crate's own: move the test to tests/"));
                }
            }
        }
    }
    faults
}

fn bans(lints: &str, clock: &str) -> bool {
    lints
        .lines()
        .any(|line| line.contains(&format!("\"{clock}\"")) && line.contains("reason"))
}

#[cfg(test)]
mod tests {
    use super::super::manifests::Need;
    use super::*;

    const BANS: &str = "{ path = \"std::time::Instant::now\", reason = \"r\" },\n{ path = \"std::time::SystemTime::now\", reason = \"r\" },\n";

    fn faults(need: &str, dev: bool, lints: &str, source: &str) -> Vec<String> {
        let core = Package {
            name: "bidder-core".to_owned(),
            dir: "bidder/core".to_owned(),
            needs: vec![Need {
                name: need.to_owned(),
                dev,
            }],
        };
        let tree = Tree::of(&[
            ("bidder/core/clippy.toml", lints),
            ("bidder/core/src/lib.rs", source),
        ]);
        check(&[core], &tree)
            .into_iter()
            .map(|fault| fault.says)
            .collect()
    }

    #[test]
    fn a_core_is_pure_in_manifest_lints_and_source() {
        let half = BANS.lines().next().unwrap();
        let cases = [
            ("pure", "serde", false, BANS, "fn decide() {}", None),
            ("a runtime", "tokio", false, BANS, "", Some("needs tokio")),
            (
                "also for its tests",
                "redis",
                true,
                BANS,
                "",
                Some("needs redis"),
            ),
            ("no ban", "serde", false, "", "", Some("Instant::now")),
            (
                "half a ban",
                "serde",
                false,
                half,
                "",
                Some("SystemTime::now"),
            ),
            (
                "async",
                "serde",
                false,
                BANS,
                "pub async fn ask() {}",
                Some("never waits"),
            ),
            (
                "a comment is not code",
                "serde",
                false,
                BANS,
                "// no async fn here",
                None,
            ),
            (
                "testkit inside src",
                "serde",
                false,
                BANS,
                "use testkit::fixtures;",
                Some("move the test"),
            ),
        ];
        for (says, need, dev, lints, source, expect) in cases {
            let faults = faults(need, dev, lints, source);
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
