//! Frequency caps, sentence by sentence (money.md).

use contracts::catalog::CapScope;
use contracts::stamps::ScopeKey;
use units::{DurationMillis, UnixMillis};
use userstate::{CapChoice, Confirmed, Window};

use crate::{HOUR, NOW, bid, campaign, cap, choose, connect, hourly, line, one, show, users};

#[tokio::test]
async fn a_refused_choice_falls_back_to_the_next_of_its_short_list() {
    let users = users().await;
    assert!(choose(&users, "u1", NOW, 1, 1).await);
    let other = ScopeKey::of(CapScope::LineItem, "li_2");
    let choices = [CapChoice {
        ranked: vec![
            line(2, NOW, hourly(1)),
            line(3, NOW, vec![cap(&other, 1, Window::Sliding(HOUR))]),
            line(4, NOW, vec![]),
        ],
    }];
    let answer = users.confirm_caps("u1", NOW, &choices).await.unwrap();
    assert_eq!(answer, [Some(1)], "the first is capped, the second is not");
    let answer = users.confirm_caps("u1", NOW, &choices).await.unwrap();
    assert_eq!(answer, [Some(2)], "a line without caps is always accepted");
}

#[tokio::test]
async fn windows() {
    // A cap of one; one impression at NOW; may it be shown again so many milliseconds later?
    let midnight = UnixMillis(NOW.0 - 1_000);
    let next_midnight = UnixMillis(midnight.0 + 86_400_000);
    let cases = [
        (
            "inside the window",
            Window::Sliding(HOUR),
            HOUR.0 - 1,
            false,
        ),
        ("a window later", Window::Sliding(HOUR), HOUR.0, true),
        (
            "the same civil day",
            Window::Since(midnight),
            86_398_000,
            false,
        ),
        (
            "the next civil day",
            Window::Since(next_midnight),
            86_400_000,
            true,
        ),
        (
            "a day that began with the stamp",
            Window::Since(NOW),
            1,
            false,
        ),
    ];
    let users = users().await;
    for (at, (says, window, later, expect)) in cases.into_iter().enumerate() {
        let user = format!("u{at}");
        assert_eq!(show(&users, &user, NOW, 1).await, Confirmed::Recorded);
        let now = NOW.after(DurationMillis(later));
        let choices = one(line(2, now, vec![cap(&campaign(), 1, window)]));
        let answer = users.confirm_caps(&user, now, &choices).await.unwrap();
        assert_eq!(answer == [Some(0)], expect, "{says}");
    }
}

#[tokio::test]
async fn several_caps_must_all_have_room() {
    let users = users().await;
    let item = ScopeKey::of(CapScope::LineItem, "li_1");
    let caps = || {
        vec![
            cap(&campaign(), 3, Window::Sliding(HOUR)),
            cap(&item, 1, Window::Sliding(HOUR)),
            cap(&campaign(), 9, Window::Since(NOW)),
        ]
    };
    for (number, expect) in [(1, true), (2, false)] {
        let choices = one(line(number, NOW, caps()));
        let answer = users.confirm_caps("u1", NOW, &choices).await.unwrap();
        assert_eq!(answer == [Some(0)], expect);
    }
    let stamps = users.read(&["u1"]).await.unwrap().unwrap().stamps;
    assert_eq!(
        stamps.count(campaign().as_str(), UnixMillis(0), NOW),
        1,
        "a refused choice leaves nothing, and two windows of a scope make one pending"
    );
}

#[tokio::test]
async fn a_pending_is_not_trimmed_by_its_window() {
    let users = users().await;
    let second = Window::Sliding(DurationMillis::from_secs(1));
    let ask = |number, now| one(line(number, now, vec![cap(&campaign(), 1, second)]));
    assert_eq!(
        users.confirm_caps("u1", NOW, &ask(1, NOW)).await.unwrap(),
        [Some(0)]
    );
    let later = NOW.after(DurationMillis::from_secs(60));
    let answer = users
        .confirm_caps("u1", later, &ask(2, later))
        .await
        .unwrap();
    assert_eq!(answer, [None], "its impression may still come");
    let end = NOW.after(DurationMillis::from_secs(390));
    let answer = users.confirm_caps("u1", end, &ask(3, end)).await.unwrap();
    assert_eq!(answer, [Some(0)], "its life is over");
}

