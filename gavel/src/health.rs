//! `gavel health URL`: for health checks in images without a shell.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use service::client::{Client, ClientConfig, OutRequest};
use service::runtime;
use url::Url;

/// Succeeds when `url` answers 200 within two seconds.
///
/// # Errors
/// When it does not; says what it answered.
pub fn check(url: &str) -> Result<()> {
    let url = Url::parse(url).with_context(|| format!("{url} is not a URL"))?;
    let response = runtime::current_thread("health")?.block_on(async {
        let client = Client::new(ClientConfig {
            allow_private: true,
            ..ClientConfig::default()
        });
        client
            .send(
                OutRequest::get(url.clone()),
                Instant::now() + Duration::from_secs(2),
            )
            .await
    })?;
    ensure!(
        response.status.is_success(),
        "{url} answered {}",
        response.status
    );
    Ok(())
}
