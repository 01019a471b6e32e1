//! R21, R24: what is left of the exchange when far more is asked of it than it can do, and who pays for that.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::exchange::{Partners, SOME, auction_url};
use super::figures::{Must, Range, Verdict};
use super::latency::{Open, driven, driving, reports, unless_late};
use super::machine;
use super::measure::{bytes, round};
use super::plan::Plan;
use super::process::{Connection, Process};
use super::stage::{EXCHANGE, Stage};
use super::table::Row;

/// What is told of them all.
const DSPS: &str = "exchange with 5 DSPs that take 1 to 6 ms";
/// Burls that are called while five times the capacity is asked.
const BURLS: usize = 200;

/// The figures of these that are wanted.
pub(super) fn rows(stage: &mut Stage, plan: &Plan) -> Result<Vec<Row>> {
    let mut market = Partners::default();
    let exchange = stage.exchange(&[])?;
    market.be(stage, SOME, false)?;
    let c = capacity(stage, plan, &exchange)?;
    let found = goodput(stage, plan, &exchange, c)?;
    let is_wanted = |row: &Row| plan.wants(&row.id.to_lowercase());
    let mut rows: Vec<Row> = found.into_iter().filter(is_wanted).collect();
    drop(exchange);
    if plan.wants("r24") {
        rows.push(fairness(stage, plan, c)?);
    }
    Ok(rows)
}

/// The highest rate at which nothing is shed and p99 stays within a hundred milliseconds.
fn capacity(stage: &mut Stage, plan: &Plan, exchange: &Process) -> Result<f64> {
    let url = auction_url();
    let options = ["--connections=24".to_owned()];
    let busy = round(
        stage,
        exchange,
        &url,
        &options,
        (plan.seconds, plan.seconds),
    )?;
    let most = 1e6 / busy.cpu_us;
    for share in [0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4] {
        let rate = bytes(most * share);
        let open = driven(stage, &url, &[(rate, bytes(plan.seconds).max(1))], most)?;
        let open = open.first().context("no report")?;
        eprintln!(
            "       Bench   {rate}/s: p99 {:.1} ms, {:.1} % shed, {:.1} % lost, sent {:.1} ms late",
            open.p99,
            open.shed * 100.0,
            open.lost * 100.0,
            open.lag_ms
        );
        if open.shed == 0.0 && open.lost == 0.0 && open.p99 <= 100.0 {
            return Ok(open.held);
        }
    }
    anyhow::bail!("something is shed at 0.4 of {most:.0}/s already")
}

