//! P11, P12: an open loop at half of the bidder's capacity, and at twice of it. Latencies count from the
//! instant at which each request was due.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::bidder::bid_url;
use super::figures::{Must, Range, Verdict};
use super::machine;
use super::measure::{bytes, round};
use super::plan::{Plan, number};
use super::process::{Process, told};
use super::stage::Stage;
use super::table::Row;
use super::yardstick::Yardstick;

/// What an open loop told.
pub(super) struct Open {
    capacity: f64,
    pub(super) p99: f64,
    pub(super) p99_9: f64,
    pub(super) goodput: f64,
    pub(super) shed: f64,
    pub(super) lost: f64,
    /// Answered and not turned away, each second.
    pub(super) held: f64,
    /// Connections that ended before their answer.
    pub(super) closed: f64,
    pub(super) shed_p99: f64,
    pub(super) lag_ms: f64,
}

impl Open {
    /// Of what was due, the share that was answered and not turned away.
    pub(super) fn share_held(&self) -> f64 {
        1.0 - self.shed - self.lost
    }
}

/// P11.
pub(super) fn half(stage: &mut Stage, plan: &Plan, bidder: &Process) -> Result<Row> {
    eprintln!("       Bench P11");
    let busy = round(stage, bidder, &bid_url(), &[], (plan.seconds, 0.2))?;
    let mut yardstick = Yardstick::start(stage, busy.answer_bytes)?;
    let rounds = open_loops(stage, plan, bidder, 0.5, Some(&mut yardstick))?;
    let of = |read: fn(&Open) -> f64| Range::of(rounds.iter().map(read).collect());
    let (p99, p99_9) = (of(|it| it.p99), of(|it| it.p99_9));
    let verdict = Must::AtMost(3.0)
        .judge(&p99)
        .and(Must::AtMost(10.0).judge(&p99_9))
        .unless(yardstick.excuse(3.0, 10.0));
    Ok(Row {
        id: "P11",
        what: format!(
            "open loop, Poisson arrivals at half of the capacity just measured ({:.0}/s), the full function on {} line items: p99 and p99.9 from due times",
            of(|it| it.capacity).median,
            plan.line_items(10_000)
        ),
        must: "3 / 10 ms (1.5 / 5)",
        measured: format!(
            "p99 {} ms, p99.9 {} ms; the generator sent at most {:.1} ms late (p99); {}",
            p99.shown(2),
            p99_9.shown(2),
            of(|it| it.lag_ms).high,
            yardstick.shown()
        ),
        verdict: unless_late(verdict, of(|it| it.lag_ms), 1.0),
    })
}

/// P12.
pub(super) fn twice(stage: &mut Stage, plan: &Plan, bidder: &Process) -> Result<Row> {
    eprintln!("       Bench P12");
    round(stage, bidder, &bid_url(), &[], (plan.seconds, 0.2))?;
    let rounds = open_loops(stage, plan, bidder, 2.0, None)?;
    let of = |read: fn(&Open) -> f64| Range::of(rounds.iter().map(read).collect());
    let (goodput, p99) = (of(|it| it.goodput), of(|it| it.p99));
    let verdict = Must::AtLeast(0.9)
        .judge(&goodput)
        .and(Must::AtMost(20.0).judge(&p99));
    Ok(Row {
        id: "P12",
        what: format!(
            "open loop at twice the capacity just measured ({:.0}/s): requests worked on ÷ capacity, and p99 of those",
            of(|it| it.capacity).median
        ),
        must: "0.9; 20 ms (0.95; 10)",
        measured: format!(
            "{}; p99 {} ms; {:.0} % shed, {:.0} % lost or not sent; the generator sent at most {:.1} ms late (p99)",
            goodput.shown(2),
            p99.shown(1),
            of(|it| it.shed).median * 100.0,
            of(|it| it.lost).median * 100.0,
            of(|it| it.lag_ms).high
        ),
        verdict: unless_late(verdict, of(|it| it.lag_ms), 5.0),
    })
}

/// What was sent late says more of the generator than of the server.
pub(super) fn unless_late(verdict: Verdict, lag_ms: Range, most: f64) -> Verdict {
    let verdict = verdict.unless(machine::crowded());
    if lag_ms.median > most {
        return Verdict::Open(format!("the generator sent {:.1} ms late", lag_ms.median));
    }
    verdict
}

/// Rounds of an open loop, each of which takes several times as long as one of a closed loop.
pub(super) fn latency_rounds(plan: &Plan) -> usize {
    plan.rounds.div_ceil(2).max(2)
}

fn open_loops(
    stage: &mut Stage,
    plan: &Plan,
    bidder: &Process,
    times: f64,
    mut yardstick: Option<&mut Yardstick>,
) -> Result<Vec<Open>> {
    let url = bid_url();
    let mut rounds = Vec::new();
    for _ in 0..latency_rounds(plan) {
        let busy = round(stage, bidder, &url, &[], (0.3, plan.seconds / 2.0))?;
        let capacity = busy.rate * (1.0 - busy.shed);
        rounds.push(open_loop(stage, plan, &url, (capacity, times), &[])?);
        if let Some(yardstick) = &mut yardstick {
            yardstick.measure(stage, plan)?;
        }
    }
    Ok(rounds)
}

