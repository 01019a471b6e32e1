//! How much a reader believes before it refuses (R37).

/// Bounds on one message. Bodies are bounded before, by the HTTP server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Depth of any nesting; at most 64.
    pub depth: u32,
    /// Depth inside `ext` and inside members that the standard does not name; at most 64.
    pub ext_depth: u32,
    /// Imps in a request.
    pub imps: usize,
    /// Bytes of one string, as written.
    pub string: usize,
    /// Values of any kind in the message, members of `ext` included.
    pub values: u32,
}

impl Limits {
    /// Bounds for a bid request.
    pub const REQUEST: Self = Self {
        depth: 64,
        ext_depth: 32,
        imps: 100,
        string: 64 * 1024,
        values: 32 * 1024,
    };

    /// Bounds for a bid response: markup may be longer than anything in a request.
    pub const RESPONSE: Self = Self {
        string: 512 * 1024,
        ..Self::REQUEST
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::REQUEST
    }
}
