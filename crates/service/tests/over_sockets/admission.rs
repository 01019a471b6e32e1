//! Who is let in before anything is read: R21 to R24, S5; and C-5 on the way out.

use std::{
    io::Read,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

use crate::support::{Server, limits, post, until};
use service::{
    config::{Bytes, Millis},
    http::Limits,
    quota::Terms,
};

const LIMITED: &str = "x-key: limited\r\n";

#[test]
fn s_5_an_unknown_key_is_refused_without_its_body() {
    let server = Server::start(limits());
    let mut caller = server.connect();
    let head = "POST /bid HTTP/1.1\r\nHost: a\r\nx-key: unknown\r\nContent-Length: 9\r\n\r\n";
    let answer = caller.ask(head.as_bytes());
    assert_eq!(
        answer.status, 401,
        "though not one byte of the body was sent"
    );
    let mut caller = server.connect();
    let whole = caller.post("/bid?key=unknown", b"{}", "");
    assert_eq!(whole.status, 401, "by parameter");
    assert_eq!(caller.get("/x").status, 200, "C-4: stays open");
    assert_eq!(server.handled(), 1);
}

#[test]
fn r_24_a_source_at_its_limits_is_shed_and_others_are_not() {
    let server = Server::start(limits());
    server.handler.quota.change(Terms {
        in_flight: 1,
        ..Terms::default()
    });
    let mut busy = server.connect();
    busy.write(b"GET /bid/wait HTTP/1.1\r\nHost: a\r\nx-key: limited\r\n\r\n");
    until("it is in work", || server.handled() == 1);
    let mut caller = server.connect();
    let shed = caller.post("/bid", b"{}", LIMITED);
    assert_eq!(
        (shed.status, shed.header("x-shed-reason")),
        (204, Some("source_in_flight"))
    );
    assert_eq!(caller.post("/bid", b"{}", "").status, 200, "another source");
    server.handler.gate.add_permits(1);
    assert_eq!(busy.answer().unwrap().status, 200);
    let caller_seen = caller.post("/caller", b"{}", LIMITED);
    assert_eq!(caller_seen.text(), "Some(7)", "its place was given back");

    server.handler.quota.change(Terms {
        qps: 1,
        ..Terms::default()
    });
    let shed = (0..1_000)
        .map(|_| caller.post("/bid", b"{}", LIMITED))
        .find(|answer| answer.status == 204)
        .unwrap();
    assert_eq!(shed.header("x-shed-reason"), Some("quota"));

    server.handler.quota.change(Terms {
        active: false,
        ..Terms::default()
    });
    let off = caller.post("/bid", b"{}", LIMITED);
    assert_eq!(
        (off.status, off.header("x-shed-reason")),
        (204, Some("source_off")),
        "S5"
    );
    let page = caller.get("/metrics");
    for line in [
        "gavel_shed_total{reason=\"source_in_flight\"} 1",
        "gavel_shed_total{reason=\"source_off\"} 1",
        "gavel_shed_total{reason=\"queue\"} 0",
    ] {
        assert!(page.text().contains(line), "{line}\n{}", page.text());
    }
}

#[test]
fn r_21_r_23_a_standing_queue_sheds_bids_and_not_notices_until_it_is_gone() {
    let server = Server::start(limits());
    let seen = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..60 {
            scope.spawn(|| {
                let mut caller = server.connect();
                while !seen.load(SeqCst) {
                    let answer = caller.post("/bid/burn", b"{}", "");
                    if answer.status == 204 {
                        assert_eq!(answer.header("x-shed-reason"), Some("queue"));
                        seen.store(true, SeqCst);
                    }
                }
            });
        }
        let mut notices = server.connect();
        until("something is shed", || {
            assert_eq!(notices.post("/notice", b"{}", "").status, 200, "R24");
            seen.load(SeqCst)
        });
    });
    let mut caller = server.connect();
    let mut in_a_row = 0;
    until("nothing is shed any more", || {
        let answered = caller.post("/bid", b"{}", "").status == 200;
        in_a_row = if answered { in_a_row + 1 } else { 0 };
        in_a_row > 200
    });
    let page = caller.get("/metrics");
    assert!(
        page.text()
            .contains("gavel_http_queue_age_seconds{worker=\"0\"}")
    );
}

