//! What `PATCH /campaigns/{id}` may change.

use contracts::catalog::{Advertiser, Creative, LineItem};
use serde::Serialize;
use units::{CreativeId, Nanos};

use super::Campaign;
use super::read::take_creatives;
use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;
use crate::line_item::{self, LineItemDocument, Terms, choosing};
use crate::status;

/// An edited campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The campaign after the edit.
    pub campaign: Campaign,
    /// Its own line item after the edit, in a new epoch where older leases must stop.
    pub line_item: LineItem,
    /// Creatives that the body brought.
    pub creatives: Vec<Creative>,
}

/// The keys of a campaign that a patch is laid over.
#[derive(Serialize)]
struct Editable<'a> {
    name: &'a str,
    #[serde(with = "units::json::nanos")]
    budget: Nanos,
    #[serde(with = "units::json::nanos_opt")]
    daily_budget: Option<Nanos>,
    status: contracts::catalog::Status,
    starts_at: String,
    ends_at: Option<String>,
    pacing: contracts::catalog::Pacing,
    bid: line_item::BidDocument,
    modifiers: Vec<line_item::ModifierDocument>,
    clamp: Option<line_item::ClampDocument>,
    shading: contracts::catalog::Shading,
    targeting: contracts::catalog::Targeting,
    frequency_caps: Vec<line_item::CapDocument>,
    on_cap_unknown: contracts::catalog::OnCapUnknown,
    #[serde(flatten)]
    choosing: line_item::ChoosingDocument,
}

/// Lays a patch over a campaign and its own line item.
///
/// Id, advertiser, currency and time zone stay as they are: leases and days were granted in them.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn edit(
    form: Form,
    before: &Campaign,
    item: &LineItem,
    advertiser: &Advertiser,
    existing: &[Creative],
    edge: &mut Edge<'_>,
) -> Result<Edited, Faults> {
    let keeps_creatives = !form.has("creative") && !form.has("creatives");
    let mut form = form.over(&editable(before, item));
    for key in ["id", "advertiser_id", "currency", "time_zone"] {
        if form.has(key) {
            form.take::<serde_json::Value>(key);
            form.refuse(key, "cannot be changed");
        }
    }
    let name = form.required_text("name");
    form.require("budget");
    let budget = form.money("budget");
    let daily_budget = form.money("daily_budget");
    let to = form.take("status").unwrap_or(before.status);
    if !status::may_become(before.status, to) {
        let (from, to) = (status::name(before.status), status::name(to));
        form.refuse(
            "status",
            format!("a campaign that is {from} cannot become {to}"),
        );
    }
    let terms = Terms::take(&mut form, daily_budget, edge.now);
    let (ids, creatives) = take_creatives(&mut form, Some(advertiser), existing, edge);
    let ids = if keeps_creatives {
        item.creatives.clone()
    } else {
        ids
    };
    let shown: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let choosing = choosing::take(&mut form, &shown);
    let edited = name.zip(budget).map(|(name, budget)| {
        let campaign = Campaign {
            name,
            budget,
            daily_budget,
            status: to,
            terms,
            choosing,
            ..before.clone()
        };
        let line_item = following(&campaign, before, item, ids);
        Edited {
            campaign,
            line_item,
            creatives,
        }
    });
    form.finish(edited)
}

/// The campaign's own line item after an edit. A pause or a cut begins a new epoch, so that leases of
/// the old one stop as soon as a bidder hears of it (money.md, "pause or budget cut").
fn following(
    campaign: &Campaign,
    before: &Campaign,
    item: &LineItem,
    creatives: Vec<CreativeId>,
) -> LineItem {
    let mut after = item.clone();
    campaign.terms.apply(&mut after);
    after.creatives = creatives;
    choosing::follow(&before.choosing, &campaign.choosing, &mut after.choosing);
    if status::stops_leases(before.status, campaign.status) || is_cut(before, campaign) {
        after.epoch = item.epoch.saturating_add(1);
    }
    after
}

/// Whether less money is there than before.
#[must_use]
fn is_cut(before: &Campaign, after: &Campaign) -> bool {
    let less_a_day = match (before.daily_budget, after.daily_budget) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(after)) => after < before,
    };
    after.budget < before.budget || less_a_day
}