#[tokio::test]
async fn a_confirm_counts_once_and_from_its_own_instant() {
    let users = users().await;
    assert!(choose(&users, "u1", NOW, 1, 2).await);
    let shown = NOW.after(DurationMillis::from_secs(120));
    assert_eq!(show(&users, "u1", shown, 1).await, Confirmed::Recorded);
    assert_eq!(show(&users, "u1", shown, 1).await, Confirmed::Duplicate);
    let view = users.read(&["u1"]).await.unwrap().unwrap();
    let scope = &view.stamps.scopes[&campaign()];
    assert_eq!(scope.confirmed, [shown]);
    assert!(scope.pending.is_empty(), "the pending became the stamp");
    assert_eq!(view.stamps.newest, shown);
}

#[tokio::test]
async fn a_confirm_counts_wherever_the_bid_is_pending() {
    let users = users().await;
    let advertiser = ScopeKey::of(CapScope::Advertiser, "advertiser_001");
    let caps = vec![cap(&advertiser, 1, Window::Sliding(HOUR))];
    let choices = one(line(1, NOW, caps.clone()));
    users.confirm_caps("u1", NOW, &choices).await.unwrap();
    assert_eq!(show(&users, "u1", NOW, 1).await, Confirmed::Recorded);
    let later = NOW.after(DurationMillis::from_secs(600));
    let answer = users
        .confirm_caps("u1", later, &one(line(2, later, caps)))
        .await
        .unwrap();
    assert_eq!(
        answer,
        [None],
        "the advertiser's scope was not named by the confirm"
    );
}

#[tokio::test]
async fn a_confirm_that_finds_no_pending_is_still_recorded() {
    let users = users().await;
    assert_eq!(show(&users, "u1", NOW, 1).await, Confirmed::Recorded);
    assert!(!choose(&users, "u1", NOW, 2, 1).await);
}

#[tokio::test]
async fn time_in_a_users_key_never_goes_back() {
    let users = users().await;
    let later = NOW.after(HOUR);
    assert_eq!(show(&users, "u1", later, 1).await, Confirmed::Recorded);
    assert_eq!(show(&users, "u1", NOW, 2).await, Confirmed::Recorded);
    let view = users.read(&["u1"]).await.unwrap().unwrap();
    assert_eq!(view.stamps.scopes[&campaign()].confirmed, [later, later]);
    assert!(
        !choose(&users, "u1", NOW, 3, 2).await,
        "a bidder whose clock is behind sees both"
    );
}

#[tokio::test]
async fn a_loss_withdraws_the_pending_once_or_often() {
    let users = users().await;
    assert!(choose(&users, "u1", NOW, 1, 1).await);
    assert!(!choose(&users, "u1", NOW, 2, 1).await);
    assert!(users.withdraw("u1", bid(1)).await.unwrap());
    assert!(!users.withdraw("u1", bid(1)).await.unwrap());
    assert!(choose(&users, "u1", NOW, 3, 1).await);
    assert_eq!(show(&users, "u1", NOW, 3).await, Confirmed::Recorded);
    assert!(
        !users.withdraw("u1", bid(3)).await.unwrap(),
        "what was shown stays"
    );
    assert!(!choose(&users, "u1", NOW, 4, 1).await);
}

#[tokio::test]
async fn a_scope_keeps_the_stamps_that_its_caps_need() {
    let users = users().await;
    for number in 0..300 {
        let now = NOW.after(DurationMillis(i64::try_from(number).unwrap()));
        assert_eq!(show(&users, "u1", now, number).await, Confirmed::Recorded);
    }
    let view = users.read(&["u1"]).await.unwrap().unwrap();
    assert_eq!(view.stamps.scopes[&campaign()].confirmed.len(), 256);
    assert!(
        !choose(&users, "u1", NOW, 1_000, 280).await,
        "a cap above what is kept is held to what is kept"
    );
}

#[tokio::test]
async fn a_malformed_call_changes_nothing() {
    let redis = testkit::stores().redis().await;
    let users = connect(&redis.state_url).await;
    let mut connection = users.connection();
    let script = include_str!("../../../../crates/userstate/src/lua/cap.lua");
    for args in [
        &["1", "2", "1"][..],
        &["1", "2", "1", "1", "bid", "9", "1", "s", "1", "x", "5"],
        &["1", "2", "0", "more"],
    ] {
        let mut call = redis::cmd("EVAL");
        call.arg(script).arg(2).arg("{u:x}").arg("{u:x}:gone");
        for arg in args {
            call.arg(*arg);
        }
        let answer: redis::RedisResult<Vec<i64>> = call.query_async(&mut connection).await;
        assert!(answer.is_err(), "{args:?}");
    }
    let size: i64 = redis::cmd("DBSIZE")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(size, 0);
}
