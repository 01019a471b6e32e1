//! Records of a kind of their own, written by the thread and found again.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use units::{AuctionId, UnixMillis};

use crate::*;

/// What the tests record.
#[derive(Debug)]
pub(crate) enum Things {}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    number: u64,
    /// In common.
    #[serde(skip_serializing, default)]
    house: String,
    bodies: Vec<Body<'static>>,
}

impl Kind for Things {
    const NAMES: Names = Names {
        folder: "things",
        service: "shop",
        which: "those that were kept are recorded",
    };
    type Seen = Seen;
    type Outcome = u64;
    type Catalog = u64;

    fn version(catalog: &u64) -> u64 {
        *catalog
    }

    fn mark(catalog: &u64, store: &Store) -> io::Result<CatalogMark> {
        store.keep_catalog(*catalog, format!("catalog {catalog}").as_bytes())
    }

    fn catalog_text(store: &Store, version: u64) -> Option<Vec<u8>> {
        fs::read(store.catalog(version)).ok()
    }

    fn fill(seen: &mut Seen, bodies: &mut Bodies<'_>) -> Result<(), Missing> {
        seen.bodies
            .iter_mut()
            .try_for_each(|body| body.fill(bodies))
    }
}

pub(crate) fn bounds() -> Bounds {
    Bounds {
        queue: 1_000,
        longest: 1 << 20,
        file: 1 << 20,
        most: 1 << 24,
        keep: Duration::from_secs(3_600),
    }
}

pub(crate) fn counters() -> Counters {
    let metrics = service::Ops::new("shop", "0").metrics;
    Counters::register(&metrics, "gavel_things_total", "Things.")
}

