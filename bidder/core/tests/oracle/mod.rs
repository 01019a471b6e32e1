//! Targeting read naively: the contract's own types against the request's JSON, one value after the other.

#![allow(unreachable_pub, reason = "a module of a test binary")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most keys are read alike; a key that is forgotten fails the test"
)]

use contracts::catalog::{
    Clock, Comparison, Flag, Key, ListRule, Scalar, Targeting, Test, Tree, Unknown,
};
use serde_json::{Value, json};

/// Everything that a decision knows, as plain JSON.
pub struct World<'a> {
    /// The request.
    pub request: &'a Value,
    /// Which of its imps.
    pub imp: usize,
    /// The user's profile, if there is one.
    pub profile: Option<&'a Value>,
    /// Name of the caller.
    pub source: Option<&'a str>,
    /// Shared lists: id, kind, entries.
    pub lists: &'a [(&'a str, &'a str, &'a [&'a str])],
    /// The instant in milliseconds.
    pub now: i64,
    /// The hour in the campaign's time zone.
    pub campaign_hour: (usize, u32),
}

/// What is known of something: its values, or nothing.
type Said = Option<Vec<String>>;

fn known(values: Vec<String>) -> Said {
    (!values.is_empty()).then_some(values)
}

fn lower(text: &str) -> String {
    text.trim().to_lowercase()
}

