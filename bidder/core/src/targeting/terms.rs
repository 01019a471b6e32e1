//! All distinct conditions of a catalog, and the programs and steps over them.

use std::sync::Arc;

use super::class::{self, Class};
use super::memo::{Code, FIRST_CLASS, JUDGE};
use super::program::{Program, Truth};
use super::residual::{Residuals, Step, Steps};
use super::term::{Condition, Term, View};
use crate::facts::Dimension;

/// The distinct terms of a catalog by number, and the programs over them.
#[derive(Debug, Default)]
pub struct Terms {
    terms: Vec<Term>,
    programs: Vec<Program>,
    residuals: Residuals,
    look_at_paths: bool,
    classes: Vec<Class>,
    /// The code of each term while nothing is known of it: that of its class.
    blank: Arc<[Code]>,
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
        self.programs.push(program);
        u32::try_from(self.programs.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn add_residual(&mut self, steps: Box<[Step]>) -> u32 {
        self.residuals.add(steps)
    }

    /// Finds the classes, once all terms are there.
    pub(super) fn seal(&mut self) {
        let Self { terms, classes, .. } = self;
        let mut number = |term: &Term| {
            let class = Class::of(term)?;
            let at = classes.iter().position(|it| *it == class);
            let at = at.unwrap_or_else(|| {
                classes.push(class);
                classes.len() - 1
            });
            // Those beyond are judged one by one.
            Code::try_from(at).ok()?.checked_add(FIRST_CLASS)
        };
        self.blank = terms.iter().map(|it| number(it).unwrap_or(JUDGE)).collect();
        terms.shrink_to_fit();
        self.programs.shrink_to_fit();
    }

    pub(super) const fn blank(&self) -> &Arc<[Code]> {
        &self.blank
    }

    pub(super) fn classes(&self) -> impl Iterator<Item = Class> {
        let most = usize::from(Code::MAX - FIRST_CLASS) + 1;
        self.classes.iter().copied().take(most)
    }

    pub(super) fn is_term_of_imp(&self, number: u32) -> bool {
        let term = self.terms.get(number as usize);
        term.is_some_and(Term::is_of_imp)
    }

    /// Hands every value that a term of a class names to `each`, with the term's mark.
    pub(crate) fn marks<'t>(&'t self, mut each: impl FnMut(Dimension, &'t str, u32)) {
        for (number, term) in (0_u32..).zip(&self.terms) {
            class::marks(term, number, &mut each);
        }
    }

    /// Whether a residual may differ from imp to imp.
    pub(crate) fn is_of_imp(&self, residual: u32) -> bool {
        self.residuals
            .terms(residual)
            .any(|term| self.is_term_of_imp(term))
    }

    /// Lays the residuals out in the order in which they are met; answers where each begins. They are not kept
    /// otherwise.
    pub(crate) fn arrange(
        &mut self,
        met: impl Iterator<Item = Option<u32>>,
    ) -> (Steps, Box<[u32]>) {
        std::mem::take(&mut self.residuals).arranged(met)
    }
}
