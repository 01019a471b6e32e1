//! `gavel replay decision ID`: a recorded decision made again, and compared bit for bit. An auction likewise.

mod auction;

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use bidder_server::records::{self, Again, Difference};
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

/// Decides again; exit 0 for the same, 1 for a difference, 2 when there is nothing to decide from.
///
/// # Errors
/// When the standard output is closed.
pub fn run(args: &ReplayArgs, config: Option<&Path>) -> Result<ExitCode> {
    let args = match &args.what {
        Replayed::Decision(args) => args,
        Replayed::Auction(args) => return auction::run(args, config),
    };
    let again = match find(args, config) {
        Ok(again) => again,
        Err(error) => {
            eprintln!("gavel: {error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    same_or_not(
        again.differences.is_empty(),
        args.json.then(|| as_json(&again)),
        |paint| as_text(&again, paint),
    )
}

/// Prints a comparison; exit 0 for the same, 1 for a difference.
fn same_or_not(
    is_same: bool,
    document: Option<Value>,
    text: impl FnOnce(bool) -> String,
) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    let paint = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let text = match document {
        Some(document) => format!("{document}\n"),
        None => text(paint),
    };
    out.write_all(text.as_bytes())
        .context("writing the comparison")?;
    Ok(if is_same {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
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

fn auction_id(text: &str) -> Result<AuctionId> {
    let Some(id) = AuctionId::parse(text) else {
        bail!(
            "{text} is no auction id: it is in the answer's header x-gavel-auction-id, 32 digits with or without hyphens"
        );
    };
    Ok(id)
}

fn find(args: &RecordArgs, config: Option<&Path>) -> Result<Again> {
    let id = auction_id(&args.id)?;
    let folder = match &args.data {
        Some(told) => records::folder(told)?,
        None => usual_folder(config)?,
    };
    Ok(records::again(&folder, id)?)
}

/// The data directory of the configured bidder, else that of `gavel up`.
fn usual_folder(config: Option<&Path>) -> Result<PathBuf> {
    let file = settings::file(config);
    let bidder: bidder_server::Config =
        settings::load("bidder", bidder_server::DEFAULTS, file.as_deref(), &[])?;
    let of_up = embedded::default_data_dir();
    Ok(records::folder(&bidder.data_dir).or_else(|_| records::folder(&of_up))?)
}

fn as_json(again: &Again) -> Value {
    let seen = &again.recorded.seen;
    json!({
        "id": seen.auction,
        "same": again.differences.is_empty(),
        "decided_at": seen.at.now.to_rfc3339(),
        "catalog_version": seen.catalog,
        "seed": seen.seed,
        "digest": again.recorded.digest,
        "differences": again.differences,
        "outcome": again.recorded.outcome,
    })
}

fn as_text(again: &Again, paint: bool) -> String {
    let (seen, outcome) = (&again.recorded.seen, &again.recorded.outcome);
    let mut out = String::new();
    let verdict = verdict(again.differences.is_empty(), paint);
    // Writing to a String cannot fail.
    let _ = writeln!(out, "decision {}: {verdict}", seen.auction);
    if let [first, more @ ..] = again.differences.as_slice() {
        difference(first, &mut out);
        if !more.is_empty() {
            let _ = writeln!(out, "  and {} more differences", more.len());
        }
    }
    let at = seen.at.now.to_rfc3339();
    if let Some(why) = &seen.turned_away {
        let detail = why.detail.as_deref();
        let detail = detail.map_or_else(String::new, |it| format!(": {it}"));
        let _ = writeln!(out, "  refused   {at} unread, {}{detail}", why.reason);
        let _ = writeln!(out, "  for       {}", seen.source.name);
        return out;
    }
    let _ = writeln!(out, "  decided   {at} by catalog {}", seen.catalog);
    let _ = writeln!(out, "  for       {}", seen.source.name);
    for list in seen.lists.iter().filter(|it| !it.holds.is_empty()) {
        let (id, version, holds) = (&list.id, list.version, list.holds.join(", "));
        let _ = writeln!(out, "  list      {id} (version {version}) holds {holds}");
    }
    let reserved = seen.funds.iter().filter(|it| it.lease().is_some()).count();
    let asked = seen.funds.len();
    let _ = writeln!(
        out,
        "  money     asked for {asked} times, {reserved} reservations"
    );
    for imp in &outcome.imps {
        for choice in &imp.choices {
            let _ = writeln!(
                out,
                "  imp {:<5} {} with {} at {} {}",
                imp.imp,
                choice.line_item,
                choice.creative,
                choice.price,
                outcome
                    .currency
                    .map_or_else(String::new, |it| it.to_string())
            );
        }
    }
    if let Some(reason) = &outcome.no_bid {
        let _ = writeln!(out, "  no bid    {reason}");
    }
    for refused in outcome.refusals.iter().take(8) {
        let _ = writeln!(out, "  refused   {}: {}", refused.line_item, refused.rule);
    }
    if outcome.refused > 8 {
        let _ = writeln!(out, "  and {} more refused", outcome.refused - 8);
    }
    out
}

fn difference(first: &Difference, out: &mut String) {
    let _ = writeln!(out, "  first difference at {}", first.pointer);
    let _ = writeln!(out, "    recorded  {}", short(&first.recorded));
    let _ = writeln!(out, "    again     {}", short(&first.again));
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
