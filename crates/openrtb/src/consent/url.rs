//! What a person chose as URLs carry it: IAB TCF "URL-based services", GPP "URL parameters", US privacy.

use crate::macros::percent_encode;
use crate::write::JsonWriter;

/// The choices in the parameters of a URL: `gdpr`, `gdpr_consent`, `gpp`, `gpp_sid`, `us_privacy`, `coppa`; and
/// those that a browser sends in its head.
///
/// A parameter that is absent, empty or a macro that nobody replaced claims nothing. What is there and cannot
/// be read does: it is passed on as it came, and is no consent (C-162).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UrlChoice {
    gdpr: Option<bool>,
    gdpr_consent: String,
    gpp: String,
    gpp_sid: String,
    us_privacy: String,
    coppa: Option<bool>,
    /// Global Privacy Control, the field `Sec-GPC`.
    pub opts_out: bool,
    /// The field `DNT`.
    pub untracked: bool,
}

impl UrlChoice {
    /// Of a query's parameters, decoded; of two with one name the first counts.
    pub fn read<T: AsRef<str>>(parameters: impl IntoIterator<Item = (T, T)>) -> Self {
        let mut choice = Self::default();
        for (name, value) in parameters {
            choice.take(name.as_ref(), value.as_ref());
        }
        choice
    }

    fn take(&mut self, name: &str, value: &str) {
        if value.is_empty() || value.starts_with('[') || value.starts_with("${") {
            return;
        }
        let text = match name {
            "gdpr" => {
                self.gdpr = self.gdpr.or(Some(value != "0"));
                return;
            }
            "coppa" => {
                self.coppa = self.coppa.or(Some(value != "0"));
                return;
            }
            "gdpr_consent" => &mut self.gdpr_consent,
            "gpp" => &mut self.gpp,
            "gpp_sid" => &mut self.gpp_sid,
            "us_privacy" => &mut self.us_privacy,
            _ => return,
        };
        if text.is_empty() {
            value.clone_into(text);
        }
    }

