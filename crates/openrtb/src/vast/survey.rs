//! What screening asks of a document, told in one pass that allocates nothing.

use super::document::{Vast, duration_ms, protocol, resolved, whole_seconds};
use super::scan::attributes;
use crate::enums::Protocol;
use memchr::memchr;
use wide::u8x16;

/// What a VAST or DAAST document says about itself, as [`Vast`] does, without its ads one by one.
#[derive(Debug, Clone)]
pub struct Survey<'m> {
    /// Whether the root is `DAAST` rather than `VAST`.
    pub is_daast: bool,
    /// The root's `version`.
    pub version: Option<&'m str>,
    /// Inline and wrapped ads, at most [`Vast::MOST_ADS`].
    pub ads: usize,
    /// Whether the first ad is a wrapper.
    pub is_wrapper: bool,
    /// Whether a linear creative may be skipped.
    pub is_skippable: bool,
    /// The first `<Duration>` that can be read, in milliseconds.
    pub duration_ms: Option<u32>,
    /// As [`Vast::is_well_formed`].
    pub is_well_formed: bool,
    /// What the ads of a pod tell together, in milliseconds, and whether the open ad is one whose time is to come.
    pod_ms: Option<u32>,
    is_sequenced: bool,
    is_untimed: bool,
    files: [SurveyedFile<'m>; MOST_FILES],
    count: usize,
    verifications: usize,
    verified_by_omid: usize,
}

/// A media file, as far as screening looks at it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SurveyedFile<'m> {
    /// MIME type.
    pub mime: Option<&'m str>,
    /// The interface that it needs.
    pub framework: Option<&'m str>,
}

/// Media files that a survey tells of.
const MOST_FILES: usize = 16;
/// Elements inside one another before the list of open ones allocates.
const SHALLOW: usize = 24;

/// The elements that are open.
struct Open<'m> {
    shallow: [&'m [u8]; SHALLOW],
    depth: usize,
    deep: Vec<&'m [u8]>,
}

impl<'m> Open<'m> {
    fn push(&mut self, name: &'m [u8]) {
        match self.shallow.get_mut(self.depth) {
            Some(slot) => *slot = name,
            None => self.deep.push(name),
        }
        self.depth += 1;
    }

    fn pop(&mut self) -> Option<&'m [u8]> {
        self.depth = self.depth.checked_sub(1)?;
        match self.shallow.get(self.depth) {
            Some(name) => Some(*name),
            None => self.deep.pop(),
        }
    }
}

impl<'m> Survey<'m> {
    /// Reads markup; `None` when its first element is neither `VAST` nor `DAAST`.
    #[must_use]
    pub fn read(markup: &'m str) -> Option<Self> {
        let bytes = markup.as_bytes();
        let mut survey: Option<Self> = None;
        let mut open = Open {
            shallow: [&[]; SHALLOW],
            depth: 0,
            deep: Vec::new(),
        };
        let mut in_duration = false;
        let mut finished = true;
        let mut at = 0;
        while let Some(found) = bytes.get(at..).and_then(next_tag) {
            let start = at + found;
            if in_duration && found > 0 {
                let text = markup.get(at..start).unwrap_or_default();
                survey.as_mut()?.escaped_duration(text);
            }
            let next = bytes.get(start + 1).copied();
            if matches!(next, Some(b'!' | b'?')) {
                let rest = bytes.get(start..).unwrap_or_default();
                let (skip, ending): (usize, &[u8]) = if rest.starts_with(b"<![CDATA[") {
                    (9, b"]]>")
                } else if rest.starts_with(b"<!--") {
                    (4, b"-->")
                } else if rest.starts_with(b"<?") {
                    (2, b"?>")
                } else {
                    (2, b">")
                };
                let from = start + skip;
                let end = end_of(bytes, from, ending);
                if in_duration && skip == 9 {
                    let text = markup.get(from..end.unwrap_or(bytes.len()));
                    survey.as_mut()?.duration(text.unwrap_or_default());
                }
                finished &= end.is_some();
                at = end.map_or(bytes.len(), |end| end + ending.len());
                continue;
            }
            let end = end_of_tag(bytes, start + 1);
            finished &= end.is_some();
            let end = end.unwrap_or(bytes.len());
            at = end + 1;
            let inner = bytes.get(start + 1..end).unwrap_or_default();
            if let [b'/', name @ ..] = inner {
                let name = local(name.trim_ascii());
                in_duration = false;
                if let Some(survey) = &mut survey {
                    survey.is_well_formed &= open.pop() == Some(name);
                }
                continue;
            }
            let slashes = inner.iter().rev().take_while(|byte| **byte == b'/').count();
            let inner = inner.get(..inner.len() - slashes).unwrap_or_default();
            let (name, length) = name_of(inner);
            let of_element = || {
                let from = start + 1 + length;
                markup
                    .get(from..start + 1 + inner.len())
                    .unwrap_or_default()
            };
            match &mut survey {
                None => survey = Some(Self::root(name, of_element())?),
                Some(survey) => {
                    survey.is_well_formed &= open.depth > 0;
                    if survey.ads >= Vast::MOST_ADS && is_ad(name) {
                        return Some(survey.clone());
                    }
                    in_duration = survey.element(name, of_element);
                }
            }
            if slashes == 0 {
                open.push(name);
            }
        }
        let mut survey = survey?;
        if in_duration {
            survey.escaped_duration(markup.get(at..).unwrap_or_default());
        }
        survey.is_well_formed &= open.depth == 0 && finished;
        Some(survey)
    }

