//! The same journey as production connects: over TCP, with a password.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod stack;

use gavel::settings::Stores;
use serde_json::json;
use stack::Stack;
use testkit::PrivateStores;
use testkit::http::post_json;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_visit_over_tcp_with_a_password() {
    let stores = tokio::task::spawn_blocking(PrivateStores::start_with_tcp)
        .await
        .unwrap();
    let urls = stores.embedded().tcp_urls().unwrap().clone();
    let stack = Stack::start_on(Stores {
        database: urls.database,
        state_redis: urls.state_redis,
        events_redis: urls.events_redis,
    })
    .await;
    let flow = post_json(&stack.rtb("/demo/rtb-flow-simple"), &json!({}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(flow["status"], "success", "{flow:#}");
    stack.stop().await;
    tokio::task::spawn_blocking(move || drop(stores))
        .await
        .unwrap();
}
