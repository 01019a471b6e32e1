//! Where the market keeps its data, and the secret of its internal calls.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// What the services keep beside the stores; `--fresh` removes it, and the stores remove theirs.
const OURS: [&str; 6] = [
    "bidder",
    "exchange",
    "dmp",
    "logs",
    "service.token",
    "rivals.json",
];

/// The data directory: as told, else the default of this user.
///
/// # Errors
/// When what was told is no path.
pub(super) fn locate(told: Option<&Path>) -> Result<PathBuf> {
    match told {
        Some(dir) => std::path::absolute(dir)
            .with_context(|| format!("{} is not a usable path", dir.display())),
        None => Ok(embedded::default_data_dir()),
    }
}

/// Makes the directories of the services in `dir`, after removing former ones when `fresh`.
///
/// # Errors
/// When something cannot be removed or written; the sentence says what to do.
pub(super) fn prepare(dir: &Path, fresh: bool) -> Result<()> {
    if fresh {
        for name in OURS {
            let path = dir.join(name);
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            if let Err(error) = removed
                && error.kind() != std::io::ErrorKind::NotFound
            {
                return Err(error).with_context(|| {
                    format!("{} cannot be removed: do it yourself", path.display())
                });
            }
        }
    }
    for name in ["bidder", "exchange", "dmp", "logs"] {
        let path = dir.join(name);
        fs::create_dir_all(&path).with_context(|| {
            format!(
                "{} cannot be written: choose a directory of your own with --data DIR",
                path.display()
            )
        })?;
    }
    Ok(())
}

/// The service token of this data directory, made on first use, readable by its owner only.
///
/// # Errors
/// When it can be neither read nor written.
pub(super) fn service_token(dir: &Path) -> Result<String> {
    let file = dir.join("service.token");
    if let Ok(token) = fs::read_to_string(&file)
        && token.trim().len() >= 32
    {
        return Ok(token.trim().into());
    }
    let random: [u8; 32] = service::clock::random_bytes();
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let token = format!("gavel_{hex}");
    let mut out = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&file)?;
    out.write_all(token.as_bytes())
        .with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_removes_what_is_ours_and_nothing_else() {
        let dir = std::env::temp_dir().join(format!("gavel-data-dir-{}", std::process::id()));
        fs::create_dir_all(dir.join("bidder")).unwrap();
        fs::write(dir.join("thesis.tex"), "years of work").unwrap();
        fs::write(dir.join("bidder/catalog.json"), "{}").unwrap();
        let token = service_token(&dir).unwrap();
        assert_eq!(service_token(&dir).unwrap(), token, "made once");
        prepare(&dir, true).unwrap();
        assert!(dir.join("thesis.tex").exists());
        assert!(dir.join("bidder").exists() && !dir.join("bidder/catalog.json").exists());
        assert_ne!(
            service_token(&dir).unwrap(),
            token,
            "a fresh market has a fresh secret"
        );
        fs::remove_dir_all(&dir).unwrap();
    }
}
