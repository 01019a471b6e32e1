//! Profiles, events, erasure and segments of users, over a real socket (interfaces.md, "DMP (8005)").

use crate::stand::{Dmp, Gives, seed_rules, segment, wait_for};
use http::Method;
use serde_json::{Value, json};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

#[tokio::test]
async fn the_calls_of_the_readme() {
    let dmp = Dmp::start().await;
    let body = r#"{"events": [{"event_type": "page_view", "page_url": "https://example.com/products", "timestamp": "2024-01-01T12:00:00Z"}]}"#;
    dmp.get("/user/u1/profile").await.gives(404);
    let answer = dmp.send(Method::POST, "/user/u1/events", &JSON, body).await;
    assert_eq!(
        answer.gives(202).json(),
        json!({"accepted": 1, "ignored": [], "segments_gained": [], "segments_lost": []})
    );
    let answer = dmp.get("/user/u1/profile").await.gives(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.json(),
        json!({
            "user_id": "u1", "demographics": {}, "interests": [], "behaviors": [],
            "segments": [], "consent": {}
        }),
        "an event creates the user"
    );
}

#[tokio::test]
async fn put_merges_and_creates() {
    let dmp = Dmp::start().await;
    let first = json!({"demographics": {"age": 50, "country": "USA"}, "interests": ["technology"]});
    dmp.put("/user/u1/profile", first).await.gives(201);
    let second = json!({"demographics": {"gender": "F"}, "interests": ["shopping"]});
    let merged = dmp.put("/user/u1/profile", second).await.gives(200);
    let expect = json!({
        "user_id": "u1",
        "demographics": {"age": 50, "gender": "F", "country": "US"},
        "interests": ["technology", "shopping"],
        "behaviors": [], "segments": [], "consent": {}
    });
    assert_eq!(merged.json(), expect);
    assert_eq!(dmp.get("/user/u1/profile").await.json(), expect);
    let back = dmp.put("/user/u1/profile", expect.clone()).await;
    assert_eq!(back.json(), expect, "what is got may be put");
}

#[tokio::test]
async fn ids_are_any_text() {
    let dmp = Dmp::start().await;
    for id in [
        "a%20b",
        "%C3%BC",
        "x%2Fy",
        "%7Bu:a%7D:gone",
        "eid.example:77",
    ] {
        let path = format!("/user/{id}/profile");
        dmp.put(&path, json!({})).await.gives(201);
        dmp.get(&path).await.gives(200);
        dmp.delete(&format!("/user/{id}")).await.gives(204);
        dmp.get(&path).await.gives(404);
    }
}

