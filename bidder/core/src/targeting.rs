//! A line item's targeting in the form in which it is compared.

use contracts::catalog::{AgeRange, ListRule, Targeting};

use crate::daypart::WeekHours;
use crate::facts::{Dimension, Facts};

/// Oldest age that is targeted; anybody said to be older is unknown.
const OLDEST: u8 = 130;

/// One normalised list per dimension, and the day parts.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    lists: [ListRule; Dimension::ALL.len()],
    /// Hours to bid in; `None` for all.
    pub hours: Option<WeekHours>,
    /// Hours not to bid in.
    pub not_hours: WeekHours,
}

/// Which side of a list rule a request failed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// None of the included values was seen.
    NotIncluded,
    /// An excluded value was seen.
    Excluded,
}

impl Rules {
    /// Normalises what the catalog says.
    #[must_use]
    pub fn new(targeting: &Targeting) -> Self {
        let mut rules = Self::default();
        for dimension in Dimension::ALL {
            let rule = match dimension {
                Dimension::Country => &targeting.countries,
                Dimension::Region => &targeting.regions,
                Dimension::City => &targeting.cities,
                Dimension::DeviceType => &targeting.device_types,
                Dimension::Os => &targeting.os,
                Dimension::Domain => &targeting.domains,
                Dimension::Bundle => &targeting.bundles,
                Dimension::Category => &targeting.categories,
                Dimension::Language => &targeting.languages,
                Dimension::Gender => &targeting.genders,
                Dimension::Age => &ages(targeting.age_range),
                Dimension::Interest => &targeting.interests,
                Dimension::Segment => &targeting.segments,
                Dimension::Deal => &targeting.deals,
            };
            if let Some(list) = rules.lists.get_mut(dimension as usize) {
                *list = normalised(dimension, rule);
            }
        }
        let dayparts = &targeting.dayparts;
        if !dayparts.include.is_empty() {
            rules.hours = Some(WeekHours::read(&dayparts.include));
        }
        rules.not_hours = WeekHours::read(&dayparts.exclude);
        rules
    }

    /// The rule of one dimension.
    #[must_use]
    pub fn list(&self, dimension: Dimension) -> &ListRule {
        // The array has a place for each of `Dimension::ALL`.
        &self.lists[dimension as usize]
    }

    /// Whether the facts satisfy one dimension's rule; an unknown value is not included.
    ///
    /// # Errors
    /// [`Failed`] says on which side.
    pub fn check(&self, dimension: Dimension, facts: &Facts) -> Result<(), Failed> {
        let rule = self.list(dimension);
        let holds = |list: &[String]| {
            facts
                .values(dimension)
                .any(|value| list.iter().any(|it| it == value))
        };
        if !rule.include.is_empty() && !holds(&rule.include) {
            return Err(Failed::NotIncluded);
        }
        if holds(&rule.exclude) {
            return Err(Failed::Excluded);
        }
        Ok(())
    }
}

fn normalised(dimension: Dimension, rule: &ListRule) -> ListRule {
    let list = |texts: &[String]| {
        let normal = |text: &String| {
            let mut out = String::new();
            dimension.normalise(text, &mut out);
            out
        };
        texts.iter().map(normal).collect()
    };
    ListRule {
        include: list(&rule.include),
        exclude: list(&rule.exclude),
    }
}

/// A range of ages as a list of years; both ends included, an absent end is open.
fn ages(range: Option<AgeRange>) -> ListRule {
    let Some(range) = range else {
        return ListRule::default();
    };
    let (from, to) = (range.min_age.unwrap_or(0), range.max_age.unwrap_or(OLDEST));
    let include = (from..=to.min(OLDEST)).map(|age| age.to_string()).collect();
    ListRule {
        include,
        exclude: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(targeting: &str, dimension: Dimension, values: &[&str]) -> Result<(), Failed> {
        let rules = Rules::new(&serde_json::from_str(targeting).unwrap());
        let mut facts = Facts::default();
        values.iter().for_each(|it| facts.push(dimension, it));
        rules.check(dimension, &facts)
    }

    #[test]
    fn lists_as_interfaces_md_says() {
        use Dimension::{Age, Country, Interest};
        let age = r#"{"age_range":{"min_age":18,"max_age":35}}"#;
        let young = r#"{"age_range":{"max_age":35}}"#;
        let interests = r#"{"interests":["technology","shopping"]}"#;
        let not_us = r#"{"countries":{"exclude":["US"]}}"#;
        struct Case<'a>(
            &'a str,
            &'a str,
            Dimension,
            &'a [&'a str],
            Result<(), Failed>,
        );
        let cases = [
            Case(
                "any of them",
                interests,
                Interest,
                &["sports", "Shopping"],
                Ok(()),
            ),
            Case(
                "none of them",
                interests,
                Interest,
                &["sports"],
                Err(Failed::NotIncluded),
            ),
            Case(
                "unknown does not match",
                interests,
                Interest,
                &[],
                Err(Failed::NotIncluded),
            ),
            Case("both ends of a range included", age, Age, &["18"], Ok(())),
            Case("both ends of a range included", age, Age, &["35"], Ok(())),
            Case("too young", age, Age, &["17"], Err(Failed::NotIncluded)),
            Case("too old", age, Age, &["36"], Err(Failed::NotIncluded)),
            Case("an open end", young, Age, &["0"], Ok(())),
            Case("unknown age", age, Age, &[], Err(Failed::NotIncluded)),
            Case(
                "excluded, in the other form",
                not_us,
                Country,
                &["USA"],
                Err(Failed::Excluded),
            ),
            Case("unknown is not excluded", not_us, Country, &[], Ok(())),
            Case(
                "empty targeting matches everybody",
                "{}",
                Interest,
                &[],
                Ok(()),
            ),
        ];
        for Case(says, targeting, dimension, values, want) in cases {
            assert_eq!(check(targeting, dimension, values), want, "{says}");
        }
    }
}
