//! Who may call what (interfaces.md): partners by key, operators by token or on this machine.

use std::sync::Arc;

use bidder_core::respond::Source;
use contracts::access::PARTNER_KEY_HEADER;
use service::http::{Request, Response};
use service::{Problem, access};

use crate::shared::Shared;

/// The demand source whose key the request carries; everybody while none is configured.
///
/// # Errors
/// 401 without a key, 403 with an unknown one.
pub(crate) fn partner(shared: &Shared, request: &Request) -> Result<Arc<Source>, Box<Response>> {
    if shared.sources.is_empty() {
        return Ok(Arc::clone(&shared.open_source));
    }
    let in_query = request.query_param("key");
    let Some(given) = request.header(PARTNER_KEY_HEADER).or(in_query.as_deref()) else {
        let problem = Problem::unauthorized().detail("send your key as x-gavel-key or ?key=");
        return Err(Box::new(problem.into_response()));
    };
    let known = shared
        .sources
        .iter()
        .find(|(key, _)| access::is_same_secret(given, key));
    known.map(|(_, source)| Arc::clone(source)).ok_or_else(|| {
        let problem = Problem::forbidden().detail("the key is not known");
        Box::new(problem.into_response())
    })
}

/// An operator: by bearer token, or in local mode from this machine.
///
/// # Errors
/// 401 without a token, 403 with a wrong one or from elsewhere.
pub(crate) fn operator(shared: &Shared, request: &Request) -> Result<(), Box<Response>> {
    let config = &shared.config;
    let by_token = access::has_service_token(&request.headers, config.operator_token.expose())
        || access::has_service_token(&request.headers, config.service_token.expose());
    if by_token || config.local_access().admits(request.peer, &request.headers) {
        return Ok(());
    }
    let problem = if config.local_mode {
        Problem::forbidden().detail(
            "in local mode only this machine's own pages and tools may do this; start with --auth to use tokens",
        )
    } else if access::bearer(&request.headers).is_some() {
        Problem::forbidden()
    } else {
        Problem::unauthorized()
    };
    Err(Box::new(problem.into_response()))
}
