//! Signals that moved between 2.5 and 2.6: the new place counts first, then the old (C-170).
//!
//! Nothing here runs unless it is asked for: an `ext` is opened when the new place is empty.

use crate::enums::{GppSection, MarkupType, Plcmt};
use crate::json::{Raw, Str};
use crate::lenient::Field;
use crate::request::{
    App, Banner, BidRequest, Content, Device, Eid, Imp, Site, SupplyChain, UserAgent, Video,
};
use crate::response::Bid;
use std::borrow::Cow;

/// The attribute `name` inside an `ext`, read as leniently as if it stood outside.
fn inside<'a, T: Field<'a>>(ext: Option<&Raw<'a>>, name: &str) -> T {
    ext.and_then(|ext| ext.get(name))
        .map(|raw| raw.field())
        .unwrap_or_default()
}

/// A text, unless it is empty.
fn said(text: Option<Str<'_>>) -> Option<Str<'_>> {
    text.filter(|text| !text.is_empty())
}

impl<'a> BidRequest<'a> {
    fn regs_ext(&self) -> Option<&Raw<'a>> {
        self.regs.as_ref()?.ext.as_ref()
    }

    fn user_ext(&self) -> Option<&Raw<'a>> {
        self.user.as_ref()?.ext.as_ref()
    }

    /// The supply chain: `source.schain`, `source.ext.schain`, or the request's `ext.schain`.
    #[must_use]
    pub fn schain(&self) -> Option<Cow<'_, SupplyChain<'a>>> {
        let source = self.source.as_deref();
        if let Some(schain) = source.and_then(|source| source.schain.as_deref()) {
            return Some(Cow::Borrowed(schain));
        }
        let found: Option<SupplyChain<'a>> =
            inside(source.and_then(|source| source.ext.as_ref()), "schain");
        found
            .or_else(|| inside(self.ext.as_ref(), "schain"))
            .map(Cow::Owned)
    }

    /// Whether the children's privacy act applies; absent is unknown.
    #[must_use]
    pub fn coppa(&self) -> Option<bool> {
        self.regs
            .as_ref()
            .and_then(|regs| regs.coppa)
            .or_else(|| inside(self.regs_ext(), "coppa"))
    }

    /// Whether the European data protection regulation applies; absent is unknown.
    #[must_use]
    pub fn gdpr(&self) -> Option<bool> {
        self.regs
            .as_ref()
            .and_then(|regs| regs.gdpr)
            .or_else(|| inside(self.regs_ext(), "gdpr"))
    }

    /// The US privacy string.
    #[must_use]
    pub fn us_privacy(&self) -> Option<Str<'a>> {
        said(self.regs.as_ref().and_then(|regs| regs.us_privacy.clone()))
            .or_else(|| said(inside(self.regs_ext(), "us_privacy")))
    }

    /// The Global Privacy Platform string.
    #[must_use]
    pub fn gpp(&self) -> Option<Str<'a>> {
        said(self.regs.as_ref().and_then(|regs| regs.gpp.clone()))
            .or_else(|| said(inside(self.regs_ext(), "gpp")))
    }

    /// The sections of [`BidRequest::gpp`] that are in force.
    #[must_use]
    pub fn gpp_sid(&self) -> Cow<'_, [GppSection]> {
        match self.regs.as_deref() {
            Some(regs) if !regs.gpp_sid.is_empty() => Cow::Borrowed(&regs.gpp_sid),
            Some(_) | None => Cow::Owned(inside(self.regs_ext(), "gpp_sid")),
        }
    }

    /// The TCF consent string.
    #[must_use]
    pub fn consent(&self) -> Option<Str<'a>> {
        said(self.user.as_ref().and_then(|user| user.consent.clone()))
            .or_else(|| said(inside(self.user_ext(), "consent")))
    }

    /// Extended ids of the user.
    #[must_use]
    pub fn eids(&self) -> Cow<'_, [Eid<'a>]> {
        match self.user.as_deref() {
            Some(user) if !user.eids.is_empty() => Cow::Borrowed(&user.eids),
            Some(_) | None => Cow::Owned(inside(self.user_ext(), "eids")),
        }
    }

    /// Domain whose ads.txt tells the inventory's owner (C-149).
    #[must_use]
    pub fn inventorypartnerdomain(&self) -> Option<Str<'a>> {
        self.site
            .as_deref()
            .and_then(Site::partner_domain)
            .or_else(|| self.app.as_deref().and_then(App::partner_domain))
    }
}

impl BidRequest<'_> {
    /// Notes the signals whose two places say different things (C-170); opens an `ext` only where
    /// the new place is filled as well.
    pub(crate) fn note_contradictions(
        &self,
        note: &mut dyn FnMut(&'static str, &'static str, u32),
    ) {
        if let Some(regs) = self.regs.as_deref()
            && let Some(ext) = regs.ext.as_ref()
        {
            let mut differ = |name, differs: bool| {
                if differs {
                    note("Regs", name, regs.span.start);
                }
            };
            differ("gdpr", contradicts(regs.gdpr.as_ref(), ext, "gdpr"));
            differ(
                "us_privacy",
                contradicts(regs.us_privacy.as_ref(), ext, "us_privacy"),
            );
            differ("gpp", contradicts(regs.gpp.as_ref(), ext, "gpp"));
        }
        if let Some(user) = self.user.as_deref()
            && let Some(ext) = user.ext.as_ref()
            && contradicts(user.consent.as_ref(), ext, "consent")
        {
            note("User", "consent", user.span.start);
        }
    }
}

