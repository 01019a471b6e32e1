//! R25, R26, R27: thousands of connections at once, none left to give, and connections that do not get on.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::exchange::{Partners, SOME, auction_url};
use super::figures::{Must, Range, Verdict};
use super::latency::{driven, driving, reports, unless_late};
use super::machine;
use super::measure::{bytes, round};
use super::plan::Plan;
use super::process::{Connection, Process, until};
use super::stage::{EXCHANGE, Stage};
use super::table::Row;

/// Connections of a storm; our own limit of open files must have room for them.
const STORM: usize = 10_000;
/// Threads that make a storm's connections.
const CALLERS: usize = 8;
/// Of each kind that does not get on.
const SLOW: usize = 1_000;
const FEW_FILES: u32 = 256;
/// More than it has files for; the kernel keeps 128 more that nobody has accepted yet.
const CROWD: u32 = FEW_FILES + 60;

/// The figures of these that are wanted.
pub(super) fn rows(stage: &mut Stage, plan: &Plan) -> Result<Vec<Row>> {
    let mut market = Partners::default();
    let mut rows = Vec::new();
    let room = raise_open_files()?;
    if plan.wants_any(&["r25", "r27"]) {
        let exchange = stage.exchange(&[])?;
        market.be(stage, SOME, false)?;
        let options = ["--connections=24".to_owned()];
        let busy = round(
            stage,
            &exchange,
            &auction_url(),
            &options,
            (plan.seconds, plan.seconds),
        )?;
        let rate = bytes(0.2 * 1e6 / busy.cpu_us);
        if plan.wants("r25") {
            let many = STORM.min(room.saturating_sub(200));
            rows.push(storm(stage, &exchange, rate, many)?);
        }
        if plan.wants("r27") {
            rows.push(slow(stage, rate)?);
        }
    }
    if plan.wants("r26") {
        rows.push(without_descriptors(stage)?);
    }
    Ok(rows)
}

/// How many files this process may open, raised to what is allowed.
fn raise_open_files() -> Result<usize> {
    let own = std::process::id().to_string();
    let asked = Command::new("prlimit")
        .args(["--pid", &own, "--nofile", "--output=HARD", "--noheadings"])
        .output()
        .context("prlimit (of util-linux) tells how many files may be opened")?;
    let hard = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    let raised = format!("--nofile={hard}:{hard}");
    let done = Command::new("prlimit")
        .args(["--pid", &own, &raised])
        .status()?;
    ensure!(
        done.success(),
        "prlimit cannot raise the number of open files"
    );
    Ok(hard.parse().unwrap_or(usize::MAX))
}

/// Established callers at a rate, while something happens to the exchange: their p99 before and then, and how late
/// they were sent.
fn meanwhile<T>(
    stage: &mut Stage,
    rate: u64,
    seconds: u64,
    happens: impl FnOnce() -> Result<T>,
) -> Result<([f64; 2], f64, T)> {
    let capacity = 1.0;
    let rates = [(rate, 3), (rate, seconds)];
    let arguments = driving(stage, &auction_url(), &rates)?;
    let before = driven(stage, &auction_url(), &[(rate, 6)], capacity)?;
    let before = before.first().context("no report")?.p99;
    let load = Command::new("nice")
        .args(&arguments)
        .stdout(Stdio::piped())
        .spawn()?;
    // Its requests are written, its connections made, and three seconds are nearly over.
    std::thread::sleep(Duration::from_millis(3_500));
    let happened = happens();
    let output = load.wait_with_output()?;
    let all = reports(&serde_json::from_slice(&output.stdout)?, capacity)?;
    let then = all.get(1).context("no second report")?;
    ensure!(
        then.closed == 0.0,
        "{} established connections were reset",
        then.closed
    );
    Ok(([before, then.p99], then.lag_ms, happened?))
}

fn address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], EXCHANGE))
}

