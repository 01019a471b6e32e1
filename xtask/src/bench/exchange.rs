//! P8 to P13 and P17 of the exchange, with one, five and twenty DSPs: what an auction costs beside bare hyper, how
//! long it takes in an open loop at half of the capacity and at twice of it, and the dearest bodies.

use anyhow::{Context as _, Result};
use serde_json::json;

use super::bidder::{ratio_row, worst_of};
use super::figures::{Must, Range, Verdict};
use super::hold;
use super::latency::{Open, latency_rounds, open_loop, unless_late};
use super::measure::{Load, Rounds, against_hyper};
use super::plan::Plan;
use super::process::{Connection, Process};
use super::stage::{CONTROL_PLANE, EXCHANGE, PARTNERS, Stage};
use super::table::Row;
use super::yardstick::Yardstick;

const FEW: u16 = 1;
pub(super) const SOME: u16 = 5;
const MANY: u16 = 20;
const WORK: &str = "read, a body planned and spliced for each DSP, an HTTP call each, every bid screened, clearing, answer with signed notices of our own, record. Each DSP takes 1 to 6 ms, anew for each call";
/// What the slowest answers of the DSPs take, in milliseconds: no part of what an exchange can be blamed for.
const THINKS_MS: f64 = 6.0;

/// All figures of the exchange that are wanted.
pub(super) fn auctions(stage: &mut Stage, plan: &Plan) -> Result<Vec<Row>> {
    let exchange = stage.exchange(&[])?;
    let mut market = Partners::default();
    let mut rows = Vec::new();
    let mut shared = Vec::new();
    for (count, notices) in [(FEW, false), (SOME, false), (SOME, true), (MANY, false)] {
        let told = if notices { " that ask for notices" } else { "" };
        eprintln!("       Bench exchange with {count} DSPs{told}");
        market.be(stage, count, notices)?;
        if plan.hold {
            hold(exchange.pid())?;
        }
        if plan.wants("p17") && !notices {
            let who = format!("exchange with {count} DSPs");
            rows.push(worst_of(stage, plan, &exchange, &auction_url(), &who)?);
        }
        if !plan.wants_any(&["p8", "p9", "p10", "p11", "p12", "p13"]) {
            continue;
        }
        let plan = &thorough(plan);
        let dsps = market.beside_the_load(count, notices);
        let mut options = vec![format!("--connections={}", connections(count))];
        options.extend(dsps.iter().cloned());
        let load = Load {
            options,
            warm_up: plan.seconds,
        };
        let busy = against_hyper(stage, plan, &exchange, &auction_url(), &load)?;
        let with = if notices {
            format!("{count} DSPs, every bid of which asks for win and loss notices")
        } else {
            format!("{count} DSPs")
        };
        if plan.wants("p10") {
            let what = format!("exchange with {with}, auctions per core ÷ H: {WORK}");
            let must = (Must::AtLeast(0.08), "0.08 (0.13) with five");
            let mut row = ratio_row("P10", what, must, &busy);
            if count != SOME {
                row.verdict = Verdict::Open("the figure is one of five DSPs".to_owned());
            }
            rows.push(row);
        }
        rows.extend(open_loops(stage, plan, &busy, (&with, &dsps))?);
        if !notices {
            shared.push(busy);
        }
    }
    if let [few, some, many] = shared.as_slice()
        && plan.wants_any(&["p8", "p9"])
    {
        rows.extend(shares(few, some, many));
    }
    Ok(rows)
}

pub(super) fn auction_url() -> String {
    format!("http://127.0.0.1:{EXCHANGE}/openrtb2/auction")
}

/// Enough to keep one core busy while DSPs take their time, and not so many that they stand in a queue.
const fn connections(dsps: u16) -> u16 {
    match dsps {
        FEW => 64,
        SOME => 44,
        _ => 20,
    }
}

/// Where only open loops are wanted, the closed one need not say more than where they lie.
fn thorough(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    if !plan.wants_any(&["p8", "p9", "p10"]) {
        plan.rounds = plan.rounds.min(2);
    }
    plan
}

