//! Finding the servers, or bringing them here: cache, pinned packages, and for root apt.

use crate::apt;
use crate::error::EmbeddedError;
use crate::find::Search;
use crate::options::{Options, Progress};
use crate::program::{PostgresBinary, RedisBinary};
use crate::wheels::{self, Wheel};

/// The servers that will run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// Postgres.
    pub postgres: PostgresBinary,
    /// Redis or Valkey; it runs twice.
    pub redis: RedisBinary,
}

/// Finds or provides both.
pub(crate) fn binaries(
    options: &Options,
    search: &Search,
    cluster: Option<u32>,
) -> Result<Binaries, EmbeddedError> {
    let postgres = Wanted {
        program: "Postgres 15 to 18",
        wheel: &wheels::POSTGRES,
        debian: "postgresql",
        brew: "postgresql@17",
        pinned: search.postgres_is_pinned(),
    };
    let redis = Wanted {
        program: "Redis 7 or Valkey",
        wheel: &wheels::REDIS,
        debian: "redis-server",
        brew: "redis",
        pinned: search.redis_is_pinned(),
    };
    let found = Binaries {
        postgres: postgres.or_provided(options, search, || search.postgres(cluster))?,
        redis: redis.or_provided(options, search, || search.redis())?,
    };
    (options.progress)(&Progress::Found {
        what: format!("Postgres {}", found.postgres.version),
        path: found.postgres.bin_dir.clone(),
        origin: found.postgres.origin,
    });
    (options.progress)(&Progress::Found {
        what: found.redis.version.clone(),
        path: found.redis.server.clone(),
        origin: found.redis.origin,
    });
    Ok(found)
}

struct Wanted<'a> {
    program: &'static str,
    wheel: &'a Wheel,
    debian: &'static str,
    brew: &'static str,
    pinned: bool,
}

impl Wanted<'_> {
    fn or_provided<T>(
        &self,
        options: &Options,
        search: &Search,
        find: impl Fn() -> Result<Option<T>, EmbeddedError>,
    ) -> Result<T, EmbeddedError> {
        if let Some(found) = find()? {
            return Ok(found);
        }
        let mut tried = Vec::new();
        (options.progress)(&Progress::Downloading {
            package: self.wheel.requirement,
        });
        match self.wheel.fetch(&search.cache) {
            Ok(()) => match find()? {
                Some(found) => return Ok(found),
                None => tried.push("the fetched package does not run on this system".to_owned()),
            },
            Err(why) => tried.push(why),
        }
        if options.allow_apt && apt::possible() && !self.pinned {
            (options.progress)(&Progress::Installing {
                packages: self.debian.to_owned(),
            });
            match apt::install(&[self.debian]) {
                Ok(()) => {
                    if let Some(found) = find()? {
                        return Ok(found);
                    }
                    tried.push("apt-get installed a version that does not serve".to_owned());
                }
                Err(why) => tried.push(why),
            }
        }
        let remedy = if cfg!(target_os = "macos") {
            format!("run: brew install {}", self.brew)
        } else {
            format!(
                "run: sudo apt-get install --no-install-recommends {} (or your system's like of it)",
                self.debian
            )
        };
        Err(EmbeddedError::Missing {
            program: self.program,
            tried: tried.join("; "),
            remedy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_provided_ends_with_the_command_to_run() {
        // A directory where a file stands cannot be made, so the fetch fails without asking anybody.
        let file = std::env::temp_dir().join(format!("gavel-nocache-{}", std::process::id()));
        std::fs::write(&file, "").unwrap();
        let nowhere = Search {
            postgres_override: None,
            redis_override: None,
            path: vec![],
            postgres_root: file.join("none"),
            cache: file.join("cache"),
        };
        let options = Options::new("unused");
        let refused = binaries(&options, &nowhere, None).unwrap_err().to_string();
        std::fs::remove_file(&file).unwrap();
        assert!(
            refused.starts_with("no Postgres 15 to 18 was found here ("),
            "{refused}"
        );
        let command = if cfg!(target_os = "macos") {
            "brew install"
        } else {
            "sudo apt-get install"
        };
        assert!(refused.contains(command), "{refused}");
        assert!(!refused.contains('\n'), "one sentence: {refused}");
    }
}
