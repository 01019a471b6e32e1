//! All distinct conditions and programs of a catalog, and what one request remembers of them.

use super::program::{Program, Truth};
use super::term::{Condition, Term, View};

/// The distinct terms of a catalog by number, and the programs over them.
#[derive(Debug, Default)]
pub struct Terms {
    pub(super) terms: Vec<Term>,
    pub(super) programs: Vec<Program>,
    /// Per program, whether it may differ from imp to imp.
    pub(super) of_imp: Vec<bool>,
    pub(super) look_at_paths: bool,
}

impl Terms {
    /// How many distinct terms there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether any term looks at a place of the request.
    #[must_use]
    pub const fn look_at_paths(&self) -> bool {
        self.look_at_paths
    }

    /// A program by its number.
    #[must_use]
    pub fn program(&self, number: u32) -> Option<&Program> {
        self.programs.get(number as usize)
    }

    /// Whether a program may differ from imp to imp.
    #[must_use]
    pub fn is_of_imp(&self, program: u32) -> bool {
        self.of_imp.get(program as usize).copied().unwrap_or(false)
    }

    /// What a term is; a number that is none is unknown.
    #[must_use]
    pub fn truth(&self, number: u32, view: &View<'_>) -> Truth {
        self.terms
            .get(number as usize)
            .map_or(Truth::Unknown, |it| it.truth(view))
    }

    /// A term in words, as the catalog writes it.
    #[must_use]
    pub fn words(&self, number: u32) -> &str {
        self.terms.get(number as usize).map_or("", |it| &it.words)
    }

    /// What the request says of a term, in words.
    #[must_use]
    pub fn seen(&self, number: u32, view: &View<'_>) -> String {
        self.terms
            .get(number as usize)
            .map(|it| it.seen(view))
            .unwrap_or_default()
    }

    /// What a program is, without a memory.
    #[must_use]
    pub fn run(&self, program: u32, view: &View<'_>) -> Truth {
        self.program(program).map_or(Truth::Unknown, |it| {
            it.run(|number| self.truth(number, view))
        })
    }

    pub(super) fn add(&mut self, term: Term) -> u32 {
        self.look_at_paths |= matches!(term.condition, Condition::Path(_));
        self.terms.push(term);
        u32::try_from(self.terms.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn add_program(&mut self, program: Program) -> u32 {
        let of_imp = |number: u32| {
            let term = self.terms.get(number as usize);
            term.is_some_and(Term::is_of_imp)
        };
        self.of_imp.push(program.terms().any(of_imp));
        self.programs.push(program);
        u32::try_from(self.programs.len() - 1).unwrap_or(u32::MAX)
    }
}

/// What was found out for one request and imp: each term and program is judged at most once.
#[derive(Debug, Default)]
pub struct Memo {
    /// Per term the age it was judged in, and the truth in the lowest two bits.
    terms: Vec<u32>,
    /// Per program likewise.
    programs: Vec<u32>,
    age: u32,
    request: u32,
    imp: u32,
}

/// Ages take all bits but the two of the truth.
const LAST_AGE: u32 = u32::MAX >> 2;

impl Memo {
    /// Forgets the last request.
    pub fn begin_request(&mut self, terms: &Terms) {
        self.terms.resize(terms.terms.len(), 0);
        self.programs.resize(terms.programs.len(), 0);
        self.request = self.next();
        self.imp = self.request;
    }

    /// Forgets what was of the last imp.
    pub fn begin_imp(&mut self) {
        self.imp = self.next();
    }

    fn next(&mut self) -> u32 {
        if self.age == LAST_AGE {
            self.terms.fill(0);
            self.programs.fill(0);
            self.age = 0;
            // What the request remembered is gone; it is judged again.
            self.request = 1;
            self.age = 1;
        }
        self.age += 1;
        self.age
    }

    /// What a program is.
    pub fn run(&mut self, terms: &Terms, number: u32, view: &View<'_>) -> Truth {
        let age = self.age_of(terms.is_of_imp(number));
        let known = self.programs.get(number as usize).copied();
        if let Some(truth) = known.and_then(|stamp| read(stamp, age)) {
            return truth;
        }
        let Some(program) = terms.program(number) else {
            return Truth::Unknown;
        };
        let truth = program.run(|term| self.truth(terms, term, view));
        if let Some(stamp) = self.programs.get_mut(number as usize) {
            *stamp = write(truth, age);
        }
        truth
    }

    fn truth(&mut self, terms: &Terms, number: u32, view: &View<'_>) -> Truth {
        let Some(term) = terms.terms.get(number as usize) else {
            return Truth::Unknown;
        };
        let age = self.age_of(term.is_of_imp());
        let known = self.terms.get(number as usize).copied();
        if let Some(truth) = known.and_then(|stamp| read(stamp, age)) {
            return truth;
        }
        let truth = term.truth(view);
        if let Some(stamp) = self.terms.get_mut(number as usize) {
            *stamp = write(truth, age);
        }
        truth
    }

    const fn age_of(&self, of_imp: bool) -> u32 {
        if of_imp { self.imp } else { self.request }
    }
}

const fn read(stamp: u32, age: u32) -> Option<Truth> {
    if stamp >> 2 != age {
        return None;
    }
    Some(match stamp & 3 {
        1 => Truth::True,
        2 => Truth::False,
        _ => Truth::Unknown,
    })
}

const fn write(truth: Truth, age: u32) -> u32 {
    age << 2
        | match truth {
            Truth::True => 1,
            Truth::False => 2,
            Truth::Unknown => 3,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_begin_again_without_taking_old_for_new() {
        let mut memo = Memo {
            age: LAST_AGE - 1,
            ..Memo::default()
        };
        memo.terms = vec![write(Truth::True, 2); 3];
        memo.request = memo.next();
        memo.imp = memo.next();
        assert!(
            memo.terms
                .iter()
                .all(|it| read(*it, memo.request).is_none())
        );
        assert_ne!(memo.imp, memo.request);
        assert_ne!(memo.imp, 0);
    }
}
