//! Every key of the events Redis beside the streams, which `contracts::event` names.

/// The shard's fence: milliseconds of the ledger's clock, decimal, without expiry.
pub(crate) const FENCE: &str = "gavel:fence:{0}";

/// Written to see whether anything can be.
pub(crate) const PROBE: &str = "gavel:probe:{0}";

/// What was appended already, by the caller's once-key; expires when it can no longer be accepted.
pub(crate) fn once(key: &str) -> String {
    format!("gavel:once:{{0}}:{key}")
}

/// What is kept for a while and is no event.
pub(crate) fn held(name: &str) -> String {
    format!("gavel:held:{{0}}:{name}")
}

/// The one field of an entry.
pub(crate) const PAYLOAD: &str = "e";

/// How long past its `settle_by` a call of the money log is remembered, in milliseconds: the grace of the
/// fence (30 s), its longest stand after a gap (65 s), and room for a Redis clock that runs ahead.
pub(crate) const REMEMBER_MS: i64 = 600_000;
