//! What the flow reads of the answers of both sides; prices keep their exact text.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use units::CpmMicros;

/// `GET /inventory`.
#[derive(Debug, Deserialize)]
pub(super) struct Inventory {
    pub(super) items: Vec<Listed>,
}

/// A placement of the inventory.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Listed {
    pub(super) id: String,
    #[serde(default)]
    formats: Vec<String>,
    #[serde(default)]
    status: Option<String>,
}

impl Inventory {
    /// The placement that is visited: the first active one with banners, else the first active one.
    pub(super) fn visited(self) -> Option<Listed> {
        let mut active = self.items.into_iter().filter(Listed::is_active).peekable();
        let first = active.peek().cloned();
        active.find(Listed::has_banner).or(first)
    }
}

impl Listed {
    fn is_active(&self) -> bool {
        self.status
            .as_deref()
            .is_none_or(|status| status == "active")
    }

    fn has_banner(&self) -> bool {
        self.formats.iter().any(|format| format == "banner")
    }
}

/// `POST /ad-request`.
#[derive(Debug, Deserialize)]
pub(super) struct Served {
    pub(super) auction_id: String,
    pub(super) ad: Box<RawValue>,
    pub(super) tracking: Tracking,
}

/// What reports the impression of an ad.
#[derive(Debug, Deserialize)]
pub(super) struct Tracking {
    pub(super) token: String,
}

/// `POST /impression`.
#[derive(Debug, Deserialize)]
pub(super) struct Confirmation {
    pub(super) status: String,
}

/// `GET /auction/{id}`.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    pub(super) outcome: String,
    pub(super) duration_ms: Box<RawValue>,
    pub(super) dsps: Vec<Box<RawValue>>,
    pub(super) bids: Vec<Box<RawValue>>,
    pub(super) notices: Vec<Box<RawValue>>,
}

/// Who won an imp, at the clearing price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Winner {
    imp: String,
    dsp: String,
    pub(super) campaign_id: Option<String>,
    creative_id: Option<String>,
    #[serde(with = "units::json::cpm")]
    pub(super) price: CpmMicros,
    currency: String,
}

#[derive(Deserialize)]
struct Bid {
    imp: String,
    dsp: String,
    campaign_id: Option<String>,
    creative_id: Option<String>,
    #[serde(default, with = "units::json::cpm_opt")]
    clearing_price: Option<CpmMicros>,
    currency: String,
}

#[derive(Deserialize)]
struct Notice {
    kind: String,
    outcome: String,
}

impl Record {
    /// The bid that won the first imp.
    pub(super) fn winner(&self) -> Option<Winner> {
        self.bids.iter().find_map(|bid| {
            let bid: Bid = serde_json::from_str(bid.get()).ok()?;
            Some(Winner {
                // Only a bid that won has one.
                price: bid.clearing_price?,
                imp: bid.imp,
                dsp: bid.dsp,
                campaign_id: bid.campaign_id,
                creative_id: bid.creative_id,
                currency: bid.currency,
            })
        })
    }

    /// Whether the DSP has taken its billing notice.
    pub(super) fn is_billed(&self) -> bool {
        self.notices.iter().any(|notice| {
            serde_json::from_str(notice.get())
                .is_ok_and(|notice: Notice| notice.kind == "bill" && notice.outcome == "sent")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_active_banner_is_visited() {
        let visited = |items: &str| {
            let inventory: Inventory = serde_json::from_str(items).unwrap();
            inventory.visited().map(|placement| placement.id)
        };
        let cases = [
            (
                r#"{"items":[{"id":"v","formats":["video"],"status":"active"},{"id":"b","formats":["native","banner"],"status":"active"}]}"#,
                Some("b"),
            ),
            (
                r#"{"items":[{"id":"b","formats":["banner"],"status":"paused"},{"id":"v","formats":["video"],"status":"active"}]}"#,
                Some("v"),
            ),
            (r#"{"items":[{"id":"b","formats":["banner"]}]}"#, Some("b")),
            (
                r#"{"items":[{"id":"b","formats":["banner"],"status":"archived"}]}"#,
                None,
            ),
            (r#"{"items":[],"next_cursor":null}"#, None),
        ];
        for (items, expect) in cases {
            assert_eq!(visited(items).as_deref(), expect, "{items}");
        }
    }

    #[test]
    fn the_winner_is_told_by_its_clearing_price() {
        let record = |bids: &str| {
            let text = format!(
                r#"{{"outcome":"won","duration_ms":1.5,"dsps":[],"bids":[{bids}],"notices":[]}}"#
            );
            serde_json::from_str::<Record>(&text).unwrap()
        };
        let lost = r#"{"imp":"1","dsp":"a","campaign_id":null,"creative_id":null,"price":2,"currency":"USD","outcome":"lost"}"#;
        let won = r#"{"imp":"1","dsp":"b","campaign_id":"c","creative_id":null,"price":3,"currency":"USD","outcome":"won","clearing_price":0.000001}"#;
        assert_eq!(record(lost).winner(), None);
        let winner = record(&format!("{lost},{won}")).winner().unwrap();
        assert_eq!(winner.campaign_id.as_deref(), Some("c"));
        let shown = serde_json::to_string(&winner).unwrap();
        assert!(shown.contains(r#""price":0.000001,"#), "exact: {shown}");
    }
}
