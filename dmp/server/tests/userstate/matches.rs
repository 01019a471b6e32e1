//! What partners call users, against a real Redis (C-143, S12, S13).

use std::time::Duration;

use contracts::matches::Matches;
use userstate::{Budget, MatchTerms, Noted, UserState};

use super::users;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

fn terms(most: usize) -> MatchTerms {
    MatchTerms { life: HOUR, most }
}

async fn note(users: &UserState, user: &str, partner: &str, uid: &str, terms: MatchTerms) -> Noted {
    users
        .note_match(user, &partner.into(), uid, terms)
        .await
        .unwrap()
}

/// `partner=uid`, in the order of partners.
fn told(matches: &Matches) -> Vec<String> {
    let all = matches.0.iter();
    all.map(|it| format!("{}={}", it.partner, it.uid)).collect()
}

async fn of(users: &UserState, user: &str) -> Vec<String> {
    told(&users.load_matches(user).await.unwrap())
}

#[tokio::test]
async fn each_partner_has_one_id_and_a_user_so_many_partners() {
    let users = users().await;
    let longer = MatchTerms {
        life: DAY,
        ..terms(2)
    };
    for (partner, uid, terms) in [
        ("b", "b 1", terms(2)),
        ("a", "a-1", terms(2)),
        ("a", "a-2", longer),
    ] {
        let noted = note(&users, "u", partner, uid, terms).await;
        assert_eq!(noted, Noted::Known);
    }
    assert_eq!(of(&users, "u").await, ["a=a-2", "b=b 1"], "C-143");
    assert!(of(&users, "v").await.is_empty());
    // b ends first.
    let _ = note(&users, "u", "c", "c-1", terms(2)).await;
    assert_eq!(of(&users, "u").await, ["a=a-2", "c=c-1"]);
    users.drop_match("u", &"a".into()).await.unwrap();
    assert_eq!(of(&users, "u").await, ["c=c-1"]);
    users.drop_matches("u").await.unwrap();
    assert!(of(&users, "u").await.is_empty());
}

#[tokio::test]
async fn s_12_ids_end_and_so_does_their_key() {
    let users = users().await;
    let _ = note(&users, "u", "a", "a-1", terms(9)).await;
    let mut connection = users.connection();
    let mut raw = redis::pipe();
    raw.cmd("HSET")
        .arg("{u:u}:ids")
        .arg(&["old", "1000 o-1", "odd", "no time"])
        .ignore();
    raw.cmd("PTTL").arg("{u:u}:ids");
    let (life,): (i64,) = raw.query_async(&mut connection).await.unwrap();
    assert!((3_500_000..=3_600_000).contains(&life), "{life}");
    assert_eq!(
        of(&users, "u").await,
        ["a=a-1", "old=o-1"],
        "what cannot be read is left out"
    );
    let _ = note(&users, "u", "b", "b-1", terms(9)).await;
    assert_eq!(
        of(&users, "u").await,
        ["a=a-1", "b=b-1"],
        "what has run out goes with the next write"
    );
    // A shorter life shortens nobody else's.
    let short = MatchTerms {
        life: Duration::from_secs(1),
        most: 9,
    };
    let _ = note(&users, "u", "c", "c-1", short).await;
    let mut ask = redis::cmd("PTTL");
    ask.arg("{u:u}:ids");
    let life: i64 = ask.query_async(&mut connection).await.unwrap();
    assert!(life > 3_000_000, "{life}");
}

#[tokio::test]
async fn s_13_an_erasure_takes_them_and_none_comes_back() {
    let users = users().await;
    let _ = note(&users, "u", "a", "a-1", terms(9)).await;
    let export = users.export("u").await.unwrap();
    let told = export.get("id:a").map(|kept| kept.ends_with(" a-1"));
    assert_eq!(told, Some(true), "{export:?}");
    assert!(users.delete_user("u", &[], DAY).await.unwrap());
    assert!(of(&users, "u").await.is_empty());
    let noted = note(&users, "u", "a", "a-2", terms(9)).await;
    assert_eq!(noted, Noted::Erased);
    assert!(users.export("u").await.unwrap().is_empty());
}

/// Whom our own bidder calls by an id.
async fn browsers(users: &UserState, uid: &str) -> Vec<String> {
    let mut ask = redis::cmd("ZRANGE");
    ask.arg(format!("{{u:{uid}}}:browsers")).arg(0).arg(-1);
    ask.query_async(&mut users.connection()).await.unwrap()
}

