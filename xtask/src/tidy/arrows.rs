//! Who may depend on whom: the whole list. Every other edge between our crates is a fault.

use super::Fault;
use super::manifests::Package;

/// A crate and what of ours it may use, dev-dependencies included.
const ARROWS: [(&str, &[&str]); 21] = [
    ("units", &[]),
    ("openrtb", &["units"]),
    ("contracts", &["units"]),
    ("bidder-core", CORE),
    ("exchange-core", CORE),
    ("control-plane-core", CORE),
    ("dmp-core", CORE),
    ("service", &["units"]),
    ("lookup", &["openrtb", "units"]),
    ("recording", &["service", "units"]),
    ("userstate", &["contracts", "units"]),
    ("eventlog", &["contracts", "units"]),
    ("embedded", &[]),
    ("bidder-server", SERVER),
    ("exchange-server", SERVER),
    ("control-plane-server", SERVER),
    ("dmp-server", SERVER),
    ("loadtest", &["openrtb", "contracts", "units", "service"]),
    (
        "gavel",
        &[
            "bidder-server",
            "exchange-server",
            "control-plane-server",
            "dmp-server",
            "bidder-core",
            "exchange-core",
            "control-plane-core",
            "dmp-core",
            "loadtest",
            "embedded",
            "service",
            "openrtb",
            "units",
        ],
    ),
    (
        "testkit",
        &["openrtb", "contracts", "units", "service", "embedded"],
    ),
    ("xtask", &["embedded"]),
];

const CORE: &[&str] = &["openrtb", "contracts", "units"];
/// Besides its own core.
const SERVER: &[&str] = &[
    "openrtb",
    "contracts",
    "units",
    "service",
    "lookup",
    "recording",
    "userstate",
    "eventlog",
];

/// Compares the declared dependencies with the list.
pub(super) fn check(packages: &[Package]) -> Vec<Fault> {
    let ours = |name: &str| packages.iter().any(|package| package.name == name);
    let mut faults = Vec::new();
    for package in packages {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            faults.push(Fault::new(&package.dir, "is not in the list of crates"));
            continue;
        };
        for need in package.needs.iter().filter(|need| ours(&need.name)) {
            let drawn = allowed.contains(&need.name.as_str())
                || is_own_core(&package.name, &need.name)
                || (need.dev && need.name == "testkit" && may_use_testkit(&package.name));
            if !drawn {
                let kind = if need.dev { "dev-depends" } else { "depends" };
                faults.push(Fault::new(
                    &package.dir,
                    format!("{kind} on {}, which no arrow allows", need.name),
                ));
            }
        }
    }
    faults
}

fn is_own_core(server: &str, need: &str) -> bool {
    server
        .strip_suffix("-server")
        .is_some_and(|service| need.strip_suffix("-core") == Some(service))
}

/// Those below testkit would meet their own types twice.
fn may_use_testkit(package: &str) -> bool {
    package.ends_with("-server")
        || package.ends_with("-core")
        || package == "gavel"
        || package == "loadtest"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::manifests::packages;
    use super::*;

    /// What `cargo metadata` would say of a workspace with one edge.
    fn faults(from: &str, to: &str, kind: Option<&str>) -> Vec<Fault> {
        let member = |name: &str, needs: serde_json::Value| json!({ "name": name, "manifest_path": format!("/w/{name}/Cargo.toml"), "dependencies": needs });
        let metadata = json!({
            "workspace_root": "/w",
            "packages": [
                member(from, json!([{ "name": to, "kind": kind }, { "name": "serde", "kind": null }])),
                member(to, json!([])),
            ],
        });
        check(&packages(&metadata).unwrap())
    }

    #[test]
    fn every_edge_that_is_not_drawn_is_refused() {
        let dev = Some("dev");
        let cases = [
            ("bidder-core", "openrtb", None, true),
            ("bidder-core", "service", None, false),
            ("bidder-core", "service", dev, false),
            ("bidder-core", "testkit", dev, true),
            ("bidder-core", "testkit", None, false),
            ("bidder-server", "bidder-core", None, true),
            ("bidder-server", "exchange-core", None, false),
            ("bidder-server", "exchange-core", dev, false),
            ("bidder-server", "exchange-server", dev, false),
            ("bidder-server", "userstate", None, true),
            ("bidder-server", "embedded", None, false),
            ("control-plane-server", "control-plane-core", None, true),
            ("gavel", "exchange-server", None, true),
            ("gavel", "exchange-core", None, true),
            ("gavel", "contracts", None, false),
            ("gavel", "testkit", dev, true),
            ("loadtest", "eventlog", None, false),
            ("openrtb", "testkit", dev, false),
            ("units", "openrtb", None, false),
            ("units", "testkit", dev, false),
            ("userstate", "contracts", None, true),
            ("userstate", "testkit", dev, false),
            ("xtask", "embedded", None, true),
            ("xtask", "service", Some("build"), false),
        ];
        for (from, to, kind, allowed) in cases {
            let faults = faults(from, to, kind);
            assert_eq!(
                faults.is_empty(),
                allowed,
                "{from} -> {to} ({kind:?}): {faults:?}"
            );
        }
    }

    #[test]
    fn a_crate_nobody_drew_is_refused() {
        let faults = faults("helpers", "units", None);
        assert_eq!(
            faults,
            [Fault::new("helpers", "is not in the list of crates")]
        );
    }
}
