//! A Redis that is away, slow, full, and back again (R13, R14, R16).

use std::time::Duration;

use userstate::{Budget, Confirmed, Unknown, UserState};

use crate::{NOW, choose, connect, hourly, line, one, profile, show};

#[tokio::test]
async fn r13_a_redis_that_is_away_is_soon_not_asked_any_more() {
    // A port that was free a moment ago: nobody answers there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}/", free.local_addr().unwrap());
    drop(free);
    let users = UserState::connect(&url, Budget::default()).unwrap();
    let mut asked = 0;
    loop {
        match users.read(&["u1"]).await {
            Err(Unknown::NotAsked) => break,
            Err(Unknown::TimedOut | Unknown::Failed) => asked += 1,
            Ok(_) => panic!("nobody is there"),
        }
        assert!(asked <= 20, "at most twenty calls are wasted");
    }
    assert!(users.is_held_back());
    let refused = users
        .confirm_caps("u1", NOW, &one(line(1, NOW, hourly(1))))
        .await;
    assert_eq!(refused, Err(Unknown::NotAsked));
}

/// A user state whose Redis is behind a proxy, within the default budget, once it answers.
async fn behind_a_proxy() -> (testkit::Proxy, UserState) {
    let redis = testkit::stores().redis().await;
    let (proxy, url) = testkit::Proxy::before(&redis.state_url).await;
    let users = UserState::connect(&url, Budget::default()).unwrap();
    answers(&users).await;
    (proxy, users)
}

async fn answers(users: &UserState) {
    testkit::poll_until(Duration::from_secs(30), async || {
        users.read(&["u1"]).await.is_ok()
    })
    .await;
}

/// How many calls were made in vain before none is made any more.
async fn wasted(users: &UserState) -> u32 {
    for asked in 0..1_000 {
        if users.read(&["u1"]).await == Err(Unknown::NotAsked) {
            return asked;
        }
    }
    panic!("it goes on asking");
}

#[tokio::test]
async fn r13_r14_a_redis_that_is_cut_silent_or_slow_costs_few_calls_and_is_found_again() {
    use testkit::Toxic;
    let rows = [
        ("R13: cut", Toxic::ResetPeer),
        ("R14: silent", Toxic::Timeout),
        ("R14: 50 ms more", Toxic::Latency(Duration::from_millis(50))),
        (
            "R14: 500 ms more",
            Toxic::Latency(Duration::from_millis(500)),
        ),
    ];
    for (says, toxic) in rows {
        let (proxy, users) = behind_a_proxy().await;
        proxy.set(toxic);
        let wasted = wasted(&users).await;
        assert!(wasted <= 20, "{says}: {wasted} calls wasted");
        assert!(users.is_held_back(), "{says}");
        let refused = users
            .confirm_caps("u1", NOW, &one(line(1, NOW, hourly(1))))
            .await;
        assert!(
            refused.is_err(),
            "{says}: what cannot be confirmed is refused"
        );
        proxy.set(Toxic::None);
        answers(&users).await;
        assert!(!users.is_held_back(), "{says}: found again");
    }
}

#[tokio::test]
async fn r13_a_connection_that_was_silent_for_long_is_given_up_for_another() {
    use testkit::Toxic;
    let (proxy, users) = behind_a_proxy().await;
    proxy.set(Toxic::Timeout);
    // Only a new connection would see the reset, since on the old one nothing ever happens.
    testkit::poll_until(Duration::from_secs(30), async || {
        users.read(&["u1"]).await == Err(Unknown::Failed)
    })
    .await;
    proxy.set(Toxic::None);
    answers(&users).await;
}

#[tokio::test]
async fn r16_a_full_redis_refuses_pendings_and_is_read_all_the_same() {
    let stores = testkit::PrivateStores::start();
    let users = connect(stores.embedded().state_redis_url()).await;
    users.put_profile(&profile("u1")).await.unwrap();
    assert_eq!(users.memory_ratio().await.unwrap(), 0.0, "no limit");
    set_memory_limit(&users, 1).await;
    assert!(users.memory_ratio().await.unwrap() > 1.0);
    for number in 0..20 {
        let choices = one(line(number, NOW, hourly(100)));
        let answer = users.confirm_caps("u1", NOW, &choices).await;
        assert_eq!(answer, Err(Unknown::Failed), "capped line items do not bid");
    }
    assert!(users.put_profile(&profile("u2")).await.is_err());
    let view = users.read(&["u1"]).await.unwrap().unwrap();
    assert_eq!(
        view.profile.as_deref(),
        Some(&profile("u1")),
        "nothing was evicted"
    );
    set_memory_limit(&users, 0).await;
    assert!(
        choose(&users, "u1", NOW, 99, 1).await,
        "and nothing was counted"
    );
}

async fn set_memory_limit(users: &UserState, bytes: u64) {
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg("maxmemory").arg(bytes);
    let () = set.query_async(&mut users.connection()).await.unwrap();
}

#[tokio::test]
async fn r13_a_redis_that_comes_back_is_found_again() {
    let stores = testkit::PrivateStores::start();
    let users = connect(stores.embedded().state_redis_url()).await;
    assert_eq!(show(&users, "u1", NOW, 1).await, Confirmed::Recorded);
    // It ends without an answer; its supervisor starts another.
    let mut end = redis::cmd("SHUTDOWN");
    end.arg("NOSAVE");
    let ended: redis::RedisResult<()> = end.query_async(&mut users.connection()).await;
    assert!(ended.is_err());
    testkit::poll_until(Duration::from_secs(30), async || {
        users.read(&["u1"]).await.is_ok()
    })
    .await;
    assert!(
        choose(&users, "u2", NOW, 2, 1).await,
        "its scripts are loaded again"
    );
}
