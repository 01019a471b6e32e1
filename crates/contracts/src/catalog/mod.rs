//! The catalog: everything the data planes decide by, published whole under one version.

mod asking;
mod choosing;
mod creative;
mod creative_name;
mod demand;
mod lines;
mod list;
mod observed;
mod parts;
mod pricing;
mod reading;
mod review;
mod supply;
mod targeting;

use serde::{Deserialize, Serialize};
use units::{RateTable, UnixMillis};

pub use asking::{AllowBlock, Connection, MacroEncoding, NativeForm, Pretargeting, Sampling};
pub use choosing::{Arm, Choosing, Experiment, RotateBy, Rotation};
pub use creative::{
    Companion, Creative, CreativeFormat, Demands, NativeAssets, NativeImage, Review, Verification,
};
pub use creative_name::CreativeName;
pub use demand::{
    Advertiser, Campaign, CapScope, CapWindow, Deal, FrequencyCap, LineItem, OnCapUnknown, Pacing,
    Status,
};
pub use lines::join_lines;
pub use list::{List, ListKind};
pub use observed::{AdvertiserCounts, Counts, CreativeCounts, LineItemCounts, Observed, Priors};
pub use parts::Parts;
pub use pricing::{BidRule, Clamp, Counted, Modifier, PriceRule, Shading};
pub use reading::Quarantined;
pub use review::{CreativePolicy, CreativeVerdict, MarkupHash, NotAHash, Verdict};
pub use supply::{
    AccountStatus, AdsTxtPolicy, AuctionType, Authorisation, DemandPartner, OpenRtbVersion,
    PartnerStatus, Placement, Publisher, SellerDiscount, SellerVerdict, SourceTerms, SspAccount,
    SspKey, SyncKind,
};
pub use targeting::{
    AgeRange, Circle, Clock, Comparison, Degrees, Flag, Key, ListRule, MAX_TERMS, Number, PathTest,
    Scalar, SizeRange, Targeting, Term, Test, Tree, TreeFault, Unknown, VersionRange, Visits,
    Within,
};

use crate::notice::NoticeKey;
use crate::profile::SegmentRule;

/// One version of everything that bidders and exchanges need to know.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// Grows by one with each committed edit; the feed's ETag.
    pub version: u64,
    /// When this version was read from the store.
    #[serde(default)]
    pub published_at: UnixMillis,
    /// Exchange rates in force.
    #[serde(default)]
    pub rates: RateTable,
    /// Who pays.
    #[serde(default)]
    pub advertisers: Vec<Advertiser>,
    /// What they run.
    #[serde(default)]
    pub campaigns: Vec<Campaign>,
    /// What is matched and priced.
    #[serde(default)]
    pub line_items: Vec<LineItem>,
    /// What is shown.
    #[serde(default)]
    pub creatives: Vec<Creative>,
    /// What became of what was shown.
    #[serde(default)]
    pub observed: Observed,
    /// Deals of the sell side.
    #[serde(default)]
    pub deals: Vec<Deal>,
    /// Who is paid.
    #[serde(default)]
    pub publishers: Vec<Publisher>,
    /// What is sold.
    #[serde(default)]
    pub placements: Vec<Placement>,
    /// Who may sell whose inventory, as far as it is known.
    #[serde(default)]
    pub seller_verdicts: Vec<SellerVerdict>,
    /// Whom the exchange asks.
    #[serde(default)]
    pub partners: Vec<DemandPartner>,
    /// What the exchange's review says of creatives of DSPs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<CreativeVerdict>,
    /// Whose bid requests are answered, and how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceTerms>,
    /// How users are put into segments.
    #[serde(default)]
    pub segments: Vec<SegmentRule>,
    /// Shared lists of targeting; their entries travel apart.
    #[serde(default)]
    pub lists: Vec<List>,
    /// Keys of notice tokens, the newest first; every one of them still verifies.
    #[serde(default)]
    pub notice_keys: Vec<NoticeKey>,
}
