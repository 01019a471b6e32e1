//! The DMP's process (:8005): profiles, events, segments.
//!
//! Users are kept in Redis, one hash each, where bidders read them in one wait; what a user's data mean
//! is decided by [`dmp_core`]. Segment rules are the control plane's and come with its catalog.

mod access;
mod api;
mod config;
mod control_plane;
mod metrics;
mod openapi;
mod reconsider;
mod refusal;
mod router;
mod rules;
mod users;
mod watch;

use std::sync::Arc;

use service::http::Listener;
use service::visitor::Visitors;
use service::{Ops, Shutdown, http, runtime};
use userstate::{Budget, StateError, UserState};

pub use config::Config;

use metrics::Metrics;
use rules::Rules;
use users::Users;

/// The sockets of the service, bound by the caller.
#[derive(Debug)]
pub struct Listeners {
    /// The API.
    pub api: Listener,
}

/// Why the service could not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The operating system refused a runtime or the listener.
    #[error("running the DMP: {0}")]
    Io(#[from] std::io::Error),
    /// The Redis URL is missing or not usable.
    #[error("dmp.redis_url (REDIS_URL): {0}")]
    Redis(#[from] StateError),
    /// The control plane's URL is not usable.
    #[error("dmp.control_plane_url: {0}")]
    ControlPlane(#[from] service::client::TargetError),
}

/// What every handler needs.
pub(crate) struct App {
    pub(crate) users: Users,
    pub(crate) rules: Arc<Rules>,
    pub(crate) control_plane: control_plane::ControlPlane,
    pub(crate) visitors: Visitors,
    pub(crate) sync_return_to: Vec<String>,
    pub(crate) vendor: Option<u16>,
    pub(crate) derivation: dmp_core::Derivation,
    pub(crate) gate: access::Operators,
    pub(crate) metrics: Metrics,
}

/// Runs the DMP until `shutdown`, drained.
///
/// # Errors
/// [`RunError`] when it cannot start; Redis and the control plane may be away.
pub fn run(config: Config, listeners: Listeners, shutdown: Shutdown) -> Result<(), RunError> {
    let runtime = runtime::multi_thread("dmp", config.threads)?;
    runtime.block_on(serve(config, listeners, shutdown))
}

async fn serve(config: Config, listeners: Listeners, shutdown: Shutdown) -> Result<(), RunError> {
    let token = config.service_token.clone();
    let ops = Ops::new("dmp", env!("CARGO_PKG_VERSION"))
        .with_openapi(openapi::document)
        .with_public_metrics(config.metrics_public)
        .with_operator(move |headers| service::access::has_service_token(headers, &token));
    let metrics = Metrics::register(&ops.metrics);
    let state = UserState::connect(
        &config.redis_url,
        Budget {
            off_path: config.redis_wait.0,
            retention: config.retention.0,
            ..Budget::default()
        },
    )?;
    let app = Arc::new(App {
        users: Users::new(
            state,
            config.visitors(),
            config.tombstone.0,
            metrics.clone(),
        ),
        rules: Arc::new(Rules::new()),
        control_plane: control_plane::ControlPlane::new(
            &config.control_plane_url,
            &config.service_token,
        )?,
        visitors: config.visitors(),
        sync_return_to: config.sync_return_to.clone(),
        vendor: (config.vendor_id != 0).then_some(config.vendor_id),
        derivation: config.derivation.clone(),
        gate: access::Operators::new(config.admission(), &config.service_token),
        metrics,
    });

    let (serving, health) = (ops.clone(), ops.health.clone());
    let router = router::router(Arc::clone(&app));
    let (served, (), (), ()) = tokio::join!(
        http::serve_axum(
            listeners.api,
            router,
            &config.limits,
            shutdown.clone(),
            serving
        ),
        rules::follow(&app, &config, &health, &shutdown),
        reconsider::run(&app, config.reconsider_every.0, &shutdown),
        watch::run(&app, &health, &shutdown),
    );
    Ok(served?)
}
