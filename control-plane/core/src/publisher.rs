//! Publishers and SSPs: who is paid, what we keep, and how they send bid requests themselves.

use std::collections::BTreeMap;

use contracts::access::KeyDigest;
use contracts::catalog::{CreativePolicy, Publisher, SellerDiscount, SspKey, Status};
use serde::Serialize;
use units::{CpmMicros, Currency, Multiplier};
use utoipa::ToSchema;

use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;
use crate::web;

mod account;
mod terms;

pub(crate) use account::MOST_MULTIBID;
pub use account::{AccountDocument, KeyDocument};

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
        account: publisher.account.as_ref().map(account::document),
        status: publisher.status,
    }
}

fn discount_document(discount: &SellerDiscount) -> DiscountDocument<'_> {
    DiscountDocument {
        partner_id: discount.partner.as_str(),
        share: discount.share,
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
        Some(account::read(form, held.unwrap_or_default(), local_mode))
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
    use contracts::catalog::AccountStatus;
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
            (r#"{"account":{"soft_floor":0.25}}"#, "/account/soft_floor"),
            (r#"{"account":{"soft_floor":-1}}"#, "/account/soft_floor"),
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
