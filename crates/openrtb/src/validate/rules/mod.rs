//! The table of rules: what the validator knows, one entry a rule.

use super::finding::Rule;

pub(super) mod reading;
pub(super) mod request;
pub(super) mod response;

/// Declares rules: a name in code, its name in reports, severity, number, section, sentence.
macro_rules! rules {
    ($($rule:ident = $name:literal $severity:ident $id:literal $section:literal $sentence:literal;)*) => {
        $(pub(in crate::validate) static $rule: $crate::validate::Rule = $crate::validate::Rule {
            name: $name,
            id: $id,
            severity: $crate::validate::Severity::$severity,
            section: $section,
            sentence: $sentence,
        };)*

        /// The rules of this table.
        pub(in crate::validate) static ALL: &[&$crate::validate::Rule] = &[$(&$rule),*];
    };
}
use rules as table;

/// Every rule there is: of reading, of requests, of responses.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [reading::ALL, request::ALL, response::ALL]
        .into_iter()
        .flatten()
        .copied()
}
