//! Debian's packages, for root in a container or a test run, without starting a system service.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::wheels::run;

const CLUSTER_CONF: &str = "/etc/postgresql-common/createcluster.conf";
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Whether this process may and can install.
pub(crate) fn possible() -> bool {
    rustix::process::geteuid().is_root() && Path::new("/usr/bin/apt-get").exists()
}

/// Installs the packages; no cluster is made and no service is started.
///
/// # Errors
/// One clause: the step that failed and apt's own words.
pub(crate) fn install(packages: &[&str]) -> Result<(), String> {
    // Where a person has configured either file, their word stands.
    write_new(CLUSTER_CONF, "create_main_cluster = false\n", 0o644)?;
    let policy = write_new(POLICY, "#!/bin/sh\nexit 101\n", 0o755)?;
    let installed = run(apt().arg("update")).and_then(|()| {
        run(apt()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(packages))
    });
    if policy {
        fs::remove_file(POLICY).map_err(|fault| format!("removing {POLICY}: {fault}"))?;
    }
    installed
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command
        .arg("--quiet=2")
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Whether the file was written: one that is there is left alone.
fn write_new(path: &str, text: &str, mode: u32) -> Result<bool, String> {
    if Path::new(path).exists() {
        return Ok(false);
    }
    let dir = Path::new(path).parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(dir)
        .and_then(|()| fs::write(path, text))
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)))
        .map_err(|fault| format!("writing {path}: {fault}"))?;
    Ok(true)
}
