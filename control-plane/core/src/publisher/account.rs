//! How a publisher or SSP sends bid requests itself.

use std::num::NonZeroU8;

use contracts::catalog::{AccountStatus, AdsTxtPolicy, AuctionType, SspAccount};
use serde::Serialize;
use units::{CpmMicros, Currency};
use utoipa::ToSchema;

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
    /// Currency of both floors.
    #[schema(value_type = String)]
    pub floor_currency: Currency,
    /// Where second price begins, whatever floor its imps name: an open bid from that floor up to here pays what it
    /// bids, others at least this.
    #[serde(skip_serializing_if = "Option::is_none", with = "units::json::cpm_opt")]
    #[schema(value_type = Option<f64>, example = 1.5)]
    pub soft_floor: Option<CpmMicros>,
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
        soft_floor: account.soft_floor,
        ads_txt: account.ads_txt,
        multibid: account.multibid,
        vendor_id: account.vendor_id,
        sync_url: account.sync_url.as_deref(),
    }
}

/// The shortest and the longest that an auction may take, in milliseconds.
const TMAX_MS: std::ops::RangeInclusive<u32> = 10..=1_000;

/// Reads an account; what a change does not say of it stays as it is `held`, its keys always do.
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
    let floor = form.price("floor");
    let soft_floor = form.price("soft_floor");
    if soft_floor.is_some_and(|soft| soft <= floor.unwrap_or_default()) {
        form.refuse(
            "soft_floor",
            "must be above the floor: under that nothing is sold",
        );
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
        floor,
        floor_currency: form.take("floor_currency").unwrap_or_default(),
        soft_floor,
        ads_txt: form.take("ads_txt").unwrap_or_default(),
        keys: held.keys,
    }
}

/// Most bids that win one imp together.
pub(crate) const MOST_MULTIBID: u8 = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::Edge;
    use crate::publisher;
    use units::UnixMillis;

    #[test]
    fn a_change_keeps_moves_and_removes_the_soft_floor_of_an_account() {
        let mut uuid = || uuid::Uuid::nil();
        let mut edge = Edge {
            now: UnixMillis(0),
            uuid: &mut uuid,
        };
        let made = r#"{"name":"S","domain":"ssp.example","account":{"floor":0.5,"soft_floor":2}}"#;
        let made = Form::read(made.as_bytes()).unwrap();
        let before = publisher::read(made, None, &[], false, &mut edge).unwrap();
        #[rustfmt::skip]
        let cases = [
            (r#"{"account":{"qps":5}}"#, Ok(Some("2"))),
            (r#"{"account":{"soft_floor":3}}"#, Ok(Some("3"))),
            (r#"{"account":{"soft_floor":null}}"#, Ok(None)),
            (r#"{"account":{"floor":null,"soft_floor":0.1}}"#, Ok(Some("0.1"))),
            // Requests may say `at` 2 themselves: what holds where they say nothing forbids nothing.
            (r#"{"account":{"auction_type":"first_price"}}"#, Ok(Some("2"))),
            (r#"{"account":{"floor":2}}"#, Err("/account/soft_floor")),
            (r#"{"account":{"floor":null,"soft_floor":0}}"#, Err("/account/soft_floor")),
        ];
        for (change, expect) in cases {
            let form = Form::read(change.as_bytes()).unwrap();
            let after = publisher::read(
                form.over(&publisher::document(&before)),
                Some(&before),
                &[],
                false,
                &mut edge,
            );
            let after = after.map(|after| after.account.unwrap().soft_floor);
            let after = after.map_err(|faults| faults.0[0].pointer.clone());
            let expect = expect.map(|price| price.map(|price| CpmMicros::parse(price).unwrap()));
            assert_eq!(after, expect.map_err(str::to_owned), "{change}");
        }
    }
}