    /// The same as a bid request that says nothing else, for those who decide by one.
    #[must_use]
    pub fn to_request(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + self.gdpr_consent.len() + self.gpp.len());
        let mut json = JsonWriter::new(&mut out);
        json.begin_object();
        json.text("id", "0");
        json.raw("imp", r#"[{"id":"0","banner":{}}]"#);
        json.key("regs");
        json.begin_object();
        if let Some(applies) = self.gdpr {
            json.integer("gdpr", i64::from(applies));
        }
        if let Some(is_child) = self.coppa {
            json.integer("coppa", i64::from(is_child));
        }
        json.text_opt("us_privacy", told(&self.us_privacy));
        json.text_opt("gpp", told(&self.gpp));
        if !self.gpp_sid.is_empty() {
            json.key("gpp_sid");
            json.integers(self.sections());
        }
        if self.opts_out {
            json.raw("ext", r#"{"gpc":"1"}"#);
        }
        json.end_object();
        if let Some(text) = told(&self.gdpr_consent) {
            json.key("user");
            json.begin_object();
            json.text("consent", text);
            json.end_object();
        }
        if self.untracked {
            json.raw("device", r#"{"dnt":1}"#);
        }
        json.end_object();
        out
    }

    /// The sections of GPP in force; commas or, in some places, underscores are between them.
    fn sections(&self) -> impl Iterator<Item = i64> {
        let parts = self.gpp_sid.split([',', '_']);
        parts.filter_map(|part| part.trim().parse::<i32>().ok().map(i64::from))
    }

    /// Appends `&gdpr=1&gdpr_consent=…` for what is said, percent-encoded.
    pub fn pass_on(&self, url: &mut String) {
        for name in NAMES {
            let value = self.value(name);
            if !value.is_empty() {
                url.push('&');
                url.push_str(name);
                url.push('=');
                percent_encode(value, url);
            }
        }
    }

    /// The value of a macro that stands for one of them, not encoded; empty where nothing is said.
    ///
    /// `GDPR`, `GDPR_CONSENT`, `GPP_STRING`, `GPP_SID`, `US_PRIVACY`, `COPPA`; the strings also with the id of the
    /// vendor that gets them behind, `GDPR_CONSENT_755`, as TCF and GPP write it.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&str> {
        let plain = match name.rsplit_once('_') {
            Some((plain @ ("GDPR_CONSENT" | "GPP_STRING"), vendor)) if is_number(vendor) => plain,
            _ => name,
        };
        let parameter = match plain {
            "GDPR" => "gdpr",
            "GDPR_CONSENT" => "gdpr_consent",
            "GPP_STRING" => "gpp",
            "GPP_SID" => "gpp_sid",
            "US_PRIVACY" => "us_privacy",
            "COPPA" => "coppa",
            _ => return None,
        };
        Some(self.value(parameter))
    }

    fn value(&self, parameter: &str) -> &str {
        match parameter {
            "gdpr" => flag(self.gdpr),
            "coppa" => flag(self.coppa),
            "gdpr_consent" => &self.gdpr_consent,
            "gpp" => &self.gpp,
            "gpp_sid" => &self.gpp_sid,
            "us_privacy" => &self.us_privacy,
            _ => "",
        }
    }
}

const NAMES: [&str; 6] = [
    "gdpr",
    "gdpr_consent",
    "gpp",
    "gpp_sid",
    "us_privacy",
    "coppa",
];

fn flag(told: Option<bool>) -> &'static str {
    match told {
        Some(true) => "1",
        Some(false) => "0",
        None => "",
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn told(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::{gdpr_consent, is_child, limits_tracking, opted_out};
    use crate::limits::Limits;
    use crate::request::BidRequest;

    fn choice(query: &str) -> UrlChoice {
        UrlChoice::read(query.split('&').filter_map(|pair| pair.split_once('=')))
    }

    #[test]
    fn a_choice_in_a_url_means_what_it_means_in_a_request() {
        // Whether the GDPR is claimed, with which string, whether it is a child's, and whether it is opted out.
        type Meaning = (Option<&'static str>, bool, bool);
        #[rustfmt::skip]
        let cases: [(&str, Meaning); 17] = [
            ("x=1", (None, false, false)),
            ("gdpr=0&gdpr_consent=CQ", (None, false, false)),
            ("gdpr=1", (Some(""), false, false)),
            ("gdpr=1&gdpr_consent=CQ", (Some("CQ"), false, false)),
            ("gdpr=1&gdpr=0&gdpr_consent=CQ", (Some("CQ"), false, false)),
            ("gdpr=yes&gdpr_consent=CQ", (Some("CQ"), false, false)),
            ("gdpr=&gdpr_consent=CQ", (None, false, false)),
            ("gdpr=${GDPR}&gdpr_consent=${GDPR_CONSENT}", (None, false, false)),
            ("gdpr=[GDPR]", (None, false, false)),
            ("gpp_sid=2", (Some(""), false, false)),
            ("gpp_sid=2_6&gpp=DBAB", (Some("DBAB"), false, true)),
            ("gpp_sid=x&gpp=garbage", (None, false, false)),
            ("us_privacy=1YYN", (None, false, true)),
            ("us_privacy=1YNN", (None, false, false)),
            ("us_privacy=garbage", (None, false, true)),
            ("coppa=1", (None, true, false)),
            ("coppa=0", (None, false, false)),
        ];
        for (query, expect) in cases {
            let body = choice(query).to_request();
            let (request, repairs) = BidRequest::read(&body, &Limits::MEASURED).unwrap();
            assert_eq!(repairs.total(), 0, "{query}");
            let text = gdpr_consent(&request).map(|text| match text {
                crate::consent::ConsentText::Tcf(text) | crate::consent::ConsentText::Gpp(text) => {
                    text.as_str().to_owned()
                }
            });
            let got = (text.as_deref(), is_child(&request), opted_out(&request));
            assert_eq!(got, expect, "{query}");
        }
        let by_head = UrlChoice {
            opts_out: true,
            untracked: true,
            ..UrlChoice::default()
        };
        let body = by_head.to_request();
        let (request, _) = BidRequest::read(&body, &Limits::MEASURED).unwrap();
        assert!(
            opted_out(&request) && limits_tracking(&request),
            "C-142, C-163"
        );
    }

    #[test]
    fn it_is_passed_on_as_it_came() {
        let said = choice("gdpr=1&gdpr_consent=C Q&gpp_sid=2,6&us_privacy=1YNN&coppa=1&other=x");
        let mut url = "https://d.example/?p=1".to_owned();
        said.pass_on(&mut url);
        assert_eq!(
            url,
            "https://d.example/?p=1&gdpr=1&gdpr_consent=C%20Q&gpp_sid=2%2C6&us_privacy=1YNN&coppa=1"
        );
        for (name, value) in [
            ("GDPR", Some("1")),
            ("GDPR_CONSENT", Some("C Q")),
            ("GDPR_CONSENT_755", Some("C Q")),
            ("GPP_STRING_755", Some("")),
            ("GPP_SID", Some("2,6")),
            ("US_PRIVACY", Some("1YNN")),
            ("GDPR_CONSENT_", None),
            ("AUCTION_PRICE", None),
        ] {
            assert_eq!(said.named(name), value, "{name}");
        }
    }
}
