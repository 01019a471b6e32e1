//! The event log against a real Redis (money.md, "Settle").

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::OnceLock;
use std::time::Duration;

use contracts::event::{DELIVERY_STREAM, MONEY_STREAM, OUTBOX_STREAM, RECORD_STREAM};
use eventlog::{Appended, Durability, EventLog, EventLogError, Persistence, START, Timeouts};
use units::UnixMillis;

/// An instant that Redis' own clock has not reached, so that once-keys live; the same in all of a test run.
fn later(seconds: i64) -> UnixMillis {
    static BASE: OnceLock<i64> = OnceLock::new();
    let base = BASE.get_or_init(|| service::clock::now().0 + 3_600_000);
    UnixMillis(base + seconds * 1_000)
}

async fn log() -> EventLog {
    let redis = testkit::stores().redis().await;
    EventLog::connect(&redis.events_url, Timeouts::default()).unwrap()
}

#[tokio::test]
async fn an_entry_is_refused_if_settle_by_and_30_s_is_not_after_the_fence() {
    let log = log().await;
    log.ping().await.unwrap();
    assert_eq!(log.fence().await.unwrap(), None);
    log.raise_fence(later(30)).await.unwrap();
    for (says, settle_by, expect) in [
        ("30 s before the fence: not after it", 0, Appended::Expired),
        ("a second later", 1, Appended::Stored),
        ("long before", -1_000, Appended::Expired),
    ] {
        let stored = log.append(later(settle_by), says, b"{}").await.unwrap();
        assert_eq!(stored, expect, "{says}");
    }
    assert_eq!(
        log.length(MONEY_STREAM).await.unwrap(),
        2,
        "a marker and one entry"
    );
}

#[tokio::test]
async fn a_repetition_is_a_duplicate_until_the_fence_passes_it() {
    let log = log().await;
    let settle_by = later(0);
    let call = async || log.append(settle_by, "lease:1:bill", b"{}").await.unwrap();
    assert_eq!(call().await, Appended::Stored);
    assert_eq!(call().await, Appended::Duplicate);
    let other = log.append(settle_by, "lease:2:bill", b"{}").await.unwrap();
    assert_eq!(other, Appended::Stored);
    log.raise_fence(later(31)).await.unwrap();
    assert_eq!(call().await, Appended::Expired);
}

#[tokio::test]
async fn the_fence_never_falls_and_each_raise_leaves_a_marker_in_the_log() {
    let log = log().await;
    assert_eq!(log.raise_fence(later(10)).await.unwrap(), later(10));
    assert_eq!(
        log.raise_fence(later(5)).await.unwrap(),
        later(10),
        "backwards"
    );
    assert_eq!(log.raise_fence(later(20)).await.unwrap(), later(20));
    assert_eq!(log.fence().await.unwrap(), Some(later(20)));
    let entries = log.read_after(MONEY_STREAM, START, 10).await.unwrap();
    let markers: Vec<String> = entries
        .into_iter()
        .map(|entry| String::from_utf8(entry.payload).unwrap())
        .collect();
    let marker = |at: UnixMillis| format!("{{\"event\":\"marker\",\"fence\":{}}}", at.0);
    assert_eq!(markers, [marker(later(10)), marker(later(20))]);
}

#[tokio::test]
async fn entries_are_read_in_order_behind_a_position_and_trimmed_through_one() {
    let log = log().await;
    for number in 0..5_u8 {
        let stored = log.append(later(0), &number.to_string(), &[number]).await;
        assert_eq!(stored.unwrap(), Appended::Stored);
    }
    let first = log.read_after(MONEY_STREAM, START, 3).await.unwrap();
    assert_eq!(payloads(&first), [0, 1, 2]);
    let rest = log
        .read_after(MONEY_STREAM, &first[2].position, 10)
        .await
        .unwrap();
    assert_eq!(payloads(&rest), [3, 4]);
    assert!(rest[0].taken_at() <= Some(service::clock::now().after(units::DurationMillis(60_000))));
    log.trim(MONEY_STREAM, &first[1].position).await.unwrap();
    let kept = log.read_after(MONEY_STREAM, START, 10).await.unwrap();
    assert_eq!(payloads(&kept), [2, 3, 4]);
    assert!(log.read_after(MONEY_STREAM, "nowhere", 1).await.is_err());
}

fn payloads(entries: &[eventlog::Entry]) -> Vec<u8> {
    entries.iter().map(|entry| entry.payload[0]).collect()
}