impl World<'_> {
    pub fn matches(&self, targeting: &Targeting) -> bool {
        let flat = Key::ALL
            .iter()
            .filter(|key| !matches!(key, Key::Daypart | Key::Size | Key::Format))
            .all(|key| self.flat(*key, targeting.list(*key), targeting.cattax.unwrap_or(1)));
        let flags = [
            (Flag::Interstitial, targeting.interstitial),
            (Flag::Rewarded, targeting.rewarded),
            (Flag::Skippable, targeting.skippable),
            (Flag::InPod, targeting.in_pod),
        ];
        let mut tests: Vec<Test> = flags
            .into_iter()
            .filter_map(|(flag, set)| Some(Test::Flag(flag, set?)))
            .collect();
        tests.extend(targeting.age_range.map(Test::Age));
        if !targeting.os_versions.is_empty() {
            tests.push(Test::OsVersions(targeting.os_versions.clone()));
        }
        if !targeting.size_ranges.is_empty() {
            tests.push(Test::SizeRanges(targeting.size_ranges.clone()));
        }
        if !targeting.radius.is_empty() {
            tests.push(Test::Radius(targeting.radius.clone()));
        }
        if !targeting.visits.is_empty() {
            tests.push(Test::Visits(targeting.visits.clone()));
        }
        let tree = targeting.rule.as_ref();
        flat && tests.iter().all(|it| self.test(it) == Some(true))
            && tree.is_none_or(|it| self.tree(it) == Some(true))
    }

    fn flat(&self, key: Key, rule: &ListRule, cattax: i32) -> bool {
        let test = |values: &[String]| match key {
            Key::Category => Test::Categories {
                values: values.to_vec(),
                cattax,
            },
            key => Test::Values {
                key,
                values: values.to_vec(),
            },
        };
        let included = rule.include.is_empty() || self.test(&test(&rule.include)) == Some(true);
        included && self.test(&test(&rule.exclude)) != Some(true)
    }

    fn tree(&self, tree: &Tree) -> Option<bool> {
        match tree {
            Tree::All(parts) => {
                let parts: Vec<_> = parts.iter().map(|it| self.tree(it)).collect();
                if parts.contains(&Some(false)) {
                    Some(false)
                } else if parts.contains(&None) {
                    None
                } else {
                    Some(true)
                }
            }
            Tree::Any(parts) => {
                let parts: Vec<_> = parts.iter().map(|it| self.tree(it)).collect();
                if parts.contains(&Some(true)) {
                    Some(true)
                } else if parts.contains(&None) {
                    None
                } else {
                    Some(false)
                }
            }
            Tree::Not(part) => self.tree(part).map(|it| !it),
            Tree::Term(term) => {
                let unknown = match term.unknown {
                    Unknown::Unknown => None,
                    Unknown::Match => Some(true),
                };
                self.test(&term.test).or(unknown)
            }
        }
    }

    fn test(&self, test: &Test) -> Option<bool> {
        match test {
            Test::Values {
                key: Key::List,
                values,
            } => self.lists(values),
            Test::Values { key, values } => {
                let said = self.said(*key)?;
                let wanted: Vec<_> = values.iter().map(|it| spelled(*key, it)).collect();
                Some(said.iter().any(|it| wanted.contains(it)))
            }
            Test::Categories { values, cattax } => {
                let said = self.categories(*cattax)?;
                Some(values.iter().any(|it| said.contains(&lower(it))))
            }
            Test::Dayparts { values, clock } => {
                let (day, hour) = match clock {
                    Clock::Campaign => self.campaign_hour,
                    Clock::User => {
                        let minutes = self.device()["geo"]["utcoffset"].as_i64()?;
                        let hours = (self.now / 1_000 + minutes * 60).div_euclid(3_600);
                        // The first of January 1970 was a Thursday.
                        let day = usize::try_from((hours.div_euclid(24) + 3) % 7).unwrap();
                        (day, u32::try_from(hours.rem_euclid(24)).unwrap())
                    }
                };
                Some(values.iter().any(|it| in_daypart(it, day, hour)))
            }
            Test::Flag(flag, set) => self.flag(*flag).map(|it| it == *set),
            Test::Age(range) => {
                let age = self.age()?;
                let old = range.min_age.is_none_or(|least| age >= i64::from(least));
                Some(old && range.max_age.is_none_or(|most| age <= i64::from(most)))
            }
            Test::OsVersions(ranges) => {
                let os = self.said(Key::Os)?.remove(0);
                let version = self.device()["osv"].as_str().and_then(numbers);
                let mut unknown = false;
                for range in ranges {
                    if lower(&range.os) != os {
                        continue;
                    }
                    let Some(version) = &version else {
                        unknown = true;
                        continue;
                    };
                    let side = |end: &Option<String>, wrong: std::cmp::Ordering| {
                        end.as_ref().is_none_or(|end| {
                            let end = numbers(end).unwrap();
                            let mut own = version.clone();
                            own.resize(end.len(), 0);
                            own.cmp(&end) != wrong
                        })
                    };
                    if side(&range.min, std::cmp::Ordering::Less)
                        && side(&range.max, std::cmp::Ordering::Greater)
                    {
                        return Some(true);
                    }
                }
                if unknown { None } else { Some(false) }
            }
            Test::SizeRanges(ranges) => {
                let sizes = self.said(Key::Size)?;
                Some(sizes.iter().any(|size| {
                    let (w, h) = size.split_once('x').unwrap();
                    let (w, h) = (w.parse().unwrap(), h.parse().unwrap());
                    ranges.iter().any(|it| it.contains(w, h))
                }))
            }
            Test::Radius(circles) => {
                let geo = &self.device()["geo"];
                let (lat, lon) = (geo["lat"].as_f64()?, geo["lon"].as_f64()?);
                Some(circles.iter().any(|it| {
                    let radians = f64::to_radians;
                    let (a, b) = (radians(it.lat.degrees()), radians(lat));
                    let c = radians(lon - it.lon.degrees());
                    let angle = (a.sin() * b.sin() + a.cos() * b.cos() * c.cos()).clamp(-1.0, 1.0);
                    angle.acos() * 6_371_008.8 <= f64::from(it.metres)
                }))
            }
            Test::Visits(wanted) => {
                let segments = self.profile?["segments"].as_array().unwrap();
                Some(wanted.iter().any(|it| {
                    segments.iter().any(|segment| {
                        let seen = segment["last_seen"].as_i64().unwrap();
                        let late = it
                            .within
                            .is_none_or(|within| self.now - seen <= i64::from(within.0) * 1_000);
                        lower(segment["id"].as_str().unwrap()) == lower(it.segment.as_str())
                            && segment["count"].as_u64().unwrap() >= u64::from(it.at_least)
                            && late
                    })
                }))
            }
            Test::Path(test) => {
                let mut found = vec![self.request];
                for step in test.path.split('/').skip(1) {
                    found = found
                        .into_iter()
                        .flat_map(|value| match (step, value) {
                            ("*", Value::Array(list)) => list.iter().collect(),
                            ("*", _) => Vec::new(),
                            (place, Value::Array(list)) => place
                                .parse()
                                .ok()
                                .and_then(|it: usize| list.get(it))
                                .into_iter()
                                .collect(),
                            (name, value) => value.get(name).into_iter().collect(),
                        })
                        .collect();
                }
                found.retain(|it| !it.is_null());
                match &test.comparison {
                    Comparison::Exists(wanted) => Some(found.is_empty() != *wanted),
                    _ if found.is_empty() => None,
                    comparison => Some(found.iter().any(|it| compares(comparison, it))),
                }
            }
        }
    }

    fn device(&self) -> &Value {
        &self.request["device"]
    }

    fn imp(&self) -> &Value {
        &self.request["imp"][self.imp]
    }

    /// Site, app or screen.
    fn place(&self) -> &Value {
        let places = ["site", "app", "dooh"].map(|it| &self.request[it]);
        places
            .into_iter()
            .find(|it| !it.is_null())
            .unwrap_or(&Value::Null)
    }

    fn age(&self) -> Option<i64> {
        let age = self
            .profile
            .and_then(|it| it["demographics"]["age"].as_i64());
        age.or_else(|| Some(2026 - self.request["user"]["yob"].as_i64()?))
    }

    fn flag(&self, flag: Flag) -> Option<bool> {
        let imp = self.imp();
        match flag {
            // C-62: the default is printed, so absent is known.
            Flag::Interstitial => Some(imp["instl"] == json!(1)),
            Flag::Rewarded => Some(imp["rwdd"] == json!(1)),
            Flag::Skippable => imp["video"]["skip"].as_i64().map(|it| it == 1),
            Flag::InPod => Some(imp["video"]["podid"].is_string()),
        }
    }

    fn lists(&self, ids: &[String]) -> Option<bool> {
        let mut unknown = false;
        for (_, kind, entries) in self
            .lists
            .iter()
            .filter(|it| ids.iter().any(|id| id == it.0))
        {
            let key = match *kind {
                "domain" => Key::Domain,
                "bundle" => Key::Bundle,
                _ => Key::PostalCode,
            };
            match self.said(key) {
                None => unknown = true,
                Some(said) => {
                    if entries.iter().any(|it| said.contains(&spelled(key, it))) {
                        return Some(true);
                    }
                }
            }
        }
        if unknown { None } else { Some(false) }
    }

    fn categories(&self, cattax: i32) -> Said {
        let place = self.place();
        if place["cattax"].as_i64().unwrap_or(1) != i64::from(cattax) {
            return None;
        }
        let mut all = Vec::new();
        for category in place["cat"].as_array()? {
            let category = lower(category.as_str()?);
            if let Some((parent, _)) = category.split_once('-')
                && cattax == 1
            {
                all.push(parent.to_owned());
            }
            all.push(category);
        }
        known(all)
    }

    fn said(&self, key: Key) -> Said {
        let text = |value: &Value| value.as_str().map(|it| vec![spelled(key, it)]);
        let code = |value: &Value, names: &[(i64, &str)]| {
            let code = value.as_i64()?;
            let name = names.iter().find(|it| it.0 == code)?.1;
            Some(vec![name.to_owned()])
        };
        let with_country = |value: &Value| {
            let own = spelled(key, value.as_str()?);
            let mut all = vec![own.clone()];
            if let Some((_, short)) = own.split_once('-') {
                all.push(short.to_owned());
            } else if let Some(country) = self.device()["geo"]["country"].as_str() {
                let alpha2 = match country {
                    "USA" => "us",
                    "DEU" => "de",
                    _ => "jp",
                };
                all.push(format!("{alpha2}-{own}"));
            }
            Some(all)
        };
        let (device, geo, imp) = (self.device(), &self.device()["geo"], self.imp());
        let listed = |name: &str| {
            let list = self.profile?[name].as_array()?;
            Some(
                list.iter()
                    .map(|it| lower(it.as_str().or(it["id"].as_str()).unwrap()))
                    .collect(),
            )
        };
        match key {
            Key::Gender => self
                .profile
                .and_then(|it| text(&it["demographics"]["gender"])),
            Key::Interest => listed("interests"),
            Key::Segment => listed("segments"),
            Key::Country => text(&geo["country"]),
            Key::Region | Key::PostalCode => {
                with_country(&geo[if key == Key::Region { "region" } else { "zip" }])
            }
            Key::City => text(&geo["city"]),
            Key::Metro => text(&geo["metro"]),
            Key::DeviceType => code(
                &device["devicetype"],
                &[(1, "mobile"), (2, "desktop"), (4, "mobile"), (5, "tablet")],
            ),
            Key::Os => text(&device["os"]),
            Key::Make => text(&device["make"]),
            Key::Model => text(&device["model"]),
            Key::Browser => {
                let brands = device["sua"]["browsers"].as_array()?;
                known(
                    brands
                        .iter()
                        .filter_map(|it| text(&it["brand"])?.pop())
                        .collect(),
                )
            }
            Key::Carrier => text(&device["carrier"]),
            Key::ConnectionType => match device["connectiontype"].as_i64()? {
                2 => Some(vec!["wifi".to_owned()]),
                6 => Some(vec!["4g".to_owned(), "cellular".to_owned()]),
                _ => None,
            },
            Key::Language => text(&device["language"]),
            Key::Domain => {
                let mut rest = spelled(key, self.place()["domain"].as_str()?);
                let mut all = vec![rest.clone()];
                while let Some((_, above)) = rest.split_once('.') {
                    rest = above.to_owned();
                    all.push(rest.clone());
                }
                Some(all)
            }
            Key::Bundle => text(&self.request["app"]["bundle"]),
            Key::Keyword => {
                let words = self.place()["keywords"].as_str()?;
                known(words.split(',').map(lower).collect())
            }
            Key::Publisher => {
                let id = self.place()["publisher"]["id"].as_str()?;
                Some(vec![id.to_owned()])
            }
            Key::Exchange => Some(vec![lower(self.source?)]),
            Key::VenueType => {
                let mut all = Vec::new();
                for venue in self.request["dooh"]["venuetype"].as_array()? {
                    let venue = lower(venue.as_str()?);
                    let ends = venue.match_indices('.').map(|it| it.0);
                    all.extend(ends.map(|end| venue[..end].to_owned()));
                    all.push(venue.clone());
                }
                known(all)
            }
            Key::Position => {
                let names = [
                    (1, "above_the_fold"),
                    (3, "below_the_fold"),
                    (7, "full_screen"),
                ];
                let places = [&imp["banner"]["pos"], &imp["video"]["pos"]];
                known(
                    places
                        .into_iter()
                        .filter_map(|it| code(it, &names)?.pop())
                        .collect(),
                )
            }
            Key::PlacementType => code(
                &imp["video"]["plcmt"],
                &[
                    (1, "instream"),
                    (2, "accompanying_content"),
                    (4, "standalone"),
                ],
            ),
            Key::Size => {
                let mut all = Vec::new();
                for it in [&imp["banner"], &imp["video"]] {
                    if let (Some(w), Some(h)) = (it["w"].as_u64(), it["h"].as_u64()) {
                        all.push(format!("{w}x{h}"));
                    }
                }
                known(all)
            }
            Key::Format => {
                let all = ["banner", "video", "audio", "native"];
                let offered = all.into_iter().filter(|it| imp[*it].is_object());
                known(offered.map(str::to_owned).collect())
            }
            Key::Deal => {
                let deals = imp["pmp"]["deals"].as_array();
                let ids = deals.into_iter().flatten();
                Some(
                    ids.map(|it| it["id"].as_str().unwrap().to_owned())
                        .collect(),
                )
            }
            Key::Category | Key::Daypart | Key::List => unreachable!("these have their own tests"),
        }
    }
}

