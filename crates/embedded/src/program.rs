//! Is this program a server that serves? It is asked for its version.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::options::Origin;

/// The major versions of Postgres whose SQL is ours.
const POSTGRES_MAJORS: std::ops::RangeInclusive<u32> = 15..=18;
/// The oldest Redis whose commands are ours, as (major, minor); Valkey began at 7.2.
const OLDEST_REDIS: (u32, u32) = (7, 0);
/// A usable Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresBinary {
    /// The directory that holds `postgres`, `initdb` and, usually, `psql`.
    pub bin_dir: PathBuf,
    /// Its major version, 15 to 18.
    pub major: u32,
    /// Its version as it says it.
    pub version: String,
    /// How it was found.
    pub origin: Origin,
}

/// A usable Redis or Valkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisBinary {
    /// The server program.
    pub server: PathBuf,
    /// Its name and version.
    pub version: String,
    /// How it was found.
    pub origin: Origin,
}

/// The Postgres in a directory, if it serves; else what is wrong with it.
pub(crate) fn postgres_in(dir: &Path, origin: Origin) -> Result<PostgresBinary, String> {
    if !dir.join("initdb").is_file() {
        return Err("there is no initdb in that directory".to_owned());
    }
    let text = said(&dir.join("postgres"), &["--version"])?;
    let version = postgres_version(&text).ok_or_else(|| format!("it answered {text:?}"))?;
    let major = leading_number(version).ok_or_else(|| format!("it answered {text:?}"))?;
    if !POSTGRES_MAJORS.contains(&major) {
        return Err(format!(
            "that is Postgres {version}, and 15 to 18 is needed"
        ));
    }
    Ok(PostgresBinary {
        bin_dir: dir.to_path_buf(),
        major,
        version: version.to_owned(),
        origin,
    })
}

/// The Redis or Valkey at a path, if it serves; else what is wrong with it.
pub(crate) fn redis_at(server: &Path, origin: Origin) -> Result<RedisBinary, String> {
    let text = said(server, &["--version"])?;
    let version = redis_version(&text).ok_or_else(|| format!("it answered {text:?}"))?;
    let minor = version.split('.').nth(1).and_then(leading_number);
    let age = (leading_number(version).unwrap_or(0), minor.unwrap_or(0));
    if age < OLDEST_REDIS {
        return Err(format!(
            "that is Redis {version}, and 7.0 or later is needed"
        ));
    }
    let name = text.split_whitespace().next().unwrap_or("Redis");
    Ok(RedisBinary {
        server: server.to_path_buf(),
        version: format!("{name} {version}"),
        origin,
    })
}

/// `postgres (PostgreSQL) 15.14 (Debian 15.14-0)` → `15.14`.
fn postgres_version(text: &str) -> Option<&str> {
    text.split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}

/// `Redis server v=7.0.15 sha=…` → `7.0.15`.
fn redis_version(text: &str) -> Option<&str> {
    text.split_whitespace()
        .find_map(|word| word.strip_prefix("v="))
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

/// What a program prints when asked with these arguments.
pub(crate) fn said(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|fault| format!("{} does not run: {fault}", program.display()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!(
            "{} ended with {}",
            program.display(),
            output.status
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_servers_say_them() {
        for (text, expect) in [
            (
                "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)",
                Some("15.14"),
            ),
            ("postgres (PostgreSQL) 18.6", Some("18.6")),
            ("postgres (PostgreSQL) 19beta1", Some("19beta1")),
            ("", None),
        ] {
            assert_eq!(postgres_version(text), expect, "{text}");
        }
        for (text, expect) in [
            (
                "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0",
                Some("7.0.15"),
            ),
            ("Valkey server v=9.1.2 sha=00000000:0", Some("9.1.2")),
            ("nonsense", None),
        ] {
            assert_eq!(redis_version(text), expect, "{text}");
        }
    }
}
