//! What a check says: the rule, where, and what was found.

use crate::write::JsonWriter;
use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Legal, and worth knowing: an older form, an unknown value, an assumption that readers make.
    Notice,
    /// Readers go on, but some will refuse it or read something else than was meant.
    Warning,
    /// The message, the imp, the bid or the object cannot be used.
    Error,
}

impl Severity {
    /// The name in reports.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// One rule of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Name of the rule, unique: `imp-id-twice`.
    pub name: &'static str,
    /// Its number in the conformance list, such as `C-64`; several rules may share one.
    pub id: &'static str,
    /// How bad it is to break it.
    pub severity: Severity,
    /// Where the standard says so: document and section.
    pub section: &'static str,
    /// The rule in one plain sentence.
    pub sentence: &'static str,
}

/// A rule that a message breaks, or something worth knowing about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// JSON pointer (RFC 6901) of the value, or of where a missing one would stand.
    pub pointer: String,
    /// What was found there, cut to [`Finding::LONGEST`] characters.
    pub found: String,
}

impl Finding {
    /// Characters of what was found.
    pub const LONGEST: usize = 120;
}

/// Which of the two messages it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A bid request.
    Request,
    /// A bid response.
    Response,
}

impl Kind {
    /// The name in reports.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// All that there is to say about one message, in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What the message was taken for.
    pub kind: Kind,
    /// The findings; of one place, the worst first.
    pub findings: Vec<Finding>,
    /// How many there are beyond [`Report::MOST`].
    pub omitted: usize,
}

impl Report {
    /// Findings told of one message, and as many errors again; what comes after them is counted.
    pub const MOST: usize = 1_024;

    /// The worst that was found; `None` for a clean message.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings
            .iter()
            .map(|finding| finding.rule.severity)
            .max()
    }

    /// Whether readers can use all of it: nothing worse than warnings.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.worst() < Some(Severity::Error)
    }

    /// How many findings of a severity there are.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let of = |finding: &&Finding| finding.rule.severity == severity;
        self.findings.iter().filter(of).count()
    }

    /// Writes the report as one JSON object: `kind`, `valid`, `counts` by severity, `findings` with
    /// `id`, `rule`, `severity`, `pointer`, `section`, `message`, `found`, and how many more were
    /// `omitted`.
    pub fn write_json(&self, json: &mut JsonWriter<'_>) {
        json.begin_object();
        json.text("kind", self.kind.label());
        json.raw("valid", if self.is_valid() { "true" } else { "false" });
        json.key("counts");
        json.begin_object();
        for severity in [Severity::Error, Severity::Warning, Severity::Notice] {
            let count = i64::try_from(self.count(severity)).unwrap_or(i64::MAX);
            json.integer(severity.label(), count);
        }
        json.end_object();
        json.key("findings");
        json.begin_array();
        for finding in &self.findings {
            json.begin_object();
            json.text("id", finding.rule.id);
            json.text("rule", finding.rule.name);
            json.text("severity", finding.rule.severity.label());
            json.text("pointer", &finding.pointer);
            json.text("section", finding.rule.section);
            json.text("message", finding.rule.sentence);
            json.text("found", &finding.found);
            json.end_object();
        }
        json.end_array();
        let omitted = i64::try_from(self.omitted).unwrap_or(i64::MAX);
        json.integer("omitted", omitted);
        json.end_object();
    }
}
