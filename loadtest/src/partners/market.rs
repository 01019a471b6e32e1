//! A rival that bids by itself: how often, how much, on what and how fast is data.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::rng::Rng;

/// The habits of a rival.
#[derive(Debug, Clone)]
pub struct Market {
    /// Its seat.
    pub seat: String,
    /// Its advertiser's domain.
    pub domain: String,
    /// Its advertiser's category (IAB 1.0).
    pub category: String,
    /// Bids on so many of a thousand imps.
    pub bids_per_mille: u64,
    /// Its price lies between these, in hundredths of a CPM unit, and never under the floor.
    pub price_cents: (u64, u64),
    /// What it has creatives for.
    pub formats: Vec<Format>,
    /// It thinks for this long, from and to.
    pub think: (Duration, Duration),
    /// Says why it does not bid, instead of 204.
    pub says_why: bool,
    /// Wants to hear whether its bids won, were billed or lost.
    pub asks_for_notices: bool,
}

/// A kind of creative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// HTML in the size that is asked for.
    Banner,
    /// A VAST 4.2 inline of fifteen seconds.
    Video,
    /// Native 1.2 with whatever required assets are text or images.
    Native,
}

impl Market {
    /// A rival that bids often and low on banners and native.
    #[must_use]
    pub fn broad(seat: &str, domain: &str) -> Self {
        Self {
            seat: seat.into(),
            domain: domain.into(),
            category: "IAB22".into(),
            bids_per_mille: 800,
            price_cents: (40, 260),
            formats: vec![Format::Banner, Format::Native],
            think: (Duration::from_millis(1), Duration::from_millis(6)),
            says_why: false,
            asks_for_notices: true,
        }
    }

    /// A rival that bids seldom and high, on video and banners, and takes its time.
    #[must_use]
    pub fn choosy(seat: &str, domain: &str) -> Self {
        Self {
            seat: seat.into(),
            domain: domain.into(),
            category: "IAB2".into(),
            bids_per_mille: 350,
            price_cents: (150, 900),
            formats: vec![Format::Video, Format::Banner],
            think: (Duration::from_millis(4), Duration::from_millis(25)),
            says_why: true,
            asks_for_notices: true,
        }
    }

    /// How long it thinks about one request.
    pub fn think_time(&self, rng: &mut Rng) -> Duration {
        let (from, to) = self.think;
        let spread = u64::try_from(to.saturating_sub(from).as_micros()).unwrap_or_default();
        from + Duration::from_micros(rng.below(spread + 1))
    }

    /// What it bids, in hundredths of a CPM unit.
    pub(super) const fn price(&self, rng: &mut Rng) -> u64 {
        let (low, high) = self.price_cents;
        low + rng.below(high.saturating_sub(low) + 1)
    }

    /// The members of a bid that say what is shown, for requests of 2.6.
    pub(super) fn creative(&self, imp: &Value) -> Option<Map<String, Value>> {
        let shown = self
            .formats
            .iter()
            .find_map(|format| self.markup(*format, imp, &Value::Null));
        let mut bid = shown?;
        self.declare(&mut bid);
        Some(bid)
    }

    /// Its answer, or `None` for a 204. `base` is the URL that its notices go to.
    pub fn answer(&self, request: &Value, base: &str, rng: &mut Rng) -> Option<Value> {
        let id = request.get("id")?.clone();
        let no_bid = |nbr: i32| self.says_why.then(|| json!({"id": id, "nbr": nbr}));
        if request["regs"]["coppa"].as_i64() == Some(1) {
            return no_bid(8);
        }
        let dollars = request["cur"]
            .as_array()
            .is_none_or(|cur| cur.is_empty() || cur.iter().any(|c| c == "USD"));
        if !dollars || self.is_blocked(request) {
            return no_bid(0);
        }
        let imps = request["imp"].as_array()?;
        let bids: Vec<Value> = imps
            .iter()
            .filter_map(|imp| self.bid(imp, request, base, rng))
            .collect();
        if bids.is_empty() {
            return no_bid(0);
        }
        let bidid = format!("{:016x}", rng.bits());
        Some(
            json!({"id": id, "bidid": bidid, "cur": "USD", "seatbid": [{"seat": self.seat, "bid": bids}]}),
        )
    }

    fn is_blocked(&self, request: &Value) -> bool {
        let lists = |key: &str, what: &str| {
            request[key]
                .as_array()
                .is_some_and(|list| list.iter().any(|blocked| blocked == what))
        };
        lists("badv", &self.domain) || lists("bcat", &self.category)
    }

