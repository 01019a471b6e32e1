//! What is written between and around the members that are copied.

/// The commas between members of which some are left out.
pub(super) struct Members {
    any: bool,
    skipped: bool,
}

impl Members {
    pub(super) fn begin(out: &mut Vec<u8>) -> Self {
        out.push(b'{');
        Self {
            any: false,
            skipped: false,
        }
    }

    /// A member is left out.
    pub(super) const fn skip(&mut self) {
        self.skipped = true;
    }

    /// A member comes; `gap` is what stood between it and the one before.
    pub(super) fn next(&mut self, out: &mut Vec<u8>, gap: &str) {
        let blanks = gap.rsplit(',').next().unwrap_or_default();
        let kept = if self.skipped || !self.any {
            blanks
        } else {
            gap
        };
        if self.any && self.skipped {
            out.push(b',');
        }
        out.extend_from_slice(kept.as_bytes());
        self.any = true;
        self.skipped = false;
    }
}

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
