//! `/audit`: who changed what.

use axum::extract::State;
use axum::response::Response;

use super::Listing;
use crate::app::{App, shown};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::audit;

/// Lists changes, newest first.
#[utoipa::path(get, path = "/audit", tag = "operations",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    let page = call.page()?;
    let client = app.client().await?;
    shown(&page.listed(audit::list(&client, page).await?))
}
