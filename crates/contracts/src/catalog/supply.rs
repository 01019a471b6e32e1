//! The sell side of the catalog: publishers, placements, demand partners.

use std::collections::BTreeMap;
use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};
use units::{
    CpmMicros, Currency, Multiplier, PartnerId, PlacementId, PublisherId, SourceId, UnixMillis,
};

use super::asking::{Connection, MacroEncoding, NativeForm, Pretargeting, Sampling};
use super::creative::CreativeFormat;
use super::demand::Status;
use super::review::CreativePolicy;
use crate::access::KeyDigest;

/// Who is paid for impressions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publisher {
    /// Its id, and the `sid` of our seller row.
    pub id: PublisherId,
    /// Its name.
    pub name: String,
    /// Its domain.
    pub domain: String,
    /// The exchange's share of the gross price, a factor such as 0.1.
    pub fee: Multiplier,
    /// Currency of its payout.
    #[serde(default)]
    pub currency: Currency,
    /// Blocked advertiser domains.
    #[serde(default)]
    pub badv: Vec<String>,
    /// Blocked categories, taxonomy 1.
    #[serde(default)]
    pub bcat: Vec<String>,
    /// Which creatives it takes, by what the exchange's review says of them.
    #[serde(default)]
    pub creatives: CreativePolicy,
    /// What it has agreed to take off the price for single DSPs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<SellerDiscount>,
    /// What second price adds for it, by the currency of the bid; of other currencies 0.01.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub increments: BTreeMap<Currency, CpmMicros>,
    /// Blocked apps, by bundle or store id.
    #[serde(default)]
    pub bapp: Vec<String>,
    /// Blocked creative attributes.
    #[serde(default)]
    pub battr: Vec<i32>,
    /// How it sends bid requests itself, as an SSP does; absent: it sells through placements alone.
    #[serde(default)]
    pub account: Option<SspAccount>,
    /// Only active ones sell.
    #[serde(default)]
    pub status: Status,
}

/// What a seller takes off the price for one DSP (OpenRTB 2.6 §7.16).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellerDiscount {
    /// The DSP.
    pub partner: PartnerId,
    /// The part of the clearing price that is taken off, a factor such as 0.25; above 1 it is 1.
    pub share: Multiplier,
}

/// What a publisher or SSP that sends bid requests may do, and what holds where they say nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SspAccount {
    /// Whether its requests are auctioned.
    pub status: AccountStatus,
    /// Its keys; any of them lets it in.
    pub keys: Vec<SspKey>,
    /// Most requests a second; 0: any number.
    pub qps: u32,
    /// Most requests in work at once; 0: any number.
    pub in_flight: u32,
    /// Whether it owns what it sells: a supply chain that begins with it is complete (C-145).
    pub owner: bool,
    /// Macros in markup are left to it.
    pub keep_macros: bool,
    /// `tmax` of requests without one, in milliseconds.
    pub tmax_ms: Option<u32>,
    /// `at` of requests without one.
    pub auction_type: Option<AuctionType>,
    /// `cur` of requests without one.
    pub bid_currency: Option<Currency>,
    /// Floor of imps without one.
    pub floor: Option<CpmMicros>,
    /// Currency of both floors.
    pub floor_currency: Currency,
    /// Second price begins here, whatever floor its imps name: an open bid between that floor and this price pays
    /// what it bids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soft_floor: Option<CpmMicros>,
    /// Whether ads.txt must name it for the inventory that it sells.
    pub ads_txt: AdsTxtPolicy,
    /// Most bids that it is shown for one imp, for its own auction among them; absent: one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multibid: Option<NonZeroU8>,
    /// Its id in the Global Vendor List of TCF; without one it is told no id of a user where the GDPR applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<u16>,
    /// Where a browser is sent on to, so that the SSP learns our id of the user, with macros (`${UID}`); absent:
    /// it is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_url: Option<String>,
}

/// Whether an account's requests are auctioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Auctioned.
    #[default]
    Live,
    /// Auctioned as tests, which nobody pays for: what leaves says `test` 1.
    Testing,
    /// Turned away.
    Off,
}

