//! The services as production runs them: one process each, TCP, passwords, keys; killed and started again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testkit::http::{Answer, send, try_send};
use testkit::{PrivateStores, poll_until};

const PATIENCE: Duration = Duration::from_secs(60);
const TOKEN: &str = "the-service-token-of-this-test-and-no-other";
const EXCHANGE_KEY: &str = "what-the-bidder-knows-the-exchange-by";
const SSP_KEY: &str = "what-the-exchange-knows-the-ssp-by";

/// Four processes and what they are told.
struct Services {
    environment: Vec<(String, String)>,
    ports: [u16; 5],
    data: PathBuf,
    running: Vec<(&'static str, Child)>,
}

impl Services {
    fn new(stores: &PrivateStores) -> Self {
        let free = [(); 5].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = free.map(|listener| listener.local_addr().unwrap().port());
        let [control_plane, bidder, ssp, rtb, dmp] = ports.map(|port| format!("127.0.0.1:{port}"));
        let data = std::env::temp_dir().join(format!("gavel-alone-{}", std::process::id()));
        let urls = stores.embedded().tcp_urls().unwrap();
        let dir = |name: &str| data.join(name).display().to_string();
        for name in ["bidder", "exchange", "dmp"] {
            std::fs::create_dir_all(data.join(name)).unwrap();
        }
        let told = [
            ("DATABASE_URL", urls.database.clone()),
            ("REDIS_URL", urls.state_redis.clone()),
            ("EVENTS_REDIS_URL", urls.events_redis.clone()),
            ("GAVEL_SERVICE_TOKEN", TOKEN.into()),
            ("GAVEL__CONTROL_PLANE__LISTEN", control_plane.clone()),
            (
                "GAVEL__CONTROL_PLANE__FINAL_LOSS_SOURCES",
                "[\"exchange\"]".into(),
            ),
            ("GAVEL__BIDDER__LISTEN", bidder.clone()),
            (
                "GAVEL__BIDDER__CONTROL_PLANE_URL",
                format!("http://{control_plane}"),
            ),
            ("GAVEL__BIDDER__DATA_DIR", dir("bidder")),
            ("GAVEL__BIDDER__SOURCES__EXCHANGE__KEY", EXCHANGE_KEY.into()),
            (
                "GAVEL__BIDDER__SOURCES__EXCHANGE__LOSS_IS_FINAL",
                "true".into(),
            ),
            ("GAVEL__EXCHANGE__LISTEN", rtb),
            ("GAVEL__EXCHANGE__SSP_LISTEN", ssp),
            (
                "GAVEL__EXCHANGE__CONTROL_PLANE_URL",
                format!("http://{control_plane}"),
            ),
            ("GAVEL__EXCHANGE__BIDDER_URL", format!("http://{bidder}")),
            ("GAVEL__EXCHANGE__BIDDER_KEY", EXCHANGE_KEY.into()),
            ("GAVEL__EXCHANGE__ALLOW_PRIVATE_UPSTREAMS", "true".into()),
            ("GAVEL__EXCHANGE__ACCOUNTS__SSP__KEY", SSP_KEY.into()),
            ("GAVEL__EXCHANGE__DATA_DIR", dir("exchange")),
            ("GAVEL__DMP__LISTEN", dmp),
            (
                "GAVEL__DMP__CONTROL_PLANE_URL",
                format!("http://{control_plane}"),
            ),
            ("GAVEL__DMP__DATA_DIR", dir("dmp")),
        ];
        let environment = told.map(|(key, value)| (key.to_owned(), value)).to_vec();
        Self {
            environment,
            ports,
            data,
            running: Vec::new(),
        }
    }

    fn start(&mut self, name: &'static str) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gavel"));
        command.arg(name).envs(self.environment.iter().cloned());
        if name == "control-plane" {
            command.arg("--migrate");
        }
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.running.push((name, child));
    }

    fn take(&mut self, name: &str) -> Child {
        let at = self
            .running
            .iter()
            .position(|(running, _)| *running == name)
            .unwrap();
        self.running.remove(at).1
    }

    /// `kill -9`, and the same service again.
    fn kill_and_restart(&mut self, name: &'static str) {
        let mut child = self.take(name);
        child.kill().unwrap();
        child.wait().unwrap();
        self.start(name);
    }

    fn url(&self, service: usize, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports[service])
    }

    async fn ready(&mut self) {
        for service in 0..5 {
            let url = self.url(service, "/readyz");
            poll_until(PATIENCE, async || {
                for (name, child) in &mut self.running {
                    let ended = child.try_wait().unwrap();
                    assert!(ended.is_none(), "{name} ended: {ended:?}");
                }
                try_send(Method::GET, &url, &[], "")
                    .await
                    .is_ok_and(|answer| answer.status == 200)
            })
            .await;
        }
    }

