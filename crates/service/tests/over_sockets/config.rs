//! E4 and R44: one typed tree, every fault at once, each with its place.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use serde::Deserialize;
use service::config::{self, Bytes, ConfigError, Millis, Secret};
use service::http::{Limits, ShedStatus};

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Config {
    listen: SocketAddr,
    budget: Millis,
    body: Bytes,
    workers: u16,
    sampled: f64,
    strict: bool,
    mode: Mode,
    origins: Vec<String>,
    redis_url: Option<String>,
    price_key_secret: Option<Secret>,
    http: Limits,
    partners: BTreeMap<String, Partner>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Local,
    Production,
}

/// Without `deny_unknown_fields`: unknown keys are refused all the same.
#[derive(Debug, Deserialize, PartialEq)]
struct Partner {
    qps: u32,
}

const DEFAULTS: &str = r#"
listen = "127.0.0.1:8002"
budget = "5ms"
body = "256KiB"
workers = 2
sampled = 0.01
strict = false
mode = "local"
origins = ["http://localhost:8001"]
[http]
max_connections = 100
[partners.a]
qps = 10
"#;

struct Source<'a> {
    file: Option<&'a str>,
    env: &'a [(&'a str, &'a str)],
    flags: &'a [(&'a str, &'a str)],
}

fn load(name: &str, source: &Source<'_>) -> Result<Config, ConfigError> {
    let path = source.file.map(|text| {
        let path = file(name);
        std::fs::write(&path, text).unwrap();
        path
    });
    let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    let loaded = config::load(
        "control-plane",
        DEFAULTS,
        path.as_deref(),
        own(source.env).into_iter(),
        &own(source.flags),
    );
    if let Some(path) = path {
        std::fs::remove_file(path).unwrap();
    }
    loaded
}

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("gavel-{}-{name}.toml", std::process::id()))
}

#[test]
fn e_4_flags_over_environment_over_file_over_defaults() {
    let toml = "[control_plane]\nworkers = 3\nbudget = \"6ms\"\nstrict = true\n[control_plane.http]\nmax_body = \"1MiB\"\n[bidder]\nanything = 1\n";
    let config = load(
        "order",
        &Source {
            file: Some(toml),
            env: &[
                ("GAVEL__CONTROL_PLANE__BUDGET", "7ms"),
                ("GAVEL__CONTROL_PLANE__WORKERS", "4"),
                ("GAVEL__CONTROL_PLANE__HTTP__SHED_STATUS", "503"),
                ("GAVEL__CONTROL_PLANE__ORIGINS", "a, b"),
                ("GAVEL__CONTROL_PLANE__SAMPLED", "1"),
                ("GAVEL__CONTROL_PLANE__MODE", "production"),
                ("GAVEL__CONTROL_PLANE__REDIS_URL", "12345"),
                ("GAVEL__CONTROL_PLANE__PARTNERS__B__QPS", "7"),
                ("GAVEL__BIDDER__NONSENSE", "1"),
                ("PATH", "/bin"),
            ],
            flags: &[("workers", "5"), ("listen", "[::1]:9000")],
        },
    )
    .unwrap();
    assert_eq!(config.workers, 5, "flag over environment");
    assert_eq!(config.listen, "[::1]:9000".parse().unwrap());
    assert_eq!(config.budget, Millis::new(7), "environment over file");
    assert!(config.strict, "file over default");
    assert_eq!(config.body, Bytes(262_144), "default");
    assert_eq!(config.http.max_body, Bytes(1 << 20));
    assert_eq!(
        config.http.max_connections, 100,
        "tables are merged key by key"
    );
    assert_eq!(config.http.shed_status, ShedStatus::Unavailable);
    assert_eq!(config.origins, ["a", "b"]);
    assert!((config.sampled - 1.0).abs() < f64::EPSILON);
    assert_eq!(config.mode, Mode::Production);
    assert_eq!(
        config.redis_url.as_deref(),
        Some("12345"),
        "text stays text"
    );
    assert_eq!(config.partners["a"].qps, 10);
    assert_eq!(config.partners["b"].qps, 7);
}

