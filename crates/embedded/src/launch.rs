//! Starting a server so that it ends when we do, however we end.
//!
//! Where util-linux's `setpriv` is, the kernel signals the server when the thread that
//! started it dies; elsewhere a shell holds the other end of a pipe from us and does so.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::account::Account;
use crate::error::EmbeddedError;

/// Starts `$2…` and, when the standard input of this shell ends, sends it the signal `$1`.
const KEEPER: &str = r#"
signal=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
( cat <&3 >/dev/null; kill -s "$signal" "$server" ) >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$server"
status=$?
kill "$watch" 2>/dev/null
exit "$status"
"#;

/// What ties a server's life to ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tie {
    /// `setpriv --pdeathsig`: the kernel's signal when the parent thread dies.
    ParentDeathSignal,
    /// A shell that waits for the end of a pipe.
    Pipe,
}

impl Tie {
    /// The better one of those this machine has.
    pub(crate) fn best() -> Self {
        let supported = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "--", "true"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if supported {
            Self::ParentDeathSignal
        } else {
            Self::Pipe
        }
    }
}

/// The signal that asks a server to end in good order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// Postgres: fast shutdown.
    Interrupt,
    /// Redis: saves and ends.
    Terminate,
}

impl Farewell {
    const fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
        }
    }

    pub(crate) const fn signal(self) -> Signal {
        match self {
            Self::Interrupt => Signal::INT,
            Self::Terminate => Signal::TERM,
        }
    }
}

/// A program to run as a child.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) dir: PathBuf,
    pub(crate) farewell: Farewell,
}

impl Launch {
    /// Starts it. The calling thread must live as long as the child shall.
    pub(crate) fn start(
        &self,
        tie: Tie,
        account: &Account,
        log: File,
    ) -> Result<Running, EmbeddedError> {
        let doing = || format!("starting {}", self.program.display());
        let errors = log.try_clone().map_err(EmbeddedError::io(doing()))?;
        let mut command = self.command(tie, account);
        let child = command
            // Ctrl-C in the terminal is ours to hear: we then end the servers in order.
            .process_group(0)
            .stdout(Stdio::from(log))
            .stderr(Stdio::from(errors))
            .spawn()
            .map_err(EmbeddedError::io(doing()))?;
        Ok(Running {
            child,
            farewell: self.farewell,
            tie,
        })
    }

    fn command(&self, tie: Tie, account: &Account) -> Command {
        let mut command = match tie {
            Tie::ParentDeathSignal => {
                let mut command = Command::new("setpriv");
                if account.other {
                    command.args(["--reuid", &account.uid.to_string()]);
                    command.args(["--regid", &account.gid.to_string(), "--clear-groups"]);
                }
                command.args(["--pdeathsig", self.farewell.name(), "--"]);
                command.arg(&self.program).stdin(Stdio::null());
                command
            }
            Tie::Pipe => {
                let mut command = Command::new("sh");
                command.args(["-c", KEEPER, "keeper", self.farewell.name()]);
                if account.other {
                    command.uid(account.uid).gid(account.gid);
                }
                command.arg(&self.program).stdin(Stdio::piped());
                command
            }
        };
        command.args(&self.arguments);
        clean(&mut command, &self.dir);
        command
    }
}

/// A child's surroundings: nothing of ours leaks in (`PGPORT`, `PGDATA`, a locale it lacks).
pub(crate) fn clean(command: &mut Command, dir: &Path) {
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin:/bin"));
    command
        .env_clear()
        .env("PATH", path)
        .env("LC_ALL", "C")
        .current_dir(dir);
}

/// A server that was started.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    farewell: Farewell,
    tie: Tie,
}

impl Running {
    /// How it ended, once it has.
    pub(crate) fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(describe(status)),
            Err(fault) => Some(fault.to_string()),
        }
    }

    /// Asks it to end in good order.
    pub(crate) fn ask_to_end(&mut self) {
        match self.tie {
            Tie::ParentDeathSignal => self.send(self.farewell.signal()),
            Tie::Pipe => drop(self.child.stdin.take()),
        }
    }

    /// Ends it at once. Postgres's own children notice and follow.
    pub(crate) fn kill(&mut self) {
        self.send(Signal::KILL);
    }

    /// Waits for the end, at most `limit`; says whether it came.
    pub(crate) fn wait(&mut self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        loop {
            if self.ended().is_some() {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// To an unreaped child, so the number cannot have become somebody else's.
    /// Failing means it ended by itself, which is what was wanted.
    pub(crate) fn send(&mut self, signal: Signal) {
        if self.ended().is_some() {
            return;
        }
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else {
            return;
        };
        let _ = match self.tie {
            Tie::ParentDeathSignal => kill_process(pid, signal),
            Tie::Pipe => kill_process_group(pid, signal),
        };
    }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown end".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account;
    use std::fs;

    const LIMIT: Duration = Duration::from_secs(20);

    fn sleeper(tie: Tie, trap: &str) -> (Running, PathBuf) {
        let dir = std::env::temp_dir().join(format!(
            "gavel-launch-{}-{tie:?}-{}",
            std::process::id(),
            trap.len()
        ));
        fs::create_dir_all(&dir).unwrap();
        let log = File::create(dir.join("log")).unwrap();
        let launch = Launch {
            program: PathBuf::from("sh"),
            arguments: [
                "-c",
                &format!("{trap}; echo up; while :; do sleep 0.05; done"),
            ]
            .map(OsString::from)
            .to_vec(),
            dir: PathBuf::from("/"),
            farewell: Farewell::Terminate,
        };
        let ourselves = account::Account {
            other: false,
            ..account::choose(None).unwrap()
        };
        let running = launch.start(tie, &ourselves, log).unwrap();
        let path = dir.join("log");
        let until = Instant::now() + LIMIT;
        while !fs::read_to_string(&path).unwrap().contains("up") {
            assert!(Instant::now() < until, "the child did not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        (running, dir)
    }

    #[test]
    fn a_child_asked_to_end_hears_its_farewell_by_either_tie() {
        for tie in [Tie::best(), Tie::Pipe] {
            let (mut running, dir) = sleeper(tie, "trap 'echo farewell; exit 0' TERM");
            running.ask_to_end();
            assert!(running.wait(LIMIT), "{tie:?}: it ended");
            let log = fs::read_to_string(dir.join("log")).unwrap();
            assert!(log.contains("farewell"), "{tie:?}: in good order");
            fs::remove_dir_all(dir).unwrap();
        }
    }

    #[test]
    fn a_child_that_will_not_end_is_killed_by_either_tie() {
        for tie in [Tie::best(), Tie::Pipe] {
            let (mut running, dir) = sleeper(tie, "trap '' TERM INT");
            running.kill();
            assert!(running.wait(LIMIT), "{tie:?}");
            fs::remove_dir_all(dir).unwrap();
        }
    }
}
