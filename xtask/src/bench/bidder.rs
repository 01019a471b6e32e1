//! P1, P2, P3, P16: the bidder in a closed loop against bare hyper. P7: what its Redis spends.

use anyhow::Result;

use super::figures::{Must, Range, Verdict};
use super::measure::{Load, Round, Rounds, against_hyper, bytes, round};
use super::plan::Plan;
use super::process::{Process, told};
use super::redis::Commands;
use super::stage::{BIDDER, Stage};
use super::table::Row;
use super::users::{Users, open};

const FULL: &str = "2 KB, 1 to 3 imps (mean 2), parsed and checked; profile and caps of the user read, a quarter of the line items capped and every cap confirmed in Redis; every filter, a reservation on a lease, markup with six signed tokens, metrics and tallies";

pub(super) fn bid_url() -> String {
    format!("http://127.0.0.1:{BIDDER}/bid")
}

/// What keeps no user in the process: every bid reads its user from Redis.
pub(super) const NO_MEMORY: [(&str, &str); 1] = [("GAVEL__BIDDER__USER_CACHE", "0B")];

/// P1 on a catalog of `count` line items, or P2.
pub(super) fn full_function(
    stage: &mut Stage,
    plan: &Plan,
    bidder: &Process,
    (id, count, must): (&'static str, u64, Must),
) -> Result<Row> {
    eprintln!("       Bench {id}, {count} line items");
    let load = Load {
        warm_up: plan.seconds * 2.0,
        ..Load::default()
    };
    let url = bid_url();
    let (rounds, users) = Users::of(|| against_hyper(stage, plan, bidder, &url, &load))?;
    let what = format!("bidder, {count} line items, requests per core ÷ H. {FULL}");
    let row = users.beside(ratio_row(id, what, (must, told_must(id)), &rounds));
    Ok(with_bids(row, &rounds))
}

/// With fewer bids it is not the full function.
const FEWEST_BIDS: f64 = 0.5;

fn too_few(bids: f64) -> Option<String> {
    (bids < FEWEST_BIDS).then(|| format!("only {:.0} % of the requests got a bid", bids * 100.0))
}

fn with_bids(row: Row, rounds: &Rounds) -> Row {
    let why = too_few(rounds.own(|it| it.bids).low);
    Row {
        verdict: open(row.verdict, why),
        ..row
    }
}

/// P3: floors above every maximum, so that everything that matches is looked at and refused.
pub(super) fn no_bid(stage: &mut Stage, plan: &Plan, bidder: &Process) -> Result<Row> {
    eprintln!("       Bench P3");
    let load = Load {
        options: vec!["--floor-cents=50000".into()],
        warm_up: plan.seconds,
    };
    let url = bid_url();
    let (rounds, users) = Users::of(|| against_hyper(stage, plan, bidder, &url, &load))?;
    let what = format!(
        "no-bid after matching ÷ H, {} line items: the same requests with floors above every maximum; parsed, user read, matched, every match refused at its price, 204",
        plan.line_items(10_000)
    );
    let must = (Must::AtLeast(0.35), "0.35 (0.50)");
    Ok(users.beside(ratio_row("P3", what, must, &rounds)))
}

/// P16: each billing notice once, durable in the event log before its answer.
pub(super) fn notices(stage: &mut Stage, plan: &Plan, bidder: &Process) -> Result<Row> {
    eprintln!("       Bench P16");
    let url = bid_url();
    let count = bytes(plan.seconds * 3_000.0);
    let mut rounds = Rounds::default();
    for at in 1..=plan.rounds {
        let own = called(stage, bidder, &url, count)?;
        let (echo, echo_url) = stage.echo(bytes(own.answer_bytes))?;
        // Bare hyper is sent what has the shape of a notice: as long, and without a body.
        let options = [
            "--connections=64".to_owned(),
            format!("--get-bytes={}", bytes(own.request_bytes)),
        ];
        let hyper = round(stage, &echo, &echo_url, &options, (0.2, plan.seconds / 2.0))?;
        eprintln!(
            "       Bench   round {at}/{}: {:.1} µs, hyper {:.1} µs",
            plan.rounds, own.cpu_us, hyper.cpu_us
        );
        rounds.own.push(own);
        rounds.hyper.push(hyper);
    }
    let what = "billing notice ÷ H: GET of a real burl, token checked, appended once to the event log (`appendfsync always`), then 200; H: GET of the same length".to_owned();
    let must = (Must::AtLeast(0.25), "0.25 (0.40)");
    Ok(ratio_row("P16", what, must, &rounds))
}

fn called(stage: &mut Stage, bidder: &Process, url: &str, count: u64) -> Result<Round> {
    let redis = stage.store(embedded::Part::State)?;
    let arguments = [
        "loadtest".to_owned(),
        "notices".into(),
        format!("--target={url}"),
        format!("--count={count}"),
        format!("--first={}", stage.take_numbers(1 << 24)),
        "--connections=64".into(),
        format!("--watch={}", bidder.pid()),
        format!("--watch={redis}"),
        format!("--watch={}", stage.store(embedded::Part::Events)?),
    ];
    Round::read(&told(&stage.gavel, &arguments)?, bidder.pid(), redis)
}

/// P7: what the Redis of user state spends for a bid, by what the process knows and the winner asks of it.
pub(super) fn redis(stage: &mut Stage, plan: &Plan) -> Result<Row> {
    eprintln!("       Bench P7");
    stage.sql(
        "CREATE TABLE bench_caps AS SELECT id, doc -> 'frequency_caps' AS caps FROM line_items",
    )?;
    let everybody = format!("--users={}", plan.users);
    let forgetful = stage.bidder_with(&NO_MEMORY)?;
    let cold = spent(stage, plan, &forgetful, "'[]'", &everybody)?;
    let capped = spent(stage, plan, &forgetful, CAPPED, &everybody)?;
    drop(forgetful);
    // A hundred users who come every few milliseconds.
    let bidder = stage.bidder()?;
    let warm = spent(stage, plan, &bidder, "'[]'", "--users=100")?;
    stage.sql(
        "UPDATE line_items l SET doc = jsonb_set(doc, '{frequency_caps}', b.caps) FROM bench_caps b WHERE b.id = l.id;
         DROP TABLE bench_caps; UPDATE catalog_version SET version = version + 1",
    )?;
    stage.until_current()?;
    let more = Range {
        low: capped.spent.low - cold.spent.high,
        median: capped.spent.median - cold.spent.median,
        high: capped.spent.high - cold.spent.low,
    };
    let verdict = Must::AtMost(6.0)
        .judge(&cold.spent)
        .and(Must::AtMost(2.0).judge(&warm.spent))
        .and(Must::AtMost(8.0).judge(&more));
    let reasons = [
        cold.users.not_cold(),
        capped.users.not_cold(),
        warm.users.not_warm(),
        cold.too_few_bids(),
        capped.too_few_bids(),
        warm.too_few_bids(),
    ];
    Ok(Row {
        id: "P7",
        what: format!(
            "CPU of the state's Redis per request in µs, AOF every second; two ids a user, one of which is known; {} line items: none capped, every user read ({} users, `user_cache = \"0B\"`); none capped, every user known to the process (100 users); all capped and every user read, what it costs more",
            plan.line_items(10_000),
            plan.users
        ),
        must: "6 / 2 / +8 µs (5 / 1 / +5)",
        measured: format!(
            "cold {}, warm {}, capped +{}; by Redis' own count, without its system calls: cold {}; capped {}",
            cold.spent.shown(1),
            warm.spent.shown(1),
            more.shown(1),
            cold.commands,
            capped.commands
        ),
        verdict: reasons.into_iter().fold(verdict, open),
    })
}

const CAPPED: &str =
    "'[{\"scope\": \"line_item\", \"count\": 3, \"window\": {\"sliding_seconds\": 3600}}]'";

/// What Redis spent for a request, for which users and bids.
struct Spent {
    spent: Range,
    users: Users,
    bids: Range,
    /// Which commands took how long.
    commands: String,
}

impl Spent {
    fn too_few_bids(&self) -> Option<String> {
        too_few(self.bids.low)
    }
}

/// With these caps on every line item.
fn spent(
    stage: &mut Stage,
    plan: &Plan,
    bidder: &Process,
    caps: &str,
    users: &str,
) -> Result<Spent> {
    stage.sql(&format!(
        "UPDATE line_items SET doc = jsonb_set(doc, '{{frequency_caps}}', {caps});
         UPDATE catalog_version SET version = version + 1"
    ))?;
    stage.until_current()?;
    let (url, options) = (bid_url(), [users.to_owned()]);
    round(stage, bidder, &url, &options, (plan.seconds, 0.2))?;
    let before = Commands::of(stage)?;
    let (rounds, users) = Users::of(|| {
        let times = (0.3, plan.seconds / 2.0);
        let one = |_| round(stage, bidder, &url, &options, times);
        (0..plan.rounds).map(one).collect::<Result<Vec<Round>>>()
    })?;
    Ok(Spent {
        commands: Commands::of(stage)?.since(&before),
        spent: Rounds::of(&rounds, |it| it.redis_us),
        users,
        bids: Rounds::of(&rounds, |it| it.bids),
    })
}

/// A row of requests per core against bare hyper's.
pub(super) fn ratio_row(
    id: &'static str,
    what: String,
    (must, told): (Must, &'static str),
    rounds: &Rounds,
) -> Row {
    let ratio = rounds.ratio();
    let verdict = match rounds.refusal() {
        Some(why) => Verdict::Open(why),
        None => must.judge(&ratio),
    };
    let median = |rounds: &[Round], read: fn(&Round) -> f64| Rounds::of(rounds, read).median;
    let own = |read| median(&rounds.own, read);
    Row {
        id,
        what,
        must: told,
        measured: format!(
            "{}; {} µs of CPU against H's {} µs; {:.0}/s; {:.0} % answered 200, {:.0} % shed; {:.1} KB in, {:.1} KB out; Redis {:.1} µs; {}",
            ratio.shown(3),
            rounds.own(|it| it.cpu_us).shown(1),
            Rounds::of(&rounds.hyper, |it| it.cpu_us).shown(1),
            own(|it| it.rate),
            own(|it| it.bids) * 100.0,
            own(|it| it.shed) * 100.0,
            own(|it| it.request_bytes) / 1e3,
            own(|it| it.answer_bytes) / 1e3,
            own(|it| it.redis_us),
            rounds.surroundings()
        ),
        verdict,
    }
}

fn told_must(id: &str) -> &'static str {
    match id {
        "P1" => "0.25 (0.40)",
        _ => "0.08 (0.15)",
    }
}

/// P17: the most expensive of the shapes.
pub(super) fn worst(stage: &Stage, plan: &Plan, bidder: &Process) -> Result<Row> {
    let who = format!("bidder, {} line items", plan.line_items(10_000));
    worst_of(stage, plan, bidder, &bid_url(), &who)
}

/// The same of anybody who takes bid requests.
pub(super) fn worst_of(
    stage: &Stage,
    plan: &Plan,
    server: &Process,
    url: &str,
    who: &str,
) -> Result<Row> {
    eprintln!("       Bench P17 {who}");
    let times = if plan.quick { 3 } else { 20 };
    let arguments = [
        "loadtest".to_owned(),
        "worst".into(),
        format!("--target={url}"),
        format!("--watch={}", server.pid()),
        format!("--times={times}"),
    ];
    let told = told(&stage.gavel, &arguments)?;
    let mut shapes: Vec<(f64, String)> = told
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| {
            let millis = it["us"].as_f64().unwrap_or(f64::MAX) / 1e3;
            let name = it["shape"].as_str().unwrap_or("?");
            (millis, format!("{name} {millis:.2} ms ({})", it["status"]))
        })
        .collect();
    shapes.sort_by(|one, other| other.0.total_cmp(&one.0));
    let millis = Range::of(shapes.iter().map(|it| it.0).collect());
    let worst = Range {
        low: millis.high,
        median: millis.high,
        ..millis
    };
    let named: Vec<&str> = shapes.iter().take(4).map(|it| it.1.as_str()).collect();
    Ok(Row {
        id: "P17",
        what: format!(
            "{who}: CPU of one body of at most 256 KiB, the worst of {} shapes (nests, long lists, many imps, escapes, repeated members, cut off, gzip that is four times as much or holds nothing), mean of {times} each",
            shapes.len()
        ),
        must: "5 ms (1 ms)",
        measured: format!("**{:.2} ms**; {}", millis.high, named.join(", ")),
        verdict: Must::AtMost(5.0).judge(&worst),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bidder_that_did_not_do_the_work_is_not_concluded_from() {
        let hyper = vec![Round {
            cpu_us: 10.0,
            ..Round::default()
        }];
        let bidding = |bids| Rounds {
            own: vec![Round {
                bids,
                cpu_us: 30.0,
                ..Round::default()
            }],
            hyper: hyper.clone(),
        };
        for (bids, expect) in [(0.9, true), (0.0, false)] {
            let rounds = bidding(bids);
            let row = ratio_row("P1", String::new(), (Must::AtLeast(0.25), ""), &rounds);
            let met = with_bids(row, &rounds).verdict == Verdict::Met;
            assert_eq!(met, expect, "{bids} of bids");
        }
    }
}
