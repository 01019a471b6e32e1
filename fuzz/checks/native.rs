//! What must hold for any two texts as a native request and the response to it.

use openrtb::native::{self, NativeRequest, NativeResponse};

/// The first line is the request, the rest the response.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (first, rest) = text.split_once('\n').unwrap_or((text, text));
    let (request, response) = (NativeRequest::read(first), NativeResponse::read(rest));
    if let (Ok((request, _)), Ok((response, _))) = (request, response) {
        for strict in [false, true] {
            let _ = native::check(&request, &response, strict);
        }
    }
}
