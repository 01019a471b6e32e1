//! The mix of bid requests: seeded, varied in format, size, place, device and user.

use serde_json::{Value, json};

use crate::rng::Rng;

/// What the requests are made of; all of it data.
#[derive(Debug, Clone)]
pub struct Mix {
    /// Users that come back, as `prefix` and how many; their ids are `prefix` and a three-digit number.
    pub users: (String, u64),
    /// Per mille of requests without any user.
    pub anonymous_per_mille: u64,
    /// Per mille of requests with two imps.
    pub two_imps_per_mille: u64,
    /// `tmax` of every request, in milliseconds.
    pub tmax_ms: u32,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            users: ("user-".into(), 200),
            anonymous_per_mille: 200,
            two_imps_per_mille: 250,
            tmax_ms: 100,
        }
    }
}

/// Makes requests, one after the other, the same for the same seed.
#[derive(Debug)]
pub struct Traffic {
    mix: Mix,
    rng: Rng,
    count: u64,
}

const SIZES: [(u32, u32); 5] = [(300, 250), (728, 90), (320, 50), (970, 250), (160, 600)];
const SITES: [(&str, &str); 4] = [
    ("harbour-gazette.example", "IAB12"),
    ("weekend-travel.example", "IAB20"),
    ("kitchen-notes.example", "IAB8"),
    ("pixel-report.example", "IAB19"),
];
const APPS: [(&str, &str); 2] = [
    ("com.example.puzzle", "IAB9-30"),
    ("com.example.runner", "IAB17"),
];
const DEVICES: [(i32, &str, &str); 4] = [
    (
        2,
        "Windows",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36",
    ),
    (
        4,
        "Android",
        "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Mobile Safari/537.36",
    ),
    (
        4,
        "iOS",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
    ),
    (
        5,
        "iOS",
        "Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/604.1",
    ),
];
const PLACES: [(&str, &str, &str); 4] = [
    ("USA", "CA", "San Francisco"),
    ("DEU", "BE", "Berlin"),
    ("GBR", "ENG", "London"),
    ("JPN", "13", "Tokyo"),
];

impl Traffic {
    /// Traffic of a mix from a seed.
    #[must_use]
    pub const fn new(mix: Mix, seed: u64) -> Self {
        Self {
            mix,
            rng: Rng::new(seed),
            count: 0,
        }
    }

    /// The next bid request, as JSON text.
    pub fn request(&mut self) -> String {
        self.count += 1;
        let imps = if self.rng.chance(self.mix.two_imps_per_mille) {
            2
        } else {
            1
        };
        let imp: Vec<Value> = (1..=imps).map(|number| self.imp(number)).collect();
        let mut request = json!({
            "id": format!("load-{:016x}-{}", self.rng.bits(), self.count),
            "at": if self.rng.chance(300) { 2 } else { 1 },
            "tmax": self.mix.tmax_ms,
            "cur": ["USD"],
            "imp": imp,
            "device": self.device(),
            "bcat": ["IAB25", "IAB26"],
            "source": {"tid": format!("{:016x}", self.rng.bits())},
        });
        let (key, place) = self.place();
        request[key] = place;
        if !self.rng.chance(self.mix.anonymous_per_mille) {
            request["user"] = self.user();
        }
        request.to_string()
    }

    fn imp(&mut self, number: u32) -> Value {
        let floor = self.rng.below(150) + 5;
        let mut imp = json!({
            "id": number.to_string(),
            "tagid": format!("tag-{}", self.rng.below(50)),
            "bidfloor": serde_json::Number::from_f64(round2(floor)),
            "secure": 1,
        });
        match self.rng.below(10) {
            0..=5 => {
                let first = self.size();
                let second = self.size();
                imp["banner"] = json!({"format": [first, second], "pos": 1});
            }
            6..=7 => {
                imp["video"] = json!({
                    "mimes": ["video/mp4"], "protocols": [2, 3, 5, 6, 7, 8, 11, 12, 13, 14], "w": 1280, "h": 720,
                    "minduration": 5, "maxduration": 60, "plcmt": 1, "linearity": 1, "api": [7],
                });
            }
            _ => {
                let assets = json!({"ver": "1.2", "context": 1, "plcmttype": 1, "assets": [
                    {"id": 1, "required": 1, "title": {"len": 90}},
                    {"id": 2, "data": {"type": 2, "len": 140}},
                    {"id": 3, "img": {"type": 3, "wmin": 300, "hmin": 150}},
                ]});
                imp["native"] = json!({"ver": "1.2", "request": assets.to_string()});
            }
        }
        imp
    }

    fn size(&mut self) -> Value {
        let (w, h) = self.rng.pick(&SIZES).copied().unwrap_or((300, 250));
        json!({"w": w, "h": h})
    }

    fn device(&mut self) -> Value {
        let (kind, os, ua) = self
            .rng
            .pick(&DEVICES)
            .copied()
            .unwrap_or((2, "Windows", ""));
        let (country, region, city) =
            self.rng
                .pick(&PLACES)
                .copied()
                .unwrap_or(("USA", "CA", "San Francisco"));
        json!({
            "ua": ua, "ip": format!("203.0.113.{}", self.rng.below(254) + 1), "devicetype": kind, "os": os,
            "language": "en", "geo": {"country": country, "region": region, "city": city, "type": 2},
        })
    }

    fn place(&mut self) -> (&'static str, Value) {
        if self.rng.chance(250) {
            let (bundle, category) = self
                .rng
                .pick(&APPS)
                .copied()
                .unwrap_or(("com.example.puzzle", "IAB9-30"));
            return (
                "app",
                json!({"id": bundle, "bundle": bundle, "cat": [category], "publisher": {"id": "pub-apps"}}),
            );
        }
        let (domain, category) = self
            .rng
            .pick(&SITES)
            .copied()
            .unwrap_or(("harbour-gazette.example", "IAB12"));
        let page = format!("https://{domain}/{}", self.rng.below(1_000));
        (
            "site",
            json!({"id": domain, "domain": domain, "page": page, "cat": [category], "publisher": {"id": "pub-web"}}),
        )
    }

    fn user(&mut self) -> Value {
        let (prefix, count) = &self.mix.users;
        // Few users come often and many seldom: the lower of two draws.
        let number = self.rng.below(*count).min(self.rng.below(*count)) + 1;
        json!({"id": format!("{prefix}{number:03}")})
    }
}

/// Cents to units; the generator's own floors, written as any SSP writes them.
#[expect(clippy::cast_precision_loss, reason = "below 200")]
fn round2(cents: u64) -> f64 {
    cents as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_legal_requests() {
        let mut one = Traffic::new(Mix::default(), 5);
        let mut two = Traffic::new(Mix::default(), 5);
        let mut formats = std::collections::BTreeSet::new();
        for _ in 0..500 {
            let text = one.request();
            assert_eq!(text, two.request());
            let limits = openrtb::Limits::default();
            let (request, _) = openrtb::BidRequest::read(text.as_bytes(), &limits).unwrap();
            for imp in &request.imp {
                formats.insert((
                    imp.banner.is_some(),
                    imp.video.is_some(),
                    imp.native.is_some(),
                ));
            }
        }
        assert_eq!(formats.len(), 3, "banner, video and native all occur");
    }
}
