//! What the core cannot make itself: the time, and ids.

use units::UnixMillis;

/// The instant of an edit and a source of ids, given by the server.
pub struct Edge<'a> {
    /// When the edit is made.
    pub now: UnixMillis,
    /// Sixteen bytes of a UUIDv7, another one at each call.
    pub uuid: &'a mut dyn FnMut() -> uuid::Uuid,
}

impl Edge<'_> {
    /// An id of ours: the prefix and a UUIDv7, such as `cmp_0198…`.
    pub fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}_{}", (self.uuid)().simple())
    }
}
