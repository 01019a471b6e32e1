//! Demand partners: the DSPs that the exchange asks.

use std::num::NonZeroU8;

use contracts::catalog::{
    CreativeFormat, DemandPartner, MacroEncoding, NativeForm, OpenRtbVersion, PartnerStatus,
    Pretargeting, SyncKind,
};
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use crate::asking::{self, ConnectionDocument, SamplingDocument};
use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;
use crate::publisher::MOST_MULTIBID;
use crate::sync_url;
use crate::web;

/// The endpoint of our own bidder: the exchange knows where that is.
pub const OWN_BIDDER: &str = "self:bidder";

/// A demand partner as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartnerDocument<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Where it answers, or `self:bidder`.
    #[schema(example = "http://127.0.0.1:9100/bid")]
    pub endpoint: &'a str,
    /// `2.5` or `2.6`.
    #[schema(value_type = String, example = "2.6")]
    pub openrtb_version: OpenRtbVersion,
    /// `live`: asked for impressions; `testing`: sent copies of live requests with `test` 1, on which it never wins;
    /// `off`: not asked.
    #[schema(value_type = Option<String>, example = "live")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<PartnerStatus>,
    /// Whether it is asked at all: false is `status` `off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Most milliseconds it gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u32>,
    /// Most requests a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qps: Option<u32>,
    /// Seats it may bid for; empty for any.
    pub seats: &'a [String],
    /// Formats it takes; empty for all.
    #[schema(value_type = Vec<String>)]
    pub formats: &'a [CreativeFormat],
    /// Domains its notices may go to, beside its endpoint's host.
    pub domains: &'a [String],
    /// What it wants to be asked about: `sizes`, `countries`, `device_types`, `domains`, `bundles`,
    /// `publishers` (each `allow` and `block`), `deals`, `known_users_only`.
    #[schema(value_type = Object, example = json!({"countries": ["DEU"], "domains": {"block": ["example.com"]}}))]
    #[serde(skip_serializing_if = "Pretargeting::is_open")]
    pub pretargeting: &'a Pretargeting,
    /// When it is left out by what requests brought so far; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampling: Option<SamplingDocument>,
    /// How its endpoint is spoken to.
    pub connection: ConnectionDocument,
    /// Most of its bids that win one imp where a seller is shown several; absent: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u8>)]
    pub multibid: Option<NonZeroU8>,
    /// Its id in the Global Vendor List of TCF: without one it gets no personal data where the GDPR applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<u16>,
    /// What a browser calls so that the partner tells its id of the user, with `${RETURN_URL}` and, for what the
    /// user chose, `${GDPR}`, `${GDPR_CONSENT}`, `${GPP_STRING}`, `${GPP_SID}`, `${US_PRIVACY}`, `${COPPA}`; or
    /// `self:dmp`.
    #[schema(
        example = "https://dsp.example/sync?to=${RETURN_URL}&gdpr=${GDPR}&gdpr_consent=${GDPR_CONSENT}"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_url: Option<&'a str>,
    /// How a browser calls `sync_url`: `image`, or `frame`, a document whose scripts may run.
    #[schema(value_type = Option<String>, example = "image")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_kind: Option<SyncKind>,
    /// How ids are put into the macros of its notices and markup: `ids`, encoded for what is around them, or `none`,
    /// as they are.
    #[schema(value_type = String, example = "ids")]
    pub macro_encoding: MacroEncoding,
    /// How it is sent `native.request`: as a `string`, as the standard asks, or as an `object`.
    #[schema(value_type = String, example = "string")]
    pub native_request: NativeForm,
}

/// The API's view of a demand partner.
#[must_use]
pub fn document(partner: &DemandPartner) -> PartnerDocument<'_> {
    PartnerDocument {
        id: partner.id.as_str(),
        name: &partner.name,
        endpoint: &partner.endpoint,
        openrtb_version: partner.openrtb_version,
        status: Some(partner.status),
        active: Some(partner.status.is_active()),
        timeout_ms: partner.timeout_ms,
        qps: partner.qps,
        seats: &partner.seats,
        formats: &partner.formats,
        domains: &partner.domains,
        pretargeting: &partner.pretargeting,
        sampling: partner.sampling.map(asking::sampling_document),
        connection: asking::connection_document(partner.connection),
        multibid: partner.multibid,
        vendor_id: partner.vendor_id,
        sync_url: partner.sync_url.as_deref(),
        sync_kind: partner.sync_url.as_ref().map(|_| partner.sync_kind),
        macro_encoding: partner.macro_encoding,
        native_request: partner.native_request,
    }
}

