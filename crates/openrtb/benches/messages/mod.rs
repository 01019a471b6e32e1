//! The messages that are read and written: the 16 examples as machines send them, and larger ones.

use serde_json::{Value, json};
use std::path::PathBuf;

/// A request of the examples, without blanks between tokens.
pub(crate) fn example(name: &str) -> Vec<u8> {
    let path = examples().join(format!("{name}.request.json"));
    serde_json::to_vec(&value(&path)).unwrap()
}

/// All 16 requests of the examples, in the order of their names.
pub(crate) fn all_examples() -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<String> = std::fs::read_dir(examples())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".request.json").map(str::to_owned))
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| (name.clone(), example(&name)))
        .collect()
}

/// A request of some 2,048 bytes: the video example with an ext that fills it up.
pub(crate) fn of_two_kilobytes() -> Vec<u8> {
    padded(&example("03-video-instream-26"), 2_048)
}

/// A request of some 7,000 bytes, all of it what requests of that size hold: four video imps, blocked
/// domains and categories, extended ids, segments of a data provider.
pub(crate) fn of_seven_kilobytes() -> Vec<u8> {
    let mut request = value(&examples().join("03-video-instream-26.request.json"));
    let imp = request["imp"][0].clone();
    request["imp"] = (0..4)
        .map(|at| {
            let mut imp = imp.clone();
            imp["id"] = json!(format!("{at}"));
            imp["tagid"] = json!(format!("player-{at}"));
            imp
        })
        .collect();
    request["badv"] = (0..56)
        .map(|at| json!(format!("blocked-{at}.example")))
        .collect();
    request["bcat"] = (0..27)
        .map(|at| json!(format!("IAB{}-{}", 7 + at / 9, 1 + at % 9)))
        .collect();
    request["user"]["eids"] = (0..8)
        .map(|at| {
            let id = format!("0f9a6d1e-{at}c4b-4a6e-9d2f-8b1e5c7a90{at}f");
            json!({"source": format!("ids{at}.example"), "uids": [{"id": id, "atype": 1}]})
        })
        .collect();
    let segments: Value = (0..36)
        .map(|at| json!({"id": format!("segment-{at}"), "name": format!("interest {at}")}))
        .collect();
    request["user"]["data"] = json!([{"id": "dmp.example", "name": "dmp", "segment": segments}]);
    let body = serde_json::to_vec(&request).unwrap();
    assert!((6_900..7_300).contains(&body.len()), "{}", body.len());
    body
}

/// Fills a request up to a size by a text in its `ext`.
fn padded(body: &[u8], size: usize) -> Vec<u8> {
    let mut request: Value = serde_json::from_slice(body).unwrap();
    let missing = size.saturating_sub(body.len() + 30);
    request["ext"]["padding"] = json!("x".repeat(missing));
    serde_json::to_vec(&request).unwrap()
}

fn value(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/examples")
}
