//! Whom and where: the keys of a line item's targeting, and a tree of conditions over them.

mod comparison;
mod key;
mod list_rule;
mod range;
mod reading;
mod tree;

pub use comparison::{Comparison, PathTest, Scalar};
pub use key::{Clock, Key, Targeting};
pub use list_rule::ListRule;
pub use range::{AgeRange, Circle, Degrees, SizeRange, VersionRange, Visits, Within};
pub use serde_json::Number;
pub use tree::{Flag, MAX_TERMS, Term, Test, Tree, TreeFault, Unknown};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_a_list_or_both_sides() {
        // interfaces.md: "each a list, or {"include":[],"exclude":[]}"
        let targeting: Targeting = serde_json::from_str(
            r#"{"age_range":{"min_age":18,"max_age":35},"interests":["technology"],"countries":{"exclude":["US"]}}"#,
        )
        .unwrap();
        assert_eq!(targeting.interests.include, ["technology"]);
        assert_eq!(targeting.countries.exclude, ["US"]);
        let again: Targeting =
            serde_json::from_str(&serde_json::to_string(&targeting).unwrap()).unwrap();
        assert_eq!(again, targeting);
        assert!(serde_json::from_str::<Targeting>(r#"{"intrests":["technology"]}"#).is_err());
    }

    #[test]
    fn every_list_key_is_a_field_of_its_name() {
        for key in Key::ALL {
            let json = format!(r#"{{"{}":["a"]}}"#, key.name());
            let targeting: Targeting = serde_json::from_str(&json).unwrap();
            assert_eq!(targeting.list(*key).include, ["a"]);
            assert_eq!(serde_json::to_string(&targeting).unwrap(), json);
            assert_eq!(Key::named(key.name()), Some(*key));
        }
    }
}
