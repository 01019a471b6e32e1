//! Servers of an earlier run: a pid file says that one may still be there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::EmbeddedError;
use crate::launch::Farewell;
use crate::options::{Options, Part, Progress};

/// How long a server may take to end in good order before it is ended otherwise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A server that may have been left behind.
#[derive(Debug)]
pub(crate) struct Former<'a> {
    pub(crate) part: Part,
    pub(crate) pid_file: PathBuf,
    /// The directory it works in.
    pub(crate) dir: &'a Path,
    /// Its program's name as the system shows it.
    pub(crate) names: &'a [&'a str],
    pub(crate) farewell: Farewell,
}

impl Former<'_> {
    /// Ends it if it is ours and alive, and removes a pid file that would stop the next one.
    ///
    /// Safe because our lock on the data directory is held: no live stack runs there.
    pub(crate) fn settle(&self, options: &Options) -> Result<(), EmbeddedError> {
        if let Some(pid) = pid_in(&self.pid_file).filter(|pid| self.is_ours(*pid)) {
            (options.progress)(&Progress::WaitingForFormer {
                part: self.part,
                pid: pid.as_raw_nonzero().get().unsigned_abs(),
            });
            for signal in [self.farewell.signal(), Signal::QUIT, Signal::KILL] {
                // Gone between the two looks is as good as ended.
                let _ = kill_process(pid, signal);
                if self.wait_gone(pid) {
                    break;
                }
            }
        }
        // Whom it names now is nobody, a zombie that nobody reaps, or a stranger with that number.
        match fs::remove_file(&self.pid_file) {
            Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => Err(EmbeddedError::io(
                format!("removing {}", self.pid_file.display()),
            )(fault)),
            _ => Ok(()),
        }
    }

    fn wait_gone(&self, pid: Pid) -> bool {
        let until = Instant::now() + PATIENCE;
        while self.is_ours(pid) {
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    /// Whether the process has the server's name and works in our directory. A zombie has no
    /// working directory, so it is nobody's.
    fn is_ours(&self, pid: Pid) -> bool {
        let number = pid.as_raw_nonzero();
        if Path::new("/proc/self/comm").exists() {
            let comm = fs::read_to_string(format!("/proc/{number}/comm"));
            let cwd = fs::read_link(format!("/proc/{number}/cwd"));
            return comm.is_ok_and(|comm| self.names.contains(&comm.trim_end()))
                && cwd.is_ok_and(|cwd| cwd == self.dir);
        }
        let listed = std::process::Command::new("ps")
            .args(["-o", "command=", "-p", &number.to_string()])
            .output();
        listed.is_ok_and(|output| {
            let line = String::from_utf8_lossy(&output.stdout).into_owned();
            self.names.iter().any(|name| line.contains(name))
                && line.contains(&*self.dir.to_string_lossy())
        })
    }
}

/// The process that a pid file names in its first line.
pub(crate) fn pid_in(file: &Path) -> Option<Pid> {
    let text = fs::read_to_string(file).ok()?;
    Pid::from_raw(
        text.lines()
            .next()?
            .trim()
            .parse()
            .ok()
            .filter(|pid| *pid > 0)?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_with_the_number_is_left_alone_and_the_file_goes() {
        let dir = std::env::temp_dir().join(format!("gavel-former-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let pid_file = dir.join("postmaster.pid");
        let former = Former {
            part: Part::Postgres,
            pid_file: pid_file.clone(),
            dir: &dir,
            names: &["postgres"],
            farewell: Farewell::Interrupt,
        };
        let options = Options::new(&dir);
        former.settle(&options).unwrap();
        // This test's own process: were it taken for the former server, the test would end here.
        for text in [
            format!("{}\n/elsewhere\n", std::process::id()),
            "nonsense".to_owned(),
        ] {
            fs::write(&pid_file, &text).unwrap();
            former.settle(&options).unwrap();
            assert!(!pid_file.exists(), "{text:?}");
        }
        fs::remove_dir_all(&dir).unwrap();
    }
}
