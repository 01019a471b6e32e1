//! The generator against scripted DSPs over real sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use loadtest::driver::drive;
use loadtest::partners::{self, Behaviour, Examples, Market, PartnerStats};
use loadtest::report::Report;
use loadtest::scenario::Scenario;
use serde_json::Value;
use service::client::Target;
use service::{Shutdown, Trigger};

struct Partner {
    target: Target,
    stats: Arc<PartnerStats>,
    trigger: Trigger,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Partner {
    fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target =
            Target::parse(&format!("http://{}/bid", listener.local_addr().unwrap())).unwrap();
        let stats = Arc::new(PartnerStats::default());
        let (trigger, shutdown) = Shutdown::new();
        let seen = Arc::clone(&stats);
        let thread = std::thread::spawn(move || {
            partners::run("partner", listener, behaviour, seen, shutdown)
        });
        Self {
            target,
            stats,
            trigger,
            thread,
        }
    }

    fn stop(self) {
        self.trigger.fire();
        self.thread.join().unwrap().unwrap();
    }
}

fn short(rate: u32) -> Scenario {
    Scenario {
        rate,
        duration: Duration::from_millis(500),
        ..Scenario::default()
    }
}

fn one(scenario: &Scenario, target: &Target) -> Report {
    let mut reports = drive(scenario, target, &Shutdown::new().1, |_| ()).unwrap();
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

#[test]
fn rates_follow_one_another_and_each_is_told_of_by_itself() {
    let partner = Partner::start(Behaviour::Slow(Duration::ZERO));
    let scenario = Scenario {
        then: vec![
            (400, Duration::from_millis(250)),
            (40, Duration::from_millis(250)),
        ],
        ..short(100)
    };
    let reports = drive(&scenario, &partner.target, &Shutdown::new().1, |_| ()).unwrap();
    let due: Vec<u64> = reports.iter().map(Report::due).collect();
    assert_eq!(due, [50, 100, 10]);
    assert!(
        reports
            .iter()
            .all(|report| report.elapsed >= Duration::from_millis(200))
    );
    partner.stop();
}

#[test]
fn every_request_that_was_due_is_accounted_for() {
    let partner = Partner::start(Behaviour::Market(Market::broad("seat", "broad.example")));
    let report = one(&short(200), &partner.target);
    assert_eq!(report.due(), 100, "200 a second for half a second");
    assert_eq!(report.answered(), 100);
    assert!(
        report.bids > 0 && report.no_bids > 0,
        "{}",
        report.to_table()
    );
    assert_eq!(partner.stats.requests.load(Ordering::Relaxed), 100);
    partner.stop();
}

#[test]
fn a_slow_server_cannot_hide_behind_the_generator() {
    // E9: an open loop; each request waits its own time, and the rate is kept.
    let partner = Partner::start(Behaviour::Slow(Duration::from_millis(300)));
    let report = one(&short(100), &partner.target);
    assert_eq!(report.no_bids, 50, "{}", report.to_table());
    assert!(report.percentile_ms(50.0) >= 300.0, "{}", report.to_table());
    partner.stop();
}

#[test]
fn a_server_that_is_away_is_counted_as_failed() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let target = Target::parse(&format!("http://{free}/bid")).unwrap();
    let report = one(&short(40), &target);
    assert_eq!((report.failed, report.answered()), (20, 0));
    assert!(report.error_share() > 0.99);
}

#[tokio::test]
async fn an_example_is_answered_as_recorded() {
    let dir =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/testkit/fixtures/openrtb");
    let partner = Partner::start(Behaviour::Examples(Examples::load(&dir).unwrap()));
    for number in testkit::fixtures::OPENRTB {
        let (request, response) = testkit::fixtures::openrtb(number);
        let url = partner.target.url().as_str();
        let kind = [("content-type", "application/json")];
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let answer = testkit::http::send(http::Method::POST, url, &kind, request.clone()).await;
        assert_eq!(answer.status, 200, "{number}");
        assert_eq!(answer.text(), response, "{number}: to the byte");
        let (mut own, mut expect): (Value, Value) = (json(&request), json(&response));
        own["id"] = "an exchange's own".into();
        expect["id"] = own["id"].clone();
        let answer = testkit::http::send(http::Method::POST, url, &kind, own.to_string()).await;
        let answer = answer.json();
        if number == 4 || number == 5 {
            // The two sell the same in two forms, and have the same ad.
            let crid = |answer: &Value| answer["seatbid"][0]["bid"][0]["crid"].clone();
            assert_eq!(crid(&answer), crid(&expect), "{number}");
            assert_eq!(answer["id"], expect["id"], "X-2 {number}");
        } else {
            assert_eq!(answer, expect, "X-2 {number}");
        }
    }
    partner.stop();
}
