//! The account of a publisher or SSP: how it sends bid requests itself.

use std::num::NonZeroU8;

use contracts::catalog::{AccountStatus, AdsTxtPolicy, AuctionType, SspAccount};
use serde::Serialize;
use units::{CpmMicros, Currency};
use utoipa::ToSchema;

use super::MOST_MULTIBID;
use crate::form::Form;
use crate::sync_url;

/// The account of a publisher or SSP that sends bid requests, as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountDocument<'a> {
    /// `live`, `testing` (auctioned as tests, nobody pays) or `off` (turned away, within two seconds).
    #[schema(value_type = String, example = "live")]
    pub status: AccountStatus,
    /// Its keys; what they are was shown once.
    pub keys: Vec<KeyDocument<'a>>,
    /// Most requests a second; 0: any number.
    pub qps: u32,
    /// Most requests in work at once; 0: any number.
    pub in_flight: u32,
    /// Whether it owns what it sells.
    pub owner: bool,
    /// Macros in markup are left to it.
    pub keep_macros: bool,
    /// `tmax` of requests without one, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tmax_ms: Option<u32>,
    /// `first_price` or `second_price`, for requests without `at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub auction_type: Option<AuctionType>,
    /// Currency of bids, for requests without `cur`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub bid_currency: Option<Currency>,
    /// Lowest CPM, for imps without a floor.
    #[serde(skip_serializing_if = "Option::is_none", with = "units::json::cpm_opt")]
    #[schema(value_type = Option<f64>)]
    pub floor: Option<CpmMicros>,
    /// Currency of that floor.
    #[schema(value_type = String)]
    pub floor_currency: Currency,
    /// `off`, `known` or `strict`: whether ads.txt must name it.
    #[schema(value_type = String, example = "known")]
    pub ads_txt: AdsTxtPolicy,
    /// Most bids that it is shown for one imp, for an auction of its own; absent: one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u8>)]
    pub multibid: Option<NonZeroU8>,
    /// Its id in the Global Vendor List of TCF: without one it is told no id of a user where the GDPR applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<u16>,
    /// Where `/sync/out` of the exchange sends a browser on to, so that the SSP learns our id of the user: with
    /// `${UID}` and, for what the user chose, `${GDPR}`, `${GDPR_CONSENT}`, `${GPP_STRING}`, `${GPP_SID}`,
    /// `${US_PRIVACY}`, `${COPPA}`.
    #[schema(
        example = "https://ssp.example/setuid?bidder=gavel&uid=${UID}&gdpr=${GDPR}&gdpr_consent=${GDPR_CONSENT}"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_url: Option<&'a str>,
}

/// A key, without what it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyDocument<'a> {
    /// Its id.
    pub id: &'a str,
    /// When it was made.
    pub made_at: String,
}

/// The API's view of an account.
pub(super) fn document(account: &SspAccount) -> AccountDocument<'_> {
    let keys = account.keys.iter().map(|key| KeyDocument {
        id: &key.id,
        made_at: key.made_at.to_rfc3339(),
    });
    AccountDocument {
        status: account.status,
        keys: keys.collect(),
        qps: account.qps,
        in_flight: account.in_flight,
        owner: account.owner,
        keep_macros: account.keep_macros,
        tmax_ms: account.tmax_ms,
        auction_type: account.auction_type,
        bid_currency: account.bid_currency,
        floor: account.floor,
        floor_currency: account.floor_currency,
        ads_txt: account.ads_txt,
        multibid: account.multibid,
        vendor_id: account.vendor_id,
        sync_url: account.sync_url.as_deref(),
    }
}

/// The shortest and the longest that an auction may take, in milliseconds.
const TMAX_MS: std::ops::RangeInclusive<u32> = 10..=1_000;

pub(super) fn read(form: &mut Form, held: SspAccount, local_mode: bool) -> SspAccount {
    *form = std::mem::take(form).over(&document(&held));
    // As shown; they are made and taken back by calls of their own.
    let _: Option<serde_json::Value> = form.take("keys");
    let tmax_ms = form.take("tmax_ms");
    if tmax_ms.is_some_and(|ms| !TMAX_MS.contains(&ms)) {
        form.refuse("tmax_ms", "must be 10 to 1000");
    }
    let multibid: Option<NonZeroU8> = form.take("multibid");
    if multibid.is_some_and(|most| most.get() > MOST_MULTIBID) {
        form.refuse("multibid", format!("must be 1 to {MOST_MULTIBID}"));
    }
    let vendor_id: Option<u16> = form.take("vendor_id");
    if vendor_id == Some(0) {
        form.refuse("vendor_id", "must be an id of the Global Vendor List");
    }
    let sync_url = form.text("sync_url");
    let checked = sync_url
        .as_deref()
        .map(|it| sync_url::of_ssp(it, local_mode));
    if let Some(Err(says)) = checked {
        form.refuse("sync_url", says);
    }
    SspAccount {
        multibid,
        vendor_id,
        sync_url,
        status: form.take("status").unwrap_or_default(),
        qps: form.take("qps").unwrap_or_default(),
        in_flight: form.take("in_flight").unwrap_or_default(),
        owner: form.take("owner").unwrap_or_default(),
        keep_macros: form.take("keep_macros").unwrap_or_default(),
        tmax_ms,
        auction_type: form.take("auction_type"),
        bid_currency: form.take("bid_currency"),
        floor: form.price("floor"),
        floor_currency: form.take("floor_currency").unwrap_or_default(),
        ads_txt: form.take("ads_txt").unwrap_or_default(),
        keys: held.keys,
    }
}
