//! A walk over every attribute of every object, for the rules that hold for all of them.

use super::checker::Checker;
use super::rules::reading::{NULL, UNKNOWN_ATTRIBUTE, UNKNOWN_VALUE};
use super::rules::request::AUDIO_ATTRIBUTE;
use crate::json::{Raw, Span, Str};
use crate::list::List;
use crate::markup::Markup;
use crate::request::Audio;
use crate::response::{BadBid, Bid, Price};
use units::{CpmMicros, Currency, Multiplier};

/// What can be walked over.
pub(crate) trait Walk {
    /// Tells the walker of everything inside.
    fn walk(&self, walker: &mut Walker<'_>);
}

/// Notes unknown attributes and values on a walk.
pub(crate) struct Walker<'w> {
    note: &'w mut dyn FnMut(Remark<'_>),
    object: Span,
    attribute: &'static str,
}

/// What a walk comes upon.
enum Remark<'r> {
    Attribute {
        object: Span,
        name: &'r str,
        value: Raw<'r>,
        known: &'static [&'static str],
    },
    Value {
        object: Span,
        attribute: &'static str,
        value: i32,
        list: &'static str,
    },
}

/// Walks over a message.
pub(super) fn walk(message: &impl Walk, checker: &mut Checker<'_>) {
    let mut walker = Walker {
        note: &mut |remark| tell(checker, &remark),
        object: Span::default(),
        attribute: "",
    };
    message.walk(&mut walker);
}

/// What video has and audio has not (C-86).
const OF_VIDEO: [&str; 9] = [
    "w",
    "h",
    "pos",
    "skip",
    "skipmin",
    "skipafter",
    "placement",
    "linearity",
    "playbackmethod",
];

#[cold]
fn tell(checker: &mut Checker<'_>, remark: &Remark<'_>) {
    match remark {
        Remark::Attribute {
            object,
            name,
            value,
            ..
        } if value.as_str() == "null" => {
            checker.note(&NULL, *object, name, "null");
        }
        Remark::Attribute {
            object,
            name,
            known,
            ..
        } if OF_VIDEO.contains(name) && *known == Audio::ATTRIBUTES => {
            checker.note(&AUDIO_ATTRIBUTE, *object, name, "an attribute of video");
        }
        Remark::Attribute {
            object,
            name,
            known,
            ..
        } if !checker.has_room(&UNKNOWN_ATTRIBUTE) => {
            checker.note(&UNKNOWN_ATTRIBUTE, *object, name, "");
        }
        Remark::Attribute {
            object,
            name,
            known,
            ..
        } => {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            let found = match nearest(name, known) {
                Some(meant) => format!("{name:?}; {meant:?} may be meant"),
                None => format!("{name:?}"),
            };
            checker.note(&UNKNOWN_ATTRIBUTE, *object, &escaped, found);
        }
        Remark::Value {
            object,
            attribute,
            value,
            list,
        } => {
            checker.note(
                &UNKNOWN_VALUE,
                *object,
                attribute,
                format!("{value} ({list})"),
            );
        }
    }
}

impl Walker<'_> {
    /// An object begins.
    #[inline]
    pub(crate) fn object(
        &mut self,
        span: Span,
        known: &'static [&'static str],
        extra: &[(Str<'_>, Raw<'_>)],
    ) {
        for (name, value) in extra {
            (self.note)(Remark::Attribute {
                object: span,
                name,
                value: *value,
                known,
            });
        }
    }

    /// An attribute of an object comes next.
    #[inline]
    pub(crate) fn attribute(&mut self, object: Span, name: &'static str) {
        self.object = object;
        self.attribute = name;
    }

    /// A value of one of the standard's lists.
    #[inline]
    pub(crate) fn value(&mut self, value: i32, is_known: bool, list: &'static str) {
        // Seconds stand beside the names of one list, and GPP's sections are an open one; from 500
        // on values are the partners' own.
        let is_open = matches!(list, "StartDelay" | "GppSection") && value > 0;
        if !is_known && !is_open && value < 500 {
            (self.note)(Remark::Value {
                object: self.object,
                attribute: self.attribute,
                value,
                list,
            });
        }
    }
}

macro_rules! leaves {
    ($($leaf:ty),*) => {$(
        impl Walk for $leaf {
            #[inline]
            fn walk(&self, _: &mut Walker<'_>) {}
        }
    )*};
}
leaves!(
    Str<'_>,
    Raw<'_>,
    Markup<'_>,
    Price,
    bool,
    i32,
    i64,
    f64,
    CpmMicros,
    Currency,
    Multiplier
);

impl<T: Walk> Walk for Option<T> {
    #[inline]
    fn walk(&self, walker: &mut Walker<'_>) {
        if let Some(value) = self {
            value.walk(walker);
        }
    }
}

impl<T: Walk> Walk for Box<T> {
    #[inline]
    fn walk(&self, walker: &mut Walker<'_>) {
        (**self).walk(walker);
    }
}

impl<T: Walk> Walk for List<T> {
    #[inline]
    fn walk(&self, walker: &mut Walker<'_>) {
        for value in self {
            value.walk(walker);
        }
    }
}

impl<T: Walk> Walk for Vec<T> {
    #[inline]
    fn walk(&self, walker: &mut Walker<'_>) {
        for value in self {
            value.walk(walker);
        }
    }
}

impl Walk for Result<Bid<'_>, BadBid<'_>> {
    fn walk(&self, walker: &mut Walker<'_>) {
        if let Ok(bid) = self {
            bid.walk(walker);
        }
    }
}

/// The known name that differs by one letter added, left out, changed or swapped, or by case.
fn nearest(name: &str, known: &'static [&'static str]) -> Option<&'static str> {
    let letters = |name: &'static str| name.bytes().filter(|byte| *byte != b'_');
    let own = name.replace(['_', '-'], "");
    known.iter().copied().find(|other| {
        other.eq_ignore_ascii_case(name)
            || letters(other).eq(own.bytes())
            || (name.len() > 3 && is_near(name.as_bytes(), other.as_bytes()))
    })
}

fn is_near(a: &[u8], b: &[u8]) -> bool {
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let rest = |list| <[u8]>::get(list, head..).unwrap_or_default();
    let (a, b) = (rest(a), rest(b));
    let tail = |list| <[u8]>::get(list, 1..);
    let swapped = matches!((a, b), ([x, y, rest @ ..], [v, w, other @ ..]) if x == w && y == v && rest == other);
    tail(a) == tail(b) || tail(a) == Some(b) || Some(a) == tail(b) || swapped
}
