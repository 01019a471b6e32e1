//! The one place where a refusal becomes HTTP (RFC 9457).

use axum::response::{IntoResponse, Response};
use dmp_core::Faults;
use http::StatusCode;
use service::Problem;
use userstate::StateError;

/// Why a call is not done.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Local mode answers this machine only.
    NotLocal,
    /// A token is needed.
    NoToken,
    /// The token is not one of ours.
    UnknownToken,
    /// The body is not JSON at all.
    NotJson(serde_json::Error),
    /// The body says what cannot be.
    Faults(Faults),
    /// The content type is not one that is spoken here; which are.
    MediaType(&'static str),
    /// The id in the path cannot be a user's.
    UserId(&'static str),
    /// The path or the query is not readable.
    Address(String),
    /// There is no such user.
    UnknownUser,
    /// An id cannot become another name of a user; which, and why.
    NotFree(String),
    /// There is no such segment.
    UnknownSegment,
    /// Redis is away, or full.
    State(StateError),
    /// So many write to one user at once that this call never had its turn.
    Contended,
    /// No catalog has come yet.
    NoCatalog,
    /// The control plane is away.
    ControlPlaneAway,
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl From<Faults> for Refusal {
    fn from(faults: Faults) -> Self {
        Self::Faults(faults)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        match refusal {
            Refusal::NotLocal => Self::forbidden().detail(
                "local mode answers only this machine by the names localhost, 127.0.0.1 and [::1], \
                 without a proxy and from no page but ours; start with --auth to use tokens",
            ),
            Refusal::NoToken => Self::unauthorized(),
            Refusal::UnknownToken => Self::forbidden().detail("the token is not known"),
            Refusal::NotJson(error) => {
                Self::new(BAD, "not_json", "The body is not JSON").fault("", error.to_string())
            }
            Refusal::Faults(faults) => {
                let problem = if faults.is_form() {
                    Self::new(BAD, "wrong_form", "The body has the wrong form")
                } else {
                    Self::new(
                        StatusCode::UNPROCESSABLE_ENTITY,
                        "not_valid",
                        "The body says what cannot be",
                    )
                };
                faults.0.into_iter().fold(problem, |problem, fault| {
                    problem.fault(fault.pointer, fault.says)
                })
            }
            Refusal::MediaType(spoken) => {
                Self::unsupported_media_type().detail(format!("this call takes {spoken}"))
            }
            Refusal::UserId(says) => {
                Self::new(BAD, "bad_user_id", "This cannot be a user's id").detail(says)
            }
            Refusal::Address(says) => {
                Self::new(BAD, "bad_address", "Path or query cannot be read").detail(says)
            }
            Refusal::UnknownUser => Self::not_found().detail("there is no such user"),
            Refusal::NotFree(says) => Self::new(
                StatusCode::CONFLICT,
                "id_not_free",
                "The id cannot become another one of this user",
            )
            .detail(says),
            Refusal::UnknownSegment => Self::not_found().detail("there is no such segment"),
            Refusal::State(error) => {
                tracing::warn!(%error, "the user state did not do its part");
                Self::unavailable(1).detail("the store of users is away or full")
            }
            Refusal::Contended => {
                Self::unavailable(1).detail("too many calls change this user at once")
            }
            Refusal::NoCatalog => {
                Self::unavailable(1).detail("no catalog has come from the control plane yet")
            }
            Refusal::ControlPlaneAway => {
                Self::unavailable(1).detail("segments are held by the control plane, which is away")
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        IntoResponse::into_response(Problem::from(self))
    }
}
