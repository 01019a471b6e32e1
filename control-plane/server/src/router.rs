//! Every route, on one screen.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::MethodRouter;
use http::StatusCode;
use service::Problem;

use crate::api::{
    advertisers, audit, campaigns, creative_verdicts, creatives, deals, internal, line_items,
    lists, money, ops, partners, placements, publishers, rates, reconcile, segments,
    seller_verdicts, sources,
};
use crate::app::App;
use crate::refusal::answer;
use crate::{access, call, console};

/// Longest that a call may take; the catalog's long poll has its own time.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);

/// Builds the router and its table from one list, so that the document can be compared with it.
macro_rules! routes {
    ($($path:literal => $($method:ident $handler:path),+;)*) => {
        fn table() -> Router<App> {
            Router::new()$(.route($path, MethodRouter::new()$(.$method($handler))+))*
        }

        /// Every path with its methods.
        #[cfg(test)]
        pub(crate) const ROUTES: &[(&str, &[&str])] = &[$(($path, &[$(stringify!($method)),+])),*];
    };
}

routes! {
    "/" => get console::status;
    "/advertisers" => get advertisers::list, post advertisers::create;
    "/advertisers/{id}" => get advertisers::show, patch advertisers::change;
    "/campaigns" => get campaigns::list, post campaigns::create;
    "/campaigns/{id}" => get campaigns::show, patch campaigns::change;
    "/campaigns/{id}/activate" => post campaigns::activate;
    "/campaigns/{id}/pause" => post campaigns::pause;
    "/campaigns/{id}/archive" => post campaigns::archive;
    "/campaigns/{id}/line-items" => get line_items::list, post line_items::create;
    "/campaigns/{id}/line-items/{line_item}" => patch line_items::change;
    "/campaigns/{id}/stats" => get money::stats;
    "/campaigns/{id}/spend" => get money::spend;
    "/creatives" => get creatives::list, post creatives::create;
    "/creatives/{id}" => get creatives::show, patch creatives::change;
    "/creatives/{id}/review" => post creatives::review;
    "/deals" => get deals::list, post deals::create;
    "/deals/{id}" => get deals::show, patch deals::change;
    "/publishers" => get publishers::list, post publishers::create;
    "/publishers/{id}" => get publishers::show, patch publishers::change;
    "/publishers/{id}/keys" => post publishers::make_key;
    "/publishers/{id}/keys/{key}" => delete publishers::remove_key;
    "/placements" => get placements::list, post placements::create;
    "/placements/{id}" => get placements::show, patch placements::change;
    "/creative-verdicts" => get creative_verdicts::list, post creative_verdicts::create;
    "/creative-verdicts/{id}" => get creative_verdicts::show, patch creative_verdicts::change;
    "/creative-verdicts/{id}/markup" => get creative_verdicts::markup;
    "/seller-verdicts" => get seller_verdicts::list, post seller_verdicts::create;
    "/seller-verdicts/{id}" => get seller_verdicts::show, patch seller_verdicts::change;
    "/demand-partners" => get partners::list, post partners::create;
    "/demand-partners/{id}" => get partners::show, patch partners::change;
    "/demand-partners/{id}/figures" => post reconcile::upload;
    "/reconcile" => get reconcile::show;
    "/reconcile.csv" => get reconcile::csv;
    "/segments" => get segments::list, post segments::create;
    "/segments/{id}" => get segments::show, patch segments::change;
    "/sources" => get sources::list, post sources::create;
    "/sources/{id}" => get sources::show, patch sources::change;
    "/lists" => get lists::index, post lists::create;
    "/lists/{id}" => get lists::show, delete lists::remove;
    "/lists/{id}/entries" => get lists::entries, post lists::fill;
    "/rates" => get rates::list, post rates::create;
    "/audit" => get audit::list;
    "/ops/bidders" => get ops::bidders;
    "/ops/leases" => get ops::leases;
    "/ops/invariants" => get ops::invariants;
    "/internal/catalog" => get internal::catalog;
    "/internal/lists/{id}" => get lists::internal;
    "/internal/leases" => post internal::leases;
    "/internal/sightings" => post internal::sightings;
    "/internal/revenue" => get internal::revenue;
    "/internal/auctions/{id}" => get internal::auction;
}

/// The whole API. Order from the outside: the request's id, who calls, how long it may take, whether it asks what is known,
/// what it is.
pub(crate) fn router(app: App) -> Router {
    table()
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn(call::asks_what_is_known))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn_with_state(app.clone(), access::admit))
        .layer(middleware::from_fn(call::identify))
        .with_state(app)
}

async fn in_time(request: Request, next: Next) -> Response {
    if request.uri().path() == contracts::access::CATALOG_PATH {
        return next.run(request).await;
    }
    match tokio::time::timeout(CALL_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => answer(Problem::unavailable(1).detail("it took too long")),
    }
}

async fn unknown(State(_): State<App>) -> Response {
    answer(Problem::not_found().detail("there is no such path"))
}

/// The body of a 405; axum adds `Allow`, which it knows.
async fn wrong_method() -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    answer(Problem::new(
        status,
        "method_not_allowed",
        "Method not allowed",
    ))
}
