//! How a demand partner wants to be asked: `pretargeting`, `sampling` and `connection` of its document.

use contracts::catalog::{AllowBlock, Connection, Pretargeting, Sampling};
use serde::Serialize;
use units::{CpmMicros, Multiplier, country};
use utoipa::ToSchema;

use crate::form::Form;
use crate::web;

/// Entries of one list: every exchange keeps them in memory.
const MAX_ENTRIES: usize = 10_000;

/// `sampling` as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SamplingDocument {
    /// What a request must have brought on average to be worth a call: bid rate × price, CPM in USD.
    #[serde(with = "units::json::cpm")]
    #[schema(value_type = f64, example = 0.02)]
    pub worth: CpmMicros,
    /// The share of the other requests that the partner is asked all the same.
    #[serde(with = "units::json::multiplier")]
    #[schema(value_type = f64, example = 0.05)]
    pub explore: Multiplier,
}

/// `connection` as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionDocument {
    /// HTTP/2 on shared connections.
    pub http2: bool,
    /// Requests are sent gzipped.
    pub gzip_requests: bool,
    /// Answers may come gzipped.
    pub gzip_answers: bool,
}

/// The API's view of a partner's sampling.
#[must_use]
pub fn sampling_document(sampling: Sampling) -> SamplingDocument {
    SamplingDocument {
        worth: sampling.worth,
        explore: sampling.explore,
    }
}

/// The API's view of a partner's connection.
#[must_use]
pub fn connection_document(connection: Connection) -> ConnectionDocument {
    ConnectionDocument {
        http2: connection.http2,
        gzip_requests: connection.gzip_requests,
        gzip_answers: connection.gzip_answers,
    }
}

/// Takes `pretargeting`; absent, it leaves everything open.
pub fn pretargeting(form: &mut Form) -> Pretargeting {
    let read = form.object("pretargeting", |form| {
        Some(Pretargeting {
            sizes: entries(form, "sizes", "must be a size such as 300x250", web::size),
            countries: entries(form, "countries", "must be a code of ISO 3166-1", |code| {
                country::alpha_3(code).map(str::to_owned)
            }),
            device_types: device_types(form),
            domains: allow_block(form, "domains", "is not a domain name", web::domain),
            bundles: allow_block(form, "bundles", "must not be empty", name),
            publishers: allow_block(form, "publishers", "must not be empty", name),
            deals: entries(form, "deals", "must not be empty", name),
            known_users_only: form.take("known_users_only").unwrap_or_default(),
        })
    });
    read.unwrap_or_default()
}

/// Takes `sampling`; absent, every request is asked.
pub fn sampling(form: &mut Form) -> Option<Sampling> {
    form.object("sampling", |form| {
        form.require("worth");
        form.require("explore");
        let worth = form.price("worth");
        let explore = form.multiplier("explore");
        if explore.is_some_and(|share| share > Multiplier::ONE) {
            form.refuse("explore", "must be a share of at most 1");
        }
        Some(Sampling {
            worth: worth?,
            explore: explore?,
        })
    })
}

/// Takes `connection`; absent, HTTP/1.1 with answers gzipped.
pub fn connection(form: &mut Form) -> Connection {
    let default = Connection::default();
    let read = form.object("connection", |form| {
        Some(Connection {
            http2: form.take("http2").unwrap_or(default.http2),
            gzip_requests: form.take("gzip_requests").unwrap_or(default.gzip_requests),
            gzip_answers: form.take("gzip_answers").unwrap_or(default.gzip_answers),
        })
    });
    read.unwrap_or(default)
}

fn allow_block(
    form: &mut Form,
    key: &str,
    says: &str,
    read: fn(&str) -> Option<String>,
) -> AllowBlock {
    let lists = form.object(key, |form| {
        Some(AllowBlock {
            allow: entries(form, "allow", says, read),
            block: entries(form, "block", says, read),
        })
    });
    lists.unwrap_or_default()
}

