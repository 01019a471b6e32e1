//! Problem details (RFC 9457): how every refusal is told.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::http::Response;

/// A refusal with a stable code, and where in the body the fault is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The HTTP status.
    #[serde(serialize_with = "status_number")]
    pub status: StatusCode,
    /// A stable name that programs may compare, such as `not_json`.
    pub code: &'static str,
    /// One line for people, the same for every problem of this code.
    pub title: &'static str,
    /// What is wrong in this case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// JSON pointer (RFC 6901) of the first fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// All faults at once, where several can be told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// OpenRTB's no-bid reason (list 5.24), where the request was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbr: Option<i32>,
    /// Seconds after which a repetition makes sense; also sent as `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Of a 401, what is wanted: sent as `WWW-Authenticate`.
    #[serde(skip)]
    challenge: &'static str,
}

/// One fault in a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// JSON pointer (RFC 6901) of the value at fault; empty is the whole body.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    /// A problem without details.
    #[must_use]
    pub const fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self {
            status,
            code,
            title,
            detail: String::new(),
            pointer: None,
            errors: Vec::new(),
            nbr: None,
            retry_after: None,
            challenge: "Bearer",
        }
    }

    /// 404: there is no such thing or path.
    #[must_use]
    pub const fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found")
    }

    /// 401: a token is needed.
    #[must_use]
    pub const fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "A bearer token is needed",
        )
    }

    /// 401: the key of a partner is needed; `challenge` names the header that carries it, for `WWW-Authenticate`.
    #[must_use]
    pub const fn key_needed(challenge: &'static str) -> Self {
        let mut problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "The key of a partner is needed",
        );
        problem.challenge = challenge;
        problem
    }

    /// 403: who calls may not do this.
    #[must_use]
    pub const fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed")
    }

    /// 415: a content type or encoding that is not spoken here.
    #[must_use]
    pub const fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Content type or encoding not supported",
        )
    }

    /// 503: something that is needed is away; repeat after `seconds`.
    #[must_use]
    pub const fn unavailable(seconds: u32) -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Temporarily unavailable",
        );
        problem.retry_after = Some(seconds);
        problem
    }

    /// The same problem saying what is wrong in this case.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same problem pointing at the fault.
    #[must_use]
    pub fn pointer(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// The same problem with one more fault; the first one also becomes the pointer.
    #[must_use]
    pub fn fault(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let fault = Fault {
            pointer: pointer.into(),
            detail: detail.into(),
        };
        if self.pointer.is_none() {
            self.pointer = Some(fault.pointer.clone());
        }
        self.errors.push(fault);
        self
    }

    /// The same problem with OpenRTB's no-bid reason.
    #[must_use]
    pub const fn nbr(mut self, nbr: i32) -> Self {
        self.nbr = Some(nbr);
        self
    }

    /// The answer: `application/problem+json`, with `Retry-After` and `WWW-Authenticate` where they belong.
    #[must_use]
    pub fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = crate::http::json(self.status, body);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(self.challenge),
            );
        }
        response
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        problem.into_response()
    }
}

impl axum::response::IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        Self::into_response(self).map(axum::body::Body::new)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
fn status_number<S: serde::Serializer>(
    status: &StatusCode,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_problem_names_code_pointers_and_nbr() {
        let response = Problem::new(StatusCode::BAD_REQUEST, "no_imp", "No usable imp")
            .fault("/imp", "empty")
            .fault("/imp/0", "no id")
            .nbr(2)
            .into_response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            r#"{"status":400,"code":"no_imp","title":"No usable imp","pointer":"/imp","errors":[{"pointer":"/imp","detail":"empty"},{"pointer":"/imp/0","detail":"no id"}],"nbr":2}"#
        );
    }

    #[test]
    fn retry_after_and_authenticate_go_into_the_header() {
        let away = Problem::unavailable(1).into_response();
        assert_eq!(away.headers()[header::RETRY_AFTER], "1");
        let who = Problem::unauthorized().into_response();
        assert_eq!(who.headers()[header::WWW_AUTHENTICATE], "Bearer");
        let partner = Problem::key_needed("Key header=\"x-key\"").into_response();
        assert_eq!(
            (
                partner.status(),
                &partner.headers()[header::WWW_AUTHENTICATE]
            ),
            (
                StatusCode::UNAUTHORIZED,
                &HeaderValue::from_static("Key header=\"x-key\"")
            )
        );
    }
}
