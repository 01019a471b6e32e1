//! Whether a native response gives what the request asked for (C-92 to C-96).

use std::borrow::Cow;

use super::{
    AssetRequest, AssetResponse, DataRequest, EventTrackerResponse, ImageRequest, ImageResponse,
    LinkResponse, NativeRequest, NativeResponse,
};

use crate::enums::EventTrackingMethod;

/// What is wrong with a native response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NativeFault {
    /// There is no `link.url`.
    #[error("link.url is missing")]
    NoLink,
    /// A required asset is missing.
    #[error("required asset {0} is missing")]
    MissingAsset(i64),
    /// An asset that nobody asked for, or one without an id.
    #[error("an asset answers nothing that was asked for")]
    UnknownAsset,
    /// Two assets answer the same one.
    #[error("asset {0} is there twice")]
    DuplicateAsset(i64),
    /// An asset of another kind than asked for, of none or of several, or without its content.
    #[error("asset {0} is not of the kind asked for")]
    WrongKind(i64),
    /// A text longer than asked for.
    #[error("the text of asset {0} is too long")]
    TooLong(i64),
    /// An image of a size that was not asked for.
    #[error("the image of asset {0} has a wrong size")]
    WrongSize(i64),
    /// A tracker for an event or by a method that was not offered, or without its URL.
    #[error("a tracker is not among those offered")]
    TrackerNotOffered,
    /// A privacy URL where no notice is shown.
    #[error("a privacy notice is not shown here")]
    PrivacyNotOffered,
    /// `assetsurl` or `dcourl` where it is not supported.
    #[error("assets by URL are not supported here")]
    UrlNotSupported,
}

/// Checks a response against its request; with `strict_lengths`, texts that are too long are
/// refused rather than left for the renderer to cut (C-93).
///
/// # Errors
/// The first [`NativeFault`] found.
pub fn check(
    request: &NativeRequest<'_>,
    response: &NativeResponse<'_>,
    strict_lengths: bool,
) -> Result<(), NativeFault> {
    let remote = remote_assets(request, response)?;
    let linked = response
        .link
        .as_deref()
        .is_some_and(LinkResponse::is_usable);
    if !linked && !remote {
        return Err(NativeFault::NoLink);
    }
    // Sorted by id: both lists are as long as strangers make them.
    let mut asked: Cow<'_, [AssetRequest<'_>]> = Cow::Borrowed(&request.assets);
    if !asked.is_sorted_by_key(|asset| asset.id) {
        asked.to_mut().sort_by_key(|asset| asset.id);
    }
    // Mostly there are so few that they need no memory of their own.
    let (mut few, mut many) = ([None; 16], Vec::new());
    let given = match few.get_mut(..response.assets.len()) {
        Some(given) => given,
        None => {
            many.resize(response.assets.len(), None);
            &mut many[..]
        }
    };
    for (id, asset) in given.iter_mut().zip(&response.assets) {
        *id = asset.id;
    }
    given.sort_unstable();
    for asset in &response.assets {
        let id = asset.id.ok_or(NativeFault::UnknownAsset)?;
        let first = asked.partition_point(|other| other.id < Some(id));
        let asked = asked.get(first).filter(|asked| asked.id == Some(id));
        let asked = asked.ok_or(NativeFault::UnknownAsset)?;
        let first = given.partition_point(|other| *other < Some(id));
        if given.get(first + 1) == Some(&Some(id)) {
            return Err(NativeFault::DuplicateAsset(id));
        }
        check_asset(id, asked, asset, strict_lengths)?;
    }
    if !remote {
        for asked in request
            .assets
            .iter()
            .filter(|asked| asked.required == Some(true))
        {
            if given.binary_search(&asked.id).is_err() {
                return Err(NativeFault::MissingAsset(asked.id.unwrap_or_default()));
            }
        }
    }
    if response.privacy.is_some() && request.privacy != Some(true) {
        return Err(NativeFault::PrivacyNotOffered);
    }
    for tracker in &response.eventtrackers {
        check_tracker(request, tracker)?;
    }
    Ok(())
}

/// Whether the assets are fetched by URL, which must be supported (C-96).
fn remote_assets(
    request: &NativeRequest<'_>,
    response: &NativeResponse<'_>,
) -> Result<bool, NativeFault> {
    let given = [
        (response.assetsurl.is_some(), request.aurlsupport),
        (response.dcourl.is_some(), request.durlsupport),
    ];
    for (present, supported) in given {
        if present && supported != Some(true) {
            return Err(NativeFault::UrlNotSupported);
        }
    }
    Ok(given.into_iter().any(|(present, _)| present))
}

