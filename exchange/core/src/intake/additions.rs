//! What we know beside a request: who calls, where that is, and what its account always asks for.

use std::fmt;
use std::net::IpAddr;

use openrtb::enums::{AuctionType, CategoryTaxonomy, LocationType};
use openrtb::splice::{Object, Patches};
use openrtb::{BidRequest, Device, Geo, Imp, JsonWriter};
use units::{CpmMicros, Currency};

use crate::listed::{FEW, Key, Letters, Table};
use crate::privacy::{self, Signals, Told};
use crate::sync;

/// What fills a request in where it says nothing; what it says is never changed, but for the blocklists of
/// the account, which are added to its own.
#[derive(Clone, Copy, Default)]
pub struct Additions<'b> {
    /// The device's address, as far as the connection tells: of a browser that called, and of no server.
    pub peer: Option<IpAddr>,
    /// The browser that called, where a browser did.
    pub user_agent: Option<&'b str>,
    /// It sent Global Privacy Control.
    pub gpc: bool,
    /// What its account asks for.
    pub account: Option<&'b Defaults>,
    /// Where an address is.
    pub places: Option<&'b dyn Fn(IpAddr) -> Option<Place>>,
    /// How the user of a request without `user.id` is named; absent: not at all.
    pub visitor: Option<Visitor<'b>>,
}

/// Our id of a user, which names the user of a request without one where that may be known: the id that the caller
/// brings, else the one that an SSP has learned and sends as `user.buyeruid` (C-143).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor<'b> {
    /// The id that a cookie of ours brings.
    pub cookie: Option<&'b str>,
    /// What of the person's choices is obeyed.
    pub policy: privacy::Policy,
}

impl fmt::Debug for Additions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Additions").finish_non_exhaustive()
    }
}

/// What an account asks for of every request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defaults {
    /// `tmax`, in milliseconds.
    pub tmax_ms: Option<u32>,
    /// `at`.
    pub auction_type: Option<AuctionType>,
    /// `cur`.
    pub bid_currency: Option<Currency>,
    /// Floor of imps without one, and its currency.
    pub floor: Option<(CpmMicros, Currency)>,
    /// Advertiser domains that are always blocked.
    pub badv: Vec<String>,
    /// Categories of taxonomy 1 that are always blocked.
    pub bcat: Vec<String>,
    /// Apps that are always blocked.
    pub bapp: Vec<String>,
    /// Creative attributes that are always blocked.
    pub battr: Vec<i32>,
    /// Its requests are tests, which nobody pays for (X-79).
    pub is_test: bool,
}

/// Where an address is, as closely as an address tells (C-141: no coordinates, they would claim more).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166-1 alpha-3.
    pub country: Option<Box<str>>,
    /// ISO 3166-2 without its country.
    pub region: Option<Box<str>>,
    /// City.
    pub city: Option<Box<str>>,
    /// Metro code.
    pub metro: Option<Box<str>>,
    /// Postal code.
    pub zip: Option<Box<str>>,
}

impl Additions<'_> {
    /// The changes that say it all.
    pub(super) fn lay_over(&self, request: &BidRequest<'_>, patches: &mut Patches) {
        if let Some(account) = self.account {
            account.lay_over(request, patches);
        }
        let device = request.device.as_deref();
        let address = told_address(device);
        if address.is_none()
            && let Some(peer) = self.peer.map(|peer| peer.to_canonical())
        {
            let name = if peer.is_ipv4() { "ip" } else { "ipv6" };
            patches.set_text(Object::Device, name, &peer.to_string());
        }
        if let Some(agent) = self.user_agent
            && device.is_none_or(|device| device.ua.is_none())
        {
            patches.set_text(Object::Device, "ua", agent);
        }
        if self.gpc && !says_gpc(request) {
            patches.set_text(Object::Regs.ext(), "gpc", "1");
        }
        if let Some(visitor) = &self.visitor {
            visitor.lay_over(request, self.gpc, patches);
        }
        let address = match address {
            Some(text) => text.trim().parse().ok(),
            None => self.peer,
        };
        let is_placed = device
            .and_then(|device| device.geo.as_deref())
            .is_some_and(says_place);
        if !is_placed
            && let Some((find, address)) = self.places.zip(address)
            && let Some(place) = find(address)
        {
            place.lay_over(patches);
        }
    }
}

