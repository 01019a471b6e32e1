//! One typed tree per service: defaults, then `gavel.toml`, then environment, then flags.
//!
//! ```
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     listen: std::net::SocketAddr,
//!     timeout: service::config::Millis,
//! }
//! let defaults = "listen = \"127.0.0.1:8002\"\ntimeout = \"5ms\"";
//! let env = [("GAVEL__BIDDER__TIMEOUT".to_owned(), "8ms".to_owned())];
//! let config: Config =
//!     service::config::load("bidder", defaults, None, env.into_iter(), &[])?;
//! assert_eq!(config.timeout.0.as_millis(), 8);
//! # Ok::<(), service::config::ConfigError>(())
//! ```

mod fault;
mod quantity;
mod read;
mod tree;

use std::path::Path;

use serde::de::DeserializeOwned;

pub use self::{
    fault::{ConfigError, ConfigFault},
    quantity::{Bytes, Millis, QuantityError, Secret},
};
use self::{
    read::read,
    tree::{Node, Origin, Value},
};

/// The tables that `gavel.toml` may have.
pub const TABLES: &[&str] = &["gavel", "bidder", "exchange", "control_plane", "dmp"];

/// Words in a key whose value is never printed.
const SECRET_WORDS: &[&str] = &["token", "secret", "password", "private_key", "signing_key"];

/// What a service is configured with, and where each value came from, before it has a type.
#[derive(Debug, Clone)]
pub struct Resolved {
    service: String,
    defaults: Node,
    tree: Node,
}

/// One value of a resolved configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, dotted.
    pub key: String,
    /// The value as TOML; `[REDACTED]` for secrets.
    pub value: String,
    /// `default`, `gavel.toml:12`, the environment variable, or the flag.
    pub origin: String,
}

/// Reads the configuration of one service into its type. `defaults_toml` and the service's table hold
/// the same keys; `overrides` are dotted keys and values from flags.
///
/// # Errors
/// [`ConfigError`] with every fault at once: file and line, variable or flag, the key, and what was
/// expected.
pub fn load<T: DeserializeOwned>(
    service: &str,
    defaults_toml: &str,
    file: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
    overrides: &[(String, String)],
) -> Result<T, ConfigError> {
    resolve(service, defaults_toml, file, env, overrides)?.read()
}

/// The first half of [`load`]: lays the sources over one another, for `gavel config print`.
///
/// # Errors
/// [`ConfigError`] when a source is not readable or not TOML, or has a table that no service owns.
pub fn resolve(
    service: &str,
    defaults_toml: &str,
    file: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
    overrides: &[(String, String)],
) -> Result<Resolved, ConfigError> {
    let table = service.replace('-', "_");
    let mut faults = Vec::new();
    let defaults = tree::parse(defaults_toml, |line| Origin::Default { line }, &mut faults);
    let mut resolved = defaults.clone();
    if let Some(path) = file {
        let whole = tree::read_file(path, &mut faults);
        check_tables(&whole, &mut faults);
        if let Some(own) = whole.into_child(&table) {
            resolved.lay_over(own, "", &mut faults);
        }
    }
    let prefix = format!("GAVEL__{}__", table.to_ascii_uppercase());
    let mut variables: Vec<_> = env.filter(|(name, _)| name.starts_with(&prefix)).collect();
    // A table's own variable comes before those of its keys.
    variables.sort();
    for (name, text) in variables {
        let path = name.strip_prefix(&prefix).unwrap_or_default();
        let keys: Vec<_> = path.split("__").map(str::to_ascii_lowercase).collect();
        let node = Node::of_text(text, Origin::Env(name.as_str().into()));
        resolved.set(&keys, node, &mut faults);
    }
    for (path, text) in overrides {
        let keys: Vec<_> = path.split('.').map(str::to_owned).collect();
        let node = Node::of_text(text.clone(), Origin::Flag(path.as_str().into()));
        resolved.set(&keys, node, &mut faults);
    }
    ConfigError::unless_empty(faults)?;
    Ok(Resolved {
        service: table,
        defaults,
        tree: resolved,
    })
}

impl Resolved {
    /// The typed configuration.
    ///
    /// # Errors
    /// [`ConfigError`] with every unknown key and every value of a wrong type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        read(&self.tree, &self.defaults, &self.service)
    }

    /// Every value with its origin, in the order of the keys.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.tree.walk("", &mut |key, node| {
            let last = key.rsplit('.').next().unwrap_or(key);
            let is_secret = SECRET_WORDS.iter().any(|word| last.contains(word));
            entries.push(Entry {
                key: key.to_owned(),
                value: if is_secret {
                    "[REDACTED]".to_owned()
                } else {
                    node.to_toml()
                },
                origin: node.origin.to_string(),
            });
        });
        entries
    }
}

fn check_tables(file: &Node, faults: &mut Vec<ConfigFault>) {
    let Value::Table(tables) = &file.value else {
        return;
    };
    for (name, node) in tables {
        if !TABLES.contains(&name.as_str()) {
            let expected = format!("unknown table; expected one of {}", TABLES.join(", "));
            faults.push(ConfigFault::new(&node.origin, name, expected));
        } else if !matches!(node.value, Value::Table(_)) {
            faults.push(ConfigFault::new(&node.origin, name, "expected a table"));
        }
    }
}
