//! What the manifests say: who needs whom, and that everybody is held to the same lints.

use anyhow::{Context, Result};
use serde_json::Value;

use super::Fault;
use super::tree::Tree;

/// A member of the workspace.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) name: String,
    /// Its directory from the root.
    pub(super) dir: String,
    pub(super) needs: Vec<Need>,
}

/// A declared dependency.
#[derive(Debug, Clone)]
pub(super) struct Need {
    pub(super) name: String,
    pub(super) dev: bool,
}

pub(super) fn packages(metadata: &Value) -> Result<Vec<Package>> {
    let root = metadata["workspace_root"]
        .as_str()
        .context("no workspace root")?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    packages
        .iter()
        .map(|package| {
            let manifest = package["manifest_path"]
                .as_str()
                .context("no manifest path")?;
            let dir = manifest
                .trim_end_matches("/Cargo.toml")
                .trim_start_matches(root)
                .trim_start_matches('/');
            let needs = package["dependencies"]
                .as_array()
                .context("no dependencies")?;
            let needs = needs
                .iter()
                .filter_map(|need| {
                    Some(Need {
                        name: need["name"].as_str()?.to_owned(),
                        dev: need["kind"] == "dev",
                    })
                })
                .collect();
            Ok(Package {
                name: package["name"].as_str().context("no name")?.to_owned(),
                dir: dir.to_owned(),
                needs,
            })
        })
        .collect()
}

/// Every member inherits the workspace's lints.
pub(super) fn check(packages: &[Package], tree: &Tree) -> Vec<Fault> {
    packages
        .iter()
        .filter_map(|package| {
            let path = format!("{}/Cargo.toml", package.dir);
            let manifest = tree.files.iter().find(|file| file.path == path)?;
            let inherits = manifest
                .text
                .split_once("[lints]")
                .and_then(|(_, rest)| rest.lines().map(str::trim).find(|line| !line.is_empty()))
                .is_some_and(|line| line == "workspace = true");
            (!inherits).then(|| Fault::new(path, "does not inherit the workspace's lints"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_does_not_inherit_the_lints_is_named() {
        let package = |dir: &str| Package {
            name: dir.to_owned(),
            dir: dir.to_owned(),
            needs: vec![],
        };
        let tree = Tree::of(&[
            (
                "good/Cargo.toml",
                "[package]\n\n[lints]\nworkspace = true\n",
            ),
            ("none/Cargo.toml", "[package]\n"),
            (
                "own/Cargo.toml",
                "[lints]\n[lints.rust]\nunsafe_code = \"allow\"\n",
            ),
        ]);
        let faults = check(&[package("good"), package("none"), package("own")], &tree);
        let places: Vec<&str> = faults.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(places, ["none/Cargo.toml", "own/Cargo.toml"]);
    }
}
