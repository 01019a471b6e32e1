//! Calls to our own services, as the seed, the live line and the health check make them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use service::client::{Client, ClientConfig, InResponse, OutRequest, Target};

/// A client for services on this machine or in the same network.
#[derive(Clone)]
pub struct Caller {
    client: Client,
    headers: HeaderMap,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Caller")
    }
}

impl Caller {
    /// A caller without credentials.
    #[must_use]
    pub fn new() -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Self {
            client: Client::new(ClientConfig::local()),
            headers,
        }
    }

    /// The same, presenting the service token.
    ///
    /// # Errors
    /// When the token cannot stand in a header.
    pub fn with_token(mut self, token: &str) -> Result<Self> {
        let mut value =
            HeaderValue::from_str(&format!("Bearer {token}")).context("the service token")?;
        value.set_sensitive(true);
        self.headers.insert(header::AUTHORIZATION, value);
        Ok(self)
    }

    /// One call, answered within `patience`.
    ///
    /// # Errors
    /// When `url` is no URL, or there is no answer.
    pub async fn call(
        &self,
        method: Method,
        url: &str,
        body: String,
        patience: Duration,
    ) -> Result<InResponse> {
        let target = Target::parse(url)?;
        let words = format!("{method} {url}");
        let request = OutRequest {
            method,
            target: &target,
            headers: self.headers.clone(),
            body: Bytes::from(body),
        };
        self.client
            .send(request, Instant::now() + patience)
            .await
            .context(words)
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self::new()
    }
}
