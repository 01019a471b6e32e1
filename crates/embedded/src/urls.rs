//! Where the servers are, in the words their client libraries take.

use std::path::Path;

use crate::options::{Part, TcpPorts};
use crate::postgres::{DATABASE, USUAL_PORT};
use crate::probe::USER;
use crate::redis;

/// The three addresses; what `DATABASE_URL`, `REDIS_URL` and `EVENTS_REDIS_URL` would say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urls {
    /// Postgres, database `gavel`.
    pub database: String,
    /// The Redis of user state.
    pub state_redis: String,
    /// The Redis of event streams.
    pub events_redis: String,
}

impl Urls {
    pub(crate) fn on_sockets(sockets: &Path, port: u16, password: Option<&str>) -> Self {
        let redis = |part| {
            let socket = redis::socket(sockets, part);
            let password = password.map_or_else(String::new, |word| format!("?pass={word}"));
            format!("redis+unix://{}{password}", socket.display())
        };
        let port = match port {
            USUAL_PORT => String::new(),
            other => format!("&port={other}"),
        };
        Self {
            database: format!(
                "postgresql:///{DATABASE}?host={}&user={USER}{port}",
                sockets.display()
            ),
            state_redis: redis(Part::State),
            events_redis: redis(Part::Events),
        }
    }

    pub(crate) fn on_tcp(ports: TcpPorts, password: &str) -> Self {
        Self {
            database: format!(
                "postgresql://{USER}:{password}@127.0.0.1:{}/{DATABASE}",
                ports.postgres
            ),
            state_redis: format!("redis://:{password}@127.0.0.1:{}/", ports.state),
            events_redis: format!("redis://:{password}@127.0.0.1:{}/", ports.events),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_what_the_clients_take() {
        let private = Urls::on_sockets(Path::new("/tmp/g"), 5432, None);
        assert_eq!(
            private.database,
            "postgresql:///gavel?host=/tmp/g&user=gavel"
        );
        assert_eq!(private.state_redis, "redis+unix:///tmp/g/redis-state.sock");
        let ports = TcpPorts {
            postgres: 1,
            state: 2,
            events: 3,
        };
        let with_tcp = Urls::on_sockets(Path::new("/tmp/g"), 1, Some("word"));
        assert_eq!(
            with_tcp.database,
            "postgresql:///gavel?host=/tmp/g&user=gavel&port=1"
        );
        assert_eq!(
            with_tcp.events_redis,
            "redis+unix:///tmp/g/redis-events.sock?pass=word"
        );
        let public = Urls::on_tcp(ports, "word");
        assert_eq!(public.database, "postgresql://gavel:word@127.0.0.1:1/gavel");
        assert_eq!(public.events_redis, "redis://:word@127.0.0.1:3/");
    }
}
