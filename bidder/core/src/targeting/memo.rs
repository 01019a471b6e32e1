//! What is known of a catalog's terms for one request and imp: each is judged at most once, most of them never.
//!
//! A term of a plain list is false where the request says nothing of the list's values; whoever looks a value up in the
//! postings marks the terms that name it. So what a request costs depends on what it says, not on the catalog.

use std::sync::Arc;

use super::program::Truth;
use super::residual::Steps;
use super::term::View;
use super::terms::Terms;

/// A code of a truth, or above them the number of a class of terms that nobody has judged.
pub(super) type Code = u8;

/// To be judged when it is asked for.
pub(super) const JUDGE: Code = 0;
const TRUE: Code = 1;
const FALSE: Code = 2;
const UNKNOWN: Code = 3;
/// The first class.
pub(super) const FIRST_CLASS: Code = 4;
/// Set in the number of a marked term that is to be judged; else the mark makes it true.
pub(super) const TO_JUDGE: u32 = 1 << 31;

/// What was found out so far; its memory is kept from request to request.
#[derive(Debug)]
pub struct Memo {
    /// Whose terms these are: the code of each term of which nothing is known.
    blank: Arc<[Code]>,
    codes: Vec<Code>,
    /// What each code is; [`JUDGE`] for none.
    meaning: [Code; 256],
    /// Terms whose code is not the blank one, those that differ from imp to imp apart.
    of_request: Vec<u32>,
    of_imp: Vec<u32>,
}

impl Default for Memo {
    fn default() -> Self {
        Self {
            blank: Arc::default(),
            codes: Vec::new(),
            meaning: std::array::from_fn(|code| match code {
                1 => TRUE,
                2 => FALSE,
                3 => UNKNOWN,
                _ => JUDGE,
            }),
            of_request: Vec::new(),
            of_imp: Vec::new(),
        }
    }
}

impl Memo {
    /// Forgets the last request.
    pub(crate) fn begin_request(&mut self, terms: &Terms, view: &View<'_>) {
        let blank = terms.blank();
        if Arc::ptr_eq(blank, &self.blank) {
            forget(&mut self.of_imp, &mut self.codes, blank);
            forget(&mut self.of_request, &mut self.codes, blank);
        } else {
            self.blank = Arc::clone(blank);
            self.codes.clear();
            self.codes.extend_from_slice(blank);
            self.of_imp.clear();
            self.of_request.clear();
        }
        self.mean(terms, view, false);
    }

    /// Forgets what was of the last imp.
    pub(crate) fn begin_imp(&mut self, terms: &Terms, view: &View<'_>) {
        forget(&mut self.of_imp, &mut self.codes, &self.blank);
        self.mean(terms, view, true);
    }

    /// Notes terms that name a value of the request or, if `of_imp`, of the imp.
    pub(crate) fn mark(&mut self, terms: &[u32], of_imp: bool) {
        for mark in terms {
            let code = if mark & TO_JUDGE == 0 { TRUE } else { JUDGE };
            self.put(mark & !TO_JUDGE, code, of_imp);
        }
    }

    /// Whether the steps that begin there hold.
    pub(crate) fn holds(
        &mut self,
        terms: &Terms,
        steps: &Steps,
        start: u32,
        view: &View<'_>,
    ) -> bool {
        steps.hold(start, |term| self.truth(terms, term, view))
    }

    #[inline]
    fn truth(&mut self, terms: &Terms, term: u32, view: &View<'_>) -> Truth {
        let code = self.codes.get(term as usize).copied().unwrap_or(UNKNOWN);
        // A code is one of 256.
        match self.meaning[usize::from(code)] {
            TRUE => Truth::True,
            FALSE => Truth::False,
            UNKNOWN => Truth::Unknown,
            _ => self.judge(terms, term, view),
        }
    }

    #[cold]
    fn judge(&mut self, terms: &Terms, term: u32, view: &View<'_>) -> Truth {
        let truth = terms.truth(term, view);
        self.put(term, code(truth), terms.is_term_of_imp(term));
        truth
    }

    fn put(&mut self, term: u32, code: Code, of_imp: bool) {
        if let Some(known) = self.codes.get_mut(term as usize) {
            *known = code;
            let changed = if of_imp {
                &mut self.of_imp
            } else {
                &mut self.of_request
            };
            changed.push(term);
        }
    }

    fn mean(&mut self, terms: &Terms, view: &View<'_>, of_imp: bool) {
        for (at, class) in (FIRST_CLASS..).zip(terms.classes()) {
            if class.is_of_imp() == of_imp {
                self.meaning[usize::from(at)] = code(class.truth(view.facts));
            }
        }
    }
}

fn forget(changed: &mut Vec<u32>, codes: &mut [Code], blank: &[Code]) {
    for term in changed.drain(..) {
        let term = term as usize;
        if let Some((code, blank)) = codes.get_mut(term).zip(blank.get(term)) {
            *code = *blank;
        }
    }
}

const fn code(truth: Truth) -> Code {
    match truth {
        Truth::True => TRUE,
        Truth::False => FALSE,
        Truth::Unknown => UNKNOWN,
    }
}
