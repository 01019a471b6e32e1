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

#[tokio::test]
async fn r14_a_slow_redis_costs_its_budget_and_no_more() {
    // Accepts and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/", silent.local_addr().unwrap());
    let users = UserState::connect(&url, Budget::default()).unwrap();
    assert_eq!(users.read(&["u1"]).await, Err(Unknown::TimedOut));
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
    assert_eq!(view.profile, Some(profile("u1")), "nothing was evicted");
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
