//! Who may call what (interfaces.md): operators by token or on this machine.

use service::http::{Request, Response};
use service::{Problem, access};

use crate::shared::Shared;

/// Whether the request carries an operator's token, or that of another service.
pub(crate) fn has_operator_token(shared: &Shared, request: &Request) -> bool {
    let config = &shared.config;
    access::has_service_token(&request.headers, config.operator_token.expose())
        || access::has_service_token(&request.headers, config.service_token.expose())
}

/// An operator: by bearer token, or in local mode from this machine.
///
/// # Errors
/// 401 without a token, 403 with a wrong one or from elsewhere.
pub(crate) fn operator(shared: &Shared, request: &Request) -> Result<(), Box<Response>> {
    let config = &shared.config;
    let by_token = has_operator_token(shared, request);
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