/// P11, P12, P13 with the DSPs that are there.
fn open_loops(
    stage: &mut Stage,
    plan: &Plan,
    busy: &Rounds,
    (with, dsps): (&str, &[String]),
) -> Result<Vec<Row>> {
    let capacity = 1e6 / busy.own(|it| it.cpu_us).median;
    let mut rows = Vec::new();
    if plan.wants_any(&["p11", "p13"]) {
        let mut yardstick = Yardstick::start(stage, busy.own(|it| it.answer_bytes).median)?;
        let mut rounds = Vec::new();
        for _ in 0..latency_rounds(plan) {
            rounds.push(open_loop(
                stage,
                plan,
                &auction_url(),
                (capacity, 0.5),
                dsps,
            )?);
            yardstick.measure(stage, plan)?;
        }
        let of = |read: fn(&Open) -> f64| Range::of(rounds.iter().map(read).collect());
        let lag = of(|it| it.lag_ms);
        let measured = |p99: Range, p99_9: Range| {
            format!(
                "p99 {} ms, p99.9 {} ms; {:.0} % shed; the generator sent at most {:.1} ms late (p99); {}",
                p99.shown(2),
                p99_9.shown(2),
                of(|it| it.shed).high * 100.0,
                lag.high,
                yardstick.shown()
            )
        };
        let (p99, p99_9) = (of(|it| it.p99), of(|it| it.p99_9));
        if plan.wants("p11") {
            let (own, own_9) = (of(|it| it.p99 - THINKS_MS), of(|it| it.p99_9 - THINKS_MS));
            let verdict = Must::AtMost(3.0)
                .judge(&own)
                .and(Must::AtMost(10.0).judge(&own_9))
                .unless(yardstick.excuse(3.0, 10.0));
            rows.push(Row {
                id: "P11",
                what: format!(
                    "exchange with {with}, open loop, Poisson arrivals at half of the capacity ({capacity:.0}/s by CPU): p99 and p99.9 from due times, less the {THINKS_MS} ms that DSPs take"
                ),
                must: "3 / 10 ms (1.5 / 5)",
                measured: measured(own, own_9),
                verdict: unless_late(verdict, lag, 1.0),
            });
        }
        if plan.wants("p13") {
            let excuse = yardstick.excuse(10.0, f64::INFINITY);
            let verdict = Must::AtMost(10.0).judge(&p99).unless(excuse);
            rows.push(Row {
                id: "P13",
                what: format!(
                    "SSP to exchange to {with} and back, p99 from due times, open loop at half of the capacity ({capacity:.0}/s by CPU). The DSPs take 1 to {THINKS_MS} ms of it, most of them at once"
                ),
                must: "10 ms (5)",
                measured: measured(p99, p99_9),
                verdict: unless_late(verdict, lag, 1.0),
            });
        }
    }
    if plan.wants("p12") {
        let rounds = loops(stage, plan, (capacity, 2.0), dsps)?;
        let of = |read: fn(&Open) -> f64| Range::of(rounds.iter().map(read).collect());
        let (goodput, p99, lag) = (of(|it| it.goodput), of(|it| it.p99), of(|it| it.lag_ms));
        let verdict = Must::AtLeast(0.9)
            .judge(&goodput)
            .and(Must::AtMost(20.0).judge(&p99));
        rows.push(Row {
            id: "P12",
            what: format!(
                "exchange with {with}, open loop at twice the capacity ({capacity:.0}/s by CPU): auctions held ÷ capacity, and p99 of those"
            ),
            must: "0.9; 20 ms (0.95; 10)",
            measured: format!(
                "{}; p99 {} ms; {:.0} % shed, {:.0} % lost or not sent; the generator sent at most {:.1} ms late (p99)",
                goodput.shown(2),
                p99.shown(1),
                of(|it| it.shed).median * 100.0,
                of(|it| it.lost).median * 100.0,
                lag.high
            ),
            verdict: unless_late(verdict, lag, 5.0),
        });
    }
    Ok(rows)
}

fn loops(stage: &mut Stage, plan: &Plan, load: (f64, f64), dsps: &[String]) -> Result<Vec<Open>> {
    let url = auction_url();
    (0..latency_rounds(plan))
        .map(|_| open_loop(stage, plan, &url, load, dsps))
        .collect()
}

/// Scripted DSPs that the exchange asks, all in one process; dropping them ends them.
#[derive(Default)]
pub(super) struct Partners(Option<Process>);

