//! What the other services get: the catalog, leases, and who may ask for them.

use std::time::{Duration, Instant};

use crate::plane::{Plane, TOKEN};
use contracts::catalog::{Catalog, Verdict};
use contracts::event::{NOTICE_STREAM, RECORD_STREAM};
use contracts::lease::{LeaseAnswer, LeaseAsk, Want};
use eventlog::{EventLog, Timeouts};
use http::Method;
use serde_json::json;
use testkit::http::{get, send};
use testkit::poll_until;
use units::{BootId, Nanos, UnixMillis};

async fn catalog(plane: &Plane, query: &str) -> Option<Catalog> {
    let answer = plane
        .internal(Method::GET, &format!("/internal/catalog{query}"), "")
        .await;
    if answer.status == 304 {
        return None;
    }
    let answer = answer.expect_status(200);
    let catalog: Catalog = serde_json::from_slice(&answer.body).expect("a catalog");
    assert_eq!(
        answer.header("etag"),
        Some(format!("\"{}\"", catalog.version).as_str())
    );
    Some(catalog)
}

#[tokio::test]
async fn an_edit_reaches_a_waiting_feed() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let first = catalog(&plane, "")
        .await
        .expect("there is one from the start");
    assert_eq!(first.advertisers.len(), 1);
    assert_eq!(first.notice_keys.len(), 1, "made at the first start");
    let after = format!("?after={}&wait_ms=25000", first.version);
    let waiting = catalog(&plane, &after);
    let begun = Instant::now();
    let (next, id) = tokio::join!(waiting, plane.campaign(100.0));
    let next = next.expect("the edit ends the wait");
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "the wait did not run out"
    );
    assert_eq!(next.version, first.version + 1);
    assert_eq!(next.campaigns[0].id.as_str(), id);
    assert_eq!(next.campaigns[0].budget, Nanos(100_000_000_000));
    assert_eq!(next.line_items[0].creatives, [next.creatives[0].id.clone()]);
    let nothing = catalog(&plane, &format!("?after={}&wait_ms=1", next.version)).await;
    assert!(nothing.is_none(), "304 when there is nothing new");

    let _ = plane
        .post(&format!("/campaigns/{id}/archive"), json!({}))
        .await
        .expect_status(200);
    let last = catalog(&plane, &format!("?after={}", next.version))
        .await
        .unwrap();
    assert!(
        last.campaigns.is_empty() && last.line_items.is_empty(),
        "archived is not published"
    );
    assert_eq!(
        last.creatives.len(),
        1,
        "yesterday's click still finds its page"
    );
}

#[tokio::test]
async fn what_changed_makes_the_whole_of_any_earlier_version() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let path = |query: &str| format!("/internal/catalog{query}");
    let whole = async || {
        let answer = plane.internal(Method::GET, &path(""), "").await;
        let answer = answer.expect_status(200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let catalog: Catalog = serde_json::from_slice(&answer.body).expect("a catalog");
        (catalog.version, answer.body.to_vec())
    };
    let mut campaigns = Vec::new();
    for _ in 0..12 {
        campaigns.push(plane.campaign(100.0).await);
    }
    let mut versions = vec![whole().await];
    let edits = [
        (
            "PATCH",
            json!({"bid": {"type": "cpm", "cpm": 3, "max_cpm": 9}}),
        ),
        ("pause", json!({})),
        ("archive", json!({})),
        (
            "PATCH",
            json!({"name": "春 \"x\"\n]", "targeting": {"cities": ["],", "x"]}}),
        ),
        ("activate", json!({})),
        ("new", json!({})),
    ];
    for (at, (what, body)) in edits.into_iter().enumerate() {
        let id = &campaigns[at % 3];
        let answer = match what {
            "PATCH" => plane.patch(&format!("/campaigns/{id}"), body).await,
            "new" => {
                plane.campaign(5.0).await;
                versions.push(whole().await);
                continue;
            }
            action => plane.post(&format!("/campaigns/{id}/{action}"), body).await,
        };
        assert!(answer.status < 500, "{what}: {answer}");
        versions.push(whole().await);
    }
    let (newest, text) = versions.last().cloned().expect("some");
    assert!(newest >= versions[0].0 + 4, "edits were made");
    for (version, base) in &versions[..versions.len() - 1] {
        let query = format!("?after={version}&patch=1");
        if *version == newest {
            continue;
        }
        let answer = plane.internal(Method::GET, &path(&query), "").await;
        let answer = answer.expect_status(200);
        let kind = answer.header("content-type");
        assert_eq!(kind, Some(service::feed::patch::MEDIA_TYPE), "{version}");
        assert_eq!(
            answer.header("etag"),
            Some(format!("\"{newest}\"").as_str())
        );
        let made = service::feed::patch::apply(base.clone(), &answer.body);
        assert_eq!(made.as_deref(), Ok(&*text), "from {version}");
        // Who knows no patches gets the whole, and so does who has a version of which nothing is known.
        let query = format!("?after={version}");
        let answer = plane.internal(Method::GET, &path(&query), "").await;
        assert_eq!(answer.expect_status(200).body.to_vec(), text);
    }
    let answer = plane
        .internal(Method::GET, &path("?after=999999&patch=1"), "")
        .await;
    assert_eq!(answer.expect_status(200).body.to_vec(), text);
}