impl Visitor<'_> {
    fn lay_over(&self, request: &BidRequest<'_>, gpc: bool, patches: &mut Patches) {
        let user = request.user.as_deref();
        if user.is_some_and(|user| user.id.is_some()) || (gpc && self.policy.us) {
            return;
        }
        let learned = || user?.buyeruid.as_deref().filter(|id| sync::is_own_id(id));
        let Some(id) = self.cookie.or_else(learned) else {
            return;
        };
        let told = Told::by(request);
        if privacy::may_identify(&Signals::of(request, &told, self.policy)) {
            patches.set_text(Object::User, "id", id);
        }
    }
}

fn told_address<'r>(device: Option<&'r Device<'_>>) -> Option<&'r str> {
    let device = device?;
    device.ip.as_deref().or(device.ipv6.as_deref())
}

fn says_gpc(request: &BidRequest<'_>) -> bool {
    let ext = request.regs.as_deref().and_then(|regs| regs.ext);
    ext.is_some_and(|ext| ext.get("gpc").is_some())
}

fn says_place(geo: &Geo<'_>) -> bool {
    geo.country.is_some()
        || geo.region.is_some()
        || geo.city.is_some()
        || geo.metro.is_some()
        || geo.zip.is_some()
        || geo.lat.is_some()
}

impl Place {
    fn lay_over(&self, patches: &mut Patches) {
        let mut any = false;
        for (name, text) in [
            ("country", &self.country),
            ("region", &self.region),
            ("city", &self.city),
            ("metro", &self.metro),
            ("zip", &self.zip),
        ] {
            if let Some(text) = text {
                patches.set_text(Object::DeviceGeo, name, text);
                any = true;
            }
        }
        if any {
            let by_address = i64::from(LocationType::IP.0);
            patches.set_integer(Object::DeviceGeo, "type", by_address);
        }
    }
}

impl Defaults {
    fn lay_over(&self, request: &BidRequest<'_>, patches: &mut Patches) {
        if self.is_test && !request.test() {
            patches.set_integer(Object::Request, "test", 1);
        }
        if let Some(at) = self.auction_type.filter(|_| request.at.is_none()) {
            patches.set_integer(Object::Request, "at", i64::from(at.0));
        }
        if let Some(currency) = self.bid_currency.filter(|_| request.cur.is_empty()) {
            patches.set_with(Object::Request, "cur", |json| {
                json.texts([currency.as_str()]);
            });
        }
        block(patches, "badv", &self.badv, &request.badv);
        block(patches, "bapp", &self.bapp, &request.bapp);
        // Categories are compared within one taxonomy (C-30), and beside `acat` they would say nothing (C-42).
        let speaks_1 = request.cattax() == CategoryTaxonomy::CONTENT_1_0;
        if speaks_1 && request.acat.is_empty() {
            block(patches, "bcat", &self.bcat, &request.bcat);
        }
        for (index, imp) in request.imp.iter().enumerate() {
            self.lay_over_imp(index, imp, patches);
        }
    }