/// Reads a demand partner. Plain http and private hosts are for local mode only (S8).
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(
    mut form: Form,
    local_mode: bool,
    edge: &mut Edge<'_>,
) -> Result<DemandPartner, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("dsp"));
    let name = form.required_text("name");
    let endpoint = form.required_text("endpoint");
    if let Some(Err(says)) = endpoint.as_deref().map(|text| callable(text, local_mode)) {
        form.refuse("endpoint", says);
    }
    let timeout_ms: Option<u32> = form.take("timeout_ms");
    if timeout_ms.is_some_and(|ms| !(1..=1_000).contains(&ms)) {
        form.refuse("timeout_ms", "must be 1 to 1000");
    }
    let qps: Option<u32> = form.take("qps");
    if qps == Some(0) {
        form.refuse("qps", "must be above 0; use status to stop a partner");
    }
    let openrtb_version = form.take("openrtb_version").unwrap_or_default();
    let status = status(&mut form);
    let seats = form.take("seats").unwrap_or_default();
    let formats: Vec<CreativeFormat> = form.take("formats").unwrap_or_default();
    if formats.contains(&CreativeFormat::Responsive) {
        form.refuse("formats", "must be of banner, video, audio and native");
    }
    let domains = web::domains(&mut form, "domains").unwrap_or_default();
    let pretargeting = asking::pretargeting(&mut form);
    let sampling = asking::sampling(&mut form);
    let connection = asking::connection(&mut form);
    let multibid: Option<NonZeroU8> = form.take("multibid");
    if multibid.is_some_and(|most| most.get() > MOST_MULTIBID) {
        form.refuse("multibid", format!("must be 1 to {MOST_MULTIBID}"));
    }
    let vendor_id: Option<u16> = form.take("vendor_id");
    if vendor_id == Some(0) {
        form.refuse("vendor_id", "must be an id of the Global Vendor List");
    }
    let (sync_url, sync_kind) = sync(&mut form, local_mode);
    let macro_encoding = form.take("macro_encoding").unwrap_or_default();
    let native_request = form.take("native_request").unwrap_or_default();
    let partner = name.zip(endpoint).map(|(name, endpoint)| DemandPartner {
        id: id.into(),
        name,
        endpoint,
        openrtb_version,
        status,
        timeout_ms,
        qps,
        seats,
        formats,
        domains,
        pretargeting,
        sampling,
        connection,
        multibid,
        vendor_id,
        sync_url,
        sync_kind,
        macro_encoding,
        native_request,
    });
    form.finish(partner)
}

fn sync(form: &mut Form, local_mode: bool) -> (Option<String>, SyncKind) {
    let url = form.text("sync_url");
    if let Some(Err(says)) = url
        .as_deref()
        .map(|text| sync_url::of_partner(text, local_mode))
    {
        form.refuse("sync_url", says);
    }
    let kind: Option<SyncKind> = form.take("sync_kind");
    match (kind, url.as_deref()) {
        (Some(_), None) => form.refuse("sync_kind", "is of a sync_url, and there is none"),
        (Some(SyncKind::Frame), Some(sync_url::OWN_DMP)) => {
            form.refuse("sync_kind", "must be image: self:dmp is no document");
        }
        _ => {}
    }
    (url, kind.unwrap_or_default())
}

/// Lays a change over a partner. `status` and `active` are one thing: which of them is named decides, and
/// `active` leaves one in testing there.
#[must_use]
pub fn over(form: Form, before: &DemandPartner) -> Form {
    let told: Option<bool> = form.peek("active");
    let mut base = document(before);
    // The kind goes with the URL that it is of.
    if form.peek("sync_url") == Some(serde_json::Value::Null) {
        base.sync_kind = None;
    }
    if form.has("status") {
        base.active = None;
    } else if told.is_some_and(|active| active != before.status.is_active()) {
        base.status = None;
    }
    form.over(&base)
}

fn status(form: &mut Form) -> PartnerStatus {
    let active: Option<bool> = form.take("active");
    let status: Option<PartnerStatus> = form.take("status");
    let both = active.zip(status);
    if both.is_some_and(|(active, status)| active != status.is_active()) {
        form.refuse("active", "contradicts status: leave it out");
    }
    let of_flag = active.map_or(PartnerStatus::Live, PartnerStatus::of);
    status.unwrap_or(of_flag)
}