fn device_types(form: &mut Form) -> Vec<i32> {
    let given: Vec<i32> = form.take("device_types").unwrap_or_default();
    for (index, kind) in given.iter().enumerate() {
        if !(1..=8).contains(kind) {
            form.refuse_entry("device_types", index, "must be 1 to 8");
        }
    }
    given
}

fn entries(
    form: &mut Form,
    key: &str,
    says: &str,
    read: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let given: Vec<String> = form.take(key).unwrap_or_default();
    if given.len() > MAX_ENTRIES {
        form.refuse(key, format!("must have at most {MAX_ENTRIES} entries"));
        return Vec::new();
    }
    let mut entries = Vec::with_capacity(given.len());
    for (index, text) in given.iter().enumerate() {
        match read(text) {
            Some(entry) => entries.push(entry),
            None => form.refuse_entry(key, index, says),
        }
    }
    entries
}

fn name(text: &str) -> Option<String> {
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(body: &str) -> Form {
        Form::read(body.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_read_is_in_the_form_that_requests_are_compared_in() {
        let body = r#"{"pretargeting": {"sizes": ["300X250"], "countries": ["de", "USA"], "device_types": [3],
            "domains": {"allow": ["WWW.News.Example."]}, "bundles": {"block": [" com.a "]}, "known_users_only": true}}"#;
        let mut form = form(body);
        let read = pretargeting(&mut form);
        form.finish(Some(())).unwrap();
        let expect = Pretargeting {
            sizes: vec!["300x250".to_owned()],
            countries: vec!["DEU".to_owned(), "USA".to_owned()],
            device_types: vec![3],
            domains: AllowBlock {
                allow: vec!["news.example".to_owned()],
                block: Vec::new(),
            },
            bundles: AllowBlock {
                allow: Vec::new(),
                block: vec!["com.a".to_owned()],
            },
            known_users_only: true,
            ..Pretargeting::default()
        };
        assert_eq!(read, expect);
    }

    #[test]
    fn what_is_absent_is_open() {
        let mut form = form("{}");
        assert_eq!(pretargeting(&mut form), Pretargeting::default());
        assert_eq!(sampling(&mut form), None);
        assert_eq!(connection(&mut form), Connection::default());
        form.finish(Some(())).unwrap();
    }

    #[test]
    fn faults_name_their_place() {
        #[rustfmt::skip]
        let cases = [
            (r#"{"pretargeting": {"sizes": ["300x250", "large"]}}"#, "/pretargeting/sizes/1"),
            (r#"{"pretargeting": {"countries": ["XX"]}}"#, "/pretargeting/countries/0"),
            (r#"{"pretargeting": {"device_types": [9]}}"#, "/pretargeting/device_types/0"),
            (r#"{"pretargeting": {"domains": {"block": ["a b"]}}}"#, "/pretargeting/domains/block/0"),
            (r#"{"pretargeting": {"deals": [" "]}}"#, "/pretargeting/deals/0"),
            (r#"{"pretargeting": {"colour": 1}}"#, "/pretargeting/colour"),
            (r#"{"sampling": {"worth": 0.1}}"#, "/sampling/explore"),
            (r#"{"sampling": {"worth": -1, "explore": 0.1}}"#, "/sampling/worth"),
            (r#"{"sampling": {"worth": 0.1, "explore": 1.5}}"#, "/sampling/explore"),
            (r#"{"connection": {"http2": "yes"}}"#, "/connection/http2"),
        ];
        for (body, pointer) in cases {
            let mut form = form(body);
            pretargeting(&mut form);
            sampling(&mut form);
            connection(&mut form);
            let faults = form.finish(Some(())).expect_err(body);
            let at: Vec<_> = faults.0.iter().map(|f| f.pointer.as_str()).collect();
            assert_eq!(at, [pointer], "{body}");
        }
    }
}