    fn root(name: &[u8], of_element: &'m str) -> Option<Self> {
        let is_daast = name.eq_ignore_ascii_case(b"DAAST");
        (is_daast || name.eq_ignore_ascii_case(b"VAST")).then(|| Self {
            is_daast,
            version: attributes(of_element)
                .find(|(key, _)| *key == "version")
                .map(|(_, value)| value),
            ads: 0,
            is_wrapper: false,
            is_skippable: false,
            duration_ms: None,
            is_well_formed: true,
            pod_ms: None,
            is_sequenced: false,
            is_untimed: false,
            files: [SurveyedFile::default(); MOST_FILES],
            count: 0,
            verifications: 0,
            verified_by_omid: 0,
        })
    }

    /// Notes an element; whether its text is a duration.
    fn element(&mut self, name: &[u8], of_element: impl FnOnce() -> &'m str) -> bool {
        if is_ad(name) {
            self.is_wrapper |= self.ads == 0 && name.eq_ignore_ascii_case(b"Wrapper");
            self.ads += 1;
            self.is_untimed = std::mem::take(&mut self.is_sequenced);
            return false;
        }
        if name.eq_ignore_ascii_case(b"Ad") {
            let sequence = attributes(of_element()).find(|(key, _)| *key == "sequence");
            self.is_sequenced =
                sequence.is_some_and(|(_, value)| value.trim().parse::<u32>().is_ok());
            return false;
        }
        // What stands outside of an ad is none of it.
        if self.ads == 0 {
            return false;
        }
        match name.len() {
            6 if name.eq_ignore_ascii_case(b"Linear") => {
                self.is_skippable |= attributes(of_element()).any(|(key, _)| key == "skipoffset");
            }
            8 => return name.eq_ignore_ascii_case(b"Duration"),
            9 | 23
                if name.eq_ignore_ascii_case(b"MediaFile")
                    || name.eq_ignore_ascii_case(b"Mezzanine")
                    || name.eq_ignore_ascii_case(b"InteractiveCreativeFile") =>
            {
                if let Some(file) = self.files.get_mut(self.count) {
                    for (key, value) in attributes(of_element()) {
                        match key {
                            "type" if file.mime.is_none() => file.mime = Some(value),
                            "apiFramework" if file.framework.is_none() => {
                                file.framework = Some(value);
                            }
                            _ => {}
                        }
                    }
                }
                self.count += 1;
            }
            18 if name.eq_ignore_ascii_case(b"JavaScriptResource")
                || name.eq_ignore_ascii_case(b"ExecutableResource") =>
            {
                let by_omid = |(key, value): (&str, &str)| {
                    key == "apiFramework" && value.trim().eq_ignore_ascii_case("omid")
                };
                self.verifications += 1;
                self.verified_by_omid += usize::from(attributes(of_element()).any(by_omid));
            }
            _ => {}
        }
        false
    }