    fn lay_over_imp(&self, index: usize, imp: &Imp<'_>, patches: &mut Patches) {
        if let Some((floor, currency)) = self.floor.filter(|_| imp.bidfloor.is_none()) {
            patches.set_price(Object::Imp(index), "bidfloor", floor);
            patches.set_currency(Object::Imp(index), "bidfloorcur", currency);
        }
        if self.battr.is_empty() {
            return;
        }
        let media = [
            (
                Object::Banner(index),
                imp.banner.as_deref().map(|it| &it.battr),
            ),
            (
                Object::Video(index),
                imp.video.as_deref().map(|it| &it.battr),
            ),
            (
                Object::Audio(index),
                imp.audio.as_deref().map(|it| &it.battr),
            ),
            (
                Object::Native(index),
                imp.native.as_deref().map(|it| &it.battr),
            ),
        ];
        for (object, told) in media {
            let Some(told) = told else { continue };
            let is_told = |blocked: &i32| told.iter().any(|attr| attr.0 == *blocked);
            if self.battr.iter().all(is_told) {
                continue;
            }
            let new = self.battr.iter().filter(|blocked| !is_told(blocked));
            let all = told.iter().map(|attr| attr.0).chain(new.copied());
            patches.set_with(object, "battr", |json| json.integers(all.map(i64::from)));
        }
    }
}

/// Adds to a list of the request what is not on it.
fn block(patches: &mut Patches, name: &'static str, blocked: &[String], told: &[openrtb::Str<'_>]) {
    let is_told = told_of(blocked, told);
    if is_told.iter().all(|told| *told) {
        return;
    }
    let new = blocked.iter().zip(&is_told).filter(|(_, told)| !**told);
    let all = told
        .iter()
        .map(|text| &**text)
        .chain(new.map(|(text, _)| text.as_str()));
    patches.set_with(Object::Request, name, |json: &mut JsonWriter<'_>| {
        json.texts(all)
    });
}

