//! Rounds of a candidate and of bare hyper, interleaved, in a closed loop.

use anyhow::{Result, ensure};
use embedded::Part;
use serde_json::Value;

use super::figures::{Range, refusal};
use super::plan::{Plan, number};
use super::process::{Process, told};
use super::stage::Stage;

/// More requests than a round can send.
const NUMBERS: u64 = 1 << 24;

/// What is sent to a candidate, beside the usual.
#[derive(Debug, Clone, Default)]
pub(super) struct Load {
    /// Options of `gavel loadtest saturate`.
    pub(super) options: Vec<String>,
    /// Seconds before the first round: caches, and a lease for whoever wants to bid.
    pub(super) warm_up: f64,
}

/// One round of a closed loop.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Round {
    /// Time on a CPU of the server, all of its threads, for one request that was worked on.
    pub(super) cpu_us: f64,
    /// The same of the state's Redis.
    pub(super) redis_us: f64,
    /// Answered a second.
    pub(super) rate: f64,
    /// Of what was worked on, answered with a bid.
    pub(super) bids: f64,
    pub(super) shed: f64,
    pub(super) answer_bytes: f64,
    pub(super) request_bytes: f64,
    /// Share of its core that the generator took.
    pub(super) generator: f64,
    /// Share of the machine that others took, who are no part of this.
    pub(super) foreign: f64,
}

impl Round {
    /// From the report of `gavel loadtest saturate` or `notices`.
    pub(super) fn read(report: &Value, server: u32, redis: u32) -> Result<Self> {
        let count = |key| number(report, key);
        let answered = count("requests")? - count("failed")?;
        ensure!(answered > 0.0, "nothing was answered: {report}");
        ensure!(
            count("failed")? + count("refused")? < answered / 100.0,
            "requests were refused or lost: {report}"
        );
        // What was shed cost next to nothing: it must not make the rest look cheap.
        let worked_on = answered - count("shed")?;
        ensure!(worked_on > 0.0, "everything was shed: {report}");
        let wall = count("wall_us")?;
        let cpu = |pid: u32| report["cpu"][pid.to_string()]["us"].as_f64().unwrap_or(0.0);
        let watched: f64 = report["cpu"].as_object().map_or(0.0, |all| {
            all.values().filter_map(|it| it["us"].as_f64()).sum()
        });
        let foreign = count("machine_us")? - watched - count("generator_us")?;
        Ok(Self {
            cpu_us: cpu(server) / worked_on,
            redis_us: cpu(redis) / worked_on,
            rate: answered / wall * 1e6,
            bids: count("bids")? / worked_on,
            shed: count("shed")? / answered,
            answer_bytes: count("answer_bytes")? / worked_on,
            request_bytes: count("request_bytes")? / answered,
            generator: count("generator_us")? / wall,
            foreign: (foreign / wall / 2.0).max(0.0),
        })
    }
}

/// All rounds of a candidate, and those of bare hyper in between; none where it was not asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Rounds {
    pub(super) own: Vec<Round>,
    pub(super) hyper: Vec<Round>,
}

impl Rounds {
    pub(super) fn of(rounds: &[Round], read: impl Fn(&Round) -> f64) -> Range {
        Range::of(rounds.iter().map(read).collect())
    }

    pub(super) fn own(&self, read: impl Fn(&Round) -> f64) -> Range {
        Self::of(&self.own, read)
    }

    /// Requests per core against bare hyper's, round by round.
    pub(super) fn ratio(&self) -> Range {
        let ratios = self.own.iter().zip(&self.hyper);
        Range::of(
            ratios
                .map(|(own, hyper)| hyper.cpu_us / own.cpu_us)
                .collect(),
        )
    }

    /// Why nothing is concluded, if so.
    pub(super) fn refusal(&self) -> Option<String> {
        let busy: Vec<f64> = self
            .own
            .iter()
            .chain(&self.hyper)
            .map(|it| it.generator)
            .collect();
        let cpu = |rounds: &[Round]| Self::of(rounds, |it| it.cpu_us);
        refusal(&cpu(&self.own), &cpu(&self.hyper), &busy)
    }

