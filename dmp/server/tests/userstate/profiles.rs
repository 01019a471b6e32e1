//! Whose profile, writers at once, erasure (S13), retention (R16, S12), segments.

use std::time::Duration;

use contracts::profile::Profile;
use units::{DurationMillis, SegmentId};
use userstate::{Confirmed, Swapped, WriteKind};

use crate::{NOW, choose, connect, profile, show, users};

#[tokio::test]
async fn whose_profile() {
    let users = users().await;
    users.put_profile(&profile("u2")).await.unwrap();
    assert_eq!(show(&users, "u1", NOW, 1).await, Confirmed::Recorded);
    let view = users.read(&["u1", "u2", "u3"]).await.unwrap().unwrap();
    assert_eq!(
        (view.key_index, view.profile.as_deref()),
        (1, Some(&profile("u2")))
    );
    let view = users.read(&["u3", "u1"]).await.unwrap().unwrap();
    assert_eq!(
        (view.key_index, view.profile),
        (0, None),
        "none has: the first"
    );
    assert_eq!(users.read(&[]).await, Ok(None));
}

#[tokio::test]
async fn writers_do_not_overwrite_one_another() {
    let users = users().await;
    let (a, b) = (profile("u1"), profile("u1"));
    let read = users.load_profile("u1").await.unwrap();
    let write = async |profile: &Profile, revision: &str| {
        users
            .swap_profile(profile, Some("{}"), revision, WriteKind::Observe)
            .await
            .unwrap()
    };
    assert_eq!(write(&a, &read.revision).await, Swapped::Written);
    assert_eq!(write(&b, &read.revision).await, Swapped::Conflict);
    let read = users.load_profile("u1").await.unwrap();
    assert_eq!(read.profile, Some(a));
    assert_eq!(write(&b, &read.revision).await, Swapped::Written);
}

#[tokio::test]
async fn s13_an_erased_user_leaves_nothing_and_does_not_come_back() {
    let redis = testkit::stores().redis().await;
    let users = connect(&redis.state_url).await;
    let segment = SegmentId::from("mobile_users");
    users.put_profile(&profile("canary")).await.unwrap();
    users
        .note_members("canary", std::slice::from_ref(&segment), &[], NOW)
        .await
        .unwrap();
    assert!(choose(&users, "canary", NOW, 1, 9).await);
    assert_eq!(show(&users, "canary", NOW, 2).await, Confirmed::Recorded);
    assert!(
        users
            .export("canary")
            .await
            .unwrap()
            .contains_key("profile")
    );

    let tombstone = Duration::from_secs(86_400);
    assert!(users.delete_user("canary", &[], tombstone).await.unwrap());
    assert!(!users.delete_user("canary", &[], tombstone).await.unwrap());

    assert_eq!(users.segment_sizes(&[segment], NOW).await.unwrap(), [0]);
    assert_eq!(show(&users, "canary", NOW, 1).await, Confirmed::Erased);
    assert!(
        !choose(&users, "canary", NOW, 3, 9).await,
        "nothing is counted any more"
    );
    let late = users
        .swap_profile(&profile("canary"), None, "", WriteKind::Observe)
        .await
        .unwrap();
    assert_eq!(late, Swapped::Erased);
    assert!(users.load_profile("canary").await.unwrap().erased);
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut users.connection())
        .await
        .unwrap();
    assert_eq!(keys, ["{u:canary}:gone"]);
    let again = users
        .swap_profile(&profile("canary"), None, "", WriteKind::Create)
        .await
        .unwrap();
    assert_eq!(
        again,
        Swapped::Written,
        "whoever means to have the user may"
    );
}

#[tokio::test]
async fn r16_every_key_has_a_time_to_live() {
    let redis = testkit::stores().redis().await;
    let users = connect(&redis.state_url).await;
    let segment = SegmentId::from("s");
    users.put_profile(&profile("a")).await.unwrap();
    users.note_members("a", &[segment], &[], NOW).await.unwrap();
    assert!(choose(&users, "b", NOW, 1, 1).await);
    assert_eq!(show(&users, "c", NOW, 1).await, Confirmed::Recorded);
    users
        .delete_user("d", &[], Duration::from_secs(60))
        .await
        .unwrap();
    let mut connection = users.connection();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(keys.len(), 6, "{keys:?}");
    for key in keys {
        let ttl: i64 = redis::cmd("TTL")
            .arg(&key)
            .query_async(&mut connection)
            .await
            .unwrap();
        assert!((1..=30 * 86_400).contains(&ttl), "{key} lives for {ttl} s");
    }
}

#[tokio::test]
async fn sizes_and_overlap() {
    let users = users().await;
    let (a, b) = (SegmentId::from("a"), SegmentId::from("b"));
    for (user, segments) in [
        ("u1", &[a.clone()][..]),
        ("u2", &[a.clone(), b.clone()]),
        ("u3", std::slice::from_ref(&b)),
    ] {
        users.note_members(user, segments, &[], NOW).await.unwrap();
    }
    users
        .note_members("u3", &[], std::slice::from_ref(&b), NOW)
        .await
        .unwrap();
    let both = [a.clone(), b.clone()];
    assert_eq!(users.segment_sizes(&both, NOW).await.unwrap(), [2, 1]);
    let overlap = users.overlap(&a, &b, NOW).await.unwrap();
    assert_eq!((overlap.first, overlap.second, overlap.both), (2, 1, 1));
    let expired = NOW.after(DurationMillis::from_secs(30 * 86_400));
    assert_eq!(users.segment_sizes(&both, expired).await.unwrap(), [0, 0]);
}