impl BidRequest<'_> {
    /// Whether anything stands in a place or form of 2.5 that 2.6 partners do not get (C-171, C-172):
    /// whether [`request_to_26`](crate::convert::request_to_26) has something to do.
    #[must_use]
    pub fn has_older_forms(&self) -> bool {
        let source = self.source.as_deref().and_then(|source| source.ext);
        let device = self.device.as_deref().and_then(|device| device.ext);
        let user = self.user.as_deref().and_then(|user| user.ext);
        says(self.ext, &["schain"])
            || says(source, &["schain"])
            || says(device, &["sua"])
            || says(user, &["consent", "eids"])
            || says(
                self.regs_ext().copied(),
                &["gdpr", "us_privacy", "gpp", "gpp_sid"],
            )
            || self.imp.iter().any(Imp::has_older_forms)
            || self
                .content()
                .is_some_and(|content| content.videoquality.is_some())
            || self
                .place_ext()
                .is_some_and(|ext| says(Some(ext), &["inventorypartnerdomain"]))
    }

    fn content(&self) -> Option<&Content<'_>> {
        let site = self
            .site
            .as_deref()
            .and_then(|site| site.content.as_deref());
        let app = self.app.as_deref().and_then(|app| app.content.as_deref());
        let dooh = self
            .dooh
            .as_deref()
            .and_then(|dooh| dooh.content.as_deref());
        site.or(app).or(dooh)
    }

    fn place_ext(&self) -> Option<Raw<'_>> {
        let site = self.site.as_deref().and_then(|site| site.ext);
        site.or_else(|| self.app.as_deref().and_then(|app| app.ext))
    }
}

/// Whether an `ext` has one of these members, with something in it.
fn says(ext: Option<Raw<'_>>, names: &[&str]) -> bool {
    ext.is_some_and(|ext| {
        let said = |name| ext.get(name).is_some_and(|value| value.as_str() != "null");
        names.iter().any(|name| said(name))
    })
}

impl Imp<'_> {
    fn has_older_forms(&self) -> bool {
        let banner = self.banner.as_deref().is_some_and(Banner::has_older_forms);
        let video = self.video.as_deref().is_some_and(|video| {
            video.protocol.is_some()
                || video.companionad.iter().any(Banner::has_older_forms)
                || says(video.ext, &["plcmt"])
        });
        let audio = self.audio.as_deref();
        let audio =
            audio.is_some_and(|audio| audio.companionad.iter().any(Banner::has_older_forms));
        banner || video || audio || (self.rwdd.is_none() && self.rewarded())
    }
}

impl Banner<'_> {
    fn has_older_forms(&self) -> bool {
        let range = [self.wmax, self.hmax, self.wmin, self.hmin];
        range.into_iter().any(|end| end.is_some())
    }
}

/// Whether an `ext` says something else than the new place.
fn contradicts<'a, T: PartialEq>(new: Option<&T>, ext: &Raw<'a>, name: &str) -> bool
where
    Option<T>: Field<'a>,
{
    new.is_some_and(|new| inside::<Option<T>>(Some(ext), name).is_some_and(|old| old != *new))
}

impl<'a> Site<'a> {
    fn partner_domain(&self) -> Option<Str<'a>> {
        said(self.inventorypartnerdomain.clone())
            .or_else(|| said(inside(self.ext.as_ref(), "inventorypartnerdomain")))
    }
}

impl<'a> App<'a> {
    fn partner_domain(&self) -> Option<Str<'a>> {
        said(self.inventorypartnerdomain.clone())
            .or_else(|| said(inside(self.ext.as_ref(), "inventorypartnerdomain")))
    }
}

impl Imp<'_> {
    /// Whether the user is rewarded; 2.5 has no standard place, so the usual ones are tried.
    #[must_use]
    pub fn rewarded(&self) -> bool {
        let ext = self.ext.as_ref();
        let prebid = ext.and_then(|ext| ext.get("prebid"));
        let video = self.video.as_ref().and_then(|video| video.ext.as_ref());
        self.rwdd
            .or_else(|| inside(ext, "rewarded"))
            .or_else(|| inside(video, "rewarded"))
            .or_else(|| inside(prebid.as_ref(), "is_rewarded_inventory"))
            .or_else(|| inside(ext, "is_rewarded_inventory"))
            .unwrap_or(false)
    }
}

impl<'a> Device<'a> {
    /// Client hints, truer than `ua` (C-140).
    #[must_use]
    pub fn sua(&self) -> Option<Cow<'_, UserAgent<'a>>> {
        match self.sua.as_deref() {
            Some(sua) => Some(Cow::Borrowed(sua)),
            None => inside::<Option<UserAgent<'a>>>(self.ext.as_ref(), "sua").map(Cow::Owned),
        }
    }

