//! A user's interests and segments, taken apart once and used by every request until the profile or the catalog
//! changes: normalising and looking up two hundred texts is dearer than the rest of a request's matching.

use std::sync::Arc;

use contracts::profile::Profile;

use super::places::Places;
use super::{Dimension, Facts, Visit};

/// The lists of one profile as targeting sees them, and which of an index's values they name.
#[derive(Debug)]
pub struct UserFacts {
    text: Box<str>,
    interests: Box<[(usize, usize)]>,
    segments: Box<[(usize, usize)]>,
    /// In the order of the segments.
    visits: Box<[Visit]>,
    places: Places,
    /// Whose values `named` counts.
    lists: Arc<()>,
    /// Interests and segments that line items name, by their number there.
    named: [Box<[u32]>; 2],
}

impl UserFacts {
    /// Takes a profile apart. `number` tells the number of a value in the lists that `lists` stands for, if anybody
    /// names it.
    pub(crate) fn of(
        profile: &Profile,
        lists: &Arc<()>,
        number: impl Fn(Dimension, &str) -> Option<u32>,
    ) -> Self {
        let mut facts = Facts::default();
        facts.push_lists(profile);
        let named = [Dimension::Interest, Dimension::Segment].map(|dimension| {
            let numbers = facts.values(dimension);
            numbers.filter_map(|it| number(dimension, it)).collect()
        });
        let mut spans = |dimension| std::mem::take(facts.span_mut(dimension)).into_boxed_slice();
        let (interests, segments) = (spans(Dimension::Interest), spans(Dimension::Segment));
        Self {
            text: facts.text.into(),
            interests,
            segments,
            visits: facts.visits.into(),
            places: facts.places,
            lists: Arc::clone(lists),
            named,
        }
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        let spans = self.interests.len() + self.segments.len();
        let named = self.named.iter().map(|it| it.len()).sum::<usize>();
        size_of::<Self>()
            + self.text.len()
            + spans * size_of::<(usize, usize)>()
            + self.visits.len() * size_of::<Visit>()
            + named * size_of::<u32>()
            + self.places.size()
    }

    pub(super) fn spans(&self, dimension: Dimension) -> (&str, &[(usize, usize)]) {
        let spans = if dimension == Dimension::Interest {
            &self.interests
        } else {
            &self.segments
        };
        (&self.text, spans)
    }

    pub(super) fn visit(&self, place: usize) -> Option<&Visit> {
        self.visits.get(place)
    }

    pub(super) const fn places(&self) -> &Places {
        &self.places
    }

    pub(super) fn numbers(&self, dimension: Dimension, lists: &Arc<()>) -> Option<&[u32]> {
        if !Arc::ptr_eq(&self.lists, lists) {
            return None;
        }
        let at = usize::from(dimension != Dimension::Interest);
        self.named.get(at).map(|it| &**it)
    }
}
