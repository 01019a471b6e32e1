//! Lists and pointers that strangers make as long as they may be: what came before, what comes first.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::Hash;

/// The keys of a list that came before, kept only for a list too long to be looked through.
pub(super) struct Earlier<K>(Option<HashSet<K>>);

impl<K: Eq + Hash> Earlier<K> {
    /// Of a list of so many elements.
    pub(super) fn of(elements: usize) -> Self {
        const SHORT: usize = 16;
        Self((elements > SHORT).then(HashSet::new))
    }

    /// Whether the key came before; `before` are the keys in front of it.
    pub(super) fn had(&mut self, key: K, mut before: impl Iterator<Item = K>) -> bool {
        match &mut self.0 {
            Some(seen) => !seen.insert(key),
            None => before.any(|other| other == key),
        }
    }
}

/// The order of two pointers: by the first part that differs, indices as numbers.
pub(super) fn by_place(a: &str, b: &str) -> Ordering {
    let same = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let start = a
        .as_bytes()
        .get(..same)
        .and_then(|head| head.iter().rposition(|byte| *byte == b'/'));
    let part = |pointer| {
        let tail = str::get(pointer, start.map_or(0, |slash| slash + 1)..).unwrap_or_default();
        let part = tail.split('/').next().unwrap_or_default();
        (part.parse().unwrap_or(usize::MAX), part)
    };
    part(a).cmp(&part(b)).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_before_in_lists_of_any_length() {
        for length in [2, 16, 17, 40] {
            let keys: Vec<usize> = (0..length).chain([1]).collect();
            let mut earlier = Earlier::of(keys.len());
            let had = |index: usize| keys[..index].iter().copied();
            let told: Vec<bool> = (0..keys.len())
                .map(|index| earlier.had(keys[index], had(index)))
                .collect();
            let last_alone = (0..keys.len()).map(|index| index + 1 == keys.len());
            assert!(last_alone.eq(told), "{length}");
        }
    }

    #[test]
    fn places_in_their_order() {
        let order = [
            "",
            "/a",
            "/a/b",
            "/ab",
            "/imp/2",
            "/imp/2/id",
            "/imp/10",
            "/imp/10/a",
            "/imp/x",
            "/site",
        ];
        for (first, a) in order.iter().enumerate() {
            for (second, b) in order.iter().enumerate() {
                assert_eq!(by_place(a, b), first.cmp(&second), "{a} and {b}");
            }
        }
    }
}
