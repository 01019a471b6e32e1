//! What browsers load: `tag.js` for placements, the frame that ads are shown in, and a page with both at work.

use contracts::catalog::{CreativeFormat, Placement, Status};
use http::{HeaderValue, header};
use serde_json::{Value, json};
use service::http::{self as answers, Response, StatusCode};

use super::bid_request::pixels;

const TAG: &str = include_str!("tag.js");
const FRAME: &str = include_str!("frame.html");
const DEMO: &str = include_str!("demo.html");

/// What an ad in the frame may do, however the frame was opened: run scripts and open windows, with no origin.
const SANDBOX: HeaderValue =
    HeaderValue::from_static("sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox");

/// `tag.js` of these placements; `base` is the SSP side's public URL, `unsold` what was asked for and is not sold,
/// `syncs` whether DSPs are told of visits.
pub(super) fn tag(base: &str, placements: &[&Placement], unsold: &[&str], syncs: bool) -> Response {
    let listed: Vec<Value> = placements.iter().map(|it| told(it)).collect();
    let script = filled(
        TAG,
        [
            ("__BASE__", inside(base)),
            ("__PLACEMENTS__", literal(&json!(listed))),
            ("__UNSOLD__", literal(&json!(unsold))),
            ("__SYNCS__", literal(&json!(syncs))),
        ],
    );
    let mut response = answers::with_type(StatusCode::OK, "text/javascript; charset=utf-8", script);
    let brief = HeaderValue::from_static("public, max-age=60");
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, brief);
    response
}

/// The document that shows one ad, which its page hands in; the same for all.
pub(super) fn frame() -> Response {
    let mut response = answers::html(StatusCode::OK, FRAME);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    let day = HeaderValue::from_static("public, max-age=3600");
    headers.insert(header::CACHE_CONTROL, day);
    response
}

/// What the tag has to know of a placement.
fn told(placement: &Placement) -> Value {
    let size = placement.sizes.iter().find_map(|size| pixels(size));
    let (width, height) = match size {
        Some((width, height)) => (json!(width), height),
        None => (json!("100%"), 160),
    };
    json!({"id": placement.id, "width": width, "height": height, "fallback": placement.fallback})
}

/// A text with values in their places, in their order: one pass, so that no value is taken for a place of
/// another (S9).
fn filled<const N: usize>(text: &str, values: [(&str, String); N]) -> String {
    let mut done = String::with_capacity(text.len() + 256);
    let mut rest = text;
    for (place, value) in values {
        if let Some((before, after)) = rest.split_once(place) {
            done.push_str(before);
            done.push_str(&value);
            rest = after;
        }
    }
    done.push_str(rest);
    done
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
    let fits = |format: &CreativeFormat| match format {
        CreativeFormat::Banner | CreativeFormat::Responsive | CreativeFormat::Native => true,
        CreativeFormat::Video | CreativeFormat::Audio => false,
    };
    let shown: Vec<&Placement> = placements
        .iter()
        .filter(|it| it.status == Status::Active && it.formats.iter().any(fits))
        .take(super::MOST_IN_A_TAG)
        .collect();
    let mut slots = String::new();
    for placement in &shown {
        let id = placement.id.as_str();
        let name = if placement.name.is_empty() {
            id
        } else {
            &placement.name
        };
        let size = placement.sizes.first().map_or("native", String::as_str);
        slots.push_str(&format!(
            "<section><h2>{}</h2><p class=\"what\"><code>{}</code> {}, floor {} {}</p>\
             <div data-gavel-placement=\"{}\"></div></section>\n",
            escape(name),
            escape(id),
            escape(size),
            placement.floor,
            placement.floor_currency,
            escape(id),
        ));
    }
    let ids: Vec<String> = shown.iter().map(|it| percent(it.id.as_str())).collect();
    let base = escape(base);
    let page = filled(
        DEMO,
        [
            ("__SLOTS__", slots),
            (
                "__TAG__",
                format!("{base}/tag.js?placement={}", ids.join(",")),
            ),
        ],
    );
    let mut response = answers::html(StatusCode::OK, page);
    // What a page has to allow for the tag, and nothing else.
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src {base}; connect-src {base}; frame-src {base}"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// A text as it stands in an element or an attribute.
pub(crate) fn escape(text: &str) -> String {
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
        let values = [
            ("__BASE__", "__PLACEMENTS__".to_owned()),
            ("__PLACEMENTS__", "3".to_owned()),
            ("__UNSOLD__", "[]".to_owned()),
            ("__SYNCS__", "true".to_owned()),
        ];
        let filled = filled(TAG, values);
        for line in ["base = \"__PLACEMENTS__\";", "placements = 3;"] {
            assert!(filled.contains(line), "{line}: {filled}");
        }
        assert_eq!(percent("a b\"c"), "a%20b%22c");
        assert_eq!(escape("<\"&"), "&lt;&quot;&amp;");
    }
}
