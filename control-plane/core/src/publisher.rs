//! Publishers and SSPs: who is paid, what we keep, and how they send bid requests themselves.

use std::collections::BTreeMap;
use std::num::NonZeroU8;

use contracts::access::KeyDigest;
use contracts::catalog::{
    AccountStatus, AdsTxtPolicy, AuctionType, CreativePolicy, Publisher, SellerDiscount,
    SspAccount, SspKey, Status,
};
use serde::Serialize;
use units::{CpmMicros, Currency, Multiplier};
use utoipa::ToSchema;

use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;
use crate::{sync_url, web};

mod terms;

/// A publisher as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublisherDocument<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its domain.
    pub domain: &'a str,
    /// The exchange's share of the gross price.
    #[serde(with = "units::json::multiplier")]
    #[schema(value_type = f64, example = 0.1)]
    pub fee: Multiplier,
    /// ISO 4217.
    pub currency: &'a str,
    /// Blocked advertiser domains.
    pub badv: &'a [String],
    /// Blocked categories, taxonomy 1.
    pub bcat: &'a [String],
    /// Blocked apps, by bundle or store id.
    pub bapp: &'a [String],
    /// Blocked creative attributes.
    pub battr: &'a [i32],
    /// Which creatives of DSPs it takes by `/creative-verdicts`: `any`, `not_blocked`, or `approved_only`.
    #[schema(value_type = String, example = "not_blocked")]
    pub creatives: CreativePolicy,
    /// What it takes off the price for single DSPs.
    pub discounts: Vec<DiscountDocument<'a>>,
    /// What second price adds, by the currency of the bid; of other currencies 0.01.
    #[schema(value_type = Object, example = json!({"USD": 0.01, "JPY": 1}))]
    pub increments: BTreeMap<Currency, Price>,
    /// How it sends bid requests itself, as an SSP; absent: it sells through placements alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountDocument<'a>>,
    /// Only active ones sell.
    #[schema(value_type = String)]
    pub status: Status,
}

/// What a publisher takes off the price for one DSP.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiscountDocument<'a> {
    /// The demand partner.
    pub partner_id: &'a str,
    /// The part of the clearing price that is taken off.
    #[serde(with = "units::json::multiplier")]
    #[schema(value_type = f64, example = 0.25)]
    pub share: Multiplier,
}

/// A CPM in a map.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Price(#[serde(with = "units::json::cpm")] CpmMicros);

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

/// The API's view of a publisher.
#[must_use]
pub fn document(publisher: &Publisher) -> PublisherDocument<'_> {
    PublisherDocument {
        id: publisher.id.as_str(),
        name: &publisher.name,
        domain: &publisher.domain,
        fee: publisher.fee,
        currency: publisher.currency.as_str(),
        badv: &publisher.badv,
        bcat: &publisher.bcat,
        bapp: &publisher.bapp,
        battr: &publisher.battr,
        creatives: publisher.creatives,
        discounts: publisher.discounts.iter().map(discount_document).collect(),
        increments: publisher
            .increments
            .iter()
            .map(|(currency, price)| (*currency, Price(*price)))
            .collect(),
        account: publisher.account.as_ref().map(account_document),
        status: publisher.status,
    }
}

fn discount_document(discount: &SellerDiscount) -> DiscountDocument<'_> {
    DiscountDocument {
        partner_id: discount.partner.as_str(),
        share: discount.share,
    }
}

fn account_document(account: &SspAccount) -> AccountDocument<'_> {
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

/// The demand partners that the discounts of a body name, as far as they can be read.
#[must_use]
pub fn named_partners(form: &Form) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        partner_id: Option<String>,
    }
    let named: Option<Vec<Named>> = form.peek("discounts");
    let named = named.unwrap_or_default().into_iter();
    named.filter_map(|named| named.partner_id).collect()
}

/// Reads a publisher; `before` is what a change is laid over, `partners` are the ids of those of
/// [`named_partners`] that are known. Default: no fee, USD, no account. What a change does not say of the account
/// stays, its keys always do. Plain http is for local mode only.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(
    mut form: Form,
    before: Option<&Publisher>,
    partners: &[String],
    local_mode: bool,
    edge: &mut Edge<'_>,
) -> Result<Publisher, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("pub"));
    let name = form.required_text("name");
    let given = form.required_text("domain");
    let domain = given.as_deref().and_then(web::domain);
    if given.is_some() && domain.is_none() {
        form.refuse("domain", "is not a domain name");
    }
    let fee = form.multiplier("fee");
    if fee.is_some_and(|fee| fee >= Multiplier::ONE) {
        form.refuse("fee", "must be below 1: it is a share of the price");
    }
    let nothing = Multiplier::new(0).unwrap_or_default();
    let currency = form.take::<Currency>("currency").unwrap_or_default();
    let badv = web::domains(&mut form, "badv").unwrap_or_default();
    let bcat = form.take("bcat").unwrap_or_default();
    let bapp = form.take("bapp").unwrap_or_default();
    let battr = form.take("battr").unwrap_or_default();
    let creatives = form.take("creatives").unwrap_or_default();
    let discounts = terms::discounts(&mut form, partners);
    let increments = terms::increments(&mut form);
    let held = before.and_then(|before| before.account.clone());
    let account = form.object("account", |form| {
        Some(account(form, held.unwrap_or_default(), local_mode))
    });
    let status = form.take("status").unwrap_or_default();
    let publisher = name.zip(domain).map(|(name, domain)| Publisher {
        id: id.into(),
        name,
        domain,
        fee: fee.unwrap_or(nothing),
        currency,
        badv,
        bcat,
        creatives,
        discounts,
        increments,
        bapp,
        battr,
        account,
        status,
    });
    form.finish(publisher)
}

