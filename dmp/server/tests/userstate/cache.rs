//! Users kept in the process: what is read without Redis, and who makes it forget.

use std::time::Duration;

use testkit::{Proxy, Toxic};
use units::UserId;
use userstate::{Budget, Unknown, UserState, UserView};

use crate::{NOW, choose, connect, profile};

/// So long that only being told makes it forget.
const LIFE: Duration = Duration::from_secs(3_600);
const PATIENCE: Duration = Duration::from_secs(30);

async fn keeping(url: &str) -> UserState {
    let budget = Budget {
        bid: Duration::from_secs(10),
        off_path: Duration::from_secs(10),
        cache_bytes: 1 << 20,
        cache_life: LIFE,
        ..Budget::default()
    };
    let users = UserState::connect(url, budget).unwrap();
    testkit::poll_until(PATIENCE, async || users.ping().await.is_ok()).await;
    users
}

#[tokio::test]
async fn p_7_a_user_that_was_read_needs_no_redis_to_be_read_again() {
    let redis = testkit::stores().redis().await;
    let writer = connect(&redis.state_url).await;
    writer.put_profile(&profile("u1")).await.unwrap();
    writer.link("ifa-9", &UserId::from("u1")).await.unwrap();
    let (proxy, url) = Proxy::before(&redis.state_url).await;
    let users = keeping(&url).await;
    let known = users.read(&["nobody", "u1", "u2"]).await.unwrap().unwrap();
    let by_alias = users.read(&["ifa-9"]).await.unwrap().unwrap();
    proxy.set(Toxic::ResetPeer);
    testkit::poll_until(PATIENCE, async || {
        matches!(
            users.read(&["u9"]).await,
            Err(Unknown::Failed | Unknown::NotAsked)
        )
    })
    .await;
    let again = users.read(&["nobody", "u1", "u2"]).await.unwrap().unwrap();
    assert!(!known.from_memory && again.from_memory);
    let known = UserView {
        from_memory: true,
        ..known
    };
    assert_eq!(again, known);
    assert_eq!(
        (again.key_index, again.profile.as_deref()),
        (1, Some(&profile("u1")))
    );
    let again = users.read(&["ifa-9"]).await.unwrap().unwrap();
    let by_alias = UserView {
        from_memory: true,
        ..by_alias
    };
    assert_eq!(again, by_alias, "the alias and its user are both kept");
    assert_eq!(
        again.alias_of,
        Some(UserId::from("u1")),
        "whose caps these are"
    );
    assert_eq!(again.profile.as_deref(), Some(&profile("u1")));
}

#[tokio::test]
async fn s_13_a_write_and_an_erasure_reach_every_process_at_once() {
    let redis = testkit::stores().redis().await;
    let dmp = connect(&redis.state_url).await;
    dmp.put_profile(&profile("u1")).await.unwrap();
    let users = keeping(&redis.state_url).await;
    let following = users.clone();
    let task = tokio::spawn(async move { following.follow_changes().await });
    assert!(
        users
            .read(&["u1"])
            .await
            .unwrap()
            .unwrap()
            .profile
            .is_some()
    );
    let mut other = profile("u1");
    other.interests = vec!["chess".into()];
    dmp.put_profile(&other).await.unwrap();
    testkit::poll_until(PATIENCE, async || {
        let view = users.read(&["u1"]).await.unwrap().unwrap();
        view.profile.as_deref() == Some(&other)
    })
    .await;
    dmp.delete_user("u1", &[], Duration::from_secs(60))
        .await
        .unwrap();
    testkit::poll_until(PATIENCE, async || {
        users
            .read(&["u1"])
            .await
            .unwrap()
            .unwrap()
            .profile
            .is_none()
    })
    .await;
    task.abort();
}

#[tokio::test]
async fn r_10_stamps_that_are_behind_authorise_nothing() {
    let redis = testkit::stores().redis().await;
    let one = keeping(&redis.state_url).await;
    let other = keeping(&redis.state_url).await;
    assert!(
        one.read(&["u1"])
            .await
            .unwrap()
            .unwrap()
            .stamps
            .scopes
            .is_empty()
    );
    assert!(choose(&other, "u1", NOW, 1, 1).await, "shown elsewhere");
    let behind = one.read(&["u1"]).await.unwrap().unwrap();
    assert!(behind.stamps.scopes.is_empty(), "not heard of");
    assert!(!choose(&one, "u1", NOW, 2, 1).await, "the script knows");
    let now = one.read(&["u1"]).await.unwrap().unwrap();
    assert_eq!(now.stamps.scopes.len(), 1, "a refusal makes it look again");
}
