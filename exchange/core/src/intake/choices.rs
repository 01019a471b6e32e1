//! R37: lists that every bid is compared with one by one are short; so is what partners see of deals.

use openrtb::{BidRequest, Imp, ReadError, Span, Str};

use super::Bounds;
use crate::domain;

/// Checks the lists of a request, all but those of blocked and allowed domains, categories, apps and seats, which
/// are looked up and may be long.
pub(super) fn check(
    request: &BidRequest<'_>,
    body: &[u8],
    bounds: &Bounds,
) -> Result<(), ReadError> {
    let listed = Listed {
        body,
        most: bounds.choices,
    };
    listed.check(
        request.span,
        [
            ("cur", request.cur.len()),
            ("wlang", request.wlang.len()),
            ("wlangb", request.wlangb.len()),
        ],
    )?;
    let mut letters = Letters {
        body,
        most: bounds.international,
        left: bounds.international,
    };
    letters.take(request.span, "badv", &request.badv)?;
    let mut left = bounds.deals;
    for imp in &request.imp {
        listed.check_imp(imp)?;
        if let Some(pmp) = imp.pmp.as_deref() {
            left = left.checked_sub(pmp.deals.len()).ok_or_else(|| {
                let most = bounds.deals;
                let what = format!(
                    "there are more than the {most} deals that are allowed (exchange.deals)"
                );
                ReadError::in_member(body, pmp.span, "deals", "R37", what)
            })?;
            for deal in &pmp.deals {
                listed.check(deal.span, [("durfloors", deal.durfloors.len())])?;
                letters.take(deal.span, "wadomain", &deal.wadomain)?;
            }
        }
    }
    Ok(())
}

/// Bytes beyond ASCII that may still come in names of domains.
struct Letters<'l> {
    body: &'l [u8],
    most: usize,
    left: usize,
}

impl Letters<'_> {
    fn take(
        &mut self,
        object: Span,
        member: &'static str,
        names: &[Str<'_>],
    ) -> Result<(), ReadError> {
        let count = domain::international(names.iter().map(|name| &**name));
        self.left = self.left.checked_sub(count).ok_or_else(|| {
            let most = self.most;
            let what = format!(
                "names of domains have more than the {most} bytes beyond ASCII that are allowed (exchange.listed_international)"
            );
            ReadError::in_member(self.body, object, member, "R37", what)
        })?;
        Ok(())
    }
}

struct Listed<'l> {
    body: &'l [u8],
    most: usize,
}

