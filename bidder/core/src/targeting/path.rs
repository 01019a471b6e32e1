//! The slow path: a typed comparison on any place of the request.

use contracts::catalog::{Comparison, PathTest, Scalar};
use openrtb::Raw;

use super::Truth;

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// A member's name, or an element's number.
    Named(Box<str>),
    /// Any element.
    Any,
}

/// A comparison whose path is taken apart.
#[derive(Debug, Clone)]
pub(super) struct Path {
    steps: Box<[Step]>,
    test: PathTest,
}

/// What was met on the way.
#[derive(Default)]
struct Met {
    /// A value stands there.
    is_there: bool,
    /// One for which the comparison holds.
    holds: bool,
}

impl Path {
    pub(super) fn new(test: &PathTest) -> Self {
        let step = |token: &str| match token {
            "*" => Step::Any,
            name => Step::Named(name.replace("~1", "/").replace("~0", "~").into()),
        };
        Self {
            steps: test.path.split('/').skip(1).map(step).collect(),
            test: test.clone(),
        }
    }

    /// What the comparison says of a request; unknown where nothing stands at the place.
    pub(super) fn truth(&self, request: Option<Raw<'_>>) -> Truth {
        let Some(request) = request else {
            return Truth::Unknown;
        };
        let mut met = Met::default();
        self.visit(request, &self.steps, &mut met);
        match self.test.comparison {
            Comparison::Exists(wanted) => Truth::of(met.is_there == wanted),
            Comparison::Equals(_)
            | Comparison::In(_)
            | Comparison::Less(_)
            | Comparison::Greater(_)
            | Comparison::Contains(_)
                if !met.is_there =>
            {
                Truth::Unknown
            }
            Comparison::Equals(_)
            | Comparison::In(_)
            | Comparison::Less(_)
            | Comparison::Greater(_)
            | Comparison::Contains(_) => Truth::of(met.holds),
        }
    }

    /// Paths are as deep as their text is long, which the control plane bounds; requests are bounded too.
    fn visit(&self, value: Raw<'_>, steps: &[Step], met: &mut Met) {
        if met.holds {
            return;
        }
        let Some((step, rest)) = steps.split_first() else {
            // C-25: null equals absent.
            if value.as_str() != "null" {
                met.is_there = true;
                met.holds = holds(&self.test.comparison, value);
            }
            return;
        };
        let is_array = value.as_str().starts_with('[');
        match step {
            Step::Any => {
                for element in value.elements() {
                    self.visit(element, rest, met);
                }
            }
            Step::Named(name) if is_array => {
                let place: Option<usize> = name.parse().ok();
                let element = place.and_then(|it| value.elements().into_iter().nth(it));
                if let Some(element) = element {
                    self.visit(element, rest, met);
                }
            }
            Step::Named(name) => {
                if let Some(member) = value.get(name) {
                    self.visit(member, rest, met);
                }
            }
        }
    }
}

fn holds(comparison: &Comparison, value: Raw<'_>) -> bool {
    let number = |limit: &contracts::catalog::Number, is: fn(std::cmp::Ordering) -> bool| {
        Number::read(value.as_str())
            .and_then(|it| it.against(Number::of(limit)))
            .is_some_and(is)
    };
    match comparison {
        Comparison::Equals(wanted) => equals(value, wanted),
        Comparison::In(wanted) => wanted.iter().any(|it| equals(value, it)),
        Comparison::Less(limit) => number(limit, std::cmp::Ordering::is_lt),
        Comparison::Greater(limit) => number(limit, std::cmp::Ordering::is_gt),
        Comparison::Exists(_) => true,
        Comparison::Contains(part) => match part {
            Scalar::Text(part) if value.as_str().starts_with('"') => value
                .to_text()
                .is_some_and(|text| text.contains(part.as_str())),
            Scalar::Bool(_) | Scalar::Number(_) | Scalar::Text(_) => {
                value.elements().into_iter().any(|it| equals(it, part))
            }
        },
    }
}

