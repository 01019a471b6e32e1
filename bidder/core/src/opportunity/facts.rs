//! The request's facts, as targeting sees them.

use openrtb::{Content, Str};

use super::{Identity, Imp, Opportunity};
use crate::facts::{Dimension, Facts};
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

impl Opportunity<'_> {
    /// Collects what the request and the user say. The user's part is left out where it may not be used.
    pub fn facts(&self, user: &User<'_>, year: i16, facts: &mut Facts) {
        facts.clear();
        self.device_facts(facts);
        self.context_facts(facts);
        if self.identity != Identity::Allowed {
            return;
        }
        if let Some(profile) = user.profile {
            facts.push_profile(profile);
        }
        self.user_facts(year, facts);
    }

    /// Replaces the facts of one imp.
    pub fn imp_facts(imp: &Imp<'_>, facts: &mut Facts) {
        facts.forget(Dimension::Deal);
        for id in imp.deals.iter().filter_map(|deal| deal.id.as_deref()) {
            facts.push(Dimension::Deal, id);
        }
    }

    fn device_facts(&self, facts: &mut Facts) {
        let name = DEVICE_TYPES.iter().find(|it| it.0 == self.device_type);
        if let Some((_, name)) = name {
            facts.push(Dimension::DeviceType, name);
        }
        let Some(device) = self.request.device.as_deref() else {
            return;
        };
        let mut push =
            |dimension, text: Option<&str>| facts.push(dimension, text.unwrap_or_default());
        push(Dimension::Os, device.os.as_deref());
        push(
            Dimension::Language,
            device.langb.as_deref().or(device.language.as_deref()),
        );
        let Some(geo) = device.geo.as_deref() else {
            return;
        };
        push(Dimension::Country, geo.country.as_deref());
        push(Dimension::City, geo.city.as_deref());
        if let Some(region) = geo.region.as_deref() {
            facts.push_region(region, geo.country.as_deref());
        }
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
            content(site.content.as_deref(), facts);
        }
        if let Some(app) = request.app.as_deref() {
            facts.push_domain(app.domain.as_deref().unwrap_or_default());
            facts.push(Dimension::Bundle, app.bundle.as_deref().unwrap_or_default());
            categories(
                app.cattax.map(|it| it.0),
                [&app.cat, &app.sectioncat, &app.pagecat],
                facts,
            );
            content(app.content.as_deref(), facts);
        }
        if let Some(dooh) = request.dooh.as_deref() {
            facts.push_domain(dooh.domain.as_deref().unwrap_or_default());
            content(dooh.content.as_deref(), facts);
        }
    }

    /// What the request itself says of the user, where the profile says nothing.
    fn user_facts(&self, year: i16, facts: &mut Facts) {
        let Some(user) = self.request.user.as_deref() else {
            return;
        };
        let unknown = |dimension| facts.values(dimension).next().is_none();
        let (no_age, no_gender) = (unknown(Dimension::Age), unknown(Dimension::Gender));
        let age = user.yob.map(|yob| i32::from(year).saturating_sub(yob));
        if let Some(age) = age
            .and_then(|age| u8::try_from(age).ok())
            .filter(|_| no_age)
        {
            facts.push_age(age);
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
    }
}

/// Targeting names categories of taxonomy 1; those of another are not comparable (C-30).
fn categories(cattax: Option<i32>, lists: [&[Str<'_>]; 3], facts: &mut Facts) {
    if cattax.unwrap_or(1) == 1 {
        lists
            .into_iter()
            .flatten()
            .for_each(|it| facts.push_category(it));
    }
}
