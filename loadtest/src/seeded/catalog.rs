//! A catalog as rows of the control plane's tables: documents of advertisers, campaigns, creatives and line
//! items, five line items a campaign, two or three creatives each.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Zipf;
use super::vocabulary::{
    APPS, CATEGORIES, COUNTRIES, DEVICES, INTERESTS, SEGMENTS, SITES, SIZES, app, interest, rng_of,
    segment, site,
};
use crate::rng::Rng;

const KIND: u64 = 1;
const LINE_ITEMS_A_CAMPAIGN: u64 = 5;
const CAMPAIGNS_AN_ADVERTISER: u64 = 40;
/// A million of the currency, in billionths: no run spends it.
const BUDGET: i64 = 1_000_000_000_000_000;
const DAYPARTS: [&str; 5] = [
    "mon-fri 06-22",
    "mon-sun 08-24",
    "sat-sun 00-24",
    "mon-sun 00-12",
    "mon-sun 12-24",
];

/// What the catalog is made of.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many line items.
    pub line_items: u64,
    /// Of a thousand line items, so many have frequency caps.
    pub capped_per_mille: u64,
    /// Where everything is drawn from.
    pub seed: u64,
}

/// Writes the rows as Postgres' `COPY` reads them: the kind, a tab, the document.
///
/// # Errors
/// When the sink refuses.
pub fn write(plan: Plan, out: &mut impl Write) -> io::Result<()> {
    let words = Words::new();
    let campaigns = plan.line_items.div_ceil(LINE_ITEMS_A_CAMPAIGN);
    for advertiser in 0..campaigns.div_ceil(CAMPAIGNS_AN_ADVERTISER) {
        row(out, "advertiser", &advertiser_doc(advertiser))?;
    }
    for campaign in 0..campaigns {
        let mut rng = rng_of(plan.seed, KIND, campaign);
        let advertiser = advertiser_id(campaign / CAMPAIGNS_AN_ADVERTISER);
        let creatives = creatives(campaign, &advertiser, &mut rng);
        let shown: Vec<Value> = creatives.iter().map(|it| it["id"].clone()).collect();
        let first = campaign * LINE_ITEMS_A_CAMPAIGN;
        let last = plan.line_items.min(first + LINE_ITEMS_A_CAMPAIGN);
        let items: Vec<Value> = (first..last)
            .map(|number| words.line_item(plan, number, campaign, &shown, &mut rng))
            .collect();
        row(
            out,
            "campaign",
            &campaign_doc(campaign, &advertiser, items.first()),
        )?;
        for creative in &creatives {
            row(out, "creative", creative)?;
        }
        for item in &items {
            row(out, "line_item", item)?;
        }
    }
    Ok(())
}

fn row(out: &mut impl Write, kind: &str, doc: &Value) -> io::Result<()> {
    // COPY's text form takes a backslash for its own.
    let text = doc.to_string().replace('\\', "\\\\");
    writeln!(out, "{kind}\t{text}")
}

fn advertiser_id(number: u64) -> String {
    format!("bench_adv_{number:05}")
}

fn campaign_id(number: u64) -> String {
    format!("bench_cmp_{number:06}")
}

fn advertiser_doc(number: u64) -> Value {
    json!({
        "id": advertiser_id(number), "name": format!("Advertiser {number}"), "domain": format!("brand-{number:05}.example"),
        "currency": "USD", "time_zone": "UTC", "seat": format!("seat-{number:05}"),
    })
}

/// A campaign carries the terms of its own line item, as the API keeps them.
fn campaign_doc(number: u64, advertiser: &str, own: Option<&Value>) -> Value {
    let own = own.unwrap_or(&Value::Null);
    let mut bid = own["price"]["bid"].clone();
    bid["max_cpm"] = own["price"]["max_cpm"].clone();
    json!({
        "id": campaign_id(number), "name": format!("Campaign {number}"), "advertiser": advertiser, "status": "active",
        "currency": "USD", "time_zone": "UTC", "budget": BUDGET, "daily_budget": null,
        "terms": {
            "bid": bid,
            "starts_at": own["starts_at"], "ends_at": null, "pacing": "asap", "targeting": own["targeting"],
            "frequency_caps": own["frequency_caps"], "on_cap_unknown": "refuse",
        },
    })
}

