//! Logs: one JSON line per event, to standard error or to a rotated file, never in a request's way.

mod queue;
mod rotation;

mod warnings;

use std::{fmt, io, path::PathBuf, sync::Arc};

use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::LevelFilter, fmt as lines, layer::SubscriberExt, reload,
    util::SubscriberInitExt,
};

use self::{
    queue::{LineQueue, Writer},
    warnings::Warnings,
};

/// What is called with the text of each warning and error, as one line.
pub type OnWarning = Arc<dyn Fn(&str) + Send + Sync>;

/// How logs are written.
#[derive(Clone)]
pub struct TelemetryConfig {
    /// Where they go.
    pub to: Destination,
    /// JSON for machines or text for people.
    pub format: Format,
    /// What is written, as `RUST_LOG` says it; that variable wins when it is set.
    pub filter: String,
    /// Also told of warnings and errors: `gavel up` shows them above its live line.
    pub on_warning: Option<OnWarning>,
}

/// Where logs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Standard error.
    Stderr,
    /// A file; at `max_bytes` it becomes `….1`, and `keep` old ones stay.
    File {
        /// The newest file.
        path: PathBuf,
        /// Its largest size.
        max_bytes: u64,
        /// How many old files stay.
        keep: u32,
    },
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One object a line.
    Json,
    /// For a terminal.
    Text,
}

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not valid.
    #[error("log filter `{filter}`: {source}")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The file or the writing thread could not be made.
    #[error("opening the log {to}: {source}")]
    Open {
        /// Where to.
        to: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Logging was already started in this process.
    #[error("logging was already started in this process")]
    AlreadyStarted,
    /// Logging has ended, so its filter cannot be changed.
    #[error("logging has ended")]
    Ended,
}

/// Keeps logging alive; dropped, it writes what is waiting and ends.
#[derive(Debug)]
pub struct Guard {
    filter: reload::Handle<EnvFilter, Registry>,
    queue: LineQueue,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            to: Destination::Stderr,
            format: Format::Json,
            filter: "info".to_owned(),
            on_warning: None,
        }
    }
}

/// Starts logging for the whole process.
///
/// # Errors
/// [`TelemetryError`] when the filter is not valid, the file cannot be opened, or logging was started
/// before.
pub fn init(config: &TelemetryConfig) -> Result<Guard, TelemetryError> {
    let chosen = std::env::var("RUST_LOG")
        .ok()
        .filter(|filter| !filter.is_empty())
        .unwrap_or_else(|| config.filter.clone());
    let (filter, handle) = reload::Layer::new(parse_filter(&chosen)?);
    let queue = LineQueue::start(sink(&config.to)?).map_err(|source| TelemetryError::Open {
        to: config.to.to_string(),
        source,
    })?;
    let written = match config.format {
        Format::Json => lines::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_writer(queue.writer())
            .boxed(),
        Format::Text => lines::layer()
            .with_ansi(false)
            .with_writer(queue.writer())
            .boxed(),
    };
    let shown = config.on_warning.clone().map(|told| {
        lines::layer()
            .with_ansi(false)
            .without_time()
            .with_target(false)
            .with_writer(Warnings(told))
            .with_filter(LevelFilter::WARN)
    });
    let started = tracing_subscriber::registry()
        .with(filter)
        .with(written)
        .with(shown)
        .try_init();
    match started {
        Ok(()) => Ok(Guard {
            filter: handle,
            queue,
        }),
        Err(_already) => Err(TelemetryError::AlreadyStarted),
    }
}

impl Guard {
    /// Changes what is written while the process runs.
    ///
    /// # Errors
    /// [`TelemetryError::Filter`] when the filter is not valid; the old one stays.
    pub fn set_filter(&self, filter: &str) -> Result<(), TelemetryError> {
        let parsed = parse_filter(filter)?;
        self.filter
            .reload(parsed)
            .map_err(|_gone| TelemetryError::Ended)
    }

    /// Lines that were not written because the disk or the terminal was too slow.
    #[must_use]
    pub fn dropped_lines(&self) -> u64 {
        self.queue.dropped()
    }
}

impl fmt::Debug for TelemetryConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelemetryConfig")
            .field("to", &self.to)
            .field("format", &self.format)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stderr => f.write_str("standard error"),
            Self::File { path, .. } => write!(f, "{}", path.display()),
        }
    }
}

fn parse_filter(filter: &str) -> Result<EnvFilter, TelemetryError> {
    filter.parse().map_err(|source| TelemetryError::Filter {
        filter: filter.to_owned(),
        source,
    })
}

fn sink(to: &Destination) -> Result<Writer, TelemetryError> {
    match to {
        Destination::Stderr => Ok(Box::new(io::stderr())),
        Destination::File {
            path,
            max_bytes,
            keep,
        } => match rotation::RotatedFile::open(path, *max_bytes, *keep) {
            Ok(file) => Ok(Box::new(file)),
            Err(source) => Err(TelemetryError::Open {
                to: to.to_string(),
                source,
            }),
        },
    }
}