fn check_asset(
    id: i64,
    asked: &AssetRequest<'_>,
    asset: &AssetResponse<'_>,
    strict_lengths: bool,
) -> Result<(), NativeFault> {
    let kinds = [
        asset.title.is_some(),
        asset.img.is_some(),
        asset.video.is_some(),
        asset.data.is_some(),
    ];
    if kinds.into_iter().filter(|present| *present).count() != 1 {
        return Err(NativeFault::WrongKind(id));
    }
    let wrong = Err(NativeFault::WrongKind(id));
    let filled = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
    let mut length = None;
    if let Some(title) = &asset.title {
        let Some(asked) = &asked.title else {
            return wrong;
        };
        if !filled(title.text.as_deref()) {
            return wrong;
        }
        length = title.text.as_deref().zip(asked.len);
    }
    if let Some(data) = &asset.data {
        let Some(asked) = &asked.data else {
            return wrong;
        };
        if !filled(data.value.as_deref()) {
            return wrong;
        }
        length = data.value.as_deref().zip(limit(asked));
    }
    if let Some(image) = &asset.img {
        let Some(asked) = &asked.img else {
            return wrong;
        };
        if !filled(image.url.as_deref()) {
            return wrong;
        }
        if !size_fits(asked, image) {
            return Err(NativeFault::WrongSize(id));
        }
    }
    if let Some(video) = &asset.video
        && (asked.video.is_none() || !filled(video.vasttag.as_deref()))
    {
        return wrong;
    }
    let too_long = length.is_some_and(|(text, most)| {
        usize::try_from(most).is_ok_and(|most| text.chars().count() > most)
    });
    if strict_lengths && too_long {
        return Err(NativeFault::TooLong(id));
    }
    Ok(())
}

/// A length of 0 is what senders write for "no limit".
fn limit(asked: &DataRequest<'_>) -> Option<i32> {
    asked.len.filter(|most| *most > 0)
}

/// Exact where only `w` and `h` are asked for, at least `wmin` and `hmin` otherwise (C-93); a size
/// that the response does not tell is not judged.
fn size_fits(asked: &ImageRequest<'_>, image: &ImageResponse<'_>) -> bool {
    let fits = |given: Option<i32>, exact: Option<i32>, least: Option<i32>| {
        let Some(given) = given else { return true };
        match (exact.filter(|n| *n > 0), least.filter(|n| *n > 0)) {
            (_, Some(least)) => given >= least,
            (Some(exact), None) => given == exact,
            (None, None) => true,
        }
    };
    fits(image.w, asked.w, asked.wmin) && fits(image.h, asked.h, asked.hmin)
}

/// A tracker must be among the pairs offered and say whom to call (C-94).
fn check_tracker(
    request: &NativeRequest<'_>,
    tracker: &EventTrackerResponse<'_>,
) -> Result<(), NativeFault> {
    let offered = request.eventtrackers.iter().any(|offer| {
        offer.event.is_some()
            && offer.event == tracker.event
            && tracker
                .method
                .is_some_and(|method| offer.methods.contains(&method))
    });
    if offered && tracker.names_whom_to_call() {
        Ok(())
    } else {
        Err(NativeFault::TrackerNotOffered)
    }
}

impl EventTrackerResponse<'_> {
    /// Whether the URL is there that images and scripts are called by; methods of partners' own may
    /// do without (C-94).
    pub(crate) fn names_whom_to_call(&self) -> bool {
        let by_url = [EventTrackingMethod::IMAGE, EventTrackingMethod::JAVASCRIPT];
        let has_url = self.url.as_ref().is_some_and(|url| !url.is_empty());
        has_url || self.method.is_some_and(|method| !by_url.contains(&method))
    }
}