    fn bid(&self, imp: &Value, request: &Value, base: &str, rng: &mut Rng) -> Option<Value> {
        let private = imp["pmp"]["private_auction"].as_i64() == Some(1);
        let dollars = imp["bidfloorcur"].as_str().is_none_or(|cur| cur == "USD");
        if private
            || !dollars
            || imp.get("bidfloor").is_some_and(Value::is_string)
            || !rng.chance(self.bids_per_mille)
        {
            return None;
        }
        let cents = self.price(rng);
        let floor = imp["bidfloor"].as_f64().unwrap_or_default();
        let price = cents_to_units(cents);
        if price < floor {
            return None;
        }
        let id = format!("{}-{:016x}", self.seat, rng.bits());
        let mut bid = self
            .formats
            .iter()
            .find_map(|format| self.markup(*format, imp, request))?;
        let notice = |kind: &str, more: &str| {
            json!(format!(
                "{base}/notice/{kind}?b={id}&i=${{AUCTION_IMP_ID}}&p=${{AUCTION_PRICE}}{more}"
            ))
        };
        if self.asks_for_notices {
            bid.insert("nurl".into(), notice("win", "&m=${AUCTION_MIN_TO_WIN}"));
            bid.insert("burl".into(), notice("bill", "&c=${AUCTION_CURRENCY}"));
            bid.insert("lurl".into(), notice("loss", "&r=${AUCTION_LOSS}"));
        }
        bid.insert("id".into(), json!(id));
        bid.insert("impid".into(), imp.get("id")?.clone());
        bid.insert("price".into(), json!(price));
        self.declare(&mut bid);
        Some(Value::Object(bid))
    }

    fn declare(&self, bid: &mut Map<String, Value>) {
        bid.insert("adomain".into(), json!([self.domain]));
        bid.insert("cat".into(), json!([self.category]));
        bid.insert("cid".into(), json!(format!("{}-campaign", self.seat)));
    }

    fn markup(&self, format: Format, imp: &Value, request: &Value) -> Option<Map<String, Value>> {
        let bid = match format {
            Format::Banner => self.banner(&imp["banner"])?,
            Format::Video => self.video(&imp["video"])?,
            Format::Native => self.native(&imp["native"])?,
        };
        let mut bid = bid.as_object()?.clone();
        // 2.5 has no mtype of its own (conformance section 16).
        let old = request["source"]["ext"].get("schain").is_some();
        if old && let Some(mtype) = bid.remove("mtype") {
            bid.insert("ext".into(), json!({"mtype": mtype}));
        }
        Some(bid)
    }

    fn banner(&self, banner: &Value) -> Option<Value> {
        let banner = banner.as_object()?;
        let sized = banner
            .get("format")
            .and_then(|f| f.get(0))
            .cloned()
            .unwrap_or_else(|| Value::Object(banner.clone()));
        let (w, h) = (sized["w"].as_u64()?, sized["h"].as_u64()?);
        let domain = &self.domain;
        // No outside image: the card shows on a laptop without a network.
        let adm = format!(
            "<a href=\"https://{domain}/offer\" target=\"_blank\" rel=\"noopener\" style=\"box-sizing:border-box;display:flex;\
             flex-wrap:wrap;gap:8px;align-items:center;justify-content:center;width:{w}px;height:{h}px;overflow:hidden;\
             background:#f4f1ea;color:#3b2f2f;border:1px solid #b8a99a;font:16px system-ui,sans-serif;text-decoration:none\">\
             <strong>{domain}</strong><span>{w}×{h}</span></a>"
        );
        Some(
            json!({"mtype": 1, "adm": adm, "w": w, "h": h, "crid": format!("{}-{w}x{h}", self.seat)}),
        )
    }