#[tokio::test]
async fn verdicts_on_creatives_reach_the_feed() {
    let plane = Plane::start().await;
    let dsp = json!({"id": "dsp", "name": "d", "endpoint": "http://127.0.0.1:9100/bid"});
    let _ = plane.post("/demand-partners", dsp).await.expect_status(201);
    let line =
        json!({"partner_id": "dsp", "crid": "c-1", "markup": "<b>x</b>", "verdict": "pending"});
    let made = plane.post("/creative-verdicts", line.clone()).await;
    let made = made.expect_status(201).json();
    let twice = plane.post("/creative-verdicts", line).await;
    let twice = twice.expect_status(200).json();
    assert_eq!(twice["id"], made["id"], "one verdict for one markup");
    let all_of_it = json!({"partner_id": "dsp", "crid": "c-1", "verdict": "approved"});
    let _ = plane
        .post("/creative-verdicts", all_of_it)
        .await
        .expect_status(201);
    let path = format!("/creative-verdicts/{}", made["id"].as_str().unwrap());
    let blocked = plane.patch(&path, json!({"verdict": "blocked"})).await;
    let blocked = blocked.expect_status(200).json();
    assert_eq!(blocked["markup_hash"], made["markup_hash"]);
    let fed = catalog(&plane, "").await.unwrap().verdicts;
    let told: Vec<_> = fed
        .iter()
        .map(|it| (it.markup.is_some(), it.verdict))
        .collect();
    assert_eq!(told, [(true, Verdict::Blocked), (false, Verdict::Approved)]);
}

#[tokio::test]
async fn terms_of_sellers_reach_the_feed() {
    let plane = Plane::start().await;
    let rates = json!({"rates": {"JPY": 149.5}});
    let _ = plane.post("/rates", rates).await.expect_status(201);
    let dsp =
        json!({"id": "dsp", "name": "d", "endpoint": "http://127.0.0.1:9100/bid", "multibid": 2});
    let _ = plane.post("/demand-partners", dsp).await.expect_status(201);
    let publisher = json!({"id": "p", "name": "P", "domain": "p.example", "increments": {"JPY": 1},
        "discounts": [{"partner_id": "dsp", "share": 0.25}], "account": {"multibid": 3}});
    let _ = plane
        .post("/publishers", publisher)
        .await
        .expect_status(201);
    let placement = json!({"id": "s", "publisher_id": "p", "sizes": ["300x250"], "floor": 1,
        "auction_type": "second_price", "soft_floor": 1.5});
    let _ = plane
        .post("/placements", placement)
        .await
        .expect_status(201);
    let fed = catalog(&plane, "").await.unwrap();
    let seller = &fed.publishers[0];
    assert_eq!(
        serde_json::to_value((&seller.discounts, &seller.increments)).unwrap(),
        json!([[{"partner": "dsp", "share": 250_000}], {"JPY": 1_000_000}])
    );
    let multibid = seller.account.as_ref().unwrap().multibid;
    let of_dsp = fed.partners[0].multibid;
    let told = [multibid, of_dsp].map(|most| most.unwrap().get());
    assert_eq!(told, [3, 2]);
    assert_eq!(fed.placements[0].soft_floor.unwrap().micros(), 1_500_000);

    let nobody = json!({"discounts": [{"partner_id": "dsp", "share": 0.1}, {"partner_id": "nobody", "share": 0.1}]});
    let refused = plane
        .patch("/publishers/p", nobody)
        .await
        .expect_status(422);
    assert_eq!(refused.json()["pointer"], "/discounts/1/partner_id");
    let low = plane.patch("/placements/s", json!({"floor": 2})).await;
    assert_eq!(low.expect_status(422).json()["pointer"], "/soft_floor");
    let emptied = json!({"discounts": [], "increments": null, "account": {"multibid": null}});
    let emptied = plane
        .patch("/publishers/p", emptied)
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&emptied["discounts"], &emptied["increments"]),
        (&json!([]), &json!({}))
    );
    let fed = catalog(&plane, "").await.unwrap();
    let account = fed.publishers[0].account.as_ref().unwrap();
    assert_eq!(
        (fed.publishers[0].discounts.len(), account.multibid),
        (0, None)
    );
}

