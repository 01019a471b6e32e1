//! Connections to Postgres, with a bound on every wait (R17: 503 within a second).

use std::str::FromStr as _;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::NoTls;

use crate::run::RunError;

/// Longest that one statement of the API may take in Postgres.
const STATEMENT_TIMEOUT_MS: u32 = 10_000;

/// A pool for a DSN in either of Postgres's two forms; connects when first used.
///
/// # Errors
/// [`RunError::DatabaseUrl`] when the DSN cannot be read.
pub(crate) fn open(url: &str, connections: u32, wait: Duration) -> Result<Pool, RunError> {
    let mut config = tokio_postgres::Config::from_str(url)
        .map_err(|error| RunError::DatabaseUrl(error.to_string()))?;
    let given = config.get_options().unwrap_or_default().to_owned();
    config
        .options(format!("{given} -c statement_timeout={STATEMENT_TIMEOUT_MS}").trim())
        .application_name("gavel-control-plane")
        .connect_timeout(wait)
        .keepalives_idle(Duration::from_secs(10));
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    Pool::builder(Manager::from_config(config, NoTls, recycling))
        .max_size(usize::try_from(connections.max(2)).unwrap_or(2))
        .wait_timeout(Some(wait))
        .create_timeout(Some(wait))
        .recycle_timeout(Some(wait))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| RunError::DatabaseUrl(error.to_string()))
}
