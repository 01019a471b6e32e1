//! The API: HTTP in, HTTP out; what it means is decided in the core.

pub(crate) mod events;
pub(crate) mod links;
pub(crate) mod members;
pub(crate) mod pixel;
pub(crate) mod profiles;
pub(crate) mod segments;
pub(crate) mod sync;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use units::{SegmentId, UserId};

use crate::refusal::Refusal;

/// The user of the path.
pub(crate) struct User(pub(crate) UserId);

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(id) = path::<String, S>(parts, state).await?;
        user_id(id).map(Self)
    }
}

/// The segment of the path.
pub(crate) struct Segment(pub(crate) SegmentId);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(id) = path::<String, S>(parts, state).await?;
        Ok(Self(id.into()))
    }
}

/// Reads a path's parameters; one that is not UTF-8 is refused as a problem.
pub(crate) async fn path<T, S>(parts: &mut Parts, state: &S) -> Result<Path<T>, Refusal>
where
    T: serde::de::DeserializeOwned + Send,
    S: Send + Sync,
{
    Path::from_request_parts(parts, state)
        .await
        .map_err(|refused: PathRejection| Refusal::Address(refused.body_text()))
}

/// Checks a text that names a user.
pub(crate) fn user_id(id: String) -> Result<UserId, Refusal> {
    match dmp_core::user::refuse_id(&id) {
        None => Ok(id.into()),
        Some(says) => Err(Refusal::UserId(says)),
    }
}

/// The media type of a body, without parameters, in lower case; none when it is not told.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let told = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or("?");
    let kind = told.split(';').next().unwrap_or(told).trim();
    Some(kind.to_ascii_lowercase())
}

/// Reads a JSON body; serde stops at a depth of 128 and refuses what follows the value.
pub(crate) fn json(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    if media_type(headers).is_some_and(|kind| kind != "application/json") {
        return Err(Refusal::MediaType("application/json"));
    }
    serde_json::from_slice(body).map_err(Refusal::NotJson)
}

/// An answer in JSON.
pub(crate) fn answer(status: StatusCode, body: impl Serialize) -> Response {
    (status, Json(body)).into_response()
}