    /// The advertising id, unless it is all zeros (C-142).
    #[must_use]
    pub fn ifa(&self) -> Option<&str> {
        let ifa = self.ifa.as_deref()?;
        ifa.bytes()
            .any(|byte| !matches!(byte, b'0' | b'-'))
            .then_some(ifa)
    }
}

impl Video<'_> {
    /// The placement in the list of 2.6; the deprecated list is never mapped onto it (C-83).
    #[must_use]
    pub fn plcmt(&self) -> Option<Plcmt> {
        self.plcmt.or_else(|| inside(self.ext.as_ref(), "plcmt"))
    }
}

impl Bid<'_> {
    /// Which media object is answered, if the bid says so (C-132).
    #[must_use]
    pub fn mtype(&self) -> Option<MarkupType> {
        self.mtype.or_else(|| inside(self.ext.as_ref(), "mtype"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn read(body: &str) -> BidRequest<'_> {
        BidRequest::read(body.as_bytes(), &Limits::REQUEST)
            .unwrap()
            .0
    }

    #[test]
    fn the_old_places_are_read() {
        // conformance.md 16, one row per signal
        let body = r#"{"id":"1","imp":[{"id":"a","banner":{},"ext":{"prebid":{"is_rewarded_inventory":1}}},
            {"id":"b","video":{"mimes":["video/mp4"],"ext":{"rewarded":1,"plcmt":"4"}}},
            {"id":"c","banner":{},"rwdd":0,"ext":{"rewarded":1}}],
            "site":{"ext":{"inventorypartnerdomain":"p.example"}},
            "device":{"ifa":"00000000-0000-0000-0000-000000000000","ext":{"sua":{"mobile":true}}},
            "user":{"ext":{"consent":"CQ","eids":[{"source":"s.example","uids":[{"id":"u"}]}]}},
            "regs":{"ext":{"gdpr":1,"us_privacy":"1YNN","gpp":"DBAA","gpp_sid":[7,99]}},
            "source":{"ext":{"schain":{"complete":1,"ver":"1.0","nodes":[{"asi":"a.example","sid":"1","hp":1}]}}}}"#;
        let request = read(body);
        assert_eq!(request.gdpr(), Some(true));
        assert_eq!(request.us_privacy().as_deref(), Some("1YNN"));
        assert_eq!(request.gpp().as_deref(), Some("DBAA"));
        assert_eq!(
            *request.gpp_sid(),
            [GppSection::US_NATIONAL, GppSection(99)]
        );
        assert_eq!(request.consent().as_deref(), Some("CQ"));
        assert_eq!(request.eids()[0].uids[0].id.as_deref(), Some("u"));
        assert_eq!(
            request.inventorypartnerdomain().as_deref(),
            Some("p.example")
        );
        let schain = request.schain().unwrap();
        assert_eq!(schain.nodes[0].asi.as_deref(), Some("a.example"));
        assert_eq!(
            request.imp.iter().map(Imp::rewarded).collect::<Vec<_>>(),
            [true, true, false]
        );
        assert_eq!(
            request.imp[1].video.as_ref().unwrap().plcmt(),
            Some(Plcmt::STANDALONE)
        );
        let device = request.device.as_deref().unwrap();
        assert_eq!(device.sua().unwrap().mobile, Some(true));
        assert_eq!(device.ifa(), None, "C-142");
        let older = read(
            r#"{"id":"1","imp":[{"id":"a","banner":{}}],"ext":{"schain":{"complete":0,"nodes":[]}}}"#,
        );
        assert_eq!(older.schain().unwrap().complete, Some(false));
    }

    #[test]
    fn the_new_place_wins() {
        // C-170
        let request = read(
            r#"{"id":"1","imp":[{"id":"a","banner":{}}],"regs":{"gdpr":0,"ext":{"gdpr":1}},
                "user":{"consent":"new","ext":{"consent":"old"}}}"#,
        );
        assert_eq!(request.gdpr(), Some(false));
        assert_eq!(request.consent().as_deref(), Some("new"));
    }

    #[test]
    fn a_contradiction_is_counted() {
        // C-170
        let body = r#"{"id":"1","imp":[{"id":"a","banner":{}}],"regs":{"gdpr":0,"gpp":"D","ext":{"gdpr":1,"gpp":"D"}},
            "user":{"consent":"new","ext":{"consent":"old"}}}"#;
        let (_, repairs) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let fields: Vec<_> = repairs.iter().map(|r| (r.field, r.kind)).collect();
        let kind = crate::RepairKind::Contradiction;
        assert_eq!(fields, [("gdpr", kind), ("consent", kind)]);
    }

    #[test]
    fn an_absent_signal_is_unknown() {
        // C-160
        let request = read(r#"{"id":"1","imp":[{"id":"a","banner":{}}]}"#);
        assert_eq!((request.gdpr(), request.coppa()), (None, None));
        assert!(request.schain().is_none() && request.eids().is_empty());
    }
}
