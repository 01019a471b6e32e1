//! `DELETE /user/{id}` of one person under all its ids, with the exchange's match table in the same Redis (S13).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use service::clock;
use service::visitor::Visitors;
use units::BidId;
use userstate::{Budget, MatchTerms, Noted, UserState};
use uuid::Uuid;

use crate::stand::{Dmp, Gives};

const DAY: Duration = Duration::from_secs(86_400);
const TERMS: MatchTerms = MatchTerms {
    life: DAY,
    most: 64,
};

/// A new id of a browser, as the exchange (`usr_`) and as the DMP (`dmp_`) make them.
fn made(prefix: &'static str) -> String {
    let visitors = Visitors {
        cookie: "c",
        prefix,
        domain: String::new(),
        life: DAY,
        is_secure: false,
    };
    visitors.welcome(clock::now())
}

/// The exchange's side of the state.
async fn exchange(dmp: &Dmp) -> UserState {
    let budget = Budget {
        off_path: Duration::from_secs(10),
        ..Budget::default()
    };
    let state = UserState::connect(&dmp.redis_url, budget).unwrap();
    state.ping().await.unwrap();
    state
}

async fn redis(dmp: &Dmp) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(dmp.redis_url.as_str()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Every key but those of segments, and every value of any key, that has one of these texts in it.
async fn naming(dmp: &Dmp, texts: &[&str]) -> Vec<String> {
    let mut connection = redis(dmp).await;
    let mut ask = redis::cmd("KEYS");
    let keys: Vec<String> = ask.arg("*").query_async(&mut connection).await.unwrap();
    let mut naming = Vec::new();
    for key in keys {
        let mut ask = redis::cmd("TYPE");
        let kind: String = ask.arg(&key).query_async(&mut connection).await.unwrap();
        let mut read = match kind.as_str() {
            "hash" => redis::cmd("HGETALL"),
            "zset" => {
                let mut read = redis::cmd("ZRANGE");
                read.arg(&key).arg(0).arg(-1);
                read
            }
            _ => redis::cmd("GET"),
        };
        if kind != "zset" {
            read.arg(&key);
        }
        let value: redis::Value = read.query_async(&mut connection).await.unwrap();
        let values: Vec<Vec<u8>> = match redis::from_redis_value(value.clone()) {
            Ok(values) => values,
            Err(_) => vec![redis::from_redis_value(value).unwrap()],
        };
        let mut all: Vec<String> = values
            .iter()
            .map(|it| String::from_utf8_lossy(it).into_owned())
            .collect();
        all.push(key.clone());
        if all
            .iter()
            .any(|it| texts.iter().any(|text| it.contains(text)))
        {
            naming.push(key);
        }
    }
    naming.sort();
    naming
}

/// The exchange notes what its own bidder calls a browser.
async fn own(state: &UserState, browser: &str, uid: &str) -> Noted {
    let partner = "own".into();
    let noted = state.note_own_match(browser, &partner, uid, TERMS);
    noted.await.unwrap()
}

/// The same of another DSP.
async fn told(state: &UserState, browser: &str, partner: &str, uid: &str) -> Noted {
    let partner = partner.into();
    let noted = state.note_match(browser, &partner, uid, TERMS);
    noted.await.unwrap()
}

/// One person: a user of the DMP with a link, two browsers of the exchange, what two DSPs call one of them, caps.
struct Person {
    user: String,
    link: String,
    browsers: [String; 2],
}

impl Person {
    async fn live(dmp: &Dmp, state: &UserState, number: usize) -> Self {
        let person = Self {
            user: made("dmp_"),
            link: format!("eid.example:{number}"),
            browsers: [made("usr_"), made("usr_")],
        };
        let Self {
            user,
            link,
            browsers,
        } = &person;
        let profile = json!({"demographics": {"age": 20}, "segments": ["a-list"]});
        dmp.put(&format!("/user/{user}/profile"), profile)
            .await
            .gives(201);
        let links = json!({"ids": [link]});
        dmp.post(&format!("/user/{user}/links"), links)
            .await
            .gives(200);
        for browser in browsers {
            assert_eq!(own(state, browser, user).await, Noted::Known);
        }
        for (partner, uid) in [("a", "a-of-it"), ("b", "b-of-it")] {
            let uid = format!("{uid}-{number}");
            let noted = told(state, &browsers[0], partner, &uid).await;
            assert_eq!(noted, Noted::Known);
        }
        // An impression that was counted before anybody knew who this is.
        let bid = BidId(Uuid::from_u128(1));
        let now = clock::now();
        let confirmed = state.confirm(&browsers[1], &[], bid, now, now);
        let _ = confirmed.await.unwrap();
        person
    }

    fn ids(&self) -> [&str; 4] {
        let [first, second] = &self.browsers;
        [&self.user, &self.link, first, second]
    }
}

#[tokio::test]
async fn s13_whichever_id_is_erased_all_of_the_person_are() {
    let dmp = Dmp::start().await;
    let state = exchange(&dmp).await;
    let other = Person::live(&dmp, &state, 9).await;
    let of_other = naming(&dmp, &other.ids()).await;
    assert_eq!(of_other.len(), 9, "{of_other:?}");
    for (number, named) in ["user", "link", "first browser", "second browser"]
        .into_iter()
        .enumerate()
    {
        let person = Person::live(&dmp, &state, number).await;
        let ids = person.ids();
        // What a DSP calls a browser is a trace of it, too.
        let traces = [ids[0], ids[1], ids[2], ids[3], &format!("-of-it-{number}")];
        assert_eq!(naming(&dmp, &traces).await.len(), 9, "{named}");

        let export = dmp.get(&format!("/user/{}/export", ids[number])).await;
        let export = export.gives(200).text();
        for id in traces {
            assert!(export.contains(id), "{named}: {id} in {export}");
        }

        dmp.delete(&format!("/user/{}", ids[number]))
            .await
            .gives(204);
        let tombstones: BTreeSet<String> =
            ids.iter().map(|id| format!("{{u:{id}}}:gone")).collect();
        let left = naming(&dmp, &traces).await;
        assert_eq!(BTreeSet::from_iter(left), tombstones, "{named}");
        for id in ids {
            dmp.get(&format!("/user/{id}/export")).await.gives(404);
        }
        // Late calls of the person's browsers bring nothing back, under none of the ids.
        let late = [
            own(&state, ids[2], ids[0]).await,
            own(&state, ids[2], &made("dmp_")).await,
            own(&state, &made("usr_"), ids[0]).await,
            told(&state, ids[3], "a", "a-of-it").await,
        ];
        assert_eq!(late, [Noted::Erased; 4], "{named}");
        let left = naming(&dmp, &traces).await;
        assert_eq!(BTreeSet::from_iter(left), tombstones, "{named}, late");
    }
    assert_eq!(naming(&dmp, &other.ids()).await, of_other, "nobody else");
}

#[tokio::test]
async fn s13_an_erasure_that_was_interrupted_is_finished_by_the_next() {
    let dmp = Dmp::start().await;
    let state = exchange(&dmp).await;
    let person = Person::live(&dmp, &state, 0).await;
    let ids = person.ids();
    // Every id is marked, and the one that was found last is gone.
    for id in ids {
        let _ = state.mark_erased(id, DAY).await.unwrap();
    }
    let traces = state.traces(ids[2]).await.unwrap();
    assert!(state.wipe(ids[2], &traces, &[]).await.unwrap());
    for _ in 0..2 {
        dmp.delete(&format!("/user/{}", ids[0])).await.gives(204);
        let left = naming(&dmp, &ids).await;
        assert!(left.iter().all(|key| key.ends_with(":gone")), "{left:?}");
    }
}

#[tokio::test]
async fn s13_nobody_has_another_one_erased() {
    let dmp = Dmp::start().await;
    let state = exchange(&dmp).await;
    dmp.put("/user/user-12345/profile", json!({"interests": ["books"]}))
        .await
        .gives(201);
    // A browser tells an id that it cannot have been told, as our own bidder's and as another's.
    let browser = made("usr_");
    let guessed = "user-12345";
    assert_eq!(own(&state, &browser, guessed).await, Noted::Known);
    assert_eq!(told(&state, &browser, "a", guessed).await, Noted::Known);
    dmp.delete(&format!("/user/{browser}")).await.gives(204);
    dmp.get("/user/user-12345/profile").await.gives(200);
    let left = naming(&dmp, &[&browser]).await;
    assert_eq!(left, [format!("{{u:{browser}}}:gone")], "nor is it named");
    dmp.put("/user/user-12345/profile", json!({}))
        .await
        .gives(200);
}

#[tokio::test]
async fn s13_a_browser_that_was_erased_gets_another_id() {
    let exchanges = r#"["https://x.example"]"#;
    let dmp = Dmp::start_with(&[("local_mode", "true"), ("sync_return_to", exchanges)]).await;
    let path = "/sync?to=https%3A%2F%2Fx.example%2Fsync%2Fin%3Fuid%3D";
    let mut cookie = String::new();
    for is_erased in [false, true, false] {
        let before = cookie.clone();
        let headers = [("cookie", before.as_str())];
        let answer = dmp.send(http::Method::GET, path, &headers, "").await;
        let set = answer.gives(302);
        let set = set.header("set-cookie").unwrap().split(';').next().unwrap();
        if !before.is_empty() {
            assert_eq!(set != before, is_erased, "{set}, {before}");
        }
        set.clone_into(&mut cookie);
        if before.is_empty() {
            let id = set.strip_prefix("gavel_dmp=").unwrap();
            dmp.delete(&format!("/user/{id}")).await.gives(204);
        }
    }
}
