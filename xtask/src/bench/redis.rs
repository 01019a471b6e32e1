//! What Redis itself says of its commands.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use anyhow::{Context as _, Result};

use super::stage::Stage;

/// Calls and microseconds of each command since the server's start.
#[derive(Debug, Default)]
pub(super) struct Commands(BTreeMap<String, (f64, f64)>);

impl Commands {
    /// Asks the Redis of user state.
    pub(super) fn of(stage: &Stage) -> Result<Self> {
        let urls = stage.stores.urls();
        let url = &urls.state_redis;
        let path = url.strip_prefix("redis+unix://");
        let mut stream = UnixStream::connect(path.context("Redis listens on no socket")?)?;
        stream.write_all(b"INFO commandstats\r\n")?;
        let mut reader = BufReader::new(stream);
        let mut length = String::new();
        reader.read_line(&mut length)?;
        let length: usize = length.trim().trim_start_matches('$').parse()?;
        let mut text = vec![0; length];
        reader.read_exact(&mut text)?;
        Ok(Self::read(&String::from_utf8_lossy(&text)))
    }

    fn read(text: &str) -> Self {
        let stats = text.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(':')?;
            let field = |key: &str| {
                let told = rest.split(',').find_map(|it| it.strip_prefix(key))?;
                told.parse::<f64>().ok()
            };
            Some((name.to_owned(), (field("calls=")?, field("usec=")?)))
        });
        Self(stats.collect())
    }

    /// Microseconds a call of those that took the most time together.
    pub(super) fn since(&self, before: &Self) -> String {
        let mut spent: Vec<(f64, String)> = self
            .0
            .iter()
            .map(|(name, (calls, micros))| {
                let (calls_before, before) = before.0.get(name).copied().unwrap_or_default();
                let (calls, micros) = (calls - calls_before, micros - before);
                (micros, format!("{name} {:.1} µs", micros / calls.max(1.0)))
            })
            .collect();
        spent.sort_by(|one, other| other.0.total_cmp(&one.0));
        let told: Vec<String> = spent.into_iter().take(3).map(|it| it.1).collect();
        told.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_by_their_share() {
        let before = Commands::read("cmdstat_hgetall:calls=10,usec=20,usec_per_call=2.00\r\n");
        let after = Commands::read(
            "# Commandstats\r\ncmdstat_hgetall:calls=30,usec=80,usec_per_call=2.6\r\ncmdstat_evalsha:calls=5,usec=50,usec_per_call=10\r\n",
        );
        assert_eq!(after.since(&before), "hgetall 3.0 µs, evalsha 10.0 µs");
    }
}
