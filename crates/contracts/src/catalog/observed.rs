//! What became of earlier impressions: the counts that CPC and CPA offers are turned into prices by.

use serde::{Deserialize, Serialize};
use units::{AdvertiserId, CreativeId, LineItemId, Probability, UnixMillis};

/// How often what was shown was clicked, and led to a conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Billed impressions.
    pub impressions: u64,
    /// Impressions that were clicked.
    pub clicks: u64,
    /// Impressions that led to a conversion.
    pub conversions: u64,
}

/// The counts of one line item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineItemCounts {
    /// Which.
    pub line_item: LineItemId,
    /// Its counts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// The counts of one creative of a line item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreativeCounts {
    /// For which line item it was shown.
    pub line_item: LineItemId,
    /// Which.
    pub creative: CreativeId,
    /// Its counts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// The counts of all line items of one advertiser, those that have ended included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvertiserCounts {
    /// Which.
    pub advertiser: AdvertiserId,
    /// Its counts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// What is believed of a line item before anything was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priors {
    /// Clicks per impression.
    pub click_rate: Probability,
    /// Conversions per impression.
    pub conversion_rate: Probability,
    /// For how many observed impressions a prior counts.
    pub strength: u64,
}

impl Default for Priors {
    /// One click in a thousand impressions, one conversion in twenty thousand, worth a thousand impressions.
    fn default() -> Self {
        Self {
            click_rate: Probability::new(1_000_000).unwrap_or_default(),
            conversion_rate: Probability::new(50_000).unwrap_or_default(),
            strength: 1_000,
        }
    }
}

/// The counts of the last days, as of one instant.
///
/// The control plane counts each impression as it comes, and publishes the sums at most once in its
/// configured period and only if they changed: a catalog without a CPC or CPA offer and without rotation by
/// the model carries none, and gets no version because of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Observed {
    /// When they were summed up.
    pub as_of: UnixMillis,
    /// What is believed before.
    pub priors: Priors,
    /// Line items with a CPC or CPA offer, or with rotation by the model, that were shown.
    pub line_items: Vec<LineItemCounts>,
    /// Creatives of line items with rotation by the model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub creatives: Vec<CreativeCounts>,
    /// Their advertisers.
    pub advertisers: Vec<AdvertiserCounts>,
}