fn equals(value: Raw<'_>, wanted: &Scalar) -> bool {
    let text = value.as_str();
    match wanted {
        Scalar::Bool(wanted) => text == if *wanted { "true" } else { "false" },
        Scalar::Number(wanted) => Number::read(text)
            .and_then(|it| it.against(Number::of(wanted)))
            .is_some_and(std::cmp::Ordering::is_eq),
        Scalar::Text(wanted) => {
            text.starts_with('"') && value.to_text().is_some_and(|it| *it == **wanted)
        }
    }
}

/// A JSON number; whole ones are compared exactly.
#[derive(Clone, Copy)]
enum Number {
    Whole(i64),
    Other(f64),
}

impl Number {
    fn read(text: &str) -> Option<Self> {
        let begins = text.bytes().next()?;
        if !begins.is_ascii_digit() && begins != b'-' {
            return None;
        }
        match text.parse() {
            Ok(whole) => Some(Self::Whole(whole)),
            Err(_) => text.parse().ok().map(Self::Other),
        }
    }

    fn of(number: &contracts::catalog::Number) -> Self {
        match number.as_i64() {
            Some(whole) => Self::Whole(whole),
            None => Self::Other(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    fn against(self, other: Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            (a, b) => a.float().partial_cmp(&b.float()),
        }
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "a whole number is compared with one that is not"
    )]
    const fn float(self) -> f64 {
        match self {
            Self::Whole(it) => it as f64,
            Self::Other(it) => it,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_typed() {
        const REQUEST: &str = r#"{"id":"r","imp":[{"ext":{"slot":3,"tags":["a","b"]}},{"ext":{"slot":7.5}}],
            "device":{"lmt":0,"js":true,"a/b":"x","big":9007199254740993,"none":null},"badv":["a.example"]}"#;
        use Truth::{False, True, Unknown};
        let cases = [
            ("/id", r#"{"equals":"r"}"#, True),
            ("/id", r#"{"equals":1}"#, False),
            ("/imp/*/ext/slot", r#"{"equals":7.5}"#, True),
            ("/imp/*/ext/slot", r#"{"equals":"3"}"#, False),
            ("/imp/0/ext/slot", r#"{"greater":3}"#, False),
            ("/imp/1/ext/slot", r#"{"greater":3}"#, True),
            ("/imp/*/ext/slot", r#"{"less":3}"#, False),
            ("/imp/2/ext/slot", r#"{"less":3}"#, Unknown),
            ("/imp/*/ext/tags", r#"{"contains":"b"}"#, True),
            ("/imp/*/ext/tags/*", r#"{"in":["c","b"]}"#, True),
            ("/badv/0", r#"{"contains":"example"}"#, True),
            ("/device/js", r#"{"equals":true}"#, True),
            ("/device/lmt", r#"{"equals":false}"#, False),
            ("/device/a~1b", r#"{"equals":"x"}"#, True),
            ("/device/big", r#"{"equals":9007199254740992}"#, False),
            ("/device/none", r#"{"exists":true}"#, False),
            ("/device/none", r#"{"equals":"x"}"#, Unknown),
            ("/user", r#"{"exists":false}"#, True),
            ("/device", r#"{"exists":true}"#, True),
            ("", r#"{"exists":true}"#, True),
        ];
        let request = Raw::parse(REQUEST).unwrap();
        for (path, test, want) in cases {
            let mut term: serde_json::Value = serde_json::from_str(test).unwrap();
            term["path"] = path.into();
            let tree: contracts::catalog::Tree = serde_json::from_value(term).unwrap();
            let contracts::catalog::Tree::Term(term) = tree else {
                panic!("{path}")
            };
            let contracts::catalog::Test::Path(test) = term.test else {
                panic!("{path}")
            };
            let path = Path::new(&test);
            assert_eq!(path.truth(Some(request)), want, "{test:?}");
            assert_eq!(path.truth(None), Unknown);
        }
    }
}
