//! Bid requests of a seed: about 2 KB, one to three imps of mixed formats and sizes, users who come back.

use serde_json::{Value, json};

use super::Zipf;
use super::users::{User, Users};
use super::vocabulary::{APPS, Device, SITES, SIZES, app, category, rng_of, site};
use crate::rng::Rng;

const KIND: u64 = 3;
/// Stands where each sending puts a number of its own.
const PLACEHOLDER: &str = "0123456789abcdef";

/// What the requests are made of.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    /// Users to draw from; few of them come often.
    pub users: u64,
    /// Per mille of requests without any user.
    pub anonymous_per_mille: u64,
    /// The floor of every imp in cents; absent: 5 to 150.
    pub floor_cents: Option<u64>,
    /// `tmax`, in milliseconds.
    pub tmax_ms: u32,
    /// Where everything is drawn from.
    pub seed: u64,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            users: 10_000,
            anonymous_per_mille: 150,
            floor_cents: None,
            tmax_ms: 100,
            seed: 1,
        }
    }
}

/// A request's text, in which `id` and `source.tid` can be replaced in place.
#[derive(Debug, Clone)]
pub struct Prepared {
    text: Vec<u8>,
    numbers: Vec<usize>,
}

impl Prepared {
    /// The text with the placeholders as they are.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Appends the text with sixteen digits of `number` in place of each placeholder: no two sendings are
    /// the same opportunity.
    pub fn append_to(&self, out: &mut Vec<u8>, number: u64) {
        let start = out.len();
        out.extend_from_slice(&self.text);
        let mut digits = [0_u8; PLACEHOLDER.len()];
        for (place, digit) in digits.iter_mut().rev().enumerate() {
            let nibble = (number >> (4 * place)) & 0xf;
            *digit = char::from_digit(u32::try_from(nibble).unwrap_or(0), 16)
                .and_then(|it| u8::try_from(it).ok())
                .unwrap_or(b'0');
        }
        for at in &self.numbers {
            let place = start + at..start + at + digits.len();
            if let Some(place) = out.get_mut(place) {
                place.copy_from_slice(&digits);
            }
        }
    }
}

/// So many prepared requests of a mix.
#[must_use]
pub fn prepare(mix: Mix, count: u64) -> Vec<Prepared> {
    let maker = Maker {
        mix,
        users: Users::new(mix.seed),
        sites: Zipf::new(SITES),
        apps: Zipf::new(APPS),
        sizes: Zipf::new(10),
    };
    (0..count).map(|number| maker.prepared(number)).collect()
}

struct Maker {
    mix: Mix,
    users: Users,
    sites: Zipf,
    apps: Zipf,
    sizes: Zipf,
}

impl Maker {
    fn prepared(&self, number: u64) -> Prepared {
        let mut rng = rng_of(self.mix.seed, KIND, number);
        let text = self.request(&mut rng).to_string().into_bytes();
        let window = PLACEHOLDER.len();
        let numbers = text
            .windows(window)
            .enumerate()
            .filter(|(_, bytes)| *bytes == PLACEHOLDER.as_bytes())
            .map(|(at, _)| at)
            .collect();
        Prepared { text, numbers }
    }

