//! A whole campaign in one body, the short form being enough.

use contracts::catalog::{Advertiser, Creative, LineItem};
use units::{CreativeId, Currency, RateTable};

use super::{Campaign, take_advertiser};
use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;
use crate::line_item::{Terms, choosing};
use crate::{advertiser as advertisers, creative};

/// Creatives one campaign may bring along.
const MAX_CREATIVES: usize = 100;

/// What a `POST /campaigns` makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The campaign.
    pub campaign: Campaign,
    /// Its one line item.
    pub line_item: LineItem,
    /// Creatives that the body brought.
    pub creatives: Vec<Creative>,
}

/// Ids of existing creatives that a body names: entries of `creatives` with an `id` and nothing else.
#[must_use]
pub fn named_creatives(form: &Form) -> Vec<CreativeId> {
    let entries: Vec<serde_json::Value> = form.peek("creatives").unwrap_or_default();
    let named = entries.iter().filter_map(|entry| {
        let only = entry.as_object().filter(|object| object.len() == 1)?;
        only.get("id")?.as_str().map(CreativeId::from)
    });
    named.collect()
}

/// Reads a campaign. `advertiser` is the one that the body names, if it is known; `existing` are those
/// of [`named_creatives`] that exist.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(
    mut form: Form,
    advertiser: Option<&Advertiser>,
    existing: &[Creative],
    rates: &RateTable,
    edge: &mut Edge<'_>,
) -> Result<Made, Faults> {
    take_advertiser(&mut form, advertiser);
    let id = form.id("id").unwrap_or_else(|| edge.id("cmp"));
    let name = form.required_text("name");
    form.require("budget");
    let budget = form.money("budget");
    let daily_budget = form.money("daily_budget");
    let currency = currency(&mut form, advertiser, rates);
    let zone = advertisers::time_zone(&mut form);
    let time_zone = zone.or_else(|| advertiser.map(|advertiser| advertiser.time_zone.clone()));
    let status = form.take("status").unwrap_or_default();
    let terms = Terms::take(&mut form, daily_budget, edge.now);
    let (ids, creatives) = take_creatives(&mut form, advertiser, existing, edge);
    let shown: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let choosing = choosing::take(&mut form, &shown);
    let made = advertiser
        .zip(name)
        .zip(budget)
        .map(|((advertiser, name), budget)| {
            let campaign = Campaign {
                id: id.into(),
                name,
                advertiser: advertiser.id.clone(),
                status,
                currency,
                time_zone: time_zone.unwrap_or_default(),
                budget,
                daily_budget,
                terms,
                choosing,
            };
            let own = edge.id("li").into();
            // The line item itself is always active: the campaign's status decides for it.
            let active = contracts::catalog::Status::Active;
            let mut line_item = campaign
                .terms
                .line_item(own, campaign.id.clone(), active, ids);
            line_item.choosing = campaign.choosing.clone();
            Made {
                line_item,
                campaign,
                creatives,
            }
        });
    form.finish(made)
}

fn currency(form: &mut Form, advertiser: Option<&Advertiser>, rates: &RateTable) -> Currency {
    let given: Option<Currency> = form.take("currency");
    if given.is_some_and(|given| rates.per_usd(given).is_none()) {
        form.refuse("currency", "has no exchange rate");
    }
    let theirs = advertiser.map(|advertiser| advertiser.currency);
    given.or(theirs).unwrap_or_default()
}