#[tokio::test]
async fn our_own_bidders_ids_have_a_way_back_while_they_are_known() {
    let users = users().await;
    let own = async |user: &str, uid: &str| {
        let noted = users
            .note_own_match(user, &"own".into(), uid, terms(2))
            .await;
        assert_eq!(noted.unwrap(), Noted::Known);
    };
    own("u", "d-1").await;
    own("v", "d-1").await;
    assert_eq!(browsers(&users, "d-1").await, ["u", "v"]);
    let mut ask = redis::cmd("PTTL");
    ask.arg("{u:d-1}:browsers");
    let life: i64 = ask.query_async(&mut users.connection()).await.unwrap();
    assert!((3_500_000..=3_600_000).contains(&life), "S12: {life}");
    // Another id in its place.
    own("u", "d-2").await;
    assert_eq!(browsers(&users, "d-1").await, ["v"]);
    assert_eq!(browsers(&users, "d-2").await, ["u"]);
    // Others make room of it, but for one who calls the user the same. The oldest goes, by the millisecond: each has
    // one of its own.
    let another_millisecond = async || tokio::time::sleep(Duration::from_millis(2)).await;
    another_millisecond().await;
    let _ = note(&users, "u", "a", "d-2", terms(2)).await;
    another_millisecond().await;
    let _ = note(&users, "u", "b", "b-1", terms(2)).await;
    assert_eq!(of(&users, "u").await, ["a=d-2", "b=b-1"]);
    assert_eq!(browsers(&users, "d-2").await, ["u"]);
    another_millisecond().await;
    let _ = note(&users, "u", "c", "c-1", terms(2)).await;
    assert_eq!(of(&users, "u").await, ["b=b-1", "c=c-1"]);
    assert_eq!(browsers(&users, "d-2").await, [""; 0], "made room");
    // Taken back, withdrawn.
    users.drop_match("v", &"other".into()).await.unwrap();
    assert_eq!(browsers(&users, "d-1").await, ["v"]);
    users.drop_match("v", &"own".into()).await.unwrap();
    assert_eq!(browsers(&users, "d-1").await, [""; 0]);
    own("v", "d-3").await;
    users.drop_matches("v").await.unwrap();
    assert_eq!(browsers(&users, "d-3").await, [""; 0]);
    // Run out.
    let brief = MatchTerms {
        life: Duration::from_millis(1),
        most: 2,
    };
    let _ = users.note_own_match("w", &"own".into(), "d-4", brief).await;
    testkit::poll_until(HOUR, async || {
        own("x", "d-4").await;
        browsers(&users, "d-4").await == ["x"]
    })
    .await;
}

#[tokio::test]
async fn so_many_browsers_of_one_id_and_no_more() {
    let users = users().await;
    for number in 0..70 {
        let user = format!("u{number:02}");
        let own = "own".into();
        let noted = users.note_own_match(&user, &own, "d", terms(2)).await;
        assert_eq!(noted.unwrap(), Noted::Known);
    }
    let kept = browsers(&users, "d").await;
    assert_eq!(kept.len(), 64);
    assert!(kept.contains(&"u69".to_owned()), "the newest is there");
}

#[tokio::test]
async fn s_13_an_id_of_somebody_erased_is_taken_from_nobody() {
    let users = users().await;
    let own = async |user: &str, uid: &str| {
        users
            .note_own_match(user, &"own".into(), uid, terms(9))
            .await
            .unwrap()
    };
    assert_eq!(own("v", "d").await, Noted::Known);
    let export = users.export("d").await.unwrap();
    assert_eq!(export.get("browsers").map(String::as_str), Some("v"));
    assert!(users.delete_user("d", &[], DAY).await.unwrap());
    assert_eq!(browsers(&users, "d").await, [""; 0]);
    assert_eq!(own("u", "d").await, Noted::Erased);
    assert!(of(&users, "u").await.is_empty());
    assert!(users.is_erased("d").await.unwrap());
    assert!(!users.is_erased("u").await.unwrap());
    assert_eq!(users.load_known("d").await.unwrap(), None);
    assert_eq!(
        users.load_known("u").await.unwrap(),
        Some(Matches::default())
    );
    // The user erased, and not the id: no way back is left.
    let _ = users.delete_user("u", &[], DAY).await.unwrap();
    assert_eq!(own("u", "e").await, Noted::Erased);
    assert_eq!(browsers(&users, "e").await, [""; 0]);
}

#[tokio::test]
async fn the_first_user_that_anybody_knows_is_read_once() {
    let url = testkit::stores().redis().await.state_url;
    let budget = Budget {
        bid: Duration::from_secs(10),
        off_path: Duration::from_secs(10),
        matches_bytes: 1 << 20,
        cache_life: HOUR,
        ..Budget::default()
    };
    let users = UserState::connect(&url, budget).unwrap();
    users.ping().await.unwrap();
    let _ = note(&users, "second", "a", "of-second", terms(9)).await;
    let _ = note(&users, "third", "a", "of-third", terms(9)).await;
    let ids = ["first", "second", "third"];
    for from_memory in [false, true] {
        let found = users.read_matches(&ids).await.unwrap();
        assert_eq!(told(&found.matches), ["a=of-second"]);
        assert_eq!(found.from_memory, from_memory);
    }
    let nobody = users.read_matches(&["first"]).await.unwrap();
    assert!(nobody.from_memory && nobody.matches.is_empty());
    // What this process writes it does not remember otherwise.
    let _ = note(&users, "first", "a", "of-first", terms(9)).await;
    let found = users.read_matches(&ids).await.unwrap();
    assert_eq!(told(&found.matches), ["a=of-first"]);
    users.drop_matches("first").await.unwrap();
    users.drop_match("second", &"a".into()).await.unwrap();
    let found = users.read_matches(&ids).await.unwrap();
    assert_eq!(told(&found.matches), ["a=of-third"]);
}
