//! The words that catalog, users and requests have in common, the most frequent first.

use crate::rng::Rng;

/// Alpha-2, alpha-3, language, a region (ISO 3166-2 without the country) and two cities.
pub(super) struct Country {
    pub(super) alpha2: &'static str,
    pub(super) alpha3: &'static str,
    pub(super) language: &'static str,
    pub(super) region: &'static str,
    pub(super) cities: [&'static str; 2],
}

const fn country(
    alpha2: &'static str,
    alpha3: &'static str,
    language: &'static str,
    region: &'static str,
    cities: [&'static str; 2],
) -> Country {
    Country {
        alpha2,
        alpha3,
        language,
        region,
        cities,
    }
}

pub(super) const COUNTRIES: [Country; 20] = [
    country("US", "USA", "en", "CA", ["San Francisco", "Los Angeles"]),
    country("IN", "IND", "en", "MH", ["Mumbai", "Pune"]),
    country("BR", "BRA", "pt", "SP", ["Campinas", "Santos"]),
    country("GB", "GBR", "en", "ENG", ["London", "Leeds"]),
    country("DE", "DEU", "de", "BE", ["Berlin", "Spandau"]),
    country("JP", "JPN", "ja", "13", ["Tokyo", "Hachioji"]),
    country("FR", "FRA", "fr", "IDF", ["Paris", "Versailles"]),
    country("MX", "MEX", "es", "JAL", ["Guadalajara", "Zapopan"]),
    country("ID", "IDN", "id", "JK", ["Jakarta", "Bekasi"]),
    country("IT", "ITA", "it", "25", ["Milan", "Bergamo"]),
    country("CA", "CAN", "en", "ON", ["Toronto", "Ottawa"]),
    country("ES", "ESP", "es", "MD", ["Madrid", "Getafe"]),
    country("TR", "TUR", "tr", "34", ["Istanbul", "Kadikoy"]),
    country("KR", "KOR", "ko", "11", ["Seoul", "Incheon"]),
    country("AU", "AUS", "en", "NSW", ["Sydney", "Newcastle"]),
    country("NL", "NLD", "nl", "NH", ["Amsterdam", "Haarlem"]),
    country("PL", "POL", "pl", "14", ["Warsaw", "Radom"]),
    country("SE", "SWE", "sv", "AB", ["Stockholm", "Solna"]),
    country("CH", "CHE", "de", "ZH", ["Zurich", "Winterthur"]),
    country("NO", "NOR", "nb", "03", ["Oslo", "Baerum"]),
];

/// The name in targeting, `devicetype`, `os`, `osv`, make, model and the user agent.
pub(super) struct Device {
    pub(super) name: &'static str,
    pub(super) kind: i32,
    pub(super) os: &'static str,
    pub(super) version: &'static str,
    pub(super) make: &'static str,
    pub(super) model: &'static str,
    pub(super) agent: &'static str,
}

pub(super) const DEVICES: [Device; 5] = [
    Device {
        name: "mobile",
        kind: 4,
        os: "Android",
        version: "16",
        make: "Google",
        model: "Pixel 9",
        agent: "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Mobile Safari/537.36",
    },
    Device {
        name: "desktop",
        kind: 2,
        os: "Windows",
        version: "11",
        make: "",
        model: "",
        agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36",
    },
    Device {
        name: "mobile",
        kind: 4,
        os: "iOS",
        version: "19.0",
        make: "Apple",
        model: "iPhone17,1",
        agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
    },
    Device {
        name: "tablet",
        kind: 5,
        os: "iOS",
        version: "19.0",
        make: "Apple",
        model: "iPad16,3",
        agent: "Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/604.1",
    },
    Device {
        name: "ctv",
        kind: 3,
        os: "Tizen",
        version: "9.0",
        make: "Samsung",
        model: "QN65",
        agent: "Mozilla/5.0 (SMART-TV; Linux; Tizen 9.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/9.0 TV Safari/537.36",
    },
];

pub(super) const SIZES: [(u32, u32); 10] = [
    (300, 250),
    (320, 50),
    (728, 90),
    (160, 600),
    (970, 250),
    (300, 600),
    (336, 280),
    (320, 100),
    (970, 90),
    (468, 60),
];

/// IAB content categories, taxonomy 1.
pub(super) const CATEGORIES: [&str; 16] = [
    "IAB12", "IAB17", "IAB1", "IAB9", "IAB19", "IAB20", "IAB8", "IAB2", "IAB22", "IAB13", "IAB3",
    "IAB15", "IAB18", "IAB5", "IAB10", "IAB16",
];

/// How many there are of what is only numbered.
pub(super) const SEGMENTS: u32 = 5_000;
pub(super) const INTERESTS: u32 = 120;
pub(super) const SITES: u32 = 3_000;
pub(super) const APPS: u32 = 800;

pub(super) fn segment(number: usize) -> String {
    format!("seg-{number:04}")
}

pub(super) fn interest(number: usize) -> String {
    format!("interest-{number:03}")
}

pub(super) fn site(number: usize) -> String {
    format!("site-{number:04}.example")
}

pub(super) fn app(number: usize) -> String {
    format!("com.example.app{number:03}")
}

/// The category that a site or app of this number is about.
pub(super) fn category(number: usize) -> &'static str {
    CATEGORIES
        .get(number % CATEGORIES.len())
        .copied()
        .unwrap_or("IAB12")
}

/// A generator of its own for the `number`-th thing of a kind, so that one can be made without the others.
pub(super) fn rng_of(seed: u64, kind: u64, number: u64) -> Rng {
    let mut mixed = Rng::new(seed ^ kind.wrapping_mul(0xd6e8_feb8_6659_fd93));
    Rng::new(mixed.bits().wrapping_add(number.wrapping_mul(0x9e37_79b9)))
}