/// What ads.txt of the inventory has to say of the seller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdsTxtPolicy {
    /// It is not looked at.
    #[default]
    Off,
    /// What is known not to be authorised is not auctioned.
    Known,
    /// Only what is known to be authorised is auctioned.
    Strict,
}

/// What ads.txt (or app-ads.txt) of a domain, beside sellers.json of an advertising system, says of a seller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellerVerdict {
    /// Its id.
    pub id: String,
    /// Whose inventory.
    pub domain: String,
    /// The advertising system: ours, or that of another node of a supply chain (`asi`).
    pub system: String,
    /// The seller's id there (`sid`); for ours the account's or publisher's id.
    pub seller_id: String,
    /// What they say.
    pub verdict: Authorisation,
}

/// Whether the owner of inventory authorised a seller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorisation {
    /// Listed as selling directly.
    Direct,
    /// Listed as reselling.
    Reseller,
    /// Others are listed, it is not.
    NotListed,
    /// It is listed, and the system says otherwise.
    Contradicted,
}

impl Authorisation {
    /// Whether it may sell.
    #[must_use]
    pub const fn is_authorised(self) -> bool {
        matches!(self, Self::Direct | Self::Reseller)
    }
}

/// A key of an account. The key itself is kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SspKey {
    /// Its id, by which it is taken back.
    pub id: String,
    /// What the key is recognised by.
    pub digest: KeyDigest,
    /// When it was made.
    pub made_at: UnixMillis,
}

/// How a placement is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuctionType {
    /// The winner pays its bid (`at` 1).
    #[default]
    FirstPrice,
    /// The winner pays the next price plus an increment (`at` 2).
    SecondPrice,
}

/// A place that is sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Its id, the `tagid` of its imps.
    pub id: PlacementId,
    /// Whose it is.
    pub publisher: PublisherId,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// What may be shown: banner, video, audio, native.
    pub formats: Vec<CreativeFormat>,
    /// Sizes such as `300x250`; the player's for video.
    #[serde(default)]
    pub sizes: Vec<String>,
    /// Lowest CPM.
    #[serde(default)]
    pub floor: CpmMicros,
    /// Currency of the floor.
    #[serde(default)]
    pub floor_currency: Currency,
    /// Second price begins here: a bid between the floor and this price pays what it bids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft_floor: Option<CpmMicros>,
    /// How it is sold.
    #[serde(default)]
    pub auction_type: AuctionType,
    /// Sold by deals alone (C-110).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private_auction: bool,
    /// Blocked advertiser domains.
    #[serde(default)]
    pub badv: Vec<String>,
    /// Blocked categories, taxonomy 1.
    #[serde(default)]
    pub bcat: Vec<String>,
    /// Blocked creative attributes.
    #[serde(default)]
    pub battr: Vec<i32>,
    /// What tag.js shows when nobody wins: markup or a URL.
    #[serde(default)]
    pub fallback: Option<String>,
    /// Only active ones are sold.
    #[serde(default)]
    pub status: Status,
}

/// The dialect that a partner speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OpenRtbVersion {
    /// OpenRTB 2.5.
    #[serde(rename = "2.5")]
    V25,
    /// OpenRTB 2.6.
    #[default]
    #[serde(rename = "2.6")]
    V26,
}

/// A sender of bid requests as operators rule over it, laid over what each bidder is configured with (S5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceTerms {
    /// Its name in the configuration of bidders.
    pub id: SourceId,
    /// Whether it is answered at all.
    pub active: bool,
    /// Bid requests per second of one bidder process, zero for any number; absent: as configured there.
    #[serde(default)]
    pub qps: Option<u32>,
    /// Bid requests in work at once in one bidder process, zero for any number; absent: as configured there.
    #[serde(default)]
    pub in_flight: Option<u32>,
}

/// Whether a DSP is asked, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerStatus {
    /// For impressions.
    Live,
    /// With `test` 1 alone: copies of live requests, on which its bids are judged and never win.
    Testing,
    /// Not at all.
    Off,
}

