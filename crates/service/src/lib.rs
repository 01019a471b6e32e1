//! How a process lives: configuration, serving, limits, drain, health, telemetry, outbound HTTP.
