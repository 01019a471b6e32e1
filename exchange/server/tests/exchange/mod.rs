//! An exchange on free ports before any number of scripted DSPs.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

pub(crate) mod faulty;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use contracts::catalog::Catalog;
use exchange_server::{Config, Listeners};
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use service::http::{self as answers, Request, StatusCode};
use service::{Shutdown, Trigger};
use testkit::http::{Answer, get, post_json, send};
use testkit::poll_until;

use crate::market::{ControlPlane, PATIENCE, Server, TOKEN, key};

/// A bid request that a DSP got.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub headers: HeaderMap,
    pub body: String,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// A DSP: bid requests on `/bid` (after a while on `/later`, too late on `/slow`), notices on every other path.
pub(crate) struct Dsp {
    pub server: Server,
    asked: Arc<Mutex<Vec<Asked>>>,
    told: Arc<Mutex<Vec<String>>>,
    told_headers: Arc<Mutex<Vec<HeaderMap>>>,
    /// What notices are answered.
    pub notice_status: Arc<Mutex<u16>>,
}

/// What a bid request is answered: `None` is 204.
type Script = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Dsp {
    /// `answer` gets the body of the request; `{SELF}` in its answer becomes the DSP's own URL.
    pub(crate) fn start(answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        let answer: Script = Box::new(answer);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::new(Mutex::new(Vec::new()));
        let told_headers = Arc::new(Mutex::new(Vec::new()));
        let notice_headers = Arc::clone(&told_headers);
        let notice_status = Arc::new(Mutex::new(204));
        let (requests, notices, status) = (
            Arc::clone(&asked),
            Arc::clone(&told),
            Arc::clone(&notice_status),
        );
        let pause = |request: &Request| {
            Duration::from_millis(match request.path.as_str() {
                "/slow" => 3_000,
                "/later" => 60,
                _ => 0,
            })
        };
        let server = Server::start(pause, move |request| {
            if !matches!(request.path.as_str(), "/bid" | "/later" | "/slow") {
                let query = request.query.clone().unwrap_or_default();
                notice_headers.lock().unwrap().push(request.headers.clone());
                notices
                    .lock()
                    .unwrap()
                    .push(format!("{}?{query}", request.path));
                let status = StatusCode::from_u16(*status.lock().unwrap()).unwrap();
                return answers::status(status);
            }
            let body = String::from_utf8(request.body.to_vec()).unwrap();
            let said = answer(&body);
            requests.lock().unwrap().push(Asked {
                headers: request.headers.clone(),
                body,
            });
            let host = request.header("host").unwrap_or_default();
            match said {
                Some(body) => {
                    let body = body.replace("{SELF}", &format!("http://{host}"));
                    answers::json(StatusCode::OK, body.into_bytes())
                }
                None => answers::no_content(),
            }
        });
        Self {
            server,
            asked,
            told,
            told_headers,
            notice_status,
        }
    }

    /// A DSP that bids this on imp `1`, for requests with any id.
    pub(crate) fn bidding(bid: &'static str) -> Self {
        Self::start(move |body| {
            let request: Value = serde_json::from_str(body).unwrap();
            Some(format!(
                r#"{{"id":{},"bidid":"answer-1","seatbid":[{{"seat":"seat-1","bid":[{{"id":"b1","impid":"1",{bid}}}]}}]}}"#,
                request["id"]
            ))
        })
    }

    pub(crate) fn last_asked(&self) -> Asked {
        self.asked
            .lock()
            .unwrap()
            .last()
            .cloned()
            .expect("the DSP was asked")
    }

    pub(crate) fn times_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    pub(crate) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    /// Waits until this many notices have come, and returns the header fields of each.
    pub(crate) async fn wait_told_headers(&self, many: usize) -> Vec<HeaderMap> {
        poll_until(PATIENCE, async || {
            let told = self.told_headers.lock().unwrap().clone();
            (told.len() >= many).then_some(told)
        })
        .await
    }

    /// Waits until a notice with this text has come, and returns it.
    pub(crate) async fn wait_told(&self, part: &str) -> String {
        poll_until(PATIENCE, async || {
            self.told().into_iter().find(|notice| notice.contains(part))
        })
        .await
    }
}

/// The running exchange.
pub(crate) struct Rig {
    pub rtb: String,
    pub ssp: String,
    pub events_url: String,
    pub control_plane: ControlPlane,
    trigger: Trigger,
    running: Option<JoinHandle<()>>,
}

impl Rig {
    /// Before these partners: `(id, endpoint)`.
    pub(crate) async fn start(partners: &[(&str, String)]) -> Self {
        Self::configured(partners, &[]).await
    }

    pub(crate) async fn configured(partners: &[(&str, String)], more: &[(&str, &str)]) -> Self {
        let partners: Vec<Value> = partners
            .iter()
            .map(|(id, endpoint)| json!({"id": id, "name": id, "endpoint": endpoint, "active": true}))
            .collect();
        Self::over(&json!(partners), more).await
    }

    /// Before the partners of this JSON.
    pub(crate) async fn over(partners: &Value, more: &[(&str, &str)]) -> Self {
        Self::with_catalog(catalog(partners), more).await
    }

    /// Before the partners of this JSON, with the publishers of another.
    pub(crate) async fn selling(
        publishers: &Value,
        partners: &Value,
        more: &[(&str, &str)],
    ) -> Self {
        let mut catalog = catalog(partners);
        catalog.publishers = serde_json::from_value(publishers.clone()).unwrap();
        Self::with_catalog(catalog, more).await
    }