    fn request(&self, rng: &mut Rng) -> Value {
        // Few users come often: the lower of two draws.
        let number = rng.below(self.mix.users).min(rng.below(self.mix.users));
        let user = self.users.user(number);
        let known = !rng.chance(self.mix.anonymous_per_mille);
        let in_app = user.device.kind != 2 && rng.chance(500);
        let imps = match rng.below(4) {
            0 => 1,
            1 | 2 => 2,
            _ => 3,
        };
        let imp: Vec<Value> = (1..=imps).map(|at| self.imp(at, in_app, rng)).collect();
        let mut request = json!({
            "id": format!("bench-{PLACEHOLDER}"),
            "at": if rng.chance(200) { 2 } else { 1 },
            "tmax": self.mix.tmax_ms,
            "cur": ["USD"],
            "imp": imp,
            "device": device(&user, in_app && known, rng),
            "bcat": ["IAB25", "IAB26", "IAB7-39", "IAB14-1"],
            "badv": ["casino.example", "brand-00003.example", "payday-loans.example"],
            "source": {
                "fd": 0, "tid": format!("{PLACEHOLDER}-{:08x}", rng.below(1 << 32)),
                "schain": {"complete": 1, "ver": "1.0", "nodes": [{"asi": "ssp.example", "sid": format!("pub-{}", rng.below(900)), "hp": 1}]},
            },
            "regs": {"coppa": 0, "gdpr": 0, "us_privacy": "1YNN"},
        });
        let (key, place) = self.place(in_app, rng);
        request[key] = place;
        if known {
            // The SSP's id, which nobody here knows, beside the buyer's.
            let cohorts: Vec<Value> = (0..4)
                .map(|_| json!({"id": (5_000 + rng.below(900)).to_string(), "name": "cohort"}))
                .collect();
            request["user"] = json!({
                "id": format!("ssp-{:012x}", number * 7_919), "buyeruid": user.id, "keywords": "news,sports",
                "data": [{"id": "ssp.example", "name": "ssp.example", "segment": cohorts, "ext": {"segtax": 4}}],
            });
        }
        request
    }

    fn imp(&self, number: u64, in_app: bool, rng: &mut Rng) -> Value {
        let cents = self
            .mix
            .floor_cents
            .unwrap_or_else(|| 5 + rng.below(50) + rng.below(100));
        let mut imp = json!({
            "id": number.to_string(),
            "tagid": format!("tag-{}", rng.below(400)),
            "bidfloor": serde_json::Number::from_f64(f64::from(u32::try_from(cents).unwrap_or(0)) / 100.0),
            "bidfloorcur": "USD",
            "secure": 1,
            "instl": i32::from(in_app && rng.chance(150)),
            "exp": 300,
            "ext": {"gpid": format!("/1234/home/slot-{}", rng.below(40))},
        });
        match rng.below(100) {
            0..72 => {
                let some = 1 + usize::try_from(rng.below(3)).unwrap_or(0);
                let formats: Vec<Value> = self
                    .sizes
                    .draw_some(rng, some)
                    .into_iter()
                    .filter_map(|place| SIZES.get(place))
                    .map(|(w, h)| json!({"w": w, "h": h}))
                    .collect();
                imp["banner"] = json!({"format": formats, "pos": 1 + rng.below(3), "topframe": 0, "battr": [1, 3, 13], "api": [5, 7]});
            }
            72..88 => {
                imp["video"] = json!({
                    "mimes": ["video/mp4", "video/webm"], "protocols": [2, 3, 5, 6, 7, 8], "w": 1280, "h": 720, "startdelay": 0,
                    "minduration": 5, "maxduration": 60, "plcmt": 1, "linearity": 1, "api": [7], "playbackmethod": [1, 3], "skip": 1,
                });
            }
            _ => {
                let assets = json!({"ver": "1.2", "context": 1, "plcmttype": 1, "assets": [
                    {"id": 1, "required": 1, "title": {"len": 90}},
                    {"id": 2, "data": {"type": 2, "len": 140}},
                    {"id": 3, "required": 1, "img": {"type": 3, "wmin": 300, "hmin": 150}},
                ]});
                imp["native"] =
                    json!({"ver": "1.2", "request": assets.to_string(), "battr": [1, 3]});
            }
        }
        imp
    }

    fn place(&self, in_app: bool, rng: &mut Rng) -> (&'static str, Value) {
        if in_app {
            let number = self.apps.draw(rng);
            let bundle = app(number);
            return (
                "app",
                json!({
                    "id": bundle, "name": format!("App {number}"), "bundle": bundle, "cat": [category(number)], "ver": "4.2.1",
                    "storeurl": format!("https://store.example/{bundle}"), "publisher": {"id": format!("pub-{}", number % 211), "name": "Apps"},
                }),
            );
        }
        let number = self.sites.draw(rng);
        let domain = site(number);
        let page = format!("https://{domain}/articles/{}", rng.below(100_000));
        (
            "site",
            json!({
                "id": domain, "domain": domain, "page": page, "ref": "https://search.example/?q=news", "cat": [category(number)],
                "publisher": {"id": format!("pub-{}", number % 397), "name": "Web", "domain": domain}, "content": {"language": "en"},
            }),
        )
    }
}

