//! E13: logs as one JSON object a line, started once per process (hence a test binary of its own).

use std::sync::{Arc, Mutex};

use service::telemetry::{self, Destination, TelemetryConfig, TelemetryError};

#[test]
fn events_are_json_lines_warnings_are_told_and_the_filter_changes_while_running() {
    let folder = std::env::temp_dir().join(format!("gavel-telemetry-{}", std::process::id()));
    let path = folder.join("gavel.jsonl");
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    let config = TelemetryConfig {
        to: Destination::File {
            path: path.clone(),
            max_bytes: 1 << 20,
            keep: 3,
        },
        on_warning: Some(Arc::new(move |line: &str| {
            sink.lock().unwrap().push(line.to_owned());
        })),
        ..TelemetryConfig::default()
    };
    let bad = TelemetryConfig {
        filter: "a=b=c".to_owned(),
        ..TelemetryConfig::default()
    };
    if std::env::var_os("RUST_LOG").is_none() {
        let refused = telemetry::init(&bad);
        assert!(matches!(refused, Err(TelemetryError::Filter { .. })));
    }
    let guard = telemetry::init(&config).unwrap();
    let again = telemetry::init(&config);
    assert!(matches!(again, Err(TelemetryError::AlreadyStarted)));

    guard.set_filter("info").unwrap();
    tracing::info!(
        trace_id = "0af7651916cd43dd8448eb211c80319c",
        bids = 3,
        "auction"
    );
    tracing::warn!(dsp = "d1", "ejected");
    guard.set_filter("error").unwrap();
    tracing::warn!("not written");
    assert!(guard.set_filter("a=b=c").is_err());
    assert_eq!(guard.dropped_lines(), 0);
    drop(guard);

    let written = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{written}");
    assert_eq!(lines[0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(lines[0]["bids"], 3);
    assert_eq!(lines[0]["level"], "INFO");
    assert!(lines[0]["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(*told.lock().unwrap(), ["WARN ejected dsp=\"d1\""]);
    std::fs::remove_dir_all(folder).unwrap();
}
