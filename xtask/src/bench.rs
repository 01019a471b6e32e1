//! `cargo xtask bench`: bidder and exchange against bare hyper, in CPU time per request.
//!
//! One load generator sends the same seeded traffic to both, in turn, at one rate. The figure is the
//! CPU time of the server's own threads divided by the requests: it does not depend on who else was
//! busy, and the ratio to bare hyper does not depend on the machine (docs/performance.md).

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

/// How the bench runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Rounds of each candidate and of bare hyper, interleaved.
    pub(crate) rounds: usize,
    /// Seconds of each round.
    pub(crate) seconds: u64,
    /// Requests a second.
    pub(crate) rate: u32,
    /// Line items beside the seeded ones.
    pub(crate) line_items: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            rounds: 5,
            seconds: 5,
            rate: 1_000,
            line_items: 10_000,
        }
    }
}

/// Rounds before the measured ones.
const WARM_UP: usize = 3;
const BASE: u16 = 28_001;
const ECHO: u16 = 28_100;
const PARTNERS: [u16; 2] = [28_101, 28_102];

/// Builds, measures, and writes the table into `docs/performance.md`.
///
/// # Errors
/// When something cannot be built or started, or the generator was the bottleneck.
pub(crate) fn run(root: &Path, plan: Plan) -> Result<()> {
    let built = Command::new("cargo")
        .args(["build", "--release", "--locked", "--package", "gavel"])
        .current_dir(root)
        .status()?;
    ensure!(built.success(), "the release build failed");
    let gavel = root.join("target/release/gavel");
    let data = std::env::temp_dir().join(format!("gavel-bench-{}", std::process::id()));
    let market = Process::start(
        &gavel,
        &[
            "up",
            "--port-base",
            &BASE.to_string(),
            "--data",
            &data.display().to_string(),
            "--trace-sample",
            "1",
        ],
    )?;
    let echo = Process::start(
        &gavel,
        &["loadtest", "echo", "--listen", &format!("127.0.0.1:{ECHO}")],
    )?;
    let mut partners = Vec::new();
    for port in PARTNERS {
        let listen = format!("127.0.0.1:{port}");
        partners.push(Process::start(
            &gavel,
            &["loadtest", "partners", "--listen", &listen],
        )?);
    }
    wait_for(BASE, "/readyz")?;
    wait_for(BASE + 1, "/readyz")?;
    wait_for(BASE + 3, "/readyz")?;
    for port in PARTNERS {
        let partner = json!({"name": format!("bench-{port}"), "endpoint": format!("http://127.0.0.1:{port}/bid"), "active": true});
        call(BASE, "POST", "/demand-partners", &partner)?;
    }
    add_line_items(plan.line_items)?;
    let bidder = Candidate {
        name: "P1 bidder, full function",
        thread: "bidder",
        pid: market.pid(),
        url: format!("http://127.0.0.1:{}/bid", BASE + 1),
    };
    let exchange = Candidate {
        name: "P10 exchange with 5 DSPs",
        thread: "exchange",
        pid: market.pid(),
        url: format!("http://127.0.0.1:{}/openrtb2/auction", BASE + 3),
    };
    let hyper = Candidate {
        name: "H, bare hyper echo",
        thread: "",
        pid: echo.pid(),
        url: format!("http://127.0.0.1:{ECHO}/"),
    };
    let mut rows = Vec::new();
    for candidate in [&bidder, &exchange] {
        let mut own = Vec::new();
        let mut yardstick = Vec::new();
        // Unmeasured: connections, caches, and a lease for every line item that wants to bid.
        for _ in 0..WARM_UP {
            candidate.measure(&gavel, plan)?;
        }
        for round in 1..=plan.rounds {
            yardstick.push(hyper.measure(&gavel, plan)?);
            own.push(candidate.measure(&gavel, plan)?);
            eprintln!(
                "{} round {round}/{}: {} against {} of bare hyper",
                candidate.name,
                plan.rounds,
                own[round - 1],
                yardstick[round - 1]
            );
        }
        rows.push(Row::of(candidate.name, &own, &yardstick));
    }
    drop((market, echo, partners));
    // What is left in the temporary directory harms nobody.
    let _ = fs::remove_dir_all(&data);
    let table = table(&rows, plan);
    println!("{table}");
    write_table(&root.join("docs/performance.md"), &table)
}