/// Six in ten campaigns show banners of two or three sizes, the others are responsive, video or native.
fn creatives(campaign: u64, advertiser: &str, rng: &mut Rng) -> Vec<Value> {
    let sizes = Zipf::new(10);
    let base = |at: usize, format: &str| {
        json!({
            "id": format!("bench_crt_{campaign:06}_{at}"), "advertiser": advertiser, "format": format, "status": "active",
            "landing_page": format!("https://brand.example/{campaign}"), "adomain": [format!("brand-{:05}.example", campaign / CAMPAIGNS_AN_ADVERTISER)],
            "categories": [CATEGORIES.get(usize::try_from(campaign).unwrap_or(0) % CATEGORIES.len())], "cattax": 1,
        })
    };
    match rng.below(100) {
        0..60 => {
            let some = 2 + usize::try_from(rng.below(2)).unwrap_or(0);
            let drawn = sizes.draw_some(rng, some);
            let sized = drawn.iter().enumerate().map(|(at, place)| {
                let (w, h) = SIZES.get(*place).copied().unwrap_or((300, 250));
                let mut creative = base(at, "banner");
                creative["width"] = json!(w);
                creative["height"] = json!(h);
                creative["markup"] = json!(format!(
                    "<a href=\"${{CLICK_URL}}\"><img src=\"https://cdn.example/{campaign}/{w}x{h}.jpg\" width=\"{w}\" height=\"{h}\" alt=\"\"></a>"
                ));
                creative
            });
            sized.collect()
        }
        60..80 => {
            let mut creative = base(0, "responsive");
            creative["title"] = json!(format!("Offer {campaign}"));
            creative["description"] = json!("An offer of the benchmark, with a sentence to say so");
            vec![creative]
        }
        80..92 => {
            let mut creative = base(0, "video");
            creative["media_url"] = json!(format!("https://cdn.example/{campaign}.mp4"));
            creative["mime"] = json!("video/mp4");
            creative["duration_seconds"] = json!(15);
            creative["protocol"] = json!(7);
            creative["width"] = json!(1280);
            creative["height"] = json!(720);
            vec![creative]
        }
        _ => {
            let mut creative = base(0, "native");
            creative["assets"] = json!({
                "title": format!("Offer {campaign}"), "description": "An offer of the benchmark", "sponsored": "Brand", "cta": "See more",
                "image": {"url": format!("https://cdn.example/{campaign}.jpg"), "width": 1200, "height": 627},
                "icon": {"url": format!("https://cdn.example/{campaign}-icon.png"), "width": 80, "height": 80},
            });
            vec![creative]
        }
    }
}

/// The draws of targeting.
struct Words {
    countries: Zipf,
    segments: Zipf,
    interests: Zipf,
    sites: Zipf,
    apps: Zipf,
    categories: Zipf,
}

impl Words {
    fn new() -> Self {
        Self {
            countries: Zipf::new(20),
            segments: Zipf::new(SEGMENTS),
            interests: Zipf::new(INTERESTS),
            sites: Zipf::new(SITES),
            apps: Zipf::new(APPS),
            categories: Zipf::new(16),
        }
    }

    fn line_item(
        &self,
        plan: Plan,
        number: u64,
        campaign: u64,
        creatives: &[Value],
        rng: &mut Rng,
    ) -> Value {
        // 0.30 to 8 CPM, the cheap ones many; at most one and a half to four times as much.
        let cpm = 300_000 + i64::try_from(rng.below(2_800) * rng.below(2_800)).unwrap_or(0);
        let max_cpm = cpm * (150 + i64::try_from(rng.below(250)).unwrap_or(0)) / 100;
        json!({
            "id": format!("bench_li_{number:07}"), "campaign": campaign_id(campaign), "status": "active", "epoch": 1,
            "starts_at": 0, "ends_at": null, "pacing": "asap", "targeting": self.targeting(rng),
            "price": {
                "bid": {"type": "cpm", "cpm": cpm},
                "modifiers": [
                    {"kind": "count", "of": ["interests", "segments"], "step": 100_000},
                    {"kind": "device_type", "factors": {"1": 1_200_000, "2": 1_000_000, "4": 1_200_000, "5": 900_000}, "otherwise": 1_000_000},
                ],
                "raise_to_floor": 1_100_000, "max_cpm": max_cpm,
            },
            "creatives": creatives, "frequency_caps": caps(plan, rng), "on_cap_unknown": "refuse",
        })
    }

    /// One in ten line items is aimed at everybody; the keys of the others are drawn independently.
    fn targeting(&self, rng: &mut Rng) -> Value {
        let mut targeting = json!({});
        if rng.chance(100) {
            return targeting;
        }
        if rng.chance(750) {
            let places = some(&self.countries, rng, 1, 3);
            let codes = named(&places, |place| {
                COUNTRIES.get(place).map_or("US", |it| it.alpha2).to_owned()
            });
            targeting["countries"] = if rng.chance(60) {
                json!({"include": [], "exclude": codes})
            } else {
                json!(codes)
            };
            if rng.chance(70) {
                let place = places.first().and_then(|place| COUNTRIES.get(*place));
                targeting["cities"] = json!(place.map_or([""; 2], |it| it.cities));
            }
        }
        if rng.chance(300) {
            let device = rng.pick(&DEVICES).map_or("mobile", |it| it.name);
            targeting["device_types"] = json!([device]);
        }
        if rng.chance(80) {
            targeting["os"] = json!([rng.pick(&DEVICES).map_or("Android", |it| it.os)]);
        }
        if rng.chance(250) {
            let youngest = 16 + rng.below(30);
            targeting["age_range"] =
                json!({"min_age": youngest, "max_age": youngest + 10 + rng.below(25)});
        }
        if rng.chance(100) {
            targeting["genders"] = json!([if rng.chance(500) { "F" } else { "M" }]);
        }
        if rng.chance(450) {
            let wanted = named(&some(&self.segments, rng, 1, 5), segment);
            targeting["segments"] = if rng.chance(200) {
                json!({"include": wanted, "exclude": named(&some(&self.segments, rng, 1, 2), segment)})
            } else {
                json!(wanted)
            };
        }
        if rng.chance(150) {
            targeting["interests"] = json!(named(&some(&self.interests, rng, 1, 3), interest));
        }
        if rng.chance(120) {
            let listed = named(&some(&self.sites, rng, 5, 60), site);
            targeting["domains"] = if rng.chance(500) {
                json!({"include": [], "exclude": listed})
            } else {
                json!(listed)
            };
        } else if rng.chance(40) {
            targeting["bundles"] = json!(named(&some(&self.apps, rng, 3, 20), app));
        }
        if rng.chance(120) {
            let drawn = some(&self.categories, rng, 1, 4);
            targeting["categories"] = json!(named(&drawn, |place| {
                CATEGORIES.get(place).copied().unwrap_or("IAB12").to_owned()
            }));
        }
        if rng.chance(100) {
            let (w, h) = rng.pick(&SIZES).copied().unwrap_or((300, 250));
            targeting["sizes"] = json!([format!("{w}x{h}")]);
        }
        if rng.chance(80) {
            let place = self.countries.draw(rng);
            targeting["languages"] = json!([COUNTRIES.get(place).map_or("en", |it| it.language)]);
        }
        if rng.chance(150) {
            targeting["dayparts"] =
                json!([rng.pick(&DAYPARTS).copied().unwrap_or("mon-sun 00-24")]);
        }
        targeting
    }
}

