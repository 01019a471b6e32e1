//! The five services and the demo DSPs on free ports, over this run's Postgres and Redis.

#![allow(dead_code, reason = "each journey uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

pub(crate) mod server;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gavel::settings::Stores;
use gavel::up::{Market, Ports, Settings, Urls};
use serde_json::{Value, json};
use testkit::http::{get, patch_json, post_json};
use testkit::poll_until;

/// Long enough for any state to come about on however busy a machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A market that this test has to itself.
pub(crate) struct Stack {
    /// Where everything answers.
    pub(crate) urls: Urls,
    market: Option<Market>,
    data_dir: PathBuf,
}

impl Stack {
    /// A seeded market over the stores of this test run.
    pub(crate) async fn start() -> Self {
        let stores = testkit::stores();
        let redis = stores.redis().await;
        Self::start_on(Stores {
            database: stores.database().await.url,
            state_redis: redis.state_url,
            events_redis: redis.events_url,
        })
        .await
    }

    /// A seeded market over these stores.
    pub(crate) async fn start_on(stores: Stores) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("gavel-journey-{}-{number}", std::process::id());
        let data_dir = std::env::temp_dir().join(name);
        for service in ["bidder", "exchange", "dmp"] {
            std::fs::create_dir_all(data_dir.join(service)).unwrap();
        }
        let settings = Settings {
            data_dir: data_dir.clone(),
            config: None,
            service_token: "a-token-of-the-test-and-of-nothing-else".into(),
            local_mode: true,
            trace_sample_percent: 100,
            public_host: None,
        };
        let market = tokio::task::spawn_blocking(move || {
            let ports = Ports::bind(0).unwrap();
            Market::start(&settings, &stores, ports).unwrap_or_else(|error| panic!("{error:#}"))
        })
        .await
        .unwrap();
        Self {
            urls: market.urls.clone(),
            market: Some(market),
            data_dir,
        }
    }

    /// Drains every service and waits for its end.
    pub(crate) async fn stop(mut self) {
        let market = self.market.take().unwrap();
        tokio::task::spawn_blocking(move || {
            market.stop().unwrap_or_else(|error| panic!("{error:#}"))
        })
        .await
        .unwrap();
    }

    /// Where the services keep their data.
    pub(crate) fn data_dir(&self) -> &std::path::Path {
        &self.data_dir
    }

    /// A URL of the exchange's RTB side.
    pub(crate) fn rtb(&self, path: &str) -> String {
        format!("{}{path}", self.urls.exchange_rtb)
    }

    /// A URL of the exchange's SSP side.
    pub(crate) fn ssp(&self, path: &str) -> String {
        format!("{}{path}", self.urls.exchange_ssp)
    }

    /// A URL of the control plane.
    pub(crate) fn api(&self, path: &str) -> String {
        format!("{}{path}", self.urls.control_plane)
    }

    /// A URL of the bidder.
    pub(crate) fn bidder(&self, path: &str) -> String {
        format!("{}{path}", self.urls.bidder)
    }

    /// A URL of the DMP.
    pub(crate) fn dmp(&self, path: &str) -> String {
        format!("{}{path}", self.urls.dmp)
    }

    /// What the exchange remembers of an auction; the record is made off the answer's path.
    pub(crate) async fn auction(&self, id: &str) -> Value {
        let url = self.rtb(&format!("/auction/{id}"));
        poll_until(PATIENCE, async || {
            let answer = get(&url).await;
            (answer.status != 404).then(|| answer.expect_status(200).json())
        })
        .await
    }

    /// What is stored of a user, or nothing.
    pub(crate) async fn stored(&self, user: &str) -> Value {
        let answer = get(&self.dmp(&format!("/user/{user}/export"))).await;
        match answer.status {
            404 => Value::Null,
            _ => answer.expect_status(200).json()["stored"].clone(),
        }
    }

    /// A campaign's money.
    pub(crate) async fn spend(&self, campaign: &str) -> Value {
        get(&self.api(&format!("/campaigns/{campaign}/spend")))
            .await
            .expect_status(200)
            .json()
    }

    /// Turns every demand partner off, then adds one at `endpoint`, and waits until only it is asked.
    pub(crate) async fn only_partner(&self, name: &str, endpoint: &str) {
        let partners = get(&self.api("/demand-partners"))
            .await
            .expect_status(200)
            .json();
        for partner in partners["items"].as_array().unwrap() {
            let path = format!("/demand-partners/{}", partner["id"].as_str().unwrap());
            let off = json!({"active": false});
            let _ = patch_json(&self.api(&path), &off).await.expect_status(200);
        }
        let partner =
            json!({"name": name, "endpoint": endpoint, "openrtb_version": "2.6", "active": true});
        let made = post_json(&self.api("/demand-partners"), &partner)
            .await
            .expect_status(201)
            .json();
        let request = json!({"id": "probe", "imp": [{"id": "1", "banner": {"w": 1, "h": 1}}]});
        poll_until(PATIENCE, async || {
            let answer = post_json(&self.rtb("/openrtb2/auction"), &request).await;
            let record = self
                .auction(answer.header("x-gavel-auction-id").unwrap())
                .await;
            asked(&record) == [made["id"].as_str().unwrap()]
        })
        .await;
    }
}

/// What a partner calls a user, by what is stored of that one.
pub(crate) fn uid(stored: &Value, partner: &str) -> Option<String> {
    let kept = stored[format!("id:{partner}")].as_str()?;
    kept.split_once(' ').map(|(_until, uid)| uid.to_owned())
}

/// The DSPs that an auction asked.
pub(crate) fn asked(record: &Value) -> Vec<&str> {
    let dsps = record["dsps"].as_array().unwrap().iter();
    dsps.filter(|dsp| dsp["asked"] == true)
        .map(|dsp| dsp["dsp"].as_str().unwrap())
        .collect()
}

impl Drop for Stack {
    fn drop(&mut self) {
        // A test that failed leaves its threads to the end of the process.
        let _ = std::fs::remove_dir_all(&self.data_dir);
    }
}
