//! A list that mostly has one entry, which then needs no memory of its own.

use std::ops::Deref;
use std::slice;

/// Values of an attribute; read as a slice.
///
/// ```
/// use openrtb::List;
/// let mut list: List<&str> = List::default();
/// list.push("IAB1");
/// list.push("IAB2");
/// assert_eq!(list[..], ["IAB1", "IAB2"]);
/// ```
#[derive(Debug, Clone, Default)]
pub enum List<T> {
    /// No value.
    #[default]
    Empty,
    /// One.
    One(T),
    /// Several; it may have become fewer.
    Many(Vec<T>),
}

impl<T> List<T> {
    /// Appends a value.
    pub fn push(&mut self, value: T) {
        match self {
            Self::Empty => *self = Self::One(value),
            Self::Many(values) => values.push(value),
            Self::One(_) => {
                let Self::One(first) = std::mem::take(self) else {
                    return;
                };
                let mut values = Vec::with_capacity(4);
                values.push(first);
                values.push(value);
                *self = Self::Many(values);
            }
        }
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        *self = Self::Empty;
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Empty => &[],
            Self::One(value) => slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(values: Vec<T>) -> Self {
        Self::Many(values)
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut list = Self::Empty;
        for value in values {
            list.push(value);
        }
        list
    }
}

impl<'l, T> IntoIterator for &'l List<T> {
    type Item = &'l T;
    type IntoIter = slice::Iter<'l, T>;

    fn into_iter(self) -> slice::Iter<'l, T> {
        self.iter()
    }
}
