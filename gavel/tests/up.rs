//! `gavel up` as a person runs it: start, Ctrl-C, `kill -9`, restart, a port in use.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::http::{get, post_json};
use testkit::poll_until;

const PATIENCE: Duration = Duration::from_secs(60);

/// The offsets of the ports that `gavel up` takes from its base.
const OFFSETS: [u16; 7] = [0, 1, 2, 3, 4, 11, 12];

/// A base whose ports are all free just now, and that no other test of this process was given.
fn free_base() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 1_000).unwrap();
    loop {
        let number = GIVEN.fetch_add(1, Ordering::Relaxed);
        let base = 20_000 + 20 * ((first + number) % 1_900);
        let free = |offset: &u16| {
            let of = |host| TcpListener::bind((host, base + offset));
            let taken = |error: std::io::Error| error.kind() == std::io::ErrorKind::AddrInUse;
            of("127.0.0.1").is_ok() && !of("::1").is_err_and(taken)
        };
        if OFFSETS.iter().all(free) {
            return base;
        }
    }
}

struct Up {
    child: Child,
    base: u16,
    printed: PathBuf,
}

impl Up {
    fn start(base: u16, data: &Path, more: &[&str]) -> Self {
        let printed =
            std::env::temp_dir().join(format!("gavel-up-printed-{}-{base}", std::process::id()));
        let out = std::fs::File::create(&printed).unwrap();
        let child = command(base, data, more)
            .stdout(out)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            child,
            base,
            printed,
        }
    }

    fn url(&self, offset: u16, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.base + offset)
    }

    /// Waits for the table of URLs, which a person waits for too, and for every service in it.
    async fn ready(&mut self) {
        poll_until(PATIENCE, async || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "gavel up ended: {ended:?}");
            std::fs::read_to_string(&self.printed)
                .unwrap()
                .contains("First step")
        })
        .await;
        for offset in 0..5 {
            let _ = get(&self.url(offset, "/readyz")).await.expect_status(200);
        }
        // interfaces.md: 127.0.0.1 and ::1, either of which `localhost` may be.
        if TcpListener::bind("[::1]:0").is_ok() {
            for offset in OFFSETS {
                let url = format!("http://[::1]:{}/health", self.base + offset);
                let _ = get(&url).await.expect_status(200);
            }
            let operators = format!("http://[::1]:{}/auction-history", self.base + 3);
            let _ = get(&operators).await.expect_status(200);
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    async fn ended(&mut self) -> std::process::ExitStatus {
        poll_until(PATIENCE, async || self.child.try_wait().unwrap()).await
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // Only after a failed assertion is it still there; its stores end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.printed);
    }
}

fn command(base: u16, data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gavel"));
    command
        .args(["up", "--port-base", &base.to_string(), "--data"])
        .arg(data)
        .args(more);
    for name in ["DATABASE_URL", "REDIS_URL", "EVENTS_REDIS_URL"] {
        command.env_remove(name);
    }
    command
}

/// A data directory that the user of Postgres can enter.
fn data_dir(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("gavel-up-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    dir
}

/// Processes whose command line names the data directory: its Postgres and Redis.
fn children(data: &Path) -> usize {
    let data = data.display().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|process| {
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line);
            line.contains(&data) && !line.contains("gavel\0up")
        })
        .count()
}

fn refused(base: u16, data: &Path) -> Output {
    command(base, data, &[]).output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn up_survives_kill_and_leaves_nothing_behind() {
    let data = data_dir("journey");
    let mut up = Up::start(free_base(), &data, &[]);
    up.ready().await;
    let flow = post_json(&up.url(3, "/demo/rtb-flow"), &json!({}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(flow["status"], "success", "{flow:#}");
    let campaign = json!({"name": "kept", "advertiser_id": "advertiser_001", "budget": 5, "creative": {"title": "t", "description": "d"}});
    let campaign = post_json(&up.url(0, "/campaigns"), &campaign)
        .await
        .expect_status(201)
        .json();
    let path = format!("/campaigns/{}", campaign["id"].as_str().unwrap());

    // One trace id follows the visit through exchange, bidder and notices in the log.
    let trace = flow["auction_id"].as_str().unwrap().replace('-', "");
    poll_until(PATIENCE, async || {
        let log = std::fs::read_to_string(data.join("logs/gavel.jsonl")).unwrap();
        let lines = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let told: Vec<Value> = lines
            .filter(|line| line["trace_id"] == trace.as_str())
            .collect();
        let has = |message: &str| told.iter().any(|line| line["message"] == message);
        ["auction", "bid request", "notice"].into_iter().all(has)
    })
    .await;

    // A second start by mistake is one sentence, and harms nothing.
    let second = refused(up.base, &data);
    let sentence = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        !second.status.success() && sentence.contains("in use"),
        "{sentence}"
    );
    let second = refused(free_base(), &data);
    let sentence = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        !second.status.success() && sentence.contains("another gavel"),
        "{sentence}"
    );

    up.signal("KILL");
    let _ = up.ended().await;
    poll_until(PATIENCE, async || children(&data) == 0).await;
    let mut up = Up::start(free_base(), &data, &[]);
    up.ready().await;
    let kept: Value = get(&up.url(0, &path)).await.expect_status(200).json();
    assert_eq!(kept["name"], "kept", "data is intact after kill -9");
    let list = get(&up.url(0, "/advertisers"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(list["items"].as_array().unwrap().len(), 3, "seeded once");
    let partners = get(&up.url(0, "/demand-partners"))
        .await
        .expect_status(200)
        .json();
    for (id, offset) in [("rival-a", 11), ("rival-b", 12)] {
        let mut partners = partners["items"].as_array().unwrap().iter();
        let rival = partners.find(|it| it["id"] == id).unwrap();
        assert_eq!(
            rival["endpoint"],
            up.url(offset, "/bid"),
            "on the ports of now"
        );
    }

    up.signal("INT");
    let status = up.ended().await;
    assert!(status.success(), "Ctrl-C drains and ends well: {status}");
    assert_eq!(children(&data), 0, "no process is left behind");
    std::fs::remove_dir_all(&data).unwrap();
}

#[test]
fn a_directory_that_cannot_be_written_is_one_sentence() {
    let file = std::env::temp_dir().join(format!("gavel-up-file-{}", std::process::id()));
    std::fs::write(&file, "not a directory").unwrap();
    let output = refused(free_base(), &file);
    let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{sentence}");
    assert!(sentence.contains("--data"), "says what to do: {sentence}");
    std::fs::remove_file(&file).unwrap();
}
