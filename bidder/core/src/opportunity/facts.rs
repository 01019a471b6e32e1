//! The request's facts, as targeting sees them.

use contracts::catalog::Degrees;
use openrtb::{BrandVersion, Content, Geo, Publisher, Raw, Str, UserAgent};
use units::UnixMillis;

use super::{Identity, Imp, Opportunity};
use crate::eligibility::schedule::WeekHour;
use crate::facts::{Dimension, Facts, flag};
use crate::index::Size;
use crate::targeting::{Terms, Version};
use crate::user::User;

/// Names of `devicetype` in targeting; 1 is what 2.5 says for phones and tablets alike.
const DEVICE_TYPES: [(i32, &str); 8] = [
    (1, "mobile"),
    (2, "desktop"),
    (3, "ctv"),
    (4, "mobile"),
    (5, "tablet"),
    (6, "connected_device"),
    (7, "set_top_box"),
    (8, "ooh"),
];

/// Names of `connectiontype`; every generation is also `cellular`.
const CONNECTION_TYPES: [(i32, &str); 7] = [
    (1, "ethernet"),
    (2, "wifi"),
    (3, "cellular"),
    (4, "2g"),
    (5, "3g"),
    (6, "4g"),
    (7, "5g"),
];

/// Names of `pos` (AdCOM, placement positions).
const POSITIONS: [(i32, &str); 7] = [
    (1, "above_the_fold"),
    (2, "locked"),
    (3, "below_the_fold"),
    (4, "header"),
    (5, "footer"),
    (6, "sidebar"),
    (7, "full_screen"),
];

/// Names of `plcmt`; the deprecated `placement` is another list (C-83).
const PLACEMENT_TYPES: [(i32, &str); 9] = [
    (1, "instream"),
    (2, "accompanying_content"),
    (3, "interstitial"),
    (4, "standalone"),
    (5, "pause"),
    (6, "screensaver"),
    (7, "overlay"),
    (8, "squeezeback"),
    (9, "in_scene"),
];

