//! A look at the bytes before anything recursive sees them.

use crate::fault::Fault;

/// Deepest nesting of a body; deeper than any document of ours.
const MAX_DEPTH: usize = 64;

/// Refuses what would be dangerous or impossible to keep before anything recursive sees it: nesting
/// without end (R34), and NUL, which Postgres does not store (R37).
pub(super) fn scan(text: &str) -> Result<(), Fault> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (in_string, byte) {
            (true, b'\\') => {
                if after.starts_with(b"u0000") {
                    return Err(Fault::form("", "contains a NUL character"));
                }
                rest = after.get(1..).unwrap_or_default();
            }
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => {
                depth = depth.saturating_add(1);
                if depth > MAX_DEPTH {
                    let says = format!("is nested deeper than {MAX_DEPTH} levels");
                    return Err(Fault::form("", says));
                }
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}