fn spelled(key: Key, text: &str) -> String {
    match key {
        Key::Country => match text.to_uppercase().as_str() {
            "US" | "USA" => "USA".to_owned(),
            "DE" | "DEU" => "DEU".to_owned(),
            "JP" | "JPN" => "JPN".to_owned(),
            other => other.to_lowercase(),
        },
        Key::Deal | Key::Publisher => text.to_owned(),
        Key::Domain => lower(text).trim_start_matches("www.").to_owned(),
        Key::PostalCode => lower(text).replace(' ', ""),
        Key::Language => lower(text)[..2].to_owned(),
        _ => lower(text),
    }
}

/// `mon-fri 09-17`, as the tests write day parts.
fn in_daypart(text: &str, day: usize, hour: u32) -> bool {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let (part, hours) = text.split_once(' ').unwrap();
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let place = |name| days.iter().position(|it| *it == name).unwrap();
    let (from, to) = hours.split_once('-').unwrap();
    let (from, to): (u32, u32) = (from.parse().unwrap(), to.parse().unwrap());
    (place(first)..=place(last)).contains(&day) && (from..to).contains(&hour)
}

/// The numbers of a version that begins with one.
fn numbers(text: &str) -> Option<Vec<u64>> {
    let parts: Vec<_> = text.split('.').map_while(|it| it.parse().ok()).collect();
    (!parts.is_empty()).then_some(parts)
}

fn compares(comparison: &Comparison, value: &Value) -> bool {
    let same = |scalar: &Scalar| match scalar {
        Scalar::Bool(it) => value.as_bool() == Some(*it),
        Scalar::Number(it) => value.is_number() && value.as_f64() == it.as_f64(),
        Scalar::Text(it) => value.as_str() == Some(it),
    };
    match comparison {
        Comparison::Equals(wanted) => same(wanted),
        Comparison::In(wanted) => wanted.iter().any(same),
        Comparison::Less(limit) => value.as_f64() < limit.as_f64() && value.is_number(),
        Comparison::Greater(limit) => value.is_number() && value.as_f64() > limit.as_f64(),
        Comparison::Exists(_) => true,
        Comparison::Contains(part) => match (part, value) {
            (Scalar::Text(part), Value::String(text)) => text.contains(part.as_str()),
            (part, Value::Array(list)) => list
                .iter()
                .any(|it| compares(&Comparison::Equals(part.clone()), it)),
            _ => false,
        },
    }
}
