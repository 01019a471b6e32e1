//! `gavel replay decision ID`: a recorded decision made again, and compared bit for bit.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use bidder_server::records::{self, Again, Difference};
use serde_json::{Value, json};
use units::AuctionId;

use super::Subject;
use crate::settings;

impl Subject for Again {
    const NAME: &'static str = "decision";

    fn configured(file: Option<&Path>) -> Result<PathBuf> {
        let bidder: bidder_server::Config =
            settings::load("bidder", bidder_server::DEFAULTS, file, &[])?;
        Ok(bidder.data_dir)
    }

    fn folder(dir: &Path) -> Result<PathBuf> {
        Ok(records::folder(dir)?)
    }

    fn again(data_dir: &Path, id: AuctionId) -> Result<Self> {
        Ok(records::again(data_dir, id)?)
    }

    fn id(&self) -> AuctionId {
        self.recorded.seen.auction
    }

    fn differences(&self) -> &[Difference] {
        &self.differences
    }

    fn document(&self) -> Value {
        let recorded = &self.recorded;
        let seen = &recorded.seen;
        json!({
            "id": seen.auction,
            "decided_at": seen.at.now.to_rfc3339(),
            "catalog_version": seen.catalog,
            "seed": seen.seed,
            "digest": recorded.digest,
            "outcome": recorded.outcome,
        })
    }

    fn story(&self, out: &mut String) {
        let (seen, outcome) = (&self.recorded.seen, &self.recorded.outcome);
        let at = seen.at.now.to_rfc3339();
        // Writing to a String cannot fail.
        if let Some(why) = &seen.turned_away {
            let detail = why.detail.as_deref();
            let detail = detail.map_or_else(String::new, |it| format!(": {it}"));
            let _ = writeln!(out, "  refused   {at} unread, {}{detail}", why.reason);
            let _ = writeln!(out, "  for       {}", seen.source.name);
            return;
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
        let currency = outcome.currency;
        let currency = currency.map_or_else(String::new, |it| it.to_string());
        for imp in &outcome.imps {
            for choice in &imp.choices {
                let _ = writeln!(
                    out,
                    "  imp {:<5} {} with {} at {} {currency}",
                    imp.imp, choice.line_item, choice.creative, choice.price,
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
    }
}
