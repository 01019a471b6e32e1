//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::explain::ExplainArgs;
use crate::replay::ReplayArgs;
use crate::validate::ValidateArgs;

/// A real-time-bidding market: exchange, SSP side, bidder, control plane and DMP.
#[derive(Debug, Parser)]
#[command(name = "gavel", version, about, long_about = None)]
pub struct Cli {
    /// What to run; without it, the whole market (`gavel up`).
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Configuration file (default: gavel.toml in the current directory, if it is there).
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The five services in one process, with Postgres and Redis of their own and a demo market.
    #[command(after_help = "Example: gavel up --demo-traffic 50 --fresh")]
    Up(UpArgs),
    /// The exchange alone: RTB side on 8004, SSP side on 8003.
    #[command(after_help = "Example: EVENTS_REDIS_URL=redis://127.0.0.1:6379/ gavel exchange")]
    Exchange,
    /// The bidder alone, on 8002.
    #[command(after_help = "Example: REDIS_URL=redis://127.0.0.1:6379/ gavel bidder")]
    Bidder,
    /// The control plane alone, on 8001.
    #[command(
        after_help = "Example: DATABASE_URL=postgres://gavel@127.0.0.1/gavel gavel control-plane --migrate"
    )]
    ControlPlane(ControlPlaneArgs),
    /// The DMP alone, on 8005.
    #[command(after_help = "Example: REDIS_URL=redis://127.0.0.1:6379/ gavel dmp")]
    Dmp,
    /// Sends OpenRTB traffic at a fixed rate and reports latencies from scheduled times.
    #[command(after_help = "Example: gavel loadtest --rate 500 --duration 30 --target exchange")]
    Loadtest(Box<loadtest::Args>),
    /// Tells everything that is wrong with OpenRTB requests and responses.
    #[command(
        after_help = "Example: gavel validate request.json\nExit status: 0 clean or warnings, 1 errors, 2 not readable"
    )]
    Validate(ValidateArgs),
    /// Tells why each line item of the bidder would or would not bid on a request.
    #[command(
        after_help = "Example: gavel explain request.json --line-item li_7\nExit status: 0 something would bid, 1 nothing would, 2 no explanation"
    )]
    Explain(ExplainArgs),
    /// Makes a recorded decision again and compares it bit for bit.
    #[command(after_help = "Example: gavel replay decision 0198d2f0-7e9a-7c3e-9d5b-3f1f0a4b2c6d")]
    Replay(ReplayArgs),
    /// Asks a service's health; exit 0 when it answers 200. For container health checks.
    #[command(after_help = "Example: gavel health http://127.0.0.1:8001/readyz")]
    Health {
        /// What to ask.
        url: String,
    },
}

/// Options of `gavel up`.
#[derive(Debug, Clone, Default, Args)]
pub struct UpArgs {
    /// Ad requests a second that the built-in generator sends; 0 for none.
    #[arg(long, value_name = "RPS", default_value_t = 0)]
    pub demo_traffic: u32,
    /// Where the market keeps its data.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Empties the data directory first.
    #[arg(long)]
    pub fresh: bool,
    /// First of the ports: 18001 gives 18001 to 18005, 18012 and 18013.
    #[arg(long, value_name = "PORT", default_value_t = 8001)]
    pub port_base: u16,
    /// Host that the URLs we hand out are built on, such as http://localhost.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Asks for tokens even from this machine.
    #[arg(long)]
    pub auth: bool,
    /// Share of auctions of which every step is logged.
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u8).range(..=100))]
    pub trace_sample: u8,
    /// Where logs go instead of <data>/logs/gavel.jsonl.
    #[arg(long, value_name = "stderr")]
    pub log: Option<LogTo>,
}

/// Where logs go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogTo {
    /// Standard error, JSON.
    Stderr,
}

/// Options of `gavel control-plane`.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct ControlPlaneArgs {
    /// Brings the database up to date first.
    #[arg(long)]
    pub migrate: bool,
}
