//! `/segments/{id}/members`: lists of members, uploaded.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use dmp_core::member::{self, Format, Rejected};
use dmp_core::{Touch, tell};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use service::clock;
use units::{SegmentId, UserId};
use userstate::WriteKind;

use super::{Segment, answer, media_type, segments};
use crate::App;
use crate::refusal::Refusal;
use crate::users::{Change, Manner};

/// Users that are changed at the same time.
const AT_ONCE: usize = 16;

/// What became of a list.
#[derive(Debug, Serialize)]
struct Taken {
    accepted: usize,
    dropped: usize,
    rejected: Vec<Rejected>,
}

/// Puts the users of a list into a segment; creates those that are not known.
///
/// One user a line: NDJSON (`{"user_id":"u1"}` or `"u1"`) or CSV (the id comes first). Memberships of a
/// list are never taken away by a rule. Erased users are dropped.
#[utoipa::path(
    post, path = "/segments/{id}/members", tag = "segments",
    params(("id" = String, Path, description = "The segment")),
    request_body(content(
        (String = "application/x-ndjson", example = json!("{\"user_id\":\"user-001\"}\n")),
        (String = "text/csv", example = json!("user_id\nuser-001\n")),
    )),
    responses(
        (status = 200, description = "What became of the lines", body = Object, example = json!({
            "accepted": 2, "dropped": 0, "rejected": [{"line": 3, "reason": "is not JSON"}]
        })),
        (status = 400, description = "Not UTF-8"),
        (status = 404, description = "No such segment"),
        (status = 413, description = "Larger than the limit: send it in parts"),
        (status = 415, description = "Neither NDJSON nor CSV"),
    )
)]
pub(crate) async fn take(
    State(app): State<Arc<App>>,
    Segment(id): Segment,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let format = match media_type(&headers).as_deref() {
        Some("application/x-ndjson" | "application/ndjson" | "application/jsonl") => Format::Ndjson,
        Some("text/csv") => Format::Csv,
        Some(_) | None => return Err(Refusal::MediaType("application/x-ndjson or text/csv")),
    };
    segments::find(&app, &id)?;
    let list = str::from_utf8(&body)
        .map_err(|error| Refusal::Address(format!("the list is not UTF-8: {error}")))?;
    let (users, rejected) = member::read(list, format);
    let kept: Vec<bool> = stream::iter(users)
        .map(|user| join(&app, user, &id))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let accepted = kept.iter().filter(|kept| **kept).count();
    Ok(answer(
        StatusCode::OK,
        Taken {
            accepted,
            dropped: kept.len().saturating_sub(accepted),
            rejected,
        },
    ))
}

/// Puts one user into a segment; false for one that was erased.
async fn join(app: &App, user: UserId, segment: &SegmentId) -> Result<bool, Refusal> {
    let rules = app.rules.current();
    let manner = Manner {
        write: WriteKind::Observe,
        touch: Touch::Told,
        rules: rules.as_deref().map(Vec::as_slice),
    };
    let change = app
        .users
        .change(&user, manner, |user| tell(user, segment, clock::now()))
        .await?;
    Ok(matches!(change, Change::Done(_)))
}
