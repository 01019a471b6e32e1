//! Where the market keeps its data, and the secret of its internal calls.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The data directory: as told, else `/var/lib/gavel` for root, else `$XDG_DATA_HOME/gavel`.
///
/// # Errors
/// When no home directory is known.
pub fn locate(told: Option<&Path>) -> Result<PathBuf> {
    if let Some(dir) = told {
        return std::path::absolute(dir).with_context(|| format!("{} is not a usable path", dir.display()));
    }
    let home = std::env::var_os("HOME").map(PathBuf::from);
    // Postgres does not run as root, and the user it runs as cannot look into root's home.
    if std::env::var_os("USER").is_some_and(|user| user == "root") || home.as_deref() == Some(Path::new("/root")) {
        return Ok(PathBuf::from("/var/lib/gavel"));
    }
    if let Some(dir) = std::env::var_os("XDG_DATA_HOME") {
        return Ok(PathBuf::from(dir).join("gavel"));
    }
    let home = home.context("HOME is not set: say where to keep data with --data DIR")?;
    Ok(home.join(".local/share/gavel"))
}

/// Makes the directory, after emptying it when `fresh`.
///
/// # Errors
/// When it cannot be written; the sentence says what to do.
pub fn prepare(dir: &Path, fresh: bool) -> Result<()> {
    if fresh && dir.exists() {
        let ours = dir.join(".gavel").exists() || fs::read_dir(dir)?.next().is_none();
        anyhow::ensure!(
            ours,
            "{} does not look like a data directory of gavel: empty it yourself or choose another with --data",
            dir.display()
        );
        fs::remove_dir_all(dir)
            .with_context(|| format!("{} cannot be emptied: is another gavel running on it?", dir.display()))?;
    }
    let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(dir);
    made.and_then(|()| fs::write(dir.join(".gavel"), "This directory belongs to gavel.\n")).with_context(|| {
        format!("{} cannot be written: choose a directory of your own with --data DIR", dir.display())
    })?;
    fs::create_dir_all(dir.join("logs"))?;
    Ok(())
}

/// The service token of this data directory, made on first use, readable by its owner only.
///
/// # Errors
/// When it can be neither read nor written.
pub fn service_token(dir: &Path) -> Result<String> {
    let file = dir.join("service.token");
    if let Ok(token) = fs::read_to_string(&file) {
        if token.trim().len() >= 32 {
            return Ok(token.trim().into());
        }
    }
    let random: [u8; 32] = service::clock::random_bytes();
    let mut token = String::from("gavel_");
    for byte in random {
        token.push_str(&format!("{byte:02x}"));
    }
    let mut out = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&file)?;
    out.write_all(token.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_directory_of_ours_is_emptied() {
        let dir = std::env::temp_dir().join(format!("gavel-data-dir-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("thesis.tex"), "years of work").unwrap();
        let sentence = prepare(&dir, true).unwrap_err().to_string();
        assert!(sentence.contains("does not look like"), "{sentence}");
        assert!(dir.join("thesis.tex").exists());
        fs::write(dir.join(".gavel"), "").unwrap();
        prepare(&dir, true).unwrap();
        assert!(!dir.join("thesis.tex").exists());
        let token = service_token(&dir).unwrap();
        assert_eq!(service_token(&dir).unwrap(), token, "made once");
        fs::remove_dir_all(&dir).unwrap();
    }
}
