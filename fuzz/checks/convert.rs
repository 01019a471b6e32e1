//! What must hold for any bytes that are to change their version.

use openrtb::convert::{self, Changes, ConvertError};
use openrtb::{BidRequest, Limits};

type Convert = fn(&[u8], &Limits, &mut Vec<u8>) -> Result<Changes, ConvertError>;

/// Down and up: what comes out is JSON again, converts no further, and is read if it was.
pub fn check(data: &[u8]) {
    let all: [Convert; 4] = [
        convert::request_to_25,
        convert::request_to_26,
        convert::response_to_25,
        convert::response_to_26,
    ];
    for (index, convert) in all.into_iter().enumerate() {
        let mut out = Vec::new();
        let Ok(changes) = convert(data, &Limits::REQUEST, &mut out) else {
            continue;
        };
        assert!(
            !changes.is_empty() || out.len() <= data.len(),
            "nothing appears by itself"
        );
        // Raw: numbers that no machine type holds are copied as they stand.
        let _: &serde_json::value::RawValue =
            serde_json::from_slice(&out).expect("what was converted is JSON");
        let roomy = Limits {
            values: u32::MAX,
            ..Limits::REQUEST
        };
        let mut again = Vec::new();
        convert(&out, &roomy, &mut again).expect("what was converted converts");
        assert_eq!(again, out, "once is enough");
        let was_read = index < 2 && BidRequest::read(data, &Limits::REQUEST).is_ok();
        assert!(
            !was_read || BidRequest::read(&out, &roomy).is_ok(),
            "what was read is read"
        );
    }
}