fn goodput(stage: &mut Stage, plan: &Plan, exchange: &Process, c: f64) -> Result<Vec<Row>> {
    eprintln!("       Bench R21, C = {c:.0}/s");
    let times = |factor: f64| bytes(c * factor);
    let url = auction_url();
    let long = if plan.quick { 5 } else { 60 };
    let spent = exchange.cpu()?;
    let at_c = driven(stage, &url, &[(times(1.0), 5)], c)?;
    let full = micros(exchange, spent)? / at_c.first().context("no report")?.held / 5.0;
    exchange.forget_peak()?;
    let resident = exchange.resident()?;
    let rates = [(times(2.0), long), (times(0.5), 2), (times(0.5), 3)];
    let twice = driven(stage, &url, &rates, c)?;
    let [twice, _, after_twice] = twice.as_slice() else {
        anyhow::bail!("not three reports");
    };
    let burls = burls(c)?;
    let spent = exchange.cpu()?;
    let rates = [(times(5.0), 10), (times(0.5), 2), (times(0.5), 3)];
    let (five, notices) = besides(stage, &rates, c, &burls)?;
    let all = micros(exchange, spent)?;
    let [five, _, after_five] = five.as_slice() else {
        anyhow::bail!("not three reports");
    };
    let grown = exchange.peak()? as f64 / resident as f64;
    // What was spent beyond the auctions that were held went into those that were not.
    let held = five.held * 10.0 + c * 0.5 * 5.0;
    let shed = five.shed * c * 5.0 * 10.0;
    let s = ((all - held * full) / shed / full).max(0.0);
    let must_at_five = if s <= 0.048 {
        0.8
    } else {
        (0.95 * (1.0 - 5.0 * s) / (1.0 - s)).max(0.0)
    };
    let one = |value: f64| Range::of(vec![value]);
    let verdict = [
        Must::AtLeast(0.9).judge(&one(twice.goodput)),
        Must::AtLeast(must_at_five).judge(&one(five.goodput)),
        Must::AtMost(100.0).judge(&one(twice.p99.max(five.p99))),
        // R21 asks for it at 2 C; at 5 C it is told.
        Must::AtMost(10.0).judge(&one(twice.shed_p99)),
        Must::AtMost(0.0).judge(&one(twice.closed + five.closed)),
        Must::AtMost(100.0).judge(&one(after_twice.p99.max(after_five.p99))),
        Must::AtMost(1.5).judge(&one(grown)),
    ]
    .into_iter()
    .fold(Verdict::Met, Verdict::and);
    let lag = one(twice.lag_ms.max(five.lag_ms));
    let told = |open: &Open| {
        format!(
            "**{:.2}** C, p99 {:.0} ms, of what was shed (with the reason in a header) {:.1} ms, {:.0} connections reset",
            open.goodput, open.p99, open.shed_p99, open.closed
        )
    };
    let r21 = Row {
        id: "R21",
        what: format!(
            "{DSPS}, open loop: C = {c:.0}/s, the highest of the rates tried with nothing shed and p99 within 100 ms; 2 C for {long} s, 5 C for 10 s, each followed by 0.5 C, of which the first 2 s do not count"
        ),
        must: "2 C: 0.9 C, what is shed 10 ms; 5 C: 0.8 C or what s leaves; p99 100 ms, 0 resets; 100 ms after 2 s; memory 1.5 ×",
        measured: format!(
            "2 C: {}; 5 C: {}; s = {s:.3}, which leaves {must_at_five:.2} at 5 C; then p99 {:.1} and {:.1} ms; memory {grown:.2} ×; the generator sent at most {:.1} ms late (p99)",
            told(twice),
            told(five),
            after_twice.p99,
            after_five.p99,
            lag.high
        ),
        verdict: unless_late(verdict, lag, 5.0),
    };
    let Notices {
        accepted,
        sent,
        livez_ms,
    } = notices;
    let taken = accepted as f64 / sent.max(1) as f64;
    let verdict = Must::AtLeast(1.0).judge(&one(taken)).and(
        Must::AtMost(50.0)
            .judge(&one(livez_ms))
            .unless(machine::crowded()),
    );
    let r24 = Row {
        id: "R24",
        what: format!(
            "{DSPS}, at 5 C for 10 s: billing notices that are answered 200, and p99 of `/livez`"
        ),
        must: "100 %; 50 ms",
        measured: format!("**{:.1} %** of {sent}; **{livez_ms:.1}** ms", taken * 100.0),
        verdict,
    };
    Ok(vec![r21, r24])
}

/// Microseconds on a CPU since then.
fn micros(exchange: &Process, since: Duration) -> Result<f64> {
    Ok(exchange.cpu()?.saturating_sub(since).as_secs_f64() * 1e6)
}

/// What notices and health got meanwhile.
struct Notices {
    sent: usize,
    accepted: usize,
    livez_ms: f64,
}

/// Paths of billing notices, out of real answers.
fn burls(c: f64) -> Result<Vec<String>> {
    let mut exchange = Connection::open(EXCHANGE)?;
    let mut paths = Vec::new();
    for number in 0..BURLS * 20 {
        let request = banner(&format!("burl-{c:.0}-{number}"), "burls.example", 1_000);
        let (status, body) = exchange.call("POST", "/openrtb2/auction", &request)?;
        if status != 200 {
            continue;
        }
        let answer: Value = serde_json::from_str(&body)?;
        let burl = answer["seatbid"][0]["bid"][0]["burl"].as_str();
        let burl = burl.context("a bid without a burl")?;
        let at = burl.find("/notice/").context("not a notice")?;
        paths.push(burl.get(at..).unwrap_or_default().to_owned());
        if paths.len() == BURLS {
            return Ok(paths);
        }
    }
    anyhow::bail!("only {} auctions were won", paths.len())
}

/// A request for one banner.
pub(super) fn banner(id: &str, domain: &str, tmax_ms: u32) -> String {
    format!(
        r#"{{"id":"{id}","at":1,"tmax":{tmax_ms},"site":{{"domain":"{domain}"}},"imp":[{{"id":"1","secure":1,"banner":{{"format":[{{"w":300,"h":250}}]}}}}]}}"#
    )
}