    /// How busy the generator was, and others.
    pub(super) fn surroundings(&self) -> String {
        let all: Vec<Round> = self.own.iter().chain(&self.hyper).copied().collect();
        format!(
            "generator {:.0} % of its core, others {:.0} % of the machine",
            Self::of(&all, |it| it.generator).high * 100.0,
            Self::of(&all, |it| it.foreign).median * 100.0
        )
    }
}

/// One round of seeded bid requests.
pub(super) fn round(
    stage: &mut Stage,
    server: &Process,
    url: &str,
    options: &[String],
    (warm_up, seconds): (f64, f64),
) -> Result<Round> {
    let redis = stage.store(Part::State)?;
    // The generator never sleeps: whoever else is on its core goes first.
    let mut arguments: Vec<String> = vec!["--idle".into(), "0".into()];
    arguments.push(stage.gavel.display().to_string());
    arguments.extend(["loadtest".into(), "saturate".into()]);
    arguments.extend([
        format!("--target={url}"),
        format!("--warm-up={warm_up}"),
        format!("--seconds={seconds}"),
        format!("--first={}", stage.take_numbers(NUMBERS)),
    ]);
    for pid in [server.pid(), redis, stage.store(Part::Events)?] {
        arguments.push(format!("--watch={pid}"));
    }
    arguments.extend(options.iter().cloned());
    let report = told(std::path::Path::new("chrt"), &arguments)?;
    Round::read(&report, server.pid(), redis)
}

/// Bare hyper and the candidate in turn, with payloads of the same sizes.
pub(super) fn against_hyper(
    stage: &mut Stage,
    plan: &Plan,
    server: &Process,
    url: &str,
    load: &Load,
) -> Result<Rounds> {
    let seconds = plan.seconds;
    let first = round(stage, server, url, &load.options, (load.warm_up, 0.5))?;
    let (echo, echo_url) = stage.echo(bytes(first.answer_bytes))?;
    let mut rounds = Rounds::default();
    for at in 1..=plan.rounds {
        let hyper = round(stage, &echo, &echo_url, &load.options, (0.2, seconds / 2.0))?;
        let own = round(stage, server, url, &load.options, (0.5, seconds))?;
        eprintln!(
            "       Bench   round {at}/{}: {:.1} µs, hyper {:.1} µs, generator {:.0} % and {:.0} %, bids {:.0} %",
            plan.rounds,
            own.cpu_us,
            hyper.cpu_us,
            own.generator * 100.0,
            hyper.generator * 100.0,
            own.bids * 100.0
        );
        rounds.own.push(own);
        rounds.hyper.push(hyper);
    }
    Ok(rounds)
}

/// A mean of bytes as a length.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a length of a few kilobytes"
)]
pub(super) fn bytes(mean: f64) -> u64 {
    mean.max(0.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report(failed: u64) -> Value {
        json!({
            "requests": 1_000 + failed, "bids": 600, "no_bids": 200, "shed": 200, "refused": 0, "failed": failed,
            "answer_bytes": 800_000, "request_bytes": 2_000_000, "wall_us": 1_000_000,
            "cpu": {"7": {"us": 100_000}, "8": {"us": 5_000}}, "generator_us": 20_000, "machine_us": 325_000,
        })
    }

    #[test]
    fn a_round_is_read_per_request() {
        let round = Round::read(&report(0), 7, 8).unwrap();
        let found = [
            round.cpu_us,
            round.redis_us,
            round.rate,
            round.bids,
            round.shed,
            round.answer_bytes,
            round.generator,
            round.foreign,
        ];
        assert_eq!(found, [125.0, 6.25, 1_000.0, 0.75, 0.2, 1_000.0, 0.02, 0.1]);
        assert!(
            Round::read(&report(11), 7, 8).is_err(),
            "one in a hundred lost"
        );
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let round = |cpu_us| Round {
            cpu_us,
            ..Round::default()
        };
        let rounds = Rounds {
            own: vec![round(100.0), round(200.0)],
            hyper: vec![round(10.0), round(40.0)],
        };
        let ratio = rounds.ratio();
        assert_eq!((ratio.low, ratio.high), (0.1, 0.2));
        assert_eq!(rounds.refusal(), None);
    }
}
