//! Senders of bid requests: their switch and quota on every bidder.

use contracts::catalog::SourceTerms;
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault::Faults;
use crate::form::Form;

/// A sender of bid requests as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceDocument<'a> {
    /// Its name in the configuration of bidders, `sources.NAME`.
    pub id: &'a str,
    /// Whether it is answered at all: the switch.
    pub active: bool,
    /// Bid requests per second of one bidder process; 0: any number; absent: as the bidder is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qps: Option<u32>,
    /// Bid requests in work at once in one bidder process; 0: any number; absent: as the bidder is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u32>,
}

/// The API's view of a source.
#[must_use]
pub fn document(source: &SourceTerms) -> SourceDocument<'_> {
    SourceDocument {
        id: source.id.as_str(),
        active: source.active,
        qps: source.qps,
        in_flight: source.in_flight,
    }
}

/// Reads a source, for example `{"id":"ssp-a","active":false}`.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(mut form: Form) -> Result<SourceTerms, Faults> {
    form.require("id");
    let id = form.id("id");
    let active = form.take("active").unwrap_or(true);
    let (qps, in_flight) = (form.take("qps"), form.take("in_flight"));
    form.finish(id.map(|id| SourceTerms {
        id: id.into(),
        active,
        qps,
        in_flight,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_source_may_say() {
        let cases = [
            (r#"{"id":"ssp-a","active":false}"#, Ok(())),
            (r#"{"id":"ssp-a","qps":0,"in_flight":200}"#, Ok(())),
            (r#"{"active":false}"#, Err("/id")),
            (r#"{"id":"ssp a"}"#, Err("/id")),
            (r#"{"id":"a","active":"no"}"#, Err("/active")),
            (r#"{"id":"a","qps":-1}"#, Err("/qps")),
            (r#"{"id":"a","in_flight":1.5}"#, Err("/in_flight")),
            (r#"{"id":"a","key":"secret"}"#, Err("/key")),
        ];
        for (body, want) in cases {
            let read = read(Form::read(body.as_bytes()).unwrap());
            let got = read.map(drop).map_err(|it| it.0[0].pointer.clone());
            assert_eq!(got, want.map_err(ToOwned::to_owned), "{body}");
        }
    }
}