/// R25.
fn storm(stage: &mut Stage, exchange: &Process, rate: u64, many: usize) -> Result<Row> {
    eprintln!("       Bench R25");
    let files = exchange.open_files()?;
    let ([before, then], lag, (took, refused)) = meanwhile(stage, rate, 8, || {
        let began = Instant::now();
        let streams: Vec<_> = std::thread::scope(|scope| {
            let connecting: Vec<_> = (0..CALLERS)
                .map(|caller| scope.spawn(move || connect(began, caller, many)))
                .collect();
            connecting
                .into_iter()
                .flat_map(|it| it.join().unwrap_or_default())
                .collect()
        });
        let took = began.elapsed();
        // Those beyond `max_connections` are accepted and closed.
        std::thread::sleep(Duration::from_millis(1_500));
        let refused = streams.iter().filter(|stream| is_closed(stream)).count();
        let refused = refused + many - streams.len();
        // They leave as quickly as they came.
        let leaving = Instant::now();
        for (place, stream) in streams.into_iter().enumerate() {
            wait_for(leaving + due(place, many));
            drop(stream);
        }
        Ok((took, refused))
    })?;
    let over = Instant::now();
    until(Duration::from_secs(60), || {
        Ok(exchange.open_files()? <= files + 10)
    })?;
    let back = over.elapsed().as_secs_f64();
    let mut late = Connection::open(EXCHANGE)?;
    ensure!(
        late.call("GET", "/livez", "")?.0 == 200,
        "nobody is served after the storm"
    );
    let times = Range::of(vec![then / before]);
    Ok(Row {
        id: "R25",
        what: format!(
            "{many} connections made in {:.1} s and left two seconds later as quickly, `max_connections` 10,000, while others ask {rate}/s: their p99 by that before; the exchange's file descriptors back to what they were, ± 10",
            took.as_secs_f64()
        ),
        must: "2 ×; 30 s",
        measured: format!(
            "{} × ({before:.1} and {then:.1} ms); {back:.1} s; {refused} refused by closing or not connected; nobody else lost a connection; the generator sent at most {lag:.1} ms late (p99)",
            times.shown(2)
        ),
        verdict: unless_late(
            Must::AtMost(2.0)
                .judge(&times)
                .and(Must::AtMost(30.0).judge(&Range::of(vec![back]))),
            Range::of(vec![lag]),
            5.0,
        ),
    })
}

/// When the connection at this place of so many is made, after the first: all of them within a second.
fn due(place: usize, many: usize) -> Duration {
    Duration::from_secs(1).mul_f64(place as f64 / many.max(1) as f64)
}

fn wait_for(instant: Instant) {
    std::thread::sleep(instant.saturating_duration_since(Instant::now()));
}

/// What one of the [`CALLERS`] makes of a storm's connections; those that could not be made are missing.
fn connect(began: Instant, caller: usize, many: usize) -> Vec<TcpStream> {
    (caller..many)
        .step_by(CALLERS)
        .filter_map(|place| {
            wait_for(began + due(place, many));
            TcpStream::connect_timeout(&address(), Duration::from_secs(5)).ok()
        })
        .collect()
}

