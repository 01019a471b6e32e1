//! How much a reader believes before it refuses (R37).

/// Bounds on one message. Bodies are bounded before, by the HTTP server.
///
/// With the feature `serde` it is a table of a configuration; what is absent there is as in
/// [`Limits::REQUEST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Limits {
    /// Depth of any nesting; at most 64.
    pub depth: u32,
    /// Depth inside `ext` and inside members that the standard does not name; at most 64.
    pub ext_depth: u32,
    /// Bytes of the id of a request and of each of its imps.
    pub id: usize,
    /// Imps in a request.
    pub imps: usize,
    /// Ids of the user in a request, those of all its `eids`.
    pub eids: usize,
    /// Segments in a request, those of all data of the user and of the content.
    pub segments: usize,
    /// Bids in a response, those of all its seats.
    pub bids: usize,
    /// Bytes of one string, as written.
    pub string: usize,
    /// Values of any kind in the message, and with them its keys; members of `ext` included.
    pub values: u32,
    /// Members that the standard does not name, those inside `ext` not counted.
    pub unknown: u32,
}

impl Limits {
    /// Bounds for a bid request.
    pub const REQUEST: Self = Self {
        depth: 64,
        ext_depth: 32,
        id: 512,
        imps: 100,
        eids: 4_000,
        segments: 16_000,
        bids: 1_000,
        string: 64 * 1024,
        values: 32 * 1024,
        unknown: 4_000,
    };

    /// Bounds for a bid response: markup may be longer than anything in a request.
    pub const RESPONSE: Self = Self {
        bids: 250,
        string: 512 * 1024,
        ..Self::REQUEST
    };

    /// For text that was measured when it came, or that we wrote ourselves: bounded in depth alone.
    pub const MEASURED: Self = Self {
        depth: 64,
        ext_depth: 64,
        id: usize::MAX,
        imps: usize::MAX,
        eids: usize::MAX,
        segments: usize::MAX,
        bids: usize::MAX,
        string: usize::MAX,
        values: u32::MAX,
        unknown: u32::MAX,
    };
}

impl Limits {
    /// Whether the text was read before, by the bounds of its day.
    pub(crate) const fn is_measured(&self) -> bool {
        self.values == u32::MAX
    }

    /// The first of the bounds that no message can be read by, and what it must be.
    #[must_use]
    pub const fn fault(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self {
                depth: 0 | 65.., ..
            } => Some(("depth", "must be from 1 to 64")),
            Self {
                ext_depth: 65.., ..
            } => Some(("ext_depth", "must be at most 64")),
            Self { id: 0..16, .. } => Some(("id", "must be at least 16")),
            Self { imps: 0, .. } => Some(("imps", "must be at least 1")),
            Self { bids: 0, .. } => Some(("bids", "must be at least 1")),
            Self { string: 0..16, .. } => Some(("string", "must be at least 16")),
            Self { values: 0, .. } => Some(("values", "must be at least 1")),
            _ => None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::REQUEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_that_nothing_passes_are_faults() {
        let request = Limits::REQUEST;
        let cases = [
            (request, None),
            (Limits::RESPONSE, None),
            (Limits::MEASURED, None),
            (
                Limits {
                    depth: 0,
                    ..request
                },
                Some("depth"),
            ),
            (
                Limits {
                    depth: 65,
                    ..request
                },
                Some("depth"),
            ),
            (
                Limits {
                    ext_depth: 65,
                    ..request
                },
                Some("ext_depth"),
            ),
            (Limits { id: 15, ..request }, Some("id")),
            (Limits { imps: 0, ..request }, Some("imps")),
            (Limits { bids: 0, ..request }, Some("bids")),
            (
                Limits {
                    string: 15,
                    ..request
                },
                Some("string"),
            ),
            (
                Limits {
                    values: 0,
                    ..request
                },
                Some("values"),
            ),
        ];
        for (limits, fault) in cases {
            assert_eq!(limits.fault().map(|(key, _)| key), fault, "{limits:?}");
        }
    }
}
