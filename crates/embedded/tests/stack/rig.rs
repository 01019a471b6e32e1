//! Directories, questions to the servers, and a second process to start a stack in.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use embedded::{Embedded, Options};

pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A data directory of this test's own, removed with it.
pub(crate) struct Dir(pub(crate) PathBuf);

impl Dir {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("gavel-embedded-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    pub(crate) fn options(&self) -> Options {
        Options::for_tests(self.data())
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Asks until the answer is there; servers that were killed take a moment.
pub(crate) fn poll<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + LIMIT;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "{what}: not within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What `psql` prints for one statement, or its complaint.
pub(crate) fn sql(bin_dir: &Path, url: &str, statement: &str) -> Result<String, String> {
    let output = Command::new(bin_dir.join("psql"))
        .args([
            "--no-psqlrc",
            "--no-align",
            "--tuples-only",
            "--no-password",
            "--command",
            statement,
            url,
        ])
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// One inline command to a Redis, by its URL; the whole reply as text.
pub(crate) fn redis(url: &str, command: &str) -> std::io::Result<String> {
    let path = url.strip_prefix("redis+unix://").unwrap();
    let mut stream = UnixStream::connect(path.split('?').next().unwrap())?;
    stream.set_read_timeout(Some(LIMIT))?;
    write!(stream, "{command}\r\nQUIT\r\n")?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    Ok(reply.trim_end_matches("+OK\r\n").trim_end().to_owned())
}

pub(crate) fn sql_in(stores: &Embedded, statement: &str) -> Result<String, String> {
    sql(
        &stores.binaries().postgres.bin_dir,
        stores.database_url(),
        statement,
    )
}

pub(crate) fn kill(signal: &str, pid: u32) {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -{signal} {pid}")])
        .status()
        .unwrap();
    assert!(status.success(), "kill -{signal} {pid}");
}

/// Whether the process is there and not merely unreaped.
pub(crate) fn alive(pid: u32) -> bool {
    let output = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output()
        .unwrap();
    let state = String::from_utf8(output.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// This test program again, running only [`as_second_process`] on `data`.
pub(crate) struct Second {
    pub(crate) child: Child,
    /// Its servers, or the sentence with which it was refused.
    pub(crate) told: Result<Vec<u32>, String>,
    /// Kept open: without a reader its last lines would be an error to it.
    _output: Box<dyn Iterator<Item = String>>,
}

impl Second {
    pub(crate) fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "survival::second_process",
                "--nocapture",
                "--test-threads",
                "1",
            ])
            .env("GAVEL_SECOND_PROCESS", data)
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut output = Box::new(lines.map_while(Result::ok));
        let line = output
            .find_map(|line| line.split_once("told: ").map(|(_, told)| told.to_owned()))
            .expect("the second process says how it went");
        let told = match line.strip_prefix("pids ") {
            Some(pids) => Ok(pids.split(' ').map(|pid| pid.parse().unwrap()).collect()),
            None => Err(line),
        };
        Self {
            child,
            told,
            _output: output,
        }
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it end its servers and itself.
    pub(crate) fn finish(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

/// Body of the second process; in the first it has nothing to do.
pub(crate) fn as_second_process() {
    let Some(data) = std::env::var_os("GAVEL_SECOND_PROCESS") else {
        return;
    };
    match Embedded::start(Options {
        allow_apt: false,
        ..Options::for_tests(data)
    }) {
        Ok(stores) => {
            let pids = embedded::Part::ALL.map(|part| stores.pid(part).unwrap().to_string());
            println!("told: pids {}", pids.join(" "));
            let mut rest = String::new();
            std::io::stdin().read_to_string(&mut rest).unwrap();
            stores.stop();
        }
        Err(refused) => println!("told: {refused}"),
    }
}

/// Names a test in the run's summary that this machine lacks the means for.
pub(crate) fn skip(test: &str, why: &str) {
    println!("skipped: {test} ({why})");
    if let Some(list) = std::env::var_os("GAVEL_TEST_SKIPS") {
        let mut list = std::fs::File::options()
            .append(true)
            .create(true)
            .open(list)
            .unwrap();
        writeln!(list, "{test} ({why})").unwrap();
    }
}