fn callable(endpoint: &str, local_mode: bool) -> Result<(), &'static str> {
    if endpoint == OWN_BIDDER {
        return Ok(());
    }
    let url = Url::parse(endpoint).map_err(|_| "must be an absolute URL, or self:bidder")?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("must be an http or https URL, or self:bidder");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user or a password");
    }
    if !local_mode && url.scheme() != "https" {
        return Err("must be https outside local mode");
    }
    if !local_mode && web::is_private(&url) {
        return Err("must be a public host outside local mode");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_under_two_names() {
        let kept = |status: PartnerStatus| -> DemandPartner {
            let text = format!(
                r#"{{"id":"d","name":"d","endpoint":"self:bidder","status":{}}}"#,
                serde_json::to_string(&status).unwrap()
            );
            serde_json::from_str(&text).unwrap()
        };
        let (live, testing, off) = (
            PartnerStatus::Live,
            PartnerStatus::Testing,
            PartnerStatus::Off,
        );
        #[rustfmt::skip]
        let cases = [
            (live, r#"{}"#, Some(live)),
            (live, r#"{"active":false}"#, Some(off)),
            (testing, r#"{"active":false}"#, Some(off)),
            (off, r#"{"active":true}"#, Some(live)),
            (testing, r#"{"active":true}"#, Some(testing)),
            (testing, r#"{"name":"e"}"#, Some(testing)),
            (live, r#"{"status":"testing"}"#, Some(testing)),
            (off, r#"{"status":"testing"}"#, Some(testing)),
            (testing, r#"{"status":"live"}"#, Some(live)),
            (live, r#"{"status":"off"}"#, Some(off)),
            (live, r#"{"status":"off","active":false}"#, Some(off)),
            (live, r#"{"status":"off","active":true}"#, None),
            (live, r#"{"status":"asleep"}"#, None),
        ];
        for (before, change, expect) in cases {
            let form = over(Form::read(change.as_bytes()).unwrap(), &kept(before));
            let mut uuid = || uuid::Uuid::nil();
            let mut edge = Edge {
                now: units::UnixMillis(0),
                uuid: &mut uuid,
            };
            let got = read(form, true, &mut edge).ok().map(|it| it.status);
            assert_eq!(got, expect, "{before:?} {change}");
        }
    }

    #[test]
    fn how_browsers_call_a_sync_url() {
        const URL: &str = r#""sync_url":"https://d.example/?to=${RETURN_URL}""#;
        let read_as = |form: Form| {
            let mut uuid = || uuid::Uuid::nil();
            let mut edge = Edge {
                now: units::UnixMillis(0),
                uuid: &mut uuid,
            };
            let kind = |it: DemandPartner| (it.sync_url.is_some(), it.sync_kind);
            let pointer = |faults: Faults| faults.0[0].pointer.clone();
            read(form, true, &mut edge).map(kind).map_err(pointer)
        };
        let (image, frame) = (SyncKind::Image, SyncKind::Frame);
        let (at_kind, at_url) = (Err("/sync_kind".to_owned()), Err("/sync_url".to_owned()));
        let url = URL.to_owned();
        #[rustfmt::skip]
        let cases = [
            ("no kind", url.clone(), Ok((true, image))),
            ("an image", format!(r#"{url},"sync_kind":"image""#), Ok((true, image))),
            ("a frame", format!(r#"{url},"sync_kind":"frame""#), Ok((true, frame))),
            ("another", format!(r#"{url},"sync_kind":"redirect""#), at_kind.clone()),
            ("a frame of nothing", r#""sync_kind":"frame""#.to_owned(), at_kind.clone()),
            ("an image of our DMP", r#""sync_url":"self:dmp","sync_kind":"image""#.to_owned(), Ok((true, image))),
            ("a frame of our DMP", r#""sync_url":"self:dmp","sync_kind":"frame""#.to_owned(), at_kind.clone()),
            ("a frame that leads nowhere", r#""sync_url":"https://d.example/","sync_kind":"frame""#.to_owned(), at_url),
        ];
        for (says, members, expect) in cases {
            let body = format!(r#"{{"name":"d","endpoint":"self:bidder",{members}}}"#);
            let form = Form::read(body.as_bytes()).unwrap();
            assert_eq!(read_as(form), expect, "{says}");
        }
        let kept = format!(
            r#"{{"id":"d","name":"d","endpoint":"self:bidder","active":true,{URL},"sync_kind":"frame"}}"#
        );
        let kept: DemandPartner = serde_json::from_str(&kept).unwrap();
        for (change, expect) in [
            (r#"{"name":"e"}"#, Ok((true, frame))),
            (r#"{"sync_kind":"image"}"#, Ok((true, image))),
            (r#"{"sync_url":null}"#, Ok((false, image))),
            (r#"{"sync_url":null,"sync_kind":"frame"}"#, at_kind.clone()),
            (r#"{"sync_url":"self:dmp"}"#, at_kind.clone()),
        ] {
            let form = over(Form::read(change.as_bytes()).unwrap(), &kept);
            assert_eq!(read_as(form), expect, "{change}");
        }
    }

    #[test]
    fn endpoints_that_may_be_called() {
        // interfaces.md: private and loopback endpoints and plain http in local mode only
        let cases = [
            ("http://127.0.0.1:9100/bid", true, false),
            ("https://dsp.example.com/bid", true, true),
            ("http://dsp.example.com/bid", true, false),
            ("https://10.0.0.1/bid", true, false),
            ("https://169.254.169.254/latest", true, false),
            ("self:bidder", true, true),
            ("self:other", false, false),
            ("ftp://dsp.example.com/", false, false),
            ("https://user:secret@dsp.example.com/", false, false),
            ("/bid", false, false),
        ];
        for (endpoint, local, public) in cases {
            assert_eq!(callable(endpoint, true).is_ok(), local, "local: {endpoint}");
            assert_eq!(
                callable(endpoint, false).is_ok(),
                public,
                "public: {endpoint}"
            );
        }
    }
}
