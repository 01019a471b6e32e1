//! The layout of a catalog's text: a record of its lists a line.
//!
//! It is JSON like any other, and readers that do not know the layout read it as such. Who knows it takes the
//! text apart at its ends of lines, without a look at what stands between them, and tells two versions apart
//! line by line.

use std::io;

use serde::Serialize as _;
use serde_json::ser::{Formatter, Serializer};

use super::Catalog;

/// How a text of this layout begins: a member that a catalog does not have.
pub(super) const MARK: &str = "{\"record_a_line\":true";

/// Depth of the members of the catalog.
const MEMBER: usize = 1;
/// Depth of the records of its lists.
const RECORD: usize = 2;

impl Catalog {
    /// Writes the catalog as JSON with a line for each of its members and for each record of its lists.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_lines(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut out = Vec::new();
        self.serialize(&mut Serializer::with_formatter(&mut out, Lines::default()))?;
        Ok(out)
    }
}

/// Writes a catalog whose largest lists are JSON already, record by record: each of them by its name in place
/// of that list of `rest`, which is empty. The text is that of [`Catalog::to_lines`] of the whole.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn join_lines(
    rest: &Catalog,
    lists: &[(&str, Vec<&str>)],
) -> Result<Vec<u8>, serde_json::Error> {
    let rest = rest.to_lines()?;
    let records = lists.iter().flat_map(|it| &it.1);
    let mut out = Vec::with_capacity(rest.len() + records.map(|it| it.len() + 2).sum::<usize>());
    for line in rest.split_inclusive(|byte| *byte == b'\n') {
        let list = lists.iter().find(|(name, records)| {
            let behind = line
                .strip_prefix(b"\"")
                .and_then(|it| it.strip_prefix(name.as_bytes()));
            !records.is_empty() && behind.is_some_and(|it| it.starts_with(EMPTY))
        });
        let Some((name, records)) = list else {
            out.extend_from_slice(line);
            continue;
        };
        out.extend_from_slice(format!("\"{name}\":[").as_bytes());
        for (at, record) in records.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b"\n" } else { b",\n" });
            out.extend_from_slice(record.as_bytes());
        }
        out.extend_from_slice(b"\n]");
        out.extend_from_slice(line.get(name.len() + 1 + EMPTY.len()..).unwrap_or_default());
    }
    Ok(out)
}

/// What stands behind the name of an empty list.
const EMPTY: &[u8] = b"\":[]";

/// Counts how deep it is, to know where lines end.
#[derive(Default)]
struct Lines {
    depth: usize,
    /// The list that is written has a record.
    filled: bool,
}

impl Formatter for Lines {
    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        if self.depth == MEMBER {
            return out.write_all(MARK.as_bytes());
        }
        out.write_all(b"{")
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        match (self.depth, first) {
            (MEMBER, _) => out.write_all(b",\n"),
            (_, true) => Ok(()),
            (_, false) => out.write_all(b","),
        }
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        out.write_all(if self.depth == 0 { b"\n}" } else { b"}" })
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        self.filled &= self.depth != RECORD;
        out.write_all(b"[")
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.filled |= self.depth == RECORD;
        match (self.depth, first) {
            (RECORD, true) => out.write_all(b"\n"),
            (RECORD, false) => out.write_all(b",\n"),
            (_, true) => Ok(()),
            (_, false) => out.write_all(b","),
        }
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        let ends_a_list = self.depth == RECORD && self.filled;
        self.depth = self.depth.saturating_sub(1);
        out.write_all(if ends_a_list { b"\n]" } else { b"]" })
    }
}
