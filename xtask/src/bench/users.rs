//! Whether the users of the requests were there, and where the bidder found them.

use anyhow::Result;

use super::figures::Verdict;
use super::process::metric;
use super::stage::BIDDER;
use super::table::Row;

/// Users of requests by where the bidder found their profiles.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Users {
    memory: f64,
    redis: f64,
    /// Not there, or not read.
    missing: f64,
}

/// Below this share of the users a bidder that finds none is fast, and says nothing.
const FEWEST: f64 = 0.95;

impl Users {
    /// Those since the bidder's start.
    fn so_far() -> Result<Self> {
        let count = |found: &str| {
            let name = format!("gavel_bid_users_total{{found=\"{found}\"}}");
            metric(BIDDER, &name)
        };
        Ok(Self {
            memory: count("memory")?,
            redis: count("redis")?,
            missing: count("unknown")? + count("unread")?,
        })
    }

    /// Those of what is done in between.
    pub(super) fn of<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Self)> {
        let before = Self::so_far()?;
        let done = work()?;
        let after = Self::so_far()?;
        let users = Self {
            memory: after.memory - before.memory,
            redis: after.redis - before.redis,
            missing: after.missing - before.missing,
        };
        Ok((done, users))
    }

    fn share(&self, part: f64) -> f64 {
        part / (self.memory + self.redis + self.missing).max(1.0)
    }

    /// Nothing is concluded unless nearly all were found.
    pub(super) fn refusal(&self) -> Option<String> {
        let missing = self.share(self.missing);
        let found = self.share(self.memory + self.redis);
        (found < FEWEST).then(|| format!("{:.0} % of the users were not read", missing * 100.0))
    }

    /// The same, unless nearly all were found in Redis.
    pub(super) fn not_cold(&self) -> Option<String> {
        let cold = self.share(self.redis);
        (cold < FEWEST).then(|| format!("only {:.0} % of the users came from Redis", cold * 100.0))
    }

    /// The same, unless nearly all were found in the process.
    pub(super) fn not_warm(&self) -> Option<String> {
        let warm = self.share(self.memory);
        (warm < FEWEST).then(|| format!("only {:.0} % of the users were known", warm * 100.0))
    }

    /// The row with where its users came from, and without a conclusion if they were not there.
    pub(super) fn beside(&self, row: Row) -> Row {
        let from = |part| self.share(part) * 100.0;
        let shown = format!(
            "{}; users: {:.0} % of memory, {:.0} % of Redis",
            row.measured,
            from(self.memory),
            from(self.redis)
        );
        Row {
            measured: shown,
            verdict: open(row.verdict, self.refusal()),
            ..row
        }
    }
}

/// Open where there is a reason.
pub(super) fn open(verdict: Verdict, why: Option<String>) -> Verdict {
    match why {
        Some(why) => verdict.and(Verdict::Open(why)),
        None => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_that_were_not_there_conclude_nothing() {
        let users = |memory, redis, missing| Users {
            memory,
            redis,
            missing,
        };
        // Found at all, all in Redis, all in the process.
        let cases = [
            (users(98.0, 1.0, 1.0), [true, false, true]),
            (users(1.0, 98.0, 1.0), [true, true, false]),
            (users(50.0, 50.0, 0.0), [true, false, false]),
            (users(50.0, 40.0, 10.0), [false, false, false]),
            (Users::default(), [false, false, false]),
        ];
        for (users, expect) in cases {
            let found = [users.refusal(), users.not_cold(), users.not_warm()];
            assert_eq!(found.map(|it| it.is_none()), expect, "{users:?}");
            let row = Row {
                id: "P1",
                what: String::new(),
                must: "",
                measured: String::new(),
                verdict: Verdict::Met,
            };
            let met = users.beside(row).verdict == Verdict::Met;
            assert_eq!(met, expect[0], "{users:?}");
        }
    }
}
