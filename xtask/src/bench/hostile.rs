//! R29, R31: what a DSP that means harm costs the exchange, and that it costs the others nothing.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::exchange::{Partners, SOME};
use super::figures::{Must, Range, Verdict};
use super::machine;
use super::overload::banner;
use super::plan::Plan;
use super::process::{Connection, Process};
use super::stage::{CONTROL_PLANE, EXCHANGE, HOSTILE, Stage};
use super::table::Row;

/// Rows of the same DSP, each asked about a domain of its own and ejected by itself.
const ROWS: usize = 40;
/// Calls until a row is ejected.
const CALLS: usize = 5;
/// What the exchange keeps of `tmax` for itself, by default.
const MARGIN_MS: f64 = 10.0;
const TMAX_MS: u32 = 100;

/// What is sent, by its path, and what that is.
const ATTACKS: [(&str, &str); 6] = [
    ("declared", "`Content-Length` of 10 GB"),
    ("bomb", "10 MB of gzip that are 10 GB, announced"),
    ("bomb-unsized", "the same in chunks"),
    ("dense", "256 KiB of it"),
    (
        "blocks",
        "256 KiB of gzip in 200,000 blocks that hold nothing",
    ),
    ("crumbs", "256 KiB in chunks of a byte"),
];

/// The figures of these that are wanted.
pub(super) fn rows(stage: &mut Stage, plan: &Plan) -> Result<Vec<Row>> {
    let exchange = stage.exchange(&[])?;
    let mut market = Partners::default();
    market.be(stage, SOME - 1, false)?;
    let _hostile = stage.hostile()?;
    let mut hostile = Hostile::make(stage)?;
    let mut rows = Vec::new();
    if plan.wants("r29") {
        for (kind, what) in [
            ("late", "one of five DSPs always answers 50 ms after `tmax`"),
            ("drip", "one of five DSPs sends a byte each 10 ms (R32)"),
        ] {
            rows.push(hostile.closes(stage, kind, what)?);
        }
    }
    if plan.wants("r31") {
        rows.push(hostile.costs(stage, &exchange)?);
    }
    Ok(rows)
}

struct Hostile {
    ids: Vec<String>,
    api: Connection,
    exchange: Connection,
    sent: u64,
}

impl Hostile {
    fn make(stage: &Stage) -> Result<Self> {
        let mut api = Connection::open(CONTROL_PLANE)?;
        let mut ids = Vec::new();
        for number in 0..ROWS {
            let partner = json!({
                "name": format!("hostile-{number}"), "endpoint": endpoint("quiet", number), "active": true,
                "pretargeting": {"domains": {"allow": [domain(number)]}},
            });
            let made = api.ask("POST", "/demand-partners", &partner)?;
            ids.push(made["id"].as_str().context("no id")?.to_owned());
        }
        stage.until_version(EXCHANGE)?;
        Ok(Self {
            ids,
            api,
            exchange: Connection::open(EXCHANGE)?,
            sent: 0,
        })
    }

    /// All rows do this from now on, and none has done anything before.
    fn turn(&mut self, stage: &Stage, kind: &str) -> Result<()> {
        for (number, id) in self.ids.iter().enumerate() {
            let path = format!("/demand-partners/{id}");
            let change = json!({"endpoint": endpoint(kind, number)});
            self.api.ask("PATCH", &path, &change)?;
        }
        stage.until_version(EXCHANGE)
    }

    /// So many auctions with each row: how long each took, in milliseconds, and how many were sold.
    fn auctions(&mut self, calls: usize, tmax_ms: u32) -> Result<(Vec<f64>, usize)> {
        let (mut times, mut sold) = (Vec::new(), 0);
        for _ in 0..calls {
            for number in 0..ROWS {
                self.sent += 1;
                let id = format!("hostile-{}", self.sent);
                let request = banner(&id, &domain(number), tmax_ms);
                let began = Instant::now();
                let (status, body) = self.exchange.call("POST", "/openrtb2/auction", &request)?;
                times.push(began.elapsed().as_secs_f64() * 1e3);
                ensure!(matches!(status, 200 | 204), "answered {status}: {body}");
                sold += usize::from(status == 200);
            }
        }
        Ok((times, sold))
    }

    /// How often the rows were asked, and how often that came to what is told under these keys.
    fn asked(&mut self, keys: &[&str]) -> Result<(u64, u64)> {
        let stats = self.exchange.ask("GET", "/stats", &Value::Null)?;
        let all = stats["dsps"].as_array().context("no DSPs")?;
        let own = all
            .iter()
            .filter(|dsp| self.ids.iter().any(|id| dsp["id"] == id.as_str()));
        let (asked, of_kind): (Vec<u64>, Vec<u64>) = own
            .map(|dsp| {
                let count = |key: &str| dsp[key].as_u64().unwrap_or(0);
                (
                    count("asked"),
                    keys.iter().map(|key| count(key)).sum::<u64>(),
                )
            })
            .unzip();
        Ok((asked.iter().sum(), of_kind.iter().sum()))
    }

