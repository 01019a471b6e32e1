//! What is wrong with a message, all of it: a table of rules, each with its number in the
//! conformance list, its place in the standard and one sentence.
//!
//! ```
//! use openrtb::validate;
//! let body = br#"{"id":"1","imp":[{"id":"a","banner":{},"bidflor":1.5},{"id":"a","banner":{}}]}"#;
//! let report = validate::message(body, None, &openrtb::Limits::REQUEST).expect("JSON");
//! assert!(!report.is_valid());
//! let twice = report.findings.iter().find(|finding| finding.rule.id == "C-64").expect("an error");
//! assert_eq!(twice.pointer, "/imp/1/id");
//! let unknown = report.findings.iter().find(|finding| finding.rule.id == "C-22").expect("a notice");
//! assert_eq!(unknown.found, r#""bidflor"; "bidfloor" may be meant"#);
//! ```

mod checker;
mod finding;
mod native;
mod order;
mod request;
mod response;
mod rules;
mod walk;

use crate::error::ReadError;
use crate::json::Reader;
use crate::limits::Limits;
use crate::repairs::Repairs;
pub use finding::{Finding, Kind, Report, Rule, Severity};
pub use rules::rules;
pub(crate) use walk::{Walk, Walker};

/// Validates a message; without a kind, a `seatbid` or `nbr` makes it a response.
///
/// # Errors
/// [`ReadError::Malformed`] when the body is no JSON object or beyond `limits`.
pub fn message(body: &[u8], kind: Option<Kind>, limits: &Limits) -> Result<Report, ReadError> {
    match kind.unwrap_or_else(|| Kind::detect(body)) {
        Kind::Request => request(body, limits),
        Kind::Response => response(body, limits),
    }
}

/// Validates a bid request.
///
/// # Errors
/// [`ReadError::Malformed`] when the body is no JSON object or beyond `limits`.
pub fn request(body: &[u8], limits: &Limits) -> Result<Report, ReadError> {
    request::report(body, limits)
}

/// Validates a bid response; an empty body is a legal no-bid.
///
/// # Errors
/// [`ReadError::Malformed`] when the body is no JSON object or beyond `limits`.
pub fn response(body: &[u8], limits: &Limits) -> Result<Report, ReadError> {
    response::report(body, limits)
}

pub use request::check_request;

impl Kind {
    /// What a message looks like: a `seatbid` or `nbr` makes it a response, and so does nothing at all.
    #[must_use]
    pub fn detect(body: &[u8]) -> Self {
        let is_response = std::str::from_utf8(body).is_ok_and(|text| {
            let raw = crate::json::Raw::new(text.trim_ascii(), 0);
            text.trim_ascii().is_empty() || raw.get("seatbid").is_some() || raw.get("nbr").is_some()
        });
        if is_response {
            Self::Response
        } else {
            Self::Request
        }
    }
}

/// A reader that keeps what cannot be used and goes on where a message would be refused.
fn inspector<'a>(body: &'a [u8], limits: &Limits) -> Result<Reader<'a>, ReadError> {
    let mut reader = Reader::new(body, limits).map_err(|fault| ReadError::new(fault, body))?;
    reader.inspecting = true;
    reader.repairs = Repairs::with_room(Report::MOST);
    Ok(reader)
}
