//! One Postgres and Redis pair per test run, and in it a place of its own for every test.
//!
//! `cargo xtask test` starts the pair and names it in the environment; without that, each test
//! process starts one, which ends with it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use embedded::{Embedded, Options, Urls};
use tokio_postgres::{Client, NoTls};
use url::Url;

/// Held while a template is made, so that one test of the run makes it: "template" in ASCII.
const TEMPLATE_LOCK: i64 = 0x7465_6d70_6c61_7465;

/// The pair of this test run.
#[derive(Debug)]
pub struct Stores {
    urls: Urls,
    /// Kept for its life; `None` where the runner keeps them.
    _own: Option<Embedded>,
}

/// A database that only this test uses.
#[derive(Debug, Clone)]
pub struct Database {
    /// For `tokio-postgres` and `DATABASE_URL`.
    pub url: String,
    /// Its name.
    pub name: String,
}

/// A logical database in each of the two Redis servers that only this test uses.
#[derive(Debug, Clone)]
pub struct Redis {
    /// User state: for redis-rs and `REDIS_URL`.
    pub state_url: String,
    /// Event streams: for redis-rs and `EVENTS_REDIS_URL`.
    pub events_url: String,
}

/// The stores of this test run; the first call in a process may start them.
///
/// # Panics
/// When they cannot be started, with the sentence that says what to do.
pub fn stores() -> &'static Stores {
    static STORES: OnceLock<Stores> = OnceLock::new();
    STORES.get_or_init(|| from_environment().unwrap_or_else(start))
}

fn from_environment() -> Option<Stores> {
    let database = std::env::var("GAVEL_TEST_DATABASE_URL").ok()?;
    let state_redis = std::env::var("GAVEL_TEST_REDIS_URL").ok()?;
    let events_redis =
        std::env::var("GAVEL_TEST_EVENTS_REDIS_URL").unwrap_or_else(|_| state_redis.clone());
    Some(Stores {
        urls: Urls {
            database,
            state_redis,
            events_redis,
        },
        _own: None,
    })
}

fn start() -> Stores {
    let own = Embedded::start_for_tests(&Options::for_tests(""))
        .unwrap_or_else(|refused| panic!("stores for tests: {refused}"));
    Stores {
        urls: own.urls().clone(),
        _own: Some(own),
    }
}

impl Stores {
    /// An empty database.
    ///
    /// # Panics
    /// When Postgres refuses.
    pub async fn database(&self) -> Database {
        self.create("template1").await
    }

    /// A copy of a template, which the first caller of the run makes with `prepare` from an empty
    /// database: migrate once, copy for every test. `template` is a plain lower-case name.
    ///
    /// # Panics
    /// When Postgres or `prepare` refuses.
    pub async fn database_from<F, E>(&self, template: &str, prepare: F) -> Database
    where
        F: AsyncFnOnce(&str) -> Result<(), E>,
        E: std::fmt::Display,
    {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(
            !template.is_empty() && template.bytes().all(plain),
            "a template's name is lower-case letters, digits and _: {template}"
        );
        let name = format!("template_{template}");
        let maintenance = self.connect().await;
        run(
            &maintenance,
            &format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})"),
        )
        .await;
        let made = maintenance
            .query("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])
            .await
            .unwrap_or_else(|fault| panic!("looking for {name}: {fault}"));
        if made.is_empty() {
            // Under another name first: one whose preparation failed is not taken for it.
            let half = format!("{name}_half");
            run(
                &maintenance,
                &format!("DROP DATABASE IF EXISTS {half} WITH (FORCE)"),
            )
            .await;
            run(&maintenance, &format!("CREATE DATABASE {half}")).await;
            if let Err(fault) = prepare(&self.url_of(&half)).await {
                panic!("preparing the template {template}: {fault}");
            }
            // A pool that prepare used may still be closing its connections.
            run(
                &maintenance,
                &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{half}'"),
            )
            .await;
            run(
                &maintenance,
                &format!("ALTER DATABASE {half} RENAME TO {name}"),
            )
            .await;
        }
        run(
            &maintenance,
            &format!("SELECT pg_advisory_unlock({TEMPLATE_LOCK})"),
        )
        .await;
        self.create(&name).await
    }

    /// A logical database of its own in both Redis servers, empty.
    ///
    /// # Panics
    /// When Redis refuses.
    pub async fn redis(&self) -> Redis {
        let state = &self.urls.state_redis;
        let (number, databases) = claim_number(state)
            .await
            .unwrap_or_else(|fault| panic!("a logical database in {state}: {fault}"));
        let number = 1 + number.saturating_sub(1) % databases.saturating_sub(1).max(1);
        let redis = Redis {
            state_url: numbered(state, number),
            events_url: numbered(&self.urls.events_redis, number),
        };
        for url in [&redis.state_url, &redis.events_url] {
            flush(url)
                .await
                .unwrap_or_else(|fault| panic!("emptying {url}: {fault}"));
        }
        redis
    }

    async fn create(&self, template: &str) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let client = self.connect().await;
        run(
            &client,
            &format!("CREATE DATABASE {name} TEMPLATE {template}"),
        )
        .await;
        Database {
            url: self.url_of(&name),
            name,
        }
    }

    async fn connect(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.urls.database, NoTls)
            .await
            .unwrap_or_else(|fault| panic!("connecting to {}: {fault}", self.urls.database));
        // Ends when the client is dropped.
        tokio::spawn(connection);
        client
    }

    fn url_of(&self, database: &str) -> String {
        let mut url = parse(&self.urls.database);
        url.set_path(database);
        url.into()
    }
}

