//! Creatives that exchanges saw in bids: each waits once for its verdict, and then the catalog has it.

use crate::plane::Plane;
use contracts::access::SIGHTINGS_PATH;
use contracts::catalog::{Catalog, CreativeVerdict, MarkupHash, Verdict};
use http::Method;
use serde_json::{Value, json};

/// A control plane with these demand partners.
async fn plane(more: &[(&str, &str)], partners: &[&str]) -> Plane {
    let database = testkit::stores().database().await;
    let plane = Plane::start_with(database.url, true, more).await;
    for id in partners {
        let partner = json!({"id": id, "name": id, "endpoint": "http://127.0.0.1:9100/bid"});
        let made = plane.post("/demand-partners", partner).await;
        let _ = made.expect_status(201);
    }
    plane
}

fn seen(partner: &str, crid: &str, markup: &str) -> Value {
    json!({"partner": partner, "crid": crid, "markup": MarkupHash::of(markup),
        "sample": MarkupHash::sample(markup, 1_000)})
}

/// What became of a batch: stored, known, refused.
async fn told(plane: &Plane, creatives: &[Value]) -> [u64; 3] {
    let body = json!({"creatives": creatives}).to_string();
    let answer = plane.internal(Method::POST, SIGHTINGS_PATH, &body).await;
    let answer = answer.expect_status(200).json();
    ["stored", "known", "refused"].map(|key| answer[key].as_u64().expect("a count"))
}

async fn catalog(plane: &Plane) -> Catalog {
    let feed = plane.internal(Method::GET, "/internal/catalog", "").await;
    serde_json::from_slice(&feed.expect_status(200).body).expect("a catalog")
}

/// The `crid`s of a page of `/creative-verdicts`, and where the next one begins.
async fn listed(plane: &Plane, query: &str) -> (Vec<String>, Value) {
    let path = format!("/creative-verdicts{query}");
    let page = plane.get(&path).await.expect_status(200).json();
    let items = page["items"].as_array().expect("items").iter();
    let crids = items.map(|it| it["crid"].as_str().expect("a crid").to_owned());
    (crids.collect(), page["next_cursor"].clone())
}

