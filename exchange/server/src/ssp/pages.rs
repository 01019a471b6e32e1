//! What browsers load: `tag.js` for a placement, and a page that shows it at work.

use contracts::catalog::{CreativeFormat, Placement, Status};
use serde_json::{Value, json};
use service::http::{self, Response, StatusCode};

const TAG: &str = include_str!("tag.js");

/// `tag.js` of one placement; `base` is the SSP side's public URL.
pub(super) fn tag(base: &str, placement: &Placement) -> Response {
    let fallback = literal(&json!(placement.fallback));
    let script = filled([
        ("__BASE__", inside(base)),
        ("__PLACEMENT__", inside(placement.id.as_str())),
        ("__FALLBACK__", fallback),
    ]);
    http::with_type(StatusCode::OK, "text/javascript; charset=utf-8", script)
}

/// The tag with its values, in their order: one pass, so that no value is taken for a place of another (S9).
fn filled(values: [(&str, String); 3]) -> String {
    let mut script = String::with_capacity(TAG.len() + 256);
    let mut rest = TAG;
    for (place, value) in values {
        if let Some((before, after)) = rest.split_once(place) {
            script.push_str(before);
            script.push_str(&value);
            rest = after;
        }
    }
    script.push_str(rest);
    script
}

/// A JavaScript literal that also ends no `<script>` around it.
fn literal(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// The inside of a JavaScript string literal that no value can leave.
fn inside(text: &str) -> String {
    let quoted = literal(&json!(text));
    let inside = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or_default().to_owned()
}

/// A page with every banner and native placement that is sold.
pub(super) fn demo(base: &str, placements: &[Placement]) -> Response {
    let mut slots = String::new();
    let fits = |format: &CreativeFormat| match format {
        CreativeFormat::Banner | CreativeFormat::Responsive | CreativeFormat::Native => true,
        CreativeFormat::Video | CreativeFormat::Audio => false,
    };
    let shown = placements.iter().filter(|placement| {
        placement.status == Status::Active && placement.formats.iter().any(fits)
    });
    for placement in shown {
        let id: String = percent(placement.id.as_str());
        let name = escape(if placement.name.is_empty() {
            placement.id.as_str()
        } else {
            &placement.name
        });
        slots.push_str(&format!(
            "<section><h2>{name}</h2><script src=\"{}/tag.js?placement={id}\"></script></section>\n",
            escape(base)
        ));
    }
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>A page with ads, sold by Gavel</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<style>\nbody{{font:16px/1.5 system-ui,sans-serif;max-width:62rem;\
         margin:2rem auto;padding:0 1rem;color:#1d2330}}\nh1{{font-size:1.5rem}}h2{{font-size:1rem;color:#4b5568;margin:2rem 0 .5rem}}\n\
         p{{max-width:40rem}}\n</style>\n</head>\n<body>\n<main>\n<h1>A page with ads</h1>\n<p>Each place below is a placement of this \
         market. The ad in it won an auction among the demand partners a moment ago, and its impression is being charged. \
         Load the page again for new auctions.</p>\n{slots}</main>\n</body>\n</html>\n"
    );
    http::html(StatusCode::OK, page)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

fn percent(text: &str) -> String {
    let plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes()
        .map(|byte| {
            if plain(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_leaves_its_string() {
        // S9: what is put into a script or a page cannot end it.
        for text in [
            "\"</script><script>alert(1)//\\",
            "\"",
            "a\"",
            "\\",
            "a\nb",
            "\"+x+\"",
        ] {
            let inside = inside(text);
            let read: String = serde_json::from_str(&format!("\"{inside}\"")).unwrap();
            assert_eq!(read, text, "{inside}");
            assert!(!inside.contains('<'), "{inside}");
        }
        let filled = filled([
            ("__BASE__", "__PLACEMENT__".to_owned()),
            ("__PLACEMENT__", "__FALLBACK__".to_owned()),
            ("__FALLBACK__", "3".to_owned()),
        ]);
        for line in [
            "base = \"__PLACEMENT__\";",
            "placement = \"__FALLBACK__\";",
            "fallback = 3;",
        ] {
            assert!(filled.contains(line), "{line}: {filled}");
        }
        assert_eq!(percent("a b\"c"), "a%20b%22c");
        assert_eq!(escape("<\"&"), "&lt;&quot;&amp;");
    }
}