/// An open loop, and beside it notices and health checks, each on a connection of its own.
fn besides(
    stage: &mut Stage,
    rates: &[(u64, u64)],
    c: f64,
    burls: &[String],
) -> Result<(Vec<Open>, Notices)> {
    let arguments = driving(stage, &auction_url(), rates)?;
    let load = Command::new("nice")
        .args(&arguments)
        .stdout(Stdio::piped())
        .spawn()?;
    let over = AtomicBool::new(false);
    let sent = burls.len();
    let beside = std::thread::scope(|scope| {
        let asking = scope.spawn(|| livez(&over));
        // The generator writes its requests first.
        std::thread::sleep(Duration::from_millis(2_000));
        let mut exchange = Connection::open(EXCHANGE)?;
        let mut accepted = 0;
        for path in burls {
            let (status, _) = exchange.call("GET", path, "")?;
            accepted += usize::from(status == 200);
            std::thread::sleep(Duration::from_millis(30));
        }
        let output = load.wait_with_output()?;
        over.store(true, Relaxed);
        let mut times = asking
            .join()
            .map_err(|_| anyhow::anyhow!("health checks ended"))??;
        times.sort_by(f64::total_cmp);
        let p99 = times
            .get(times.len() * 99 / 100)
            .copied()
            .unwrap_or(f64::MAX);
        Ok::<_, anyhow::Error>((
            output,
            Notices {
                sent,
                accepted,
                livez_ms: p99,
            },
        ))
    });
    let (output, notices) = beside?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    Ok((reports(&report, c)?, notices))
}

/// Milliseconds of each health check until it is over.
fn livez(over: &AtomicBool) -> Result<Vec<f64>> {
    let mut exchange = Connection::open(EXCHANGE)?;
    let mut times = Vec::new();
    while !over.load(Relaxed) {
        let began = Instant::now();
        let (status, _) = exchange.call("GET", "/livez", "")?;
        ensure!(status == 200, "/livez answered {status}");
        times.push(began.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(times)
}

/// One SSP at ten times its quota beside another one.
fn fairness(stage: &mut Stage, plan: &Plan, c: f64) -> Result<Row> {
    eprintln!("       Bench R24");
    let quota = bytes(c * 0.1);
    let told = quota.to_string();
    let exchange = stage.exchange(&[
        ("GAVEL__EXCHANGE__ACCOUNTS__GREEDY__KEY", "greedy"),
        ("GAVEL__EXCHANGE__ACCOUNTS__GREEDY__QPS", &told),
        ("GAVEL__EXCHANGE__ACCOUNTS__MODEST__KEY", "modest"),
    ])?;
    let (modest, greedy) = ["modest", "greedy"]
        .map(|key| format!("{}?key={key}", auction_url()))
        .into();
    let rate = bytes(c * 0.3);
    let seconds = bytes(plan.seconds * 2.0).max(1);
    let mut lost = Vec::new();
    let mut lag = Vec::new();
    let mut shed = Vec::new();
    driven(stage, &modest, &[(rate, 1)], c)?;
    for _ in 0..plan.rounds.div_ceil(2).max(2) {
        let quiet = driven(stage, &modest, &[(rate, seconds)], c)?;
        // Begun before and ended after.
        let arguments = driving(stage, &greedy, &[(quota * 10, seconds + 3)])?;
        let beside = Command::new("nice")
            .args(&arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        std::thread::sleep(Duration::from_millis(1_000));
        let crowded = driven(stage, &modest, &[(rate, seconds)], c)?;
        let beside = reports(
            &serde_json::from_slice(&beside.wait_with_output()?.stdout)?,
            c,
        )?;
        let (quiet, crowded) = (quiet.first(), crowded.first());
        let (quiet, crowded) = quiet.zip(crowded).context("no report")?;
        // Both are due the same; what was not held is lost.
        lost.push((quiet.share_held() - crowded.share_held()) * 100.0);
        lag.push(crowded.lag_ms);
        shed.extend(beside.first().map(|it| it.shed * 100.0));
    }
    drop(exchange);
    let lost = Range::of(lost);
    Ok(Row {
        id: "R24",
        what: format!(
            "{DSPS}: an SSP at {rate}/s (0.3 C) beside one that may ask {quota}/s and asks ten times as often; what the first loses of what was held for it alone"
        ),
        must: "1 %",
        measured: format!(
            "{} %; of the second {:.0} % were shed; the generator sent at most {:.1} ms late (p99)",
            lost.shown(2),
            Range::of(shed).median,
            Range::of(lag.clone()).high
        ),
        verdict: unless_late(Must::AtMost(1.0).judge(&lost), Range::of(lag), 5.0),
    })
}