    async fn with_catalog(catalog: Catalog, more: &[(&str, &str)]) -> Self {
        let redis = testkit::stores().redis().await;
        let control_plane = ControlPlane::start(catalog);
        let [rtb, ssp] = [(); 2].map(|()| std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap());
        let [rtb_url, ssp_url] =
            [&rtb, &ssp].map(|listener| format!("http://{}", listener.local_addr().unwrap()));
        let data_dir = std::env::temp_dir().join(format!(
            "gavel-auction-{}-{}",
            std::process::id(),
            rtb.local_addr().unwrap().port()
        ));
        let mut told: BTreeMap<String, String> = [
            ("public_url", rtb_url.as_str()),
            ("control_plane_url", &control_plane.server.url),
            ("events_redis_url", &redis.events_url),
            ("events_durability", "unchecked"),
            ("data_dir", &data_dir.to_string_lossy()),
            ("service_token", TOKEN),
            ("local_mode", "true"),
            ("record_one_in", "1"),
            ("record_after", "0ms"),
            ("workers", "2"),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
        for (key, value) in more {
            told.insert((*key).to_owned(), (*value).to_owned());
        }
        let told: Vec<(String, String)> = told.into_iter().collect();
        let config: Config = service::config::load(
            "exchange",
            Config::DEFAULTS,
            None,
            std::iter::empty(),
            &told,
        )
        .unwrap();
        let (trigger, shutdown) = Shutdown::new();
        let running = std::thread::spawn(move || {
            let listeners = Listeners {
                rtb: rtb.into(),
                ssp: ssp.into(),
            };
            exchange_server::run(config, listeners, shutdown).unwrap();
            let _ = std::fs::remove_dir_all(data_dir);
        });
        let rig = Self {
            rtb: rtb_url,
            ssp: ssp_url,
            events_url: redis.events_url.clone(),
            control_plane,
            trigger,
            running: Some(running),
        };
        let ready = rig.url("/readyz");
        poll_until(PATIENCE, async || get(&ready).await.status == 200).await;
        rig
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.rtb)
    }

    /// Runs an auction.
    pub(crate) async fn auction(&self, body: &str) -> Answer {
        self.auction_with(body, &[]).await
    }

    pub(crate) async fn auction_with(&self, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        let url = self.url("/openrtb2/auction");
        send(Method::POST, &url, &all, body.to_owned()).await
    }

    /// Publishes a placement of the catalog's publisher.
    pub(crate) fn place(&self, placement: &str) {
        let placement = json!([{
            "id": placement, "publisher": "paper", "name": placement, "formats": ["banner"],
            "sizes": ["300x250"], "floor": 500_000,
        }]);
        self.control_plane.publish(|catalog| {
            catalog.placements = serde_json::from_value(placement).unwrap();
        });
    }

    /// Runs an auction for a placement, as soon as its catalog is in force.
    pub(crate) async fn ad(&self, placement: &str) -> Answer {
        let url = format!("{}/ad-request", self.ssp);
        let ask = json!({"placement_id": placement});
        poll_until(PATIENCE, async || {
            let answer = post_json(&url, &ask).await;
            (answer.status != 404).then_some(answer)
        })
        .await
    }

    /// An auction's record.
    pub(crate) async fn record(&self, answer: &Answer) -> Value {
        self.record_of(answer.header("x-gavel-auction-id").expect("an auction id"))
            .await
    }

    /// The record of the auction of this id.
    pub(crate) async fn record_of(&self, id: &str) -> Value {
        let url = self.url(&format!("/auction/{id}"));
        poll_until(PATIENCE, async || {
            let found = get(&url).await;
            (found.status == 200).then(|| found.json())
        })
        .await
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.trigger.fire();
        let ended = self.running.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

fn catalog(partners: &Value) -> Catalog {
    let catalog = json!({
        "version": 1,
        "rates": {"id": 3, "per_usd": {"EUR": 920_000_000, "GBP": 790_000_000}},
        "publishers": [{"id": "paper", "name": "Paper", "domain": "paper.example", "fee": 100_000}],
        "partners": partners,
        "notice_keys": [key()],
    });
    serde_json::from_value(catalog).unwrap()
}

/// A request for one banner, with further members in front.
pub(crate) fn banner(more: &str) -> String {
    format!(
        r#"{{"id":"req-1","at":1,"tmax":1000,{more}"imp":[{{"id":"1","bidfloor":0.5,"secure":1,"banner":{{"format":[{{"w":300,"h":250}}]}}}}]}}"#
    )
}

/// A bid with markup and all three notices at the DSP itself.
pub(crate) const BID: &str = r#""price":1.5,"adid":"ad-1","cid":"campaign_1","crid":"creative_1","adomain":["shop.example"],"w":300,"h":250,"adm":"<a href=\"https://shop.example\">${AUCTION_PRICE}</a>","nurl":"{SELF}/win?i=${AUCTION_ID}&p=${AUCTION_PRICE}","burl":"{SELF}/bill?b=${AUCTION_BID_ID}&p=${AUCTION_PRICE}&c=${AUCTION_CURRENCY}","lurl":"{SELF}/loss?r=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}&p=${AUCTION_PRICE}""#;

/// The status is the expected one; what else the answer says does not matter.
pub(crate) fn expect(answer: Answer, status: u16) {
    let _ = answer.expect_status(status);
}