impl Partners {
    /// So many of them, that ask for notices or for none.
    pub(super) fn be(&mut self, stage: &mut Stage, count: u16, notices: bool) -> Result<()> {
        // The former ones go first: they have the same ports.
        self.0 = None;
        self.0 = Some(stage.partners(count, notices)?);
        let mut api = Connection::open(CONTROL_PLANE)?;
        for number in 0..count {
            if stage.dsps.len() <= usize::from(number) {
                let port = PARTNERS + number;
                let partner = json!({"name": format!("bench-{port}"), "endpoint": format!("http://127.0.0.1:{port}/bid"), "active": true});
                let made = api.ask("POST", "/demand-partners", &partner)?;
                let id = made["id"].as_str().context("no id")?;
                stage.dsps.push((id.to_owned(), true));
            }
        }
        for (number, (id, active)) in stage.dsps.iter_mut().enumerate() {
            let wanted = number < usize::from(count);
            if *active != wanted {
                let path = format!("/demand-partners/{id}");
                api.ask("PATCH", &path, &json!({"active": wanted}))?;
                *active = wanted;
            }
        }
        stage.until_version(EXCHANGE)
    }

    /// Ends them, and tells how the generator is to serve the same by its own thread: on one core, a process of theirs
    /// would keep the generator waiting, and the generator them.
    fn beside_the_load(&mut self, count: u16, notices: bool) -> Vec<String> {
        self.0 = None;
        let mut options = vec![
            format!("--dsps={count}"),
            format!("--dsps-listen=127.0.0.1:{PARTNERS}"),
        ];
        if !notices {
            options.push("--dsps-without-notices".into());
        }
        options
    }
}

/// P8 and P9: what an auction costs whoever is asked, and what each DSP adds.
fn shares(few: &Rounds, some: &Rounds, many: &Rounds) -> Vec<Row> {
    let pairs = few.own.iter().zip(&many.own);
    let hypers = few.hyper.iter().zip(&many.hyper);
    let shares: Vec<(f64, f64)> = pairs
        .zip(hypers)
        .map(|((one, twenty), (beside_one, beside_twenty))| {
            let hyper = f64::midpoint(beside_one.cpu_us, beside_twenty.cpu_us);
            let per_dsp = (twenty.cpu_us - one.cpu_us) / f64::from(MANY - FEW);
            ((one.cpu_us - per_dsp) / hyper, per_dsp / hyper)
        })
        .collect();
    let fixed = Range::of(shares.iter().map(|it| it.0).collect());
    let per_dsp = Range::of(shares.iter().map(|it| it.1).collect());
    let cpu = |rounds: &Rounds| rounds.own(|it| it.cpu_us).median;
    let told = format!(
        "an auction took {:.0}, {:.0} and {:.0} µs with {FEW}, {SOME} and {MANY} DSPs",
        cpu(few),
        cpu(some),
        cpu(many)
    );
    let refusal = || few.refusal().or_else(|| many.refusal());
    let row = |id, what: &str, must, limit: f64, found: &Range| Row {
        id,
        what: what.to_owned(),
        must,
        measured: format!("{}; {told}", found.shown(1)),
        verdict: Must::AtMost(limit).judge(found).unless(refusal()),
    };
    vec![
        row(
            "P8",
            "exchange, CPU of an auction whoever is asked, in H's own CPU (the line through 1 and 20 DSPs)",
            "3.0 × (2.2 ×)",
            3.0,
            &fixed,
        ),
        row(
            "P9",
            "exchange, CPU for each DSP that is asked (spliced, pooled call, answer read and screened; no notices), in H's own CPU",
            "2.2 × (1.3 ×)",
            2.2,
            &per_dsp,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::figures::Verdict;
    use super::super::measure::Round;
    use super::*;

    #[test]
    fn what_each_dsp_adds_is_told_apart() {
        let rounds = |own: f64| Rounds {
            own: vec![
                Round {
                    cpu_us: own,
                    ..Round::default()
                };
                2
            ],
            hyper: vec![
                Round {
                    cpu_us: 10.0,
                    ..Round::default()
                };
                2
            ],
        };
        // 25 µs whoever is asked, and 20 µs for each DSP.
        let rows = shares(&rounds(45.0), &rounds(125.0), &rounds(425.0));
        let told: Vec<_> = rows
            .iter()
            .map(|it| (it.id, it.measured.split(';').next(), it.verdict.clone()))
            .collect();
        let want = [
            ("P8", Some("**2.5** (2.5 to 2.5)"), Verdict::Met),
            ("P9", Some("**2.0** (2.0 to 2.0)"), Verdict::Met),
        ];
        assert_eq!(told, want);
    }
}