fn is_closed(stream: &TcpStream) -> bool {
    let _unsupported = stream.set_nonblocking(true);
    match stream.peek(&mut [0]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

/// R27.
fn slow(stage: &mut Stage, rate: u64) -> Result<Row> {
    eprintln!("       Bench R27");
    const HEAD: &[u8] = b"POST /openrtb2/auction HTTP/1.1\r\nhost: a\r\nx-slow: ";
    const BODY: &[u8] = b"POST /openrtb2/auction HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{";
    let ([before, then], lag, (heads, bodies)) = meanwhile(stage, rate, 12, || {
        let mut heads = Slow::open(HEAD)?;
        let mut bodies = Slow::open(BODY)?;
        let end = Instant::now() + Duration::from_secs(14);
        while Instant::now() < end && !(heads.all_closed() && bodies.all_closed()) {
            std::thread::sleep(Duration::from_millis(100));
            heads.drip();
            bodies.drip();
        }
        Ok((heads.longest, bodies.longest))
    })?;
    let seconds = |longest: Option<Duration>| longest.map_or(f64::INFINITY, |it| it.as_secs_f64());
    let (heads, bodies) = (seconds(heads), seconds(bodies));
    let times = Range::of(vec![then / before]);
    let closing = Must::AtMost(10.0).judge(&Range::of(vec![heads])).and(
        Must::AtMost(2.3)
            .judge(&Range::of(vec![bodies]))
            .unless(machine::crowded()),
    );
    Ok(Row {
        id: "R27",
        what: format!(
            "{SLOW} connections that send a byte of a header each second and {SLOW} that send one of a body, while others ask {rate}/s: the last of them closed after; p99 of the others by that before"
        ),
        must: "10 s, 2 s after `tmax`; 1.2 ×",
        measured: format!(
            "**{heads:.1}** s, **{bodies:.1}** s; {} × ({before:.1} and {then:.1} ms); the generator sent at most {lag:.1} ms late (p99)",
            times.shown(2)
        ),
        verdict: unless_late(
            closing.and(Must::AtMost(1.2).judge(&times)),
            Range::of(vec![lag]),
            5.0,
        ),
    })
}

/// Connections that are given a byte each second.
struct Slow {
    open: Vec<(Instant, TcpStream)>,
    given: Instant,
    /// The longest that one of them has lived; `None` before all of them are closed.
    longest: Option<Duration>,
    most: Duration,
}

impl Slow {
    fn open(begin: &[u8]) -> Result<Self> {
        let mut open = Vec::new();
        for _ in 0..SLOW {
            let mut stream = TcpStream::connect(address())?;
            stream.write_all(begin)?;
            stream.set_nonblocking(true)?;
            open.push((Instant::now(), stream));
        }
        Ok(Self {
            open,
            given: Instant::now(),
            longest: None,
            most: Duration::ZERO,
        })
    }

    fn all_closed(&self) -> bool {
        self.longest.is_some()
    }

    fn drip(&mut self) {
        let gives = self.given.elapsed() >= Duration::from_secs(1);
        if gives {
            self.given = Instant::now();
        }
        let most = &mut self.most;
        self.open.retain_mut(|(since, stream)| {
            let lives = (!gives || stream.write_all(b"x").is_ok()) && !ended(stream);
            if !lives {
                *most = (*most).max(since.elapsed());
            }
            lives
        });
        if self.open.is_empty() {
            self.longest = self.longest.or(Some(self.most));
        }
    }
}

/// Whether the other side is done; what it answers before does not matter.
fn ended(stream: &mut TcpStream) -> bool {
    let mut waste = [0; 4_096];
    loop {
        match stream.read(&mut waste) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        }
    }
}

/// R26.
fn without_descriptors(stage: &Stage) -> Result<Row> {
    eprintln!("       Bench R26");
    let exchange = stage.exchange_within(&[], Some(FEW_FILES))?;
    let mut early = Connection::open(EXCHANGE)?;
    ensure!(early.call("GET", "/livez", "")?.0 == 200, "not served");
    let log = || std::fs::read_to_string(stage.exchange_log()).unwrap_or_default();
    let warned = |text: &str| text.matches("cannot accept").count();
    let logged = warned(&log());
    let crowd: Vec<TcpStream> = (0..CROWD)
        .map(|_| TcpStream::connect_timeout(&address(), Duration::from_secs(5)))
        .collect::<Result<_, _>>()?;
    until(Duration::from_secs(10), || Ok(warned(&log()) > logged))
        .context("waiting for the first warning")?;
    let (began, spent) = (Instant::now(), exchange.cpu()?);
    let mut served = 0;
    while began.elapsed() < Duration::from_secs(5) {
        served += u32::from(early.call("GET", "/livez", "")?.0 == 200);
        std::thread::sleep(Duration::from_millis(50));
    }
    let took = began.elapsed().as_secs_f64();
    let busy = (exchange.cpu()?.saturating_sub(spent)).as_secs_f64() / took * 100.0;
    let warnings = (warned(&log()) - logged) as f64 / took;
    drop(crowd);
    let left = Instant::now();
    until(Duration::from_secs(30), || {
        let answer = Connection::open(EXCHANGE).and_then(|mut it| it.call("GET", "/livez", ""));
        Ok(matches!(answer, Ok((200, _))))
    })
    .context("waiting for it to recover")?;
    let back = left.elapsed().as_secs_f64();
    let one = |value: f64| Range::of(vec![value]);
    let verdict = [
        Must::AtMost(20.0).judge(&one(busy)),
        // The first may have come at any time of the first second.
        Must::AtMost(1.3).judge(&one(warnings)),
    ]
    .into_iter()
    .fold(Verdict::Met, Verdict::and);
    Ok(Row {
        id: "R26",
        what: format!(
            "exchange under `ulimit -n {FEW_FILES}` with {} connections: CPU of one core while it can accept nobody, warnings each second; whom it had it serves",
            CROWD
        ),
        must: "20 %; 1/s",
        measured: format!(
            "**{busy:.1} %**; **{warnings:.1}**/s; {served} answers to the one that was there before; the next one is served {back:.1} s after the others left"
        ),
        verdict,
    })
}