/// A server that is measured: the threads of a process whose name starts with `thread`.
struct Candidate {
    name: &'static str,
    thread: &'static str,
    pid: u32,
    url: String,
}

/// One round of one candidate.
#[derive(Debug, Clone, Copy)]
struct Measured {
    cpu_us: f64,
    p50_ms: f64,
    p99_ms: f64,
    bid_share: f64,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} µs/request", self.cpu_us)
    }
}

impl Candidate {
    fn measure(&self, gavel: &Path, plan: Plan) -> Result<Measured> {
        let before = self.cpu()?;
        let output = Command::new(gavel)
            .args([
                "loadtest",
                "--json",
                "--thresholds",
                "",
                "--target",
                &self.url,
            ])
            .args([
                "--rate",
                &plan.rate.to_string(),
                "--duration",
                &plan.seconds.to_string(),
            ])
            .output()?;
        let cpu = self.cpu()?.saturating_sub(before);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let report: Value =
            serde_json::from_str(&text).with_context(|| format!("loadtest said: {text}"))?;
        let count = |key: &str| report[key].as_f64().unwrap_or_default();
        let answered = count("bids") + count("no_bids") + count("refused");
        ensure!(answered > 0.0, "{} answered nothing: {text}", self.name);
        ensure!(
            count("error_share") < 0.01,
            "{} refused or lost requests: {text}",
            self.name
        );
        let latency = |key: &str| report["latency_ms"][key].as_f64().unwrap_or_default();
        Ok(Measured {
            cpu_us: cpu.as_secs_f64() * 1e6 / answered,
            p50_ms: latency("p50"),
            p99_ms: latency("p99"),
            bid_share: count("bids") / answered,
        })
    }

    /// Time on a CPU of the threads, from the scheduler's own count in nanoseconds.
    fn cpu(&self) -> Result<Duration> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.pid))? {
            let task = task?.path();
            let Ok(name) = fs::read_to_string(task.join("comm")) else {
                continue;
            };
            if name.starts_with(self.thread) {
                let Ok(stat) = fs::read_to_string(task.join("schedstat")) else {
                    continue;
                };
                nanos += stat
                    .split_whitespace()
                    .next()
                    .and_then(|n| n.parse::<u64>().ok())
                    .unwrap_or_default();
            }
        }
        Ok(Duration::from_nanos(nanos))
    }
}

struct Row {
    name: &'static str,
    ratio: (f64, f64, f64),
    cpu_us: f64,
    hyper_us: f64,
    p50_ms: f64,
    p99_ms: f64,
    bid_share: f64,
}

