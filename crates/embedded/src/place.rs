//! The directories: data that stays, sockets that do not, and the lock that makes both ours.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::Account;
use crate::error::EmbeddedError;
use crate::options::Part;

/// The longest path a unix socket may have, on the strictest of our systems (macOS: 104 with the final NUL).
const LONGEST_SOCKET_PATH: usize = 103;
/// A log that has grown past this is begun anew at the next start.
const LOG_LIMIT: u64 = 8 * 1024 * 1024;

/// The default data directory: `/var/lib/gavel` for root, whose home no other user may enter,
/// else `$XDG_DATA_HOME/gavel`.
#[must_use]
pub fn default_data_dir() -> PathBuf {
    home_dir("/var/lib/gavel", "XDG_DATA_HOME", ".local/share")
}

/// Where fetched servers are kept; for root outside its home for the same reason.
pub(crate) fn default_cache_dir() -> PathBuf {
    home_dir("/var/cache/gavel", "XDG_CACHE_HOME", ".cache")
}

fn home_dir(for_root: &str, variable: &str, below_home: &str) -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from(for_root);
    }
    let base = std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(below_home)))
        .unwrap_or_else(std::env::temp_dir);
    base.join("gavel")
}

/// Our data directory, locked: as long as this lives, no second stack runs on it.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) data: PathBuf,
    _lock: File,
}

impl Claim {
    /// Makes the directory where needed and takes its lock.
    pub(crate) fn take(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let unwritable = |source| EmbeddedError::Unwritable {
            dir: data_dir.to_path_buf(),
            source,
        };
        fs::create_dir_all(data_dir).map_err(unwritable)?;
        let data = data_dir.canonicalize().map_err(unwritable)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(data.join("embedded.lock"))
            .map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid = lock
                    .read_to_string(&mut text)
                    .ok()
                    .and(text.trim().parse().ok());
                return Err(EmbeddedError::InUse { dir: data, pid });
            }
            Err(TryLockError::Error(source)) => return Err(unwritable(source)),
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(unwritable)?;
        Ok(Self { data, _lock: lock })
    }

    /// Removes what the stores of an earlier run left, and nothing that is not theirs.
    pub(crate) fn empty(&self) -> Result<(), EmbeddedError> {
        let listing = fs::read_dir(&self.data).map_err(EmbeddedError::io(format!(
            "listing {}",
            self.data.display()
        )))?;
        for found in listing.flatten() {
            let name = found.file_name();
            let name = name.to_string_lossy();
            let ours = cluster_major(&name).is_some()
                || name.ends_with(".init")
                || name == Part::State.stem()
                || name == Part::Events.stem();
            if ours {
                let path = found.path();
                fs::remove_dir_all(&path)
                    .map_err(EmbeddedError::io(format!("emptying {}", path.display())))?;
            }
        }
        Ok(())
    }

    /// The major versions of the clusters that are here, and the owner of the newest.
    pub(crate) fn clusters(&self) -> (Vec<u32>, Option<u32>) {
        let mut majors: Vec<u32> = fs::read_dir(&self.data)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|found| cluster_major(&found.file_name().to_string_lossy()))
            .collect();
        majors.sort_unstable();
        let owner = majors
            .last()
            .and_then(|major| fs::metadata(self.data.join(format!("pg-{major}"))).ok())
            .map(|meta| meta.uid());
        (majors, owner)
    }

    /// The file that `part` writes its log to, opened by us so that it may be anywhere.
    pub(crate) fn log(&self, part: Part) -> Result<(PathBuf, File), EmbeddedError> {
        let dir = self.data.join("logs");
        let path = dir.join(format!("{}.log", part.stem()));
        let opened = fs::create_dir_all(&dir).and_then(|()| {
            let long = fs::metadata(&path).is_ok_and(|meta| meta.len() > LOG_LIMIT);
            if long {
                fs::remove_file(&path)?;
            }
            OpenOptions::new().append(true).create(true).open(&path)
        });
        let log = opened.map_err(EmbeddedError::io(format!("opening {}", path.display())))?;
        Ok((path, log))
    }
}

