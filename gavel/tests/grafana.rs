//! Every panel's query, asked of a real Prometheus that scrapes the running market.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod stack;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use stack::{PATIENCE, Stack};
use testkit::http::{get, post_json, try_send};
use testkit::poll_until;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The programs of Prometheus, where they are installed.
fn installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

struct Prometheus {
    child: Child,
    url: String,
    dir: PathBuf,
}

impl Prometheus {
    /// Our own configuration, with the targets of this test and a faster pace.
    fn start(stack: &Stack) -> Self {
        let dir = std::env::temp_dir().join(format!("gavel-prometheus-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let mut config =
            std::fs::read_to_string(repository().join("grafana/prometheus/prometheus.yml"))
                .unwrap();
        let rules =
            std::fs::read_to_string(repository().join("grafana/prometheus/rules.yml")).unwrap();
        std::fs::write(dir.join("rules.yml"), rules).unwrap();
        for (target, url) in [
            ("control-plane:8001", stack.api("")),
            ("bidder:8002", stack.bidder("")),
            ("exchange:8003", stack.ssp("")),
            ("exchange:8004", stack.rtb("")),
            ("dmp:8005", stack.dmp("")),
        ] {
            assert!(config.contains(target), "prometheus.yml scrapes {target}");
            config = config.replace(target, url.trim_start_matches("http://"));
        }
        config = config.replace("5s", "1s");
        std::fs::write(dir.join("prometheus.yml"), config).unwrap();
        let port = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let child = Command::new("prometheus")
            .arg(format!(
                "--config.file={}",
                dir.join("prometheus.yml").display()
            ))
            .arg(format!(
                "--storage.tsdb.path={}",
                dir.join("tsdb").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            dir,
        }
    }

    /// Its answer; `None` while it is starting, when it refuses connections or says 503.
    async fn query(&self, expression: &str) -> Option<Value> {
        let query: String = url::form_urlencoded::byte_serialize(expression.as_bytes()).collect();
        let url = format!("{}/api/v1/query?query={query}", self.url);
        let answer = try_send(http::Method::GET, &url, &[], "").await.ok()?;
        (answer.status != 503).then(|| answer.json())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn panels() -> Vec<(String, String)> {
    let file = std::fs::read(repository().join("grafana/dashboards/overview.json")).unwrap();
    let dashboard: Value = serde_json::from_slice(&file).unwrap();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 30);
    let mut ids = std::collections::BTreeSet::new();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(
            ids.insert(panel["id"].as_u64().unwrap()),
            "panel ids are unique"
        );
        assert_eq!(
            panel["datasource"]["uid"], "gavel-prometheus",
            "the provisioned datasource"
        );
        for target in panel["targets"].as_array().unwrap() {
            queries.push((
                panel["title"].as_str().unwrap().into(),
                target["expr"].as_str().unwrap().into(),
            ));
        }
    }
    queries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_panel_has_data_after_a_few_visits() {
    if !installed("prometheus") {
        return testkit::skip(
            "every_panel_has_data_after_a_few_visits",
            "prometheus is not installed",
        );
    }
    let stack = Stack::start().await;
    let prometheus = Prometheus::start(&stack);
    for (title, expression) in panels() {
        let expression = expression.replace("$__rate_interval", "10s");
        poll_until(PATIENCE, async || {
            // Traffic goes on while Prometheus collects, so that rates have something to show.
            let _ = post_json(&stack.rtb("/demo/rtb-flow-simple"), &json!({})).await;
            let Some(answer) = prometheus.query(&expression).await else {
                return false;
            };
            assert_ne!(
                answer["status"], "error",
                "{title}: {expression}: {answer:#}"
            );
            answer["data"]["result"]
                .as_array()
                .is_some_and(|series| !series.is_empty())
        })
        .await;
    }
    let rules = get(&format!("{}/api/v1/rules", prometheus.url))
        .await
        .expect_status(200)
        .json();
    assert!(!rules["data"]["groups"].as_array().unwrap().is_empty());
    drop(prometheus);
    stack.stop().await;
}

/// E11: every new alert fires when it must, and the catalog's not before.
#[test]
fn alerts_fire_when_they_must() {
    if !installed("promtool") {
        return testkit::skip("alerts_fire_when_they_must", "promtool is not installed");
    }
    let tested = Command::new("promtool")
        .args(["test", "rules", "grafana/prometheus/rules.test.yml"])
        .current_dir(repository())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success(), "{told}");
}