#[test]
fn r_23_an_overloaded_worker_begins_the_newest_first() {
    let server = Server::start(Limits {
        queue_target: Millis::new(20),
        ..limits()
    });
    let mut callers: Vec<_> = (0..20).map(|_| server.connect()).collect();
    for caller in &mut callers {
        assert_eq!(caller.get("/x").status, 200, "its worker knows it");
    }
    let mut load = server.connect();
    until("the newest is begun first", || {
        // A queue that stands, under load: the worker is held longer than the target again and again.
        let mut bids = post("/hold/long", b"", "");
        bids.extend((0..10).flat_map(|_| post("/bid", b"{}", "")));
        for _ in 0..20 {
            load.write(&bids);
        }
        for _ in 0..20 * 11 {
            let _shed_or_not = load.answer().unwrap();
        }
        until("the queue is young, and not for long", || {
            load.post("/bid", b"{}", "").status == 200
        });
        server.handler.begun.lock().unwrap().clear();
        server.handler.held.store(true, SeqCst);
        let handled = server.handled();
        load.write(&post("/hold/until", b"", ""));
        until("the worker is held", || server.handled() > handled);
        for (number, caller) in (0..).zip(&mut callers) {
            caller.write(&post("/bid/note", format!("{number:02}").as_bytes(), ""));
        }
        server.handler.held.store(false, SeqCst);
        let kept = load.answer().unwrap();
        assert_eq!(kept.status, 204);
        for caller in &mut callers {
            let _shed_or_not = caller.answer().unwrap();
        }
        let begun = server.handler.begun.lock().unwrap().clone();
        begun.len() >= 5 && begun.is_sorted_by(|before, after| before > after)
    });
}

#[test]
fn r_23_the_watch_can_be_turned_off() {
    let server = Server::start(Limits {
        queue_target: Millis::new(0),
        ..limits()
    });
    let mut caller = server.connect();
    assert!((0..200).all(|_| caller.post("/bid", b"{}", "").status == 200));
}

#[test]
fn c_5_answers_are_gzipped_for_who_accepts_it_and_from_the_configured_size() {
    let server = Server::start(Limits {
        gzip_above: Bytes(1_000),
        ..limits()
    });
    let large = br#"{"id":"1"} "#.repeat(200);
    let gzip = "Accept-Encoding: gzip\r\n";
    // Says, path, body, what is accepted, whether it is packed.
    let rows: [(&str, &str, &[u8], &str, bool); 5] = [
        ("large", "/x", &large, gzip, true),
        ("small", "/x", b"{}", gzip, false),
        ("not accepted", "/x", &large, "", false),
        (
            "refused",
            "/x",
            &large,
            "Accept-Encoding: gzip;q=0\r\n",
            false,
        ),
        ("an image", "/pixel", b"", gzip, false),
    ];
    for (says, path, body, accepted, packed) in rows {
        let mut caller = server.connect();
        let answer = if body.is_empty() {
            caller.ask(format!("GET {path} HTTP/1.1\r\nHost: a\r\n{accepted}\r\n").as_bytes())
        } else {
            caller.post(path, body, accepted)
        };
        assert_eq!(answer.status, 200, "{says}");
        let encoding = packed.then_some("gzip");
        assert_eq!(answer.header("content-encoding"), encoding, "{says}");
        if packed {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(answer.body.as_slice())
                .read_to_end(&mut plain)
                .unwrap();
            assert_eq!(plain, large, "{says}");
            assert_eq!(answer.header("vary"), Some("accept-encoding"));
        } else if !body.is_empty() {
            assert_eq!(answer.body, body, "{says}");
        }
    }
    let never = Server::start(Limits {
        gzip_above: Bytes(0),
        ..limits()
    });
    let plain = never.connect().post("/x", &large, gzip);
    assert_eq!(plain.header("content-encoding"), None, "turned off");
}
