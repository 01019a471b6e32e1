//! Reading a whole request: what is beyond repair, and which of two exclusive attributes counts.

use super::unusable;
use super::{App, Audio, BidRequest, Content, Device, Imp, Site, User, Video};
use crate::error::ReadError;
use crate::json::{Fault, MalformedKind, Reader, Span};
use crate::lenient::{Name, Value as _};
use crate::limits::Limits;
use crate::repairs::{Repair, RepairKind, Repairs};

const ROOT: &Name = &Name {
    object: "BidRequest",
    field: "",
};

impl<'a> BidRequest<'a> {
    /// Reads a request. What was repaired or left out on the way is told beside it.
    ///
    /// # Errors
    /// [`ReadError::Malformed`] when the body is not JSON or beyond `limits`;
    /// [`ReadError::Invalid`] when it has no `id` (C-60), no usable imp (C-66), two imps of one id
    /// (C-64), an id that is too long, too many imps, ids of the user or segments, more than one of `site`, `app`, `dooh` (C-40), or a doubled key that
    /// decides the auction (C-31).
    pub fn read(body: &'a [u8], limits: &Limits) -> Result<(Self, Repairs), ReadError> {
        let mut reader = Reader::new(body, limits).map_err(|fault| ReadError::new(fault, body))?;
        reader.passes_on = true;
        let mut request = read_root(&mut reader).map_err(|fault| ReadError::new(fault, body))?;
        let mut repairs = std::mem::take(&mut reader.repairs);
        check(&request, &repairs, body, limits)?;
        prefer_newer(&mut request, &mut repairs);
        request.note_contradictions(&mut |object, field, at| {
            repairs.push(Repair {
                object,
                field,
                at,
                kind: RepairKind::Contradiction,
            });
        });
        request.outline = std::mem::take(&mut reader.outline);
        request.outline.sort();
        Ok((request, repairs))
    }
}

fn read_root<'a>(reader: &mut Reader<'a>) -> Result<BidRequest<'a>, Fault> {
    reader.blanks();
    let at = reader.position();
    let request = BidRequest::read_value(reader, ROOT)?;
    reader.finish()?;
    request.ok_or(Fault::malformed(at, MalformedKind::NotAnObject))
}

fn check(
    request: &BidRequest<'_>,
    repairs: &Repairs,
    body: &[u8],
    limits: &Limits,
) -> Result<(), ReadError> {
    if request.id.as_ref().is_none_or(|id| id.is_empty()) {
        return Err(ReadError::invalid("/id", "C-60", "the request has no id"));
    }
    if request.imp.is_empty() {
        return Err(unusable::first_fault(body, repairs));
    }
    let (count, most) = (request.imp.len(), limits.imps);
    if count > most {
        let what = format!("there are {count} imps, and {most} are allowed (request.imps)");
        return Err(ReadError::invalid("/imp", "R37", what));
    }
    if let Some(span) = too_long_id(request, limits.id) {
        let most = limits.id;
        let what = format!("the id is longer than the {most} bytes that are allowed (request.id)");
        return Err(ReadError::in_member(body, span, "id", "R37", what));
    }
    let (count, most) = (ids_of_user(request), limits.eids);
    if count > most {
        let what = format!("the user has {count} ids, and {most} are allowed (request.eids)");
        return Err(ReadError::invalid("/user/eids", "R37", what));
    }
    if let Some(at) = too_many_segments(request, limits.segments) {
        let most = limits.segments;
        let what =
            format!("there are more than the {most} segments that are allowed (request.segments)");
        return Err(ReadError::invalid(at, "R37", what));
    }
    if let Some(imp) = repeated_id(&request.imp) {
        let what = "an imp before has the same id";
        return Err(ReadError::in_member(body, imp.span, "id", "C-64", what));
    }
    let contexts = [
        request.site.is_some(),
        request.app.is_some(),
        request.dooh.is_some(),
    ];
    if contexts.into_iter().filter(|present| *present).count() > 1 {
        return Err(ReadError::invalid(
            "",
            "C-40",
            "at most one of site, app and dooh may be there",
        ));
    }
    Ok(())
}

/// The first imp that has the id of one before it.
fn repeated_id<'i, 'a>(imps: &'i [Imp<'a>]) -> Option<&'i Imp<'a>> {
    const FEW: usize = 8;
    if imps.len() <= FEW {
        let mut numbered = imps.iter().enumerate();
        let is_again =
            |at: usize, imp: &Imp<'_>| imps.iter().take(at).any(|it| it.id() == imp.id());
        return numbered
            .find(|(at, imp)| is_again(*at, imp))
            .map(|(_, imp)| imp);
    }
    let mut ids: Vec<(&str, usize)> = imps.iter().map(Imp::id).zip(0..).collect();
    ids.sort_unstable();
    let pairs = ids.windows(2).filter_map(|pair| match pair {
        [(before, _), (id, at)] if before == id => Some(*at),
        _ => None,
    });
    imps.get(pairs.min()?)
}

