//! Who may call: operators only. A profile is nobody's business but theirs.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use service::access::{self, LocalMode};

use crate::App;
use crate::refusal::Refusal;

/// Knows operators: by the token, or in local mode by where they call from.
#[derive(Debug, Clone)]
pub(crate) struct Operators {
    local: LocalMode,
    token: String,
}

impl Operators {
    pub(crate) fn new(local: LocalMode, token: &str) -> Self {
        Self {
            local,
            token: token.to_owned(),
        }
    }

    fn check(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Refusal> {
        if access::has_service_token(headers, &self.token) || self.local.admits(peer, headers) {
            Ok(())
        } else if self.local != LocalMode::Off {
            Err(Refusal::NotLocal)
        } else if access::bearer(headers).is_some() {
            Err(Refusal::UnknownToken)
        } else {
            Err(Refusal::NoToken)
        }
    }
}

/// Lets operators through.
pub(crate) async fn operators_only(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    app.gate.check(peer, request.headers())?;
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use service::Problem;

    use super::*;

    struct Case {
        says: &'static str,
        local: bool,
        peer: &'static str,
        field: Option<(&'static str, &'static str)>,
        refused: Option<u16>,
    }

    #[test]
    fn who_may_call() {
        let case = |says, local, peer, field, refused| Case {
            says,
            local,
            peer,
            field,
            refused,
        };
        let (here, there) = ("127.0.0.1:1", "10.0.0.1:1");
        let host = Some(("host", "localhost:8005"));
        let rebound = Some(("host", "evil.example"));
        let token = Some(("authorization", "Bearer secret"));
        let other = Some(("authorization", "Bearer x"));
        let cases = [
            case("this machine", true, here, host, None),
            case("another machine", true, there, host, Some(403)),
            case("a rebound name", true, here, rebound, Some(403)),
            case("the token, anywhere", true, there, token, None),
            case("no token", false, here, host, Some(401)),
            case("another token", false, here, other, Some(403)),
            case("the token", false, there, token, None),
        ];
        for case in cases {
            let local = if case.local {
                LocalMode::On {
                    own_ports: vec![8001],
                }
            } else {
                LocalMode::Off
            };
            let mut headers = HeaderMap::new();
            if let Some((name, value)) = case.field {
                headers.append(
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                );
            }
            let checked =
                Operators::new(local, "secret").check(case.peer.parse().unwrap(), &headers);
            let refused = checked
                .err()
                .map(|refusal| Problem::from(refusal).status.as_u16());
            assert_eq!(refused, case.refused, "{}", case.says);
        }
    }
}
