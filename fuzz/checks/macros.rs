//! What must hold for any text with macros and any id put into it.

use openrtb::macros::{Context, Options, Values, expand};

/// The first line is an id, the rest the text.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (id, text) = text.split_once('\n').unwrap_or(("", text));
    let values = Values {
        auction_id: Some(id),
        imp_id: Some("${AUCTION_PRICE}"),
        price: units::CpmMicros::parse("1.25").ok(),
        ..Values::default()
    };
    for context in [Context::Url, Context::Html, Context::Xml, Context::Json] {
        let options = Options {
            context,
            ..Options::default()
        };
        let mut out = String::new();
        expand(text, &values, options, &mut out);
        if !text.contains("${") {
            assert_eq!(out, text, "text without macros stays as it is");
        }
        if text == "${AUCTION_IMP_ID}" {
            assert!(!out.contains("1.25"), "S9: a value is not expanded again");
        }
        let grown = text.len() * (id.len() * 6 + 64) + 64;
        assert!(out.len() <= grown, "one pass cannot grow without bound");
    }
}