#[tokio::test]
async fn two_control_planes_tell_of_one_anothers_edits() {
    let one = Plane::start().await;
    let two = Plane::start_on(one.database_url.clone(), true).await;
    let before = catalog(&two, "").await.unwrap().version;
    one.advertiser().await;
    let heard = catalog(&two, &format!("?after={before}&wait_ms=25000"))
        .await
        .unwrap();
    assert_eq!(heard.advertisers.len(), 1);
}

#[tokio::test]
async fn one_bad_row_is_left_out_and_the_others_load() {
    // R44
    let plane = Plane::start().await;
    plane.advertiser().await;
    let good = plane.campaign(1.0).await;
    let bad = plane.campaign(2.0).await;
    let (client, connection) = tokio_postgres::connect(&plane.database_url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let spoil = "UPDATE campaigns SET doc = doc || '{\"budget\":\"much\"}' WHERE id = $1";
    assert_eq!(client.execute(spoil, &[&bad]).await.unwrap(), 1);
    client
        .execute("UPDATE catalog_version SET version = version + 1", &[])
        .await
        .unwrap();
    let seen = testkit::poll_until(Duration::from_secs(30), async || {
        catalog(&plane, "")
            .await
            .filter(|catalog| catalog.campaigns.len() == 1)
    })
    .await;
    assert_eq!(seen.campaigns[0].id.as_str(), good);
    assert!(
        seen.line_items
            .iter()
            .all(|item| item.campaign.as_str() == good)
    );
    let metrics = plane.get("/metrics").await.text();
    assert!(
        metrics.contains("gavel_catalog_quarantined_rows 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn leases_are_granted_within_the_budget_and_a_cut_below_them_is_refused() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let id = plane.campaign(1.0).await;
    let item = catalog(&plane, "").await.unwrap().line_items[0].id.clone();
    let ask = LeaseAsk {
        bidder: "bidder-1".into(),
        boot: BootId::new(UnixMillis(1_767_225_600_000), [7; 10]),
        batch: 1,
        wants: vec![Want {
            line_item: item.clone(),
            amount: Nanos(500_000_000),
        }],
        ended: Vec::new(),
        tallies: Vec::new(),
    };
    let body = serde_json::to_string(&ask).unwrap();
    let answer = plane
        .internal(Method::POST, "/internal/leases", &body)
        .await
        .expect_status(200);
    let answer: LeaseAnswer = serde_json::from_slice(&answer.body).unwrap();
    let grant = &answer.grants[0];
    assert_eq!((&grant.line_item, grant.epoch), (&item, 1));
    let spend = plane.get(&format!("/campaigns/{id}/spend")).await.text();
    let reserved = format!(r#""reserved":{},"#, grant.face);
    assert!(spend.contains(&reserved), "{reserved} in {spend}");

    let cut = plane
        .patch(&format!("/campaigns/{id}"), json!({"budget": 0.001}))
        .await
        .expect_status(409);
    let problem = cut.text();
    assert!(
        problem.contains(r#""code":"budget_committed""#),
        "{problem}"
    );
    assert!(
        problem.contains(&format!(r#""spend":0,"reserved":{}"#, grant.face)),
        "both numbers: {problem}"
    );
    assert_eq!(
        plane.get(&format!("/campaigns/{id}")).await.json()["budget"],
        1,
        "nothing changed"
    );

    let paused = plane
        .post(&format!("/campaigns/{id}/pause"), json!({}))
        .await
        .expect_status(200);
    assert_eq!(paused.json()["status"], "paused");
    let epoch = catalog(&plane, "").await.unwrap().line_items[0].epoch;
    assert_eq!(epoch, 2, "a pause begins a new epoch");
    let open = plane.get("/ops/leases").await.expect_status(200).json();
    assert_eq!(open["items"][0]["id"], grant.lease.to_string());
    let bidders = plane.get("/ops/bidders").await.expect_status(200).json();
    assert_eq!(bidders["items"][0]["bidder"], "bidder-1");
    assert_eq!(plane.get("/ops/invariants").await.json()["holds"], true);
}

#[tokio::test]
async fn who_may_call() {
    // S1, S18, interfaces.md "Who may call what"
    let local = Plane::start().await;
    let strict = Plane::start_on(local.database_url.clone(), false).await;
    let bearer = format!("Bearer {TOKEN}");
    type Case<'a> = (&'a str, &'a Plane, &'a str, &'a [(&'a str, &'a str)], u16);
    let cases: &[Case<'_>] = &[
        ("at this machine", &local, "/campaigns", &[], 200),
        (
            "a rebound name",
            &local,
            "/campaigns",
            &[("host", "evil.example")],
            403,
        ),
        (
            "a page of another site",
            &local,
            "/campaigns",
            &[("origin", "https://evil.example")],
            403,
        ),
        (
            "behind a proxy",
            &local,
            "/campaigns",
            &[("x-forwarded-for", "203.0.113.1")],
            403,
        ),
        (
            "inside without token",
            &local,
            "/internal/catalog",
            &[],
            401,
        ),
        ("--auth, no token", &strict, "/campaigns", &[], 401),
        (
            "--auth, wrong token",
            &strict,
            "/campaigns",
            &[("authorization", "Bearer x")],
            403,
        ),
        (
            "--auth, service token",
            &strict,
            "/campaigns",
            &[("authorization", &bearer)],
            200,
        ),
        ("health is public", &strict, "/health", &[], 200),
    ];
    for (says, plane, path, headers, status) in cases {
        let answer = send(Method::GET, &plane.url(path), headers, "").await;
        assert_eq!(answer.status, *status, "{says}: {answer}");
        if *status == 403 && headers.iter().all(|(name, _)| *name != "authorization") {
            assert!(
                answer.text().contains("--auth"),
                "{says} names it: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn revenue_and_auctions_for_the_exchange() {
    let plane = Plane::start().await;
    let revenue = plane
        .internal(Method::GET, "/internal/revenue?group_by=dsp", "")
        .await
        .expect_status(200);
    assert_eq!(revenue.json()["rows"], json!([]));
    let wrong = plane
        .internal(Method::GET, "/internal/revenue?group_by=moon", "")
        .await;
    assert_eq!(wrong.status, 400);
    let unknown = "/internal/auctions/0198c0de-0000-7000-8000-000000000001";
    assert_eq!(plane.internal(Method::GET, unknown, "").await.status, 404);

    // One that left its exchange, and a notice that came after it.
    let id = "0198c0de-0000-7000-8000-000000000002";
    let document = format!(r#"{{"id":"{id}","bids":[{{"price":1.50}}],"notices":[]}}"#);
    let at = service::clock::now().0;
    let record = format!(
        r#"{{"id":"{id}","request_id":"req-7","at":{at},"outcome":"won","document":{document}}}"#
    );
    let log = EventLog::connect(&plane.events_url, Timeouts::default()).unwrap();
    log.push(RECORD_STREAM, 100, record.as_bytes())
        .await
        .unwrap();
    let known = format!("/internal/auctions/{id}");
    let read = async |path: &str| {
        poll_until(Duration::from_secs(30), async || {
            let answer = plane.internal(Method::GET, path, "").await;
            (answer.status == 200).then(|| answer.text())
        })
        .await
    };
    assert_eq!(read(&known).await, document, "as it came");
    let notice = format!(
        r#"{{"notices":[{{"auction":"{id}","kind":"bill","dsp":"rival","imp":"1","outcome":"sent","at":0}}]}}"#
    );
    log.push(NOTICE_STREAM, 100, notice.as_bytes())
        .await
        .unwrap();
    let row = r#"[{"kind":"bill","dsp":"rival","imp":"1","outcome":"sent","at":"1970-01-01T00:00:00.000Z"}]"#;
    let whole = document.replace("[]", row);
    poll_until(Duration::from_secs(30), async || {
        (read(&known).await == whole).then_some(())
    })
    .await;
    let by_request = "/internal/auctions/req-7?by=request_id";
    assert_eq!(read(by_request).await, whole);
}

#[tokio::test]
async fn a_control_plane_that_waits_answers_503() {
    // R17: 503 and Retry-After; it lives and waits
    let redis = testkit::stores().redis().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let overrides = [
        (
            "database_url",
            "host=127.0.0.1 port=1 user=nobody dbname=none".to_owned(),
        ),
        ("events_redis_url", redis.events_url),
        ("service_token", TOKEN.to_owned()),
        ("local_mode", "true".to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value));
    let defaults = control_plane_server::Config::DEFAULTS;
    let config = service::config::load(
        "control-plane",
        defaults,
        None,
        std::iter::empty(),
        &overrides,
    )
    .unwrap();
    let (trigger, shutdown) = service::Shutdown::new();
    let listeners = control_plane_server::Listeners {
        api: listener.into(),
    };
    let thread = std::thread::spawn(move || control_plane_server::run(config, listeners, shutdown));
    let answer = get(&format!("{base}/campaigns")).await.expect_status(503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(get(&format!("{base}/livez")).await.status, 200);
    let health = get(&format!("{base}/health")).await.expect_status(503);
    assert_eq!(health.json()["dependencies"]["postgres"]["status"], "down");
    trigger.fire();
    thread.join().unwrap().unwrap();
}

#[tokio::test]
async fn reservations_live_as_configured_also_those_of_line_items_made_before() {
    // X-57: the longest exp that a bid declares
    let database_url = testkit::stores().database().await.url;
    let mut asked = 0_u8;
    let mut lives = async |plane: &Plane, items: &[String]| {
        asked += 1;
        let want = |item: &String| Want {
            line_item: item.as_str().into(),
            amount: Nanos(1_000_000),
        };
        let ask = LeaseAsk {
            bidder: format!("bidder-{asked}").as_str().into(),
            boot: BootId::new(UnixMillis(1_767_225_600_000), [asked; 10]),
            batch: 1,
            wants: items.iter().map(want).collect(),
            ended: Vec::new(),
            tallies: Vec::new(),
        };
        let body = serde_json::to_string(&ask).unwrap();
        let answer = plane
            .internal(Method::POST, "/internal/leases", &body)
            .await;
        let answer: LeaseAnswer = serde_json::from_slice(&answer.expect_status(200).body).unwrap();
        let life = |item: &String| {
            let grant = answer
                .grants
                .iter()
                .find(|it| it.line_item.as_str() == item);
            grant.map(|it| it.reservation_life_s)
        };
        items.iter().map(life).collect::<Vec<_>>()
    };
    let video = json!({"format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 15});
    let mut items = Vec::new();
    {
        let plane = Plane::start_on(database_url.clone(), true).await;
        plane.advertiser().await;
        for creative in [json!({"title": "t", "description": "d"}), video] {
            let body = json!({"name": "c", "advertiser_id": "advertiser_001", "budget": 100, "creative": creative});
            let made = plane
                .post("/campaigns", body)
                .await
                .expect_status(201)
                .json();
            items.push(made["line_items"][0]["id"].as_str().unwrap().to_owned());
        }
        assert_eq!(lives(&plane, &items).await, [Some(1_800), Some(3_600)]);
    }
    let longer = [("reservation_life.played", "2h")];
    let plane = Plane::start_with(database_url, true, &longer).await;
    assert_eq!(lives(&plane, &items).await, [Some(1_800), Some(7_200)]);
    let paused = json!({"pacing": "asap", "max_qps": 5});
    let campaign = plane.get("/campaigns").await.json()["items"][1]["id"].clone();
    let path = format!("/campaigns/{}", campaign.as_str().unwrap());
    let _ = plane.patch(&path, paused).await.expect_status(200);
    assert_eq!(
        lives(&plane, &items).await,
        [Some(1_800), Some(7_200)],
        "after an edit"
    );
}
