//! The conformance list, rule by rule, as far as it concerns a bidder: a request, a line item, and the bid or the
//! exact reason. `coverage` tells which rules are tested elsewhere and which are nobody's here.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "callers write the JSON in place"
)]

mod banner;
mod coverage;
mod deals;
mod lists;
mod native;
mod privacy;
mod reading;
mod response;
#[path = "../shop/mod.rs"]
mod shop;
mod stream;
mod targeting;

use bidder_core::decide::{Instant, decide};
use bidder_core::opportunity::Opportunity;
use bidder_core::random::Random;
use bidder_core::respond::{Dialect, Pages, Reply, Source, first_choices, respond};
use bidder_core::user::User;
use contracts::notice::BillOn;
use openrtb::validate::Severity;
use openrtb::{BidRequest, Limits};
use serde_json::{Value, json};
use shop::{BOOT, NOW, Shop};
use units::AuctionId;
use uuid::Uuid;

/// What a bidder makes of a request.
enum Want {
    /// A bid with these members; `null` stands for one that must not be there. A member of `adm` lists texts
    /// that it has, one of `no_adm` texts that it has not.
    Bid(Value),
    /// The only line item is refused, and why.
    Refused(&'static str),
    /// No line item is looked at, and why.
    NoBid(&'static str),
    /// The request is no request.
    Malformed,
}

/// One row.
struct Row {
    /// The rule's id, then what is said of it.
    says: &'static str,
    line_item: Value,
    request: Value,
    want: Want,
}

fn row(says: &'static str, line_item: Value, request: Value, want: Want) -> Row {
    Row {
        says,
        line_item,
        request,
        want,
    }
}

fn bids(members: Value) -> Want {
    Want::Bid(members)
}

/// A bid, whatever it says.
fn any_bid() -> Want {
    Want::Bid(json!({}))
}

const fn refused(reason: &'static str) -> Want {
    Want::Refused(reason)
}

/// A line item with these members of its creative.
fn creative(members: Value) -> Value {
    json!({"creative": members})
}

/// Members laid over members.
fn over(usual: Value, differs: &Value) -> Value {
    let mut all = usual;
    for (key, value) in differs.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

fn rows() -> Vec<Row> {
    [
        reading::rows(),
        banner::rows(),
        stream::rows(),
        native::rows(),
        deals::rows(),
        lists::rows(),
        response::rows(),
        privacy::rows(),
        targeting::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_row() {
    let mut wrong = Vec::new();
    for row in rows() {
        if let Err(fault) = check(&row) {
            wrong.push(format!("{}: {fault}", row.says));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(row: &Row) -> Result<(), String> {
    let body = row.request.to_string();
    let dialect = row.request["x"].as_str();
    let mut shop = Shop::funded(std::slice::from_ref(&row.line_item));
    let Ok((request, _)) = BidRequest::read(body.as_bytes(), &Limits::REQUEST) else {
        let is_wanted = matches!(row.want, Want::Malformed);
        return is_wanted
            .then_some(())
            .ok_or_else(|| "malformed".to_owned());
    };
    let opportunity = match Opportunity::read(&request, &shop.market.rates) {
        Ok(mut opportunity) => {
            opportunity.reviewed_by = row.request["reviewed_by"].as_str();
            opportunity
        }
        Err(reason) => {
            let is_wanted = matches!(row.want, Want::NoBid(want) if want == reason.label());
            return is_wanted
                .then_some(())
                .ok_or_else(|| format!("no bid: {}", reason.label()));
        }
    };
    let user = User {
        key: Some("u1"),
        ..User::default()
    };
    let at = Instant {
        now: NOW,
        boot: BOOT,
    };
    let decision = decide(
        &opportunity,
        &shop.market,
        &user,
        at,
        &mut Random::new(1),
        &mut shop.scratch,
    );
    let reasons: Vec<_> = shop
        .scratch
        .refusals
        .iter()
        .map(|it| it.1.label())
        .collect();
    let accepted: Vec<_> = first_choices(&decision).collect();
    let want = match &row.want {
        Want::Bid(want) => want,
        Want::Refused(want) => {
            return if reasons == [*want] && accepted.is_empty() {
                Ok(())
            } else {
                Err(format!("refused by {reasons:?}, {} bids", accepted.len()))
            };
        }
        Want::NoBid(want) => {
            let got = decision.no_bid.map(|it| it.label());
            return if got == Some(want) && reasons.is_empty() {
                Ok(())
            } else {
                Err(format!("{got:?}, refused by {reasons:?}"))
            };
        }
        Want::Malformed => return Err("it could be read".to_owned()),
    };
    if accepted.is_empty() {
        return Err(format!("no bid: {reasons:?}"));
    }
    let source = Source {
        name: "ssp".into(),
        bill_on: BillOn::Burl,
        loss_is_final: false,
        reviews_creatives: false,
    };
    let reply = Reply {
        opportunity: &opportunity,
        market: &shop.market,
        source: &source,
        auction: AuctionId(Uuid::from_u128(0xA)),
        user: user.key,
        dialect: if dialect == Some("2.5") {
            Dialect::V25
        } else {
            Dialect::V26
        },
    };
    let mut out = Vec::new();
    respond(&reply, &accepted, &mut Pages::default(), &mut out);
    compare(want, &out)
}

fn compare(want: &Value, out: &[u8]) -> Result<(), String> {
    let report = openrtb::validate::response(out, &Limits::RESPONSE).unwrap();
    let errors: Vec<_> = report
        .findings
        .iter()
        .filter(|it| it.rule.severity == Severity::Error)
        .map(|it| format!("{} {} {}", it.rule.id, it.pointer, it.found))
        .collect();
    if !errors.is_empty() {
        return Err(format!("not valid: {errors:?}"));
    }
    let answer: Value = serde_json::from_slice(out).unwrap();
    let bid = &answer["seatbid"][0]["bid"][0];
    for (key, value) in want.as_object().unwrap() {
        let adm = bid["adm"].as_str().unwrap_or_default();
        let listed = || {
            value
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it.as_str().unwrap())
        };
        match key.as_str() {
            "adm" => {
                if let Some(missing) = listed().find(|text| !adm.contains(text)) {
                    return Err(format!("{missing} is not in {adm}"));
                }
            }
            "no_adm" => {
                if let Some(there) = listed().find(|text| adm.contains(text)) {
                    return Err(format!("{there} is in {adm}"));
                }
            }
            "answer" => {
                for (key, value) in value.as_object().unwrap() {
                    if answer[key] != *value {
                        return Err(format!("{key}: {} and not {value}", answer[key]));
                    }
                }
            }
            _ => {
                let got = bid.get(key).unwrap_or(&Value::Null);
                if got != value {
                    return Err(format!("{key}: {got} and not {value} in {bid}"));
                }
            }
        }
    }
    Ok(())
}
