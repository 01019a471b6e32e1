//! `gavel loadtest`.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use service::Shutdown;
use url::Url;

use crate::bench::Bench;
use crate::driver::{self, Generator};
use crate::echo;
use crate::pace::Arrivals;
use crate::partners::{self, Behaviour, Examples, Market, PartnerStats, QuickDsps};
use crate::report::{Report, Threshold};
use crate::scenario::{Scenario, Seeded};
use crate::seeded::requests;

/// Options of `gavel loadtest`.
#[derive(Debug, Clone, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Something else than sending load.
    #[command(subcommand)]
    pub command: Option<Sub>,
    /// Requests a second.
    #[arg(long, default_value_t = 200)]
    pub rate: u32,
    /// Seconds.
    #[arg(long, default_value_t = 10)]
    pub duration: u64,
    /// What follows at once, as RATExSECONDS, and again; --json then tells of each by itself, and thresholds
    /// count for each.
    #[arg(long, value_name = "RATExSECONDS", value_delimiter = ',', value_parser = rate_and_time)]
    pub then: Vec<(u32, Duration)>,
    /// Whom to send to: exchange, bidder, or a URL; the key of an SSP's account goes into its query, ?key=KEY.
    #[arg(long, default_value = "exchange")]
    pub target: Target,
    /// How arrivals are spread.
    #[arg(long, value_enum, default_value_t)]
    pub arrivals: Arrivals,
    /// Seed of the traffic; the same seed sends the same requests.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Conditions that set the exit code, such as p99<100ms,err<0.1%.
    #[arg(long, default_value = "p99<100ms,err<0.1%", value_name = "LIST")]
    pub thresholds: String,
    /// Which requests: the demo market's, or those that fit the seeded catalog of the benchmarks.
    #[arg(long, value_enum, default_value_t)]
    pub traffic: Kind,
    /// A request that is due while so many are unanswered is dropped, and counted.
    #[arg(long, default_value_t = 1_000)]
    pub max_in_flight: usize,
    /// Number of the first seeded request; requests of the same number are the same opportunity.
    #[arg(long, default_value_t = 1)]
    pub first: u64,
    /// Prints the report as JSON.
    #[arg(long)]
    pub json: bool,
    /// Never sleeps: sends on time, and spares the server the waking of a sleeper. Takes a whole core.
    #[arg(long)]
    pub awake: bool,
    /// DSPs beside the load.
    #[command(flatten)]
    pub dsps: Dsps,
}

/// DSPs that are served by the generator's own thread, so that neither keeps the other from its core.
#[derive(Debug, Clone, ClapArgs)]
pub struct Dsps {
    /// Serves so many quick DSPs beside the load, on ports in a row.
    #[arg(long = "dsps", default_value_t = 0)]
    pub count: u16,
    /// Where the first of them listens.
    #[arg(long = "dsps-listen", default_value = "127.0.0.1:9100")]
    pub listen: String,
    /// They bid without notice URLs.
    #[arg(long = "dsps-without-notices")]
    pub without_notices: bool,
}

impl Dsps {
    /// Opens their ports.
    ///
    /// # Errors
    /// When one is taken.
    pub fn open(&self) -> Result<QuickDsps> {
        let market = Market {
            asks_for_notices: !self.without_notices,
            ..Market::broad("seat-quick", "quick.example")
        };
        QuickDsps::open(&self.listen, self.count, &market)
    }
}

/// The kinds of requests that can be chosen on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Kind {
    /// The demo market's.
    #[default]
    Demo,
    /// Those of `gavel loadtest catalog` and `users`.
    Seeded,
}

/// Subcommands of `gavel loadtest`.
#[derive(Debug, Clone, Subcommand)]
pub enum Sub {
    /// Runs a bare hyper server that reads a body and answers 840 bytes: the yardstick of benchmarks.
    #[command(after_help = "Example: gavel loadtest echo --listen 127.0.0.1:9200")]
    Echo {
        /// Where it listens.
        #[arg(long, default_value = "127.0.0.1:9200")]
        listen: String,
        /// Bytes of each answer.
        #[arg(long, default_value_t = 840)]
        answer: usize,
    },
    /// What a benchmark is made of.
    #[command(flatten)]
    Bench(Bench),
    /// Runs a scripted DSP until Ctrl-C.
    #[command(
        after_help = "Example: gavel loadtest partners --listen 127.0.0.1:9100 --behaviour examples --examples DIR"
    )]
    Partners {
        /// Where it listens.
        #[arg(long, default_value = "127.0.0.1:9100")]
        listen: String,
        /// How it answers.
        #[arg(long, value_enum, default_value_t = Script::Broad)]
        behaviour: Script,
        /// Directory of NAME.request.json and NAME.response.json, for `examples`.
        #[arg(long)]
        examples: Option<PathBuf>,
        /// Bids without notice URLs.
        #[arg(long)]
        without_notices: bool,
        /// So many DSPs on ports in a row, for `quick`.
        #[arg(long, default_value_t = 1)]
        count: u16,
    },
}

/// The scripts that can be chosen on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Script {
    /// Bids often and low.
    Broad,
    /// Bids seldom and high.
    Choosy,
    /// Answers recorded requests.
    Examples,
    /// Takes two seconds.
    Slow,
    /// Never answers.
    Dead,
    /// Answers with what is not JSON.
    Garbage,
    /// As broad, on as many ports as wanted and at little cost: for benchmarks.
    Quick,
    /// Does what its path says: quiet, late, drip, declared, bomb, bomb-unsized, dense, blocks, crumbs.
    Hostile,
}

/// Where load goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(pub Url);

