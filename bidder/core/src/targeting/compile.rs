//! From the catalog's words to values in rising order, numbered terms and programs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use contracts::catalog::{
    self, AgeRange, Clock, Flag, Key, ListKind, MAX_TERMS, Targeting, Test, Tree, Unknown,
    VersionRange,
};

use super::implied::Implied;
use super::joined::{Joined, by_cost, moved};
use super::narrowed::takes_all;
use super::path::Path;
use super::program::{Op, Program};
use super::term::{Condition, Term, Versions, Visited};
use super::terms::Terms;
use super::version::Version;
use super::{Rules, Values, Words};
use crate::daypart::WeekHours;
use crate::eligibility::Ineligible;
use crate::facts::{Dimension, flag, push_taxonomy};
use crate::index::{Quick, SharedLists};

/// Oldest age that is targeted; anybody said to be older is unknown.
const OLDEST: u8 = 130;

/// Why a line item is left out.
pub(super) type Refusal = &'static str;

/// Numbers the distinct terms and programs of a catalog.
#[derive(Debug)]
pub struct Compiler<'s> {
    shared: &'s SharedLists,
    terms: Terms,
    /// Terms by what they ask; day parts of a campaign also by its time zone.
    numbers: HashMap<(catalog::Term, Option<usize>), u32>,
    programs: HashMap<Program, u32>,
    words: HashSet<Arc<str>, BuildHasherDefault<Quick>>,
    lists: HashSet<Words, BuildHasherDefault<Quick>>,
    /// A value as it is normalised.
    normal: String,
    /// All ages in the order of their texts.
    ages: Vec<(u8, Arc<str>)>,
}

impl<'s> Compiler<'s> {
    /// A compiler for one catalog, with the shared lists that are here.
    #[must_use]
    pub fn new(shared: &'s SharedLists) -> Self {
        Self {
            shared,
            terms: Terms::default(),
            numbers: HashMap::new(),
            programs: HashMap::new(),
            words: HashSet::default(),
            lists: HashSet::default(),
            normal: String::new(),
            ages: Vec::new(),
        }
    }

    /// All terms and programs.
    #[must_use]
    pub fn finish(mut self) -> Terms {
        self.terms.seal();
        self.terms
    }

    /// What one line item asks, in the time zone of its campaign.
    ///
    /// # Errors
    /// What in it cannot be read, or is too much.
    pub fn rules(&mut self, targeting: &Targeting, zone: usize) -> Result<Rules, Refusal> {
        let mut rules = Rules {
            lists: self.lists(targeting),
            clock: targeting.dayparts_in,
            ..Rules::default()
        };
        let dayparts = &targeting.dayparts;
        if !dayparts.include.is_empty() {
            rules.hours = Some(WeekHours::read(&dayparts.include));
        }
        rules.not_hours = WeekHours::read(&dayparts.exclude);
        let mut named: Vec<&str> = Vec::new();
        let lists = &targeting.lists;
        named.extend(
            lists
                .include
                .iter()
                .chain(&lists.exclude)
                .map(String::as_str),
        );

        let mut keys = Vec::new();
        let mut implied = Implied::default();
        let mut hoisted = BTreeMap::new();
        for (reason, test) in flat_keys(targeting) {
            let term = catalog::Term {
                test,
                unknown: Unknown::Unknown,
            };
            implied.and(self.implied(&Tree::Term(term.clone())));
            keys.push((reason, self.term(term, zone)?));
        }
        rules.keys = keys.into();
        let mut rest = Vec::new();
        if let Some(tree) = &targeting.rule {
            if tree.terms() > MAX_TERMS {
                return Err("its rule has more than 64 terms");
            }
            lists_named(tree, &mut named);
            let mut whole = Vec::new();
            self.emit(tree, zone, &mut whole)?;
            rules.tree = Some(self.program(whole));
            self.hoist(tree, &rules.lists, &mut hoisted, &mut rest);
            for part in &rest {
                implied.and(self.implied(part));
            }
        }
        for (dimension, words) in implied.into_lists() {
            if takes_all(&rules.lists, dimension) {
                hoisted.entry(dimension).or_insert(words);
            }
        }
        rules.hoisted = hoisted.into_iter().collect();
        let residual = self.residual(&rules.keys, &rest, zone)?;
        rules.residual = residual.map(|steps| self.terms.add_residual(steps));
        rules.pending = named.iter().any(|id| self.shared.kind(id).is_none());
        Ok(rules)
    }

