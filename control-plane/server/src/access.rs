//! Who may call (interfaces.md, "Who may call what"): operators everything, services `/internal/*`.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use service::Problem;
use service::access::{LocalMode, bearer, has_service_token};

use crate::app::App;
use crate::refusal::answer;

/// As whom a request was admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    /// A person at this machine, in local mode.
    LocalAdmin,
    /// Whoever holds the service token.
    Service,
}

impl Actor {
    /// The name in the audit log.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LocalAdmin => "local-admin",
            Self::Service => "service",
        }
    }
}

/// Lets a request through with its [`Actor`], or refuses it before anything else is looked at.
pub(crate) async fn admit(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let internal = request.uri().path().starts_with("/internal/");
    match decide(
        &app.admission,
        app.service_token.expose(),
        internal,
        peer,
        request.headers(),
    ) {
        Ok(actor) => {
            request.extensions_mut().insert(actor);
            next.run(request).await
        }
        Err(problem) => answer(*problem),
    }
}

fn decide(
    local: &LocalMode,
    service_token: &str,
    internal: bool,
    peer: SocketAddr,
    headers: &HeaderMap,
) -> Result<Actor, Box<Problem>> {
    if has_service_token(headers, service_token) {
        return Ok(Actor::Service);
    }
    let refused = if bearer(headers).is_some() {
        Problem::forbidden().detail("the token is not known")
    } else if internal {
        Problem::unauthorized().detail("this path is for services: GAVEL_SERVICE_TOKEN")
    } else if local.admits(peer, headers) {
        return Ok(Actor::LocalAdmin);
    } else if *local == LocalMode::Off {
        Problem::unauthorized()
            .detail("a bearer token is needed; without --auth, gavel up needs none on this machine")
    } else {
        Problem::forbidden().detail(
            "local mode answers this machine and its own pages only; start with --auth to use tokens",
        )
    };
    Err(Box::new(refused))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn who_may_call_what() {
        // S1, S18: no token 401, a wrong one 403; the local admin is admitted to all but /internal
        let on = || LocalMode::On {
            own_ports: vec![8001],
        };
        let off = || LocalMode::Off;
        let (token, host) = (
            ("authorization", "Bearer secret"),
            ("host", "localhost:8001"),
        );
        let wrong = ("authorization", "Bearer other");
        let foreign = ("origin", "https://evil.example");
        type Row<'a> = (
            &'a str,
            LocalMode,
            bool,
            Vec<(&'static str, &'static str)>,
            Result<Actor, u16>,
        );
        let cases: Vec<Row<'_>> = vec![
            (
                "at this machine",
                on(),
                false,
                vec![host],
                Ok(Actor::LocalAdmin),
            ),
            (
                "a page of another site",
                on(),
                false,
                vec![host, foreign],
                Err(403),
            ),
            ("--auth without a token", off(), false, vec![host], Err(401)),
            (
                "--auth with a wrong token",
                off(),
                false,
                vec![host, wrong],
                Err(403),
            ),
            (
                "a service",
                off(),
                false,
                vec![host, token],
                Ok(Actor::Service),
            ),
            (
                "a service inside",
                off(),
                true,
                vec![host, token],
                Ok(Actor::Service),
            ),
            (
                "the local admin is no service",
                on(),
                true,
                vec![host],
                Err(401),
            ),
            (
                "a wrong token beside local mode",
                on(),
                false,
                vec![host, wrong],
                Err(403),
            ),
        ];
        for (says, mode, internal, fields, want) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.insert(name, value.parse().unwrap());
            }
            let peer = SocketAddr::from(([127, 0, 0, 1], 9));
            let got = decide(&mode, "secret", internal, peer, &headers);
            let want = want.map_err(|status| StatusCode::from_u16(status).unwrap());
            assert_eq!(got.map_err(|problem| problem.status), want, "{says}");
        }
    }
}
