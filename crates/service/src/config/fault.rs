//! What is wrong with a configuration, and where.

use std::fmt;

use super::tree::Origin;

/// One fault: where it is, which key, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// `gavel.toml:12`, an environment variable, a flag, or `default`.
    pub place: String,
    /// The dotted key; empty for the whole file.
    pub key: String,
    /// What is wrong and what was expected.
    pub message: String,
}

/// Everything that is wrong, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one.
    pub faults: Vec<ConfigFault>,
}

impl ConfigFault {
    pub(super) fn new(origin: &Origin, key: &str, message: impl Into<String>) -> Self {
        Self {
            place: origin.to_string(),
            key: key.to_owned(),
            message: message.into(),
        }
    }

    /// A fault that a server finds itself, such as an end before a start.
    #[must_use]
    pub fn in_key(key: &str, message: impl Into<String>) -> Self {
        Self {
            place: "configuration".to_owned(),
            key: key.to_owned(),
            message: message.into(),
        }
    }
}

impl ConfigError {
    /// An error when there are faults: what a server's own validation ends with.
    ///
    /// # Errors
    /// The faults, when there are any.
    pub fn unless_empty(faults: Vec<ConfigFault>) -> Result<(), Self> {
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Self { faults })
        }
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            key,
            message,
        } = self;
        if key.is_empty() {
            write!(f, "{place}: {message}")
        } else {
            write!(f, "{place}: `{key}`: {message}")
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.faults.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigError {}
