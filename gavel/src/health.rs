//! `gavel health URL`: for health checks in images without a shell.

use std::time::Duration;

use anyhow::{Result, ensure};
use http::Method;
use service::runtime;

use crate::calls::Caller;

/// Succeeds when `url` answers 200 within two seconds.
///
/// # Errors
/// When it does not; says what it answered.
pub fn check(url: &str) -> Result<()> {
    let answer = runtime::current_thread("health")?.block_on(async {
        Caller::new()
            .call(Method::GET, url, String::new(), Duration::from_secs(2))
            .await
    })?;
    ensure!(
        answer.status.is_success(),
        "{url} answered {}",
        answer.status
    );
    Ok(())
}