fn device(user: &User, with_ifa: bool, rng: &mut Rng) -> Value {
    let Device {
        kind,
        os,
        version,
        make,
        model,
        agent,
        ..
    } = user.device;
    let country = user.country;
    let [first, second] = country.cities;
    let mut device = json!({
        "ua": agent, "ip": format!("198.51.100.{}", rng.below(254) + 1), "devicetype": kind, "os": os, "osv": version,
        "make": make, "model": model, "js": 1, "language": country.language, "connectiontype": 2 + rng.below(5), "dnt": 0, "lmt": 0,
        "sua": {
            "browsers": [{"brand": "Chromium", "version": ["148", "0", "7390", "54"]}, {"brand": "Not=A?Brand", "version": ["24"]}],
            "platform": {"brand": os, "version": [version]}, "mobile": i32::from(*kind == 4), "model": model, "source": 2,
        },
        "w": 1080, "h": 2424, "pxratio": 2.6, "carrier": "Example Mobile", "mccmnc": "310-005",
        "geo": {"country": country.alpha3, "region": country.region, "city": if rng.chance(500) { first } else { second }, "type": 2, "utcoffset": 60},
    });
    if with_ifa {
        device["ifa"] = json!(format!(
            "{:08x}-1111-4222-8333-{:012x}",
            rng.below(1 << 32),
            rng.below(1 << 48)
        ));
    }
    device
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn requests_are_legal_varied_and_about_two_kilobytes() {
        let limits = openrtb::Limits::default();
        let (mut bytes, mut imps, mut formats, mut users) =
            (0, 0, BTreeSet::new(), BTreeSet::new());
        let prepared = prepare(Mix::default(), 1_000);
        for one in &prepared {
            bytes += one.text().len();
            let (request, _) = openrtb::BidRequest::read(one.text(), &limits).unwrap();
            imps += request.imp.len();
            for imp in &request.imp {
                formats.insert((
                    imp.banner.is_some(),
                    imp.video.is_some(),
                    imp.native.is_some(),
                ));
            }
            if let Some(user) = &request.user {
                users.insert(user.buyeruid.as_deref().unwrap_or_default().to_owned());
            }
        }
        assert_eq!(formats.len(), 3, "banner, video and native all occur");
        assert!((1_900..2_100).contains(&imps), "{imps} imps");
        assert!(
            (1_800_000..2_300_000).contains(&bytes),
            "{bytes} bytes in a thousand"
        );
        assert!(users.len() > 500, "{} users", users.len());
        let again = prepare(Mix::default(), 1_000);
        assert!(
            prepared
                .iter()
                .zip(&again)
                .all(|(one, two)| one.text() == two.text())
        );
    }

    #[test]
    fn every_sending_has_an_id_and_a_tid_of_its_own() {
        let one = &prepare(Mix::default(), 1)[0];
        let sent = |number| {
            let mut out = b"head".to_vec();
            one.append_to(&mut out, number);
            let body: Value = serde_json::from_slice(&out[4..]).unwrap();
            (body["id"].clone(), body["source"]["tid"].clone())
        };
        assert_eq!(sent(255).0, "bench-00000000000000ff");
        assert!(
            sent(255)
                .1
                .as_str()
                .unwrap()
                .starts_with("00000000000000ff-")
        );
        assert_ne!(sent(1), sent(2));
    }

    #[test]
    fn a_floor_is_every_imps() {
        let mix = Mix {
            floor_cents: Some(50_000),
            ..Mix::default()
        };
        let body: Value = serde_json::from_slice(prepare(mix, 1)[0].text()).unwrap();
        assert_eq!(body["imp"][0]["bidfloor"], 500.0);
    }
}