    fn escaped_duration(&mut self, text: &str) {
        if text.as_bytes().contains(&b'&') {
            self.duration(&resolved(text));
        } else {
            self.duration(text);
        }
    }

    fn duration(&mut self, text: &str) {
        if self.duration_ms.is_some() && !self.is_untimed {
            return;
        }
        let told = duration_ms(text.trim());
        if self.duration_ms.is_none() {
            self.duration_ms = told;
        }
        if let Some(told) = told.filter(|_| self.is_untimed) {
            self.pod_ms = Some(self.pod_ms.unwrap_or(0).saturating_add(told));
            self.is_untimed = false;
        }
    }

    /// The media files, interactive ones among them; `None` where there are more than a survey tells of.
    #[must_use]
    pub fn files(&self) -> Option<&[SurveyedFile<'m>]> {
        self.files.get(..self.count)
    }

    /// Whether the ads bring scripts of verification, and each of them runs in OMID alone (VAST 4.1 §3.17).
    #[must_use]
    pub const fn is_verified_by_omid(&self) -> bool {
        self.verifications > 0 && self.verifications == self.verified_by_omid
    }

    /// As [`Vast::total_ms`].
    #[must_use]
    pub fn total_ms(&self) -> Option<u32> {
        self.pod_ms.or(self.duration_ms)
    }

    /// As [`Vast::seconds`].
    #[must_use]
    pub fn seconds(&self) -> Option<i32> {
        whole_seconds(self.total_ms()?)
    }

    /// As [`Vast::protocol`].
    #[must_use]
    pub fn protocol(&self) -> Option<Protocol> {
        protocol(self.is_daast, self.version, self.is_wrapper)
    }
}

fn is_ad(name: &[u8]) -> bool {
    match name.len() {
        6 => name.eq_ignore_ascii_case(b"InLine"),
        7 => name.eq_ignore_ascii_case(b"Wrapper"),
        _ => false,
    }
}

/// Where the next tag begins: most follow the one before without anything between them.
fn next_tag(rest: &[u8]) -> Option<usize> {
    if rest.first() == Some(&b'<') {
        return Some(0);
    }
    memchr(b'<', rest)
}

/// The name that a tag begins with, without its prefix; and its bytes with that.
fn name_of(inner: &[u8]) -> (&[u8], usize) {
    let (mut local, mut length) = (0, 0);
    for byte in inner {
        if byte.is_ascii_whitespace() {
            break;
        }
        length += 1;
        if *byte == b':' {
            local = length;
        }
    }
    (inner.get(local..length).unwrap_or_default(), length)
}

fn local(name: &[u8]) -> &[u8] {
    match name.iter().rposition(|byte| *byte == b':') {
        Some(colon) => name.get(colon + 1..).unwrap_or(name),
        None => name,
    }
}

/// Where `ending`, which ends in `>`, begins.
fn end_of(bytes: &[u8], from: usize, ending: &[u8]) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr(b'>', bytes.get(at..)?)? + 1;
        if bytes.get(from..at)?.ends_with(ending) {
            return at.checked_sub(ending.len());
        }
    }
}

/// The `>` of a tag; one inside quotes is none.
fn end_of_tag(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += first_of(bytes.get(at..)?, |bytes| {
            let quote = bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\''));
            quote | bytes.simd_eq(u8x16::splat(b'>'))
        })?;
        let quote = *bytes.get(at)?;
        if quote == b'>' {
            return Some(at);
        }
        at += 1;
        at += first_of(bytes.get(at..)?, |bytes| bytes.simd_eq(u8x16::splat(quote)))? + 1;
    }
}

/// The first of the bytes that `are` looked for, told by their bits. Tags are short: there is nothing to set up.
#[inline(always)]
fn first_of(bytes: &[u8], are: impl Fn(u8x16) -> u8x16) -> Option<usize> {
    const STEP: usize = 16;
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let chunk = rest.first_chunk::<STEP>().copied().unwrap_or_else(|| {
            // No byte that is looked for is a zero.
            let mut last = [0; STEP];
            last.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
            last
        });
        let found = are(u8x16::new(chunk)).to_bitmask();
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += STEP;
    }
    None
}
