//! What DSPs call users: the sync page, what comes back from DSPs, and what an auction then tells each (C-143, S11),
//! over real sockets and a real Redis.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod house;
mod market;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use contracts::matches::Matches;
use house::{House, NAMES, SETUID, calls, encoded, images, query, request, sources, visitor};
use http::Method;
use serde_json::{Value, json};
use service::clock;
use testkit::http::send;
use testkit::poll_until;
use userstate::MatchTerms;

// Strings of `@iabtechlabtcf/core` 1.5.21 and `@iabgpp/cmpapi` 3.2.0.
const NOTHING: &str = "CQp3NcAQp6gYAAfACBENCbFgAAAAAAAAAAYgAAAAAAAA.IAAA.YAAAAAAAAAAA";
/// Every purpose and special feature, vendors 1 to 1000.
const ALL: &str = "CQp3NcAQp6gYAAfACBENCbFsAP_gAEPgAAYgH0QAYAAgfQB9EAGAAIH0AAAA.IAAA.YAAAAAAAAAAA";
/// Purposes 1, 2 and 4; vendors 2 and 755.
const SOME: &str = "CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA";
/// Purposes 1 and 2, vendors 2, 3, 4 and 28; purpose 2 is forbidden to vendor 2.
const RESTRICTED: &str =
    "CQp3NcAQp6gYAAfACBENCbFgAMAAAAAAAAYgAOHAAABAAAAGEAAgACCgAQAODoAIAAwA.IAAA.YAAAAAAAAAAA";
/// Purpose 1, vendor 7.
const DISCLOSED: &str = "CQp3NcAQp6gYAAfACBENCbFgAIAAAAAAAAYgADgIAAAAAAAA.IAEgKAAA.YAAAAAAAAAAA";
/// GPP: TCF with purposes 1 and 2 and no vendor, US privacy `1YYN`, California without an opt-out.
const THREE: &str =
    "DBADNZg~CQuIxQAQuIxQAAfAAAENAAFgAMAAAAAAAAAAAAAAAAAA.IAAA.YAAAAAAAAAAA~1YYN~BAgAAACA.QA";
const USNAT_OUT: &str = "DBABLA~BVQVAAAAAWA.YA";
const USNAT_NONE: &str = "DBABLA~CAAqAAAAAACA.QA";

const NO: [bool; 4] = [false; 4];
const YES: [bool; 4] = [true; 4];
/// Where the GDPR applies, with consent to everybody: nobody can have consented to one that is not listed.
const LISTED: [bool; 4] = [true, true, false, true];
const OWN: [bool; 4] = [false, false, false, true];

