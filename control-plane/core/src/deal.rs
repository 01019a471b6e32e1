//! Deals of the sell side (OpenRTB §3.2.12).

use contracts::catalog::{Deal, Status};
use serde::Serialize;
use units::{CpmMicros, Currency, PlacementId};
use utoipa::ToSchema;

use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;
use crate::web;

/// A deal as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DealDocument<'a> {
    /// Its id on the wire.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Lowest CPM, or the agreed one when `at` is 3.
    #[serde(with = "units::json::cpm_opt", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub floor: Option<CpmMicros>,
    /// Currency of the floor.
    pub currency: &'a str,
    /// Auction type: 1, 2 or 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<i32>,
    /// Whether the bidder must bid.
    pub guaranteed: bool,
    /// Seats that may use it; empty for all.
    pub wseat: &'a [String],
    /// Advertiser domains that may use it; empty for all.
    pub wadomain: &'a [String],
    /// Placements that offer it; empty for all.
    #[schema(value_type = Vec<String>)]
    pub placements: &'a [PlacementId],
    /// First instant it is offered; absent: at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-06-01T00:00:00Z")]
    pub starts_at: Option<String>,
    /// First instant it is no longer offered; absent: no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
    /// Only active ones are offered.
    #[schema(value_type = String)]
    pub status: Status,
}

/// The API's view of a deal.
#[must_use]
pub fn document(deal: &Deal) -> DealDocument<'_> {
    DealDocument {
        id: deal.id.as_str(),
        name: &deal.name,
        floor: deal.floor,
        currency: deal.currency.as_str(),
        at: deal.at,
        guaranteed: deal.guaranteed,
        wseat: &deal.wseat,
        wadomain: &deal.wadomain,
        placements: &deal.placements,
        starts_at: deal.starts_at.map(|at| at.to_rfc3339()),
        ends_at: deal.ends_at.map(|at| at.to_rfc3339()),
        status: deal.status,
    }
}

/// Most seats, and most domains, of a deal: every request of its placements tells them all.
pub const MOST_BUYERS: usize = 100;

/// The placements that a body names, as far as they can be read.
#[must_use]
pub fn named_placements(form: &Form) -> Vec<String> {
    form.peek("placements").unwrap_or_default()
}

