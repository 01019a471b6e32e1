//! `/user/{id}/events`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use dmp_core::event::{self, Event};
use dmp_core::{Ignored, Touch, observe};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use service::clock;
use units::{SegmentId, UserId};
use userstate::WriteKind;

use super::{User, answer, json};
use crate::App;
use crate::refusal::Refusal;
use crate::users::{Change, Manner};

/// What became of a user's events.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Taken {
    /// They were looked at.
    Observed {
        /// How many count.
        accepted: usize,
        /// Those that do not, and why.
        ignored: Vec<Ignored>,
        /// Memberships that began.
        segments_gained: Vec<SegmentId>,
        /// Memberships that ended.
        segments_lost: Vec<SegmentId>,
    },
    /// The user was erased: nothing of them is kept.
    Dropped {
        /// How many.
        dropped: usize,
    },
}

/// Learns from what a user did; creates the user.
///
/// The property `category` (a string or a list) is an interest, the type `purchase` shows the behaviour
/// `buyer`: configuration `dmp.derivation`. A user whose consent `profiling` is false is not learnt about.
#[utoipa::path(
    post, path = "/user/{id}/events", tag = "users",
    params(("id" = String, Path, description = "The user")),
    request_body(content = Object, example = json!({"events": [{
        "event_type": "page_view", "page_url": "https://example.com/products",
        "timestamp": "2024-01-01T12:00:00Z", "properties": {"category": "technology"}
    }]})),
    responses(
        (status = 202, description = "Taken", body = Object, example = json!({
            "accepted": 1, "ignored": [], "segments_gained": [], "segments_lost": []
        })),
        (status = 400, description = "Not JSON, or of the wrong form"),
        (status = 415, description = "Not JSON by its content type"),
        (status = 422, description = "A timestamp is more than five minutes ahead"),
    )
)]
pub(crate) async fn take(
    State(app): State<Arc<App>>,
    User(id): User,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = json(&headers, &body)?;
    let events = event::read_all(&body, clock::now())?;
    let taken = learn(&app, &id, &events).await?;
    Ok(answer(StatusCode::ACCEPTED, taken))
}

/// Learns from events of one user.
pub(crate) async fn learn(app: &App, id: &UserId, events: &[Event]) -> Result<Taken, Refusal> {
    let rules = app.rules.current();
    let known = rules.as_deref().map(Vec::as_slice);
    let manner = Manner {
        write: WriteKind::Observe,
        touch: Touch::Seen,
        rules: known,
    };
    let apply = |user: &mut dmp_core::User| {
        observe(
            user,
            events,
            &app.derivation,
            known.unwrap_or_default(),
            clock::now(),
        )
    };
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    match app.users.change(id, manner, apply).await? {
        Change::Done(done) => {
            app.metrics.events_accepted.add(count(done.value.accepted));
            app.metrics
                .events_ignored
                .add(count(done.value.ignored.len()));
            Ok(Taken::Observed {
                accepted: done.value.accepted,
                ignored: done.value.ignored,
                segments_gained: done.gained,
                segments_lost: done.lost,
            })
        }
        Change::Erased => {
            app.metrics.events_dropped.add(count(events.len()));
            Ok(Taken::Dropped {
                dropped: events.len(),
            })
        }
    }
}
