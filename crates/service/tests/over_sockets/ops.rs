//! The routes every service has (interfaces.md, "Ports"), and the axum front.

use std::{net::TcpListener, time::Duration};

use crate::support::{Raw, Server, limits};
use axum::{Router, extract::ConnectInfo, response::sse, routing::get};
use service::{Ops, Shutdown, http, runtime};

#[test]
fn e_5_health_readiness_version_and_documents() {
    let server = Server::start(limits());
    let mut connection = server.connect();
    let health = connection.get("/health");
    assert_eq!(health.status, 200);
    assert!(health.text().starts_with(
        r#"{"status":"healthy","service":"test","version":"0.0.1","uptime_seconds":"#
    ));
    let redis = server.ops.health.dependency("redis");
    redis.set_down("connection refused");
    let health = connection.get("/health");
    assert_eq!(health.status, 200, "degraded is not down");
    assert!(health.text().contains(r#""status":"degraded""#));
    assert!(
        health.text().contains(
            r#""dependencies":{"redis":{"status":"down","reason":"connection refused"}}"#
        )
    );
    assert_eq!(connection.get("/readyz").status, 200);
    server.ops.health.set_ready(false);
    assert_eq!(connection.get("/readyz").status, 503);
    assert_eq!(
        connection.get("/health").status,
        503,
        "before the first catalog"
    );
    assert_eq!(connection.get("/livez").status, 200);
    assert_eq!(
        connection.get("/version").text(),
        r#"{"service":"test","version":"0.0.1"}"#
    );
    assert_eq!(
        connection.get("/openapi.json").text(),
        r#"{"openapi":"3.1.0"}"#
    );
    let wrong = connection.post("/health", b"{}", "");
    assert_eq!(
        (wrong.status, wrong.header("allow")),
        (405, Some("GET, HEAD"))
    );
    assert_eq!(server.handled(), 0, "none of them reached the handler");
}

#[test]
fn e_6_the_reference_pages_come_from_inside_the_binary() {
    let server = Server::start(limits());
    let mut connection = server.connect();
    let moved = connection.get("/docs");
    assert_eq!(
        (moved.status, moved.header("location")),
        (302, Some("/docs/"))
    );
    let page = connection.get("/docs/");
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert!(page.text().contains("swagger-ui"));
    assert!(!page.text().contains("https://"), "nothing from elsewhere");
    let script = connection.get("/docs/swagger-initializer.js");
    assert!(script.text().contains("../openapi.json"));
    assert_eq!(connection.get("/docs/swagger-ui-bundle.js").status, 200);
    assert_eq!(connection.get("/docs/../../etc/passwd").status, 404);
    assert_eq!(
        connection.get("/docsx").status,
        200,
        "not ours: the handler's"
    );
}

#[test]
fn e_10_the_metrics_page_counts_what_was_answered() {
    let server = Server::start(limits());
    let mut connection = server.connect();
    connection.post("/bid", b"{}", "");
    connection.post("/bid/x", b"{}", "");
    connection.post("/notice", b"{}", "");
    connection.get("/panic");
    let page = connection.get("/metrics");
    assert_eq!(
        page.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    for line in [
        "# TYPE gavel_http_requests_total counter",
        "gavel_http_requests_total{class=\"bid\",status=\"2xx\"} 2",
        "gavel_http_requests_total{class=\"notice\",status=\"2xx\"} 1",
        "gavel_http_requests_total{class=\"api\",status=\"5xx\"} 1",
        "gavel_http_request_duration_seconds_count{class=\"bid\"} 2",
        "gavel_http_panics_total 1",
        "gavel_http_connections 1",
        "gavel_build_info{service=\"test\",version=\"0.0.1\"} 1",
        "gavel_shed_total{reason=\"in_flight\"} 0",
    ] {
        assert!(
            page.text().lines().any(|have| have == line),
            "{line}\n{}",
            page.text()
        );
    }
    let text = page.text();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(name.starts_with("gavel_"), "{line}");
    }
}

#[test]
fn s_18_metrics_beyond_loopback_need_an_operator() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (trigger, shutdown) = Shutdown::new();
    let ops = Ops::new("test", "0.0.1")
        .with_operator(|headers| service::access::has_service_token(headers, "right"));
    let thread = std::thread::spawn(move || {
        let router = Router::new();
        let runtime = runtime::multi_thread("test", 1).unwrap();
        runtime
            .block_on(http::serve_axum(listener, router, &limits(), shutdown, ops))
            .unwrap();
    });
    let mut connection = Raw::connect(([127, 0, 0, 1], port).into());
    let rows = [
        ("", 401),
        ("Authorization: Bearer wrong\r\n", 403),
        ("Authorization: Bearer right\r\n", 200),
    ];
    for (header, status) in rows {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: a\r\n{header}\r\n");
        assert_eq!(
            connection.ask(request.as_bytes()).status,
            status,
            "{header}"
        );
    }
    trigger.fire();
    thread.join().unwrap();
}

#[test]
fn a_router_gets_the_same_front_and_its_event_streams_end_with_the_service() {
    let router = Router::new()
        .route(
            "/peer",
            get(
                |ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>| async move {
                    peer.ip().to_string()
                },
            ),
        )
        .route(
            "/query",
            get(|uri: axum::http::Uri| async move { uri.to_string() }),
        )
        .route(
            "/panic",
            get(|| async { panic!("deliberate") as &'static str }),
        )
        .route(
            "/events",
            get(|| async {
                let first = futures_util::stream::once(async {
                    Ok::<_, std::convert::Infallible>(sse::Event::default().data("hello"))
                });
                let never = futures_util::stream::pending();
                sse::Sse::new(futures_util::StreamExt::chain(first, never))
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (trigger, shutdown) = Shutdown::new();
    let ops = Ops::new("test", "0.0.1");
    let thread = std::thread::spawn(move || {
        let runtime = runtime::multi_thread("test", 2).unwrap();
        runtime
            .block_on(http::serve_axum(listener, router, &limits(), shutdown, ops))
            .unwrap();
    });
    let mut connection = Raw::connect(addr);
    assert_eq!(connection.get("/peer").text(), "127.0.0.1");
    assert_eq!(connection.get("/query?a=%2Fb&c").text(), "/query?a=%2Fb&c");
    assert_eq!(connection.get("/none").status, 404);
    assert_eq!(connection.get("/panic").status, 500);
    let large = vec![b'x'; 300 * 1024];
    let mut refused = Raw::connect(addr);
    assert_eq!(refused.post("/query", &large, "").status, 413);

    let mut events = Raw::connect(addr);
    let answer = events.get("/events");
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    events
        .stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    trigger.fire();
    assert!(events.is_closed(), "not held until the drain limit");
    thread.join().unwrap();
}