fn some(zipf: &Zipf, rng: &mut Rng, fewest: u64, most: u64) -> Vec<usize> {
    let count = fewest + rng.below(most - fewest + 1);
    zipf.draw_some(rng, usize::try_from(count).unwrap_or(1))
}

fn named(places: &[usize], name: impl Fn(usize) -> String) -> Vec<String> {
    places.iter().copied().map(name).collect()
}

fn caps(plan: Plan, rng: &mut Rng) -> Value {
    if !rng.chance(plan.capped_per_mille) {
        return json!([]);
    }
    match rng.below(3) {
        0 => json!([{"scope": "line_item", "count": 3, "window": {"sliding_seconds": 86_400}}]),
        1 => json!([{"scope": "campaign", "count": 5, "window": {"sliding_seconds": 3_600}}]),
        _ => json!([
            {"scope": "line_item", "count": 2, "window": {"sliding_seconds": 3_600}},
            {"scope": "advertiser", "count": 10, "window": "calendar_day"},
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::catalog::{Advertiser, Campaign, Creative, LineItem};

    fn rows(plan: Plan) -> Vec<(String, Value)> {
        let mut out = Vec::new();
        write(plan, &mut out).unwrap();
        String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| {
                let (kind, doc) = line.split_once('\t').unwrap();
                let doc = doc.replace("\\\\", "\\");
                (kind.to_owned(), serde_json::from_str(&doc).unwrap())
            })
            .collect()
    }

    const PLAN: Plan = Plan {
        line_items: 2_003,
        capped_per_mille: 250,
        seed: 1,
    };

    #[test]
    fn every_row_is_a_document_of_the_catalog_and_names_what_is_there() {
        let mut ids = std::collections::BTreeSet::new();
        let mut line_items = 0;
        for (kind, doc) in rows(PLAN) {
            assert!(ids.insert(doc["id"].as_str().unwrap().to_owned()), "{doc}");
            let needs: Vec<String> = match kind.as_str() {
                "advertiser" => {
                    serde_json::from_value::<Advertiser>(doc).unwrap();
                    vec![]
                }
                "campaign" => {
                    let campaign: Campaign = serde_json::from_value(doc).unwrap();
                    vec![campaign.advertiser.to_string()]
                }
                "creative" => {
                    let creative: Creative = serde_json::from_value(doc).unwrap();
                    vec![creative.advertiser.to_string()]
                }
                "line_item" => {
                    line_items += 1;
                    let item: LineItem = serde_json::from_value(doc).unwrap();
                    let shown = item.creatives.iter().map(ToString::to_string);
                    shown.chain([item.campaign.to_string()]).collect()
                }
                other => panic!("a row of {other}"),
            };
            assert!(needs.iter().all(|id| ids.contains(id)), "{needs:?}");
        }
        assert_eq!(line_items, 2_003);
    }

    #[test]
    fn the_same_seed_writes_the_same_and_the_shares_are_those_of_the_plan() {
        assert_eq!(rows(PLAN), rows(PLAN));
        let items: Vec<Value> = rows(PLAN)
            .into_iter()
            .filter(|(kind, _)| kind == "line_item")
            .map(|(_, doc)| doc)
            .collect();
        let share = |has: &dyn Fn(&Value) -> bool| {
            1_000 * items.iter().filter(|item| has(item)).count() / items.len()
        };
        let capped = share(&|item| item["frequency_caps"] != json!([]));
        let by_segment = share(&|item| item["targeting"].get("segments").is_some());
        assert!((200..300).contains(&capped), "{capped}");
        assert!((350..450).contains(&by_segment), "{by_segment}");
    }
}
