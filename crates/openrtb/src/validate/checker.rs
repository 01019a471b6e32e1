//! Collects findings; the pointer of a place is worked out only when there is something to say.

use super::finding::{Finding, Kind, Report, Rule, Severity};
use super::order::by_place;
use super::rules::reading as rules;
use crate::json::{Pointers, Raw, Span, Str};
use crate::repairs::{RepairKind, Repairs};
use std::cell::OnceCell;
use std::fmt::Display;

/// Where checks put what they find about one JSON text.
pub(crate) struct Checker<'c> {
    body: &'c [u8],
    /// Where the values of the text stand; made for the first finding.
    pointers: OnceCell<Pointers<'c>>,
    /// Pointer of the string that the text was inside of, for native requests and markup.
    outer: Option<String>,
    findings: Vec<Finding>,
    /// Findings beyond [`Report::MOST`].
    omitted: usize,
}

impl<'c> Checker<'c> {
    pub(super) fn new(body: &'c [u8]) -> Self {
        Self {
            body,
            pointers: OnceCell::new(),
            outer: None,
            findings: Vec::new(),
            omitted: 0,
        }
    }

    /// A checker of a text that stands inside a string of this one; see [`Checker::absorb`].
    pub(super) fn inside<'i>(&self, body: &'i [u8], span: Span, attribute: &str) -> Checker<'i> {
        Checker {
            body,
            pointers: OnceCell::new(),
            outer: Some(self.pointer(span, attribute)),
            findings: Vec::new(),
            omitted: 0,
        }
    }

    /// Takes over what was found inside.
    pub(super) fn absorb(&mut self, inner: Checker<'_>) {
        self.omitted += inner.omitted;
        for finding in inner.findings {
            self.push(finding);
        }
    }

    /// The findings in the order of the document, as far as pointers tell, and of one place the
    /// worst first.
    pub(super) fn into_report(mut self, kind: Kind) -> Report {
        self.findings.sort_by(|a, b| {
            by_place(&a.pointer, &b.pointer).then_with(|| b.rule.severity.cmp(&a.rule.severity))
        });
        self.findings.dedup();
        Report {
            kind,
            findings: self.findings,
            omitted: self.omitted,
        }
    }

    fn push(&mut self, finding: Finding) {
        if self.admits(finding.rule) {
            self.findings.push(finding);
        }
    }

    /// Whether one more finding of the rule will be told.
    pub(super) fn has_room(&self, rule: &Rule) -> bool {
        // Errors have room of their own: notices must not hide that a message is not valid.
        let is_error = rule.severity == Severity::Error;
        self.findings.len() < Report::MOST * (1 + usize::from(is_error))
    }

    /// The same, and counts the finding if it will not be.
    fn admits(&mut self, rule: &Rule) -> bool {
        let has_room = self.has_room(rule);
        self.omitted += usize::from(!has_room);
        has_room
    }

    fn pointer_at(&self, offset: usize) -> String {
        let pointers = self.pointers.get_or_init(|| Pointers::new(self.body));
        pointers.at(offset)
    }

    fn pointer(&self, object: Span, attribute: &str) -> String {
        let mut pointer = self.pointer_at(object.start as usize);
        if !attribute.is_empty() {
            pointer.push('/');
            pointer.push_str(attribute);
        }
        pointer
    }

    /// Notes what was found in an attribute (or a path of them) of the object at a span.
    #[cold]
    pub(super) fn note(
        &mut self,
        rule: &'static Rule,
        object: Span,
        attribute: &str,
        found: impl Display,
    ) {
        if self.admits(rule) {
            let pointer = self.pointer(object, attribute);
            self.tell(rule, pointer, &found.to_string());
        }
    }

    /// Tells what there is room for.
    fn tell(&mut self, rule: &'static Rule, pointer: String, found: &str) {
        let (pointer, found) = match &self.outer {
            None => (pointer, found.to_owned()),
            Some(outer) if pointer.is_empty() => (outer.clone(), found.to_owned()),
            Some(outer) => (outer.clone(), format!("at {pointer} inside: {found}")),
        };
        self.findings.push(Finding {
            rule,
            pointer,
            found: cut(found),
        });
    }

    /// Notes an attribute of the object at a span, and how its value is written there.
    #[cold]
    pub(super) fn written(&mut self, rule: &'static Rule, object: Span, attribute: &str) {
        if self.admits(rule) {
            let text = std::str::from_utf8(object.of(self.body)).unwrap_or_default();
            let value = Raw::new(text, object.start).get(attribute);
            let pointer = self.pointer(object, attribute);
            self.tell(
                rule,
                pointer,
                value.map_or("nothing", |value| value.as_str()),
            );
        }
    }

    /// Notes an absent attribute.
    #[cold]
    pub(super) fn missing(&mut self, rule: &'static Rule, object: Span, attribute: &str) {
        self.note(rule, object, attribute, "nothing");
    }

    /// What reading had to repair, each as the rule it stands for; `decides` tells the attributes
    /// that must not be there twice.
    pub(super) fn repairs(&mut self, repairs: &Repairs, decides: fn(&str, &str) -> bool) {
        self.omitted += repairs.total() as usize - repairs.iter().count();
        for repair in repairs {
            let at = repair.at as usize;
            let decisive = || decides(repair.object, repair.field);
            let guards = matches!(
                repair.field,
                "bidfloor" | "bidfloorcur" | "mincpmpersec" | "cur"
            );
            let rule = match repair.kind {
                RepairKind::IntegralFloat
                | RepairKind::NumericString
                | RepairKind::BoolFlag
                | RepairKind::NumberAsText
                | RepairKind::SingleAsArray => &rules::WRONG_TYPE,
                RepairKind::NegativeFloor => &rules::NEGATIVE_FLOOR,
                RepairKind::DroppedField if guards => &rules::UNREADABLE_PRICE,
                RepairKind::DroppedField if repair.field == "ext" => &rules::EXT_NOT_OBJECT,
                RepairKind::DroppedField => &rules::UNREADABLE,
                RepairKind::DroppedElement => &rules::UNREADABLE_ELEMENT,
                RepairKind::DuplicateKey if decisive() => &rules::DECIDING_KEY_TWICE,
                RepairKind::DuplicateKey => &rules::KEY_TWICE,
                RepairKind::Contradiction => &rules::CONTRADICTION,
                // The rule that the object breaks says more, and so do those of exclusions.
                RepairKind::DroppedObject | RepairKind::Exclusive => continue,
            };
            if !self.admits(rule) {
                continue;
            }
            let mut pointer = self.pointer_at(at);
            let found = if repair.kind == RepairKind::DuplicateKey {
                format!("{:?} again", repair.field)
            } else if repair.kind == RepairKind::Contradiction {
                pointer.push('/');
                pointer.push_str(repair.field);
                format!("another {} in ext", repair.field)
            } else {
                format!("{} ({})", self.text_at(at), words(repair.kind))
            };
            self.tell(rule, pointer, &found);
        }
    }

    /// Nulls, and empty texts for numbers, each at its offset.
    pub(super) fn nulls(&mut self, offsets: &[usize]) {
        for at in offsets {
            if self.admits(&rules::NULL) {
                let found = self.text_at(*at);
                self.tell(&rules::NULL, self.pointer_at(*at), &found);
            }
        }
    }

    /// The value at an offset as it is written, cut short.
    fn text_at(&self, at: usize) -> String {
        let end = self.body.len().min(at + 40);
        let text = String::from_utf8_lossy(self.body.get(at..end).unwrap_or_default());
        let quoted = text.starts_with('"');
        let stop = text.char_indices().skip(1).find(|(_, c)| match c {
            '"' => quoted,
            ',' | '}' | ']' | '\n' => !quoted,
            _ => false,
        });
        let end = stop.map_or(text.len(), |(end, _)| end + usize::from(quoted));
        text.get(..end).unwrap_or_default().to_owned()
    }

    /// A language of ISO 639-1 or a tag of BCP 47, and not both.
    pub(super) fn languages(
        &mut self,
        object: Span,
        language: Option<&Str<'_>>,
        langb: Option<&Str<'_>>,
    ) {
        if let (Some(_), Some(_)) = (language, langb) {
            self.note(&rules::LANGUAGE_TWICE, object, "language", "both");
        }
        if let Some(code) = language {
            self.language(object, "language", code);
        }
        if let Some(tag) = langb {
            self.language_tag(object, "langb", tag);
        }
    }

    pub(super) fn language(&mut self, object: Span, attribute: &str, code: &str) {
        if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            self.note(&rules::LANGUAGE_CODE, object, attribute, code);
        }
    }

    pub(super) fn language_tag(&mut self, object: Span, attribute: &str, tag: &str) {
        let mut parts = tag.split('-');
        let primary = parts.next().unwrap_or_default();
        let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
        let legal = (2..=8).contains(&primary.len())
            && letters(primary)
            && parts.all(|part| {
                (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
            });
        if !legal {
            self.note(&rules::LANGB_CODE, object, attribute, tag);
        }
    }

    pub(super) fn keywords(&mut self, object: Span, keywords: bool, kwarray: bool) {
        if keywords && kwarray {
            self.note(&rules::KEYWORDS_TWICE, object, "keywords", "both");
        }
    }

    /// Domains as C-29 wants them; they are compared without regard to case.
    pub(super) fn domains(&mut self, object: Span, attribute: &str, domains: &[Str<'_>]) {
        for (index, domain) in domains.iter().enumerate() {
            if !is_domain(domain) {
                let attribute = format!("{attribute}/{index}");
                self.note(&rules::DOMAIN, object, &attribute, &**domain);
            }
        }
    }

    pub(super) fn domain(&mut self, object: Span, attribute: &str, domain: Option<&Str<'_>>) {
        if let Some(domain) = domain
            && !is_domain(domain)
        {
            self.note(&rules::DOMAIN, object, attribute, &**domain);
        }
    }

    /// Categories in the shape of their taxonomy.
    pub(super) fn categories(
        &mut self,
        object: Span,
        attribute: &str,
        cattax: Option<i32>,
        categories: &[Str<'_>],
    ) {
        for (index, category) in categories.iter().enumerate() {
            let rule = match (cattax.unwrap_or(1), is_iab(category)) {
                (1, false) => &rules::CATEGORY,
                (2..=9, true) => &rules::CATEGORY_TAXONOMY,
                _ => continue,
            };
            self.note(rule, object, &format!("{attribute}/{index}"), &**category);
        }
    }
}

const fn words(kind: RepairKind) -> &'static str {
    match kind {
        RepairKind::IntegralFloat => "a fraction for an integer",
        RepairKind::NumericString => "a string for a number",
        RepairKind::BoolFlag => "true or false for 0 or 1",
        RepairKind::NumberAsText => "a number for a string",
        RepairKind::SingleAsArray => "one value for an array",
        RepairKind::NegativeFloor => "taken as 0",
        RepairKind::DroppedField => "taken as absent",
        RepairKind::DroppedElement => "left out",
        RepairKind::DroppedObject => "dropped",
        RepairKind::DuplicateKey => "again",
        RepairKind::Exclusive => "excluded",
        RepairKind::Contradiction => "contradicted",
    }
}

fn is_domain(domain: &str) -> bool {
    !domain.is_empty()
        && !domain.ends_with('.')
        && !domain.contains([':', '/', '?', '#', '@', '*', ' '])
}

/// Whether it is a code of taxonomy 1: `IAB1` to `IAB26`, with an optional `-n`.
fn is_iab(category: &str) -> bool {
    let Some(rest) = category
        .get(..3)
        .filter(|head| head.eq_ignore_ascii_case("IAB"))
        .and_then(|head| category.get(head.len()..))
    else {
        return false;
    };
    let (tier, part) = rest.split_once('-').unwrap_or((rest, "1"));
    let number = |text: &str| text.parse::<u8>().unwrap_or(0);
    (1..=26).contains(&number(tier)) && number(part) > 0
}

/// At most [`Finding::LONGEST`] characters, the last one telling that there are more.
fn cut(found: String) -> String {
    if found.chars().nth(Finding::LONGEST).is_none() {
        return found;
    }
    let kept = found.chars().take(Finding::LONGEST - 1);
    kept.chain(['…']).collect()
}
