//! Attributes that exclude each other, for recipients that read both (C-42 to C-46).

use openrtb::splice::{Object, Patches};
use openrtb::{BidRequest, Content, Imp};

use crate::intake::Intake;
use crate::routing::View;

/// Takes out what a newer attribute excludes, as the reading does: bids are judged by the newer ones. This is for
/// recipients of 2.6 alone; 2.5 has none of the newer, so that what they exclude is all that is said there.
pub(super) fn patch(patches: &mut Patches, intake: &Intake<'_>, views: &[View]) {
    // The reading has counted any such pair.
    if intake.repairs.is_empty() {
        return;
    }
    let request = &intake.request;
    let mut excluded = |object: Object, newer: bool, names: &[&'static str]| {
        for name in names.iter().filter(|_| newer) {
            patches.remove(object, name);
        }
    };
    excluded(Object::Request, !request.acat.is_empty(), &["bcat"]);
    excluded(Object::Request, !request.wlangb.is_empty(), &["wlang"]);
    for (object, keywords) in keywords(request) {
        excluded(object, keywords, &["keywords"]);
    }
    for (object, content) in contents(request) {
        excluded(object, !content.kwarray.is_empty(), &["keywords"]);
        excluded(object, content.langb.is_some(), &["language"]);
    }
    let device = request.device.as_deref();
    let langb = device.is_some_and(|device| device.langb.is_some());
    excluded(Object::Device, langb, &["language"]);
    for view in views {
        let Some(imp) = request.imp.get(view.imp) else {
            continue;
        };
        for (object, exact, by_duration) in players(view.imp, imp) {
            excluded(object, exact, &["minduration", "maxduration"]);
            excluded(object, by_duration, &["mincpmpersec"]);
        }
    }
}

/// Where keywords stand, and whether they are an array there.
fn keywords(request: &BidRequest<'_>) -> [(Object, bool); 3] {
    let site = request.site.as_deref();
    let app = request.app.as_deref();
    let user = request.user.as_deref();
    [
        (
            Object::Site,
            site.is_some_and(|site| !site.kwarray.is_empty()),
        ),
        (Object::App, app.is_some_and(|app| !app.kwarray.is_empty())),
        (
            Object::User,
            user.is_some_and(|user| !user.kwarray.is_empty()),
        ),
    ]
}

fn contents<'r, 'a>(
    request: &'r BidRequest<'a>,
) -> impl Iterator<Item = (Object, &'r Content<'a>)> {
    let site = request.site.as_deref().and_then(|it| it.content.as_deref());
    let app = request.app.as_deref().and_then(|it| it.content.as_deref());
    let dooh = request.dooh.as_deref().and_then(|it| it.content.as_deref());
    [
        (Object::SiteContent, site),
        (Object::AppContent, app),
        (Object::DoohContent, dooh),
    ]
    .into_iter()
    .filter_map(|(object, content)| Some((object, content?)))
}

/// The players of an imp: whether durations are exact, and whether floors go by them.
fn players(index: usize, imp: &Imp<'_>) -> impl Iterator<Item = (Object, bool, bool)> {
    let video = imp.video.as_deref().map(|video| {
        let exact = !video.rqddurs.is_empty();
        (Object::Video(index), exact, !video.durfloors.is_empty())
    });
    let audio = imp.audio.as_deref().map(|audio| {
        let exact = !audio.rqddurs.is_empty();
        (Object::Audio(index), exact, !audio.durfloors.is_empty())
    });
    video.into_iter().chain(audio)
}