/// The shortest and the longest that an auction may take, in milliseconds.
const TMAX_MS: std::ops::RangeInclusive<u32> = 10..=1_000;

fn account(form: &mut Form, held: SspAccount, local_mode: bool) -> SspAccount {
    *form = std::mem::take(form).over(&account_document(&held));
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

/// Most bids that win one imp together.
pub(crate) const MOST_MULTIBID: u8 = 20;

/// Keys that an account may have at once: one in use, and the next while it is brought there (S2).
pub const MOST_KEYS: usize = 2;

/// The publisher with a further key; `None` when it has as many as it may.
#[must_use]
pub fn with_key(before: &Publisher, key: &str, edge: &mut Edge<'_>) -> Option<(Publisher, SspKey)> {
    let mut after = before.clone();
    let account = after.account.get_or_insert_default();
    if account.keys.len() >= MOST_KEYS {
        return None;
    }
    let made = SspKey {
        id: edge.id("key"),
        digest: KeyDigest::of(key),
        made_at: edge.now,
    };
    account.keys.push(made.clone());
    Some((after, made))
}

/// The publisher without a key; `None` when it has none of this id.
#[must_use]
pub fn without_key(before: &Publisher, id: &str) -> Option<Publisher> {
    let mut after = before.clone();
    let keys = &mut after.account.as_mut()?.keys;
    let many = keys.len();
    keys.retain(|key| key.id != id);
    (keys.len() < many).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::UnixMillis;

    #[test]
    fn a_fee_is_a_share() {
        let cases = [
            ("interfaces.md: 10 %", "0.1", Ok(100_000)),
            ("nothing kept", "0", Ok(0)),
            ("all kept", "1", Err("/fee")),
            ("negative", "-0.1", Err("/fee")),
            ("per cent by mistake", "10", Err("/fee")),
        ];
        for (id, fee, want) in cases {
            let body = format!(r#"{{"name":"P","domain":"p.example","fee":{fee}}}"#);
            let mut uuid = || uuid::Uuid::nil();
            let mut edge = Edge {
                now: UnixMillis(0),
                uuid: &mut uuid,
            };
            let got = read(
                Form::read(body.as_bytes()).unwrap(),
                None,
                &[],
                true,
                &mut edge,
            );
            let got = got
                .map(|p| p.fee.millionths())
                .map_err(|f| f.0[0].pointer.clone());
            assert_eq!(got, want.map_err(ToOwned::to_owned), "{id}");
        }
    }

    #[test]
    fn an_account_keeps_what_a_change_does_not_say() {
        let mut number = 0_u128;
        let mut uuid = || {
            number += 1;
            uuid::Uuid::from_u128(number)
        };
        let mut edge = Edge {
            now: UnixMillis(1_000),
            uuid: &mut uuid,
        };
        let form = |body: &str| Form::read(body.as_bytes()).unwrap();
        let made = form(
            r#"{"name":"S","domain":"ssp.example","account":{"qps":50,"floor":0.25,"auction_type":"first_price",
                "vendor_id":755,"sync_url":"https://s.example/setuid?uid=${UID}"}}"#,
        );
        let made = read(made, None, &[], true, &mut edge).unwrap();
        let (keyed, key) = with_key(&made, "gavel_secret", &mut edge).unwrap();
        assert_eq!(key.digest, KeyDigest::of("gavel_secret"), "S2");
        let shown = serde_json::to_string(&document(&keyed)).unwrap();
        assert!(
            !shown.contains("digest") && shown.contains(&key.id),
            "{shown}"
        );

        let off = form(r#"{"account":{"status":"off"}}"#).over(&document(&keyed));
        let off = read(off, Some(&keyed), &[], true, &mut edge).unwrap();
        let account = off.account.clone().unwrap();
        assert_eq!(account.status, AccountStatus::Off);
        assert_eq!((account.qps, account.keys.len()), (50, 1));
        assert_eq!(account.floor, CpmMicros::parse("0.25").ok());
        assert_eq!(account.vendor_id, Some(755));
        let sync_url = "https://s.example/setuid?uid=${UID}";
        assert_eq!(account.sync_url.as_deref(), Some(sync_url));
        let untold = form(r#"{"account":{"sync_url":null}}"#).over(&document(&off));
        let untold = read(untold, Some(&off), &[], true, &mut edge).unwrap();
        let account = untold.account.unwrap();
        assert_eq!((account.sync_url, account.vendor_id), (None, Some(755)));

        let (full, _) = with_key(&keyed, "gavel_next", &mut edge).unwrap();
        assert_eq!(with_key(&full, "gavel_third", &mut edge), None, "S2: two");
        assert_eq!(
            without_key(&full, &key.id)
                .unwrap()
                .account
                .unwrap()
                .keys
                .len(),
            1
        );
        assert_eq!(without_key(&full, "key_other"), None);

        for (body, pointer) in [
            (r#"{"account":{"tmax_ms":5}}"#, "/account/tmax_ms"),
            (r#"{"account":{"status":"asleep"}}"#, "/account/status"),
            (r#"{"account":{"floor":-1}}"#, "/account/floor"),
            (r#"{"account":{"colour":1}}"#, "/account/colour"),
            (r#"{"account":{"vendor_id":0}}"#, "/account/vendor_id"),
            (
                r#"{"account":{"sync_url":"https://s.example/"}}"#,
                "/account/sync_url",
            ),
        ] {
            let refused = read(
                form(body).over(&document(&keyed)),
                Some(&keyed),
                &[],
                true,
                &mut edge,
            );
            assert_eq!(refused.unwrap_err().0[0].pointer, pointer, "{body}");
        }
    }

    #[test]
    fn discounts_increments_and_multibid() {
        let partners = ["dsp".to_owned(), "rival".to_owned()];
        #[rustfmt::skip]
        let cases: [(&str, &str, &[&str]); 15] = [
            ("X-78 a discount", r#""discounts":[{"partner_id":"dsp","share":0.25},{"partner_id":"rival","share":0.1}]"#, &[]),
            ("none", r#""discounts":[]"#, &[]),
            ("of an unknown DSP", r#""discounts":[{"partner_id":"dsp","share":0.25},{"partner_id":"nobody","share":0.1}]"#, &["/discounts/1/partner_id"]),
            ("twice", r#""discounts":[{"partner_id":"dsp","share":0.25},{"partner_id":"dsp","share":0.1}]"#, &["/discounts/1/partner_id"]),
            ("nothing", r#""discounts":[{"partner_id":"dsp","share":0}]"#, &["/discounts/0/share"]),
            ("all of it", r#""discounts":[{"partner_id":"dsp","share":1}]"#, &["/discounts/0/share"]),
            ("negative", r#""discounts":[{"partner_id":"dsp","share":-0.1}]"#, &["/discounts/0/share"]),
            ("incomplete", r#""discounts":[{}]"#, &["/discounts/0/partner_id", "/discounts/0/share"]),
            ("another key", r#""discounts":[{"partner_id":"dsp","share":0.1,"x":1}]"#, &["/discounts/0/x"]),
            ("X-70 increments", r#""increments":{"USD":0.01,"JPY":1}"#, &[]),
            ("nothing is added", r#""increments":{"USD":0}"#, &["/increments/USD"]),
            ("no currency", r#""increments":{"dollars":1}"#, &["/increments/dollars"]),
            ("X-85 several bids", r#""account":{"multibid":3}"#, &[]),
            ("X-85 no bid", r#""account":{"multibid":0}"#, &["/account/multibid"]),
            ("X-85 beyond reason", r#""account":{"multibid":21}"#, &["/account/multibid"]),
        ];
        for (says, members, expect) in cases {
            let body = format!(r#"{{"name":"P","domain":"p.example",{members}}}"#);
            let mut uuid = || uuid::Uuid::nil();
            let mut edge = Edge {
                now: UnixMillis(0),
                uuid: &mut uuid,
            };
            let form = Form::read(body.as_bytes()).unwrap();
            match read(form, None, &partners, true, &mut edge) {
                Ok(made) => {
                    assert_eq!(expect, &[] as &[&str], "{says}");
                    // As shown, so read again.
                    let form = Form::read(b"{}").unwrap().over(&document(&made));
                    let again = read(form, Some(&made), &partners, true, &mut edge).unwrap();
                    assert_eq!(again, made, "{says}");
                }
                Err(faults) => {
                    let found: Vec<_> = faults.0.iter().map(|it| it.pointer.as_str()).collect();
                    assert_eq!(found, expect, "{says}");
                }
            }
        }
    }

    #[test]
    fn partners_are_named_before_they_are_checked() {
        let named = |body: &str| named_partners(&Form::read(body.as_bytes()).unwrap());
        let body = r#"{"discounts":[{"partner_id":"dsp","share":0.25},{"share":1}]}"#;
        assert_eq!(named(body), ["dsp"]);
        assert_eq!(named("{}"), [""; 0]);
        assert_eq!(named(r#"{"discounts":7}"#), [""; 0]);
    }
}
