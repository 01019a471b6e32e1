//! An exchange over a real Redis with four DSPs that tell ids, and SSPs that learn ours.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use contracts::matches::Matches;
use http::Method;
use openrtb::consent::UrlChoice;
use serde_json::{Value, json};
use service::clock;
use service::visitor::Visitors;
use testkit::http::{Answer, send};
use userstate::{Budget, MatchTerms, UserState};

use crate::exchange::{Dsp, Rig};

/// The four partners that are on: vendors 3 and 755, one without an id in the vendor list, our own bidder.
pub(crate) const NAMES: [&str; 4] = ["listed", "other", "unlisted", "own"];

/// Where `/sync/out` leads to.
pub(crate) const SETUID: &str = "https://ssp.example/setuid?b=gavel&uid=";

/// SSPs by what is different with them: consent to vendor 755 counts for `ssp`, to `unlisted` nobody can have given
/// any, `mute` is not told, `asleep` and `gone` are turned away.
fn ssps() -> Value {
    let ssp = |id: &str, account: Value, status: &str| {
        let domain = format!("{id}.example");
        json!({"id": id, "name": id, "domain": domain, "fee": 0, "account": account, "status": status})
    };
    let url = format!(
        "{SETUID}${{UID}}&g=${{GDPR}}&c=${{GDPR_CONSENT}}&u=${{US_PRIVACY}}&p=${{GPP_STRING}}&s=${{GPP_SID}}"
    );
    json!([
        ssp("ssp", json!({"vendor_id": 755, "sync_url": url}), "active"),
        ssp("unlisted", json!({"sync_url": url}), "active"),
        ssp("mute", json!({}), "active"),
        ssp("asleep", json!({"sync_url": url}), "paused"),
        ssp("gone", json!({"status": "off", "sync_url": url}), "active"),
        {"id": "paper", "name": "Paper", "domain": "paper.example", "fee": 100_000},
    ])
}

/// An exchange over a match table, its four DSPs, and the table itself.
pub(crate) struct House {
    pub(crate) rig: Rig,
    pub(crate) dsps: [Dsp; 4],
    pub(crate) table: UserState,
}

impl House {
    pub(crate) async fn open(more: &[(&str, &str)]) -> Self {
        Self::open_with(&[], more).await
    }

    /// With these partners called as frames.
    pub(crate) async fn open_with(frames: &[&str], more: &[(&str, &str)]) -> Self {
        let change = |partner: &mut Value| {
            if frames.iter().any(|name| partner["id"] == *name) {
                partner["sync_kind"] = json!("frame");
            }
        };
        Self::open_changed(change, more).await
    }

    /// With partners that are changed first.
    pub(crate) async fn open_changed(change: impl Fn(&mut Value), more: &[(&str, &str)]) -> Self {
        let redis = testkit::stores().redis().await;
        let dsps = [(); 4].map(|()| Dsp::start(|_| None));
        let [listed, other, unlisted, own] = dsps.each_ref().map(|dsp| dsp.server.url.clone());
        let sync = |name: &str| {
            format!(
                "https://{name}.example/sync?to=${{RETURN_URL}}&g=${{GDPR}}&c=${{GDPR_CONSENT}}&u=${{US_PRIVACY}}&p=${{GPP_STRING}}&s=${{GPP_SID}}"
            )
        };
        let partner = |name: &str, url: &str| json!({"id": name, "name": name, "endpoint": format!("{url}/bid"), "active": true, "sync_url": sync(name)});
        let mut partners = [
            partner("listed", &listed),
            partner("other", &other),
            partner("unlisted", &unlisted),
            partner("own", ""),
            partner("off", "http://127.0.0.1:1"),
        ];
        partners[0]["vendor_id"] = json!(3);
        partners[1]["vendor_id"] = json!(755);
        partners[3]["endpoint"] = json!("self:bidder");
        partners[3]["sync_url"] = json!("self:dmp");
        partners[4]["active"] = json!(false);
        partners.iter_mut().for_each(change);
        let mut told = vec![
            ("redis_url", redis.state_url.as_str()),
            ("bidder_url", own.as_str()),
            ("dmp_url", "https://dmp.example"),
            // A busy machine must not make a lookup time out.
            ("sync.wait", "400ms"),
        ];
        told.extend_from_slice(more);
        let budget = Budget {
            off_path: Duration::from_secs(10),
            ..Budget::default()
        };
        let table = UserState::connect(&redis.state_url, budget).unwrap();
        table.ping().await.unwrap();
        let rig = Rig::selling(&ssps(), &json!(partners), &told).await;
        Self { rig, dsps, table }
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        send(Method::GET, &self.rig.url(path), headers, Bytes::new()).await
    }

    /// What is stored of a user, by partner.
    pub(crate) async fn stored(&self, user: &str) -> BTreeMap<String, String> {
        let Matches(found) = self.table.load_matches(user).await.unwrap();
        let found = found.iter();
        found
            .map(|it| (it.partner.to_string(), it.uid.to_string()))
            .collect()
    }

    pub(crate) async fn note(&self, user: &str, partner: &str, uid: &str) {
        let terms = MatchTerms {
            life: Duration::from_secs(3_600),
            most: 64,
        };
        let partner = partner.into();
        let noted = self.table.note_match(user, &partner, uid, terms);
        assert_eq!(noted.await.unwrap(), userstate::Noted::Known);
    }

    /// `user.buyeruid` of what each DSP was asked last.
    pub(crate) fn buyeruids(&self) -> [Value; 4] {
        self.dsps
            .each_ref()
            .map(|dsp| dsp.last_asked().json()["user"]["buyeruid"].clone())
    }

    pub(crate) async fn metric(&self, line: &str) -> bool {
        let metrics = self.get("/metrics", &[]).await.text();
        metrics.lines().any(|told| told.starts_with(line))
    }
}

pub(crate) fn visitor() -> String {
    let visitors = Visitors {
        cookie: "gavel_uid",
        prefix: "usr_",
        domain: String::new(),
        life: Duration::ZERO,
        is_secure: false,
    };
    visitors.welcome(clock::now())
}

pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let mut query = String::new();
    for (name, value) in pairs {
        query.push_str(&format!("&{name}="));
        openrtb::macros::percent_encode(value, &mut query);
    }
    query
}

/// The addresses of a page's images and frames, in their order.
pub(crate) fn calls(page: &str) -> Vec<String> {
    sources(page, "")
}

/// The addresses of a page's images.
pub(crate) fn images(page: &str) -> Vec<String> {
    sources(page, "<img")
}

/// The addresses that stand behind these openings of elements.
pub(crate) fn sources(page: &str, opening: &str) -> Vec<String> {
    let begins = format!("{opening} src=\"");
    let parts = page.split(&begins).skip(1);
    parts
        .map(|part| part.split('"').next().unwrap().replace("&amp;", "&"))
        .collect()
}

/// A request of somebody who chose this, for user `id`.
pub(crate) fn request(said: &[(&str, &str)], field: Option<&str>, id: &str) -> String {
    let mut choice = UrlChoice::read(said.iter().copied());
    choice.opts_out = field == Some("sec-gpc");
    choice.untracked = field == Some("dnt");
    let mut request: Value = serde_json::from_slice(&choice.to_request()).unwrap();
    request["tmax"] = json!(1_000);
    request["imp"] = json!([{"id": "1", "banner": {"format": [{"w": 300, "h": 250}]}}]);
    request["user"]["id"] = json!(id);
    request.to_string()
}

pub(crate) fn encoded(value: &str) -> String {
    let mut text = String::new();
    openrtb::macros::percent_encode(value, &mut text);
    text
}
