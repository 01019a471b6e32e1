//! `gavel replay decision ID`: a recorded decision made again, and compared bit for bit. An auction likewise.

mod auction;
mod decision;

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use bidder_server::records::Difference;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use units::AuctionId;

use crate::settings;

/// Options of `gavel replay`.
#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    /// What to decide again.
    #[command(subcommand)]
    pub what: Replayed,
}

/// What can be decided again.
#[derive(Debug, Clone, Subcommand)]
pub enum Replayed {
    /// A decision of the bidder, by its auction id.
    #[command(
        after_help = "Example: gavel replay decision 0198d2f0-7e9a-7c3e-9d5b-3f1f0a4b2c6d\nExit status: 0 the same, bit for bit; 1 not the same; 2 no such record"
    )]
    Decision(RecordArgs),
    /// An auction of the exchange, by its id.
    #[command(
        after_help = "Example: gavel replay auction 0198d2f0-7e9a-7c3e-9d5b-3f1f0a4b2c6d\nExit status: 0 the same, bit for bit; 1 not the same; 2 no such record"
    )]
    Auction(RecordArgs),
}

/// Options of `gavel replay decision` and `gavel replay auction`.
#[derive(Debug, Clone, Args)]
pub struct RecordArgs {
    /// The id of the auction: the answer's x-gavel-auction-id and bidid.
    pub id: String,
    /// Data directory of the bidder or the exchange, or of `gavel up`.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// One JSON object in place of words.
    #[arg(long)]
    pub json: bool,
}

/// What is made again from its record.
trait Subject: Sized {
    /// In one word.
    const NAME: &'static str;

    /// The data directory of the configured service.
    fn configured(file: Option<&Path>) -> Result<PathBuf>;

    /// The data directory in `dir` that has records.
    fn folder(dir: &Path) -> Result<PathBuf>;

    /// Finds the record, makes it again, and compares.
    fn again(data_dir: &Path, id: AuctionId) -> Result<Self>;

    /// Its id.
    fn id(&self) -> AuctionId;

    /// Where both differ.
    fn differences(&self) -> &[Difference];

    /// What `--json` has beside them.
    fn document(&self) -> Value;

    /// What it was, in lines of words.
    fn story(&self, out: &mut String);
}

/// Makes again; exit 0 for the same, 1 for a difference, 2 when there is nothing to make it from.
///
/// # Errors
/// When the standard output is closed.
pub fn run(args: &ReplayArgs, config: Option<&Path>) -> Result<ExitCode> {
    match &args.what {
        Replayed::Decision(args) => replay::<bidder_server::records::Again>(args, config),
        Replayed::Auction(args) => replay::<exchange_server::records::Again>(args, config),
    }
}

fn replay<S: Subject>(args: &RecordArgs, config: Option<&Path>) -> Result<ExitCode> {
    let again = match find::<S>(args, config) {
        Ok(again) => again,
        Err(error) => {
            eprintln!("gavel: {error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    let mut out = io::stdout().lock();
    let text = if args.json {
        format!("{}\n", as_json(&again))
    } else {
        let paint = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        as_text(&again, paint)
    };
    out.write_all(text.as_bytes())
        .context("writing the comparison")?;
    Ok(if again.differences().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn find<S: Subject>(args: &RecordArgs, config: Option<&Path>) -> Result<S> {
    let Some(id) = AuctionId::parse(&args.id) else {
        bail!(
            "{} is no auction id: it is in the answer's header x-gavel-auction-id, 32 digits with or without hyphens",
            args.id
        );
    };
    let folder = match &args.data {
        Some(told) => S::folder(told)?,
        None => usual_folder::<S>(config)?,
    };
    S::again(&folder, id)
}

/// The data directory of the configured service, else that of `gavel up`.
fn usual_folder<S: Subject>(config: Option<&Path>) -> Result<PathBuf> {
    let configured = S::configured(settings::file(config).as_deref())?;
    S::folder(&configured).or_else(|_| S::folder(&embedded::default_data_dir()))
}

fn as_json<S: Subject>(again: &S) -> Value {
    let mut document = again.document();
    document["same"] = json!(again.differences().is_empty());
    document["differences"] = json!(again.differences());
    document
}

fn as_text<S: Subject>(again: &S, paint: bool) -> String {
    let mut out = String::new();
    let verdict = verdict(again.differences().is_empty(), paint);
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{} {}: {verdict}", S::NAME, again.id());
    if let [first, more @ ..] = again.differences() {
        let _ = writeln!(out, "  first difference at {}", first.pointer);
        let _ = writeln!(out, "    recorded  {}", short(&first.recorded));
        let _ = writeln!(out, "    again     {}", short(&first.again));
        if !more.is_empty() {
            let _ = writeln!(out, "  and {} more differences", more.len());
        }
    }
    again.story(&mut out);
    out
}

fn verdict(is_same: bool, paint: bool) -> String {
    let (good, bad, off) = if paint {
        ("\x1b[32m", "\x1b[31m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    if is_same {
        format!("{good}the same, bit for bit{off}")
    } else {
        format!("{bad}not the same{off}")
    }
}

fn short(value: &Value) -> String {
    const MOST: usize = 120;
    let text = value.to_string();
    if text.chars().count() <= MOST {
        return text;
    }
    let cut: String = text.chars().take(MOST).collect();
    format!("{cut}…")
}
