//! `gavel replay auction ID`: a recorded auction planned and settled again, and compared bit for bit.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use exchange_server::records::{self, Again, Difference, Judgement, Won};
use serde_json::{Value, json};
use units::AuctionId;

use super::Subject;
use crate::settings;

/// More are counted only.
const MOST_BIDS: usize = 32;

impl Subject for Again {
    const NAME: &'static str = "auction";

    fn configured(file: Option<&Path>) -> Result<PathBuf> {
        let defaults = exchange_server::Config::DEFAULTS;
        let exchange: exchange_server::Config = settings::load("exchange", defaults, file, &[])?;
        Ok(exchange.data_dir)
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
            "at": seen.at.to_rfc3339(),
            "catalog_version": seen.catalog,
            "rates_version": seen.rates,
            "digest": recorded.digest,
            "outcome": recorded.outcome,
        })
    }

    fn story(&self, out: &mut String) {
        let (seen, outcome) = (&self.recorded.seen, &self.recorded.outcome);
        let (at, catalog, rates) = (seen.at.to_rfc3339(), seen.catalog, seen.rates);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  settled   {at} by catalog {catalog}, rates {rates}");
        let _ = writeln!(out, "  for       {}", seen.seller.sid);
        let (asked, not_asked) = (outcome.asked.len(), outcome.not_asked.len());
        let _ = writeln!(out, "  asked     {asked} DSPs, {not_asked} not");
        for reply in &outcome.replies {
            let _ = writeln!(out, "  {:<9} {}", reply.status, reply.dsp);
        }
        for pod in &outcome.pods {
            let (ads, steps) = (pod.ads.len(), pod.steps);
            let best = if pod.exact { "the best" } else { "a good" };
            let _ = writeln!(
                out,
                "  pod       {ads} ads, {best} set, found in {steps} steps"
            );
        }
        for bid in outcome.bids.iter().take(MOST_BIDS) {
            let _ = writeln!(out, "  imp {:<5} {}", bid.imp, fate(bid));
        }
        if outcome.bids.len() > MOST_BIDS {
            let _ = writeln!(out, "  and {} more bids", outcome.bids.len() - MOST_BIDS);
        }
    }
}

fn fate(bid: &Judgement<'_>) -> String {
    let (dsp, currency) = (&bid.dsp, bid.currency);
    let price = bid.price.map_or_else(
        || "no price".to_owned(),
        |price| format!("{price} {currency}"),
    );
    match (&bid.won, &bid.lost) {
        (Some(won), _) => {
            let (at, terms) = (won.price, terms(won));
            format!("{dsp} bid {price}: won at {at} {currency}{terms}")
        }
        (None, Some(lost)) => format!("{dsp} bid {price}: lost, {} ({})", lost.reason, lost.code),
        (None, None) => format!("{dsp} bid {price}"),
    }
}

/// What else is to be told of a bid that won.
fn terms(won: &Won<'_>) -> String {
    if let Some(reason) = &won.forfeit {
        return format!(
            ", and is forfeit: its win notice brought no markup that may be shown ({reason})"
        );
    }
    let discount = won.discount.map_or_else(String::new, |amount| {
        format!(", the seller took off {amount}")
    });
    let slot = won
        .slot
        .map_or_else(String::new, |slot| format!(", place {slot} of its break"));
    let fee = won.payout.map_or_else(String::new, |paid| {
        let (fee, gross, currency) = (paid.fee, paid.gross, paid.currency);
        format!(", fee {fee} of {gross} {currency}")
    });
    format!("{discount}{slot}{fee}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_bid_is_told_in_a_line() {
        let bid = |ends: &str| {
            let text = format!(
                r#"{{"dsp":"alpha","id":"b","imp":"1","price":2000000,"currency":"USD",{ends}}}"#
            );
            fate(&serde_json::from_str(&text).unwrap())
        };
        let won = |more: &str| {
            bid(&format!(
                r#""won":{{"clearing":2000000,"price":1500000,"answer_price":1500000,"minimum_to_win":500000,"tier":"open"{more}}}"#
            ))
        };
        let paid = r#","discount":500000,"slot":2,"payout":{"gross":1500000,"fee":150000,"currency":"USD"}"#;
        // says, what it comes to, what is told
        #[rustfmt::skip]
        let rows = [
            ("as a record without terms says it", won(""), "alpha bid 2 USD: won at 1.5 USD"),
            ("X-78, C-101, C-150", won(paid),
                "alpha bid 2 USD: won at 1.5 USD, the seller took off 0.5, place 2 of its break, fee 0.00015 of 0.0015 USD"),
            ("X-93", won(r#","slot":2,"forfeit":"creative_blocked""#),
                "alpha bid 2 USD: won at 1.5 USD, and is forfeit: its win notice brought no markup that may be shown (creative_blocked)"),
            ("a loss", bid(r#""lost":{"code":102,"reason":"outbid"}"#), "alpha bid 2 USD: lost, outbid (102)"),
        ];
        for (says, told, want) in rows {
            assert_eq!(told, want, "{says}");
        }
    }
}
