//! S8: no call leads into our own network, however its address is written.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use service::client::{
    CallError, Client, ClientConfig, OutRequest, Refusal, Resolve, Resolved, Target,
};
use service::http::{Bytes, HeaderMap, Method};

/// Answers with what it was given, one list per question.
struct Scripted(Mutex<Vec<Vec<SocketAddr>>>);

impl Resolve for Scripted {
    fn resolve(&self, _host: &str, _port: u16) -> Resolved {
        let next = self.0.lock().unwrap().pop().unwrap_or_default();
        Box::pin(async move { Ok(next) })
    }
}

fn call(client: &Client, url: &str) -> Result<(), CallError> {
    let runtime = service::runtime::current_thread("test").unwrap();
    runtime.block_on(async {
        let target = Target::parse(url)?;
        let request = OutRequest {
            method: Method::GET,
            target: &target,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        let deadline = Instant::now() + Duration::from_secs(5);
        client.send(request, deadline).await.map(|_answer| ())
    })
}

fn strict(answers: &[&[&str]]) -> Client {
    let script = answers
        .iter()
        .rev()
        .map(|list| list.iter().map(|text| text.parse().unwrap()).collect())
        .collect();
    let config = ClientConfig {
        allow_http: true,
        ..ClientConfig::default()
    };
    Client::with_resolver(config, Arc::new(Scripted(Mutex::new(script))))
}

#[test]
fn s_8_every_way_to_write_a_private_place_is_refused() {
    let rows = [
        // Loopback.
        "http://127.0.0.1/",
        "http://127.1/",
        "http://127.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0x7f.1/",
        "http://017700000001/",
        "http://0177.0.0.1/",
        "http://0177.0.0.0x1/",
        "http://127.0.0.1./",
        "http://127.255.255.254/",
        "http://%31%32%37.0.0.1/",
        "http://１２７.０.０.１/",
        "http://①②⑦.⓪.⓪.①/",
        "http://127。0。0。1/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://localhost/",
        "http://localhost./",
        "http://LOCALHOST/",
        "http://ｌｏｃａｌｈｏｓｔ/",
        "http://a.localhost/",
        // Metadata services and link-local.
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://0251.0376.0251.0376/",
        "http://0xa9.254.0251.254/",
        "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://metadata.google.internal/",
        // Private networks and what is no host at all.
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://172.31.255.255/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://0/",
        "http://[::]/",
        "http://[fc00::1]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://[2001:db8::1]/",
        "http://[2001::1]/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://240.0.0.1/",
        "http://192.0.2.1/",
        "http://198.18.0.1/",
        "http://intranet/",
        "http://printer.local/",
        // Other doors.
        "http://1.1.1.1:22/",
        "http://1.1.1.1:6379/",
        "http://1.1.1.1:7999/",
        "http://1.1.1.1:10000/",
        "http://user@1.1.1.1/",
        "http://user:word@1.1.1.1/",
        "http://1.1.1.1@127.0.0.1/",
        "ftp://1.1.1.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "javascript:alert(1)",
    ];
    assert!(rows.len() >= 40);
    // A resolver that would answer: a refusal must come before it is asked.
    for url in rows {
        let client = strict(&[&["93.184.216.34:80"]]);
        match call(&client, url) {
            Err(CallError::Refused(_) | CallError::Target(_)) => {}
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[test]
fn s_8_what_is_public_is_not_refused() {
    let guard = strict(&[]).guard();
    for url in [
        "http://1.1.1.1/",
        "http://8.8.8.8:8080/x",
        "https://dsp.example/bid",
        "http://dsp.example./",
        "http://172.32.0.1/",
        "http://100.128.0.1/",
        "http://[2606:4700::1111]/",
        "http://[::ffff:1.1.1.1]/",
        "http://bücher.example/",
        "http://dsp.example:9999/",
    ] {
        let target = Target::parse(url).unwrap();
        assert_eq!(guard.check(&target), Ok(()), "{url}");
    }
}

#[test]
fn s_8_every_address_of_a_name_is_checked_and_each_time() {
    let mixed = strict(&[&["93.184.216.34:80", "10.0.0.1:80"]]);
    let refused = call(&mixed, "http://dsp.example/").unwrap_err();
    assert!(
        matches!(refused, CallError::Refused(Refusal::Address(_))),
        "{refused}"
    );

    // Public first, private afterwards: the second connection is checked like the first.
    let rebinding = strict(&[&["203.0.113.1:80"], &["127.0.0.1:80"], &["[::1]:80"]]);
    for _ in 0..3 {
        let refused = call(&rebinding, "http://dsp.example/").unwrap_err();
        assert!(matches!(refused, CallError::Refused(_)), "{refused}");
    }
    let nameless = strict(&[&[]]);
    let unknown = call(&nameless, "http://dsp.example/").unwrap_err();
    assert!(matches!(unknown, CallError::Resolve(_)), "{unknown}");
}

#[test]
fn s_8_nothing_listens_to_a_refused_call() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let address = format!("127.0.0.1:{port}");
    let client = strict(&[&[&address]]);
    assert!(call(&client, &format!("http://{address}/")).is_err());
    assert!(call(&client, "http://dsp.example:8080/").is_err());
    let nobody = listener.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn s_15_plain_http_needs_leave_and_https_needs_roots() {
    let strict = Client::new(ClientConfig::default());
    let refused = call(&strict, "http://1.1.1.1/").unwrap_err();
    assert!(matches!(refused, CallError::Refused(Refusal::PlainHttp)));
    let missing = call(&strict, "https://1.1.1.1/").unwrap_err();
    assert!(matches!(missing, CallError::TlsUnsupported));
}

#[test]
fn local_mode_reaches_this_machine_and_still_no_metadata_service() {
    let guard = Client::new(ClientConfig::local()).guard();
    for (url, allowed) in [
        ("http://127.0.0.1:18002/bid", true),
        ("http://[::1]:9100/bid", true),
        ("http://192.168.1.5:80/", true),
        ("http://localhost:1/", true),
        ("http://169.254.169.254/", false),
        ("http://[fe80::1]/", false),
        ("http://0.0.0.0/", false),
        ("http://224.0.0.1/", false),
    ] {
        let target = Target::parse(url).unwrap();
        assert_eq!(guard.check(&target).is_ok(), allowed, "{url}");
    }
}