impl LinkResponse<'_> {
    pub(crate) fn is_usable(&self) -> bool {
        self.url.as_ref().is_some_and(|url| !url.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = r#"{"ver":"1.2","eventtrackers":[{"event":1,"methods":[1,2,500]}],"assets":[
        {"id":1,"required":1,"title":{"len":10}},{"id":2,"required":1,"img":{"type":3,"wmin":300,"hmin":200}},
        {"id":3,"img":{"type":1,"w":50,"h":50}},{"id":4,"data":{"type":2,"len":5}},{"id":5,"video":{"mimes":["video/mp4"]}}]}"#;

    fn answer(assets: &str, more: &str) -> String {
        format!(
            r#"{{"link":{{"url":"https://x/"}},"assets":[{{"id":1,"title":{{"text":"t"}}}},{{"id":2,"img":{{"url":"u","w":300,"h":200}}}}{assets}]{more}}}"#
        )
    }

    #[test]
    fn responses_by_the_table() {
        let (request, _) = NativeRequest::read(REQUEST).unwrap();
        let cases = [
            ("C-92 complete", answer("", ""), Ok(())),
            (
                "C-92 no link",
                r#"{"assets":[{"id":1,"title":{"text":"t"}},{"id":2,"img":{"url":"u"}}]}"#
                    .to_owned(),
                Err(NativeFault::NoLink),
            ),
            (
                "C-92 required missing",
                r#"{"link":{"url":"u"},"assets":[{"id":1,"title":{"text":"t"}}]}"#.to_owned(),
                Err(NativeFault::MissingAsset(2)),
            ),
            (
                "C-92 unknown id",
                answer(r#",{"id":9,"title":{"text":"t"}}"#, ""),
                Err(NativeFault::UnknownAsset),
            ),
            (
                "C-92 twice",
                answer(r#",{"id":1,"title":{"text":"t"}}"#, ""),
                Err(NativeFault::DuplicateAsset(1)),
            ),
            (
                "C-92 kind",
                answer(r#",{"id":3,"title":{"text":"t"}}"#, ""),
                Err(NativeFault::WrongKind(3)),
            ),
            (
                "C-48 two kinds",
                answer(r#",{"id":3,"title":{"text":"t"},"img":{"url":"u"}}"#, ""),
                Err(NativeFault::WrongKind(3)),
            ),
            (
                "C-93 exact size",
                answer(r#",{"id":3,"img":{"url":"u","w":51,"h":50}}"#, ""),
                Err(NativeFault::WrongSize(3)),
            ),
            (
                "C-93 long text",
                answer(r#",{"id":4,"data":{"value":"äöüßéx"}}"#, ""),
                Err(NativeFault::TooLong(4)),
            ),
            (
                "C-93 characters, not bytes",
                answer(r#",{"id":4,"data":{"value":"äöüßé"}}"#, ""),
                Ok(()),
            ),
            (
                "C-93 video",
                answer(r#",{"id":5,"video":{"vasttag":"<VAST/>"}}"#, ""),
                Ok(()),
            ),
            (
                "C-93 video without tag",
                answer(r#",{"id":5,"video":{}}"#, ""),
                Err(NativeFault::WrongKind(5)),
            ),
            (
                "C-94 offered",
                answer("", r#","eventtrackers":[{"event":1,"method":2,"url":"u"}]"#),
                Ok(()),
            ),
            (
                "C-94 not offered",
                answer("", r#","eventtrackers":[{"event":2,"method":1,"url":"u"}]"#),
                Err(NativeFault::TrackerNotOffered),
            ),
            (
                "C-94 a method of the partners' own needs no url",
                answer("", r#","eventtrackers":[{"event":1,"method":500}]"#),
                Ok(()),
            ),
            (
                "C-94 no url",
                answer("", r#","eventtrackers":[{"event":1,"method":1}]"#),
                Err(NativeFault::TrackerNotOffered),
            ),
            (
                "C-96 privacy not offered",
                answer("", r#","privacy":"u""#),
                Err(NativeFault::PrivacyNotOffered),
            ),
            (
                "C-94 deprecated trackers",
                answer("", r#","imptrackers":["u"],"jstracker":"<script>""#),
                Ok(()),
            ),
            (
                "C-96",
                answer("", r#","assetsurl":"u""#),
                Err(NativeFault::UrlNotSupported),
            ),
        ];
        for (id, text, want) in cases {
            let (response, _) = NativeResponse::read(&text).unwrap();
            assert_eq!(check(&request, &response, true), want, "{id}");
        }
        let long = answer(r#",{"id":4,"data":{"value":"123456"}}"#, "");
        let (response, _) = NativeResponse::read(&long).unwrap();
        assert_eq!(
            check(&request, &response, false),
            Ok(()),
            "C-93 the renderer may cut"
        );
    }

    #[test]
    fn wrapped_or_not() {
        // C-90, C-91
        for text in [REQUEST.to_owned(), format!(r#" {{"native":{REQUEST}}} "#)] {
            let (request, repairs) = NativeRequest::read(&text).unwrap();
            assert_eq!(request.assets.len(), 5);
            assert!(repairs.is_empty());
        }
        for (depth, is_read) in [(32, true), (33, false)] {
            let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
            let text = format!(r#"{{"x":{open}{close},"native":{REQUEST}}}"#);
            assert_eq!(NativeRequest::read(&text).is_ok(), is_read, "R37 {depth}");
        }
        assert!(NativeRequest::read("").is_err());
        assert!(NativeRequest::read("[]").is_err());
    }
}