impl Listed<'_> {
    fn check<const N: usize>(
        &self,
        object: Span,
        lists: [(&'static str, usize); N],
    ) -> Result<(), ReadError> {
        let most = self.most;
        match lists.into_iter().find(|(_, count)| *count > most) {
            None => Ok(()),
            Some((member, count)) => {
                let what =
                    format!("there are {count} entries, and {most} are allowed (exchange.choices)");
                Err(ReadError::in_member(self.body, object, member, "R37", what))
            }
        }
    }

    fn check_imp(&self, imp: &Imp<'_>) -> Result<(), ReadError> {
        if let Some(banner) = imp.banner.as_deref() {
            let lists = [
                ("format", banner.format.len()),
                ("mimes", banner.mimes.len()),
                ("btype", banner.btype.len()),
                ("battr", banner.battr.len()),
                ("api", banner.api.len()),
            ];
            self.check(banner.span, lists)?;
        }
        if let Some(video) = imp.video.as_deref() {
            let lists = [
                ("mimes", video.mimes.len()),
                ("companionad", video.companionad.len()),
                ("protocols", video.protocols.len()),
                ("rqddurs", video.rqddurs.len()),
                ("durfloors", video.durfloors.len()),
                ("battr", video.battr.len()),
                ("api", video.api.len()),
            ];
            self.check(video.span, lists)?;
        }
        if let Some(audio) = imp.audio.as_deref() {
            let lists = [
                ("mimes", audio.mimes.len()),
                ("companionad", audio.companionad.len()),
                ("protocols", audio.protocols.len()),
                ("rqddurs", audio.rqddurs.len()),
                ("durfloors", audio.durfloors.len()),
                ("battr", audio.battr.len()),
                ("api", audio.api.len()),
            ];
            self.check(audio.span, lists)?;
        }
        if let Some(native) = imp.native.as_deref() {
            let lists = [("battr", native.battr.len()), ("api", native.api.len())];
            self.check(native.span, lists)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Additions, Pages, Refusal, read};
    use super::*;

    #[test]
    fn r_37_what_bids_are_compared_with_is_bounded_and_what_is_looked_up_is_not() {
        const IMP: &str = r#""imp":[{"id":"1",*}]"#;
        const ROOT: &str = r#""imp":[{"id":"1","banner":{}}],*"#;
        #[rustfmt::skip]
        let cases = [
            (IMP, r#""banner":{"format":[@]}"#, r#"{"w":1,"h":1}"#, 128, "/imp/0/banner/format"),
            (IMP, r#""banner":{"mimes":[@]}"#, r#""a/b""#, 128, "/imp/0/banner/mimes"),
            (IMP, r#""banner":{"battr":[@]}"#, "1", 128, "/imp/0/banner/battr"),
            (IMP, r#""video":{"mimes":[@]}"#, r#""a/b""#, 128, "/imp/0/video/mimes"),
            (IMP, r#""video":{"mimes":["a"],"companionad":[@]}"#, r#"{"id":"1"}"#, 128, "/imp/0/video/companionad"),
            (IMP, r#""audio":{"mimes":["a"],"companionad":[@]}"#, r#"{"id":"1"}"#, 128, "/imp/0/audio/companionad"),
            (IMP, r#""video":{"mimes":["a"],"rqddurs":[@]}"#, "5", 128, "/imp/0/video/rqddurs"),
            (IMP, r#""audio":{"mimes":["a"],"durfloors":[@]}"#, r#"{"mindur":1}"#, 128, "/imp/0/audio/durfloors"),
            (IMP, r#""native":{"request":"{}","battr":[@]}"#, "1", 128, "/imp/0/native/battr"),
            (IMP, r#""banner":{},"pmp":{"deals":[{"id":"d","durfloors":[@]}]}"#, r#"{"mindur":1}"#, 128, "/imp/0/pmp/deals/0/durfloors"),
            (IMP, r#""banner":{},"pmp":{"deals":[@]}"#, r#"{"id":"d"}"#, 1_000, "/imp/0/pmp/deals"),
            (ROOT, r#""wlang":[@]"#, r#""en""#, 128, "/wlang"),
            (ROOT, r#""cur":[@]"#, r#""USD""#, 128, "/cur"),
            (ROOT, r#""badv":[@]"#, r#""a.example""#, 5_000, ""),
            (ROOT, r#""badv":[@]"#, r#""éé.example""#, 8_192, "/badv"),
            (IMP, r#""banner":{},"pmp":{"deals":[{"id":"d","wadomain":[@]}]}"#, r#""éé.example""#, 8_192, "/imp/0/pmp/deals/0/wadomain"),
            (ROOT, r#""wseat":[@]"#, r#""s""#, 5_000, ""),
        ];
        for (place, list, entry, most, pointer) in cases {
            for count in [most, most + 1] {
                let entries = vec![entry; count].join(",");
                let members = place.replace('*', &list.replace('@', &entries));
                let body = format!(r#"{{"id":"r",{members}}}"#);
                let (mut pages, nothing) = (Pages::default(), Additions::default());
                let read = read(body.as_bytes(), &mut pages, &nothing, &Bounds::default());
                let at = match &read {
                    Ok(_) => "",
                    Err(Refusal::Unreadable(error)) => error.pointer(),
                    Err(refusal) => panic!("{list}: {refusal}"),
                };
                let expect = if count > most { pointer } else { "" };
                assert_eq!(at, expect, "{count} of {list}");
            }
        }
    }
}