    fn video(&self, video: &Value) -> Option<Value> {
        let video = video.as_object()?;
        let protocols = video.get("protocols").and_then(Value::as_array);
        if protocols.is_some_and(|list| !list.iter().any(|p| p.as_i64() == Some(13))) {
            return None;
        }
        let seconds = |key: &str| video.get(key).and_then(Value::as_u64);
        let fits = seconds("minduration").unwrap_or(0) <= 15
            && seconds("maxduration").is_none_or(|max| max >= 15);
        let wanted = video.get("rqddurs").and_then(Value::as_array);
        if !fits
            || wanted.is_some_and(|list| !list.iter().any(|d| d.as_u64() == Some(15)))
            || video.contains_key("poddur")
        {
            return None;
        }
        let (seat, domain) = (&self.seat, &self.domain);
        let adm = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><VAST version=\"4.2\"><Ad id=\"{seat}-v15\"><InLine><AdSystem>{seat}</AdSystem>\
             <AdTitle>{seat}</AdTitle><AdServingId>{seat}</AdServingId><Impression><![CDATA[https://px.{domain}/i]]></Impression>\
             <Creatives><Creative id=\"1\"><UniversalAdId idRegistry=\"unknown\">{seat}-v15</UniversalAdId><Linear>\
             <Duration>00:00:15</Duration><MediaFiles><MediaFile delivery=\"progressive\" type=\"video/mp4\" width=\"1280\" height=\"720\">\
             <![CDATA[https://cdn.{domain}/v15.mp4]]></MediaFile></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>"
        );
        Some(
            json!({"mtype": 2, "adm": adm, "w": 1280, "h": 720, "dur": 15, "protocol": 13, "crid": format!("{seat}-v15")}),
        )
    }

    fn native(&self, native: &Value) -> Option<Value> {
        let told = native.get("request")?;
        let request = match told.as_str() {
            Some(text) => serde_json::from_str(text).ok()?,
            None => told.clone(),
        };
        let request = request.get("native").cloned().unwrap_or(request);
        let domain = &self.domain;
        let mut assets = Vec::new();
        for asset in request.get("assets")?.as_array()? {
            let id = asset.get("id")?.clone();
            if let Some(title) = asset.get("title") {
                let room = title["len"]
                    .as_u64()
                    .and_then(|n| usize::try_from(n).ok())
                    .unwrap_or(25);
                let text: String = format!("An offer from {domain}")
                    .chars()
                    .take(room)
                    .collect();
                assets.push(json!({"id": id, "title": {"text": text}}));
            } else if let Some(image) = asset.get("img") {
                let side = |exact: &str, least: &str| {
                    image[exact]
                        .as_u64()
                        .or(image[least].as_u64())
                        .unwrap_or(300)
                };
                let (w, h) = (side("w", "wmin"), side("h", "hmin"));
                assets.push(json!({"id": id, "img": {"url": format!("https://cdn.{domain}/{w}x{h}.png"), "w": w, "h": h}}));
            } else if let Some(data) = asset.get("data") {
                let room = data["len"]
                    .as_u64()
                    .and_then(|n| usize::try_from(n).ok())
                    .unwrap_or(25);
                let text: String = domain.chars().take(room).collect();
                assets.push(json!({"id": id, "data": {"value": text}}));
            } else if asset["required"].as_i64() == Some(1) {
                return None;
            }
        }
        let response = json!({"ver": "1.2", "assets": assets, "link": {"url": format!("https://{domain}/offer")}});
        Some(
            json!({"mtype": 4, "adm": response.to_string(), "crid": format!("{}-native", self.seat)}),
        )
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a scripted price of a few hundred cents"
)]
fn cents_to_units(cents: u64) -> f64 {
    cents as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bids_are_legal_for_what_was_asked() {
        struct Case(&'static str, Value, Option<i64>);
        let cases = [
            Case(
                "C-70 first format",
                json!({"banner": {"format": [{"w": 320, "h": 50}]}}),
                Some(1),
            ),
            Case(
                "C-80 protocol not offered",
                json!({"video": {"mimes": ["video/mp4"], "protocols": [2]}}),
                None,
            ),
            Case(
                "C-81 duration",
                json!({"video": {"mimes": ["video/mp4"], "protocols": [13], "maxduration": 10}}),
                None,
            ),
            Case(
                "C-90 native as text",
                json!({"native": {"request": "{\"assets\":[{\"id\":7,\"required\":1,\"title\":{\"len\":10}}]}"}}),
                Some(4),
            ),
            Case(
                "C-110 private auction",
                json!({"banner": {"w": 1, "h": 1}, "pmp": {"private_auction": 1}}),
                None,
            ),
            Case(
                "X-58 never under the floor",
                json!({"banner": {"w": 1, "h": 1}, "bidfloor": 1000}),
                None,
            ),
        ];
        let mut rival = Market::broad("rival", "rival.example");
        rival.bids_per_mille = 1_000;
        rival.formats = vec![Format::Banner, Format::Video, Format::Native];
        for Case(says, mut imp, want) in cases {
            imp["id"] = json!("1");
            let request = json!({"id": "r", "imp": [imp]});
            let answer = rival.answer(&request, "http://127.0.0.1:1", &mut Rng::new(3));
            let mtype = answer
                .as_ref()
                .and_then(|a| a["seatbid"][0]["bid"][0]["mtype"].as_i64());
            assert_eq!(mtype, want, "{says}: {answer:?}");
        }
    }

    #[test]
    fn the_rival_respects_blocks_and_children() {
        let mut rival = Market::broad("rival", "rival.example");
        rival.bids_per_mille = 1_000;
        let imp = json!([{"id": "1", "banner": {"w": 300, "h": 250}}]);
        for (says, request) in [
            (
                "X-41 badv",
                json!({"id": "r", "imp": imp, "badv": ["rival.example"]}),
            ),
            (
                "X-43 bcat",
                json!({"id": "r", "imp": imp, "bcat": ["IAB22"]}),
            ),
            (
                "C-161 coppa",
                json!({"id": "r", "imp": imp, "regs": {"coppa": 1}}),
            ),
            ("X-56 cur", json!({"id": "r", "imp": imp, "cur": ["EUR"]})),
        ] {
            assert_eq!(
                rival.answer(&request, "http://x", &mut Rng::new(1)),
                None,
                "{says}"
            );
        }
    }
}
