//! What is wrong with a request's body, each fault with the place it is at.

/// Whether the JSON has the wrong form, or says something that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Wrong type, unknown key, no JSON at all: answered with 400.
    Form,
    /// Readable, and not acceptable: answered with 422.
    Meaning,
}

/// One fault and its JSON pointer (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its kind decides the status.
    pub kind: FaultKind,
    /// Where, from the root of the body; empty for the whole.
    pub pointer: String,
    /// What is wrong there, for a person.
    pub says: String,
}

impl Fault {
    /// A fault of form.
    #[must_use]
    pub fn form(pointer: impl Into<String>, says: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Form,
            pointer: pointer.into(),
            says: says.into(),
        }
    }

    /// A fault of meaning.
    #[must_use]
    pub fn meaning(pointer: impl Into<String>, says: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Meaning,
            pointer: pointer.into(),
            says: says.into(),
        }
    }
}

/// All faults of one body; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// The kind of the whole: a fault of form outweighs those of meaning.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        let form = self.0.iter().any(|fault| fault.kind == FaultKind::Form);
        if form {
            FaultKind::Form
        } else {
            FaultKind::Meaning
        }
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}
