//! Following a published value by what changed of it.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use service::{
    Shutdown,
    feed::{self, Event, Feed, Origin, patch},
};

/// One version of what is published: a record a line.
fn text(version: u64) -> Vec<u8> {
    let records = (0..400).map(|it| match it {
        7 => format!("\"record 7 of version {version}\",\n"),
        it => format!("\"record {it}\",\n"),
    });
    let records: String = records.collect();
    format!("{{\"version\":{version},\n\"records\":[\n{records}\"\"\n]}}").into_bytes()
}

fn patches(versions: &[u64]) -> (&'static str, Vec<u8>) {
    let pairs = versions.windows(2);
    let all: Vec<_> = pairs
        .map(|it| patch::between(&text(it[0]), &text(it[1])).unwrap())
        .collect();
    (
        patch::MEDIA_TYPE,
        patch::joined(all.iter().map(Vec::as_slice)),
    )
}

fn whole(version: u64) -> (&'static str, Vec<u8>) {
    ("application/json", text(version))
}

/// Answers one after the other, then never again; what was asked.
fn publisher(answers: Vec<(&'static str, Vec<u8>)>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/feed", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut open = Vec::new();
        let mut answers = answers.into_iter();
        while let Ok((stream, _)) = listener.accept() {
            let stream = answer(stream, &mut answers, &told);
            open.push(stream);
        }
    });
    (url, asked)
}

/// The query of a question.
fn question(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|it| it == 1) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1).unwrap_or_default();
    target.split_once('?').map_or("", |it| it.1).to_owned()
}

fn answer(
    mut stream: TcpStream,
    answers: &mut impl Iterator<Item = (&'static str, Vec<u8>)>,
    asked: &Mutex<Vec<String>>,
) -> TcpStream {
    asked.lock().unwrap().push(question(&mut stream));
    if let Some((kind, body)) = answers.next() {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
    }
    stream
}

/// Follows until so many values came; what came: version, text, and whether from disk. Before each next
/// question `between` sees how many came.
fn values(
    url: String,
    copy: PathBuf,
    count: usize,
    between: impl Fn(usize),
) -> Vec<(u64, Vec<u8>, bool)> {
    let feed = Feed {
        url,
        token: "secret".to_owned(),
        copy: Some(copy),
        copy_max_age: Duration::from_secs(3_600),
        wait: Duration::from_secs(20),
    };
    let (trigger, shutdown) = Shutdown::new();
    let mut came = Vec::new();
    let read = |json: &[u8]| {
        let value: Value = serde_json::from_slice(json)?;
        let version = value["version"].as_u64().unwrap_or_default();
        Ok((version, (version, json.to_vec())))
    };
    let on_event = |event: Event<(u64, Vec<u8>)>| match event {
        Event::Value((version, text), origin) => {
            came.push((version, text, matches!(origin, Origin::Disk(_))));
            between(came.len());
            if came.len() == count {
                trigger.fire();
            }
        }
        Event::Unchanged | Event::Failed(_) | Event::CopyRefused(_) => {}
    };
    let runtime = service::runtime::current_thread("test").unwrap();
    runtime.block_on(async {
        let following = feed::poll(&feed, &shutdown, read, on_event);
        let patience = tokio::time::timeout(crate::support::PATIENCE, following);
        patience.await.unwrap();
    });
    came
}

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("gavel-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path.join("copy.json")
}

#[test]
fn what_changed_is_applied_and_a_gap_is_made_good_by_the_whole() {
    let gap = patches(&[4, 5]);
    let answers = vec![
        whole(1),
        patches(&[1, 2, 3]),
        gap,
        whole(5),
        patches(&[5, 6]),
    ];
    let (url, asked) = publisher(answers);
    let copy = folder("feed-gap");
    let came = values(url, copy.clone(), 4, |_| {});
    let expected = [1, 3, 5, 6].map(|version| (version, text(version), false));
    assert_eq!(came, expected, "byte by byte what the publisher has");
    let asked = asked.lock().unwrap();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    assert_eq!(
        asked[..5],
        [
            "wait_ms=20000",
            "after=1&wait_ms=20000&patch=1",
            "after=3&wait_ms=20000&patch=1",
            "after=3&wait_ms=20000",
            "after=5&wait_ms=20000&patch=1",
        ]
    );
}

#[test]
fn a_copy_on_disk_that_was_damaged_is_no_base() {
    let (url, asked) = publisher(vec![patches(&[1, 2]), whole(3)]);
    let copy = folder("feed-damaged");
    feed::keep(&copy, &text(1)).unwrap();
    let damage = |came: usize| {
        if came == 1 {
            let mut bytes = std::fs::read(&copy).unwrap();
            bytes[100] ^= 1;
            std::fs::write(&copy, bytes).unwrap();
        }
    };
    let came = values(url, copy.clone(), 2, damage);
    let came: Vec<_> = came.iter().map(|it| (it.0, it.2)).collect();
    assert_eq!(came, [(1, true), (3, false)]);
    let asked = asked.lock().unwrap();
    assert!(asked[0].ends_with("&patch=1"), "{asked:?}");
    assert!(!asked[1].contains("patch"), "{asked:?}");
}

/// Answers 503 to the first questions; then 304 at once to who does not want to wait, and to who does never.
fn publisher_that_comes_late(refusals: usize) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/feed", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            let query = question(&mut stream);
            told.lock().unwrap().push(query.clone());
            let status = if told.lock().unwrap().len() <= refusals {
                "503 Service Unavailable"
            } else if query.contains("wait_ms=0&") {
                "304 Not Modified"
            } else {
                held.push(stream);
                continue;
            };
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
        }
    });
    (url, asked)
}