/// Reads a deal; `placements` are those of [`named_placements`] that are known.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(
    mut form: Form,
    placements: &[PlacementId],
    edge: &mut Edge<'_>,
) -> Result<Deal, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("deal"));
    let floor = form.price("floor");
    let at: Option<i32> = form.take("at");
    if at.is_some_and(|at| !(1..=3).contains(&at)) {
        form.refuse("at", "must be 1, 2 or 3");
    }
    if at == Some(3) && floor.is_none_or(|floor| floor == CpmMicros::ZERO) {
        let says = "is required when at is 3, and above 0: it is the agreed price";
        form.refuse("floor", says);
    }
    let named: Vec<PlacementId> = form.take("placements").unwrap_or_default();
    for (index, placement) in named.iter().enumerate() {
        if !placements.contains(placement) {
            form.refuse_entry("placements", index, "is not a known placement");
        }
    }
    let wseat: Vec<String> = form.take("wseat").unwrap_or_default();
    let wadomain = web::domains(&mut form, "wadomain").unwrap_or_default();
    for (key, buyers) in [("wseat", &wseat), ("wadomain", &wadomain)] {
        if buyers.len() > MOST_BUYERS {
            form.refuse(key, format!("must have at most {MOST_BUYERS} entries"));
        }
    }
    let starts_at = form.instant("starts_at");
    let ends_at = form.instant("ends_at");
    if let Some((start, end)) = starts_at.zip(ends_at)
        && end <= start
    {
        form.refuse("ends_at", "must be after starts_at");
    }
    let deal = Deal {
        name: form.text("name").unwrap_or_else(|| id.clone()),
        id: id.into(),
        floor,
        currency: form.take::<Currency>("currency").unwrap_or_default(),
        at,
        guaranteed: form.take("guaranteed").unwrap_or(false),
        wseat,
        wadomain,
        placements: named,
        starts_at,
        ends_at,
        status: form.take("status").unwrap_or_default(),
    };
    form.finish(Some(deal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::UnixMillis;

    /// What is read of a body where `top` is the one known placement; else where the faults are.
    fn given(form: Form) -> Result<Deal, Vec<String>> {
        let mut uuid = || uuid::Uuid::nil();
        let mut edge = Edge {
            now: UnixMillis(0),
            uuid: &mut uuid,
        };
        let pointers = |faults: Faults| faults.0.into_iter().map(|it| it.pointer).collect();
        read(form, &["top".into()], &mut edge).map_err(pointers)
    }

    fn body(members: &str) -> Form {
        Form::read(format!("{{{members}}}").as_bytes()).unwrap()
    }

    #[test]
    fn what_a_deal_may_say() {
        let entries = |count: usize, entry: &str| vec![format!("\"{entry}\""); count].join(",");
        let seats = |count| format!(r#""wseat":[{}]"#, entries(count, "s"));
        let domains = |count| format!(r#""wadomain":[{}]"#, entries(count, "a.example"));
        let during = |start: &str, end: &str| {
            format!(
                r#""starts_at":"2026-06-{start}T00:00:00Z","ends_at":"2026-06-{end}T00:00:00Z""#
            )
        };
        #[rustfmt::skip]
        let cases: [(&str, String, &[&str]); 28] = [
            ("nothing", String::new(), &[]),
            ("first price", r#""at":1"#.into(), &[]),
            ("C-113 an agreed price", r#""at":3,"floor":2.5"#.into(), &[]),
            ("C-113 an agreed price that is not told", r#""at":3"#.into(), &["/floor"]),
            ("X-71 nor is nothing a price", r#""at":3,"floor":0"#.into(), &["/floor"]),
            ("X-74 a floor of nothing is one", r#""at":2,"floor":0"#.into(), &[]),
            ("C-113 none below first price", r#""at":0"#.into(), &["/at"]),
            ("C-113 an exchange's own", r#""at":501"#.into(), &["/at"]),
            ("a word", r#""at":"first""#.into(), &["/at"]),
            ("a floor below zero", r#""floor":-1"#.into(), &["/floor"]),
            ("a floor that is no number", r#""floor":"x""#.into(), &["/floor"]),
            ("no currency", r#""currency":"GOLD""#.into(), &["/currency"]),
            ("a known placement", r#""placements":["top"]"#.into(), &[]),
            ("one that is not known", r#""placements":["top","feed"]"#.into(), &["/placements/1"]),
            ("R37 as many seats as are told", seats(100), &[]),
            ("R37 one more", seats(101), &["/wseat"]),
            ("R37 as many domains as are told", domains(100), &[]),
            ("R37 one more", domains(101), &["/wadomain"]),
            ("C-29 no domain", r#""wadomain":["a.example","a b"]"#.into(), &["/wadomain/1"]),
            ("guaranteed", r#""guaranteed":true"#.into(), &[]),
            ("a guarantee that is no flag", r#""guaranteed":"yes""#.into(), &["/guaranteed"]),
            ("a day", during("01", "02"), &[]),
            ("no time at all", during("01", "01"), &["/ends_at"]),
            ("an end before the beginning", during("02", "01"), &["/ends_at"]),
            ("no instant", r#""starts_at":"soon""#.into(), &["/starts_at"]),
            ("no status", r#""status":"sleeping""#.into(), &["/status"]),
            ("what is not known", r#""wseats":[]"#.into(), &["/wseats"]),
            ("all faults at once", r#""at":9,"placements":["feed"],"floor":-1"#.into(), &["/at", "/floor", "/placements/0"]),
        ];
        for (says, members, expect) in cases {
            let mut found = given(body(&members)).err().unwrap_or_default();
            found.sort();
            assert_eq!(found, expect, "{says}");
        }
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let before = given(body(
            r#""id":"d","name":"n","floor":2,"currency":"EUR","at":3,"guaranteed":true,"wseat":["s"],
               "wadomain":["a.example"],"placements":["top"],"starts_at":"2026-06-01T00:00:00Z",
               "ends_at":"2026-06-02T00:00:00Z","status":"paused""#,
        ))
        .unwrap();
        let same = given(body("").over(&document(&before))).unwrap();
        assert_eq!(same, before);
        let without_price = given(body(r#""floor":null"#).over(&document(&before)));
        assert_eq!(without_price.unwrap_err(), ["/floor"], "C-113");
        let endless = given(body(r#""ends_at":null"#).over(&document(&before))).unwrap();
        assert_eq!(
            (endless.starts_at, endless.ends_at),
            (before.starts_at, None)
        );
    }
}
