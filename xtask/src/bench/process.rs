//! Child processes on their cores, and just enough HTTP/1.1 to talk to them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// The core of the server that is measured.
pub(super) const SERVER_CORE: &str = "0";
/// The core of everything else.
pub(super) const OTHER_CORE: &str = "1";

/// A child process that ends with us.
pub(super) struct Process(Child);

impl Process {
    /// Starts a program of ours on a core; what it logs goes to `log`.
    pub(super) fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, String)],
        core: &str,
        log: &Path,
    ) -> Result<Self> {
        let log = fs::OpenOptions::new().create(true).append(true).open(log)?;
        let child = Command::new("taskset")
            .args(["--cpu-list", core])
            .arg(program)
            .args(arguments)
            .envs(environment.iter().map(|(key, value)| (*key, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        Ok(Self(child.with_context(|| {
            format!("taskset {} {}", program.display(), arguments.join(" "))
        })?))
    }

    pub(super) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Resident memory in bytes.
    pub(super) fn resident(&self) -> Result<u64> {
        self.memory("VmRSS:")
    }

    /// The most of it since the last [`Self::forget_peak`].
    pub(super) fn peak(&self) -> Result<u64> {
        self.memory("VmHWM:")
    }

    /// The peak is what is resident now.
    pub(super) fn forget_peak(&self) -> Result<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.pid()), "5")?)
    }

    fn memory(&self, field: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        memory_in(&status, field).with_context(|| format!("no {field}"))
    }

    /// Time on a CPU so far, of all threads that there are.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let mut spent = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.pid()))? {
            // A thread may end while it is looked at.
            let stat = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            let nanos = stat.split_whitespace().next();
            spent += nanos.and_then(|it| it.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(spent))
    }

    /// File descriptors that are open.
    pub(super) fn open_files(&self) -> Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.pid()))?.count())
    }
}

fn memory_in(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1_024)
}

impl Drop for Process {
    fn drop(&mut self) {
        // Asked first, so that leases come back and files are whole.
        let _ = Command::new("kill")
            .args(["-INT", &self.0.id().to_string()])
            .status();
        let until = Instant::now() + Duration::from_secs(15);
        while Instant::now() < until {
            if let Ok(Some(_)) = self.0.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Puts a process and all of its threads on a core; with our own, all that we start from then on.
pub(super) fn pin(pid: u32, core: &str) -> Result<()> {
    let pinned = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", core, &pid.to_string()])
        .stdout(Stdio::null())
        .status()
        .context("taskset (of util-linux) keeps server and generator apart")?;
    ensure!(pinned.success(), "taskset cannot use core {core}");
    Ok(())
}

/// Runs one of our commands to its end; its standard output as JSON.
pub(super) fn told(program: &Path, arguments: &[String]) -> Result<Value> {
    let output = Command::new(program).args(arguments).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(&text).with_context(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("{} said: {text}{said}", arguments.join(" "))
    })
}

/// Waits until a path answers 200.
pub(super) fn wait_for(port: u16, path: &str) -> Result<()> {
    until(Duration::from_secs(120), || {
        let answer = Connection::open(port).and_then(|mut it| it.call("GET", path, ""));
        Ok(matches!(answer, Ok((200, _))))
    })
    .with_context(|| format!("waiting for 127.0.0.1:{port}{path}"))
}

/// Asks again and again, every five milliseconds.
pub(super) fn until(patience: Duration, mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + patience;
    while !done()? {
        if Instant::now() > end {
            bail!("not within {} s", patience.as_secs());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// One connection, bodies with a length.
pub(super) struct Connection(TcpStream);

impl Connection {
    pub(super) fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self(stream))
    }

    pub(super) fn call(&mut self, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
        let length = body.len();
        write!(
            self.0,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = Vec::new();
        let mut buffer = [0; 16 * 1024];
        loop {
            let read = self.0.read(&mut buffer)?;
            ensure!(read > 0, "the connection was closed");
            answer.extend_from_slice(buffer.get(..read).unwrap_or_default());
            let text = String::from_utf8_lossy(&answer);
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                let status = head
                    .split_whitespace()
                    .nth(1)
                    .and_then(|code| code.parse().ok());
                return Ok((status.context("not HTTP")?, body.to_owned()));
            }
        }
    }

    /// Fetches a path with a service's token, whatever its length, and forgets it.
    pub(super) fn get_as(mut self, path: &str, token: &str) -> Result<()> {
        write!(
            self.0,
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        self.0.read_to_end(&mut answer)?;
        ensure!(
            answer.starts_with(b"HTTP/1.1 200"),
            "GET {path} did not answer 200"
        );
        Ok(())
    }

    /// A call that must succeed.
    pub(super) fn ask(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let (status, answer) = self.call(method, path, &text)?;
        ensure!(
            (200..300).contains(&status),
            "{method} {path} answered {status}: {answer}"
        );
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_str(&answer)?)
    }
}

/// A gauge or counter without labels, from a service's metrics.
pub(super) fn metric(port: u16, name: &str) -> Result<f64> {
    let (_, text) = Connection::open(port)?.call("GET", "/metrics", "")?;
    let value = text.lines().find_map(|line| {
        let (found, value) = line.split_once(' ')?;
        (found == name).then(|| value.parse().ok())?
    });
    value.with_context(|| format!("no {name} on port {port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_as_the_kernel_writes_it() {
        let status = "Name:\tgavel\nVmPeak:\t  99 kB\nVmRSS:\t   51200 kB\n";
        assert_eq!(memory_in(status, "VmRSS:"), Some(51_200 * 1_024));
        assert_eq!(memory_in("Name:\tgavel\n", "VmRSS:"), None);
    }
}