fn cluster_major(name: &str) -> Option<u32> {
    name.strip_prefix("pg-")?.parse().ok()
}

/// Makes `path` if needed, the account's own and closed to everybody else.
pub(crate) fn private_dir(path: &Path, account: &Account) -> Result<(), EmbeddedError> {
    let made = match DirBuilder::new().mode(0o700).create(path) {
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    };
    made.and_then(|()| {
        if account.other {
            chown(path, Some(account.uid), Some(account.gid))?;
        }
        fs::set_permissions(path, Permissions::from_mode(0o700))
    })
    .map_err(EmbeddedError::io(format!("making {}", path.display())))
}

/// Whether the account may enter `dir`; the system is asked as that user.
pub(crate) fn check_reach(dir: &Path, account: &Account) -> Result<(), EmbeddedError> {
    if !account.other {
        return Ok(());
    }
    let entered = Command::new("test")
        .arg("-x")
        .arg(dir)
        .uid(account.uid)
        .gid(account.gid)
        .current_dir("/")
        .status()
        .map_err(EmbeddedError::io(
            "asking whether a directory can be entered",
        ))?;
    if entered.success() {
        Ok(())
    } else {
        Err(EmbeddedError::Unreachable {
            dir: dir.to_path_buf(),
            user: account.name.clone(),
        })
    }
}

/// The private, empty directory of the sockets: in the temporary directory, because a data
/// directory's path is often too long for a socket.
pub(crate) fn socket_dir(data: &Path, account: &Account) -> Result<PathBuf, EmbeddedError> {
    let name = format!("gavel-{}-{:08x}", account.uid, fingerprint(data));
    let dir = std::env::temp_dir().join(name);
    let refuse = |why: &str| EmbeddedError::Sockets {
        dir: dir.clone(),
        why: why.to_owned(),
    };
    let longest = dir.join(".s.PGSQL.65535.lock");
    if longest.as_os_str().len() > LONGEST_SOCKET_PATH {
        return Err(refuse("its path is too long for a socket"));
    }
    // Made by somebody else in a directory that all may write, it could be a trap.
    if let Ok(meta) = fs::symlink_metadata(&dir) {
        let owned = meta.uid() == account.uid || meta.uid() == rustix::process::geteuid().as_raw();
        if !meta.is_dir() || !owned {
            return Err(refuse("somebody else made it"));
        }
    }
    private_dir(&dir, account)?;
    check_reach(&dir, account)?;
    sweep(&dir, "")?;
    Ok(dir)
}

/// Removes the files in `dir` whose names begin with `prefix`: leftovers of a dead server stop the next one.
pub(crate) fn sweep(dir: &Path, prefix: &str) -> Result<(), EmbeddedError> {
    let sweeping = || EmbeddedError::io(format!("emptying {}", dir.display()));
    for found in fs::read_dir(dir).map_err(sweeping())?.flatten() {
        if found.file_name().to_string_lossy().starts_with(prefix) {
            match fs::remove_file(found.path()) {
                Err(fault) if fault.kind() != io::ErrorKind::NotFound => {
                    return Err(sweeping()(fault));
                }
                _ => (),
            }
        }
    }
    Ok(())
}

/// FNV-1a: stable across builds, so that a later run finds and empties the same directory.
fn fingerprint(path: &Path) -> u32 {
    path.as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0x811c_9dc5, |hash, byte| {
            (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbered_directories_are_clusters() {
        for (name, expect) in [
            ("pg-15", Some(15)),
            ("pg-18", Some(18)),
            ("pg-15.init", None),
            ("pg-", None),
            ("logs", None),
        ] {
            assert_eq!(cluster_major(name), expect, "{name}");
        }
    }

    #[test]
    fn the_fingerprint_is_that_of_the_published_function() {
        assert_eq!(fingerprint(Path::new("")), 0x811c_9dc5);
        assert_eq!(fingerprint(Path::new("a")), 0xe40c_292c);
        assert_eq!(fingerprint(Path::new("foobar")), 0xbf9c_f968);
    }
}
