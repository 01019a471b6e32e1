//! `/user/{id}/links`: other ids under which requests find the user.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use dmp_core::{Touch, links};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use userstate::WriteKind;

use super::{User, answer, json};
use crate::App;
use crate::refusal::Refusal;
use crate::users::{Change, Manner};

/// The other ids of a user.
#[utoipa::path(
    get, path = "/user/{id}/links", tag = "users",
    params(("id" = String, Path, description = "The user")),
    responses(
        (status = 200, description = "Its other ids", body = Object, example = json!({
            "user_id": "user-12345", "ids": ["eid.example:77"]
        })),
        (status = 404, description = "No such user"),
    )
)]
pub(crate) async fn list(State(app): State<Arc<App>>, User(id): User) -> Result<Response, Refusal> {
    let ids = app.users.links(&id).await?;
    Ok(answer(StatusCode::OK, json!({"user_id": id, "ids": ids})))
}

/// Gives a user other ids: a request that names one of them is the user's from the next read on.
///
/// An id with a profile of its own is refused: that is another user. Erasing the user erases its links.
#[utoipa::path(
    post, path = "/user/{id}/links", tag = "users",
    params(("id" = String, Path, description = "The user")),
    request_body(content = Object, example = json!({"ids": ["eid.example:77"]})),
    responses(
        (status = 200, description = "All its other ids", body = Object),
        (status = 400, description = "Not JSON, or of the wrong form"),
        (status = 404, description = "No such user"),
        (status = 409, description = "An id has a profile of its own, or was erased a short while ago"),
        (status = 422, description = "An id that cannot be, or too many"),
    )
)]
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    User(id): User,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let ids = links::read(&json(&headers, &body)?, &id)?;
    app.users.links(&id).await?;
    for alias in &ids {
        if let Some(why) = app.users.keeps(alias).await? {
            return Err(Refusal::NotFree(format!("{alias} {why}")));
        }
    }
    let rules = app.rules.current();
    let manner = Manner {
        write: WriteKind::Observe,
        touch: Touch::Told,
        rules: rules.as_deref().map(Vec::as_slice),
    };
    // Noted first: an erasure that comes between finds them.
    let change = app.users.change(&id, manner, |user| {
        links::add(user, &ids).map(|()| user.memory.links.clone())
    });
    let all = match change.await? {
        Change::Done(done) => done.value?,
        Change::Erased => return Err(Refusal::UnknownUser),
    };
    for alias in &ids {
        app.users.state.link(alias.as_str(), &id).await?;
    }
    Ok(answer(StatusCode::OK, json!({"user_id": id, "ids": all})))
}