    fn lists(&mut self, targeting: &Targeting) -> Box<[(Dimension, Values)]> {
        let mut lists = Vec::new();
        // Sizes and formats narrow what is shown (`Item::shapes`), day parts are looked at by the schedule.
        let shown = [Key::Size, Key::Format];
        let keys = Key::ALL.iter().filter(|key| !shown.contains(key));
        for (key, dimension) in keys.filter_map(|key| Some((*key, Dimension::of(*key)?))) {
            let rule = targeting.list(key);
            if rule.is_empty() {
                continue;
            }
            let cattax = targeting.cattax.unwrap_or(1);
            let values = Values {
                include: self.words(dimension, &rule.include, cattax),
                exclude: self.words(dimension, &rule.exclude, cattax),
            };
            lists.push((dimension, values));
        }
        if let Some(range) = targeting.age_range {
            let include = self.ages(range);
            lists.push((
                Dimension::Age,
                Values {
                    include,
                    exclude: Words::default(),
                },
            ));
        }
        let flags = [
            (Flag::Interstitial, targeting.interstitial),
            (Flag::Rewarded, targeting.rewarded),
            (Flag::Skippable, targeting.skippable),
            (Flag::InPod, targeting.in_pod),
        ];
        for (name, set) in flags {
            if let Some(set) = set {
                let include = self.flag(set);
                let values = Values {
                    include,
                    exclude: Words::default(),
                };
                lists.push((Dimension::of_flag(name), values));
            }
        }
        lists.into()
    }

    /// A term that the postings of one dimension decide.
    pub(super) fn plain_list(&mut self, test: &Test) -> Option<(Dimension, Words)> {
        match test {
            Test::Values { key, values } => {
                let dimension = Dimension::of(*key)?;
                Some((dimension, self.words(dimension, values, 1)))
            }
            Test::Categories { values, cattax } => Some((
                Dimension::Category,
                self.words(Dimension::Category, values, *cattax),
            )),
            Test::Flag(name, set) => Some((Dimension::of_flag(*name), self.flag(*set))),
            Test::Age(range) => Some((Dimension::Age, self.ages(*range))),
            Test::Dayparts { .. }
            | Test::OsVersions(_)
            | Test::SizeRanges(_)
            | Test::Radius(_)
            | Test::Visits(_)
            | Test::Path(_) => None,
        }
    }

    fn emit(&mut self, tree: &Tree, zone: usize, ops: &mut Vec<Op>) -> Result<(), Refusal> {
        match tree {
            Tree::Term(term) => ops.push(Op::Term(self.term(term.clone(), zone)?)),
            Tree::Not(part) => {
                self.emit(part, zone, ops)?;
                ops.push(Op::Not);
            }
            Tree::All(parts) | Tree::Any(parts) => {
                let (join, empty) = match tree {
                    Tree::Any(_) => (Op::Or, Op::False),
                    Tree::All(_) | Tree::Not(_) | Tree::Term(_) => (Op::And, Op::True),
                };
                let mut joined = Joined::new(join);
                for part in by_cost(parts) {
                    let mut own = Vec::new();
                    self.emit(part, zone, &mut own)?;
                    joined.push(&own);
                }
                if parts.is_empty() {
                    ops.push(empty);
                } else {
                    let at = u32::try_from(ops.len()).unwrap_or(u32::MAX);
                    ops.extend(joined.finish().iter().map(|op| moved(*op, at)));
                }
            }
        }
        Ok(())
    }

    fn program(&mut self, ops: Vec<Op>) -> u32 {
        let program = Program(ops.into());
        if let Some(number) = self.programs.get(&program) {
            return *number;
        }
        let number = self.terms.add_program(program.clone());
        self.programs.insert(program, number);
        number
    }

    pub(super) fn term(&mut self, term: catalog::Term, zone: usize) -> Result<u32, Refusal> {
        let own_hours = matches!(
            &term.test,
            Test::Dayparts {
                clock: Clock::Campaign,
                ..
            }
        );
        let zone = own_hours.then_some(zone);
        let key = (term, zone);
        if let Some(number) = self.numbers.get(&key) {
            return Ok(*number);
        }
        let (term, _) = &key;
        let compiled = Term {
            condition: self.condition(&term.test, zone)?,
            unknown_matches: term.unknown == Unknown::Match,
            words: Tree::Term(term.clone()).to_string().into(),
        };
        let number = self.terms.add(compiled);
        self.numbers.insert(key, number);
        Ok(number)
    }