impl PartnerStatus {
    /// What the older flag `active` says.
    #[must_use]
    pub const fn of(active: bool) -> Self {
        if active { Self::Live } else { Self::Off }
    }

    /// Whether it is asked at all.
    #[must_use]
    pub const fn is_active(self) -> bool {
        !matches!(self, Self::Off)
    }
}

/// The members of a partner that say its status. Catalogs of before there was a `status` have `active` alone.
mod told_status {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::PartnerStatus;

    #[derive(Serialize, Deserialize)]
    struct Told {
        #[serde(default)]
        active: Option<bool>,
        #[serde(default)]
        status: Option<PartnerStatus>,
    }

    pub(super) fn serialize<S: Serializer>(
        status: &PartnerStatus,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let told = Told {
            active: Some(status.is_active()),
            status: Some(*status),
        };
        told.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<PartnerStatus, D::Error> {
        let told = Told::deserialize(deserializer)?;
        let status = told.status.or(told.active.map(PartnerStatus::of));
        status.ok_or_else(|| D::Error::missing_field("status"))
    }
}

/// A DSP that the exchange asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemandPartner {
    /// Its id, the `dsp` of metrics and reports.
    pub id: PartnerId,
    /// Its name, as `ext.prebid.bidder` may name it.
    pub name: String,
    /// Where it answers: a URL, or `self:bidder` for our own.
    pub endpoint: String,
    /// The dialect it is sent.
    #[serde(default)]
    pub openrtb_version: OpenRtbVersion,
    /// Whether it is asked, and for what: `status`, and `active` of those who know no more.
    #[serde(flatten, with = "told_status")]
    pub status: PartnerStatus,
    /// Most milliseconds it gets; absent: what the auction has left.
    #[serde(default)]
    pub timeout_ms: Option<u32>,
    /// Most requests a second; absent: no limit.
    #[serde(default)]
    pub qps: Option<u32>,
    /// Seats it may bid for; empty for any.
    #[serde(default)]
    pub seats: Vec<String>,
    /// Formats it takes; empty for all.
    #[serde(default)]
    pub formats: Vec<CreativeFormat>,
    /// Domains its notices may go to, beside its endpoint's host.
    #[serde(default)]
    pub domains: Vec<String>,
    /// What it wants to be asked about.
    #[serde(default, skip_serializing_if = "Pretargeting::is_open")]
    pub pretargeting: Pretargeting,
    /// When it is left out by what requests brought so far; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// How its endpoint is spoken to.
    #[serde(default, skip_serializing_if = "Connection::is_default")]
    pub connection: Connection,
    /// Most of its bids that win one imp where a seller is shown several; absent: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multibid: Option<NonZeroU8>,
    /// Its id in the Global Vendor List of TCF; without one nobody can have consented to it.
    #[serde(default)]
    pub vendor_id: Option<u16>,
    /// What a browser calls so that the partner tells its id of the user, with macros (`${RETURN_URL}`), or
    /// `self:dmp` for our own DMP; absent: it is not asked for ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_url: Option<String>,
    /// How a browser calls it.
    #[serde(default, skip_serializing_if = "SyncKind::is_image")]
    pub sync_kind: SyncKind,
    /// How ids are put into the macros of its notices and markup.
    #[serde(default, skip_serializing_if = "MacroEncoding::is_default")]
    pub macro_encoding: MacroEncoding,
    /// How it is sent a native request (C-90).
    #[serde(default, skip_serializing_if = "NativeForm::is_default")]
    pub native_request: NativeForm,
}

/// How a browser calls the sync URL of a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncKind {
    /// As an image, which leads back to the exchange.
    #[default]
    Image,
    /// As a document of the partner's, whose scripts may call others before they load the way back.
    Frame,
}

impl SyncKind {
    /// Whether it is what those say who know of no kinds.
    #[must_use]
    pub const fn is_image(&self) -> bool {
        matches!(self, Self::Image)
    }
}