#[tokio::test]
async fn a_delivery_and_its_outbox_are_appended_together_and_once() {
    let log = log().await;
    let ttl = Duration::from_secs(60);
    let both = [DELIVERY_STREAM, OUTBOX_STREAM];
    for expect in [Appended::Stored, Appended::Duplicate] {
        let stored = log.append_once(&both, "auction:1", ttl, b"x").await;
        assert_eq!(stored.unwrap(), expect);
    }
    for stream in both {
        assert_eq!(log.length(stream).await.unwrap(), 1, "{stream}");
    }
}

#[tokio::test]
async fn what_two_reports_tell_is_news_once() {
    let log = log().await;
    let ttl = Duration::from_secs(60);
    let report = async |once: &str, mark: Option<&str>| {
        let news = log.report_once(&[DELIVERY_STREAM], once, mark, ttl, b"x");
        let news = news.await.unwrap();
        (news.is_stored, news.is_first)
    };
    assert_eq!(report("win:1", Some("won:1")).await, (true, true));
    assert_eq!(report("win:1", Some("won:1")).await, (false, false));
    assert_eq!(report("bill:1", Some("won:1")).await, (true, false));
    assert_eq!(report("bill:2", Some("won:2")).await, (true, true));
    assert_eq!(report("bill:3", None).await, (true, false));
    assert_eq!(log.length(DELIVERY_STREAM).await.unwrap(), 4);
    // Nothing to append: it is remembered all the same.
    for expect in [Appended::Stored, Appended::Duplicate] {
        let stored = log.append_once(&[], "alone", ttl, b"").await;
        assert_eq!(stored.unwrap(), expect);
    }
}

#[tokio::test]
async fn a_value_is_held_for_a_while() {
    let log = log().await;
    assert_eq!(log.held("sale").await.unwrap(), None);
    log.hold("sale", Duration::from_secs(60), b"1")
        .await
        .unwrap();
    log.hold("sale", Duration::from_millis(200), b"2")
        .await
        .unwrap();
    assert_eq!(log.held("sale").await.unwrap().as_deref(), Some(&b"2"[..]));
    testkit::poll_until(Duration::from_secs(30), async || {
        log.held("sale").await.unwrap().is_none()
    })
    .await;
}

#[tokio::test]
async fn records_are_shortened_by_length() {
    let log = log().await;
    for _ in 0..500 {
        log.push(RECORD_STREAM, 100, b"{}").await.unwrap();
    }
    // Redis trims whole nodes of 100 entries.
    assert!(log.length(RECORD_STREAM).await.unwrap() < 300);
}

#[tokio::test]
async fn an_outbox_entry_is_somebodys_until_it_is_acknowledged() {
    let log = log().await;
    let group = "callers";
    for _ in 0..2 {
        log.ensure_group(OUTBOX_STREAM, group).await.unwrap();
    }
    for number in 0..3_u8 {
        let once = number.to_string();
        log.append_once(&[OUTBOX_STREAM], &once, Duration::from_secs(60), &[number])
            .await
            .unwrap();
    }
    let mine = log
        .read_group(OUTBOX_STREAM, group, "one", 2)
        .await
        .unwrap();
    assert_eq!(payloads(&mine), [0, 1]);
    let others = log
        .read_group(OUTBOX_STREAM, group, "two", 9)
        .await
        .unwrap();
    assert_eq!(payloads(&others), [2]);
    let none = log
        .read_group(OUTBOX_STREAM, group, "two", 9)
        .await
        .unwrap();
    assert_eq!(none, []);

    log.ack(OUTBOX_STREAM, group, &[&mine[0].position])
        .await
        .unwrap();
    log.ack(OUTBOX_STREAM, group, &[]).await.unwrap();
    assert_eq!(
        log.length(OUTBOX_STREAM).await.unwrap(),
        2,
        "acknowledged is gone"
    );
    // After a crash of the first, the second takes over what it had not acknowledged.
    let taken = log
        .claim_stale(OUTBOX_STREAM, group, "two", Duration::ZERO, START, 9)
        .await
        .unwrap();
    assert_eq!(payloads(&taken.entries), [1, 2]);
    assert_eq!(taken.next, START);
}

#[tokio::test]
async fn without_redis_nothing_is_acknowledged_and_nothing_hangs() {
    let timeouts = Timeouts {
        connect: Duration::from_millis(100),
        response: Duration::from_millis(300),
    };
    let nowhere = EventLog::connect("redis+unix:///nowhere/redis.sock", timeouts).unwrap();
    let fault = nowhere.append(later(0), "x", b"{}").await.unwrap_err();
    assert!(fault.may_be_retried(), "{fault}");
    assert!(EventLog::connect("http://localhost", timeouts).is_err());
}

