//! `userstate` against a real Redis: caps (R10, money.md "Frequency caps"), profiles, erasure, outages.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests ends the test where it cannot go on"
)]

mod cache;
mod caps;
mod crowd;
mod matches;
mod outage;
mod profiles;

use std::time::Duration;

use contracts::catalog::CapScope;
use contracts::profile::{Demographics, Membership, Profile};
use contracts::stamps::ScopeKey;
use units::{BidId, DurationMillis, UnixMillis};
use userstate::{Budget, CapChoice, CapLine, Confirmed, LineCap, UserState, Window};
use uuid::Uuid;

pub(crate) const NOW: UnixMillis = UnixMillis(1_767_225_600_000);
pub(crate) const HOUR: DurationMillis = DurationMillis::from_secs(3_600);

pub(crate) async fn users() -> UserState {
    connect(&testkit::stores().redis().await.state_url).await
}

/// Patient on the bid path: a busy machine must not make a test's call time out.
pub(crate) async fn connect(url: &str) -> UserState {
    let budget = Budget {
        bid: Duration::from_secs(10),
        off_path: Duration::from_secs(10),
        ..Budget::default()
    };
    let users = UserState::connect(url, budget).unwrap();
    users.ping().await.unwrap();
    users
}

pub(crate) fn bid(number: u128) -> BidId {
    BidId(Uuid::from_u128(number))
}

pub(crate) fn campaign() -> ScopeKey {
    ScopeKey::of(CapScope::Campaign, "campaign_001")
}

pub(crate) fn cap(scope: &ScopeKey, count: u32, window: Window) -> LineCap {
    LineCap {
        scope: scope.clone(),
        count,
        window,
    }
}

pub(crate) fn hourly(count: u32) -> Vec<LineCap> {
    vec![cap(&campaign(), count, Window::Sliding(HOUR))]
}

pub(crate) fn line(number: u128, now: UnixMillis, caps: Vec<LineCap>) -> CapLine {
    CapLine {
        bid: bid(number),
        caps,
        pending_until: now.after(DurationMillis::from_secs(390)),
    }
}

pub(crate) fn one(line: CapLine) -> [CapChoice; 1] {
    [CapChoice { ranked: vec![line] }]
}

pub(crate) async fn choose(
    users: &UserState,
    user: &str,
    now: UnixMillis,
    number: u128,
    count: u32,
) -> bool {
    let choices = one(line(number, now, hourly(count)));
    let answer = users.confirm_caps(user, now, &choices).await.unwrap();
    answer == [Some(0)]
}

pub(crate) async fn show(
    users: &UserState,
    user: &str,
    now: UnixMillis,
    number: u128,
) -> Confirmed {
    let end = now.after(DurationMillis::from_secs(300));
    users
        .confirm(user, &[campaign()], bid(number), now, end)
        .await
        .unwrap()
}

pub(crate) fn profile(user: &str) -> Profile {
    Profile {
        user_id: user.into(),
        demographics: Demographics {
            age: Some(27),
            ..Demographics::default()
        },
        interests: vec!["technology".into()],
        behaviors: vec![],
        segments: vec![Membership {
            id: "mobile_users".into(),
            last_seen: NOW,
            count: 1,
        }],
        consent: std::collections::BTreeMap::new(),
    }
}