/// What it is, the query, the browser's own field, and who may know the person.
type Row = (
    &'static str,
    Vec<(&'static str, &'static str)>,
    Option<&'static str>,
    [bool; 4],
);

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    let gdpr = |text| vec![("gdpr", "1"), ("gdpr_consent", text)];
    let gpp = |text, sections| vec![("gpp", text), ("gpp_sid", sections)];
    vec![
        // C-160: an absent flag claims nothing
        ("C-160 nothing", vec![], None, YES),
        ("C-160 gdpr 0", vec![("gdpr", "0")], None, YES),
        ("C-160 gdpr 0 and a string of nothing", vec![("gdpr", "0"), ("gdpr_consent", NOTHING)], None, YES),
        ("C-160 a string without a claim", vec![("gdpr_consent", NOTHING)], None, YES),
        ("C-160 a macro that nobody replaced", vec![("gdpr", "${GDPR}")], None, YES),
        ("C-160 coppa 0", vec![("coppa", "0")], None, YES),
        // C-162
        ("C-162 no string", vec![("gdpr", "1")], None, NO),
        ("C-162 garbage", gdpr("yes please"), None, NO),
        ("C-162 a flag that is no number", vec![("gdpr", "yes")], None, NO),
        ("C-162 nothing", gdpr(NOTHING), None, NO),
        ("C-162 cut", gdpr(&ALL[..40]), None, NO),
        ("C-162 all", gdpr(ALL), None, LISTED),
        ("C-162 some vendors", gdpr(SOME), None, [false, true, false, true]),
        ("C-162 the publisher's restriction", gdpr(RESTRICTED), None, [true, false, false, true]),
        ("C-162 purpose 1 alone", gdpr(DISCLOSED), None, NO),
        ("C-162 section 2, no string", vec![("gpp_sid", "2")], None, NO),
        ("C-162 section 2, no vendor", gpp(THREE, "2"), None, OWN),
        ("C-162 section 2, the string of its own wins", vec![("gpp", THREE), ("gpp_sid", "2"), ("gdpr_consent", ALL)], None, LISTED),
        // C-163
        ("C-163 us_privacy, opted out", vec![("us_privacy", "1YYN")], None, NO),
        ("C-163 us_privacy, not opted out", vec![("us_privacy", "1YNN")], None, YES),
        ("C-163 us_privacy, does not apply", vec![("us_privacy", "1---")], None, YES),
        ("C-163 us_privacy, broken", vec![("us_privacy", "no")], None, NO),
        ("C-163 GPC", vec![], Some("sec-gpc"), NO),
        ("C-163 usnat, all", gpp(USNAT_OUT, "7"), None, NO),
        ("C-163 usnat, another in force", gpp(USNAT_OUT, "8"), None, YES),
        ("C-163 usnat, none", gpp(USNAT_NONE, "7"), None, YES),
        ("C-163 usnat, broken and in force", gpp("DBABLA~x", "7"), None, NO),
        ("C-163 three, US privacy in force", gpp(THREE, "6"), None, NO),
        ("C-163 three, California in force", gpp(THREE, "8"), None, YES),
        ("C-163 three, none said to be in force", vec![("gpp", THREE)], None, NO),
        // C-161, C-142, and the strictest counts
        ("C-161", vec![("coppa", "1")], None, NO),
        ("C-161 with consent to all", [gdpr(ALL), vec![("coppa", "1")]].concat(), None, NO),
        ("C-142 DNT", vec![], Some("dnt"), NO),
        ("C-142 DNT with consent to all", gdpr(ALL), Some("dnt"), NO),
        ("C-163 GPC with consent to all", gdpr(ALL), Some("sec-gpc"), NO),
        ("C-163 opted out with consent to all", [gdpr(ALL), vec![("us_privacy", "1YYN")]].concat(), None, NO),
    ]
}

