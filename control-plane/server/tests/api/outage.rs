//! Postgres going away and coming back, and what nobody may change in it.

use std::time::Duration;

use crate::plane::Plane;
use serde_json::json;
use testkit::poll_until;
use tokio_postgres::{Client, Config, NoTls};

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn without_postgres_the_api_says_503_and_comes_back_by_itself() {
    // R17, R19
    let plane = Plane::start().await;
    plane.advertiser().await;
    let config: Config = plane.database_url.parse().unwrap();
    let name = config.get_dbname().unwrap().to_owned();
    let maintenance = connect(config.clone().dbname("postgres")).await;
    let door = |open: bool| format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {open}");
    maintenance.batch_execute(&door(false)).await.unwrap();
    let sessions =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1";
    poll_until(LONG, async || {
        maintenance.query_one(sessions, &[&name]).await.unwrap();
        plane.get("/campaigns").await.status == 503
    })
    .await;
    let refused = plane.get("/campaigns").await.expect_status(503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.json()["code"], "unavailable");
    let health = poll_until(LONG, async || {
        let health = plane.get("/health").await;
        (health.json()["status"] == "degraded").then_some(health)
    })
    .await;
    assert_eq!(health.status, 200, "degraded is not dead: {health}");
    assert_eq!(plane.get("/readyz").await.status, 200);

    maintenance.batch_execute(&door(true)).await.unwrap();
    poll_until(LONG, async || plane.get("/campaigns").await.status == 200).await;
    poll_until(LONG, async || {
        plane.get("/health").await.json()["status"] == "healthy"
    })
    .await;
}

#[tokio::test]
async fn the_audit_log_is_append_only_and_shows_tampering() {
    // S4
    let plane = Plane::start().await;
    plane.advertiser().await;
    let changed = plane
        .patch("/advertisers/advertiser_001", json!({"name": "New"}))
        .await
        .expect_status(200);
    let page = plane.get("/audit").await.expect_status(200).json();
    let newest = &page["items"][0];
    assert_eq!(
        (&newest["action"], &newest["kind"]),
        (&json!("update"), &json!("advertiser"))
    );
    assert_eq!(
        (&newest["before"], &newest["after"]),
        (&json!({"name": "Shop"}), &json!({"name": "New"}))
    );
    assert_eq!(newest["ip"], "127.0.0.0/24", "the network, not the host");
    assert_eq!(
        newest["request_id"].as_str(),
        changed.header("x-request-id")
    );

    let client = connect(&plane.database_url.parse().unwrap()).await;
    for statement in [
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "TRUNCATE audit",
    ] {
        let refused = client.batch_execute(statement).await.expect_err(statement);
        assert!(
            refused
                .as_db_error()
                .unwrap()
                .message()
                .contains("append-only"),
            "{refused:?}"
        );
    }
    assert_eq!(
        plane.get("/ops/invariants").await.json()["audit_entries_broken"],
        0
    );
    // Whoever owns the server can switch triggers off; what then changes no longer fits its seal.
    client
        .batch_execute("SET session_replication_role = replica; UPDATE audit SET actor = 'nobody' WHERE seq = 1")
        .await
        .unwrap();
    let findings = plane.get("/ops/invariants").await.json();
    assert_eq!(
        (&findings["holds"], &findings["audit_entries_broken"]),
        (&json!(false), &json!(1))
    );
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("Postgres");
    tokio::spawn(connection);
    client
}