#[test]
fn r_44_every_fault_at_once_with_its_place_its_key_and_what_was_expected() {
    let toml = "\n[control_plane]\nlisen = \"127.0.0.1:1\"\nworkers = 70000\nbudget = 5\nbody = \"many\"\nmode = \"remote\"\norigins = [\"a\", 2]\n\n[control_plane.http]\nmax_conections = 1\nshed_status = 200\n[control_plane.partners.a]\nqsp = 1\n";
    let error = load(
        "faults",
        &Source {
            file: Some(toml),
            env: &[
                ("GAVEL__CONTROL_PLANE__STRICT", "perhaps"),
                ("GAVEL__CONTROL_PLANE__NONE", "1"),
            ],
            flags: &[("http.max_ratio", "-1")],
        },
    )
    .unwrap_err();
    let path = file("faults").display().to_string();
    let rows = [
        (
            format!("{path}:3"),
            "lisen",
            "unknown key; expected one of listen, budget,",
        ),
        (
            format!("{path}:4"),
            "workers",
            "expected u16, found integer `70000`",
        ),
        (
            format!("{path}:5"),
            "budget",
            "expected a string, found integer `5`",
        ),
        (
            format!("{path}:6"),
            "body",
            "expected a size such as \"256KiB\"",
        ),
        (
            format!("{path}:7"),
            "mode",
            "expected one of local, production, found \"remote\"",
        ),
        (
            format!("{path}:8"),
            "origins.1",
            "expected a string, found integer `2`",
        ),
        (
            format!("{path}:11"),
            "http.max_conections",
            "unknown key; expected one of max_body",
        ),
        (
            format!("{path}:12"),
            "http.shed_status",
            "must be 204 or 503",
        ),
        (format!("{path}:14"), "partners.a.qsp", "unknown key"),
        (
            "GAVEL__CONTROL_PLANE__STRICT".to_owned(),
            "strict",
            "expected a boolean, found string \"perhaps\"",
        ),
        (
            "GAVEL__CONTROL_PLANE__NONE".to_owned(),
            "none",
            "unknown key",
        ),
        (
            "flag http.max_ratio".to_owned(),
            "http.max_ratio",
            "expected u32, found integer `-1`",
        ),
    ];
    for (place, key, says) in &rows {
        let found = error.faults.iter().any(|fault| {
            fault.place == *place
                && fault.key == format!("control_plane.{key}")
                && fault.message.starts_with(says)
        });
        assert!(found, "{place} {key} {says}\n---\n{error}");
    }
    assert_eq!(error.faults.len(), rows.len(), "{error}");
}

#[test]
fn r_44_sources_that_are_not_readable() {
    let rows = [
        ("not toml", "[control_plane]\nworkers = = 3\n", ":2"),
        ("unknown table", "[biddr]\nlisten = 1\n", ":1"),
        ("a key outside of tables", "workers = 3\n", ":1"),
        ("a service that is no table", "\ncontrol_plane = 3\n", ":2"),
        (
            "a table where a value is",
            "[control_plane]\n[control_plane.workers]\nx = 1\n",
            ":2",
        ),
    ];
    for (says, toml, line) in rows {
        let source = Source {
            file: Some(toml),
            env: &[],
            flags: &[],
        };
        let error = load(&says.replace(' ', "-"), &source).unwrap_err();
        assert!(error.faults[0].place.ends_with(line), "{says}: {error}");
    }
    let missing = config::load::<Config>(
        "bidder",
        DEFAULTS,
        Some(std::path::Path::new("/nonexistent/gavel.toml")),
        std::iter::empty(),
        &[],
    );
    assert!(missing.unwrap_err().to_string().contains("cannot be read"));
}

#[test]
fn what_is_printed_names_its_origin_and_hides_secrets() {
    let env = [(
        "GAVEL__BIDDER__PRICE_KEY_SECRET".to_owned(),
        "canary".to_owned(),
    )];
    let flags = [("workers".to_owned(), "9".to_owned())];
    let resolved = config::resolve("bidder", DEFAULTS, None, env.into_iter(), &flags).unwrap();
    let entries = resolved.entries();
    let line = |key: &str| {
        let entry = entries.iter().find(|entry| entry.key == key).unwrap();
        format!("{} = {} ({})", entry.key, entry.value, entry.origin)
    };
    assert_eq!(line("workers"), "workers = \"9\" (flag workers)");
    assert_eq!(
        line("http.max_connections"),
        "http.max_connections = 100 (default:11)"
    );
    assert_eq!(
        line("price_key_secret"),
        "price_key_secret = [REDACTED] (GAVEL__BIDDER__PRICE_KEY_SECRET)"
    );
    let config: Config = resolved.read().unwrap();
    assert_eq!(
        config.price_key_secret.as_ref().map(Secret::expose),
        Some("canary")
    );
    assert!(!format!("{config:?}{entries:?}").contains("canary"));
}

#[test]
fn a_key_that_is_missing_is_named() {
    let error =
        config::load::<Config>("bidder", "workers = 1", None, std::iter::empty(), &[]).unwrap_err();
    assert!(
        error.to_string().contains("`bidder.listen`: missing"),
        "{error}"
    );
}