/// The request or the imp whose id has more bytes than `most`, if any has.
pub(crate) fn too_long_id(request: &BidRequest<'_>, most: usize) -> Option<Span> {
    if request.id().len() > most {
        return Some(request.span);
    }
    let imp = request.imp.iter().find(|imp| imp.id().len() > most);
    imp.map(|imp| imp.span)
}

/// How many ids the user has, wherever they stand (C-170); one that names a source alone counts, too.
pub(crate) fn ids_of_user(request: &BidRequest<'_>) -> usize {
    let eids = request.eids();
    eids.iter().map(|it| it.uids.len().max(1)).sum()
}

/// Where the segment stands that is one too many, if any does.
pub(crate) fn too_many_segments(request: &BidRequest<'_>, most: usize) -> Option<&'static str> {
    let contents = [
        request.site.as_deref().and_then(|it| it.content.as_deref()),
        request.app.as_deref().and_then(|it| it.content.as_deref()),
        request.dooh.as_deref().and_then(|it| it.content.as_deref()),
    ];
    let user = request.user.as_deref().map_or(&[][..], |it| &it.data);
    let places = [
        "/site/content/data",
        "/app/content/data",
        "/dooh/content/data",
    ];
    let of_contents = contents.into_iter().zip(places);
    let of_contents = of_contents.filter_map(|(it, at)| Some((it?.data.as_slice(), at)));
    let mut found = 0_usize;
    std::iter::once((user, "/user/data"))
        .chain(of_contents)
        .find_map(|(data, at)| {
            let here: usize = data.iter().map(|it| it.segment.len().max(1)).sum();
            found = found.saturating_add(here);
            (found > most).then_some(at)
        })
}

/// Keeps the newer or more specific of two attributes that exclude each other (C-42 to C-46).
fn prefer_newer(request: &mut BidRequest<'_>, repairs: &mut Repairs) {
    let mut note = |object: &'static str, field: &'static str, at: u32| {
        repairs.push(Repair {
            object,
            field,
            at,
            kind: RepairKind::Exclusive,
        });
    };
    let at = request.span.start;
    if !request.acat.is_empty() && !request.bcat.is_empty() {
        request.bcat.clear();
        note("BidRequest", "bcat", at);
    }
    if !request.wlangb.is_empty() && !request.wlang.is_empty() {
        request.wlang.clear();
        note("BidRequest", "wlang", at);
    }
    for imp in &mut request.imp {
        if let Some(video) = imp.video.as_deref_mut() {
            video.prefer_newer(&mut note);
        }
        if let Some(audio) = imp.audio.as_deref_mut() {
            audio.prefer_newer(&mut note);
        }
    }
    if let Some(site) = request.site.as_deref_mut() {
        site.prefer_newer(&mut note);
    }
    if let Some(app) = request.app.as_deref_mut() {
        app.prefer_newer(&mut note);
    }
    if let Some(dooh) = request.dooh.as_deref_mut()
        && let Some(content) = dooh.content.as_deref_mut()
    {
        content.prefer_newer(&mut note);
    }
    if let Some(device) = request.device.as_deref_mut() {
        device.prefer_newer(&mut note);
    }
    if let Some(user) = request.user.as_deref_mut() {
        user.prefer_newer(&mut note);
    }
}

/// Where an exclusion is counted: object, attribute left out, place of the object.
type Note<'n> = dyn FnMut(&'static str, &'static str, u32) + 'n;

macro_rules! exact_durations_win {
    ($($object:ident)*) => {$(
        impl $object<'_> {
            fn prefer_newer(&mut self, note: &mut Note<'_>) {
                let ranged = self.minduration.is_some() || self.maxduration.is_some();
                if !self.rqddurs.is_empty() && ranged {
                    self.minduration = None;
                    self.maxduration = None;
                    note(stringify!($object), "rqddurs", self.span.start);
                }
                if !self.durfloors.is_empty() && self.mincpmpersec.take().is_some() {
                    note(stringify!($object), "mincpmpersec", self.span.start);
                }
            }
        }
    )*};
}
exact_durations_win!(Video Audio);

macro_rules! keyword_arrays_win {
    ($($object:ident $(with $content:ident)?),*) => {$(
        impl $object<'_> {
            fn prefer_newer(&mut self, note: &mut Note<'_>) {
                if !self.kwarray.is_empty() && self.keywords.take().is_some() {
                    note(stringify!($object), "keywords", self.span.start);
                }
                $(if let Some(content) = self.$content.as_deref_mut() {
                    content.prefer_newer(note);
                })?
            }
        }
    )*};
}
keyword_arrays_win!(Site with content, App with content, User);

impl Content<'_> {
    fn prefer_newer(&mut self, note: &mut Note<'_>) {
        if !self.kwarray.is_empty() && self.keywords.take().is_some() {
            note("Content", "keywords", self.span.start);
        }
        if self.langb.is_some() && self.language.take().is_some() {
            note("Content", "language", self.span.start);
        }
    }
}

impl Device<'_> {
    fn prefer_newer(&mut self, note: &mut Note<'_>) {
        if self.langb.is_some() && self.language.take().is_some() {
            note("Device", "language", self.span.start);
        }
    }
}
