//! The files of the repository, read once.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// What is built, kept by tools, or not ours.
const PASSED_OVER: [&str; 5] = ["target", ".git", "data", "node_modules", "vendor"];

/// One text file.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    /// From the root, with forward slashes.
    pub(super) path: String,
    pub(super) text: String,
}

/// All text files, sorted by path.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) files: Vec<SourceFile>,
    /// Also files that are no text: a link may point at one.
    pub(super) paths: Vec<String>,
}

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.walk(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    fn walk(&mut self, dir: &Path, prefix: &str) -> Result<()> {
        let listing = fs::read_dir(dir).with_context(|| format!("listing {}", dir.display()))?;
        for found in listing {
            let found = found.with_context(|| format!("listing {}", dir.display()))?;
            let name = found.file_name().to_string_lossy().into_owned();
            if PASSED_OVER.contains(&name.as_str()) {
                continue;
            }
            let path = format!("{prefix}{name}");
            let kind = found.file_type().with_context(|| path.clone())?;
            self.paths.push(path.clone());
            if kind.is_dir() {
                self.walk(&found.path(), &format!("{path}/"))?;
            } else if kind.is_file() {
                let bytes = fs::read(found.path()).with_context(|| path.clone())?;
                // What is not UTF-8 is a picture or an archive.
                if let Ok(text) = String::from_utf8(bytes) {
                    self.files.push(SourceFile { path, text });
                }
            }
        }
        Ok(())
    }

    pub(super) fn ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a SourceFile> {
        self.files
            .iter()
            .filter(move |file| file.path.ends_with(ending))
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.paths.iter().any(|known| known == path)
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            let mut parent = String::new();
            for step in path.split('/') {
                parent = if parent.is_empty() {
                    step.to_owned()
                } else {
                    format!("{parent}/{step}")
                };
                tree.paths.push(parent.clone());
            }
            tree.files.push(SourceFile {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            });
        }
        tree
    }
}