/// Which entries of an account the request has itself. Both may be long: the account's are hashed, which no
/// stranger writes.
fn told_of(blocked: &[String], told: &[openrtb::Str<'_>]) -> Vec<bool> {
    let same = |one: &str, other: &str| Letters::AnyCase.same(one, other);
    if blocked.len() <= FEW || told.len() <= FEW {
        let is_told = |text: &String| told.iter().any(|it| same(it, text));
        return blocked.iter().map(is_told).collect();
    }
    let hash = |text: &str| Key::FIXED.hash().with_text(text, Letters::AnyCase).finish();
    let text = |at: usize| blocked.get(at).map(String::as_str).unwrap_or_default();
    let hashes = blocked.iter().enumerate().map(|(at, it)| (hash(it), at));
    let table = Table::of(hashes.collect(), |one, other| same(text(one), text(other)));
    // A text that stands twice in the account's list is written once.
    let mut is_told: Vec<bool> = vec![true; blocked.len()];
    for at in table.places() {
        if let Some(told) = is_told.get_mut(at) {
            *told = false;
        }
    }
    for it in told {
        let found = table.find(hash(it), |at| same(text(at), it));
        if let Some(told) = found.and_then(|at| is_told.get_mut(at)) {
            *told = true;
        }
    }
    is_told
}

#[cfg(test)]
mod tests {
    use super::super::{Pages, read};
    use super::*;
    use crate::intake::Bounds;

    fn written(body: &str, additions: &Additions<'_>) -> String {
        let mut pages = Pages::default();
        let intake = read(body.as_bytes(), &mut pages, additions, &Bounds::default()).unwrap();
        String::from_utf8(intake.body.to_vec()).unwrap()
    }

    fn defaults() -> Defaults {
        Defaults {
            tmax_ms: None,
            auction_type: Some(AuctionType::FIRST_PRICE),
            bid_currency: Currency::parse("EUR"),
            floor: Some((CpmMicros::parse("0.25").unwrap(), Currency::USD)),
            badv: vec!["rival.example".into()],
            bcat: vec!["IAB25".into()],
            bapp: vec!["com.rival".into()],
            battr: vec![3],
            is_test: false,
        }
    }

    #[test]
    fn an_account_fills_in_what_is_not_said_and_blocks_what_it_blocks() {
        let account = defaults();
        let additions = Additions {
            account: Some(&account),
            ..Additions::default()
        };
        let rows = [
            (
                "a request that says nothing",
                r#"{"id":"1","imp":[{"id":"1","banner":{"w":1}}]}"#,
                r#"{"id":"1","imp":[{"id":"1","banner":{"w":1,"battr":[3]},"bidfloor":0.25,"bidfloorcur":"USD"}],"at":1,"cur":["EUR"],"badv":["rival.example"],"bapp":["com.rival"],"bcat":["IAB25"]}"#,
            ),
            (
                "one that says all of it",
                r#"{"id":"1","at":2,"cur":["USD"],"badv":["Rival.example"],"bcat":["IAB25"],"bapp":["com.rival"],"imp":[{"id":"1","bidfloor":0,"banner":{"battr":[3]}}]}"#,
                r#"{"id":"1","at":2,"cur":["USD"],"badv":["Rival.example"],"bcat":["IAB25"],"bapp":["com.rival"],"imp":[{"id":"1","bidfloor":0,"banner":{"battr":[3]}}]}"#,
            ),
            (
                "one with lists of its own",
                r#"{"id":"1","at":1,"cur":["USD"],"badv":["own.example"],"bcat":["IAB7"],"bapp":["b"],"imp":[{"id":"1","bidfloor":1,"video":{"mimes":["video/mp4"],"battr":[1]}}]}"#,
                r#"{"id":"1","at":1,"cur":["USD"],"badv":["own.example","rival.example"],"bcat":["IAB7","IAB25"],"bapp":["b","com.rival"],"imp":[{"id":"1","bidfloor":1,"video":{"mimes":["video/mp4"],"battr":[1,3]}}]}"#,
            ),
            (
                "C-30, C-42: another taxonomy, and a list of what is allowed",
                r#"{"id":"1","at":1,"cur":["USD"],"badv":["rival.example"],"bapp":["com.rival"],"cattax":6,"imp":[{"id":"1","bidfloor":1,"banner":{"battr":[3]}}]}"#,
                r#"{"id":"1","at":1,"cur":["USD"],"badv":["rival.example"],"bapp":["com.rival"],"cattax":6,"imp":[{"id":"1","bidfloor":1,"banner":{"battr":[3]}}]}"#,
            ),
        ];
        for (says, body, want) in rows {
            assert_eq!(written(body, &additions), want, "{says}");
        }
        let testing = Defaults {
            is_test: true,
            ..Defaults::default()
        };
        let additions = Additions {
            account: Some(&testing),
            ..Additions::default()
        };
        let test = written(
            r#"{"id":"1","test":0,"imp":[{"id":"1","banner":{}}]}"#,
            &additions,
        );
        assert!(test.contains(r#""test":1"#), "X-79: {test}");
    }

    #[test]
    fn the_connection_fills_in_the_device() {
        let find = |address: IpAddr| {
            (address.to_string() == "203.0.113.9").then(|| Place {
                country: Some("DEU".into()),
                city: Some("Berlin".into()),
                ..Place::default()
            })
        };
        let peer = |text: &str| Additions {
            peer: Some(text.parse().unwrap()),
            user_agent: Some("Mozilla/5.0"),
            gpc: true,
            places: Some(&find),
            ..Additions::default()
        };
        let rows = [
            (
                "nothing is said",
                "203.0.113.9",
                "",
                r#","regs":{"ext":{"gpc":"1"}},"device":{"ip":"203.0.113.9","ua":"Mozilla/5.0","geo":{"country":"DEU","city":"Berlin","type":2}}"#,
            ),
            (
                "a mapped address, of no known place",
                "::ffff:203.0.113.8",
                r#","device":{"ua":"x"},"regs":{"ext":{"gpc":"0"}}"#,
                r#","device":{"ua":"x","ip":"203.0.113.8"},"regs":{"ext":{"gpc":"0"}}"#,
            ),
            (
                "an address is said, its place is not",
                "192.0.2.1",
                r#","device":{"ua":"x","ip":"203.0.113.9","geo":{"utcoffset":60}},"regs":{"coppa":0,"ext":{"gpc":1}}"#,
                r#","device":{"ua":"x","ip":"203.0.113.9","geo":{"utcoffset":60,"country":"DEU","city":"Berlin","type":2}},"regs":{"coppa":0,"ext":{"gpc":1}}"#,
            ),
            (
                "the place of a known address is said",
                "192.0.2.1",
                r#","device":{"ua":"x","ip":"203.0.113.9","geo":{"country":"USA"}},"regs":{"ext":{"gpc":1}}"#,
                r#","device":{"ua":"x","ip":"203.0.113.9","geo":{"country":"USA"}},"regs":{"ext":{"gpc":1}}"#,
            ),
            (
                "all is said",
                "203.0.113.9",
                r#","device":{"ua":"x","ipv6":"2001:db8::1","geo":{"country":"USA"}},"regs":{"ext":{"gpc":1}}"#,
                r#","device":{"ua":"x","ipv6":"2001:db8::1","geo":{"country":"USA"}},"regs":{"ext":{"gpc":1}}"#,
            ),
        ];
        for (says, address, members, want) in rows {
            let head = r#"{"id":"1","imp":[{"id":"1","banner":{}}]"#;
            let body = format!("{head}{members}}}");
            assert_eq!(
                written(&body, &peer(address)),
                format!("{head}{want}}}"),
                "{says}"
            );
        }
    }

    #[test]
    fn a_visitor_is_named_where_that_may_be_known() {
        let named = r#","user":{"id":"usr_1"}"#;
        // What is said, whether the browser sends Global Privacy Control, and what is added.
        let rows = [
            ("C-160 nothing claimed", "", false, named),
            ("C-163 GPC", "", true, r#","regs":{"ext":{"gpc":"1"}}"#),
            ("C-161", r#","regs":{"coppa":1}"#, false, ""),
            ("C-162", r#","regs":{"gdpr":1}"#, false, ""),
            ("C-142", r#","device":{"lmt":1}"#, false, ""),
            (
                "C-143 the request's own",
                r#","user":{"id":"u"}"#,
                false,
                "",
            ),
        ];
        for (says, members, gpc, added) in rows {
            let additions = Additions {
                gpc,
                visitor: Some(Visitor {
                    cookie: Some("usr_1"),
                    policy: privacy::Policy::default(),
                }),
                ..Additions::default()
            };
            let head = r#"{"id":"1","imp":[{"id":"1","banner":{}}]"#;
            let body = format!("{head}{members}}}");
            let want = format!("{head}{members}{added}}}");
            assert_eq!(written(&body, &additions), want, "{says}");
        }
    }
    #[test]
    fn our_id_as_an_ssp_has_learned_it_names_the_user() {
        const OURS: &str = "usr_01a0c9d5-5c00-7000-8707-070707070707";
        let learned = format!(r#""buyeruid":"{OURS}""#);
        let named = format!(r#","id":"{OURS}""#);
        #[rustfmt::skip]
        let rows = [
            ("C-143 learned", None, learned.clone(), "", &*named),
            ("C-143 the browser's own goes before", Some("usr_1"), learned.clone(), "", r#","id":"usr_1""#),
            ("C-143 the request's own", None, format!(r#""id":"u",{learned}"#), "", ""),
            ("C-143 not of our making", None, r#""buyeruid":"user-12345""#.to_owned(), "", ""),
            ("C-161", None, learned.clone(), r#","regs":{"coppa":1}"#, ""),
            ("C-162", None, learned.clone(), r#","regs":{"gdpr":1}"#, ""),
        ];
        for (says, cookie, user, members, added) in rows {
            let additions = Additions {
                visitor: Some(Visitor {
                    cookie,
                    policy: privacy::Policy::default(),
                }),
                ..Additions::default()
            };
            let head = r#"{"id":"1","imp":[{"id":"1","banner":{}}]"#;
            let body = format!(r#"{head},"user":{{{user}}}{members}}}"#);
            let want = format!(r#"{head},"user":{{{user}{added}}}{members}}}"#);
            assert_eq!(written(&body, &additions), want, "{says}");
        }
    }
}