/// The profile that is put first; the events; gained by them; the segments after that.
type Row<'a> = (&'a str, Value, &'a Value, &'a [&'a str], &'a [&'a str]);

#[tokio::test]
async fn segments_are_gained_and_lost() {
    let dmp = Dmp::start().await;
    let buys = json!({"events": [{"event_type": "purchase"}]});
    let views = json!({"events": [{"event_type": "page_view"}]});
    let cases: [Row<'_>; 6] = [
        (
            "a purchase makes a buyer, and a buyer is of high value",
            json!({}),
            &buys,
            &["high_value"],
            &["high_value"],
        ),
        ("a view makes none", json!({}), &views, &[], &[]),
        (
            "a buyer is one already",
            json!({"behaviors": ["buyer"]}),
            &buys,
            &[],
            &["high_value"],
        ),
        (
            "mobile, 18 and 35 are in",
            json!({"demographics": {"age": 35, "device_type": "mobile"}}),
            &views,
            &[],
            &["mobile_users", "young_adults"],
        ),
        (
            "36 is out",
            json!({"demographics": {"age": 36, "device_type": "desktop"}}),
            &views,
            &[],
            &[],
        ),
        (
            "what a profile tells stays, rule or not",
            json!({"segments": [{"id": "high_value", "count": 2}, {"id": "vip"}]}),
            &views,
            &[],
            &["high_value", "vip"],
        ),
    ];
    for (at, (says, profile, events, gained, after)) in cases.into_iter().enumerate() {
        let user = format!("u{at}");
        let profile_path = format!("/user/{user}/profile");
        dmp.put(&profile_path, profile).await.gives(201);
        let events_path = format!("/user/{user}/events");
        let answer = dmp
            .post(&events_path, events.clone())
            .await
            .gives(202)
            .json();
        assert_eq!(answer["segments_gained"], json!(gained), "{says}");
        assert_eq!(answer["segments_lost"], json!([]), "{says}");
        assert_eq!(dmp.segments_of(&user).await, after, "{says}");
    }

    let aged = json!({"demographics": {"age": 36}});
    dmp.put("/user/u3/profile", aged).await.gives(200);
    assert_eq!(dmp.segments_of("u3").await, ["mobile_users"], "a birthday");
    let sizes = dmp.get("/segments").await.gives(200).json();
    assert_eq!(
        sizes["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["size"].clone())
            .collect::<Vec<_>>(),
        [json!(3), json!(1), json!(0)],
        "high_value, mobile_users, young_adults"
    );
}

#[tokio::test]
async fn a_rule_on_events_is_lost_by_an_event() {
    let dmp = Dmp::start().await;
    let views = |at_least| contracts::profile::Rule::Event {
        event_type: "page_view".into(),
        at_least,
        within_days: 7,
    };
    let newcomers = segment(
        "newcomers",
        contracts::profile::Rule::Not(Box::new(views(2))),
    );
    dmp.control_plane
        .publish(vec![newcomers, segment("regulars", views(2))]);
    wait_for(async || dmp.get("/segments/regulars").await.status == 200).await;
    let view = json!({"events": [{"event_type": "page_view"}]});
    let first = dmp.post("/user/u1/events", view.clone()).await.json();
    assert_eq!(first["segments_gained"], json!(["newcomers"]));
    let second = dmp.post("/user/u1/events", view).await.json();
    assert_eq!(second["segments_gained"], json!(["regulars"]));
    assert_eq!(second["segments_lost"], json!(["newcomers"]));
}

#[tokio::test]
async fn rules_that_come_later_hold_for_users_of_before() {
    let dmp = Dmp::start().await;
    let profile = json!({"demographics": {"age": 70, "country": "DE"}});
    dmp.put("/user/u1/profile", profile).await.gives(201);
    let mut rules = seed_rules();
    rules.push(segment(
        "seniors",
        contracts::profile::Rule::Age { min: 65, max: 120 },
    ));
    dmp.control_plane.publish(rules);
    wait_for(async || dmp.segments_of("u1").await == ["seniors"]).await;
    dmp.control_plane.publish(seed_rules());
    wait_for(async || dmp.segments_of("u1").await.is_empty()).await;
}

#[tokio::test]
async fn what_events_tell() {
    let dmp = Dmp::start().await;
    let events = json!({"events": [
        {"event_type": "page_view", "properties": {"category": "books"}},
        {"event_type": "page_view", "properties": {"category": ["music", "books"]}},
        {"event_type": "purchase", "timestamp": "2024-01-01T12:00:00Z"},
        {"event_type": "purchase", "timestamp": "2024-01-01T12:00:00Z"},
    ]});
    let answer = dmp.post("/user/u1/events", events).await.gives(202).json();
    assert_eq!(answer["accepted"], 3);
    assert_eq!(
        answer["ignored"],
        json!([{"index": 3, "reason": "duplicate"}])
    );
    let profile = dmp.get("/user/u1/profile").await.json();
    assert_eq!(profile["interests"], json!(["books", "music"]));
    assert_eq!(profile["behaviors"], json!(["buyer"]));

    let refuses = json!({"consent": {"profiling": false}});
    dmp.put("/user/u2/profile", refuses).await.gives(201);
    let event = json!({"events": [{"event_type": "purchase"}]});
    let answer = dmp.post("/user/u2/events", event).await.json();
    assert_eq!(
        answer["ignored"],
        json!([{"index": 0, "reason": "no_consent"}])
    );
    assert_eq!(
        dmp.get("/user/u2/profile").await.json()["behaviors"],
        json!([])
    );
}

#[tokio::test]
async fn the_pixel_is_an_event() {
    let dmp = Dmp::start().await;
    let path = "/pixel?user_id=u1&event_type=purchase&category=books";
    let head = dmp.send(Method::HEAD, path, &[], "").await;
    assert_eq!(head.status, 200);
    dmp.get("/user/u1/profile").await.gives(404);
    let answer = dmp.get(path).await.gives(200);
    assert_eq!(answer.header("content-type"), Some("image/gif"));
    let profile = dmp.get("/user/u1/profile").await.json();
    assert_eq!(profile["interests"], json!(["books"]));
    assert_eq!(profile["behaviors"], json!(["buyer"]));
    dmp.get("/pixel").await.gives(400);
}

#[tokio::test]
async fn nobodys_change_is_lost() {
    let dmp = Dmp::start().await;
    let calls = (0..40).map(|number| {
        let event = json!({"events": [
            {"event_type": "view", "properties": {"category": format!("interest-{number}")}}
        ]});
        dmp.post("/user/u1/events", event)
    });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.status, 202, "{answer}");
    }
    let profile = dmp.get("/user/u1/profile").await.json();
    assert_eq!(profile["interests"].as_array().unwrap().len(), 40);
}

#[tokio::test]
async fn s13_export_and_erasure() {
    let dmp = Dmp::start().await;
    let profile = json!({
        "demographics": {"age": 20, "device_type": "mobile"},
        "interests": ["canary-interest"], "segments": ["canary-list"],
        "consent": {"canary-purpose": true}
    });
    dmp.put("/user/canary-1/profile", profile).await.gives(201);
    let export = dmp.get("/user/canary-1/export").await.gives(200).text();
    for canary in [
        "canary-1",
        "canary-interest",
        "canary-list",
        "canary-purpose",
        "young_adults",
    ] {
        assert!(export.contains(canary), "{canary} in {export}");
    }

    dmp.delete("/user/canary-1").await.gives(204);
    dmp.delete("/user/canary-1").await.gives(204);
    dmp.get("/user/canary-1/profile").await.gives(404);
    dmp.get("/user/canary-1/export").await.gives(404);
    let late = json!({"events": [{"event_type": "purchase"}, {"event_type": "view"}]});
    let answer = dmp.post("/user/canary-1/events", late).await.gives(202);
    assert_eq!(answer.json(), json!({"dropped": 2}));
    dmp.get("/user/canary-1/profile").await.gives(404);

    let mut connection = redis::Client::open(dmp.redis_url.as_str())
        .unwrap()
        .get_multiplexed_async_connection()
        .await
        .unwrap();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(keys, ["{u:canary-1}:gone"], "nothing but the tombstone");
}

#[tokio::test]
async fn a_user_is_found_by_other_ids_until_it_is_erased() {
    let dmp = Dmp::start().await;
    dmp.get("/user/u1/links").await.gives(404);
    let name = |ids: &[&str]| json!({"ids": ids});
    dmp.post("/user/u1/links", name(&["cookie-1"]))
        .await
        .gives(404);
    dmp.put("/user/u1/profile", json!({"interests": ["technology"]}))
        .await
        .gives(201);
    dmp.put("/user/u2/profile", json!({})).await.gives(201);
    let none = dmp.get("/user/u1/links").await.gives(200).json();
    assert_eq!(none, json!({"user_id": "u1", "ids": []}));
    let refused = dmp.post("/user/u1/links", name(&["cookie-1", "u2"])).await;
    assert_eq!(refused.gives(409).json()["code"], "id_not_free");
    let refused = dmp.post("/user/u1/links", name(&["u1"])).await;
    assert_eq!(refused.gives(422).json()["errors"][0]["pointer"], "/ids/0");
    dmp.post("/user/u1/links", name(&["cookie-1", "eid.example:7"]))
        .await
        .gives(200);
    let both = dmp
        .post("/user/u1/links", name(&["cookie-1"]))
        .await
        .gives(200)
        .json();
    assert_eq!(
        both,
        json!({"user_id": "u1", "ids": ["cookie-1", "eid.example:7"]})
    );

    // As a bidder reads it, an id that nobody knows beside it.
    let read = async |ids: &[&str]| {
        let budget = userstate::Budget {
            bid: std::time::Duration::from_secs(5),
            ..userstate::Budget::default()
        };
        let bidder = userstate::UserState::connect(&dmp.redis_url, budget).unwrap();
        // This call waits for the connection, a bid does not.
        bidder.memory_ratio().await.unwrap();
        bidder.read(ids).await.unwrap().unwrap()
    };
    let found = read(&["nobody", "eid.example:7"]).await;
    assert_eq!(found.alias_of, Some("u1".into()));
    assert_eq!(found.profile.unwrap().interests, ["technology"]);

    dmp.delete("/user/u1").await.gives(204);
    let gone = read(&["eid.example:7"]).await;
    assert_eq!((gone.alias_of, gone.profile), (None, None));
    // What was erased a short while ago is nobody's other id.
    dmp.post("/user/u2/links", name(&["cookie-1"]))
        .await
        .gives(409);
}
