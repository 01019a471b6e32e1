//! Cross-origin answers: the origin echoed, credentials allowed (publishers' pages call the auction).

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::http::Response;

/// Adds the headers that let the calling page read the answer; nothing when there is no `Origin`.
pub fn allow(request: &HeaderMap, response: &mut Response) {
    // Caches must not give one origin's answer to another, nor to a caller without any.
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("origin"));
    let Some(origin) = request.get(header::ORIGIN) else {
        return;
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "x-gavel-auction-id, x-gavel-nbr, x-openrtb-version, x-shed-reason",
        ),
    );
}

/// The answer to a preflight, when the request is one: the asked headers are allowed for a day.
#[must_use]
pub fn preflight(method: &Method, request: &HeaderMap, methods: &'static str) -> Option<Response> {
    if method != Method::OPTIONS || !request.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let mut response = crate::http::status(StatusCode::NO_CONTENT);
    allow(request, &mut response);
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static(methods),
    );
    if let Some(asked) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("86400"),
    );
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_echoed_with_credentials() {
        let mut request = HeaderMap::new();
        let mut plain = crate::http::no_content();
        allow(&request, &mut plain);
        assert!(
            !plain
                .headers()
                .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        );
        assert_eq!(plain.headers()[header::VARY], "origin");

        request.insert(
            header::ORIGIN,
            HeaderValue::from_static("https://pub.example"),
        );
        let mut answer = crate::http::no_content();
        allow(&request, &mut answer);
        assert_eq!(
            answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN],
            "https://pub.example"
        );
        assert_eq!(
            answer.headers()[header::ACCESS_CONTROL_ALLOW_CREDENTIALS],
            "true"
        );
        assert!(preflight(&Method::OPTIONS, &request, "POST").is_none());

        request.insert(
            header::ACCESS_CONTROL_REQUEST_METHOD,
            HeaderValue::from_static("POST"),
        );
        request.insert(
            header::ACCESS_CONTROL_REQUEST_HEADERS,
            HeaderValue::from_static("content-type"),
        );
        let answer = preflight(&Method::OPTIONS, &request, "POST").unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(
            answer.headers()[header::ACCESS_CONTROL_ALLOW_METHODS],
            "POST"
        );
        assert_eq!(
            answer.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS],
            "content-type"
        );
    }
}