#[tokio::test]
async fn a_redis_that_may_forget_is_not_ready_and_says_what_to_set() {
    let stores = testkit::PrivateStores::start();
    let url = stores.embedded().events_redis_url();
    let connect = || EventLog::connect(url, Timeouts::default()).unwrap();
    let strict = connect().requiring(Durability::Required);
    let lenient = connect();
    let mut redis = redis::Client::open(url)
        .unwrap()
        .get_multiplexed_async_connection()
        .await
        .unwrap();
    let mut set = async |setting: &str, value: &str| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg(setting).arg(value);
        command.exec_async(&mut redis).await.unwrap();
    };
    for (setting, weak, strong) in [
        ("appendonly", "no", "yes"),
        ("appendfsync", "everysec", "always"),
        ("maxmemory-policy", "allkeys-lru", "noeviction"),
    ] {
        assert_eq!(strict.ping().await.unwrap(), Persistence::Durable);
        set(setting, weak).await;
        let says = format!("set `{setting} {strong}` there");
        let refused = strict.ping().await.unwrap_err();
        assert!(refused.to_string().contains(&says), "{refused}");
        let outbox = strict.append_once(&[OUTBOX_STREAM], weak, Duration::from_secs(60), b"{}");
        for refused in [
            strict.append(later(0), weak, b"{}").await.map(drop),
            outbox.await.map(drop),
            strict.raise_fence(later(0)).await.map(drop),
        ] {
            let refused = refused.unwrap_err();
            assert!(refused.may_be_retried());
            assert!(refused.to_string().contains(&says), "{refused}");
        }
        let told = lenient.ping().await.unwrap();
        assert!(matches!(told, Persistence::Weak(_)), "told all the same");
        let stored = lenient.append(later(0), setting, b"{}").await.unwrap();
        assert_eq!(stored, Appended::Stored);
        set(setting, strong).await;
        assert_eq!(strict.ping().await.unwrap(), Persistence::Durable);
        let stored = strict.append(later(0), weak, b"{}").await.unwrap();
        assert_eq!(stored, Appended::Stored);
    }
    // A managed Redis may forbid CONFIG: that is no reason to refuse.
    let mut forbid = redis::cmd("ACL");
    forbid.arg("SETUSER").arg("default").arg("-config");
    forbid.exec_async(&mut redis).await.unwrap();
    assert_eq!(strict.ping().await.unwrap(), Persistence::Untold);
    let stored = strict.append(later(0), "untold", b"{}").await.unwrap();
    assert_eq!(stored, Appended::Stored);
}

#[tokio::test]
async fn a_log_behind_another_redis_is_asked_again() {
    let (durable, other) = (
        testkit::PrivateStores::start(),
        testkit::PrivateStores::start(),
    );
    let socket = std::env::temp_dir().join(format!("gavel-log-{}.sock", std::process::id()));
    let point_to = |stores: &testkit::PrivateStores| {
        let url = stores.embedded().events_redis_url();
        let path = url.strip_prefix("redis+unix://").unwrap();
        let _ = std::fs::remove_file(&socket);
        std::os::unix::fs::symlink(path, &socket).unwrap();
    };
    let mut weak = redis::Client::open(other.embedded().events_redis_url())
        .unwrap()
        .get_multiplexed_async_connection()
        .await
        .unwrap();
    let mut command = redis::cmd("CONFIG");
    command.arg("SET").arg("appendfsync").arg("no");
    command.exec_async(&mut weak).await.unwrap();

    point_to(&durable);
    let url = format!("redis+unix://{}", socket.display());
    let log = EventLog::connect(&url, Timeouts::default())
        .unwrap()
        .requiring(Durability::Required);
    let stored = log.append(later(0), "1", b"{}").await.unwrap();
    assert_eq!(stored, Appended::Stored);
    point_to(&other);
    drop(durable);
    let refused = testkit::poll_until(Duration::from_secs(30), async || {
        match log.append(later(0), "2", b"{}").await {
            Err(refused @ EventLogError::NotDurable(_)) => Some(refused),
            // The broken connection, which is made anew.
            Err(_) => None,
            Ok(stored) => panic!("{stored:?} where it may be forgotten"),
        }
    })
    .await;
    assert!(refused.to_string().contains("appendfsync always"));
    std::fs::remove_file(&socket).unwrap();
}
