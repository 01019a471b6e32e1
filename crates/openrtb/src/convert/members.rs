//! The members of one object as they stand in the text.

use crate::json::{Fault, Reader, Str, code};
use crate::limits::Limits;
use std::ops::Range;

/// So many names are compared each with each; of more, their codes are sorted.
const FEW: usize = 24;

/// One member.
pub(super) struct Member<'a> {
    pub(super) name: Str<'a>,
    /// What tells names apart at a glance.
    code: u64,
    /// From the name's opening quote to the end of the value.
    pub(super) whole: Range<usize>,
    /// Where the value begins.
    pub(super) value: usize,
    /// A later one has the same name, and counts (C-31).
    pub(super) is_outdone: bool,
}

impl Member<'_> {
    pub(super) fn value(&self) -> Range<usize> {
        self.value..self.whole.end
    }
}

/// The last member of a name.
pub(super) fn find(members: &[Member<'_>], name: &str) -> Option<usize> {
    let code = code(name.as_bytes());
    members
        .iter()
        .position(|member| member.code == code && !member.is_outdone && member.name == name)
}

/// The members of the object at `at`.
pub(super) fn members(text: &str, at: usize) -> Result<Vec<Member<'_>>, Fault> {
    let mut reader = Reader::at(text, at, &Limits::MEASURED);
    reader.open_object()?;
    let mut members: Vec<Member<'_>> = Vec::with_capacity(16);
    while let Some(key) = reader.next_key(members.is_empty())? {
        let value = reader.position();
        reader.raw()?;
        members.push(Member {
            name: key.text(&reader),
            code: key.code,
            whole: key.at..reader.position(),
            value,
            is_outdone: false,
        });
    }
    if codes_repeat(&members) {
        mark_outdone(&mut members);
    }
    Ok(members)
}

/// Whether two members may have the same name.
fn codes_repeat(members: &[Member<'_>]) -> bool {
    if members.len() <= FEW {
        let mut rest = members;
        while let Some((first, others)) = rest.split_first() {
            if others.iter().any(|other| other.code == first.code) {
                return true;
            }
            rest = others;
        }
        return false;
    }
    let mut codes: Vec<u64> = members.iter().map(|member| member.code).collect();
    codes.sort_unstable();
    codes.windows(2).any(|pair| pair.first() == pair.last())
}

#[cold]
fn mark_outdone(members: &mut [Member<'_>]) {
    let mut order: Vec<usize> = (0..members.len()).collect();
    let name = |at: &usize| members.get(*at).map(|member| (member.code, &*member.name));
    order.sort_by(|a, b| name(a).cmp(&name(b)));
    let outdone: Vec<usize> = order
        .windows(2)
        .filter_map(|pair| match pair {
            [earlier, later] if name(earlier) == name(later) => Some(*earlier),
            _ => None,
        })
        .collect();
    for index in outdone {
        if let Some(member) = members.get_mut(index) {
            member.is_outdone = true;
        }
    }
}

/// Where the values of the array at `at` stand.
pub(super) fn elements(text: &str, at: usize) -> Result<Vec<Range<usize>>, Fault> {
    let mut reader = Reader::at(text, at, &Limits::MEASURED);
    reader.open_array()?;
    let mut elements = Vec::new();
    while reader.next_element(elements.is_empty())? {
        let start = reader.position();
        reader.raw()?;
        elements.push(start..reader.position());
    }
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_name_counts() {
        // C-31: few and many, long names of one code, names in escapes.
        let long = |middle: &str| format!("beginning{middle}the-end-");
        for filling in [0, FEW] {
            let mut body = String::from("{");
            for at in 0..filling {
                body.push_str(&format!("\"filling{at}\":0,"));
            }
            let (one, two) = (long("1"), long("2"));
            body.push_str(&format!(
                r#""a":1,"{one}":1,"b":1,"{two}":1,"\u0061":2,"{one}":2,"a":3}}"#
            ));
            let members = members(&body, 0).unwrap_or_default();
            let outdone: Vec<bool> = members[filling..].iter().map(|m| m.is_outdone).collect();
            assert_eq!(
                outdone,
                [true, true, false, false, true, false, false],
                "{body}"
            );
            assert_eq!(find(&members, "a"), Some(filling + 6));
            assert_eq!(find(&members, &two), Some(filling + 3));
            assert_eq!(find(&members, "c"), None);
        }
    }
}
