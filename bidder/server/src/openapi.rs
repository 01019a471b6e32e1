//! The API's description, written from the table of routes.

use serde_json::{Value, json};

use crate::routes::{ROUTES, Route};

/// The OpenAPI 3.1 document as JSON.
#[must_use]
pub fn document() -> String {
    let paths: serde_json::Map<String, Value> = ROUTES
        .iter()
        .map(|route| (route.path.to_owned(), operations(route)))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Gavel bidder",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Bid requests (OpenRTB 2.5, 2.6), notices, trackers, statistics.",
        },
        "paths": paths,
    })
    .to_string()
}

fn operations(route: &Route) -> Value {
    let methods = route.allow.split(", ").filter(|it| *it != "HEAD");
    let operation = |method: &str| {
        let mut parameters = Vec::new();
        if route.path.contains("-notice") || route.path.starts_with("/t/") {
            parameters.push(parameter("t", "query", "The signed token"));
        }
        if let Some(name) = in_braces(route.path) {
            parameters.push(parameter(name, "path", "Which one"));
        }
        let mut operation = json!({
            "summary": route.summary,
            "parameters": parameters,
            "responses": {
                "200": {"description": "Done"},
                "default": {"description": "application/problem+json, or 204 without a bid"},
            },
        });
        if matches!(method, "POST" | "PATCH") {
            let body = json!({"content": {"application/json": {"schema": {"type": "object"}}}});
            if let Some(members) = operation.as_object_mut() {
                members.insert("requestBody".to_owned(), body);
            }
        }
        (method.to_ascii_lowercase(), operation)
    };
    Value::Object(methods.map(operation).collect())
}

fn in_braces(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once('{')?;
    rest.strip_suffix('}')
}

fn parameter(name: &str, place: &str, description: &str) -> Value {
    json!({
        "name": name,
        "in": place,
        "required": true,
        "description": description,
        "schema": {"type": "string"},
    })
}
