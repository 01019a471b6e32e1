//! The OpenAPI document, from what stands at the handlers.

use utoipa::OpenApi;

use crate::api::{events, links, members, pixel, profiles, segments, sync};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gavel DMP",
        description = "Profiles, events and segments of users. Refusals are problem+json (RFC 9457)."
    ),
    paths(
        profiles::read,
        profiles::merge,
        profiles::erase,
        profiles::export,
        links::list,
        links::add,
        events::take,
        pixel::take,
        sync::tell,
        segments::list,
        segments::create,
        segments::read,
        segments::overlap,
        members::take,
    ),
    tags(
        (name = "users", description = "What is known of a user, and what a user did"),
        (name = "segments", description = "Groups of users, by rules or by lists"),
    )
)]
struct Document;

/// The document as JSON.
pub(crate) fn document() -> String {
    Document::openapi().to_json().unwrap_or_default()
}