impl Row {
    fn of(name: &'static str, own: &[Measured], yardstick: &[Measured]) -> Self {
        let ratios: Vec<f64> = own
            .iter()
            .zip(yardstick)
            .map(|(own, hyper)| hyper.cpu_us / own.cpu_us)
            .collect();
        let median_of = |read: fn(&Measured) -> f64, rounds: &[Measured]| {
            median(rounds.iter().map(read).collect())
        };
        let (low, high) = ratios.iter().fold((f64::MAX, 0.0_f64), |(low, high), r| {
            (low.min(*r), high.max(*r))
        });
        Self {
            name,
            ratio: (low, median(ratios.clone()), high),
            cpu_us: median_of(|m| m.cpu_us, own),
            hyper_us: median_of(|m| m.cpu_us, yardstick),
            p50_ms: median_of(|m| m.p50_ms, own),
            p99_ms: median_of(|m| m.p99_ms, own),
            bid_share: median_of(|m| m.bid_share, own),
        }
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

fn table(rows: &[Row], plan: Plan) -> String {
    let mut out = String::from(
        "| what | requests per core ÷ H (lowest, median, highest) | CPU µs/request | H's own | p50 ms | p99 ms | answered with a bid |\n|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let (low, middle, high) = row.ratio;
        let _ = writeln!(
            out,
            "| {} | {low:.3}, **{middle:.3}**, {high:.3} | {:.1} | {:.1} | {:.2} | {:.2} | {:.0} % |",
            row.name,
            row.cpu_us,
            row.hyper_us,
            row.p50_ms,
            row.p99_ms,
            row.bid_share * 100.0
        );
    }
    let Plan {
        rounds,
        seconds,
        rate,
        line_items,
    } = plan;
    let _ = writeln!(
        out,
        "\n{rounds} interleaved rounds of {seconds} s at {rate} requests a second, {line_items} line items beside the seed."
    );
    out
}

/// Replaces what stands between the markers of the file.
fn write_table(file: &Path, table: &str) -> Result<()> {
    const BEGIN: &str = "<!-- bench:begin -->\n";
    const END: &str = "<!-- bench:end -->";
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let (head, rest) = text
        .split_once(BEGIN)
        .context("docs/performance.md has no bench:begin marker")?;
    let (_, tail) = rest
        .split_once(END)
        .context("docs/performance.md has no bench:end marker")?;
    Ok(fs::write(file, format!("{head}{BEGIN}{table}{END}{tail}"))?)
}

/// Campaigns of varied targeting, through the API.
fn add_line_items(count: usize) -> Result<()> {
    const INTERESTS: [&str; 8] = [
        "technology",
        "shopping",
        "sports",
        "travel",
        "music",
        "food",
        "finance",
        "gaming",
    ];
    const COUNTRIES: [&str; 6] = ["US", "DE", "GB", "JP", "FR", "BR"];
    const DEVICES: [&str; 3] = ["mobile", "desktop", "tablet"];
    let start = Instant::now();
    let mut connection = Connection::open(BASE)?;
    for number in 0..count {
        let mut targeting =
            json!({"countries": [COUNTRIES[number % 6], COUNTRIES[(number / 6) % 6]]});
        if number % 10 != 0 {
            targeting["interests"] = json!([INTERESTS[number % 8]]);
        }
        if number % 3 == 0 {
            targeting["age_range"] =
                json!({"min_age": 18 + number % 20, "max_age": 45 + number % 20});
        }
        if number % 4 == 0 {
            targeting["device_types"] = json!([DEVICES[number % 3]]);
        }
        let campaign = json!({
            "name": format!("bench {number}"), "advertiser_id": "advertiser_001", "budget": 100_000, "targeting": targeting,
            "bid": {"type": "cpm", "cpm": 1 + number % 5, "max_cpm": 10},
            "creative": {"title": format!("Offer {number}"), "description": "An offer of the benchmark"},
        });
        let (status, body) = connection.call("POST", "/campaigns", &campaign)?;
        ensure!(status == 201, "POST /campaigns answered {status}: {body}");
        if number % 1_000 == 999 {
            eprintln!(
                "{} line items in {:.0} s",
                number + 1,
                start.elapsed().as_secs_f64()
            );
        }
    }
    Ok(())
}

/// A child process that ends with us.
struct Process(Child);

impl Process {
    fn start(program: &PathBuf, args: &[&str]) -> Result<Self> {
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Ok(Self(child.with_context(|| {
            format!("{} {}", program.display(), args.join(" "))
        })?))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Asked first, so that it stops its own children.
        let _ = Command::new("kill")
            .args(["-INT", &self.0.id().to_string()])
            .status();
        let until = Instant::now() + Duration::from_secs(15);
        while Instant::now() < until {
            if let Ok(Some(_)) = self.0.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(port: u16, path: &str) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Ok((200, _)) = Connection::open(port)
            .and_then(|mut connection| connection.call("GET", path, &Value::Null))
        {
            return Ok(());
        }
        if Instant::now() > until {
            bail!("nothing answers on port {port}{path}");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn call(port: u16, method: &str, path: &str, body: &Value) -> Result<()> {
    let (status, answer) = Connection::open(port)?.call(method, path, body)?;
    ensure!(
        (200..300).contains(&status),
        "{method} {path} answered {status}: {answer}"
    );
    Ok(())
}

/// Just enough HTTP/1.1 for calls to our own control plane: one connection, bodies with a length.
struct Connection(TcpStream);

impl Connection {
    fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self(stream))
    }

    fn call(&mut self, method: &str, path: &str, body: &Value) -> Result<(u16, String)> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
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
}
