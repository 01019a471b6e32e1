//! What the machine itself adds to a latency: bare hyper in an open loop, in turn with the candidate.

use anyhow::Result;

use super::figures::Range;
use super::latency::{Open, open_loop};
use super::measure::{bytes, round};
use super::plan::Plan;
use super::process::Process;
use super::stage::Stage;

/// Bare hyper, less busy than its candidate and asked nothing of by it.
pub(super) struct Yardstick {
    echo: Process,
    url: String,
    rounds: Vec<Open>,
}

/// Share of its capacity that it is asked for: half of it, as of a candidate, is more than the generator can send on time.
const SHARE: f64 = 0.25;

impl Yardstick {
    /// One that answers with so many bytes.
    pub(super) fn start(stage: &Stage, answer_bytes: f64) -> Result<Self> {
        let (echo, url) = stage.echo(bytes(answer_bytes))?;
        Ok(Self {
            echo,
            url,
            rounds: Vec::new(),
        })
    }

    /// One more round.
    pub(super) fn measure(&mut self, stage: &mut Stage, plan: &Plan) -> Result<()> {
        let busy = round(stage, &self.echo, &self.url, &[], (0.2, 0.5))?;
        let load = (1e6 / busy.cpu_us, SHARE);
        let open = open_loop(stage, plan, &self.url, load, &[])?;
        self.rounds.push(open);
        Ok(())
    }

    fn p99(&self) -> Range {
        Range::of(self.rounds.iter().map(|it| it.p99).collect())
    }

    fn p99_9(&self) -> Range {
        Range::of(self.rounds.iter().map(|it| it.p99_9).collect())
    }

    /// Its latencies, as part of a row.
    pub(super) fn shown(&self) -> String {
        format!(
            "bare hyper beside it, at a quarter of its own capacity: p99 {} ms, p99.9 {} ms",
            self.p99().shown(2),
            self.p99_9().shown(2)
        )
    }

    /// Why a miss of these limits of p99 and p99.9, in ms, says nothing, if so.
    pub(super) fn excuse(&self, p99: f64, p99_9: f64) -> Option<String> {
        excuse((&self.p99(), p99), (&self.p99_9(), p99_9))
    }
}

fn excuse((p99, most): (&Range, f64), (p99_9, most_9): (&Range, f64)) -> Option<String> {
    (p99.median > most || p99_9.median > most_9).then(|| {
        format!(
            "bare hyper at half the load took {:.1} and {:.1} ms itself",
            p99.median, p99_9.median
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_is_the_machines_when_bare_hyper_misses_too() {
        let range = |median: f64| Range::of(vec![median]);
        for (p99, p99_9, expect) in [
            (1.0, 9.0, None),
            (3.0, 10.0, None),
            (
                3.1,
                4.0,
                Some("bare hyper at half the load took 3.1 and 4.0 ms itself"),
            ),
            (
                1.0,
                10.5,
                Some("bare hyper at half the load took 1.0 and 10.5 ms itself"),
            ),
        ] {
            let found = excuse((&range(p99), 3.0), (&range(p99_9), 10.0));
            assert_eq!(found.as_deref(), expect, "{p99} {p99_9}");
        }
    }
}
