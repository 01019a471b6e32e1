//! `/pixel`: an event told by an image's address.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use dmp_core::event;
use http::{HeaderMap, Method, header};
use serde_json::{Map, Value, json};
use service::{clock, http as answers};

use super::{events, user_id};
use crate::App;
use crate::refusal::Refusal;

/// Takes one event: `user_id`, `event_type` (`page_view`), `page_url` (the referring page), `timestamp`;
/// every other parameter is a property. `HEAD` records nothing.
#[utoipa::path(
    get, path = "/pixel", tag = "users",
    params(
        ("user_id" = String, Query, description = "The user"),
        ("event_type" = Option<String>, Query, description = "What happened; page_view if absent"),
        ("page_url" = Option<String>, Query, description = "Where; the referring page if absent"),
        ("timestamp" = Option<String>, Query, description = "When; now if absent"),
        ("category" = Option<String>, Query, description = "A property, like any other parameter"),
    ),
    responses(
        (status = 200, description = "A transparent GIF", content_type = "image/gif"),
        (status = 400, description = "No user, or one that cannot be"),
        (status = 422, description = "The timestamp is more than five minutes ahead"),
    )
)]
pub(crate) async fn take(
    State(app): State<Arc<App>>,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let user = answers::query_param(&query, "user_id")
        .ok_or_else(|| Refusal::Address("the parameter user_id is missing".to_owned()))?;
    let user = user_id(user.into_owned())?;
    let referer = headers
        .get(header::REFERER)
        .and_then(|page| page.to_str().ok());
    let body = json!({"events": [told(&query, referer)]});
    let events = event::read_all(&body, clock::now())?;
    if method != Method::HEAD {
        events::learn(&app, &user, &events).await?;
    }
    Ok(answers::gif().map(axum::body::Body::new))
}

/// The event that a query tells.
fn told(query: &str, referer: Option<&str>) -> Value {
    let mut event = Map::from_iter([("event_type".to_owned(), json!("page_view"))]);
    if let Some(page) = referer.filter(|page| !page.is_empty()) {
        event.insert("page_url".to_owned(), json!(page));
    }
    let mut properties = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = answers::percent_decode(name);
        let value = json!(answers::percent_decode(value));
        match &*name {
            "user_id" => {}
            "event_type" | "page_url" | "timestamp" => {
                event.insert(name.into_owned(), value);
            }
            _ => {
                properties.insert(name.into_owned(), value);
            }
        }
    }
    event.insert("properties".to_owned(), Value::Object(properties));
    Value::Object(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_query_tells() {
        let cases = [
            (
                "user_id=u1",
                None,
                json!({"event_type": "page_view", "properties": {}}),
            ),
            (
                "user_id=u1&event_type=purchase&category=home+%26+garden",
                Some("https://shop.example/"),
                json!({
                    "event_type": "purchase",
                    "page_url": "https://shop.example/",
                    "properties": {"category": "home & garden"},
                }),
            ),
        ];
        for (query, referer, expect) in cases {
            assert_eq!(told(query, referer), expect, "{query}");
        }
    }
}
