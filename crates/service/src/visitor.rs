//! The one cookie of a service: an id of a browser, made and read only where the person allows it.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use units::{UnixMillis, VisitorId};

use crate::clock;

/// How a service knows browsers again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitors {
    /// Name of the cookie.
    pub cookie: &'static str,
    /// What ids begin with.
    pub prefix: &'static str,
    /// The domain whose hosts all get the cookie; empty for the host alone that sets it.
    pub domain: String,
    /// How long it is kept after the last visit to a page of ours.
    pub life: Duration,
    /// Whether the service is reached by https: only then browsers send a cookie from frames on other sites.
    pub is_secure: bool,
}

impl Visitors {
    /// The id that a browser brings; `None` for what was not made here.
    #[must_use]
    pub fn known<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|field| field.to_str().ok())
            .flat_map(|field| field.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.cookie)
            .map(|(_, value)| value)
            .find(|value| self.is_ours(value))
    }

    /// Whether an id was made here, which nobody guesses: whoever has it was told.
    #[must_use]
    pub fn is_ours(&self, value: &str) -> bool {
        let id = value.strip_prefix(self.prefix);
        // One browser, one way to write it.
        id.is_some_and(|id| VisitorId::parse(id).is_some_and(|read| read.to_string() == id))
    }

    /// The id of a browser that is new here.
    #[must_use]
    pub fn welcome(&self, now: UnixMillis) -> String {
        let id = VisitorId::new(now, clock::random_bytes());
        format!("{}{id}", self.prefix)
    }

    /// `Set-Cookie` that keeps an id.
    #[must_use]
    pub fn keep(&self, id: &str) -> Option<HeaderValue> {
        self.set(id, self.life.as_secs())
    }

    /// `Set-Cookie` that takes it from the browser.
    #[must_use]
    pub fn forget(&self) -> Option<HeaderValue> {
        self.set("", 0)
    }

    fn set(&self, value: &str, seconds: u64) -> Option<HeaderValue> {
        let domain = if self.domain.is_empty() {
            String::new()
        } else {
            format!("; Domain={}", self.domain)
        };
        let others = if self.is_secure {
            "SameSite=None; Secure"
        } else {
            // A browser refuses None without Secure.
            "SameSite=Lax"
        };
        let cookie = self.cookie;
        let text =
            format!("{cookie}={value}; Path=/{domain}; Max-Age={seconds}; HttpOnly; {others}");
        HeaderValue::try_from(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitors(domain: &str, is_secure: bool) -> Visitors {
        Visitors {
            cookie: "uid",
            prefix: "usr_",
            domain: domain.to_owned(),
            life: Duration::from_secs(86_400),
            is_secure,
        }
    }

    #[test]
    fn only_what_was_made_here_is_an_id() {
        let here = visitors("", false);
        let own = here.welcome(UnixMillis(1_790_000_000_000));
        let upper = own.to_uppercase().replace("USR_", "usr_");
        let plain = own.replace('-', "");
        let rows: [(&[String], Option<&str>); 8] = [
            (&[], None),
            (&[format!("uid={own}")], Some(&own)),
            (&[format!("a=b; uid={own};c=d")], Some(&own)),
            (&["a=b".to_owned(), format!("uid={own}")], Some(&own)),
            (&[format!("uid=x; uid={own}")], Some(&own)),
            (&["uid=user-12345".to_owned()], None),
            (&[format!("uid={upper}"), format!("uid={plain}")], None),
            (&[format!("other={own}"), format!("uid=x{own}")], None),
        ];
        for (fields, expect) in rows {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(header::COOKIE, HeaderValue::from_str(field).unwrap());
            }
            assert_eq!(here.known(&headers), expect, "{fields:?}");
        }
    }

    #[test]
    fn frames_of_other_sites_get_it_by_https_alone() {
        let rows = [
            (
                "",
                false,
                "uid=i; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax",
            ),
            (
                "",
                true,
                "uid=i; Path=/; Max-Age=86400; HttpOnly; SameSite=None; Secure",
            ),
            (
                "x.example",
                true,
                "uid=i; Path=/; Domain=x.example; Max-Age=86400; HttpOnly; SameSite=None; Secure",
            ),
        ];
        for (domain, is_secure, expect) in rows {
            let set = visitors(domain, is_secure).keep("i").unwrap();
            assert_eq!(set, expect);
        }
        let forget = visitors("", true).forget().unwrap();
        assert_eq!(
            forget,
            "uid=; Path=/; Max-Age=0; HttpOnly; SameSite=None; Secure"
        );
    }
}
