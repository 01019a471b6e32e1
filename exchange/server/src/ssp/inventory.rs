//! `/inventory`: placements, which the control plane holds.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use serde_json::value::RawValue;
use service::Problem;
use service::client::Client;
use service::http::{self as answers, Request, Response};

use super::control_plane::{Call, call, passed_on};
use super::rights::{self, Rights};
use crate::config::Config;

/// Where the control plane keeps them.
const PLACEMENTS: &str = "/placements";
/// Takes a placement off the market; its history needs it, so that it is not deleted.
const ARCHIVED: &[u8] = br#"{"status":"archived"}"#;
/// What the control plane stamps on its documents: a document may be put as it was got.
const STAMPS: [&str; 3] = ["created_at", "updated_at", "version"];

/// Answers `/inventory` and what is under it.
pub(super) async fn handle(client: &Client, config: &Config, request: &Request) -> Response {
    let rights = match rights::of(config, request) {
        Ok(rights) => rights,
        Err(refused) => return refused.into_response(),
    };
    let visit = Visit {
        client,
        config,
        request,
        rights,
    };
    let answered = match request.path.strip_prefix("/inventory/") {
        None => visit.whole().await,
        Some(id) if is_id(id) => visit.one(id).await,
        Some(_) => Err(Problem::not_found().into()),
    };
    answered.unwrap_or_else(|refused| refused.into_response())
}

/// One call of ours and what its passing on takes.
struct Visit<'v> {
    client: &'v Client,
    config: &'v Config,
    request: &'v Request,
    rights: Rights,
}

impl Visit<'_> {
    async fn whole(self) -> Result<Response, Box<Problem>> {
        match self.request.method {
            Method::GET | Method::HEAD => self.pass(Method::GET, PLACEMENTS, Bytes::new()).await,
            Method::POST => {
                let body = document(self.request)?;
                self.pass(Method::POST, PLACEMENTS, body).await
            }
            _ => Ok(answers::method_not_allowed("GET, HEAD, POST")),
        }
    }

    async fn one(self, id: &str) -> Result<Response, Box<Problem>> {
        let path = format!("{PLACEMENTS}/{id}");
        match self.request.method {
            Method::GET | Method::HEAD => self.pass(Method::GET, &path, Bytes::new()).await,
            Method::PUT => {
                let body = without_stamps(document(self.request)?);
                self.pass(Method::PATCH, &path, body).await
            }
            Method::DELETE => {
                let body = Bytes::from_static(ARCHIVED);
                let answer = self.pass(Method::PATCH, &path, body).await?;
                Ok(if answer.status().is_success() {
                    answers::no_content()
                } else {
                    answer
                })
            }
            _ => Ok(answers::method_not_allowed("GET, HEAD, PUT, DELETE")),
        }
    }

    async fn pass(self, method: Method, path: &str, body: Bytes) -> Result<Response, Box<Problem>> {
        let path = match &self.request.query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let onward = Call {
            method,
            path: &path,
            rights: self.rights,
            headers: &self.request.headers,
            body,
        };
        let answer = call(self.client, self.config, onward).await?;
        let made = answer
            .headers
            .get(&header::LOCATION)
            .and_then(|location| location.strip_prefix(PLACEMENTS))
            .and_then(|id| HeaderValue::try_from(format!("/inventory{id}")).ok());
        let mut response = passed_on(answer);
        if let Some(made) = made {
            response.headers_mut().insert(header::LOCATION, made);
        }
        Ok(response)
    }
}

fn document(request: &Request) -> Result<Bytes, Box<Problem>> {
    if request.content_type_is_json() {
        Ok(request.body.clone())
    } else {
        Err(Problem::unsupported_media_type().into())
    }
}

/// What is no object goes on as it is: the control plane says what is wrong with it.
fn without_stamps(body: Bytes) -> Bytes {
    let Ok(mut members) = serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(&body) else {
        return body;
    };
    members.retain(|name, _value| !STAMPS.contains(&name.as_str()));
    serde_json::to_vec(&members).map_or(body, Bytes::from)
}

/// Ids as the control plane takes them; above all nothing that would lead to another path of it.
fn is_id(text: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    !text.is_empty() && text.bytes().all(plain) && text.bytes().any(|byte| byte != b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_leads_to_another_path() {
        for (id, expect) in [
            ("placement_001", true),
            ("a.b:c-d", true),
            ("", false),
            ("..", false),
            (".", false),
            ("a/b", false),
            ("%2e%2e", false),
            ("a%2fb", false),
            ("a b", false),
        ] {
            assert_eq!(is_id(id), expect, "{id}");
        }
    }

    #[test]
    fn a_document_may_be_put_as_it_was_got() {
        let got = r#"{"id":"p","floor":0.123456789,"version":3,"created_at":"x","updated_at":"y"}"#;
        let put = without_stamps(Bytes::from_static(got.as_bytes()));
        assert_eq!(
            put,
            r#"{"floor":0.123456789,"id":"p"}"#.as_bytes(),
            "numbers stay exact"
        );
        assert_eq!(without_stamps(Bytes::from_static(b"[1")), &b"[1"[..]);
    }
}
