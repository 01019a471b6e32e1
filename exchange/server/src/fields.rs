//! Reading small JSON bodies member by member, with a JSON pointer (RFC 6901) for every fault.

use serde_json::{Map, Value};
use service::Problem;
use service::http::StatusCode;

/// The faults of a body, found all at once. `null` equals absent (C-25).
#[derive(Debug, Default)]
pub(crate) struct Fields {
    faults: Vec<(&'static str, &'static str)>,
}

/// Reads a body.
///
/// # Errors
/// 400: not JSON, truncated, trailing bytes, too deep.
pub(crate) fn json(body: &[u8]) -> Result<Value, Box<Problem>> {
    serde_json::from_slice(body).map_err(|error| {
        let title = "Not a JSON document that can be read";
        let problem = Problem::new(StatusCode::BAD_REQUEST, "malformed", title);
        // In the words that are used of bid requests, as far as their reader finds the same fault.
        match openrtb::Raw::of_body(body) {
            Err(fault) => problem.detail(fault.to_string()).pointer(fault.pointer()),
            Ok(_) => problem.detail(error.to_string()).pointer(""),
        }
        .into()
    })
}

impl Fields {
    /// A member that is an object.
    pub(crate) fn object<'v>(
        &mut self,
        pointer: &'static str,
        value: Option<&'v Value>,
    ) -> Option<&'v Map<String, Value>> {
        let value = value.filter(|value| !value.is_null())?;
        let object = value.as_object();
        if object.is_none() {
            self.refuse(pointer, "must be an object");
        }
        object
    }

    /// A member that is a text, and not an empty one.
    pub(crate) fn text<'v>(
        &mut self,
        pointer: &'static str,
        value: Option<&'v Value>,
    ) -> Option<&'v str> {
        let value = value.filter(|value| !value.is_null())?;
        let text = value.as_str().filter(|text| !text.is_empty());
        if text.is_none() {
            self.refuse(pointer, "must be a text that is not empty");
        }
        text
    }

    /// Notes a fault.
    pub(crate) fn refuse(&mut self, pointer: &'static str, says: &'static str) {
        self.faults.push((pointer, says));
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// 400 with all faults, if there was any.
    pub(crate) fn done<T>(self, read: T) -> Result<T, Box<Problem>> {
        if self.faults.is_empty() {
            return Ok(read);
        }
        let problem = Problem::new(StatusCode::BAD_REQUEST, "invalid", "Not what is taken here");
        let faults = self.faults.into_iter();
        let all = faults.fold(problem, |problem, (pointer, says)| {
            problem.fault(pointer, says)
        });
        Err(all.into())
    }
}