/// A folder of one test, which is not there yet.
pub(crate) fn fresh_folder(name: &str) -> PathBuf {
    let folder =
        std::env::temp_dir().join(format!("gavel-recording-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn id(n: u8) -> AuctionId {
    AuctionId::new(UnixMillis(1_790_000_000_000), [n; 10])
}

fn common() -> Box<RawValue> {
    to_raw_value(&serde_json::json!({"house": "ours"})).unwrap()
}

fn keep(records: &Records<Things>, n: u8, catalog: u64, bodies: &[&[u8]]) {
    let seen = Seen {
        number: u64::from(n),
        house: "ours".to_owned(),
        bodies: bodies
            .iter()
            .map(|body| Body::Bytes(Cow::Owned(body.to_vec())))
            .collect(),
    };
    let draft = Draft {
        id: id(n),
        seen: Serialized(&seen),
        outcome: Serialized(&(u64::from(n) * 2)),
        bodies,
    };
    records.keep(catalog, &draft);
}

/// Writes what `leave` leaves, to the end.
fn written(folder: &Path, bounds: Bounds, leave: impl FnOnce(&Records<Things>)) -> [u64; 3] {
    let counters = counters();
    let (records, notes) = Records::new(bounds, counters.clone());
    let thread = notes.write(folder, common()).unwrap();
    leave(&records);
    drop(records);
    thread.join().unwrap();
    let Counters {
        written,
        dropped,
        failed,
    } = counters;
    [written.get(), dropped.get(), failed.get()]
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder.join("records/things")).unwrap().count()
}

#[test]
fn what_is_left_is_found_again_byte_for_byte() {
    let folder = fresh_folder("found");
    let counts = written(&folder, bounds(), |records| {
        keep(records, 1, 7, &[b"{\"a\":1}", &[0xff, b'\n', 0]]);
        keep(&records.clone(), 2, 7, &[]);
        keep(records, 3, 8, &[b"x"]);
        keep(records, 4, NO_CATALOG, &[b"x"]);
    });
    assert_eq!(counts, [4, 0, 0]);
    assert_eq!(files(&folder), 3, "one a catalog");
    let found = find::<Things>(&folder, id(1)).unwrap();
    assert_eq!(found.digest, found.digest_now);
    assert_eq!((found.seen.number, found.outcome), (1, 2));
    assert_eq!(found.seen.house, "ours", "what all have in common");
    let bodies: Vec<&[u8]> = found.seen.bodies.iter().map(Body::bytes).collect();
    assert_eq!(bodies, [&b"{\"a\":1}"[..], &[0xff, b'\n', 0]]);
    let catalog = found.catalog::<Things>().unwrap();
    assert_eq!(catalog.text, b"catalog 7");
    assert_eq!(catalog.sha256.as_deref(), Some(&*catalog.sha256_now));
    let none = find::<Things>(&folder, id(4)).unwrap();
    let gone = none.catalog::<Things>().unwrap_err().to_string();
    assert!(gone.contains("version 0 is not kept"), "{gone}");
    let unknown = find::<Things>(&folder, id(9)).unwrap_err().to_string();
    assert!(
        unknown.ends_with("those that were kept are recorded"),
        "{unknown}"
    );
    let elsewhere = super::folder::<Things>(&folder.join("records")).unwrap_err();
    let says = "no things are recorded in";
    assert!(elsewhere.to_string().starts_with(says), "{elsewhere}");
    assert_eq!(super::folder::<Things>(&folder).unwrap(), folder);
    // Whoever else is on the machine reads none of it.
    let records = folder.join("records");
    let mut seen = 0;
    for part in [&records, &records.join("things"), &records.join("catalogs")] {
        assert_eq!(mode(part), 0o700, "{}", part.display());
        for entry in fs::read_dir(part).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 5, "three files and two catalogs");
    // One that went between the listing and the look is passed over.
    let gone = records.join("things/9-1890000000000.records");
    std::os::unix::fs::symlink(folder.join("nowhere"), gone).unwrap();
    assert!(find::<Things>(&folder, id(1)).is_ok());
    fs::remove_dir_all(&folder).unwrap();
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_record_that_was_altered_differs_in_its_digests() {
    let folder = fresh_folder("altered");
    let _ = written(&folder, bounds(), |records| keep(records, 1, 7, &[]));
    let mut found = find::<Things>(&folder, id(1)).unwrap();
    let mut catalog = found.catalog::<Things>().unwrap();
    let pointers = |found: &Recorded<Seen, u64>, catalog: &CatalogText| -> Vec<String> {
        let mut differences = Differences::of(found);
        differences.catalog(catalog);
        // A member that the record does not have counts unless its format did not have it.
        let more = serde_json::json!({"more": 1});
        let (there, now) = (serde_json::json!({}), &more);
        differences.compare("/seen", &there, now).unwrap();
        let told = differences.into_vec().into_iter();
        told.map(|it| it.pointer).collect()
    };
    assert_eq!(pointers(&found, &catalog), ["/seen/more"]);
    found.digest_now.replace_range(..1, "x");
    catalog.sha256_now.replace_range(..1, "x");
    assert_eq!(
        pointers(&found, &catalog),
        ["/digest", "/catalog/sha256", "/seen/more"]
    );
    found.is_older = true;
    assert_eq!(pointers(&found, &catalog), ["/digest", "/catalog/sha256"]);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_too_long_or_too_much_is_dropped_and_counted() {
    let folder = fresh_folder("dropped");
    let bounds = Bounds {
        longest: 1_000,
        queue: 3,
        ..bounds()
    };
    let counters = counters();
    let (records, notes) = Records::new(bounds, counters.clone());
    keep(&records, 1, 7, &[&[b'x'; 1_000]]);
    for n in 2..7 {
        keep(&records, n, 7, &[b"x"]);
    }
    assert_eq!(counters.dropped.get(), 3, "one is too long, two too many");
    let thread = notes.write(&folder, common()).unwrap();
    drop(records);
    thread.join().unwrap();
    assert_eq!(counters.written.get(), 3);
    for (n, is_there) in [(1, false), (2, true), (4, true), (5, false)] {
        assert_eq!(find::<Things>(&folder, id(n)).is_ok(), is_there, "{n}");
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_full_file_is_followed_by_the_next() {
    let folder = fresh_folder("full");
    let bounds = Bounds {
        file: 2_000,
        ..bounds()
    };
    let counts = written(&folder, bounds, |records| {
        for n in 0..10 {
            keep(records, n, 7, &[&[b'x'; 600]]);
        }
    });
    assert_eq!((counts, files(&folder)), ([10, 0, 0], 5));
    for n in 0..10 {
        assert_eq!(
            find::<Things>(&folder, id(n)).unwrap().seen.number,
            u64::from(n)
        );
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_disk_that_takes_nothing_is_counted() {
    let folder = fresh_folder("failed");
    fs::create_dir_all(folder.join("records")).unwrap();
    fs::write(folder.join("records/things"), "in the way").unwrap();
    let counts = written(&folder, bounds(), |records| {
        keep(records, 1, 7, &[]);
        keep(records, 2, 7, &[]);
    });
    assert_eq!(counts, [0, 0, 2]);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn records_of_format_1_are_read_and_later_ones_refused() {
    let folder = fresh_folder("older");
    let things = folder.join("records/things");
    fs::create_dir_all(&things).unwrap();
    let line = |n: u8, bodies: &str, digest: &str| {
        format!(
            r#"{{"id":"{}","catalog":{{"version":7,"sha256":"ab"}},"digest":"{digest}","seen":{{"number":1,"house":"theirs","bodies":[{bodies}]}},"outcome":5}}"#,
            id(n)
        )
    };
    // Written by a process of that time: SHA-256 over the version, the checksum and what was seen.
    let digest = "2c5b2a2b1f9c";
    let text = format!(
        "{}\n{}\n{}\n",
        line(1, "", "an older one of the same id"),
        line(2, "", "x"),
        line(1, r#""{\"a\":1}""#, digest)
    );
    fs::write(things.join("7-1790000000000.ndjson"), text).unwrap();
    let found = find::<Things>(&folder, id(1)).unwrap();
    assert_eq!(found.digest, digest);
    let mut seen = 7_u64.to_be_bytes().to_vec();
    seen.extend_from_slice(br#"ab{"number":1,"house":"theirs","bodies":["{\"a\":1}"]}"#);
    assert_eq!(found.digest_now, sha256(&seen));
    assert!(found.is_older);
    assert_eq!(
        (found.seen.bodies[0].bytes(), found.outcome),
        (&b"{\"a\":1}"[..], 5)
    );
    let later = things.join("7-1790000000001.records");
    fs::write(&later, "{\"format\":3,\"what\":\"else\"}\n\0\0").unwrap();
    let refused = find::<Things>(&folder, id(1)).unwrap_err().to_string();
    assert!(refused.contains("is of format 3"), "{refused}");
    // Torn in its first line: nothing is lost by going on.
    fs::write(&later, "{\"format\":2").unwrap();
    assert!(find::<Things>(&folder, id(1)).is_ok());
    fs::remove_dir_all(&folder).unwrap();
}
