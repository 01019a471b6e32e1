//! The standard's examples, as files.

use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// The numbers of the examples.
pub const OPENRTB: RangeInclusive<u8> = 1..=16;

/// Example `number`: a bid request and an answer to it, byte for byte as filed.
///
/// # Panics
/// When there is no such example.
#[must_use]
pub fn openrtb(number: u8) -> (String, String) {
    (
        read(number, ".request.json"),
        read(number, ".response.json"),
    )
}

/// The file name of example `number` without its ending, for messages.
///
/// # Panics
/// When there is no such example.
#[must_use]
pub fn openrtb_name(number: u8) -> String {
    let path = find(number, ".request.json");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.trim_end_matches(".request.json").to_owned()
}

fn read(number: u8, ending: &str) -> String {
    let path = find(number, ending);
    fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

fn find(number: u8, ending: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/openrtb");
    let start = format!("{number:02}-");
    fs::read_dir(&dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|found| found.path())
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&start) && name.ends_with(ending)
        })
        .unwrap_or_else(|| panic!("no example {start}*{ending} in {}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_a_pair_with_one_request_id() {
        for number in OPENRTB {
            let (request, response) = openrtb(number);
            let request: serde_json::Value = serde_json::from_str(&request).unwrap();
            let response: serde_json::Value = serde_json::from_str(&response).unwrap();
            assert_eq!(request["id"], response["id"], "{}", openrtb_name(number));
        }
    }
}
