//! Creatives that an exchange saw in bids and knows no verdict on, told to the control plane in batches.

use serde::{Deserialize, Serialize};
use units::PartnerId;

use crate::catalog::MarkupHash;

/// Most bytes of markup that a sighting carries for those who review it.
pub const MOST_SAMPLE: usize = 16 * 1024;

/// Most bytes of a `crid` or `adid` that can be judged.
pub const MOST_CRID: usize = 512;

/// A batch of an exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sightings {
    /// What was seen, in its order.
    pub creatives: Vec<Sighting>,
}

/// A creative that somebody bid with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Whose it is.
    pub partner: PartnerId,
    /// Its `crid` there; empty where it has none.
    #[serde(default)]
    pub crid: String,
    /// Its `adid`, where it has no `crid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adid: Option<String>,
    /// The name of its markup, or of its picture and advertiser where markup comes later; absent where its bid shows
    /// neither.
    #[serde(default)]
    pub markup: Option<MarkupHash>,
    /// The beginning of that markup, or picture and advertiser, without the queries of URLs.
    pub sample: String,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SightingsAnswer {
    /// Creatives that now wait for a verdict.
    pub stored: u64,
    /// Creatives that were there before.
    pub known: u64,
    /// Creatives that were not kept: of unknown partners, or more than may wait of one.
    pub refused: u64,
}
