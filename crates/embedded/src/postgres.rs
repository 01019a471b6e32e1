//! The cluster: made once, per major version, and the command line it is served with.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::account::Account;
use crate::error::EmbeddedError;
use crate::former::Former;
use crate::launch::{Farewell, Launch, clean};
use crate::options::{Durability, Options, Part, Progress};
use crate::place::{Claim, private_dir};
use crate::probe::{Session, USER};
use crate::program::PostgresBinary;

/// The database that a fresh cluster gets.
pub(crate) const DATABASE: &str = "gavel";
/// Names the socket only; nothing listens on it unless TCP was asked for.
pub(crate) const USUAL_PORT: u16 = 5432;
/// Who may connect how: the socket's directory is private, TCP asks for the password.
const HBA: &str = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256\n";

/// A cluster on disk and the server for it.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) dir: PathBuf,
    program: PathBuf,
}

impl Cluster {
    /// The cluster of the found server's major version; made now if the directory has none.
    ///
    /// # Errors
    /// `MajorMismatch` where only a cluster of another version is there.
    pub(crate) fn prepare(
        claim: &Claim,
        binary: &PostgresBinary,
        account: &Account,
        options: &Options,
    ) -> Result<Self, EmbeddedError> {
        let (majors, _) = claim.clusters();
        let dir = claim.data.join(format!("pg-{}", binary.major));
        if !majors.contains(&binary.major) {
            if let Some(made_by) = majors.last() {
                return Err(EmbeddedError::MajorMismatch {
                    dir: claim.data.join(format!("pg-{made_by}")),
                    made_by: *made_by,
                    found: binary.major,
                });
            }
            (options.progress)(&Progress::InitialisingPostgres);
            initialise(claim, &dir, binary, account, options)?;
        }
        let hba = dir.join("pg_hba.conf");
        fs::write(&hba, HBA).map_err(EmbeddedError::io(format!("writing {}", hba.display())))?;
        Ok(Self {
            dir,
            program: binary.bin_dir.join("postgres"),
        })
    }

    pub(crate) fn former(&self) -> Former<'_> {
        former(&self.dir)
    }

    pub(crate) fn launch(&self, sockets: &Path, options: &Options) -> Launch {
        let mut arguments: Vec<OsString> = vec!["-D".into(), self.dir.clone().into()];
        arguments.extend(["-k".into(), sockets.into()]);
        let port = port(options).to_string();
        arguments.extend(["-p".into(), OsString::from(port)]);
        let listen = match options.tcp {
            None => "listen_addresses=",
            Some(_) => "listen_addresses=127.0.0.1",
        };
        let always = [
            listen,
            "unix_socket_permissions=0700",
            "timezone=UTC",
            "log_timezone=UTC",
        ];
        let by_durability: &[&str] = match options.durability {
            Durability::Durable => &["max_connections=200"],
            Durability::Tests => &[
                "max_connections=500",
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
            ],
        };
        for setting in always.iter().chain(by_durability) {
            arguments.extend(["-c".into(), OsString::from(setting)]);
        }
        Launch {
            program: self.program.clone(),
            arguments,
            dir: self.dir.clone(),
            farewell: Farewell::Interrupt,
        }
    }
}

/// The server that may have been left running on the cluster in `dir`.
pub(crate) fn former(dir: &Path) -> Former<'_> {
    Former {
        part: Part::Postgres,
        pid_file: dir.join("postmaster.pid"),
        dir,
        names: &["postgres"],
        farewell: Farewell::Interrupt,
    }
}

/// The port that names the socket and, with TCP, is listened on.
pub(crate) fn port(options: &Options) -> u16 {
    options.tcp.map_or(USUAL_PORT, |tcp| tcp.postgres)
}

pub(crate) fn socket(sockets: &Path, options: &Options) -> PathBuf {
    sockets.join(format!(".s.PGSQL.{}", port(options)))
}

/// Gives a ready server its database, and its password where TCP asks for one.
pub(crate) fn furnish(session: &mut Session, password: Option<&str>) -> std::io::Result<()> {
    let there = session.run(&format!(
        "SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"
    ))?;
    if there.is_empty() {
        session.run(&format!("CREATE DATABASE {DATABASE}"))?;
    }
    if let Some(password) = password {
        session.run(&format!("ALTER ROLE {USER} PASSWORD '{password}'"))?;
    }
    Ok(())
}

/// Into a directory of another name first: one that was half made is never taken for a cluster.
fn initialise(
    claim: &Claim,
    dir: &Path,
    binary: &PostgresBinary,
    account: &Account,
    options: &Options,
) -> Result<(), EmbeddedError> {
    let half = claim.data.join(format!("pg-{}.init", binary.major));
    if half.exists() {
        fs::remove_dir_all(&half)
            .map_err(EmbeddedError::io(format!("removing {}", half.display())))?;
    }
    private_dir(&half, account)?;
    let mut command = Command::new(binary.bin_dir.join("initdb"));
    command
        .args([
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
        ])
        .args(["--username", USER, "--pgdata"])
        .arg(&half)
        .stdin(Stdio::null());
    if options.durability == Durability::Tests {
        command.arg("--no-sync");
    }
    if account.other {
        command.uid(account.uid).gid(account.gid);
    }
    clean(&mut command, &half);
    let output = command
        .output()
        .map_err(EmbeddedError::io("starting initdb"))?;
    if !output.status.success() {
        let (log, _) = claim.log(Part::Postgres)?;
        let said = String::from_utf8_lossy(&output.stderr);
        let why = said
            .lines()
            .find(|line| line.contains("error"))
            .unwrap_or(&said);
        return Err(EmbeddedError::DidNotStart {
            part: Part::Postgres,
            why: why.trim().to_owned(),
            log,
        });
    }
    fs::rename(&half, dir)
        .and_then(|()| match options.durability {
            // The rename itself must survive a loss of power.
            Durability::Durable => File::open(&claim.data)?.sync_all(),
            Durability::Tests => Ok(()),
        })
        .map_err(EmbeddedError::io(format!("renaming {}", half.display())))
}

/// A random password kept in the data directory, readable by its owner alone.
pub(crate) fn password(data: &Path) -> Result<String, EmbeddedError> {
    use std::io::{Read, Write};
    use std::os::unix::fs::OpenOptionsExt;
    let path = data.join("password");
    if let Ok(kept) = fs::read_to_string(&path) {
        let kept = kept.trim();
        if kept.len() == 48 && kept.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(kept.to_owned());
        }
    }
    let mut random = [0_u8; 24];
    let made = File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut random))
        .and_then(|()| {
            let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
            File::options()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&path)?
                .write_all(text.as_bytes())?;
            Ok(text)
        });
    made.map_err(EmbeddedError::io(format!("making {}", path.display())))
}
