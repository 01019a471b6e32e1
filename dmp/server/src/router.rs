//! Every route of the DMP, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{delete, get, post};
use http::StatusCode;
use service::Problem;

use crate::App;
use crate::access;
use crate::api::{events, links, members, pixel, profiles, segments, sync};

/// The router; operators only, but for what browsers call.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route(
            "/user/{id}/profile",
            get(profiles::read).put(profiles::merge),
        )
        .route("/user/{id}", delete(profiles::erase))
        .route("/user/{id}/export", get(profiles::export))
        .route("/user/{id}/links", get(links::list).post(links::add))
        .route("/user/{id}/events", post(events::take))
        .route("/pixel", get(pixel::take))
        .route("/segments", get(segments::list).post(segments::create))
        .route("/segments/{id}", get(segments::read))
        .route("/segments/{id}/members", post(members::take))
        .route("/segments/{id}/overlap/{other}", get(segments::overlap))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            access::operators_only,
        ))
        .route("/sync", get(sync::tell))
        .with_state(app)
}

async fn unknown_path() -> Problem {
    Problem::not_found()
}

/// The router adds `Allow`.
async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "Method not allowed",
    )
}
