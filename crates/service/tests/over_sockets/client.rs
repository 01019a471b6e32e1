//! The outbound client against hosts that misbehave: R28 to R33.

use std::{
    io::Write,
    net::TcpListener,
    sync::atomic::Ordering::SeqCst,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use service::client::{Blame, CallError, Client, ClientConfig, InResponse, OutRequest, Target};
use service::http::{Bytes, HeaderMap, Method};

use crate::{
    host::{
        Host,
        Step::{Answer, Close, Last, Late, Silence},
    },
    support::{PATIENCE, until},
};

fn ok(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn with(fields: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{fields}\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn gzipped(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn config() -> ClientConfig {
    ClientConfig {
        // A loaded test machine is no slow network.
        connect_timeout: PATIENCE,
        idle_timeout: PATIENCE,
        ..ClientConfig::local()
    }
}

async fn send(client: &Client, target: &Target, within: Duration) -> Result<InResponse, CallError> {
    let request = OutRequest {
        method: Method::POST,
        target,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}END"),
    };
    client.send(request, Instant::now() + within).await
}

fn run<F: Future>(work: F) -> F::Output {
    service::runtime::current_thread("test")
        .unwrap()
        .block_on(work)
}

#[test]
fn calls_on_one_connection_follow_one_another() {
    let host = Host::start(vec![vec![
        Answer(ok("1")),
        Answer(ok("2")),
        Answer(ok("3")),
    ]]);
    run(async {
        let client = Client::new(config());
        for expected in ["1", "2", "3"] {
            let answer = send(&client, &host.target(), PATIENCE).await.unwrap();
            assert_eq!(answer.body, expected);
        }
        assert_eq!(client.idle_connections(&host.target()), 1);
    });
    assert_eq!(host.connections(), 1);
}

#[test]
fn r_33_a_pooled_connection_that_closed_is_replaced_once() {
    // The host answers once and closes upon the second request, without a byte: the race of a
    // keep-alive that ends while a request is on its way.
    let race = vec![Answer(ok("1")), Last(Vec::new())];
    let host = Host::start(vec![race, vec![Answer(ok("2"))]]);
    run(async {
        let client = Client::new(config());
        assert_eq!(
            send(&client, &host.target(), PATIENCE).await.unwrap().body,
            "1"
        );
        assert_eq!(
            send(&client, &host.target(), PATIENCE).await.unwrap().body,
            "2"
        );
    });
    assert_eq!(host.connections(), 2);
}

#[test]
fn s_8_a_status_is_had_without_a_body_that_is_too_long() {
    const MOST: usize = 4 * 1024;
    let whole = with("", &[b'x'; MOST]);
    let endless = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n".to_vec();
    let chunked = {
        let mut bytes = b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n".to_vec();
        bytes.extend_from_slice(&[b'x'; MOST]);
        bytes
    };
    // Each on a connection of its own, of which the host sends no more than that.
    let host = Host::start(vec![
        vec![Answer(whole.clone()), Answer(endless)],
        vec![Answer(chunked)],
        vec![Answer(ok("1"))],
    ]);
    run(async {
        let client = Client::new(config());
        let target = host.target();
        for (says, status, connections) in [
            ("as much as is read", 200, 1),
            ("one that never ends", 200, 1),
            ("in chunks, on another connection", 503, 2),
            ("on another again", 200, 3),
        ] {
            let request = OutRequest {
                method: Method::POST,
                target: &target,
                headers: HeaderMap::new(),
                body: Bytes::from_static(b"{}END"),
            };
            let found = client.status_of(request, MOST, Instant::now() + PATIENCE);
            assert_eq!(found.await.unwrap().as_u16(), status, "{says}");
            assert_eq!(host.connections(), connections, "{says}");
        }
    });
}

#[test]
fn r_33_a_fresh_connection_and_a_begun_answer_are_not_repeated() {
    let fresh = Host::start(vec![vec![Last(Vec::new())]]);
    let begun = vec![Answer(ok("1")), Last(b"HTTP/1.1 200 OK\r\nConte".to_vec())];
    let begun = Host::start(vec![begun]);
    run(async {
        let client = Client::new(config());
        let error = send(&client, &fresh.target(), PATIENCE).await.unwrap_err();
        assert!(matches!(error, CallError::Closed), "{error}");
        assert_eq!(error.blame(), Blame::Them);
        send(&client, &begun.target(), PATIENCE).await.unwrap();
        let error = send(&client, &begun.target(), PATIENCE).await.unwrap_err();
        assert!(matches!(error, CallError::Closed), "{error}");
    });
    assert_eq!(fresh.connections(), 1);
    assert_eq!(begun.connections(), 1);
}

#[test]
fn r_33_nothing_is_repeated_once_half_of_the_time_is_over() {
    // Closes upon the second request, too, and takes more than half of what the call has.
    let late = Late(Duration::from_millis(400), Vec::new());
    let race = vec![Answer(ok("1")), late, Close];
    let host = Host::start(vec![race, vec![Answer(ok("2"))]]);
    run(async {
        let client = Client::new(config());
        send(&client, &host.target(), PATIENCE).await.unwrap();
        let within = Duration::from_millis(700);
        let outcome = send(&client, &host.target(), within).await;
        assert!(
            matches!(outcome, Err(CallError::Closed | CallError::Timeout)),
            "{outcome:?}"
        );
    });
    assert_eq!(host.connections(), 1);
}

#[test]
fn r_33_a_tenth_of_the_calls_may_be_repeated() {
    const CALLS: usize = 100;
    let race = vec![Answer(ok("1")), Last(Vec::new())];
    let host = Host::start(vec![race]);
    let failed = run(async {
        let client = Client::new(config());
        let mut failed = 0;
        for _ in 0..CALLS {
            let outcome = send(&client, &host.target(), PATIENCE).await;
            failed += usize::from(outcome.is_err());
        }
        failed
    });
    // Every call on a pooled connection fails; what a hundred calls earn and what a client begins with, and no
    // more, makes the second try.
    let repeated = CALLS - failed - (failed + 1);
    assert!(
        (10..=20).contains(&repeated),
        "{repeated} of {CALLS}, {failed} failed"
    );
}

#[test]
fn r_32_connection_close_is_obeyed_and_redirects_are_not_followed() {
    let host = Host::start(vec![vec![Last(with("Connection: close\r\n", b"bye"))]]);
    let moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let redirecting = Host::start(vec![vec![Answer(moved.to_vec())]]);
    run(async {
        let client = Client::new(config());
        for _ in 0..3 {
            assert_eq!(
                send(&client, &host.target(), PATIENCE).await.unwrap().body,
                "bye"
            );
        }
        let answer = send(&client, &redirecting.target(), PATIENCE)
            .await
            .unwrap();
        assert_eq!(answer.status.as_u16(), 302);
    });
    assert_eq!(host.connections(), 3);
}

#[test]
fn r_29_a_late_answer_is_drained_off_the_path_and_never_mixed_up() {
    let late = vec![
        Late(Duration::from_millis(150), ok("late")),
        Answer(ok("next")),
    ];
    let host = Host::start(vec![late]);
    run(async {
        let client = Client::new(config());
        let error = send(&client, &host.target(), Duration::from_millis(50))
            .await
            .unwrap_err();
        assert!(matches!(error, CallError::Timeout), "{error}");
        let pooled = async {
            while client.idle_connections(&host.target()) == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, pooled).await.unwrap();
        let answer = send(&client, &host.target(), PATIENCE).await.unwrap();
        assert_eq!(answer.body, "next");
    });
    assert_eq!(host.connections(), 1, "the connection was used again");
}

#[test]
fn r_29_too_many_late_answers_close_their_connections_instead() {
    let host = Host::start(vec![vec![Silence]]);
    let config = ClientConfig {
        max_drains_per_host: 1,
        drain_limit: Duration::from_millis(50),
        ..config()
    };
    run(async {
        let client = Client::new(config);
        for _ in 0..3 {
            let outcome = send(&client, &host.target(), Duration::from_millis(30)).await;
            assert!(matches!(outcome, Err(CallError::Timeout)));
        }
        let ended = async {
            while host.ended.load(SeqCst) < 3 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.unwrap();
        assert_eq!(client.idle_connections(&host.target()), 0);
    });
}

#[test]
fn r_30_r_31_answers_that_are_refused() {
    let bomb = gzipped(&vec![b' '; 10 << 20]);
    let large = vec![b'x'; 256 * 1024 + 1];
    let too_large = |error: &CallError| matches!(error, CallError::TooLarge);
    let encoding = |error: &CallError| matches!(error, CallError::Encoding);
    let protocol = |error: &CallError| matches!(error, CallError::Protocol(_));
    let closed = |error: &CallError| matches!(error, CallError::Closed);
    type Check = fn(&CallError) -> bool;
    let rows: Vec<(&str, Vec<u8>, Check)> = vec![
        (
            "R31 declared 10 GB",
            b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\nx".to_vec(),
            too_large,
        ),
        ("R31 a byte too many", with("", &large), too_large),
        (
            "R31 too many in chunks",
            [
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40001\r\n".as_slice(),
                &large,
            ]
            .concat(),
            too_large,
        ),
        (
            "R31 as much as is allowed in chunks of a byte",
            [
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(),
                &b"1\r\nx\r\n".repeat(256 * 1024),
                b"0\r\n\r\n",
            ]
            .concat(),
            too_large,
        ),
        (
            "R31 gzip bomb",
            with("Content-Encoding: gzip\r\n", &bomb),
            too_large,
        ),
        (
            "R30 broken gzip",
            with("Content-Encoding: gzip\r\n", b"plain"),
            encoding,
        ),
        (
            "R30 an encoding not asked for",
            with("Content-Encoding: br\r\n", b"x"),
            encoding,
        ),
        ("R30 not HTTP", b"hello\r\n\r\n".to_vec(), protocol),
        (
            "R30 two lengths",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx".to_vec(),
            protocol,
        ),
        (
            "R30 truncated",
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxx".to_vec(),
            closed,
        ),
        ("R30 nothing", Vec::new(), closed),
    ];
    for (says, answer, expected) in rows {
        let host = Host::start(vec![vec![Last(answer)]]);
        run(async {
            let client = Client::new(config());
            let error = send(&client, &host.target(), PATIENCE).await.unwrap_err();
            assert!(expected(&error), "{says}: {error:?}");
            assert_eq!(client.idle_connections(&host.target()), 0, "{says}");
        });
    }
}

#[test]
fn c_5_gzipped_answers_are_inflated() {
    let host = Host::start(vec![vec![
        Answer(with(
            "Content-Encoding: gzip\r\n",
            &gzipped(b"{\"id\":\"1\"}"),
        )),
        Answer(with("Content-Encoding: gzip\r\n", b"")),
        Answer(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
    ]]);
    run(async {
        let client = Client::new(config());
        assert_eq!(
            send(&client, &host.target(), PATIENCE).await.unwrap().body,
            "{\"id\":\"1\"}"
        );
        assert_eq!(
            send(&client, &host.target(), PATIENCE).await.unwrap().body,
            ""
        );
        assert_eq!(
            send(&client, &host.target(), PATIENCE)
                .await
                .unwrap()
                .status
                .as_u16(),
            204
        );
    });
}

#[test]
fn r_28_dead_hosts_and_too_many_connects() {
    let dead = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let dead = Target::parse(&format!("http://{dead}/")).unwrap();
    let closing = Host::start(vec![vec![Close]]);
    let limited = Host::start(vec![vec![Last(with("Connection: close\r\n", b""))]]);
    run(async {
        let client = Client::new(ClientConfig {
            connects_per_second: 1,
            ..config()
        });
        let error = send(&client, &dead, PATIENCE).await.unwrap_err();
        assert!(matches!(error, CallError::Connect(_)), "{error}");
        let error = send(&client, &closing.target(), PATIENCE)
            .await
            .unwrap_err();
        assert!(matches!(error, CallError::Closed), "{error}");
        send(&client, &limited.target(), PATIENCE).await.unwrap();
        let error = send(&client, &limited.target(), PATIENCE)
            .await
            .unwrap_err();
        assert!(matches!(error, CallError::ConnectLimited), "{error}");
        assert_eq!(error.blame(), Blame::Us);
        let over = client
            .send(
                OutRequest {
                    method: Method::GET,
                    target: &dead,
                    headers: HeaderMap::new(),
                    body: Bytes::new(),
                },
                Instant::now(),
            )
            .await;
        assert!(
            matches!(over, Err(CallError::Timeout)),
            "a deadline that has passed"
        );
    });
}

#[test]
fn idle_connections_are_bounded_and_age() {
    let late = || vec![Late(Duration::from_millis(50), ok("x"))];
    let host = Host::start((0..4).map(|_| late()).collect());
    run(async {
        let client = Client::new(ClientConfig {
            max_idle_per_host: 2,
            idle_timeout: Duration::from_millis(100),
            ..config()
        });
        let target = host.target();
        let calls = (0..4).map(|_| send(&client, &target, PATIENCE));
        for outcome in futures_util::future::join_all(calls).await {
            outcome.unwrap();
        }
        assert_eq!(client.idle_connections(&target), 2);
        tokio::time::sleep(Duration::from_millis(120)).await;
        send(&client, &target, PATIENCE).await.unwrap();
        assert_eq!(client.idle_connections(&target), 1, "the old ones are gone");
        // R25: nor does the last one stay where nobody is called any more, once and again.
        let closed = async || {
            while client.idle_connections(&target) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, closed()).await.unwrap();
        send(&client, &target, PATIENCE).await.unwrap();
        tokio::time::timeout(PATIENCE, closed()).await.unwrap();
    });
    until("new ones were made", || host.connections() == 6);
}
