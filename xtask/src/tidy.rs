//! `cargo xtask tidy`: the rules of the house that no compiler checks.

mod arrows;
mod cores;
mod links;
mod manifests;
mod metrics;
mod sources;
mod tree;

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use tree::Tree;

/// A broken rule: where, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    place: String,
    says: String,
}

impl Fault {
    fn new(place: impl Into<String>, says: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            says: says.into(),
        }
    }
}

/// Checks the tree we run in; prints every fault.
pub(crate) fn run() -> Result<bool> {
    let metadata = metadata()?;
    let root = metadata["workspace_root"]
        .as_str()
        .context("cargo metadata names no workspace root")?;
    let tree = Tree::read(Path::new(root))?;
    let packages = manifests::packages(&metadata)?;
    let mut faults = Vec::new();
    faults.extend(arrows::check(&packages));
    faults.extend(cores::check(&packages, &tree));
    faults.extend(manifests::check(&packages, &tree));
    faults.extend(sources::check(&tree));
    faults.extend(metrics::check(&tree));
    faults.extend(links::check(&tree));
    faults.sort();
    for fault in &faults {
        println!("{}: {}", fault.place, fault.says);
    }
    match faults.len() {
        0 => println!(
            "tidy: {} packages, {} files",
            packages.len(),
            tree.files.len()
        ),
        some => println!("tidy: {some} faults"),
    }
    Ok(faults.is_empty())
}

fn metadata() -> Result<Value> {
    let output = crate::cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("starting cargo metadata")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("reading cargo metadata")
}