/// Seconds of the same rate that are not looked at: connections are made, and DSPs that were away are asked again.
const WARM_UP: u64 = 3;

/// One open loop at so many times a capacity. The generator never sleeps, so it is no better than whoever else is on
/// its core: a store that wakes up there has its turn at once.
pub(super) fn open_loop(
    stage: &mut Stage,
    plan: &Plan,
    url: &str,
    (capacity, times): (f64, f64),
    options: &[String],
) -> Result<Open> {
    let rate = bytes(capacity * times);
    let seconds = bytes(plan.seconds * 2.0).max(1);
    let mut arguments: Vec<String> = vec!["-n".into(), "0".into()];
    // All but the niceness of a generator that sleeps.
    let rates = [(rate, WARM_UP), (rate, seconds)];
    arguments.extend(driving(stage, url, &rates)?.into_iter().skip(2));
    arguments.push("--awake".into());
    arguments.extend(options.iter().cloned());
    let report = told(Path::new("nice"), &arguments)?;
    let told = reports(&report, capacity)?;
    let open = told.into_iter().last().context("no report")?;
    eprintln!(
        "       Bench   {rate}/s: p99 {:.2} ms, p99.9 {:.2} ms, goodput {:.2}, shed {:.0} %",
        open.p99,
        open.p99_9,
        open.goodput,
        open.shed * 100.0
    );
    Ok(open)
}

/// An open loop of so many requests a second for so many seconds, and of others that follow at once.
pub(super) fn driven(
    stage: &mut Stage,
    url: &str,
    rates: &[(u64, u64)],
    capacity: f64,
) -> Result<Vec<Open>> {
    let arguments = driving(stage, url, rates)?;
    let report = told(Path::new("nice"), &arguments)?;
    reports(&report, capacity)
}

/// What `nice` is to run: before whoever else is on the core, since the generator must not be late.
pub(super) fn driving(stage: &mut Stage, url: &str, rates: &[(u64, u64)]) -> Result<Vec<String>> {
    let [(rate, seconds), then @ ..] = rates else {
        bail!("no rates");
    };
    let mut arguments: Vec<String> = vec![
        "-n".into(),
        "-10".into(),
        stage.gavel.display().to_string(),
        "loadtest".into(),
        "--json".into(),
        "--thresholds=".into(),
        "--traffic=seeded".into(),
        "--arrivals=poisson".into(),
        format!("--target={url}"),
        format!("--rate={rate}"),
        format!("--duration={seconds}"),
        format!("--first={}", stage.take_numbers(1 << 24)),
    ];
    arguments.extend(
        then.iter()
            .map(|(rate, seconds)| format!("--then={rate}x{seconds}")),
    );
    Ok(arguments)
}

/// One or several.
pub(super) fn reports(told: &Value, capacity: f64) -> Result<Vec<Open>> {
    match told.as_array() {
        Some(all) => all.iter().map(|one| read(one, capacity)).collect(),
        None => Ok(vec![read(told, capacity)?]),
    }
}

fn read(report: &Value, capacity: f64) -> Result<Open> {
    let count = |key| number(report, key);
    let latency = |key| number(&report["latency_ms"], key);
    let due = count("requests")?.max(1.0);
    let worked_on = count("bids")? + count("no_bids")?;
    Ok(Open {
        capacity,
        p99: latency("p99")?,
        p99_9: latency("p99_9")?,
        held: worked_on / count("elapsed_s")?,
        goodput: worked_on / count("elapsed_s")? / capacity,
        closed: count("closed")?,
        shed_p99: count("shed_p99_ms")?,
        shed: count("shed")? / due,
        lost: (count("refused")? + count("failed")? + count("dropped")?) / due,
        lag_ms: count("schedule_lag_p99_us")? / 1e3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn goodput_is_what_was_worked_on() {
        let report = json!({
            "requests": 4_000, "bids": 1_000, "no_bids": 800, "shed": 2_000, "refused": 0, "failed": 100, "dropped": 100,
            "closed": 3, "shed_p99_ms": 1.5, "elapsed_s": 2.0, "schedule_lag_p99_us": 500, "latency_ms": {"p99": 9.0, "p99_9": 12.0},
        });
        let open = read(&report, 1_000.0).unwrap();
        assert_eq!((open.goodput, open.shed, open.lost), (0.9, 0.5, 0.05));
        assert_eq!((open.held, open.closed, open.shed_p99), (900.0, 3.0, 1.5));
        assert_eq!((open.p99, open.p99_9, open.lag_ms), (9.0, 12.0, 0.5));
        let late = Range::of(vec![6.0]);
        assert!(matches!(
            unless_late(Verdict::Met, late, 5.0),
            Verdict::Open(_)
        ));
        assert_eq!(
            unless_late(Verdict::Met, late, 7.0),
            Verdict::Met,
            "a met figure is met in any crowd"
        );
    }
}