fn editable<'a>(campaign: &'a Campaign, item: &LineItem) -> Editable<'a> {
    let LineItemDocument {
        starts_at,
        ends_at,
        pacing,
        bid,
        modifiers,
        clamp,
        shading,
        targeting,
        frequency_caps,
        on_cap_unknown,
        ..
    } = line_item::document(item);
    Editable {
        name: &campaign.name,
        budget: campaign.budget,
        daily_budget: campaign.daily_budget,
        status: campaign.status,
        starts_at,
        ends_at,
        pacing,
        bid,
        modifiers,
        clamp,
        shading,
        targeting,
        frequency_caps,
        on_cap_unknown,
        choosing: choosing::document(&campaign.choosing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::catalog::{BidRule, Pacing, Status};
    use units::{CpmMicros, Currency, UnixMillis};

    struct Case {
        says: &'static str,
        patch: &'static str,
        epoch: Result<u64, &'static str>,
    }

    #[test]
    fn what_a_patch_may_do_and_which_leases_it_stops() {
        let cases = [
            Case {
                says: "a rename stops nothing",
                patch: r#"{"name":"new"}"#,
                epoch: Ok(1),
            },
            Case {
                says: "a raise stops nothing",
                patch: r#"{"budget":200}"#,
                epoch: Ok(1),
            },
            Case {
                says: "a cut begins a new epoch",
                patch: r#"{"budget":50}"#,
                epoch: Ok(2),
            },
            Case {
                says: "a daily limit is a cut",
                patch: r#"{"daily_budget":10}"#,
                epoch: Ok(2),
            },
            Case {
                says: "a pause begins a new epoch",
                patch: r#"{"status":"paused"}"#,
                epoch: Ok(2),
            },
            Case {
                says: "a price stops nothing",
                patch: r#"{"bid":{"cpm":3}}"#,
                epoch: Ok(1),
            },
            Case {
                says: "a budget is not removed",
                patch: r#"{"budget":null}"#,
                epoch: Err("/budget"),
            },
            Case {
                says: "negative",
                patch: r#"{"budget":-1}"#,
                epoch: Err("/budget"),
            },
            Case {
                says: "nobody becomes a draft again",
                patch: r#"{"status":"draft"}"#,
                epoch: Err("/status"),
            },
            Case {
                says: "days were granted in its zone",
                patch: r#"{"time_zone":"UTC"}"#,
                epoch: Err("/time_zone"),
            },
            Case {
                says: "unknown key",
                patch: r#"{"colour":1}"#,
                epoch: Err("/colour"),
            },
        ];
        for Case { says, patch, epoch } in cases {
            let got = patched(patch).map(|edited| edited.line_item.epoch);
            let got = got.map_err(|faults| faults.0[0].pointer.clone());
            assert_eq!(got, epoch.map_err(ToOwned::to_owned), "{says}");
        }
    }

    #[test]
    fn what_a_patch_does_not_name_stays() {
        let edited = patched(r#"{"targeting":{"countries":["DE"]}}"#).unwrap();
        assert_eq!(edited.line_item.targeting.countries.include, ["DE"]);
        assert_eq!(edited.line_item.creatives, ["crt_1".into()]);
        assert_eq!(edited.campaign.name, "old");
        assert_eq!(
            edited.campaign.terms.bid.bid,
            BidRule::Cpm {
                cpm: CpmMicros::new(5_000_000).unwrap()
            }
        );
        assert_eq!(edited.campaign.terms.starts_at, UnixMillis(7_000));
    }

    #[test]
    fn the_line_item_follows_in_what_changed_of_the_choice() {
        // (patch, the campaign's, its line item's)
        let cases = [
            (
                "{}",
                r#"{"max_qps":7}"#,
                r#"{"max_qps":9,"throttle":500000}"#,
            ),
            (
                r#"{"throttle":0.25}"#,
                r#"{"max_qps":7,"throttle":250000}"#,
                r#"{"max_qps":9,"throttle":250000}"#,
            ),
            (
                r#"{"max_qps":null,"deals_first":true}"#,
                r#"{"deals_first":true}"#,
                r#"{"deals_first":true,"throttle":500000}"#,
            ),
            (
                r#"{"creative_weights":{"crt_1":2}}"#,
                r#"{"max_qps":7,"creative_weights":{"crt_1":2}}"#,
                r#"{"max_qps":9,"throttle":500000,"creative_weights":{"crt_1":2}}"#,
            ),
        ];
        for (patch, campaign, line_item) in cases {
            let edited = patched(patch).unwrap();
            let read = |json| serde_json::from_str::<contracts::catalog::Choosing>(json).unwrap();
            assert_eq!(edited.campaign.choosing, read(campaign), "{patch}");
            assert_eq!(edited.line_item.choosing, read(line_item), "{patch}");
        }
        let other = patched(r#"{"creative_weights":{"crt_2":2}}"#).unwrap_err();
        assert_eq!(other.0[0].pointer, "/creative_weights");
    }

    fn patched(patch: &str) -> Result<Edited, Faults> {
        let cpm = CpmMicros::new(5_000_000).unwrap();
        let terms = Terms {
            bid: line_item::Offer {
                bid: BidRule::Cpm { cpm },
                max_cpm: cpm,
            },
            adjustments: Default::default(),
            starts_at: UnixMillis(7_000),
            ends_at: None,
            pacing: Pacing::Asap,
            targeting: Default::default(),
            frequency_caps: Vec::new(),
            on_cap_unknown: Default::default(),
        };
        let campaign = Campaign {
            id: "cmp_1".into(),
            name: "old".into(),
            advertiser: "adv_1".into(),
            status: Status::Active,
            currency: Currency::USD,
            time_zone: "Europe/Berlin".into(),
            budget: Nanos(100_000_000_000),
            daily_budget: None,
            terms: terms.clone(),
            choosing: serde_json::from_str(r#"{"max_qps":7}"#).unwrap(),
        };
        let mut item = terms.line_item(
            "li_1".into(),
            "cmp_1".into(),
            Status::Active,
            vec!["crt_1".into()],
        );
        item.choosing = serde_json::from_str(r#"{"max_qps":9,"throttle":500000}"#).unwrap();
        let advertiser = Advertiser {
            id: "adv_1".into(),
            name: "A".into(),
            domain: "a.example".into(),
            currency: Currency::USD,
            time_zone: "Europe/Berlin".into(),
            seat: "s".into(),
        };
        let mut uuid = || uuid::Uuid::nil();
        let mut edge = Edge {
            now: UnixMillis(9_000),
            uuid: &mut uuid,
        };
        edit(
            Form::read(patch.as_bytes())?,
            &campaign,
            &item,
            &advertiser,
            &[],
            &mut edge,
        )
    }
}
