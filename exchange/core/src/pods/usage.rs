//! What is left of a pod while ads are put into it.

use super::layout::{Break, Layout, Place, Wish};

/// What is left of a pod.
#[derive(Debug, Clone)]
pub(super) struct Usage {
    slots: Vec<bool>,
    breaks: Vec<(Break, Ends)>,
}

/// How many ads of a break want one of its ends.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    first: u32,
    last: u32,
    either: u32,
}

impl Usage {
    pub(super) fn of(layout: &Layout) -> Self {
        Self {
            slots: vec![false; layout.slots],
            breaks: layout
                .breaks
                .iter()
                .map(|left| (*left, Ends::default()))
                .collect(),
        }
    }

    /// Takes a place, if it is free.
    pub(super) fn take(&mut self, place: Place) -> bool {
        match place {
            Place::Slot(slot) => {
                let free = self.slots.get_mut(slot).filter(|taken| !**taken);
                free.map(|taken| *taken = true).is_some()
            }
            Place::Break {
                index,
                seconds,
                wish,
            } => {
                let Some((left, ends)) = self.breaks.get_mut(index) else {
                    return false;
                };
                let mut wanted = *ends;
                let ends_fit = wanted.want(wish);
                let after = left
                    .seconds
                    .checked_sub(seconds)
                    .zip(left.ads.checked_sub(1));
                match after.filter(|_| ends_fit) {
                    Some((seconds, ads)) => {
                        *left = Break { seconds, ads };
                        *ends = wanted;
                        true
                    }
                    None => false,
                }
            }
        }
    }
}

impl Usage {
    /// Whether there is room for one ad when another has left.
    pub(super) fn has_room(&self, into: Place, out: Place) -> bool {
        match (into, out) {
            (Place::Slot(slot), out) => {
                let taken = self.slots.get(slot).copied();
                taken.is_some_and(|taken| !taken || out == Place::Slot(slot))
            }
            (
                Place::Break {
                    index,
                    seconds,
                    wish,
                },
                out,
            ) => {
                let Some((mut left, mut ends)) = self.breaks.get(index).copied() else {
                    return false;
                };
                if let Place::Break {
                    index: other,
                    seconds,
                    wish,
                } = out
                    && other == index
                {
                    left.seconds = left.seconds.saturating_add(seconds);
                    left.ads = left.ads.saturating_add(1);
                    ends.give_back(wish);
                }
                ends.want(wish) && left.seconds >= seconds && left.ads >= 1
            }
        }
    }
}

impl Ends {
    /// Notes a wish; whether all can be granted.
    const fn want(&mut self, wish: Wish) -> bool {
        match wish {
            Wish::Any => {}
            Wish::First => self.first += 1,
            Wish::Last => self.last += 1,
            Wish::FirstOrLast => self.either += 1,
        }
        self.first <= 1 && self.last <= 1 && self.first + self.last + self.either <= 2
    }

    const fn give_back(&mut self, wish: Wish) {
        match wish {
            Wish::Any => {}
            Wish::First => self.first = self.first.saturating_sub(1),
            Wish::Last => self.last = self.last.saturating_sub(1),
            Wish::FirstOrLast => self.either = self.either.saturating_sub(1),
        }
    }
}