fn named(names: &[(i32, &'static str)], code: i32) -> Option<&'static str> {
    names.iter().find(|it| it.0 == code).map(|it| it.1)
}

impl<'a> Opportunity<'a> {
    /// Collects what the request and the user say. The user's part is left out where it may not be used.
    pub fn facts(&self, user: &User<'_>, now: UnixMillis, facts: &mut Facts) {
        facts.clear();
        facts.now = now;
        self.device_facts(facts);
        self.place_facts(facts);
        self.context_facts(facts);
        facts.user_hour = self.user_hour(now);
        facts.push_some(Dimension::Exchange, self.surroundings.source);
        if self.identity != Identity::Allowed {
            return;
        }
        if let Some(profile) = user.profile {
            facts.push_profile(profile, user.known);
        }
        self.user_facts(year(now), facts);
    }

    /// Replaces the facts of one imp.
    pub fn imp_facts(&self, imp: &Imp<'_>, facts: &mut Facts) {
        let of_imp = Dimension::ALL.into_iter().filter(|it| it.is_of_imp());
        of_imp.for_each(|it| facts.forget(it));
        facts.know(Dimension::Deal);
        for id in imp.deals.iter().filter_map(|deal| deal.id.as_deref()) {
            facts.push(Dimension::Deal, id);
        }
        facts.push(Dimension::Interstitial, flag(imp.interstitial));
        size_facts(imp, facts);
        for (offered, name) in [
            (imp.banner.is_some(), "banner"),
            (imp.video.is_some(), "video"),
            (imp.audio.is_some(), "audio"),
            (imp.native.is_some(), "native"),
        ] {
            if offered {
                facts.push(Dimension::Format, name);
            }
        }
        if let Some(imp) = self.request.imp.get(imp.number) {
            placement_facts(imp, facts);
        }
    }

    /// The hour of the week where the user is (`device.geo.utcoffset`).
    #[must_use]
    pub fn user_hour(&self, now: UnixMillis) -> Option<WeekHour> {
        WeekHour::at_offset(now, self.geo()?.utcoffset?)
    }

    /// The request as it was received, if terms look at places of it and it is there.
    #[must_use]
    pub fn raw_for(&self, terms: &Terms) -> Option<Raw<'_>> {
        let body = self.surroundings.body.filter(|_| terms.look_at_paths())?;
        Raw::parse(std::str::from_utf8(body).ok()?).ok()
    }

    fn geo(&self) -> Option<&Geo<'_>> {
        self.request.device.as_deref()?.geo.as_deref()
    }

    fn device_facts(&self, facts: &mut Facts) {
        let found = self.surroundings.device;
        facts.push_some(
            Dimension::DeviceType,
            named(&DEVICE_TYPES, self.device_type),
        );
        let device = self.request.device.as_deref();
        let said = |text: Option<&Str<'_>>| text.is_some_and(|it| !it.trim().is_empty());
        let hints = device.and_then(openrtb::Device::sua);
        let hints = hints.as_deref();
        let platform = hints.and_then(|it| it.platform.as_deref());
        let own = device
            .and_then(|it| it.os.as_ref())
            .filter(|it| said(Some(it)));
        // A version belongs to the system that is named beside it.
        let (os, version) = match (own, platform) {
            (Some(os), _) => (Some(&**os), device.and_then(|it| it.osv.as_deref())),
            (None, Some(platform)) => (platform.brand.as_deref(), None),
            (None, None) => (None, None),
        };
        let os = os.or(found.os);
        facts.push_some(Dimension::Os, os);
        let same = |other: Option<&str>| {
            os.zip(other)
                .is_some_and(|(os, other)| os.trim().eq_ignore_ascii_case(other.trim()))
        };
        facts.os_version = version.and_then(Version::parse).or_else(|| {
            platform
                .filter(|it| same(it.brand.as_deref()))
                .and_then(version_of)
                .or_else(|| {
                    let found = found.os_version.filter(|_| same(found.os));
                    found.and_then(Version::parse)
                })
        });
        let Some(device) = device else {
            facts.push_some(Dimension::Make, found.make);
            facts.push_some(Dimension::Model, found.model);
            facts.push_some(Dimension::Browser, found.browser);
            return;
        };
        facts.push_some(Dimension::Make, device.make.as_deref().or(found.make));
        let model = device
            .model
            .as_deref()
            .or_else(|| hints.and_then(|it| it.model.as_deref()));
        facts.push_some(Dimension::Model, model.or(found.model));
        browsers(hints, facts);
        if !facts.is_known(Dimension::Browser) {
            facts.push_some(Dimension::Browser, found.browser);
        }
        facts.push_some(Dimension::Carrier, device.carrier.as_deref());
        facts.push_some(Dimension::Carrier, device.mccmnc.as_deref());
        if let Some(kind) = device.connectiontype {
            facts.push_some(Dimension::ConnectionType, named(&CONNECTION_TYPES, kind.0));
            if kind.0 > 3 && facts.is_known(Dimension::ConnectionType) {
                facts.push(Dimension::ConnectionType, "cellular");
            }
        }
        facts.push_some(
            Dimension::Language,
            device.langb.as_deref().or(device.language.as_deref()),
        );
    }

    /// Where the device is. What the IP address tells is used where it is of the same country.
    fn place_facts(&self, facts: &mut Facts) {
        let geo = self.geo();
        let country = geo.and_then(|it| it.country.as_deref());
        let code = |text: &str| units::country::alpha_3(text);
        let place = self.surroundings.place;
        let agrees = country.is_none_or(|own| place.country.and_then(code) == code(own));
        let found = |text: Option<&'a str>| text.filter(|_| agrees);
        let own = |text: for<'g> fn(&'g Geo<'_>) -> Option<&'g str>| geo.and_then(text);
        let country = country.or_else(|| found(place.country));
        facts.push_some(Dimension::Country, country);
        let city = own(|it| it.city.as_deref()).or_else(|| found(place.city));
        facts.push_some(Dimension::City, city);
        let metro = own(|it| it.metro.as_deref()).or_else(|| found(place.metro));
        facts.push_some(Dimension::Metro, metro);
        if let Some(region) = own(|it| it.region.as_deref()).or_else(|| found(place.region)) {
            facts.push_region(region, country);
        }
        if let Some(zip) = own(|it| it.zip.as_deref()).or_else(|| found(place.postal_code)) {
            facts.push_postal_code(zip, country);
        }
        let degrees = |geo: &Geo<'_>| {
            let lon = geo.lon.or(geo.long)?;
            Degrees::from_degrees(geo.lat?).zip(Degrees::from_degrees(lon))
        };
        facts.place = geo
            .and_then(degrees)
            .or_else(|| place.middle.filter(|_| agrees));
    }

    fn context_facts(&self, facts: &mut Facts) {
        let request = self.request;
        if let Some(site) = request.site.as_deref() {
            let domain = site.domain.as_deref().or(site.page.as_deref());
            facts.push_domain(domain.unwrap_or_default());
            categories(
                site.cattax.map(|it| it.0),
                [&site.cat, &site.sectioncat, &site.pagecat],
                facts,
            );
            keywords(site.keywords.as_deref(), &site.kwarray, facts);
            publisher(site.publisher.as_deref(), facts);
            content(site.content.as_deref(), facts);
        }
        if let Some(app) = request.app.as_deref() {
            facts.push_domain(app.domain.as_deref().unwrap_or_default());
            facts.push_some(Dimension::Bundle, app.bundle.as_deref());
            categories(
                app.cattax.map(|it| it.0),
                [&app.cat, &app.sectioncat, &app.pagecat],
                facts,
            );
            keywords(app.keywords.as_deref(), &app.kwarray, facts);
            publisher(app.publisher.as_deref(), facts);
            content(app.content.as_deref(), facts);
        }
        if let Some(dooh) = request.dooh.as_deref() {
            facts.push_domain(dooh.domain.as_deref().unwrap_or_default());
            keywords(dooh.keywords.as_deref(), &[], facts);
            publisher(dooh.publisher.as_deref(), facts);
            // Targeting names venues of taxonomy 1, OpenOOH.
            let taxonomy = dooh.venuetypetax.or(dooh.venuetax);
            if taxonomy.is_none_or(|it| it.0 == 1) {
                let venues = dooh.venuetype.iter().chain(&dooh.venuetypeid);
                venues.for_each(|it| facts.push_venue(it));
            }
            content(dooh.content.as_deref(), facts);
        }
    }

    /// What the request itself says of the user, where the profile says nothing.
    fn user_facts(&self, year: i16, facts: &mut Facts) {
        let Some(user) = self.request.user.as_deref() else {
            return;
        };
        keywords(user.keywords.as_deref(), &user.kwarray, facts);
        let (no_age, no_gender) = (
            !facts.is_known(Dimension::Age),
            !facts.is_known(Dimension::Gender),
        );
        let age = user.yob.map(|yob| i32::from(year).saturating_sub(yob));
        if let Some(age) = age
            .and_then(|age| u8::try_from(age).ok())
            .filter(|_| no_age)
        {
            facts.push_written(Dimension::Age, age);
        }
        if no_gender {
            facts.push(
                Dimension::Gender,
                user.gender.as_deref().unwrap_or_default(),
            );
        }
    }
}

