//! Stores of one test's own, for tests that kill them or reach them over TCP.

use std::net::TcpListener;

use embedded::{Durability, Embedded, Options, TcpPorts};

/// A Postgres and Redis pair that no other test sees; ended and removed when dropped.
///
/// Durable, so that what was acknowledged survives `take_down`.
#[derive(Debug)]
pub struct PrivateStores {
    embedded: Embedded,
}

impl PrivateStores {
    /// Starts them on private sockets. Blocks for a second or two.
    ///
    /// # Panics
    /// When they do not start.
    #[must_use]
    pub fn start() -> Self {
        Self::with(None)
    }

    /// Starts them on loopback TCP as well, with a password, as production connects.
    ///
    /// # Panics
    /// When they do not start.
    #[must_use]
    pub fn start_with_tcp() -> Self {
        let listeners = [(); 3].map(|()| TcpListener::bind(("127.0.0.1", 0)));
        let [postgres, state, events] = listeners.map(|listener| {
            listener
                .and_then(|listener| listener.local_addr())
                .map(|address| address.port())
                .unwrap_or_else(|fault| panic!("looking for a free port: {fault}"))
        });
        Self::with(Some(TcpPorts {
            postgres,
            state,
            events,
        }))
    }

    fn with(tcp: Option<TcpPorts>) -> Self {
        let options = Options {
            durability: Durability::Durable,
            tcp,
            ..Options::for_tests("")
        };
        let embedded = Embedded::start_for_tests(&options)
            .unwrap_or_else(|refused| panic!("stores for a test: {refused}"));
        Self { embedded }
    }

    /// The stores: addresses, outages, processes.
    #[must_use]
    pub fn embedded(&self) -> &Embedded {
        &self.embedded
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::NoTls;

    use super::*;

    #[tokio::test]
    async fn private_stores_answer_over_tcp_with_their_password() {
        let stores = PrivateStores::start_with_tcp();
        let urls = stores.embedded().tcp_urls().unwrap();
        let (client, connection) = tokio_postgres::connect(&urls.database, NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        let row = client.query_one("SHOW fsync", &[]).await.unwrap();
        assert_eq!(
            row.get::<_, String>(0),
            "on",
            "what is acknowledged survives a kill"
        );
        let client = redis::Client::open(urls.state_redis.as_str()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let pong: String = redis::cmd("PING")
            .query_async(&mut connection)
            .await
            .unwrap();
        assert_eq!(pong, "PONG");
    }
}
