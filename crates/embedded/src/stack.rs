//! The three servers as one thing: prepared, started, asked whether they are ready, ended.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::account::{self, Account};
use crate::error::EmbeddedError;
use crate::find::Search;
use crate::former::PATIENCE;
use crate::launch::{Running, Tie};
use crate::options::{Options, Part, Progress};
use crate::place::{self, Claim};
use crate::postgres::{self, Cluster};
use crate::probe::{self, Session};
use crate::provide::{self, Binaries};
use crate::redis::{self, Keyspace};
use crate::urls::Urls;

/// Replaying a long log after a crash may take minutes on a slow disk.
const READY_LIMIT: Duration = Duration::from_secs(180);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Everything that was prepared, and what of it runs.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) options: Options,
    pub(crate) binaries: Binaries,
    account: Account,
    tie: Tie,
    sockets: PathBuf,
    password: Option<String>,
    cluster: Cluster,
    state: Keyspace,
    events: Keyspace,
    running: [Option<Running>; 3],
    /// Last, so that the lock is given up after the servers have ended.
    claim: Claim,
}

impl Stack {
    /// Prepares the directories, ends what an earlier run left, starts all three and waits for their answers.
    pub(crate) fn begin(options: Options) -> Result<Self, EmbeddedError> {
        let claim = Claim::take(&options.data_dir)?;
        if options.fresh || options.ephemeral {
            settle_all(&claim, &options)?;
            claim.empty()?;
        }
        let (majors, owner) = claim.clusters();
        let account = account::choose(owner)?;
        place::check_reach(&claim.data, &account)?;
        let binaries = provide::binaries(&options, &Search::here(), majors.last().copied())?;
        settle_all(&claim, &options)?;
        let cluster = Cluster::prepare(&claim, &binaries.postgres, &account, &options)?;
        let keyspace = |part| Keyspace::prepare(part, &claim, &binaries.redis, &account);
        let (state, events) = (keyspace(Part::State)?, keyspace(Part::Events)?);
        let sockets = place::socket_dir(&claim.data, &account)?;
        let password = match options.tcp {
            None => None,
            Some(_) => Some(postgres::password(&claim.data)?),
        };
        let mut stack = Self {
            tie: Tie::best(),
            running: [None, None, None],
            options,
            binaries,
            account,
            sockets,
            password,
            cluster,
            state,
            events,
            claim,
        };
        stack.check_ports()?;
        (stack.options.progress)(&Progress::Starting);
        for part in Part::ALL {
            stack.start(part)?;
        }
        for part in Part::ALL {
            stack.until_ready(part)?;
        }
        Ok(stack)
    }

    /// Starts one server, without waiting for it.
    pub(crate) fn start(&mut self, part: Part) -> Result<(), EmbeddedError> {
        let launch = match part {
            Part::Postgres => {
                self.cluster.former().settle(&self.options)?;
                // A lock file beside the socket names the dead server, whose number may live on.
                place::sweep(&self.sockets, ".s.PGSQL.")?;
                self.cluster.launch(&self.sockets, &self.options)
            }
            Part::State | Part::Events => {
                let keyspace = self.keyspace(part);
                keyspace.former().settle(&self.options)?;
                keyspace.launch(&self.sockets, &self.options, self.password.as_deref())
            }
        };
        let (_, log) = self.claim.log(part)?;
        let running = launch.start(self.tie, &self.account, log)?;
        *self.slot(part) = Some(running);
        Ok(())
    }