#[tokio::test]
async fn what_was_seen_waits_once_and_is_published_when_it_is_judged() {
    let plane = plane(&[], &["dsp", "rival"]).await;
    let before = catalog(&plane).await;
    let markup = "<img src=\"https://dsp.example/a?user=7\">";
    let batch = [
        seen("dsp", "c-1", markup),
        seen("dsp", "c-1", "<b>other</b>"),
        seen("rival", "c-1", markup),
        seen("dsp", "c-1", markup),
        seen("nobody", "c-1", markup),
        json!({"partner": "dsp", "crid": "", "sample": "of nothing that could be named"}),
    ];
    // Of the two that are one, one is stored.
    assert_eq!(told(&plane, &batch).await, [3, 0, 3]);
    assert_eq!(told(&plane, &batch[..3]).await, [0, 3, 0], "once");

    let waiting = plane.get("/creative-verdicts?verdict=pending").await.json();
    assert_eq!(waiting["items"].as_array().unwrap().len(), 3, "{waiting}");
    let line = &waiting["items"][0];
    assert_eq!(
        (&line["partner_id"], &line["crid"], &line["verdict"]),
        (&json!("dsp"), &json!("c-1"), &json!("pending"))
    );
    assert_eq!(line["markup_hash"], json!(MarkupHash::of(markup)));
    let path = format!("/creative-verdicts/{}", line["id"].as_str().unwrap());
    let shown = plane
        .get(&format!("{path}/markup"))
        .await
        .expect_status(200);
    assert_eq!(
        shown.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(
        shown.header("x-content-type-options"),
        Some("nosniff"),
        "S10"
    );
    assert_eq!(
        shown.text(),
        "<img src=\"https://dsp.example/a?\">",
        "S12: no token"
    );

    let after = catalog(&plane).await;
    assert_eq!(
        (after.version, after.verdicts),
        (before.version, Vec::new()),
        "what waits decides nothing, and costs no version"
    );
    let approved = plane.patch(&path, json!({"verdict": "approved"})).await;
    let _ = approved.expect_status(200);
    let line = CreativeVerdict {
        partner: "dsp".into(),
        crid: "c-1".into(),
        adid: None,
        markup: Some(MarkupHash::of(markup)),
        verdict: Verdict::Approved,
    };
    assert_eq!(catalog(&plane).await.verdicts, [line]);
    assert_eq!(
        told(&plane, &batch[..1]).await,
        [0, 1, 0],
        "it stays judged"
    );
    let missing = plane.get("/creative-verdicts/cvd_none/markup").await;
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn creatives_without_crid_or_markup_wait_as_well() {
    let plane = plane(&[], &["dsp"]).await;
    let picture = MarkupHash::of_preview("https://p.example/1.png?b=1", ["shop.example"]);
    let batch = [
        seen("dsp", "", "<b>"),
        json!({"partner": "dsp", "adid": "7", "markup": MarkupHash::of("<b>"), "sample": "<b>"}),
        json!({"partner": "dsp", "adid": "7", "sample": ""}),
        json!({"partner": "dsp", "crid": "7", "sample": "shop.example"}),
        json!({"partner": "dsp", "crid": "7", "markup": picture, "sample": "https://p.example/1.png\nshop.example"}),
    ];
    for creative in &batch {
        let alone = std::slice::from_ref(creative);
        assert_eq!(
            told(&plane, alone).await,
            [1, 0, 0],
            "not there yet: {creative}"
        );
    }
    assert_eq!(told(&plane, &batch).await, [0, 5, 0], "once");
    let page = plane.get("/creative-verdicts?adid=7").await.json();
    let items = page["items"].as_array().unwrap();
    assert_eq!((items.len(), items[0].get("crid")), (2, None));
    let path = format!("/creative-verdicts/{}", items[1]["id"].as_str().unwrap());
    let blocked = plane.patch(&path, json!({"verdict": "blocked"})).await;
    assert_eq!(blocked.expect_status(200).json()["adid"], "7");
    let line = CreativeVerdict {
        partner: "dsp".into(),
        crid: String::new(),
        adid: Some("7".into()),
        markup: None,
        verdict: Verdict::Blocked,
    };
    assert_eq!(catalog(&plane).await.verdicts, [line]);
    // What waits is what a call names: a second verdict on it is none.
    let preview = json!({"iurl": "https://p.example/1.png?b=2", "adomain": ["shop.example"]});
    let body = json!({"partner_id": "dsp", "crid": "7", "preview": preview, "verdict": "blocked"});
    let judged = plane.post("/creative-verdicts", body).await;
    let judged = judged.expect_status(200).json();
    assert_eq!(judged["markup_hash"], json!(picture));
    let page = plane.get("/creative-verdicts?crid=7").await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn so_many_of_a_demand_partner_wait() {
    let plane = plane(&[("creative_registry.max_pending", "2")], &["dsp", "rival"]).await;
    let batch: Vec<Value> = ["a", "b", "c"].map(|crid| seen("dsp", crid, "x")).to_vec();
    assert_eq!(told(&plane, &batch).await, [2, 0, 1]);
    assert_eq!(told(&plane, &batch).await, [0, 2, 1]);
    assert_eq!(told(&plane, &[seen("rival", "a", "x")]).await, [1, 0, 0]);
    let page = plane
        .get("/creative-verdicts?crid=a&partner_id=dsp")
        .await
        .json();
    let path = format!(
        "/creative-verdicts/{}",
        page["items"][0]["id"].as_str().unwrap()
    );
    let _ = plane
        .patch(&path, json!({"verdict": "blocked"}))
        .await
        .expect_status(200);
    assert_eq!(told(&plane, &batch).await, [1, 2, 0], "there is room again");
}

#[tokio::test]
async fn verdicts_are_listed_by_what_they_are_about() {
    let plane = plane(&[], &["dsp", "rival"]).await;
    let batch: Vec<Value> = ["a", "b", "c"].map(|crid| seen("dsp", crid, "x")).to_vec();
    let _ = told(&plane, &batch).await;
    let _ = told(&plane, &[seen("rival", "b", "x")]).await;
    let blocked = json!({"partner_id": "dsp", "crid": "d", "verdict": "blocked"});
    let _ = plane
        .post("/creative-verdicts", blocked)
        .await
        .expect_status(201);
    #[rustfmt::skip]
    let cases: [(&str, &[&str]); 7] = [
        ("", &["a", "b", "c", "b", "d"]),
        ("?partner_id=dsp", &["a", "b", "c", "d"]),
        ("?partner_id=dsp&verdict=pending", &["a", "b", "c"]),
        ("?verdict=blocked", &["d"]),
        ("?crid=b", &["b", "b"]),
        ("?partner_id=rival&crid=b&verdict=pending", &["b"]),
        ("?partner_id=nobody", &[]),
    ];
    for (query, expect) in cases {
        assert_eq!(listed(&plane, query).await.0, expect, "{query}");
    }
    let (first, next) = listed(&plane, "?partner_id=dsp&limit=3").await;
    assert_eq!(first, ["a", "b", "c"]);
    let query = format!("?partner_id=dsp&limit=3&cursor={}", next.as_str().unwrap());
    assert_eq!(
        listed(&plane, &query).await,
        (vec!["d".to_owned()], Value::Null)
    );

    for (domain, seller, verdict) in [
        ("paper.example", "s1", "direct"),
        ("paper.example", "s2", "not_listed"),
        ("news.example", "s1", "direct"),
    ] {
        let body = json!({"id": format!("{domain}-{seller}"), "domain": domain, "system": "us.example",
            "seller_id": seller, "verdict": verdict});
        let _ = plane
            .post("/seller-verdicts", body)
            .await
            .expect_status(201);
    }
    #[rustfmt::skip]
    let cases: [(&str, &[&str]); 4] = [
        ("?domain=paper.example", &["paper.example-s1", "paper.example-s2"]),
        ("?verdict=direct", &["paper.example-s1", "news.example-s1"]),
        ("?seller_id=s1&domain=news.example", &["news.example-s1"]),
        ("?system=other.example", &[]),
    ];
    for (query, expect) in cases {
        let page = plane.get(&format!("/seller-verdicts{query}")).await.json();
        let items = page["items"].as_array().unwrap().iter();
        let ids: Vec<&str> = items.map(|it| it["id"].as_str().unwrap()).collect();
        assert_eq!(ids, expect, "{query}");
    }
    for path in [
        "/creative-verdicts?verdict=fine",
        "/seller-verdicts?verdict=fine",
    ] {
        assert_eq!(plane.get(path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn a_verdict_is_about_a_known_demand_partner() {
    let plane = plane(&[], &["dsp"]).await;
    let line = |partner: &str| json!({"id": "v1", "partner_id": partner, "crid": "c", "verdict": "blocked"});
    let refused = plane.post("/creative-verdicts", line("rival")).await;
    let refused = refused.expect_status(422).json();
    assert_eq!(refused["pointer"], "/partner_id");
    let _ = plane
        .post("/creative-verdicts", line("dsp"))
        .await
        .expect_status(201);
    let moved = plane
        .patch("/creative-verdicts/v1", json!({"partner_id": "rival"}))
        .await;
    assert_eq!(moved.expect_status(422).json()["pointer"], "/partner_id");
}

#[tokio::test]
async fn a_call_judges_what_has_a_line_already() {
    let plane = plane(&[], &["dsp"]).await;
    let (hash, markup) = (MarkupHash::of("<b>"), "<b>");
    #[rustfmt::skip]
    let cases = [
        ("by crid", json!({"partner": "dsp", "crid": "c", "sample": ""}), json!({"crid": "c"})),
        ("by adid", json!({"partner": "dsp", "adid": "a", "sample": ""}), json!({"adid": "a"})),
        ("by crid and markup", seen("dsp", "m", markup), json!({"crid": "m", "markup": markup})),
        ("by markup alone", seen("dsp", "", markup), json!({"markup_hash": hash})),
    ];
    for (says, creative, named) in cases {
        // The DSP bids first; who judges need not know of it.
        assert_eq!(told(&plane, &[creative]).await, [1, 0, 0], "{says}");
        let pending = plane.get("/creative-verdicts?verdict=pending").await.json();
        let line = &pending["items"][0];
        let with = |more: &[(&str, &str)]| {
            let mut body = named.clone();
            body["partner_id"] = json!("dsp");
            for (key, value) in more {
                body[*key] = json!(value);
            }
            body
        };
        let before = catalog(&plane).await;
        let answer = plane
            .post("/creative-verdicts", with(&[("verdict", "blocked")]))
            .await;
        assert_eq!(answer.header("etag"), Some("\"2\""), "{says}: {answer}");
        let judged = answer.expect_status(200).json();
        assert_eq!(
            (&judged["id"], &judged["verdict"], &judged["version"]),
            (&line["id"], &json!("blocked"), &json!(2)),
            "{says}"
        );
        let after = catalog(&plane).await;
        assert_eq!(after.version, before.version + 1, "{says}");
        assert_eq!(after.verdicts.len(), before.verdicts.len() + 1, "{says}");
        assert_eq!(after.verdicts.last().unwrap().verdict, Verdict::Blocked);
        let audit = plane.get("/audit?limit=1").await.json();
        let entry = &audit["items"][0];
        assert_eq!(
            (&entry["action"], &entry["id"]),
            (&json!("update"), &line["id"]),
            "S4 {says}: {entry}"
        );

        // And once more, unless it is another version that was read.
        let approved = with(&[("verdict", "approved")]);
        let stale = [("if-match", "\"1\"")];
        let refused = plane
            .call(Method::POST, "/creative-verdicts", &stale, approved.clone())
            .await;
        assert_eq!(refused.status, 412, "{says}: {refused}");
        let again = plane.post("/creative-verdicts", approved).await;
        assert_eq!(again.expect_status(200).json()["version"], 3, "{says}");

        // An id of the caller's is a line of its own, and there is one.
        let named = with(&[("id", "mine"), ("verdict", "blocked")]);
        let refused = plane.post("/creative-verdicts", named).await;
        let refused = refused.expect_status(409).json();
        let detail = refused["detail"].as_str().unwrap();
        let path = format!("PATCH /creative-verdicts/{}", line["id"].as_str().unwrap());
        assert!(detail.contains(&path), "{says}: {detail}");
    }
}

#[tokio::test]
async fn what_is_taken_is_named_with_what_to_do() {
    let plane = plane(&[], &["dsp"]).await;
    let seller = |id: &str, seller: &str, verdict: &str| {
        json!({"id": id, "domain": "paper.example", "system": "us.example", "seller_id": seller,
            "verdict": verdict})
    };
    let without_id = |mut body: Value| {
        body.as_object_mut().unwrap().remove("id");
        body
    };
    let creative = json!({"id": "cv", "partner_id": "dsp", "crid": "c", "verdict": "pending"});
    let other = json!({"id": "cv", "partner_id": "dsp", "crid": "d", "verdict": "pending"});
    let list = json!({"id": "l", "name": "l", "kind": "domain"});
    let advertiser = json!({"id": "a", "name": "a", "domain": "a.example"});
    #[rustfmt::skip]
    let cases = [
        ("/seller-verdicts", seller("sv", "s1", "direct"), 201, ""),
        ("/seller-verdicts", without_id(seller("", "s1", "reseller")), 200, ""),
        ("/seller-verdicts", without_id(seller("", "s2", "direct")), 201, ""),
        ("/seller-verdicts", seller("other", "s1", "direct"), 409, "PATCH /seller-verdicts/sv"),
        ("/seller-verdicts", seller("sv", "s3", "direct"), 409, "the id sv is taken: PATCH /seller-verdicts/sv"),
        ("/creative-verdicts", creative.clone(), 201, ""),
        ("/creative-verdicts", creative, 409, "PATCH /creative-verdicts/cv"),
        ("/creative-verdicts", other, 409, "the id cv is taken: PATCH /creative-verdicts/cv"),
        ("/lists", list.clone(), 201, ""),
        ("/lists", list, 409, "the id l is taken: POST /lists/l/entries"),
        ("/advertisers", advertiser.clone(), 201, ""),
        ("/advertisers", advertiser, 409, "the id a is taken: PATCH /advertisers/a"),
    ];
    for (path, body, status, detail) in cases {
        let answer = plane.post(path, body.clone()).await;
        assert_eq!(answer.status, status, "{path} {body}: {answer}");
        let told = answer.json()["detail"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(told.contains(detail), "{path} {body}: {told}");
    }
    let shown = plane.get("/seller-verdicts/sv").await.json();
    assert_eq!(
        (&shown["verdict"], &shown["version"]),
        (&json!("reseller"), &json!(2))
    );
    // What two lines are about cannot become the same.
    let moved = json!({"seller_id": "s2"});
    let refused = plane.patch("/seller-verdicts/sv", moved).await;
    let refused = refused.expect_status(409).json();
    assert_eq!(
        refused["detail"],
        "there is another about the same: change that one"
    );
}
