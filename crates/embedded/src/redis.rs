//! The two Redis servers: user state, which may forget a second, and events, which may not.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::EmbeddedError;
use crate::former::Former;
use crate::launch::{Farewell, Launch};
use crate::options::{Durability, Options, Part};
use crate::place::{Claim, private_dir};
use crate::program::RedisBinary;

/// One Redis: its directory and its program.
#[derive(Debug)]
pub(crate) struct Keyspace {
    pub(crate) part: Part,
    pub(crate) dir: PathBuf,
    server: PathBuf,
}

impl Keyspace {
    /// Makes the directory of its append-only file.
    pub(crate) fn prepare(
        part: Part,
        claim: &Claim,
        binary: &RedisBinary,
        account: &Account,
    ) -> Result<Self, EmbeddedError> {
        let dir = claim.data.join(part.stem());
        private_dir(&dir, account)?;
        Ok(Self {
            part,
            dir,
            server: binary.server.clone(),
        })
    }

    pub(crate) fn former(&self) -> Former<'_> {
        former(self.part, &self.dir)
    }

    pub(crate) fn launch(
        &self,
        sockets: &Path,
        options: &Options,
        password: Option<&str>,
    ) -> Launch {
        let fsync = match (self.part, options.durability) {
            (Part::Events, Durability::Durable) => "always",
            (Part::State | Part::Postgres, Durability::Durable) => "everysec",
            (_, Durability::Tests) => "no",
        };
        // One logical database per test; a served stack uses the first alone.
        let databases = match options.durability {
            Durability::Durable => "16",
            Durability::Tests => "4096",
        };
        let port = options.tcp.map_or(0, |tcp| tcp.of(self.part)).to_string();
        let mut arguments: Vec<OsString> = Vec::new();
        for (name, value) in [
            ("--port", port.as_str()),
            ("--bind", "127.0.0.1"),
            ("--unixsocketperm", "700"),
            ("--dir", "."),
            ("--pidfile", "redis.pid"),
            ("--daemonize", "no"),
            ("--appendonly", "yes"),
            ("--appendfsync", fsync),
            ("--save", ""),
            ("--maxmemory-policy", "noeviction"),
            ("--databases", databases),
        ] {
            arguments.extend([name.into(), value.into()]);
        }
        arguments.extend(["--unixsocket".into(), socket(sockets, self.part).into()]);
        if let Some(password) = password {
            arguments.extend(["--requirepass".into(), password.into()]);
        }
        Launch {
            program: self.server.clone(),
            arguments,
            dir: self.dir.clone(),
            farewell: Farewell::Terminate,
        }
    }
}

/// The server that may have been left running in `dir`.
pub(crate) fn former(part: Part, dir: &Path) -> Former<'_> {
    Former {
        part,
        pid_file: dir.join("redis.pid"),
        dir,
        names: &["redis-server", "valkey-server"],
        farewell: Farewell::Terminate,
    }
}

pub(crate) fn socket(sockets: &Path, part: Part) -> PathBuf {
    sockets.join(format!("{}.sock", part.stem()))
}