    /// Waits until the server answers in its protocol.
    pub(crate) fn until_ready(&mut self, part: Part) -> Result<(), EmbeddedError> {
        let until = Instant::now() + READY_LIMIT;
        loop {
            let Err(fault) = self.probe(part) else {
                return Ok(());
            };
            let ended = self.slot(part).as_mut().and_then(Running::ended);
            if ended.is_some() || Instant::now() >= until {
                return Err(self.did_not_start(part, ended, &fault));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// How the server ended, if it has; it is then no longer held to be running.
    pub(crate) fn ended(&mut self, part: Part) -> Option<String> {
        let slot = self.slot(part);
        let ended = slot.as_mut().and_then(Running::ended)?;
        *slot = None;
        Some(ended)
    }

    /// Ends one server at once, as a crash would.
    pub(crate) fn kill(&mut self, part: Part) {
        if let Some(mut running) = self.slot(part).take() {
            running.kill();
            running.wait(PATIENCE);
        }
    }

    pub(crate) fn pid_file(&self, part: Part) -> PathBuf {
        match part {
            Part::Postgres => self.cluster.former().pid_file,
            Part::State | Part::Events => self.keyspace(part).former().pid_file,
        }
    }

    pub(crate) fn postgres_socket(&self) -> PathBuf {
        postgres::socket(&self.sockets, &self.options)
    }

    /// Addresses on the private sockets.
    pub(crate) fn urls(&self) -> Urls {
        Urls::on_sockets(
            &self.sockets,
            postgres::port(&self.options),
            self.password.as_deref(),
        )
    }

    /// Addresses on loopback TCP, where that was asked for.
    pub(crate) fn tcp_urls(&self) -> Option<Urls> {
        let (tcp, password) = self.options.tcp.zip(self.password.as_deref())?;
        Some(Urls::on_tcp(tcp, password))
    }

    fn probe(&self, part: Part) -> io::Result<()> {
        match part {
            Part::Postgres => {
                let socket = self.postgres_socket();
                postgres::furnish(&mut Session::open(&socket)?, self.password.as_deref())
            }
            Part::State | Part::Events => probe::ping(
                &redis::socket(&self.sockets, part),
                self.password.as_deref(),
            ),
        }
    }

    fn did_not_start(&self, part: Part, ended: Option<String>, fault: &io::Error) -> EmbeddedError {
        let log = self
            .claim
            .data
            .join("logs")
            .join(format!("{}.log", part.stem()));
        let text = fs::read(&log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let last = text.lines().rev().find(|line| {
            ["FATAL", "PANIC", "rror", "denied", "failed"]
                .iter()
                .any(|word| line.contains(word))
        });
        let why = match (ended, last) {
            (Some(ended), Some(last)) => format!("{ended}, saying: {}", last.trim()),
            (Some(ended), None) => ended,
            (None, _) => format!("no answer in {} s ({fault})", READY_LIMIT.as_secs()),
        };
        EmbeddedError::DidNotStart { part, why, log }
    }

    fn check_ports(&self) -> Result<(), EmbeddedError> {
        let Some(tcp) = self.options.tcp else {
            return Ok(());
        };
        for part in Part::ALL {
            let port = tcp.of(part);
            TcpListener::bind(("127.0.0.1", port))
                .map_err(|_| EmbeddedError::PortInUse { port, part })?;
        }
        Ok(())
    }

    fn keyspace(&self, part: Part) -> &Keyspace {
        match part {
            Part::Events => &self.events,
            Part::State | Part::Postgres => &self.state,
        }
    }

    fn slot(&mut self, part: Part) -> &mut Option<Running> {
        let [postgres, state, events] = &mut self.running;
        match part {
            Part::Postgres => postgres,
            Part::State => state,
            Part::Events => events,
        }
    }
}

/// Servers end in good order, together; then each is made to.
impl Drop for Stack {
    fn drop(&mut self) {
        let mut running: Vec<(Part, Running)> = Part::ALL
            .into_iter()
            .filter_map(|part| self.slot(part).take().map(|running| (part, running)))
            .collect();
        for (_, server) in &mut running {
            server.ask_to_end();
        }
        let until = Instant::now() + PATIENCE;
        for (part, server) in &mut running {
            if server.wait(until.saturating_duration_since(Instant::now())) {
                continue;
            }
            if *part == Part::Postgres {
                server.send(rustix::process::Signal::QUIT);
                if server.wait(PATIENCE) {
                    continue;
                }
            }
            server.kill();
            server.wait(PATIENCE);
        }
        // Nobody needs it any more; one that stays is emptied by the next start.
        let _ = fs::remove_dir_all(&self.sockets);
        if self.options.ephemeral {
            let _ = self.claim.empty();
        }
    }
}

/// Ends servers of an earlier run that are still there, whatever version they are.
fn settle_all(claim: &Claim, options: &Options) -> Result<(), EmbeddedError> {
    let (majors, _) = claim.clusters();
    for major in majors {
        postgres::former(&claim.data.join(format!("pg-{major}"))).settle(options)?;
    }
    for part in [Part::State, Part::Events] {
        redis::former(part, &claim.data.join(part.stem())).settle(options)?;
    }
    Ok(())
}