#[tokio::test]
async fn s_11_nothing_is_asked_stored_or_told_without_consent() {
    let house = House::open_with(&["unlisted"], &[]).await;
    for (at, (item, said, field, may)) in rows().into_iter().enumerate() {
        let at = format!("{at} {item}");
        let query = query(&said);
        let (new, known) = (visitor(), visitor());
        for name in NAMES {
            house.note(&known, name, &format!("{name}-has")).await;
        }
        let allowed = |with: fn(&str) -> String| -> BTreeMap<String, String> {
            let names = NAMES.into_iter().zip(may);
            let names = names.filter_map(|(name, may)| may.then_some(name));
            names.map(|name| (name.to_owned(), with(name))).collect()
        };
        // An auction tells each DSP its own id, and those nothing that may not know.
        let sent = request(&said, field, &known);
        exchange::expect(house.rig.auction(&sent).await, 204);
        let expect = NAMES.into_iter().zip(may).map(|(name, may)| {
            if may {
                json!(format!("{name}-has"))
            } else {
                Value::Null
            }
        });
        let expect: Vec<Value> = expect.collect();
        assert_eq!(house.buyeruids().to_vec(), expect, "S11 told, {at}");

        // The page asks those that may know, and passes on what was chosen.
        let cookie = format!("a=b; gavel_uid={new}");
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(field.map(|field| (field, "1")));
        let page = house.get(&format!("/sync?x=1{query}"), &headers).await;
        let page = page.expect_status(200);
        let hosts: Vec<String> = calls(&page.text())
            .iter()
            .map(|url| url.split(['/', '?']).nth(2).unwrap().to_owned())
            .collect();
        let expect: Vec<String> = NAMES
            .into_iter()
            .zip(may)
            .filter(|(_, may)| *may)
            .map(|(name, _)| if name == "own" { "dmp" } else { name })
            .map(|name| format!("{name}.example"))
            .collect();
        assert_eq!(hosts, expect, "S11 asked, {at}");
        let is_kept = page.header("set-cookie").unwrap();
        let expect = if may == NO {
            "gavel_uid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax".to_owned()
        } else {
            format!("gavel_uid={new}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax")
        };
        assert_eq!(is_kept, expect, "S11 cookie, {at}");
        for url in calls(&page.text()) {
            let back = url.split_once("to=").unwrap().1.split('&').next().unwrap();
            let back = service::http::percent_decode(back);
            assert!(back.ends_with("&uid="), "S11 asked, {at}: {back}");
            for (name, value) in said.iter().filter(|(_, value)| *value != "${GDPR}") {
                let told = encoded(value);
                let holds = back.contains(&format!("&{name}={told}"));
                assert!(holds, "what was chosen holds on the way back, {at}: {back}");
                let reads = *name == "coppa" || url.contains(&format!("={told}"));
                assert!(reads, "what was chosen is passed on, {at}: {url}");
            }
        }

        // An SSP learns our id where it may know the person, and what was chosen.
        for (ssp, may_know) in [("ssp", may[1]), ("unlisted", may[2])] {
            let path = format!("/sync/out?ssp={ssp}{query}");
            let told = house.get(&path, &headers).await;
            let location = told.header("location").unwrap_or_default();
            let status = if may_know { 302 } else { 200 };
            assert_eq!(told.status, status, "S11 an SSP, {at}: {location}");
            let tells = location.starts_with(&format!("{SETUID}{new}&"));
            assert_eq!(tells, may_know, "S11 an SSP, {at}: {location}");
            let is_kept = told
                .header("set-cookie")
                .map(|it| it.starts_with("gavel_uid=usr_"));
            let expect = if may == NO {
                Some(false)
            } else {
                may_know.then_some(true)
            };
            assert_eq!(is_kept, expect, "S11 an SSP, cookie, {at}");
            for (name, value) in said.iter().filter(|(_, value)| *value != "${GDPR}") {
                let is_told =
                    *name == "coppa" || location.contains(&format!("={}", encoded(value)));
                assert!(
                    !may_know || is_told,
                    "what was chosen is passed on, {at}: {location}"
                );
            }
        }

        // Whatever comes back is stored for those alone.
        for name in NAMES {
            let path = format!("/sync/in?partner={name}{query}&uid={name}-says");
            let answer = house.get(&path, &headers).await.expect_status(200);
            assert_eq!(answer.header("content-type"), Some("image/gif"));
        }
        let expect = allowed(|name| format!("{name}-says"));
        assert_eq!(house.stored(&new).await, expect, "S11 stored, {at}");

        // Who may not be known any more is forgotten.
        let cookie = format!("gavel_uid={known}");
        headers[0] = ("cookie", &cookie);
        let _ = house
            .get(&format!("/sync?x=1{query}"), &headers)
            .await
            .expect_status(200);
        let is_forgotten = house.stored(&known).await.is_empty();
        assert_eq!(is_forgotten, may == NO, "S11 withdrawn, {at}");
    }
    // No profile read: where nobody may know the person, the table was not asked.
    let read = rows().iter().filter(|(_, _, _, may)| *may != NO).count();
    let line = format!(r#"gavel_match_lookups_total{{outcome="known"}} {read}"#);
    assert!(house.metric(&line).await, "S11: {line}");
    let other = r#"gavel_match_lookups_total{outcome="unknown"}"#;
    assert!(!house.metric(other).await, "S11: {other}");
}

#[tokio::test]
async fn an_auction_is_settled_again_with_the_ids_that_it_knew() {
    let data = std::env::temp_dir().join(format!("gavel-sync-records-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&data);
    let house = House::open(&[
        ("data_dir", data.to_str().unwrap()),
        ("auction_records.one_in", "1"),
    ])
    .await;
    let user = visitor();
    for name in NAMES {
        house.note(&user, name, &format!("{name}-has")).await;
    }
    // What is not told to us whole is not kept whole, nor is anybody's id.
    let some = [("gdpr", "1"), ("gdpr_consent", SOME)];
    let rows: [(&[(&str, &str)], bool); 2] = [(&[], true), (&some, false)];
    for (said, is_whole) in rows {
        let answer = house.rig.auction(&request(said, None, &user)).await;
        let id = answer.header("x-gavel-auction-id").unwrap();
        let id = units::AuctionId::parse(id).unwrap();
        let written = async || exchange_server::records::find(&data, id).is_ok();
        poll_until(market::PATIENCE, written).await;
        let again = exchange_server::records::again(&data, id).unwrap();
        assert_eq!(again.differences, [], "{said:?}");
        let seen = &again.recorded.seen;
        assert_eq!(seen.is_whole, is_whole, "{said:?}");
        let uids: Vec<&str> = seen.matches.0.iter().map(|it| &*it.uid).collect();
        let mut expect = NAMES.map(|name| format!("{name}-has"));
        expect.sort();
        if is_whole {
            assert_eq!(uids, expect);
        } else {
            assert_eq!(uids, ["-0", "-1", "-2", "-3"]);
        }
    }
    let _ = std::fs::remove_dir_all(&data);
}

#[tokio::test]
async fn a_browser_that_is_known_by_its_cookie() {
    let house = House::open(&[]).await;
    let user = visitor();
    house.note(&user, "other", "o-1").await;
    let cookie = format!("gavel_uid={user}");
    let page = [("origin", "https://paper.example"), ("cookie", &*cookie)];
    let anonymous =
        r#"{"id":"r","tmax":1000,"imp":[{"id":"1","banner":{"w":300,"h":250}}]}"#.to_owned();
    let named = anonymous.replace(r#""id":"r","#, r#""id":"r","user":{"id":"theirs"},"#);
    let child = anonymous.replace(r#""id":"r","#, r#""id":"r","regs":{"coppa":1},"#);
    let another = visitor();
    house.note(&another, "other", "o-2").await;
    let learned = format!(r#""id":"r","user":{{"buyeruid":"{another}"}},"#);
    let learned = anonymous.replace(r#""id":"r","#, &learned);
    let gpc = [page[0], page[1], ("sec-gpc", "1")];
    let forged = [page[0], ("cookie", "gavel_uid=user-12345")];
    type Fields<'f> = &'f [(&'f str, &'f str)];
    let rows: [(&str, &String, Fields<'_>, Value, Value); 5] = [
        (
            "no user in the request",
            &anonymous,
            &page,
            json!(user),
            json!("o-1"),
        ),
        (
            "C-143 the request's own id stays",
            &named,
            &page,
            json!("theirs"),
            json!("o-1"),
        ),
        ("C-161", &child, &page, Value::Null, Value::Null),
        ("C-163 GPC", &anonymous, &gpc, Value::Null, Value::Null),
        (
            "what was not made here",
            &anonymous,
            &forged,
            Value::Null,
            Value::Null,
        ),
    ];
    for (says, body, headers, id, buyeruid) in rows {
        exchange::expect(house.rig.auction_with(body, headers).await, 200);
        let asked = house.dsps[1].last_asked().json();
        assert_eq!(asked["user"]["id"], id, "{says}: {asked}");
        assert_eq!(asked["user"]["buyeruid"], buyeruid, "{says}: {asked}");
        let [_, _, unlisted, own] = house.buyeruids();
        assert_eq!([unlisted, own], [Value::Null, Value::Null], "{says}");
    }
    // C-143: the browser's own goes before what an SSP has learned.
    exchange::expect(house.rig.auction_with(&learned, &page).await, 200);
    let asked = house.dsps[1].last_asked().json();
    assert_eq!(asked["user"]["id"], json!(user), "{asked}");
    assert_eq!(asked["user"]["buyeruid"], "o-1", "{asked}");
}

#[tokio::test]
async fn what_a_dsp_may_tell() {
    let house = House::open(&[("sync.per_user", "2"), ("sync.life", "1h")]).await;
    let user = visitor();
    let cookie = format!("gavel_uid={user}");
    let cookie = [("cookie", cookie.as_str())];
    let arrive = async |path: &str, status: u16| {
        house
            .get(&format!("/sync/in?{path}"), &cookie)
            .await
            .expect_status(status)
    };
    let longest = format!("partner=listed&uid={}", "x".repeat(256));
    let longer = format!("{longest}x");
    for (path, status) in [
        ("uid=a", 400),
        ("partner=nobody&uid=a", 404),
        ("partner=off&uid=a", 404),
        ("partner=listed", 400),
        ("partner=listed&uid=a%20b", 400),
        ("partner=listed&uid=a%0ab", 400),
        ("partner=listed&uid=%c3%bc", 400),
        (&longer, 400),
    ] {
        let _ = arrive(path, status).await;
    }
    assert!(house.stored(&user).await.is_empty(), "refused");
    let url = house.rig.url("/sync/in?partner=listed&uid=a");
    let _ = send(Method::HEAD, &url, &cookie, Bytes::new())
        .await
        .expect_status(200);
    let _ = send(Method::POST, &url, &cookie, Bytes::new())
        .await
        .expect_status(405);
    let _ = house.get("/sync/in?partner=listed&uid=a", &[]).await;
    let forged = [("cookie", "gavel_uid=user-12345")];
    let _ = house.get("/sync/in?partner=listed&uid=a", &forged).await;
    assert!(house.stored(&user).await.is_empty(), "HEAD records nothing");
    assert!(house.stored("user-12345").await.is_empty(), "not ours");
    assert!(
        house
            .metric(r#"gavel_id_syncs_total{outcome="no_cookie"} 2"#)
            .await
    );

    let _ = arrive(&longest, 200).await;
    let _ = arrive("partner=listed&uid=l-1", 200).await;
    let _ = arrive("partner=other&uid=o%2b1", 200).await;
    let two = house.stored(&user).await;
    assert_eq!((&*two["listed"], &*two["other"]), ("l-1", "o+1"));
    let Matches(kept) = house.table.load_matches(&user).await.unwrap();
    let hour = clock::now().0 + 3_600_000;
    for known in kept {
        assert!(
            (hour - 60_000..=hour).contains(&known.until.0),
            "the life of an id"
        );
    }
    let _ = arrive("partner=own&uid=d-1", 200).await;
    let stored = house.stored(&user).await;
    let stored: Vec<&str> = stored.keys().map(String::as_str).collect();
    assert_eq!(
        stored,
        ["other", "own"],
        "the one that ends first made room"
    );
    // S13: whoever erases our bidder's id finds the browser, and nobody else's id leads there.
    let ways_back = async |uid: &str| house.table.traces(uid).await.unwrap().browsers;
    assert_eq!(ways_back("d-1").await, [user.as_str().into()]);
    assert_eq!(ways_back("o+1").await, []);
    let _ = arrive("partner=other&uid=", 200).await;
    let stored = house.stored(&user).await;
    assert_eq!(stored.len(), 1, "taken back: {stored:?}");

    // S13: an erased user is not brought back, and its browser is somebody new.
    let day = Duration::from_secs(86_400);
    assert!(house.table.delete_user(&user, &[], day).await.unwrap());
    assert!(house.stored(&user).await.is_empty());
    let answer = arrive("partner=listed&uid=l-2", 200).await;
    assert!(house.stored(&user).await.is_empty());
    let dropped = answer.header("set-cookie").unwrap();
    assert!(dropped.starts_with("gavel_uid=; "), "{dropped}");
    assert!(
        house
            .metric(r#"gavel_id_syncs_total{outcome="erased"} 1"#)
            .await
    );
}

#[tokio::test]
async fn an_auction_hears_of_a_sync_and_of_an_erasure_at_once() {
    let house = House::open(&[]).await;
    let user = visitor();
    let cookie = format!("gavel_uid={user}");
    let body = request(&[], None, &user);
    let other = async || {
        exchange::expect(house.rig.auction(&body).await, 204);
        let [_, other, _, _] = house.buyeruids();
        other
    };
    assert_eq!(other().await, Value::Null, "nobody knows the user");
    for uid in ["o-1", "o-2"] {
        let path = format!("/sync/in?partner=other&uid={uid}");
        let _ = house
            .get(&path, &[("cookie", cookie.as_str())])
            .await
            .expect_status(200);
        assert_eq!(
            other().await,
            json!(uid),
            "what was kept in memory is not told"
        );
    }
    let day = Duration::from_secs(86_400);
    assert!(house.table.delete_user(&user, &[], day).await.unwrap());
    // The exchange hears of it from Redis, a moment later.
    poll_until(market::PATIENCE, async || other().await.is_null()).await;
}

#[tokio::test]
async fn the_page_asks_so_many_and_none_that_is_fresh() {
    let house = House::open(&[
        ("sync.at_once", "2"),
        ("ssp_public_url", "https://ads.example"),
        ("sync.cookie_domain", "ads.example"),
    ])
    .await;
    let first = house.get("/sync", &[]).await.expect_status(200);
    assert_eq!(images(&first.text()).len(), 2, "so many and no more");
    let cookie = first.header("set-cookie").unwrap();
    assert!(
        cookie.ends_with(
            "; Path=/; Domain=ads.example; Max-Age=2592000; HttpOnly; SameSite=None; Secure"
        ),
        "{cookie}"
    );
    assert_eq!(first.header("cache-control"), Some("no-store"));
    let policy = first.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'"), "no script: {policy}");
    let pair = cookie.split(';').next().unwrap();
    let user = pair.split('=').nth(1).unwrap();
    for name in ["listed", "other", "unlisted"] {
        let path = format!("/sync/in?partner={name}&uid=x");
        let _ = house.get(&path, &[("cookie", pair)]).await;
    }
    assert_eq!(house.stored(user).await.len(), 3);
    let again = house.get("/sync?gdpr=0", &[("cookie", pair)]).await;
    let back = encoded(&house.rig.url("/sync/in?partner=own&gdpr=0&uid="));
    assert_eq!(
        images(&again.text()),
        [format!("https://dmp.example/sync?to={back}&gdpr=0")],
        "the others are fresh"
    );
    let head = send(
        Method::HEAD,
        &house.rig.url("/sync"),
        &[("cookie", pair)],
        Bytes::new(),
    )
    .await;
    assert_eq!(head.header("set-cookie"), None, "HEAD records nothing");
}

#[tokio::test]
async fn the_page_asks_again_before_an_id_ends_and_gives_everybody_a_turn() {
    let told = [
        ("sync.life", "1h"),
        ("sync.renew_after", "50m"),
        ("sync.at_once", "2"),
    ];
    let house = House::open(&told).await;
    let user = visitor();
    for (name, minutes) in [("listed", 9), ("other", 30), ("unlisted", 9), ("own", 30)] {
        let terms = MatchTerms {
            life: Duration::from_secs(60 * minutes),
            most: 64,
        };
        let partner = name.into();
        let noted = house.table.note_match(&user, &partner, "x", terms);
        let _ = noted.await.unwrap();
    }
    let hosts = async |headers: &[(&str, &str)]| -> BTreeSet<String> {
        let page = house.get("/sync", headers).await.expect_status(200).text();
        let host = |url: &String| url.split('/').nth(2).map(str::to_owned);
        images(&page).iter().filter_map(host).collect()
    };
    let cookie = format!("gavel_uid={user}");
    let due = hosts(&[("cookie", &cookie)]).await;
    assert_eq!(
        due,
        ["listed.example", "unlisted.example"]
            .map(str::to_owned)
            .into()
    );

    // Two at a time, whoever begins by chance: a hundred visits that miss one are no chance.
    let mut asked = BTreeSet::new();
    for _ in 0..100 {
        asked.append(&mut hosts(&[]).await);
        if asked.len() == NAMES.len() {
            break;
        }
    }
    assert_eq!(asked.len(), NAMES.len(), "{asked:?}");
}

#[tokio::test]
async fn head_takes_nothing_back() {
    let house = House::open(&[]).await;
    let user = visitor();
    house.note(&user, "other", "o-1").await;
    let cookie = format!("gavel_uid={user}");
    let cookie = [("cookie", cookie.as_str())];
    for path in ["/sync?coppa=1", "/sync/out?ssp=ssp&coppa=1"] {
        let url = house.rig.url(path);
        let head = send(Method::HEAD, &url, &cookie, Bytes::new()).await;
        assert_eq!(head.expect_status(200).header("set-cookie"), None, "{path}");
        assert_eq!(house.stored(&user).await["other"], "o-1", "{path}");
    }
}

#[tokio::test]
async fn who_is_not_looked_up() {
    let silent = |partner: &mut Value| {
        let _ = partner.as_object_mut().unwrap().remove("sync_url");
    };
    let looked_up = "gavel_match_lookups_total";
    for (says, house, line, is_told) in [
        (
            "anybody, where no partner tells ids",
            House::open_changed(silent, &[]).await,
            r#"{outcome="known"}"#,
            false,
        ),
        (
            "anybody, where half of the time would go by",
            House::open(&[("sync.wait", "600ms")]).await,
            r#"{outcome="no_time"} 1"#,
            true,
        ),
    ] {
        let user = visitor();
        house.note(&user, "other", "o-1").await;
        let sent = request(&[], None, &user);
        exchange::expect(house.rig.auction(&sent).await, 204);
        assert_eq!(house.buyeruids(), [(); 4].map(|()| Value::Null), "{says}");
        let line = format!("{looked_up}{line}");
        assert_eq!(house.metric(&line).await, is_told, "{says}: {line}");
    }
}

#[tokio::test]
async fn a_frame_runs_what_it_likes_and_the_page_nothing() {
    let house = House::open_with(&["listed", "other", "unlisted"], &[]).await;
    let page = house.get("/sync?gdpr=0", &[]).await.expect_status(200);
    let text = page.text();
    let frames = sources(&text, "<iframe");
    assert_eq!(frames.len(), 2, "of three: {text}");
    assert_eq!(images(&text).len(), 1, "{text}");
    for frame in &frames {
        let back = house.rig.url("/sync/in?partner=");
        assert!(frame.contains(&encoded(&back)), "{frame}");
        assert!(frame.contains("&g=0&"), "what was chosen: {frame}");
    }
    // A script gets at what its own site keeps, and at nothing else: neither windows nor the page around it.
    let boxes = text.matches(r#" sandbox="allow-scripts allow-same-origin">"#);
    assert_eq!(boxes.count(), 2, "{text}");
    let policy = page.header("content-security-policy").unwrap();
    assert_eq!(
        policy,
        "sandbox allow-same-origin allow-scripts; default-src 'none'; img-src http: https:; frame-src http: https:"
    );
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));

    // Those that are matched make room for the third.
    let cookie = page.header("set-cookie").unwrap();
    let pair = [("cookie", cookie.split(';').next().unwrap())];
    for name in NAMES {
        if frames.iter().any(|url| url.contains(&format!("//{name}."))) {
            let _ = house
                .get(&format!("/sync/in?partner={name}&uid=x"), &pair)
                .await;
        }
    }
    let again = house.get("/sync", &pair).await.expect_status(200).text();
    let third = sources(&again, "<iframe");
    assert_eq!(third.len(), 1, "{again}");
    assert!(
        !frames.iter().any(|url| third[0].starts_with(&url[..16])),
        "{third:?}"
    );
    // Without frames there are no scripts at all.
    let name = NAMES
        .into_iter()
        .find(|name| third[0].contains(&format!("//{name}.")));
    let _ = house
        .get(&format!("/sync/in?partner={}&uid=x", name.unwrap()), &pair)
        .await;
    let last = house.get("/sync", &pair).await.expect_status(200);
    assert_eq!(images(&last.text()).len(), 1, "our DMP");
    let policy = last.header("content-security-policy").unwrap();
    assert!(
        !policy.contains("scripts") && !policy.contains("frame-src"),
        "{policy}"
    );
}

#[tokio::test]
async fn no_frames_are_opened_where_none_are_wanted() {
    let house = House::open_with(&["listed"], &[("sync.frames_at_once", "0")]).await;
    let text = house.get("/sync", &[]).await.expect_status(200).text();
    assert_eq!(sources(&text, "<iframe"), [""; 0]);
    assert_eq!(images(&text).len(), 3, "{text}");
}

#[tokio::test]
async fn s_5_ids_come_in_at_a_bounded_rate() {
    let house = House::open(&[("sync.per_second", "1")]).await;
    let mut statuses = Vec::new();
    for _ in 0..30 {
        // Browsers that somebody made up, each another one.
        let cookie = format!("gavel_uid={}", visitor());
        let path = "/sync/in?partner=other&uid=o-1";
        let answer = house.get(path, &[("cookie", cookie.as_str())]).await;
        statuses.push(answer.status);
    }
    let taken = statuses.iter().filter(|status| **status == 200).count();
    assert!((1..30).contains(&taken), "a burst and a rate: {statuses:?}");
    assert!(
        statuses.iter().all(|status| matches!(status, 200 | 503)),
        "{statuses:?}"
    );
    let refused = format!(
        r#"gavel_id_syncs_total{{outcome="too_many"}} {}"#,
        30 - taken
    );
    assert!(house.metric(&refused).await, "{refused}");
}

#[tokio::test]
async fn without_redis_auctions_go_on() {
    // Nobody listens there.
    let house = House::open(&[("redis_url", "redis://127.0.0.1:1/")]).await;
    let user = visitor();
    house.note(&user, "other", "o-1").await;
    for _ in 0..8 {
        exchange::expect(house.rig.auction(&request(&[], None, &user)).await, 204);
        let [_, other, _, _] = house.buyeruids();
        assert_eq!(other, Value::Null);
    }
    for outcome in ["error", "breaker_open"] {
        let line = format!(r#"gavel_match_lookups_total{{outcome="{outcome}"}}"#);
        assert!(house.metric(&line).await, "R13: {outcome}");
    }
    let cookie = format!("gavel_uid={user}");
    for path in [
        "/sync",
        "/sync/in?partner=other&uid=o-2",
        "/sync/out?ssp=ssp",
    ] {
        let answer = house.get(path, &[("cookie", cookie.as_str())]).await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    let health = house.get("/health", &[]).await.json();
    assert_eq!(
        health["dependencies"]["redis"]["status"], "down",
        "{health}"
    );
}

#[tokio::test]
async fn without_a_match_table_there_is_no_page() {
    let house = House::open(&[("redis_url", "")]).await;
    for path in [
        "/sync",
        "/sync/in?partner=other&uid=o-2",
        "/sync/out?ssp=ssp",
    ] {
        let answer = house.get(path, &[]).await.expect_status(404).json();
        let says = answer["detail"].as_str().unwrap_or_default();
        assert!(says.contains("exchange.redis_url"), "{path}: {answer}");
    }
}