#[test]
fn who_goes_by_a_copy_hears_from_the_publisher_as_soon_as_it_answers() {
    #[rustfmt::skip]
    let cases = [
        ("it is there", 0, &["wait_ms=0", "wait_ms=20000"][..]),
        ("R17 it has no database yet", 2, &["wait_ms=0", "wait_ms=0", "wait_ms=0", "wait_ms=20000"]),
    ];
    for (says, refusals, expected) in cases {
        let (url, asked) = publisher_that_comes_late(refusals);
        let copy = folder(&format!("feed-late-{refusals}"));
        feed::keep(&copy, &text(1)).unwrap();
        let feed = Feed {
            url,
            token: "secret".to_owned(),
            copy: Some(copy),
            copy_max_age: Duration::from_secs(3_600),
            wait: Duration::from_secs(20),
        };
        let (trigger, shutdown) = Shutdown::new();
        let read = |_: &[u8]| Ok((1, ()));
        let mut came = Vec::new();
        let on_event = |event: Event<()>| {
            came.push(match event {
                Event::Value((), _) => "copy",
                Event::Unchanged => "confirmed",
                Event::Failed(_) => "failed",
                Event::CopyRefused(_) => "no copy",
            });
        };
        let runtime = service::runtime::current_thread("test").unwrap();
        // The trigger fires also when it is dropped with a thread that waited in vain.
        let (told, waits) = (Arc::clone(&asked), expected.len());
        let waiting = std::thread::spawn(move || {
            crate::support::until(says, || told.lock().unwrap().len() == waits);
            trigger.fire();
        });
        runtime.block_on(feed::poll(&feed, &shutdown, read, on_event));
        waiting.join().unwrap();
        let failures = vec!["failed"; refusals];
        assert_eq!(
            came,
            [&["copy"], &*failures, &["confirmed"]].concat(),
            "{says}"
        );
        let asked = asked.lock().unwrap();
        let waits: Vec<&str> = asked
            .iter()
            .map(|it| it.split('&').nth(1).unwrap())
            .collect();
        assert_eq!(waits, expected, "{says}");
    }
}
