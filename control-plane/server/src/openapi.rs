//! The API's description, from the handlers themselves.

use std::collections::HashMap;
use std::sync::LazyLock;

use http::Method;
use utoipa::OpenApi;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::ParameterIn;

use crate::api::{
    advertisers, audit, campaigns, creative_verdicts, creatives, deals, internal, line_items,
    lists, money, ops, partners, placements, publishers, rates, reconcile, segments,
    seller_verdicts, sources,
};
use crate::console;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gavel control plane",
        description = "Advertisers, campaigns, inventory, demand partners, money. Refusals are RFC 9457 problems: \
            400 for the wrong form, 422 for the wrong meaning, with JSON pointers of all faults at once. \
            Money is an exact JSON number; prices are CPM. Every edit takes `Idempotency-Key` and `?dry_run=true`, \
            every change `If-Match`."
    ),
    paths(
        console::status,
        advertisers::list,
        advertisers::create,
        advertisers::show,
        advertisers::change,
        campaigns::list,
        campaigns::create,
        campaigns::show,
        campaigns::change,
        campaigns::activate,
        campaigns::pause,
        campaigns::archive,
        line_items::list,
        line_items::create,
        line_items::change,
        money::stats,
        money::spend,
        creatives::list,
        creatives::create,
        creatives::show,
        creatives::change,
        creatives::review,
        creative_verdicts::list,
        creative_verdicts::create,
        creative_verdicts::show,
        creative_verdicts::change,
        creative_verdicts::markup,
        deals::list,
        deals::create,
        deals::show,
        deals::change,
        publishers::list,
        publishers::create,
        publishers::show,
        publishers::change,
        publishers::make_key,
        publishers::remove_key,
        placements::list,
        placements::create,
        placements::show,
        placements::change,
        seller_verdicts::list,
        seller_verdicts::create,
        seller_verdicts::show,
        seller_verdicts::change,
        partners::list,
        partners::create,
        partners::show,
        partners::change,
        reconcile::upload,
        reconcile::show,
        reconcile::csv,
        segments::list,
        segments::create,
        segments::show,
        segments::change,
        sources::list,
        sources::create,
        sources::show,
        sources::change,
        lists::index,
        lists::create,
        lists::show,
        lists::remove,
        lists::entries,
        lists::fill,
        rates::list,
        rates::create,
        audit::list,
        ops::bidders,
        ops::leases,
        ops::invariants,
        internal::catalog,
        lists::internal,
        internal::leases,
        internal::sightings,
        internal::revenue,
        internal::auction,
    )
)]
struct Description;

/// The document as JSON.
pub(crate) fn document() -> String {
    Description::openapi().to_json().unwrap_or_default()
}

/// Names of an operation's query parameters, as the document has them; `None` for an operation that is not described.
pub(crate) fn parameters(method: &Method, path: &str) -> Option<&'static [String]> {
    static KNOWN: LazyLock<HashMap<(Method, String), Vec<String>>> = LazyLock::new(known);
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    KNOWN
        .get(&(method.clone(), path.to_owned()))
        .map(Vec::as_slice)
}

fn known() -> HashMap<(Method, String), Vec<String>> {
    let mut known = HashMap::new();
    for (path, item) in Description::openapi().paths.paths {
        for (method, operation) in [
            (Method::GET, item.get),
            (Method::POST, item.post),
            (Method::PATCH, item.patch),
            (Method::DELETE, item.delete),
        ] {
            let Some(operation) = operation else { continue };
            let given = operation.parameters.unwrap_or_default().into_iter();
            let in_query = given.filter_map(|it| match it {
                RefOr::T(it) if it.parameter_in == ParameterIn::Query => Some(it.name),
                RefOr::T(_) | RefOr::Ref(_) => None,
            });
            let mut names: Vec<String> = in_query.collect();
            let dry_run = "dry_run".to_owned();
            if method != Method::GET && !names.contains(&dry_run) {
                names.push(dry_run);
            }
            known.insert((method, path.clone()), names);
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::router::ROUTES;

    #[test]
    fn router_and_document_name_the_same_operations() {
        // E6, both ways
        let document: serde_json::Value = serde_json::from_str(&super::document()).unwrap();
        let paths = document["paths"].as_object().expect("paths");
        let methods = |path: &serde_json::Value| -> Vec<String> {
            path.as_object().expect("methods").keys().cloned().collect()
        };
        let described: BTreeSet<(String, String)> = paths
            .iter()
            .flat_map(|(path, item)| methods(item).into_iter().map(|m| (path.clone(), m)))
            .collect();
        let routed: BTreeSet<(String, String)> = ROUTES
            .iter()
            .flat_map(|(path, methods)| {
                methods
                    .iter()
                    .map(|m| ((*path).to_owned(), (*m).to_owned()))
            })
            .collect();
        assert_eq!(described, routed);
    }
}
