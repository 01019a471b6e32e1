//! With whose rights a call goes on to the control plane (interfaces.md, "Who may call what").

use http::HeaderValue;
use http::header;
use service::Problem;
use service::access::{LocalMode, bearer, is_same_secret};
use service::http::Request;

use crate::config::Config;

/// With whose rights a call is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rights {
    /// Ours: an operator that this process knows.
    Ours,
    /// The caller's, whose token the control plane judges.
    Callers(HeaderValue),
}

/// The caller's rights.
///
/// # Errors
/// 401 without a token, 403 in local mode for what is not this machine and its own pages.
pub(super) fn of(config: &Config, request: &Request) -> Result<Rights, Box<Problem>> {
    if let Some(token) = bearer(&request.headers) {
        let known = [&config.operator_token, &config.service_token];
        if known
            .iter()
            .any(|known| is_same_secret(token, known.expose()))
        {
            return Ok(Rights::Ours);
        }
        let told = request.headers.get(header::AUTHORIZATION).cloned();
        return told
            .map(Rights::Callers)
            .ok_or_else(|| Problem::unauthorized().into());
    }
    let local = config.local_access();
    if local.admits(request.peer, &request.headers) {
        return Ok(Rights::Ours);
    }
    let refused = match local {
        LocalMode::On { .. } => Problem::forbidden().detail(
            "local mode answers this machine and its own pages only; start with --auth to use tokens",
        ),
        LocalMode::Off => Problem::unauthorized(),
    };
    Err(refused.into())
}

/// The same where the control plane cannot judge: a token that is not known here is refused.
///
/// # Errors
/// 401 and 403 as above, and 403 for an unknown token.
pub(super) fn operator(config: &Config, request: &Request) -> Result<(), Box<Problem>> {
    match of(config, request)? {
        Rights::Ours => Ok(()),
        Rights::Callers(_) => Err(Problem::forbidden().detail("the token is not known").into()),
    }
}