    fn condition(&mut self, test: &Test, zone: Option<usize>) -> Result<Condition, Refusal> {
        if let Test::Values {
            key: Key::List,
            values,
        } = test
        {
            let kinds = values.iter().filter_map(|id| self.shared.kind(id));
            let mut distinct: Vec<ListKind> = Vec::new();
            for kind in kinds {
                if !distinct.contains(&kind) {
                    distinct.push(kind);
                }
            }
            let words = self.words(Dimension::List, values, 1);
            return Ok(Condition::Lists(words, distinct.into()));
        }
        if let Test::Categories { values, cattax } = test {
            let words = self.words(Dimension::Category, values, *cattax);
            return Ok(Condition::Categories(words, *cattax));
        }
        if let Some((dimension, words)) = self.plain_list(test) {
            return Ok(Condition::Values(dimension, words));
        }
        Ok(match test {
            Test::Dayparts { values, .. } => Condition::Hours(WeekHours::read(values), zone),
            Test::OsVersions(ranges) => {
                let ranges: Result<_, _> = ranges.iter().map(|it| self.versions(it)).collect();
                Condition::Versions(ranges?)
            }
            Test::SizeRanges(ranges) => Condition::Sizes(ranges.clone().into()),
            Test::Radius(circles) => Condition::Circles(circles.clone().into()),
            Test::Visits(visits) => {
                let visited = |it: &catalog::Visits| Visited {
                    segment: self.normalised(Dimension::Segment, it.segment.as_str(), 1),
                    within: it.within,
                    at_least: it.at_least,
                };
                Condition::Visits(visits.iter().map(visited).collect())
            }
            Test::Path(path) => Condition::Path(Box::new(Path::new(path))),
            Test::Values { .. } | Test::Categories { .. } | Test::Flag(..) | Test::Age(_) => {
                return Err("its rule asks what cannot be asked");
            }
        })
    }

    fn versions(&mut self, range: &VersionRange) -> Result<Versions, Refusal> {
        let version = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => Version::parse(text)
                .map(Some)
                .ok_or("a version that it names cannot be read"),
        };
        Ok(Versions {
            os: self.normalised(Dimension::Os, &range.os, 1),
            min: version(&range.min)?,
            max: version(&range.max)?,
        })
    }

    fn words(&mut self, dimension: Dimension, texts: &[String], cattax: i32) -> Words {
        let words = texts
            .iter()
            .map(|it| self.normalised(dimension, it, cattax));
        let mut words: Vec<_> = words.collect();
        words.sort_unstable();
        words.dedup();
        self.listed(&words)
    }

    /// The one copy of a list of values.
    pub(super) fn listed(&mut self, words: &[Arc<str>]) -> Words {
        if let Some(list) = self.lists.get(words) {
            return Arc::clone(list);
        }
        let list: Words = words.into();
        self.lists.insert(Arc::clone(&list));
        list
    }

    pub(super) fn normalised(&mut self, dimension: Dimension, text: &str, cattax: i32) -> Arc<str> {
        let mut out = std::mem::take(&mut self.normal);
        out.clear();
        if dimension == Dimension::Category {
            push_taxonomy(cattax, &mut out);
        }
        dimension.normalise(text, &mut out);
        let word = self.word(&out);
        self.normal = out;
        word
    }

    /// A range of ages as years; both ends included, an absent end is open.
    fn ages(&mut self, range: AgeRange) -> Words {
        if self.ages.is_empty() {
            self.ages = (0..=OLDEST)
                .map(|age| (age, self.word(&age.to_string())))
                .collect();
            self.ages.sort_unstable_by(|a, b| a.1.cmp(&b.1));
        }
        let range = range.min_age.unwrap_or(0)..=range.max_age.unwrap_or(OLDEST);
        let years = self.ages.iter().filter(|(age, _)| range.contains(age));
        let years: Vec<_> = years.map(|(_, year)| Arc::clone(year)).collect();
        self.listed(&years)
    }

    fn flag(&mut self, set: bool) -> Words {
        let word = self.word(flag(set));
        self.listed(&[word])
    }

    /// The one copy of a value.
    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(word) = self.words.get(text) {
            return Arc::clone(word);
        }
        let word: Arc<str> = text.into();
        self.words.insert(Arc::clone(&word));
        word
    }
}

fn lists_named<'t>(tree: &'t Tree, named: &mut Vec<&'t str>) {
    match tree {
        Tree::All(parts) | Tree::Any(parts) => parts.iter().for_each(|it| lists_named(it, named)),
        Tree::Not(part) => lists_named(part, named),
        Tree::Term(term) => {
            if let Test::Values {
                key: Key::List,
                values,
            } = &term.test
            {
                named.extend(values.iter().map(String::as_str));
            }
        }
    }
}

/// Flat keys that are no lists, as terms.
fn flat_keys(targeting: &Targeting) -> impl Iterator<Item = (Ineligible, Test)> {
    let versions = Test::OsVersions(targeting.os_versions.clone());
    let sizes = Test::SizeRanges(targeting.size_ranges.clone());
    let radius = Test::Radius(targeting.radius.clone());
    let visits = Test::Visits(targeting.visits.clone());
    [
        (
            !targeting.os_versions.is_empty(),
            Ineligible::OsVersion,
            versions,
        ),
        (
            !targeting.size_ranges.is_empty(),
            Ineligible::SizeRange,
            sizes,
        ),
        (!targeting.radius.is_empty(), Ineligible::Radius, radius),
        (!targeting.visits.is_empty(), Ineligible::Visits, visits),
    ]
    .into_iter()
    .filter(|it| it.0)
    .map(|(_, reason, test)| (reason, test))
}
