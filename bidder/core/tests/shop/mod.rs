//! A small catalog to decide by, and requests to decide on.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "callers write the JSON in place"
)]
#![allow(
    clippy::cast_possible_truncation,
    reason = "prices of a test are small"
)]
#![allow(unreachable_pub, reason = "shared by test binaries")]
#![allow(dead_code, reason = "each test binary uses its part of the shop")]

use bidder_core::decide::{Decision, Instant, Scratch, decide};
use bidder_core::eligibility::Ineligible;
use bidder_core::lease::{BootMillis, LeaseTable};
use bidder_core::market::Market;
use bidder_core::opportunity::Opportunity;
use bidder_core::random::Random;
use bidder_core::user::User;
use contracts::catalog::{Catalog, LineItem};
use contracts::lease::{Grant, LeaseAnswer};
use contracts::notice::NoticeKey;
use openrtb::{BidRequest, Limits};
use serde_json::{Value, json};
use units::{BootId, LeaseId, Nanos, UnixMillis};
use uuid::Uuid;

pub const NOW: UnixMillis = UnixMillis(1_795_387_557_000);
pub const BOOT: BootMillis = BootMillis(1_000_000);
const BOOT_ID: BootId = BootId(Uuid::from_u128(7));

/// A catalog of line items, each given by what differs from the usual one.
pub fn catalog(line_items: &[Value]) -> Catalog {
    let mut creatives = Vec::new();
    let mut campaigns = Vec::new();
    let mut lines = Vec::new();
    for (at, differs) in line_items.iter().enumerate() {
        let get = |key: &str, usual: Value| differs.get(key).cloned().unwrap_or(usual);
        let id = get("id", json!(format!("li_{at}")));
        let creative = json!(format!("crt_{at}"));
        let mut shown = json!({
            "id": creative, "advertiser": "adv", "format": "responsive", "title": "Spring sale",
            "description": "Twenty percent off", "landing_page": "https://shop.example/sale", "adomain": ["shop.example"],
        });
        for (key, value) in get("creative", json!({})).as_object().unwrap() {
            shown[key] = value.clone();
        }
        creatives.push(shown);
        let campaign = json!(format!("campaign_{at}"));
        campaigns.push(json!({
            "id": campaign, "name": "n", "advertiser": get("advertiser", json!("adv")), "status": "active",
            "currency": get("currency", json!("USD")), "time_zone": get("time_zone", json!("UTC")), "budget": 10_000_000_000_i64,
        }));
        let micros = |text: Value| (text.as_f64().unwrap() * 1e6).round() as i64;
        lines.push(json!({
            "id": id, "campaign": campaign, "status": get("status", json!("active")), "epoch": 1,
            "starts_at": get("starts_at", json!(0)), "ends_at": get("ends_at", Value::Null),
            "targeting": get("targeting", json!({})), "creatives": [creative],
            "choosing": get("choosing", json!({})), "pacing": get("pacing", json!("asap")),
            "frequency_caps": get("caps", json!([])), "on_cap_unknown": get("on_cap_unknown", json!("refuse")),
            "price": {
                "bid": get("bid", json!({"type": "cpm", "cpm": micros(get("cpm", json!(2.0)))})),
                "modifiers": get("modifiers", json!([
                    {"kind": "count", "of": ["interests", "segments"], "step": 100_000},
                    {"kind": "device_type", "factors": {"1": 1_200_000, "4": 1_200_000, "2": 1_000_000, "5": 900_000}, "otherwise": 1_000_000},
                ])),
                "raise_to_floor": get("raise", json!(1_100_000)), "max_cpm": micros(get("max_cpm", json!(10.0))),
                "clamp": get("clamp", Value::Null), "shading": get("shading", json!({"on": false})),
            },
        }));
    }
    let whole = json!({
        "version": 3, "published_at": 0,
        "rates": {"id": 1, "per_usd": {"EUR": 920_000_000, "GBP": 790_000_000, "JPY": 150_000_000_000_i64}},
        "advertisers": [
            {"id": "adv", "name": "Shop", "domain": "shop.example", "currency": "USD", "time_zone": "UTC", "seat": "seat-shop"},
            {"id": "rival", "name": "Rival", "domain": "rival.example", "currency": "USD", "time_zone": "UTC", "seat": "seat-rival"},
        ],
        "campaigns": campaigns, "line_items": lines, "creatives": creatives,
    });
    let mut catalog: Catalog = serde_json::from_value(whole).unwrap();
    catalog.notice_keys = vec![NoticeKey::new(1, [1; 32])];
    catalog
}

/// A bidder's core with leases for every line item.
pub struct Shop {
    pub catalog: Catalog,
    pub market: Market,
    pub leases: LeaseTable,
    pub scratch: Scratch,
}

impl Shop {
    pub fn new(line_items: &[Value]) -> Self {
        Self::of(catalog(line_items))
    }

    pub fn of(catalog: Catalog) -> Self {
        let shop = Self::with_faults(catalog);
        assert_eq!(shop.market.left_out, []);
        shop
    }

