//! The last good value on disk: whole or not at all, and only for so long.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::{Duration, SystemTime},
};

/// Why a copy on disk is not used.
#[derive(Debug, thiserror::Error)]
pub enum CopyFault {
    /// The file could not be read.
    #[error("the copy on disk cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Torn, or changed by somebody else.
    #[error("the copy on disk is damaged: its checksum is wrong")]
    Damaged,
    /// The publisher confirmed it too long ago.
    #[error("the copy on disk is too old: confirmed {} s ago, at most {} s are allowed", age.as_secs(), max_age.as_secs())]
    TooOld {
        /// How long ago.
        age: Duration,
        /// How long it may be.
        max_age: Duration,
    },
    /// Whole, and still no value of ours.
    #[error("the copy on disk is not a value of this version: {0}")]
    Unreadable(String),
}

/// Sixteen digits of checksum and the end of a line.
const HEAD: usize = 17;

/// Writes a copy that only this user can read; the old one stays until the new one is whole on disk.
///
/// # Errors
/// When the file system refuses.
pub fn keep(path: &Path, body: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let fresh = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(format!("{:016x}\n", checksum(body)).as_bytes())?;
    file.write_all(body)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// The publisher confirmed what the copy says: it counts as fresh again.
pub(super) fn mark_confirmed(path: &Path) {
    let file = fs::OpenOptions::new().write(true).open(path);
    if let Err(error) = file.and_then(|file| file.set_modified(SystemTime::now())) {
        tracing::debug!(%error, "the copy on disk could not be marked as confirmed");
    }
}

/// The copy and how long ago the publisher confirmed it; `None` when there is none.
pub(super) fn read(
    path: &Path,
    max_age: Duration,
) -> Result<Option<(Vec<u8>, Duration)>, CopyFault> {
    let mut bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let confirmed = fs::metadata(path)?.modified()?;
    // A time to come is a clock that was set back: as fresh as can be.
    let age = confirmed.elapsed().unwrap_or_default();
    if age > max_age {
        return Err(CopyFault::TooOld { age, max_age });
    }
    if !is_whole(&bytes) {
        return Err(CopyFault::Damaged);
    }
    bytes.drain(..HEAD);
    Ok(Some((bytes, age)))
}

/// The text of a copy as the publisher sent it, of whatever age, when the copy is there and whole.
#[must_use]
pub fn copied(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = fs::read(path).ok()?;
    if !is_whole(&bytes) {
        tracing::warn!(path = %path.display(), "the copy on disk is damaged and not used");
        return None;
    }
    bytes.drain(..HEAD);
    Some(bytes)
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some((sum, body)) = bytes.split_at_checked(HEAD) else {
        return false;
    };
    let sum = std::str::from_utf8(sum).ok().map(str::trim_end);
    sum.and_then(|sum| u64::from_str_radix(sum, 16).ok()) == Some(checksum(body))
}

/// FNV-1a over words of eight bytes: against a torn write, not against an attacker, who could as well
/// write another file.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x0100_0000_01b3);
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let sum = step(0xcbf2_9ce4_8422_2325, length);
    let sum = words
        .iter()
        .fold(sum, |sum, word| step(sum, u64::from_le_bytes(*word)));
    rest.iter()
        .fold(sum, |sum, byte| step(sum, u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn r_18_a_copy_is_read_back_and_a_torn_or_an_old_one_is_not() {
        let path = std::env::temp_dir().join(format!("gavel-feed-{}", std::process::id()));
        assert!(read(&path, DAY).unwrap().is_none(), "none yet");
        keep(&path, br#"{"version":7}"#).unwrap();
        let (body, age) = read(&path, DAY).unwrap().unwrap();
        assert_eq!(body, br#"{"version":7}"#);
        assert!(age < DAY);

        let old = SystemTime::now() - DAY * 2;
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_modified(old).unwrap();
        assert!(matches!(read(&path, DAY), Err(CopyFault::TooOld { .. })));
        mark_confirmed(&path);
        assert!(read(&path, DAY).is_ok(), "confirmed again");

        let whole = fs::read(&path).unwrap();
        for at in [0, 20, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).unwrap();
            assert!(
                matches!(read(&path, DAY), Err(CopyFault::Damaged)),
                "byte {at}"
            );
        }
        for length in [0, 5, HEAD, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(
                matches!(read(&path, DAY), Err(CopyFault::Damaged)),
                "{length} bytes"
            );
        }
        fs::remove_file(&path).unwrap();
    }
}
