//! What is wrong with a body: all of it at once, each fault with its place.

use serde_json::Value;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer (RFC 6901) of the value at fault.
    pub pointer: String,
    /// What is wrong with it.
    pub says: String,
    /// Whether the shape is wrong (400), and not only the meaning (422).
    pub form: bool,
}

/// All faults of a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Whether any value has the wrong shape (400); otherwise the meaning is wrong (422).
    #[must_use]
    pub fn is_form(&self) -> bool {
        self.0.iter().any(|fault| fault.form)
    }

    /// Notes a value of the wrong shape.
    pub(crate) fn form(&mut self, pointer: impl Into<String>, says: impl Into<String>) {
        self.note(pointer, says, true);
    }

    /// Notes a value of the right shape that cannot be.
    pub(crate) fn meaning(&mut self, pointer: impl Into<String>, says: impl Into<String>) {
        self.note(pointer, says, false);
    }

    fn note(&mut self, pointer: impl Into<String>, says: impl Into<String>, form: bool) {
        // A body of nothing but faults is told by its first hundred.
        if self.0.len() < 100 {
            self.0.push(Fault {
                pointer: pointer.into(),
                says: says.into(),
                form,
            });
        }
    }

    /// `value`, if nothing was noted.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

/// A text of 1 to `longest` bytes without control characters, or a fault at `pointer`.
pub(crate) fn text(
    value: &Value,
    longest: usize,
    pointer: &str,
    faults: &mut Faults,
) -> Option<String> {
    let Some(given) = value.as_str() else {
        faults.form(pointer, "must be a string");
        return None;
    };
    let given = given.trim();
    if given.is_empty() {
        faults.meaning(pointer, "must not be empty");
    } else if given.len() > longest {
        faults.meaning(pointer, format!("must have at most {longest} bytes"));
    } else if given.chars().any(char::is_control) {
        faults.meaning(pointer, "must not have control characters");
    } else {
        return Some(given.to_owned());
    }
    None
}