    /// R29: when the auction closes.
    fn closes(&mut self, stage: &Stage, kind: &str, what: &str) -> Result<Row> {
        eprintln!("       Bench R29 {kind}");
        self.turn(stage, kind)?;
        // Fewer than eject it.
        let (times, sold) = self.auctions(CALLS - 1, TMAX_MS)?;
        let (asked, late) = self.asked(&["timeouts"])?;
        let wanted = (ROWS * (CALLS - 1)) as u64;
        ensure!(
            (asked, late) == (wanted, wanted),
            "{late} of {asked} calls were late, not {wanted}"
        );
        let due = f64::from(TMAX_MS) - MARGIN_MS;
        let mut off: Vec<f64> = times.iter().map(|took| took - due).collect();
        off.sort_by(f64::total_cmp);
        // One in a hundred may have waited for its core.
        off.truncate(off.len() - off.len() / 100);
        let off = Range::of(off);
        let verdict = Must::AtMost(5.0)
            .judge(&off)
            .and(Must::AtLeast(-5.0).judge(&off));
        Ok(Row {
            id: "R29",
            what: format!(
                "{what}, {} auctions one after the other: how much later than the DSPs' deadline ({TMAX_MS} ms less `answer_margin`, {MARGIN_MS} ms) the answer with the others' bids is here",
                times.len()
            ),
            must: "± 5 ms",
            measured: format!(
                "{} ms without the last hundredth; {sold} sold to the others; the last came after {:.1} ms",
                off.shown(2),
                times.iter().copied().fold(0.0, f64::max)
            ),
            verdict: verdict.unless(machine::crowded()),
        })
    }

    /// R31: what one answer costs, beyond what a polite one does.
    fn costs(&mut self, stage: &Stage, exchange: &Process) -> Result<Row> {
        eprintln!("       Bench R31");
        let calls = ROWS * CALLS;
        self.turn(stage, "quiet")?;
        self.auctions(1, 1_000)?;
        let (polite, records) = self.spent(exchange)?;
        let mut told = Vec::new();
        let mut verdict = Verdict::Met;
        for (kind, what) in ATTACKS {
            self.turn(stage, kind)?;
            let (cpu, memory) = self.spent(exchange)?;
            let (asked, failed) = self.asked(&["errors", "timeouts"])?;
            ensure!(
                (asked, failed) == (calls as u64, calls as u64),
                "{kind}: {failed} of {asked} calls failed, not {calls}"
            );
            let cpu_ms = (cpu.as_secs_f64() - polite.as_secs_f64()).max(0.0) * 1e3 / calls as f64;
            let memory_mib = memory.saturating_sub(records) as f64 / f64::from(1 << 20);
            verdict = verdict
                .and(Must::AtMost(5.0).judge(&Range::of(vec![cpu_ms])))
                .and(Must::AtMost(2.0).judge(&Range::of(vec![memory_mib])));
            told.push(format!(
                "{what} **{cpu_ms:.2}** ms, **{memory_mib:.2}** MiB"
            ));
        }
        Ok(Row {
            id: "R31",
            what: format!(
                "one of five DSPs sends too much, {calls} times each, one after the other, `tmax` a second: what the exchange needs for one beyond a 204: CPU, and the most memory at any time beyond what the first forty left and as many polite answers add (records)"
            ),
            must: "5 ms; 2 MiB",
            measured: told.join("; "),
            verdict,
        })
    }

    /// What all calls until the rows are ejected cost, and the most memory beyond what the first of each row left:
    /// its own state, and what the allocator keeps.
    fn spent(&mut self, exchange: &Process) -> Result<(Duration, u64)> {
        let before = exchange.cpu()?;
        self.auctions(1, 1_000)?;
        // What is finished off the path belongs to it.
        std::thread::sleep(Duration::from_millis(600));
        exchange.forget_peak()?;
        let resident = exchange.resident()?;
        self.auctions(CALLS - 1, 1_000)?;
        std::thread::sleep(Duration::from_millis(600));
        let spent = exchange.cpu()?.saturating_sub(before);
        Ok((spent, exchange.peak()?.saturating_sub(resident)))
    }
}

fn endpoint(kind: &str, number: usize) -> String {
    format!("http://127.0.0.1:{HOSTILE}/{kind}/{number}")
}

fn domain(number: usize) -> String {
    format!("hostile-{number}.example")
}
