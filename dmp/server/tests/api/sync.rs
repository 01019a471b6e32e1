//! `GET /sync`: who is told what we call a browser, and when (interfaces.md; S11).

use http::Method;
use testkit::http::Answer;

use crate::stand::Dmp;

/// Purposes 1, 2 and 4; vendors 2 and 755.
const SOME: &str = "CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA";
const NOTHING: &str = "CQp3NcAQp6gYAAfACBENCbFgAAAAAAAAAAYgAAAAAAAA.IAAA.YAAAAAAAAAAA";
/// An exchange's return URL.
const BACK: &str = "https%3A%2F%2Fx.example%2Fsync%2Fin%3Fpartner%3Dp%26uid%3D";
const EXCHANGES: &str = r#"["https://x.example"]"#;

/// Outside local mode: browsers have no token.
async fn dmp(more: &[(&str, &str)]) -> Dmp {
    let mut told = vec![("local_mode", "false"), ("sync_return_to", EXCHANGES)];
    told.extend_from_slice(more);
    Dmp::start_with(&told).await
}

/// The id that an answer tells.
fn told(answer: &Answer) -> String {
    let to = answer.header("location").unwrap();
    let id = to.strip_prefix("https://x.example/sync/in?partner=p&uid=");
    id.unwrap_or_else(|| panic!("{to}")).to_owned()
}

#[tokio::test]
async fn a_browser_keeps_the_id_that_it_was_given() {
    let dmp = dmp(&[]).await;
    let path = format!("/sync?to={BACK}");
    let first = dmp.get(&path).await.expect_status(302);
    let id = told(&first);
    assert!(id.starts_with("dmp_"), "{id}");
    let cookie = first.header("set-cookie").unwrap();
    assert_eq!(
        cookie,
        format!("gavel_dmp={id}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax")
    );
    let field = format!("gavel_dmp={id}");
    let again = dmp
        .send(Method::GET, &path, &[("cookie", &field)], "")
        .await;
    assert_eq!(told(&again), id);
    let forged = [("cookie", "gavel_dmp=user-12345")];
    let other = dmp.send(Method::GET, &path, &forged, "").await;
    assert!(told(&other) != id && told(&other).starts_with("dmp_"));
    let head = dmp.send(Method::HEAD, &path, &[], "").await;
    assert_eq!((head.status, head.header("set-cookie")), (302, None));
    let posted = dmp.send(Method::POST, &path, &[], "").await;
    assert_eq!(posted.status, 405);
    let metrics = dmp.get("/metrics").await.text();
    let line = r#"gavel_dmp_syncs_total{outcome="told"} 4"#;
    assert!(metrics.contains(line), "{metrics}");
    // Nothing else is open.
    assert_eq!(dmp.get("/user/u1/profile").await.status, 401);
}

#[tokio::test]
async fn s_11_without_consent_nothing_is_told_and_nothing_stays() {
    let dmp = dmp(&[("vendor_id", "755")]).await;
    let known = dmp.get(&format!("/sync?to={BACK}")).await;
    let known = format!("gavel_dmp={}", told(&known));
    let consent = |text: &str| format!("gdpr=1&gdpr_consent={text}");
    let rows = [
        ("C-160 nothing claimed", String::new(), None, true),
        ("C-160 gdpr 0", "gdpr=0".to_owned(), None, true),
        ("C-162 no string", "gdpr=1".to_owned(), None, false),
        ("C-162 garbage", consent("yes"), None, false),
        ("C-162 nothing", consent(NOTHING), None, false),
        ("C-162 consent to us", consent(SOME), None, true),
        ("C-162 section 2", "gpp_sid=2".to_owned(), None, false),
        ("C-163 opted out", "us_privacy=1YYN".to_owned(), None, false),
        (
            "C-163 not opted out",
            "us_privacy=1YNN".to_owned(),
            None,
            true,
        ),
        (
            "C-163 GPP",
            "gpp=DBABLA~BVQVAAAAAWA.YA&gpp_sid=7".to_owned(),
            None,
            false,
        ),
        ("C-163 GPC", String::new(), Some("sec-gpc"), false),
        (
            "C-163 GPC with consent",
            consent(SOME),
            Some("sec-gpc"),
            false,
        ),
        ("C-142 DNT", String::new(), Some("dnt"), false),
        ("C-161", "coppa=1".to_owned(), None, false),
    ];
    for (item, query, field, may) in rows {
        let path = format!("/sync?to={BACK}&{query}");
        let mut fields: Vec<(&str, &str)> = vec![];
        fields.extend(field.map(|field| (field, "1")));
        let new = dmp.send(Method::GET, &path, &fields, "").await;
        fields.push(("cookie", &known));
        let old = dmp.send(Method::GET, &path, &fields, "").await;
        for answer in [&new, &old] {
            let status = if may { 302 } else { 200 };
            assert_eq!(answer.status, status, "S11 {item}");
            assert_eq!(answer.header("location").is_some(), may, "S11 {item}");
        }
        assert_eq!(new.header("set-cookie").is_some(), may, "S11 {item}");
        let kept = old.header("set-cookie").unwrap();
        assert_eq!(kept.starts_with(&known), may, "S11 {item}: {kept}");
        assert_eq!(kept.contains("Max-Age=0"), !may, "S11 {item}: {kept}");
        let head = dmp.send(Method::HEAD, &path, &fields, "").await;
        assert_eq!(head.header("set-cookie"), None, "C-11 {item}");
    }
}

#[tokio::test]
async fn s_11_consent_to_others_is_none_to_us() {
    let dmp = dmp(&[("vendor_id", "3")]).await;
    let path = format!("/sync?to={BACK}&gdpr=1&gdpr_consent={SOME}");
    let answer = dmp.get(&path).await;
    assert_eq!(answer.status, 200, "C-162");
    assert_eq!(answer.header("set-cookie"), None);
}

#[tokio::test]
async fn only_known_exchanges_are_told() {
    let dmp = dmp(&[("public_url", "https://dmp.example")]).await;
    for to in [
        "",
        "https%3A%2F%2Fevil.example%2F%3Fuid%3D",
        "https%3A%2F%2Fx.example.evil.example%2F",
        "https%3A%2F%2Fx.example%40evil.example%2F",
        "%2F%2Fx.example%2F",
        "https%3A%2F%2Fx.example%2F%0d%0aset-cookie%3Aa",
    ] {
        let answer = dmp.get(&format!("/sync?to={to}")).await;
        assert_eq!(answer.status, 400, "{to}");
        assert_eq!(answer.header("location"), None, "{to}");
        assert_eq!(answer.header("set-cookie"), None, "{to}");
    }
    // In a frame of another site, by https.
    let answer = dmp.get(&format!("/sync?to={BACK}")).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.ends_with("; HttpOnly; SameSite=None; Secure"),
        "{cookie}"
    );
}
