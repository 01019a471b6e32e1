//! What a call asks for in its query is what is answered, or it is refused.

use crate::plane::Plane;
use http::Method;
use serde_json::json;

#[tokio::test]
async fn a_parameter_that_nobody_reads_is_named_with_those_that_are() {
    let plane = Plane::start().await;
    #[rustfmt::skip]
    let cases = [
        ("GET", "/reconcile?dsp=x", 200, ""),
        ("GET", "/reconcile?partner=x", 400, r#"GET /reconcile has no query parameter "partner": it takes from, to, dsp, currency"#),
        ("GET", "/campaigns?limit=1&advertiser=x", 400, r#"GET /campaigns has no query parameter "advertiser": it takes advertiser_id, limit, cursor"#),
        ("GET", "/campaigns?&limit=1", 200, ""),
        ("GET", "/campaigns?li%6Dit=1", 200, ""),
        ("HEAD", "/campaigns?limit=1", 200, ""),
        ("GET", "/campaigns/none?limit=1", 400, r#"GET /campaigns/{id} has no query parameter "limit": it takes none"#),
        ("GET", "/ops/bidders?all", 400, r#"GET /ops/bidders has no query parameter "all": it takes none"#),
        ("GET", "/ops/leases?all=true", 200, ""),
        ("GET", "/rates?dry_run=true", 400, r#"GET /rates has no query parameter "dry_run": it takes limit, cursor"#),
        ("POST", "/advertisers?dry_run=true", 200, ""),
        ("POST", "/advertisers?dryrun=true", 400, r#"POST /advertisers has no query parameter "dryrun": it takes dry_run"#),
        ("GET", "/nothing?limit=1", 404, "there is no such path"),
    ];
    for (method, path, status, detail) in cases {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let body = json!({"id": "a", "name": "a", "domain": "a.example"});
        let answer = plane.call(method, path, &[], body).await;
        assert_eq!(answer.status, status, "{path}: {answer}");
        if !detail.is_empty() {
            assert_eq!(answer.json()["detail"], detail, "{path}");
        }
    }
    let made = plane.get("/advertisers").await.json();
    assert_eq!(made["items"], json!([]), "nothing was made");
    // A service of a later version offers what it knows.
    let path = "/internal/catalog?shape=2";
    let answer = plane.internal(Method::GET, path, "").await;
    assert_eq!(answer.status, 200, "{answer}");
}
