//! The tree of conditions: every value spelled, every fault at its place.

use contracts::catalog::{Comparison, Key, MAX_TERMS, PathTest, Test, Tree};

use super::spelling::spell;
use super::{MAX_VALUES, ranges};
use crate::form::Form;

/// Longest path and text of a comparison.
const MAX_TEXT: usize = 512;
/// Most values of one comparison.
const MAX_COMPARED: usize = 1_000;

/// Takes `rule`.
pub(super) fn take(form: &mut Form) -> Option<Tree> {
    let value: serde_json::Value = form.take("rule")?;
    let mut tree = match Tree::read(&value) {
        Ok(tree) => tree,
        Err(faults) => {
            for fault in faults {
                form.refuse_form_at("rule", &fault.pointer, fault.says);
            }
            return None;
        }
    };
    if tree.terms() > MAX_TERMS {
        form.refuse("rule", format!("must have at most {MAX_TERMS} terms"));
        return None;
    }
    tree.visit_mut(&mut |at, node| {
        let mut refuse = |under: &str, says: String| {
            form.refuse_at("rule", &format!("{at}{under}"), says);
        };
        match node {
            Tree::All(parts) if parts.is_empty() => {
                refuse("/all", "must have a condition".to_owned());
            }
            Tree::Any(parts) if parts.is_empty() => {
                refuse("/any", "must have a condition".to_owned());
            }
            Tree::Term(term) => check(&mut term.test, &mut refuse),
            Tree::All(_) | Tree::Any(_) | Tree::Not(_) => {}
        }
    });
    Some(tree)
}

fn check(test: &mut Test, refuse: &mut dyn FnMut(&str, String)) {
    let name = test.key();
    let mut wrong = |place: String, wrong: Option<ranges::Wrong>| {
        if let Some((key, says)) = wrong {
            let slash = if key.is_empty() { "" } else { "/" };
            refuse(&format!("{place}{slash}{key}"), says);
        }
    };
    let place = |index: usize| format!("/{name}/{index}");
    let count = match test {
        Test::OsVersions(list) => list.len(),
        Test::SizeRanges(list) => list.len(),
        Test::Radius(list) => list.len(),
        Test::Visits(list) => list.len(),
        Test::Values { values, .. }
        | Test::Categories { values, .. }
        | Test::Dayparts { values, .. } => values.len(),
        Test::Flag(..) | Test::Age(_) | Test::Path(_) => 1,
    };
    if count == 0 || count > MAX_VALUES {
        let says = format!("must have 1 to {MAX_VALUES} values");
        refuse(&format!("/{name}"), says);
        return;
    }
    match test {
        Test::Values { key, values } => values_of(*key, values, name, refuse),
        Test::Categories { values, cattax } => {
            if *cattax < 1 {
                refuse("/cattax", "must be a category taxonomy of AdCOM".to_owned());
            }
            values_of(Key::Category, values, name, refuse);
        }
        Test::Dayparts { values, .. } => values_of(Key::Daypart, values, name, refuse),
        Test::Flag(..) => {}
        Test::Age(range) => {
            if range.min_age.is_none() && range.max_age.is_none() {
                refuse(&format!("/{name}"), "must have at least one end".to_owned());
            } else {
                wrong(format!("/{name}"), ranges::age(range));
            }
        }
        Test::OsVersions(list) => {
            for (at, it) in list.iter().enumerate() {
                wrong(place(at), ranges::version(it));
            }
        }
        Test::SizeRanges(list) => {
            for (at, it) in list.iter().enumerate() {
                wrong(place(at), ranges::size(it));
            }
        }
        Test::Radius(list) => {
            for (at, it) in list.iter().enumerate() {
                wrong(place(at), ranges::circle(it));
            }
        }
        Test::Visits(list) => {
            for (at, it) in list.iter().enumerate() {
                wrong(place(at), ranges::visits(it));
            }
        }
        Test::Path(test) => path(test, refuse),
    }
}

fn values_of(key: Key, values: &mut Vec<String>, name: &str, refuse: &mut dyn FnMut(&str, String)) {
    let mut spelled: Vec<String> = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        match spell(key, value) {
            Some(value) if spelled.contains(&value) => {}
            Some(value) => spelled.push(value),
            None => {
                let shown: String = value.chars().take(64).collect();
                let says = format!("does not know the value {shown:?}");
                refuse(&format!("/{name}/{index}"), says);
            }
        }
    }
    *values = spelled;
}

fn path(test: &PathTest, refuse: &mut dyn FnMut(&str, String)) {
    let is_pointer = test.path.starts_with('/') && test.path.len() <= MAX_TEXT;
    let escapes = test.path.split('~').skip(1);
    let escaped = escapes.into_iter().all(|it| it.starts_with(['0', '1']));
    if !is_pointer || !escaped {
        let says = "must be a JSON pointer into the request, such as /imp/*/ext/slot";
        refuse("/path", says.to_owned());
    }
    if let Comparison::In(values) = &test.comparison
        && (values.is_empty() || values.len() > MAX_COMPARED)
    {
        refuse("/in", format!("must have 1 to {MAX_COMPARED} values"));
    }
}
