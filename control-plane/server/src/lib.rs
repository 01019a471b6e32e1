//! The control plane's process: API, store, ledger, ingest, catalog feed.
