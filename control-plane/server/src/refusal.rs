//! How a refusal or a fault becomes an answer: one place (RFC 9457).

use axum::response::{IntoResponse, Response};
use control_plane_core::{Fault, FaultKind, Faults};
use http::StatusCode;
use service::Problem;
use tokio_postgres::error::SqlState;
use units::Nanos;

use crate::ledger::LedgerError;

/// The code of what is there already.
pub(crate) const ALREADY: &str = "already_exists";

/// Why a request is not answered as asked.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The body is wrong: 400 or 422 with every fault.
    Body(Faults),
    /// There is no such thing: 404.
    NotFound { kind: &'static str, id: String },
    /// The state does not allow it: 409.
    Conflict { code: &'static str, says: String },
    /// A budget below what is spent or held: 409 with both numbers.
    BudgetCommitted { spend: Nanos, reserved: Nanos },
    /// `If-Match` names another version: 412.
    Stale { version: i64 },
    /// The idempotency key was used for another request: 422.
    KeyReused,
    /// A header or a query parameter that cannot be read: 400.
    Request(String),
    /// A body of another type: 415.
    MediaType,
    /// Postgres or the log is away: 503.
    Unavailable(String),
    /// A fault of ours: 500, told to the log only.
    Internal(String),
}

impl Refusal {
    pub(crate) fn not_found(kind: &'static str, id: impl Into<String>) -> Self {
        Self::NotFound {
            kind,
            id: id.into(),
        }
    }

    pub(crate) fn conflict(code: &'static str, says: impl Into<String>) -> Self {
        Self::Conflict {
            code,
            says: says.into(),
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Body(fault.into())
    }
}

impl From<Faults> for Refusal {
    fn from(faults: Faults) -> Self {
        Self::Body(faults)
    }
}

impl From<deadpool_postgres::PoolError> for Refusal {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Unavailable(format!("no connection to Postgres: {error}"))
    }
}

impl From<tokio_postgres::Error> for Refusal {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            return Self::Unavailable(format!("Postgres: {error}"));
        };
        let says = told.message().to_owned();
        match told.code() {
            &SqlState::UNIQUE_VIOLATION
                if told
                    .constraint()
                    .is_some_and(|index| index.ends_with("_once")) =>
            {
                Self::conflict(ALREADY, "there is another about the same: change that one")
            }
            &SqlState::UNIQUE_VIOLATION => Self::conflict(ALREADY, "the id is taken"),
            &SqlState::FOREIGN_KEY_VIOLATION => Self::conflict(
                "unknown_reference",
                "it names something that does not exist",
            ),
            &SqlState::LOCK_NOT_AVAILABLE => Self::conflict(
                "in_progress",
                "another request with this key or on this row is in work",
            ),
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
                Self::Unavailable(says)
            }
            code if code.code().starts_with("57P") || code.code().starts_with("53") => {
                Self::Unavailable(says)
            }
            code => Self::Internal(format!("Postgres {}: {says}", code.code())),
        }
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Pool(error) => error.into(),
            LedgerError::Sql { fault, .. } => fault.into(),
            LedgerError::Overtaken | LedgerError::Log(_) => Self::Unavailable(error.to_string()),
            LedgerError::Unreadable(_) | LedgerError::TimeZone(_) => {
                Self::Internal(error.to_string())
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        answer(match self {
            Self::Body(faults) => faulty(&faults),
            Self::NotFound { kind, id } => {
                let shown: String = id.chars().take(64).collect();
                Problem::not_found().detail(format!("there is no {kind} {shown}"))
            }
            Self::Conflict { code, says } => {
                Problem::new(StatusCode::CONFLICT, code, "Not in this state").detail(says)
            }
            Self::BudgetCommitted { spend, reserved } => return below(spend, reserved),
            Self::Stale { version } => {
                let status = StatusCode::PRECONDITION_FAILED;
                let says = format!("the version is {version}");
                Problem::new(status, "stale", "Changed since it was read").detail(says)
            }
            Self::KeyReused => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                let title = "Idempotency key used for another request";
                Problem::new(status, "idempotency_key_reused", title)
            }
            Self::Request(says) => {
                let title = "Request cannot be read";
                Problem::new(StatusCode::BAD_REQUEST, "bad_request", title).detail(says)
            }
            Self::MediaType => {
                Problem::unsupported_media_type().detail("the body must be application/json")
            }
            Self::Unavailable(says) => {
                tracing::warn!(says, "answered 503");
                Problem::unavailable(1)
            }
            Self::Internal(says) => {
                tracing::error!(says, "answered 500");
                Problem::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "A fault of ours",
                )
            }
        })
    }
}

/// A problem as the router answers it.
pub(crate) fn answer(problem: Problem) -> Response {
    problem.into_response().map(axum::body::Body::new)
}

fn faulty(faults: &Faults) -> Problem {
    let start = match faults.kind() {
        FaultKind::Form => Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "Body has the wrong form",
        ),
        FaultKind::Meaning => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "Body cannot be accepted",
        ),
    };
    // Those that decided the status come first; the first is the problem's own pointer.
    let mut told: Vec<&Fault> = faults.0.iter().collect();
    told.sort_by_key(|fault| fault.kind != faults.kind());
    told.into_iter().fold(start, |problem, fault| {
        problem.fault(&fault.pointer, &fault.says)
    })
}

/// The problem with both numbers, as money is written everywhere: exact, in plain decimals.
fn below(spend: Nanos, reserved: Nanos) -> Response {
    let body = format!(
        concat!(
            r#"{{"status":409,"code":"budget_committed","title":"Budget below what is spent and reserved","#,
            r#""pointer":"/budget","spend":{},"reserved":{}}}"#
        ),
        spend, reserved
    );
    let headers = [(http::header::CONTENT_TYPE, "application/problem+json")];
    (StatusCode::CONFLICT, headers, body).into_response()
}
