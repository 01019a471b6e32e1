//! `gavel replay auction ID`: a recorded auction planned and settled again, and compared bit for bit.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use exchange_server::records::{self, Again, Judgement};
use serde_json::{Value, json};

use super::{RecordArgs, auction_id, same_or_not, short, verdict};
use crate::settings;

pub(super) fn run(args: &RecordArgs, config: Option<&Path>) -> Result<ExitCode> {
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

fn find(args: &RecordArgs, config: Option<&Path>) -> Result<Again> {
    let id = auction_id(&args.id)?;
    let folder = match &args.data {
        Some(told) => records::folder(told)?,
        None => usual_folder(config)?,
    };
    Ok(records::again(&folder, id)?)
}

/// The data directory of the configured exchange, else that of `gavel up`.
fn usual_folder(config: Option<&Path>) -> Result<PathBuf> {
    let file = settings::file(config);
    let defaults = exchange_server::Config::DEFAULTS;
    let exchange: exchange_server::Config =
        settings::load("exchange", defaults, file.as_deref(), &[])?;
    let of_up = embedded::default_data_dir();
    Ok(records::folder(&exchange.data_dir).or_else(|_| records::folder(&of_up))?)
}

fn as_json(again: &Again) -> Value {
    let seen = &again.recorded.seen;
    json!({
        "id": seen.auction,
        "same": again.differences.is_empty(),
        "at": seen.at.to_rfc3339(),
        "catalog_version": seen.catalog,
        "rates_version": seen.rates,
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
    let _ = writeln!(out, "auction {}: {verdict}", seen.auction);
    if let [first, more @ ..] = again.differences.as_slice() {
        let _ = writeln!(out, "  first difference at {}", first.pointer);
        let _ = writeln!(out, "    recorded  {}", short(&first.recorded));
        let _ = writeln!(out, "    again     {}", short(&first.again));
        if !more.is_empty() {
            let _ = writeln!(out, "  and {} more differences", more.len());
        }
    }
    let (at, catalog, rates) = (seen.at.to_rfc3339(), seen.catalog, seen.rates);
    let _ = writeln!(out, "  settled   {at} by catalog {catalog}, rates {rates}");
    let _ = writeln!(out, "  for       {}", seen.seller.sid);
    let (asked, not_asked) = (outcome.asked.len(), outcome.not_asked.len());
    let _ = writeln!(out, "  asked     {asked} DSPs, {not_asked} not");
    for reply in &outcome.replies {
        let _ = writeln!(out, "  {:<9} {}", reply.status, reply.dsp);
    }
    for bid in outcome.bids.iter().take(MOST_BIDS) {
        let _ = writeln!(out, "  imp {:<5} {}", bid.imp, fate(bid));
    }
    if outcome.bids.len() > MOST_BIDS {
        let _ = writeln!(out, "  and {} more bids", outcome.bids.len() - MOST_BIDS);
    }
    out
}

/// More are counted only.
const MOST_BIDS: usize = 32;

fn fate(bid: &Judgement) -> String {
    let (dsp, currency) = (&bid.dsp, bid.currency);
    let price = bid.price.map_or_else(
        || "no price".to_owned(),
        |price| format!("{price} {currency}"),
    );
    match (&bid.won, &bid.lost) {
        (Some(won), _) => format!("{dsp} bid {price}: won at {} {currency}", won.price),
        (None, Some(lost)) => format!("{dsp} bid {price}: lost, {} ({})", lost.reason, lost.code),
        (None, None) => format!("{dsp} bid {price}"),
    }
}
