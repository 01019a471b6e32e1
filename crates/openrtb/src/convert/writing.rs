//! Pieces of an object that is written anew.

pub(super) fn push_member(out: &mut Vec<u8>, name: &str, value: &str) {
    for piece in ["\"", name, "\":", value] {
        out.extend_from_slice(piece.as_bytes());
    }
}

/// The text of an object; names need no escaping.
pub(super) fn object_of(members: &[(&'static str, &str)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}