    async fn api(&self, method: Method, path: &str, body: Value) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        send(method, &self.url(0, path), &headers, body).await
    }

    /// An auction of this SSP that our bidder wins; its answer.
    async fn won(&self, id: &str) -> Value {
        let request = json!({
            "id": id, "at": 1, "tmax": 500, "imp": [{"id": "1", "bidfloor": 0.5, "banner": {"w": 300, "h": 250}}],
            "site": {"domain": "harbour-gazette.example"}, "device": {"devicetype": 2, "ip": "203.0.113.4"},
        });
        poll_until(PATIENCE, async || {
            let headers = [
                ("x-gavel-key", SSP_KEY),
                ("content-type", "application/json"),
            ];
            let url = self.url(3, "/openrtb2/auction");
            let answer = try_send(Method::POST, &url, &headers, request.to_string())
                .await
                .ok()?;
            (answer.status == 200).then(|| answer.json())
        })
        .await
    }

    /// Calls a billing notice as an SSP does, until it is acknowledged.
    async fn bill(&self, won: &Value) {
        let burl = won["seatbid"][0]["bid"][0]["burl"].as_str().unwrap();
        poll_until(PATIENCE, async || {
            try_send(Method::GET, burl, &[], "")
                .await
                .is_ok_and(|answer| answer.status == 200)
        })
        .await;
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        for (_, child) in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_acknowledged_is_charged_once_whoever_is_killed() {
    // R1, R3, R4 in small
    let stores = tokio::task::spawn_blocking(PrivateStores::start_with_tcp)
        .await
        .unwrap();
    let mut services = Services::new(&stores);
    for name in ["control-plane", "dmp", "bidder", "exchange"] {
        services.start(name);
    }
    poll_until(PATIENCE, async || {
        let url = services.url(0, "/readyz");
        try_send(Method::GET, &url, &[], "")
            .await
            .is_ok_and(|answer| answer.status == 200)
    })
    .await;
    let advertiser = json!({"id": "shop", "name": "Shop", "domain": "shop.example"});
    let _ = services
        .api(Method::POST, "/advertisers", advertiser)
        .await
        .expect_status(201);
    let campaign = json!({
        "id": "sale", "name": "Sale", "advertiser_id": "shop", "budget": 1,
        "bid": {"type": "cpm", "cpm": 8, "max_cpm": 8}, "creative": {"title": "Sale", "description": "Now"},
    });
    let _ = services
        .api(Method::POST, "/campaigns", campaign)
        .await
        .expect_status(201);
    let partner = json!({"id": "ours", "name": "ours", "endpoint": "self:bidder", "active": true});
    let _ = services
        .api(Method::POST, "/demand-partners", partner)
        .await
        .expect_status(201);
    services.ready().await;

    // Nobody without a key.
    let open = json!({"id": "x", "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}]}).to_string();
    for (service, path) in [(1, "/bid"), (3, "/openrtb2/auction")] {
        let json = [("content-type", "application/json")];
        let answer = send(
            Method::POST,
            &services.url(service, path),
            &json,
            open.clone(),
        )
        .await;
        assert_eq!(answer.status, 401, "{path}: {answer}");
    }

    let mut acknowledged = 0;
    for killed in ["", "bidder", "control-plane", "exchange", "dmp"] {
        for number in 0..3 {
            let won = services.won(&format!("{killed}-{number}")).await;
            if number == 1 && !killed.is_empty() {
                // Between the win and its bill.
                services.kill_and_restart(killed);
            }
            services.bill(&won).await;
            services.bill(&won).await;
            acknowledged += 1;
        }
    }
    services.ready().await;
    let want = units::Nanos(8_000_000 * acknowledged);
    let spend = poll_until(PATIENCE, async || {
        let spend = services
            .api(Method::GET, "/campaigns/sale/spend", Value::Null)
            .await;
        let spend = (spend.status == 200).then(|| spend.json())?;
        (spend["impressions"] == acknowledged).then_some(spend)
    })
    .await;
    let nanos = |key: &str| units::Nanos::parse(&spend[key].to_string()).unwrap();
    assert_eq!(
        nanos("spend"),
        want,
        "each acknowledged notice is charged, once: {spend:#}"
    );
    assert_eq!(
        nanos("spend") + nanos("reserved") + nanos("remaining"),
        nanos("budget"),
        "{spend:#}"
    );
    assert_eq!(nanos("late_unfunded"), units::Nanos::ZERO, "{spend:#}");
    let invariants = services
        .api(Method::GET, "/ops/invariants", Value::Null)
        .await
        .expect_status(200)
        .json();
    assert_eq!(invariants["imbalance_nanos"], 0, "{invariants:#}");

    for name in ["exchange", "bidder", "dmp", "control-plane"] {
        let mut child = services.take(name);
        let sent = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        let status = poll_until(PATIENCE, async || child.try_wait().unwrap()).await;
        assert!(
            status.success(),
            "SIGTERM drains {name} and ends it well: {status}"
        );
    }
    drop(services);
    tokio::task::spawn_blocking(move || drop(stores))
        .await
        .unwrap();
}