    /// Of a catalog some of whose line items are left out.
    pub fn with_faults(catalog: Catalog) -> Self {
        let leases = LeaseTable::new(BOOT_ID);
        let market = Market::build(&catalog, &leases, "http://127.0.0.1:8002");
        leases.loaded(market.items.iter().map(|it| (&it.id, 1)));
        Self {
            catalog,
            market,
            leases,
            scratch: Scratch::default(),
        }
    }

    /// Grants every line item so much.
    pub fn fund(&self, face: Nanos) {
        self.fund_each(&vec![face; self.catalog.line_items.len()]);
    }

    /// Grants each line item its own, in the order of the catalog.
    pub fn fund_each(&self, faces: &[Nanos]) {
        let known = |it: &LineItem| self.market.items.iter().any(|item| item.id == it.id);
        let grant = |(at, item): (usize, &LineItem)| Grant {
            lease: LeaseId(Uuid::from_u128(1_000 + at as u128)),
            line_item: item.id.clone(),
            epoch: 1,
            face: faces[at],
            ttl_ms: 10_000,
            settle_by: UnixMillis(NOW.0 + 310_000),
            reservation_life_s: 300,
        };
        let answer = LeaseAnswer {
            boot: BOOT_ID,
            grants: self
                .catalog
                .line_items
                .iter()
                .enumerate()
                .filter(|(_, it)| known(it))
                .map(grant)
                .collect(),
            refusals: Vec::new(),
        };
        assert_eq!(self.leases.accept(&answer, BOOT, BOOT), []);
    }

    pub fn funded(line_items: &[Value]) -> Self {
        let shop = Self::new(line_items);
        shop.fund(Nanos(1_000_000_000));
        shop
    }

    /// Decides on a request, and shows whom the decision refused.
    pub fn ask_seeing<R>(
        &mut self,
        request: &Value,
        user: &User<'_>,
        seed: u128,
        look: impl FnOnce(&Market, Decision<'_>, &[(usize, Ineligible)]) -> R,
    ) -> R {
        let body = request.to_string();
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let opportunity = Opportunity::read(&request, &self.market.rates).unwrap();
        let at = Instant {
            now: NOW,
            boot: BOOT,
        };
        let mut random = Random::new(seed);
        let scratch = &mut self.scratch;
        let decision = decide(&opportunity, &self.market, user, at, &mut random, scratch);
        look(&self.market, decision, &scratch.refusals)
    }

    /// Reads a request and decides on it.
    pub fn ask<R>(
        &mut self,
        request: &Value,
        user: &User<'_>,
        seed: u128,
        look: impl FnOnce(&Market, &Opportunity<'_>, Decision<'_>) -> R,
    ) -> R {
        let body = request.to_string();
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let opportunity = Opportunity::read(&request, &self.market.rates).unwrap();
        let at = Instant {
            now: NOW,
            boot: BOOT,
        };
        let mut random = Random::new(seed);
        let decision = decide(
            &opportunity,
            &self.market,
            user,
            at,
            &mut random,
            &mut self.scratch,
        );
        look(&self.market, &opportunity, decision)
    }

    /// The line items chosen per imp, with their prices; or the reason for none.
    pub fn chosen(&mut self, request: &Value, user: &User<'_>) -> Result<Vec<String>, String> {
        self.ask(request, user, 1, |market, _, decision| {
            if let Some(reason) = decision.no_bid {
                return Err(reason.label().to_owned());
            }
            let named = decision.imps.iter().map(|chosen| {
                let candidate = &chosen.ranked[0].candidate;
                format!(
                    "{}:{}@{}",
                    chosen.imp.id, market.items[candidate.item].id, candidate.price
                )
            });
            Ok(named.collect())
        })
    }

    /// Why the only line item was refused.
    pub fn refusal(&mut self, request: &Value, user: &User<'_>) -> &'static str {
        let _ = self.chosen(request, user);
        self.scratch
            .refusals
            .first()
            .map_or("none", |(_, reason)| reason.label())
    }
}

/// A banner request with what differs laid over it, member by member.
pub fn request(differs: Value) -> Value {
    let mut request = json!({
        "id": "r1", "at": 1, "tmax": 100,
        "imp": [{"id": "1", "bidfloor": 0.5, "banner": {"format": [{"w": 300, "h": 250}]}}],
        "site": {"domain": "news.example", "cat": ["IAB12-1"]},
        "device": {"devicetype": 2, "os": "Windows", "language": "en", "geo": {"country": "USA", "region": "CA", "city": "Oakland"}},
    });
    for (key, value) in differs.as_object().unwrap() {
        request[key] = value.clone();
    }
    request
}

/// The usual request with members of its only imp replaced.
pub fn imp(differs: Value) -> Value {
    let mut usual =
        json!({"id": "1", "bidfloor": 0.5, "banner": {"format": [{"w": 300, "h": 250}]}});
    for (key, value) in differs.as_object().unwrap() {
        usual[key] = value.clone();
        if value.is_null() {
            usual.as_object_mut().unwrap().remove(key);
        }
    }
    request(json!({"imp": [usual]}))
}
