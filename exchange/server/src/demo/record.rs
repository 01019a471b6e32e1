//! What the flow reads of the answers of both sides; prices keep their exact text.

use serde::de::IgnoredAny;
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
        self.status.as_deref().is_none_or(|status| status == "active")
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
    #[serde(default)]
    pub(super) dsps: Vec<Box<RawValue>>,
    #[serde(default)]
    pub(super) winners: Vec<Winner>,
    #[serde(default)]
    pub(super) clearing: Option<Box<RawValue>>,
    #[serde(default)]
    pub(super) notices: Vec<Box<RawValue>>,
    #[serde(default)]
    pub(super) duration_ms: Option<Box<RawValue>>,
}

/// Who won an imp, at the clearing price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Winner {
    pub(super) imp: String,
    pub(super) dsp: String,
    #[serde(default)]
    pub(super) campaign_id: Option<String>,
    #[serde(default)]
    pub(super) creative_id: Option<String>,
    #[serde(with = "units::json::cpm")]
    pub(super) price: CpmMicros,
    pub(super) currency: String,
}

#[derive(Deserialize)]
struct Dsp {
    #[serde(default)]
    bids: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Notice {
    kind: String,
    state: String,
}

impl Record {
    /// How many bids the DSPs made.
    pub(super) fn bids(&self) -> usize {
        let bids = self.dsps.iter().filter_map(|dsp| {
            let dsp: Dsp = serde_json::from_str(dsp.get()).ok()?;
            Some(dsp.bids.len())
        });
        bids.sum()
    }

    /// Whether the DSP has taken its billing notice.
    pub(super) fn is_billed(&self) -> bool {
        self.notices.iter().any(|notice| {
            serde_json::from_str(notice.get())
                .is_ok_and(|notice: Notice| notice.kind == "bill" && notice.state == "delivered")
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
            (r#"{"items":[{"id":"v","formats":["video"],"status":"active"},{"id":"b","formats":["native","banner"],"status":"active"}]}"#, Some("b")),
            (r#"{"items":[{"id":"b","formats":["banner"],"status":"paused"},{"id":"v","formats":["video"],"status":"active"}]}"#, Some("v")),
            (r#"{"items":[{"id":"b","formats":["banner"]}]}"#, Some("b")),
            (r#"{"items":[{"id":"b","formats":["banner"],"status":"archived"}]}"#, None),
            (r#"{"items":[],"next_cursor":null}"#, None),
        ];
        for (items, expect) in cases {
            assert_eq!(visited(items).as_deref(), expect, "{items}");
        }
    }

    #[test]
    fn a_price_is_the_text_that_was_recorded() {
        let text = r#"{"imp":"1","dsp":"d","price":0.000001,"currency":"USD"}"#;
        let winner: Winner = serde_json::from_str(text).unwrap();
        assert!(serde_json::to_string(&winner).unwrap().contains(r#""price":0.000001,"#));
    }
}
