//! Subcommands of `gavel loadtest` that `cargo xtask bench` is made of.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use clap::{Args as ClapArgs, Subcommand};
use http::{HeaderMap, HeaderValue, Method, header};
use service::client::{Client, ClientConfig, OutRequest, Target as HttpTarget};
use service::{Shutdown, runtime};
use tokio::task::JoinSet;

use crate::command::{Dsps, Target};
use crate::notices;
use crate::saturate::{self, Bids, Gets, Plan, Source};
use crate::seeded::requests::{Mix, Prepared, prepare};
use crate::seeded::{catalog, users::Users};
use crate::worst;

/// Requests that are written before a run and then sent again and again with numbers of their own.
pub(crate) const PREPARED: u64 = 16_384;
/// Profiles on their way to the DMP at once.
const IN_FLIGHT: usize = 16;

/// What a benchmark is made of.
#[derive(Debug, Clone, Subcommand)]
pub enum Bench {
    /// Writes a seeded catalog as rows for Postgres' COPY: kind, tab, document.
    Catalog {
        /// Line items.
        #[arg(long)]
        line_items: u64,
        /// Of a thousand line items, so many have frequency caps.
        #[arg(long, default_value_t = 250)]
        capped_per_mille: u64,
        /// Where everything is drawn from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The file.
        #[arg(long)]
        out: PathBuf,
    },
    /// Tells the DMP of seeded users with 5 to 200 segments each.
    Users {
        /// How many.
        #[arg(long)]
        count: u64,
        /// Where everything is drawn from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Base URL of the DMP.
        #[arg(long, default_value = "http://127.0.0.1:8005")]
        target: Target,
    },
    /// Keeps a server busy with seeded bid requests in a closed loop; tells counts and times on a CPU as JSON.
    Saturate {
        /// What and how.
        #[command(flatten)]
        load: Load,
        /// Seconds before anything is counted.
        #[arg(long, default_value_t = 1.0)]
        warm_up: f64,
        /// Seconds that are counted.
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
        /// Sends GETs of so many bytes without a body instead, as notices are.
        #[arg(long)]
        get_bytes: Option<usize>,
    },
    /// Asks a bidder for bids, then calls the burl of each once; counts the calls only.
    Notices {
        /// What and how.
        #[command(flatten)]
        load: Load,
        /// Burls to call.
        #[arg(long, default_value_t = 10_000)]
        count: usize,
    },
    /// Sends bodies that are as much work as their size allows; tells the time on a CPU of each as JSON.
    Worst {
        /// What and how.
        #[command(flatten)]
        load: Load,
        /// How often each.
        #[arg(long, default_value_t = 20)]
        times: u32,
    },
}

/// Where load goes, and who is watched meanwhile.
#[derive(Debug, Clone, ClapArgs)]
pub struct Load {
    /// A URL on this machine.
    #[arg(long)]
    pub target: Target,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 16)]
    pub connections: usize,
    /// Processes whose time on a CPU is told.
    #[arg(long)]
    pub watch: Vec<u32>,
    /// Users that come back; at least one.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub users: u64,
    /// The floor of every imp in cents, instead of a drawn one.
    #[arg(long)]
    pub floor_cents: Option<u64>,
    /// Per mille of requests without a user.
    #[arg(long, default_value_t = 150)]
    pub anonymous_per_mille: u64,
    /// Seed of the requests.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Number of the first request; requests of the same number are the same opportunity.
    #[arg(long, default_value_t = 1)]
    pub first: u64,
    /// DSPs beside the load.
    #[command(flatten)]
    pub dsps: Dsps,
}

impl Load {
    fn prepared(&self) -> Vec<Prepared> {
        let mix = Mix {
            users: self.users,
            anonymous_per_mille: self.anonymous_per_mille,
            floor_cents: self.floor_cents,
            seed: self.seed,
            ..Mix::default()
        };
        prepare(mix, PREPARED)
    }

    fn bids(&self) -> Bids {
        Bids::new(self.prepared(), self.target.0.path(), self.first)
    }

    fn address(&self) -> Result<SocketAddr> {
        let url = &self.target.0;
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(80);
        let found = (host, port).to_socket_addrs()?.next();
        found.with_context(|| format!("{url} has no address"))
    }

    fn plan(&self, warm_up: f64, seconds: f64) -> Plan {
        Plan {
            connections: self.connections,
            warm_up: Duration::try_from_secs_f64(warm_up).unwrap_or_default(),
            length: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
            watch: self.watch.clone(),
        }
    }
}

impl Bench {
    /// Runs one, printing JSON where it has something to tell.
    ///
    /// # Errors
    /// When nothing can be sent or written.
    pub(crate) fn run(&self, shutdown: &Shutdown) -> Result<()> {
        match self {
            Self::Catalog {
                line_items,
                capped_per_mille,
                seed,
                out,
            } => {
                let plan = catalog::Plan {
                    line_items: *line_items,
                    capped_per_mille: *capped_per_mille,
                    seed: *seed,
                };
                let file = File::create(out).with_context(|| out.display().to_string())?;
                let mut file = BufWriter::new(file);
                catalog::write(plan, &mut file)?;
                Ok(file.flush()?)
            }
            Self::Users {
                count,
                seed,
                target,
            } => runtime::current_thread("users")?.block_on(tell_users(
                *count,
                &Users::new(*seed),
                target,
            )),
            Self::Saturate {
                load,
                warm_up,
                seconds,
                get_bytes,
            } => {
                let source: Rc<RefCell<dyn Source>> = match get_bytes {
                    None => Rc::new(RefCell::new(load.bids())),
                    Some(bytes) => Rc::new(RefCell::new(Gets::new(*bytes))),
                };
                let plan = load.plan(*warm_up, *seconds);
                let (address, dsps) = (load.address()?, load.dsps.open()?);
                let run = saturate::saturate(address, &plan, source, dsps, shutdown)?;
                println!("{}", run.to_json());
                Ok(())
            }
            Self::Notices { load, count } => {
                let plan = load.plan(0.0, 60.0);
                let run = notices::run(load.address()?, load.bids(), *count, &plan, shutdown)?;
                println!("{}", run.to_json());
                Ok(())
            }
            Self::Worst { load, times } => {
                let pid = load.watch.first().context("--watch names nobody")?;
                let path = load.target.0.path();
                println!("{}", worst::run(load.address()?, path, *pid, *times)?);
                Ok(())
            }
        }
    }
}

async fn tell_users(count: u64, users: &Users, dmp: &Target) -> Result<()> {
    let client = Client::new(ClientConfig {
        connects_per_second: 2_000,
        ..ClientConfig::local()
    });
    let mut calls: JoinSet<Result<()>> = JoinSet::new();
    for number in 0..count {
        let (id, body) = users.profile(number);
        let target = HttpTarget::of_url(&dmp.0.join(&format!("/user/{id}/profile"))?)?;
        if calls.len() >= IN_FLIGHT
            && let Some(done) = calls.join_next().await
        {
            done??;
        }
        calls.spawn_local(put(client.clone(), target, body.to_string()));
    }
    while let Some(done) = calls.join_next().await {
        done??;
    }
    Ok(())
}

async fn put(client: Client, target: HttpTarget, body: String) -> Result<()> {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let request = OutRequest {
        method: Method::PUT,
        target: &target,
        headers,
        body: Bytes::from(body),
    };
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    let answer = client.send(request, deadline).await?;
    if answer.status.is_success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&answer.body);
    bail!("the DMP answered {}: {said}", answer.status)
}