fn content(content: Option<&Content<'_>>, facts: &mut Facts) {
    if let Some(content) = content {
        categories(
            content.cattax.map(|it| it.0),
            [&content.cat, &[], &[]],
            facts,
        );
        keywords(content.keywords.as_deref(), &content.kwarray, facts);
    }
}

/// Categories are comparable only within their taxonomy (C-30).
fn categories(cattax: Option<i32>, lists: [&[Str<'_>]; 3], facts: &mut Facts) {
    for category in lists.into_iter().flatten() {
        facts.push_category(cattax.unwrap_or(1), category);
    }
}

/// `kwarray` is the newer form (C-44).
fn keywords(joined: Option<&str>, array: &[Str<'_>], facts: &mut Facts) {
    if array.is_empty() {
        facts.push_keywords(joined.unwrap_or_default());
    } else {
        array
            .iter()
            .for_each(|it| facts.push(Dimension::Keyword, it));
    }
}

fn publisher(publisher: Option<&Publisher<'_>>, facts: &mut Facts) {
    facts.push_some(
        Dimension::Publisher,
        publisher.and_then(|it| it.id.as_deref()),
    );
}

/// Brands of the client hints; one that is made up to keep lists open (`Not A;Brand`) is left out.
fn browsers(hints: Option<&UserAgent<'_>>, facts: &mut Facts) {
    let brands = hints.map_or(&[][..], |it| &it.browsers);
    for brand in brands.iter().filter_map(|it| it.brand.as_deref()) {
        let made_up = brand
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| word.eq_ignore_ascii_case("not"));
        if !made_up {
            facts.push(Dimension::Browser, brand);
        }
    }
}

/// The version of a brand, whose parts stand in a list of their own.
fn version_of(brand: &BrandVersion<'_>) -> Option<Version> {
    Version::of_parts(brand.version.iter().map(|it| &**it))
}

fn size_facts(imp: &Imp<'_>, facts: &mut Facts) {
    facts.sizes.clear();
    let banner = imp.banner.iter().flat_map(|it| it.sizes());
    let player = imp.video.iter().filter_map(|it| it.size);
    facts.sizes.extend(banner.chain(player));
    for at in 0..facts.sizes.len() {
        if let Some(Size { w, h }) = facts.sizes.get(at).copied() {
            facts.push_written(Dimension::Size, format_args!("{w}x{h}"));
        }
    }
}

fn placement_facts(imp: &openrtb::Imp<'_>, facts: &mut Facts) {
    facts.push(Dimension::Rewarded, flag(imp.rewarded()));
    let (banner, video) = (imp.banner.as_deref(), imp.video.as_deref());
    let positions = [banner.and_then(|it| it.pos), video.and_then(|it| it.pos)];
    for position in positions.into_iter().flatten() {
        facts.push_some(Dimension::Position, named(&POSITIONS, position.0));
    }
    if let Some(kind) = video.and_then(openrtb::Video::plcmt) {
        facts.push_some(Dimension::PlacementType, named(&PLACEMENT_TYPES, kind.0));
    }
    // C-84: absent is unknown.
    if let Some(skip) = video.and_then(|it| it.skip) {
        facts.push(Dimension::Skippable, flag(skip));
    }
    let pods = [
        video.and_then(|it| it.podid.as_deref()),
        imp.audio.as_deref().and_then(|it| it.podid.as_deref()),
    ];
    let in_pod = pods.into_iter().flatten().any(|it| !it.is_empty());
    facts.push(Dimension::InPod, flag(in_pod));
}

fn year(now: UnixMillis) -> i16 {
    jiff::Timestamp::from_millisecond(now.0).map_or(1970, |instant| {
        jiff::tz::TimeZone::UTC.to_datetime(instant).year()
    })
}
