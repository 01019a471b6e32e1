//! P8, P9, P10: the exchange with one, five and twenty DSPs against bare hyper; P13: how long an auction takes.

use anyhow::Result;
use serde_json::json;

use super::bidder::ratio_row;
use super::figures::{Must, Range};
use super::hold;
use super::latency::{Open, open_loop, unless_late};
use super::measure::{Load, Rounds, against_hyper};
use super::plan::Plan;
use super::process::{Connection, Process};
use super::stage::{CONTROL_PLANE, EXCHANGE, PARTNERS, Stage};
use super::table::Row;

const FEW: u16 = 1;
const SOME: u16 = 5;
const MANY: u16 = 20;
const WORK: &str = "read, a body planned and spliced for each DSP, an HTTP call each, every bid screened, clearing, answer with signed notices of our own, record. The DSPs take 1 to 6 ms";

/// All figures of the exchange that are wanted.
pub(super) fn auctions(stage: &mut Stage, plan: &Plan) -> Result<Vec<Row>> {
    let per_dsp = plan.wants_any(&["p8", "p9"]);
    let mut market = Partners::default();
    let exchange = stage.exchange()?;
    let url = format!("http://127.0.0.1:{EXCHANGE}/openrtb2/auction");
    let load = Load {
        options: vec!["--connections=8".into()],
        warm_up: plan.seconds,
    };
    let mut rows = Vec::new();
    let with = |stage: &mut Stage, market: &mut Partners, count: u16, notices: bool| {
        let told = if notices { "that ask for notices" } else { "" };
        eprintln!("       Bench exchange with {count} DSPs {told}");
        market.be(stage, count, notices)?;
        if plan.hold {
            hold(exchange.pid())?;
        }
        against_hyper(stage, plan, &exchange, &url, &load)
    };
    let few = per_dsp
        .then(|| with(stage, &mut market, FEW, false))
        .transpose()?;
    let some = with(stage, &mut market, SOME, false)?;
    if plan.wants_any(&["p10", "p13"]) {
        let must = (Must::AtLeast(0.08), "0.08 (0.13)");
        let what = format!("exchange with {SOME} scripted DSPs, auctions per core ÷ H: {WORK}");
        rows.push(ratio_row("P10", what.clone(), must, &some));
        let all = with(stage, &mut market, SOME, true)?;
        let what = format!(
            "{what}. Every bid asks for win and loss notices: up to eleven calls an auction"
        );
        rows.push(ratio_row("P10", what, must, &all));
        rows.retain(|_| plan.wants("p10"));
        if plan.wants("p13") {
            rows.push(chain(stage, plan, &url, &all)?);
        }
    }
    if let Some(few) = few {
        let many = with(stage, &mut market, MANY, false)?;
        rows.extend(shares(&few, &some, &many));
    }
    Ok(rows)
}

/// Scripted DSPs that the exchange knows; dropping them ends them.
#[derive(Default)]
struct Partners {
    running: Vec<Process>,
    notices: bool,
    known: u16,
}

impl Partners {
    /// So many of them, that ask for notices or for none.
    fn be(&mut self, stage: &Stage, count: u16, notices: bool) -> Result<()> {
        if self.notices != notices {
            self.running.clear();
            self.notices = notices;
        }
        let there = u16::try_from(self.running.len()).unwrap_or(u16::MAX);
        for number in there..count {
            self.running.push(stage.partner(number, notices)?);
        }
        let mut api = Connection::open(CONTROL_PLANE)?;
        for number in self.known..count {
            let port = PARTNERS + number;
            let partner = json!({"name": format!("bench-{port}"), "endpoint": format!("http://127.0.0.1:{port}/bid"), "active": true});
            api.ask("POST", "/demand-partners", &partner)?;
            self.known = number + 1;
        }
        stage.until_version(EXCHANGE)
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

/// P13: an open loop at half of what the core can do, by its CPU per auction.
fn chain(stage: &mut Stage, plan: &Plan, url: &str, busy: &Rounds) -> Result<Row> {
    eprintln!("       Bench P13");
    let capacity = 1e6 / busy.own(|it| it.cpu_us).median;
    let mut rounds: Vec<Open> = Vec::new();
    for _ in 0..plan.rounds.div_ceil(2).max(2) {
        rounds.push(open_loop(stage, plan, url, capacity, 0.5)?);
    }
    let of = |read: fn(&Open) -> f64| Range::of(rounds.iter().map(read).collect());
    let (p99, lag) = (of(|it| it.p99), of(|it| it.lag_ms));
    Ok(Row {
        id: "P13",
        what: format!(
            "SSP to exchange to {SOME} DSPs and back, p99 from due times, open loop at half of the capacity ({:.0}/s by CPU). The DSPs take 1 to 6 ms of it, most of them at once",
            capacity
        ),
        must: "10 ms (5)",
        measured: format!(
            "p99 {} ms, p99.9 {} ms; {:.0} % shed; the generator sent at most {:.1} ms late (p99)",
            p99.shown(2),
            of(|it| it.p99_9).shown(2),
            of(|it| it.shed).median * 100.0,
            lag.high
        ),
        verdict: unless_late(Must::AtMost(10.0).judge(&p99), lag, 1.0),
    })
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