impl std::str::FromStr for Target {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let url = match text {
            "exchange" => "http://127.0.0.1:8004/openrtb2/auction",
            "bidder" => "http://127.0.0.1:8002/bid",
            url => url,
        };
        let url =
            Url::parse(url).map_err(|error| format!("write exchange, bidder or a URL: {error}"))?;
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if local {
            Ok(Self(url))
        } else {
            Err("load goes to this machine only: 127.0.0.1, [::1] or localhost".into())
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub enum Outcome {
    /// Every threshold was kept.
    Kept,
    /// These were not.
    Broken(Vec<String>),
}

/// Runs the command until its end or until shut down, printing to standard output.
///
/// # Errors
/// When an option is wrong or nothing can be sent.
pub fn run(args: &Args, shutdown: &Shutdown) -> Result<Outcome> {
    if let Some(Sub::Echo { listen, answer }) = &args.command {
        echo::run(bind(listen)?, *answer, shutdown)?;
        return Ok(Outcome::Kept);
    }
    if let Some(Sub::Bench(bench)) = &args.command {
        bench.run(shutdown)?;
        return Ok(Outcome::Kept);
    }
    if let Some(Sub::Partners {
        listen,
        behaviour,
        examples,
        without_notices,
        count,
    }) = &args.command
    {
        match behaviour {
            Script::Quick => {
                let dsps = Dsps {
                    count: *count,
                    listen: listen.clone(),
                    without_notices: *without_notices,
                };
                partners::run_quick(dsps.open()?, shutdown)?;
                return Ok(Outcome::Kept);
            }
            Script::Hostile => {
                partners::run_hostile(bind(listen)?, shutdown)?;
                return Ok(Outcome::Kept);
            }
            Script::Broad
            | Script::Choosy
            | Script::Examples
            | Script::Slow
            | Script::Dead
            | Script::Garbage => {}
        }
        let mut behaviour = behaviour_of(*behaviour, examples.as_deref())?;
        if let Behaviour::Market(market) = &mut behaviour {
            market.asks_for_notices = !without_notices;
        }
        let listener = bind(listen)?;
        println!(
            "scripted DSP on http://{}: POST bid requests to any path, GET /stats",
            listener.local_addr()?
        );
        partners::run(
            "partner",
            listener,
            behaviour,
            Arc::new(PartnerStats::default()),
            shutdown.clone(),
        )?;
        return Ok(Outcome::Kept);
    }
    let thresholds = Threshold::parse_list(&args.thresholds).map_err(|error| anyhow!(error))?;
    let scenario = Scenario {
        rate: args.rate,
        duration: Duration::from_secs(args.duration),
        then: args.then.clone(),
        arrivals: args.arrivals,
        seed: args.seed,
        max_in_flight: args.max_in_flight.max(1),
        seeded: (args.traffic == Kind::Seeded).then_some(Seeded {
            mix: requests::Mix {
                seed: args.seed,
                ..requests::Mix::default()
            },
            first: args.first,
        }),
        ..Scenario::default()
    };
    let live = std::io::stderr().is_terminal() && !args.json;
    let target = service::client::Target::of_url(&args.target.0)?;
    let generator = Generator {
        awake: args.awake,
        dsps: args.dsps.open()?,
    };
    let reports = driver::drive_by(generator, &scenario, &target, shutdown, move |state| {
        if live {
            show(state);
        }
    })?;
    if live {
        eprint!("\r\x1b[K");
    }
    if !args.json {
        reports.iter().for_each(|it| print!("{}", it.to_table()));
    } else if let [report] = reports.as_slice() {
        println!("{}", report.to_json());
    } else {
        let all: Vec<_> = reports.iter().map(Report::to_json).collect();
        println!("{}", serde_json::Value::from(all));
    }
    let broken: Vec<String> = reports
        .iter()
        .flat_map(|report| thresholds.iter().filter_map(|t| t.broken_by(report)))
        .collect();
    Ok(if broken.is_empty() {
        Outcome::Kept
    } else {
        Outcome::Broken(broken)
    })
}

fn rate_and_time(text: &str) -> Result<(u32, Duration), String> {
    let read = text.split_once('x').and_then(|(rate, seconds)| {
        let seconds = Duration::from_secs(seconds.parse().ok()?);
        Some((rate.parse().ok()?, seconds))
    });
    read.ok_or_else(|| "write RATExSECONDS, such as 500x10".to_owned())
}

fn bind(listen: &str) -> Result<std::net::TcpListener> {
    std::net::TcpListener::bind(listen).with_context(|| format!("{listen} cannot be opened"))
}

fn show(state: &Report) {
    eprint!(
        "\r\x1b[K{:>4.0} s  {:.0}/s  bids {}  no-bids {}  errors {}  p50 {:.1} ms  p99 {:.1} ms",
        state.elapsed.as_secs_f64(),
        state.rate(),
        state.bids,
        state.no_bids,
        state.refused + state.failed + state.dropped,
        state.percentile_ms(50.0),
        state.percentile_ms(99.0)
    );
    // A terminal that is gone is no reason to stop.
    let _ = std::io::stderr().flush();
}

fn behaviour_of(script: Script, examples: Option<&std::path::Path>) -> Result<Behaviour> {
    Ok(match script {
        Script::Broad => Behaviour::Market(Market::broad("seat-broad", "broad.example")),
        Script::Choosy => Behaviour::Market(Market::choosy("seat-choosy", "choosy.example")),
        Script::Examples => {
            let dir = examples.context("--behaviour examples needs --examples DIR")?;
            Behaviour::Examples(Examples::load(dir)?)
        }
        Script::Slow => Behaviour::Slow(Duration::from_secs(2)),
        Script::Dead => Behaviour::Dead,
        Script::Garbage => Behaviour::Garbage,
        Script::Quick | Script::Hostile => bail!("they are served by themselves"),
    })
}
