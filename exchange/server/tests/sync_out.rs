//! What SSPs learn and send: `GET /sync/out`, and bid requests of their servers (C-143, S5, S13), over real sockets
//! and a real Redis.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod house;
mod market;

use std::time::Duration;

use bytes::Bytes;
use house::{House, SETUID, visitor};
use http::Method;
use serde_json::{Value, json};
use testkit::http::{Answer, send};

/// Purposes 1, 2 and 4; vendors 2 and 755.
const SOME: &str = "CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA";

/// The id that an SSP was told.
fn told(answer: &Answer) -> String {
    let to = answer.header("location").unwrap_or_default();
    let id = to.strip_prefix(SETUID).and_then(|it| it.split('&').next());
    id.unwrap_or_else(|| panic!("{} {to}", answer.status))
        .to_owned()
}

/// The pair of a cookie that was set.
fn pair(answer: &Answer) -> &str {
    let set = answer.header("set-cookie").unwrap();
    set.split(';').next().unwrap()
}

#[tokio::test]
async fn an_ssp_learns_our_id_and_its_servers_send_it() {
    let house = House::open(&[]).await;
    let first = house.get("/sync/out?ssp=ssp&gdpr=0", &[]).await;
    let id = told(&first);
    assert!(id.starts_with("usr_"), "{id}");
    assert_eq!(pair(&first), format!("gavel_uid={id}"));
    assert_eq!(first.header("cache-control"), Some("no-store"));
    let cookie = [("cookie", pair(&first))];
    let again = house.get("/sync/out?ssp=unlisted", &cookie).await;
    assert_eq!(told(&again), id, "one browser, one id");
    let line = r#"gavel_id_syncs_total{outcome="told"} 2"#;
    assert!(house.metric(line).await, "{line}");

    // The same browser on the sync page, then bid requests of the SSP's servers, which bring no cookie.
    let _ = house.get("/sync/in?partner=other&uid=o-1", &cookie).await;
    let foreign = "ssp-77";
    house.note(foreign, "other", "of-somebody-else").await;
    let other = visitor();
    house.note(&other, "other", "o-2").await;
    let nobody = Value::Null;
    let consent = json!({"regs": {"gdpr": 1}, "user": {"buyeruid": id, "consent": SOME}});
    let rows = [
        (
            "C-143 buyeruid is our id as the SSP has learned it",
            json!({"user": {"buyeruid": id}}),
            [json!(id), json!("o-1")],
        ),
        (
            "C-143 beside the SSP's own",
            json!({"user": {"buyeruid": id, "id": foreign}}),
            [json!(foreign), json!("o-1")],
        ),
        (
            "C-143 an SSP that sends ours as user.id",
            json!({"user": {"id": id}}),
            [json!(id), json!("o-1")],
        ),
        (
            "C-143 of two, the learned one",
            json!({"user": {"buyeruid": id, "id": other}}),
            [json!(other), json!("o-1")],
        ),
        (
            "C-143 the SSP's own id is nobody's here",
            json!({"user": {"id": foreign}}),
            [json!(foreign), nobody.clone()],
        ),
        (
            "C-143 nor is what it made up",
            json!({"user": {"buyeruid": foreign}}),
            [nobody.clone(), nobody.clone()],
        ),
        ("C-162 with consent", consent, [json!(id), json!("o-1")]),
        (
            "C-162 without",
            json!({"regs": {"gdpr": 1}, "user": {"buyeruid": id}}),
            [nobody.clone(), nobody.clone()],
        ),
        (
            "C-142",
            json!({"device": {"lmt": 1}, "user": {"buyeruid": id}}),
            [nobody.clone(), nobody],
        ),
    ];
    for (says, members, expect) in rows {
        let mut request =
            json!({"id": "r", "tmax": 1_000, "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}]});
        for (name, value) in members.as_object().unwrap() {
            request[name] = value.clone();
        }
        exchange::expect(house.rig.auction(&request.to_string()).await, 204);
        let user = house.dsps[1].last_asked().json()["user"].clone();
        assert_eq!(
            [&user["id"], &user["buyeruid"]],
            [&expect[0], &expect[1]],
            "{says}: {user}"
        );
        let [listed, _, unlisted, _] = house.buyeruids();
        assert_eq!(
            [listed, unlisted],
            [Value::Null, Value::Null],
            "{says}: others"
        );
    }
}

#[tokio::test]
async fn a_browser_is_sent_nowhere_else() {
    let house = House::open(&[]).await;
    let rows = [
        ("no SSP", "/sync/out", 400),
        ("an unknown one", "/sync/out?ssp=nobody", 404),
        ("one that sends no requests", "/sync/out?ssp=paper", 404),
        ("one that is not told", "/sync/out?ssp=mute", 404),
        ("one that is turned away", "/sync/out?ssp=gone", 404),
        (
            "of a publisher that does not sell",
            "/sync/out?ssp=asleep",
            404,
        ),
    ];
    for (says, path, status) in rows {
        let answer = house.get(path, &[]).await;
        assert_eq!(answer.status, status, "{says}");
        assert_eq!(answer.header("set-cookie"), None, "{says}");
        assert_eq!(answer.header("location"), None, "{says}");
    }
    let evil = "https%3A%2F%2Fevil.example%2F%3Fu%3D";
    let path = format!("/sync/out?ssp=ssp&redirect={evil}&to={evil}&uid={evil}&UID={evil}");
    let answer = house.get(&path, &[]).await;
    assert!(told(&answer).starts_with("usr_"));
    let location = answer.header("location").unwrap();
    assert!(!location.contains("evil"), "{location}");

    let url = house.rig.url("/sync/out?ssp=ssp");
    let head = send(Method::HEAD, &url, &[], Bytes::new()).await;
    assert_eq!(
        head.expect_status(200).header("set-cookie"),
        None,
        "HEAD records nothing"
    );
    let posted = send(Method::POST, &url, &[], Bytes::new()).await;
    exchange::expect(posted, 405);
    let forged = [("cookie", "gavel_uid=user-12345")];
    let answer = house.get("/sync/out?ssp=ssp", &forged).await;
    assert_ne!(told(&answer), "user-12345", "what was not made here");
}

#[tokio::test]
async fn s_13_whoever_was_erased_is_somebody_new() {
    let house = House::open(&[]).await;
    let user = visitor();
    let cookie = format!("gavel_uid={user}");
    let cookie = [("cookie", cookie.as_str())];
    assert_eq!(told(&house.get("/sync/out?ssp=ssp", &cookie).await), user);
    let day = Duration::from_secs(86_400);
    let _ = house.table.delete_user(&user, &[], day).await.unwrap();
    let answer = house.get("/sync/out?ssp=ssp", &cookie).await;
    assert_ne!(told(&answer), user);
    assert_eq!(pair(&answer), format!("gavel_uid={}", told(&answer)));
    let page = house.get("/sync", &cookie).await.expect_status(200);
    let set = pair(&page);
    assert!(
        set.starts_with("gavel_uid=usr_") && !set.ends_with(&user),
        "{set}"
    );
}

#[tokio::test]
async fn s_5_ids_go_out_at_a_bounded_rate() {
    let house = House::open(&[("sync.per_second", "1")]).await;
    let mut statuses = Vec::new();
    for _ in 0..30 {
        let answer = house.get("/sync/out?ssp=ssp", &[]).await;
        assert_eq!(answer.status == 302, answer.header("set-cookie").is_some());
        statuses.push(answer.status);
    }
    let taken = statuses.iter().filter(|status| **status == 302).count();
    assert!((1..30).contains(&taken), "a burst and a rate: {statuses:?}");
    let refused = statuses.iter().filter(|status| **status == 503).count();
    assert_eq!(taken + refused, 30, "{statuses:?}");
}
