//! Pages of lists: `?limit=` and an opaque `?cursor=`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::refusal::Refusal;

/// Rows of a page when the caller does not say.
const DEFAULT_LIMIT: i64 = 50;
/// Most rows of a page.
const MAX_LIMIT: i64 = 500;

/// Which page is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// Rows behind this place; 0 begins.
    pub(crate) after: i64,
    /// At most so many.
    pub(crate) limit: i64,
}

/// A page as every list is answered.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    items: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

impl Page {
    /// Reads `limit` and `cursor` from a query.
    ///
    /// # Errors
    /// [`Refusal::Request`] for a limit or a cursor that is none.
    pub(crate) fn read(query: Option<&str>) -> Result<Self, Refusal> {
        let value = |name| service::http::query_param(query.unwrap_or_default(), name);
        let limit = match value("limit") {
            None => DEFAULT_LIMIT,
            Some(text) => match text.parse() {
                Ok(limit @ 1..) => MAX_LIMIT.min(limit),
                _ => {
                    return Err(Refusal::Request(
                        "limit must be a number above 0".to_owned(),
                    ));
                }
            },
        };
        let after = match value("cursor") {
            None => 0,
            Some(text) => place(&text)
                .ok_or_else(|| Refusal::Request("cursor is not one that a list gave".to_owned()))?,
        };
        Ok(Self { after, limit })
    }

    /// The page from rows of place and document; one row more than the limit tells that there is more.
    pub(crate) fn listed(self, mut rows: Vec<(i64, Box<RawValue>)>) -> Listed {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().map(|(place, _)| *place).filter(|_| more);
        Listed {
            items: rows.into_iter().map(|(_, item)| item).collect(),
            next_cursor: last.map(|place| URL_SAFE_NO_PAD.encode(place.to_be_bytes())),
        }
    }
}

fn place(cursor: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let place = i64::from_be_bytes(bytes.try_into().ok()?);
    (place > 0).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_on_and_nothing_else_does() {
        let row = |place: i64| (place, RawValue::from_string(place.to_string()).unwrap());
        let page = Page::read(Some("limit=2")).unwrap();
        let first = page.listed(vec![row(4), row(7), row(9)]);
        let cursor = first.next_cursor.expect("there is more");
        let next = Page::read(Some(&format!("limit=2&cursor={cursor}"))).unwrap();
        assert_eq!(next, Page { after: 7, limit: 2 });
        assert_eq!(next.listed(vec![row(9)]).next_cursor, None);
        for query in [
            "limit=0",
            "limit=x",
            "limit=-1",
            "cursor=x",
            "cursor=",
            "cursor=AAAAAAAAAAA",
        ] {
            assert!(Page::read(Some(query)).is_err(), "{query}");
        }
        assert_eq!(Page::read(Some("limit=99999")).unwrap().limit, MAX_LIMIT);
    }
}