/// Takes `creative` and `creatives`: ids of all of them in order, and those that are new.
pub(super) fn take_creatives(
    form: &mut Form,
    advertiser: Option<&Advertiser>,
    existing: &[Creative],
    edge: &mut Edge<'_>,
) -> (Vec<CreativeId>, Vec<Creative>) {
    let mut ids = Vec::new();
    let mut made: Vec<Creative> = Vec::new();
    let one = form.object("creative", |form| {
        Some(creative::take(form, advertiser, edge))
    });
    made.extend(one);
    ids.extend(made.iter().map(|creative| creative.id.clone()));
    let listed = form.list("creatives", |form| {
        let known = form
            .peek::<CreativeId>("id")
            .filter(|_| form.keys().count() == 1);
        if let Some(id) = known {
            let mine = existing.iter().find(|creative| {
                creative.id == id && advertiser.is_some_and(|a| a.id == creative.advertiser)
            });
            form.take::<CreativeId>("id");
            if mine.is_none() {
                form.refuse("id", "is not a creative of this advertiser");
            }
            return Some((id, None));
        }
        let creative = creative::take(form, advertiser, edge);
        Some((creative.id.clone(), Some(creative)))
    });
    for (id, creative) in listed.unwrap_or_default() {
        if ids.contains(&id) {
            form.refuse("creatives", format!("names {id} twice"));
        }
        ids.push(id);
        made.extend(creative);
    }
    if ids.len() > MAX_CREATIVES {
        form.refuse("creatives", format!("must be at most {MAX_CREATIVES}"));
    }
    (ids, made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::catalog::{CreativeFormat, Pacing, Status};
    use units::{CpmMicros, Nanos, UnixMillis};

    const NOW: UnixMillis = UnixMillis(1_767_225_600_000);

    pub(crate) fn advertiser() -> Advertiser {
        Advertiser {
            id: "advertiser_001".into(),
            name: "A".into(),
            domain: "advertiser-001.example".into(),
            currency: Currency::USD,
            time_zone: "Europe/Berlin".into(),
            seat: "seat-gavel".into(),
        }
    }

    fn read_text(body: &str) -> Result<Made, Faults> {
        let mut count = 0_u128;
        let mut uuid = || {
            count += 1;
            uuid::Uuid::from_u128(count)
        };
        let mut edge = Edge {
            now: NOW,
            uuid: &mut uuid,
        };
        let form = Form::read(body.as_bytes())?;
        let known = advertiser();
        let named = form.peek::<String>("advertiser_id");
        let known = Some(&known).filter(|known| named.as_deref() == Some(known.id.as_str()));
        read(form, known, &[], &RateTable::default(), &mut edge)
    }

    #[test]
    fn the_short_form_gets_every_default() {
        // interfaces.md, POST /campaigns
        let made = read_text(
            r#"{"name": "春季促销活动", "advertiser_id": "advertiser_001", "budget": 10000.0,
                "targeting": {"age_range": {"min_age": 18, "max_age": 35}, "interests": ["technology", "shopping"]},
                "creative": {"title": "春季大促销", "description": "全场商品8折优惠"}}"#,
        )
        .unwrap();
        let campaign = &made.campaign;
        assert!(campaign.id.as_str().starts_with("cmp_"));
        assert_eq!(campaign.status, Status::Active);
        assert_eq!(
            (campaign.currency, campaign.time_zone.as_str()),
            (Currency::USD, "Europe/Berlin")
        );
        assert_eq!(
            (campaign.budget, campaign.daily_budget),
            (Nanos(10_000_000_000_000), None)
        );
        let terms = &campaign.terms;
        assert_eq!(
            (terms.starts_at, terms.ends_at, terms.pacing),
            (NOW, None, Pacing::Asap)
        );
        let cpm = CpmMicros::parse("2").unwrap();
        assert_eq!(terms.bid.bid, contracts::catalog::BidRule::Cpm { cpm });
        assert_eq!(terms.bid.max_cpm, CpmMicros::parse("10").unwrap());
        assert!(terms.frequency_caps.is_empty());
        let creative = &made.creatives[0];
        assert_eq!(creative.format, CreativeFormat::Responsive);
        assert_eq!(creative.landing_page, "https://advertiser-001.example/");
        assert_eq!(creative.adomain, ["advertiser-001.example"]);
        assert!(creative.id.as_str().starts_with("crt_"));
        let item = &made.line_item;
        assert!(item.id.as_str().starts_with("li_"));
        assert_eq!((&item.campaign, item.epoch), (&campaign.id, 1));
        assert_eq!(item.creatives, std::slice::from_ref(&creative.id));
        assert_eq!(item.targeting.interests.include, ["technology", "shopping"]);
    }

    #[test]
    fn faults_and_their_places() {
        let with = |keys: &str| {
            format!(r#"{{"name":"n","advertiser_id":"advertiser_001","budget":1,{keys}}}"#)
        };
        let cases: Vec<(&str, String, &[&str])> = vec![
            (
                "unknown advertiser",
                r#"{"name":"n","advertiser_id":"nobody","budget":1}"#.into(),
                &["/advertiser_id"],
            ),
            (
                "negative budget",
                with(r#""daily_budget":-0.01"#),
                &["/daily_budget"],
            ),
            (
                "all at once",
                r#"{"budget":-1}"#.into(),
                &["/advertiser_id", "/name", "/budget"],
            ),
            (
                "R44 end before start",
                with(r#""starts_at":"2026-02-01T00:00:00Z","ends_at":"2026-01-01T00:00:00Z""#),
                &["/ends_at"],
            ),
            (
                "no time",
                with(r#""starts_at":"tomorrow""#),
                &["/starts_at"],
            ),
            (
                "even without an end",
                with(r#""pacing":"even""#),
                &["/pacing"],
            ),
            (
                "currency without rate",
                with(r#""currency":"EUR""#),
                &["/currency"],
            ),
            (
                "R44 creative without size",
                with(r#""creatives":[{"markup":"<b/>"}]"#),
                &["/creatives/0/width", "/creatives/0/height"],
            ),
            (
                "creative of nobody",
                with(r#""creatives":[{"id":"crt_9"}]"#),
                &["/creatives/0/id"],
            ),
            ("unknown key", with(r#""colour":"red""#), &["/colour"]),
            (
                "more than can be held",
                with(r#""daily_budget":1e30"#),
                &["/daily_budget"],
            ),
        ];
        for (id, body, want) in cases {
            let faults = read_text(&body).expect_err(id).0;
            let at: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
            assert_eq!(at, want, "{id}");
        }
    }

    #[test]
    fn an_end_makes_pacing_even() {
        let body = r#"{"name":"n","advertiser_id":"advertiser_001","budget":1,"ends_at":"2027-01-01T00:00:00+01:00"}"#;
        let made = read_text(body).unwrap();
        assert_eq!(made.line_item.pacing, Pacing::Even);
        assert_eq!(
            made.line_item
                .ends_at
                .map(UnixMillis::to_rfc3339)
                .as_deref(),
            Some("2026-12-31T23:00:00.000Z")
        );
    }

    #[test]
    fn named_creatives_are_entries_with_an_id_alone() {
        let form =
            Form::read(br#"{"creatives":[{"id":"crt_1"},{"id":"crt_2","title":"t"},7]}"#).unwrap();
        assert_eq!(named_creatives(&form), [CreativeId::from("crt_1")]);
    }
}
