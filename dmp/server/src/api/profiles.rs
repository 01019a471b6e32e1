//! `/user/{id}/profile`, `/user/{id}`, `/user/{id}/export`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dmp_core::{ProfilePatch, Touch, public};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use service::clock;
use userstate::WriteKind;

use super::{User, answer, json};
use crate::App;
use crate::refusal::Refusal;
use crate::users::{Change, Manner};

/// What is known of a user.
#[utoipa::path(
    get, path = "/user/{id}/profile", tag = "users",
    params(("id" = String, Path, description = "The user")),
    responses(
        (status = 200, description = "The profile", body = Object, example = json!({
            "user_id": "user-12345",
            "demographics": {"age": 27, "gender": "F", "device_type": "mobile", "country": "US"},
            "interests": ["technology", "shopping"], "behaviors": [],
            "segments": [{"id": "mobile_users", "last_seen": "2026-01-01T00:00:00.000Z", "count": 3}],
            "consent": {}
        })),
        (status = 404, description = "No such user"),
    )
)]
pub(crate) async fn read(State(app): State<Arc<App>>, User(id): User) -> Result<Response, Refusal> {
    let profile = app.users.profile(&id).await?;
    Ok(answer(StatusCode::OK, public::profile(&profile)))
}

/// Merges a profile into what is known; creates the user.
///
/// Absent keys change nothing, `null` removes, lists add. A segment that is named stays until the key is
/// `null`, whatever its rule says.
#[utoipa::path(
    put, path = "/user/{id}/profile", tag = "users",
    params(("id" = String, Path, description = "The user")),
    request_body(content = Object, example = json!({
        "demographics": {"age": 27, "device_type": "mobile", "country": "US"},
        "interests": ["technology", "shopping"]
    })),
    responses(
        (status = 200, description = "The profile as merged", body = Object),
        (status = 201, description = "The user was not known before", body = Object),
        (status = 400, description = "Not JSON, or of the wrong form"),
        (status = 415, description = "Not JSON by its content type"),
        (status = 422, description = "Says what cannot be"),
    )
)]
pub(crate) async fn merge(
    State(app): State<Arc<App>>,
    User(id): User,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = json(&headers, &body)?;
    let patch = ProfilePatch::read(&body, &id, clock::now())?;
    let rules = app.rules.current();
    let manner = Manner {
        write: WriteKind::Create,
        touch: Touch::Told,
        rules: rules.as_deref().map(Vec::as_slice),
    };
    let change = app
        .users
        .change(&id, manner, |user| patch.clone().apply(user))
        .await?;
    match change {
        Change::Done(done) => {
            app.metrics.profiles_written.inc();
            let status = if done.is_new {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            Ok(answer(status, public::profile(&done.profile)))
        }
        Change::Erased => Err(Refusal::UnknownUser),
    }
}

/// Erases a person everywhere: the user, its links or the user that it is a link of, and the ids by which an exchange
/// and its partners know the browser. What comes late does not bring it back for 24 hours.
#[utoipa::path(
    delete, path = "/user/{id}", tag = "users",
    params(("id" = String, Path, description = "The user")),
    responses((status = 204, description = "Erased; also when it was not known"))
)]
pub(crate) async fn erase(
    State(app): State<Arc<App>>,
    User(id): User,
) -> Result<Response, Refusal> {
    app.users.erase(&id, &app.rules.ids()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Everything that is kept of a user, also what the profile does not show, and under `others` what is kept under
/// further ids of the same person.
#[utoipa::path(
    get, path = "/user/{id}/export", tag = "users",
    params(("id" = String, Path, description = "The user")),
    responses(
        (status = 200, description = "The profile, and every stored field as it is", body = Object),
        (status = 404, description = "Nothing is kept of this user"),
    )
)]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    User(id): User,
) -> Result<Response, Refusal> {
    let stored = app.users.state.export(id.as_str()).await?;
    if stored.is_empty() {
        return Err(Refusal::UnknownUser);
    }
    let mut others = serde_json::Map::new();
    for (other, _traces) in app.users.person(&id, None).await? {
        if other != id {
            let stored = app.users.state.export(other.as_str()).await?;
            others.insert(other.to_string(), json!(stored));
        }
    }
    // A user may be known by impressions only.
    let profile = match app.users.profile(&id).await {
        Ok(profile) => Some(public::profile(&profile)),
        Err(Refusal::UnknownUser) => None,
        Err(other) => return Err(other),
    };
    let body = json!({
        "user_id": id,
        "exported_at": clock::now().to_rfc3339(),
        "profile": profile,
        "stored": stored,
        "others": others,
    });
    Ok(answer(StatusCode::OK, body))
}