async fn run(client: &Client, sql: &str) {
    if let Err(fault) = client.batch_execute(sql).await {
        panic!("{sql}: {fault:?}");
    }
}

/// The next number of the run, and how many logical databases there are.
async fn claim_number(url: &str) -> redis::RedisResult<(u32, u32)> {
    let mut connection = redis::Client::open(url)?
        .get_multiplexed_async_connection()
        .await?;
    let number = redis::cmd("INCR")
        .arg("testkit:database")
        .query_async(&mut connection)
        .await?;
    let (_, databases): (String, u32) = redis::cmd("CONFIG")
        .arg(&["GET", "databases"])
        .query_async(&mut connection)
        .await?;
    Ok((number, databases))
}

async fn flush(url: &str) -> redis::RedisResult<()> {
    let mut connection = redis::Client::open(url)?
        .get_multiplexed_async_connection()
        .await?;
    redis::cmd("FLUSHDB").query_async(&mut connection).await
}

/// The URL of a logical database: in the path over TCP, in the query over a socket.
fn numbered(url: &str, number: u32) -> String {
    let mut url = parse(url);
    if url.scheme().ends_with("unix") {
        url.query_pairs_mut().append_pair("db", &number.to_string());
    } else {
        url.set_path(&number.to_string());
    }
    url.into()
}

fn parse(url: &str) -> Url {
    Url::parse(url).unwrap_or_else(|fault| panic!("{url}: {fault}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logical_database_is_named_where_each_kind_of_address_has_it() {
        for (url, expect) in [
            ("redis+unix:///tmp/a.sock", "redis+unix:///tmp/a.sock?db=7"),
            (
                "redis+unix:///tmp/a.sock?pass=w",
                "redis+unix:///tmp/a.sock?pass=w&db=7",
            ),
            ("redis://:w@127.0.0.1:6379/", "redis://:w@127.0.0.1:6379/7"),
        ] {
            assert_eq!(numbered(url, 7), expect);
        }
    }

    #[tokio::test]
    async fn every_test_has_a_database_of_its_own() {
        let (one, two) = (stores().database().await, stores().database().await);
        assert_ne!(one.name, two.name);
        for database in [&one, &two] {
            let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
            tokio::spawn(connection);
            client
                .batch_execute("CREATE TABLE here (id int)")
                .await
                .unwrap();
            let row = client
                .query_one("SELECT current_database()", &[])
                .await
                .unwrap();
            assert_eq!(row.get::<_, String>(0), database.name);
        }
    }

    #[tokio::test]
    async fn a_template_is_prepared_once_and_copied() {
        let prepare = async |url: &str| {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            client
                .batch_execute("CREATE TABLE here AS SELECT 7 AS seven")
                .await
        };
        let name = format!("once_{}", std::process::id());
        for _ in 0..2 {
            let database = stores().database_from(&name, prepare).await;
            let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
            tokio::spawn(connection);
            let row = client
                .query_one("SELECT seven FROM here", &[])
                .await
                .unwrap();
            assert_eq!(row.get::<_, i32>(0), 7);
        }
    }

    #[tokio::test]
    async fn every_test_has_keys_of_its_own() {
        let (one, two) = (stores().redis().await, stores().redis().await);
        for pair in [
            (&one.state_url, &two.state_url),
            (&one.events_url, &two.events_url),
        ] {
            let open = async |url: &str| {
                let client = redis::Client::open(url).unwrap();
                client.get_multiplexed_async_connection().await.unwrap()
            };
            let (mut here, mut there) = (open(pair.0).await, open(pair.1).await);
            let () = redis::cmd("SET")
                .arg("k")
                .arg(1)
                .query_async(&mut here)
                .await
                .unwrap();
            let found: Option<i32> = redis::cmd("GET")
                .arg("k")
                .query_async(&mut there)
                .await
                .unwrap();
            assert_eq!(found, None, "{pair:?}");
        }
    }
}
