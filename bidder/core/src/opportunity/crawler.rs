//! Known crawlers, by what their user agents say (B-60).

/// Words that crawlers put into their user agents.
const CRAWLERS: [&str; 9] = [
    "bot/",
    "bot;",
    "crawler",
    "spider",
    "slurp",
    "bingpreview",
    "facebookexternalhit",
    "headlesschrome",
    "lighthouse",
];

/// Whether the user agent names itself a crawler.
pub(super) fn is_crawler(ua: &str) -> bool {
    let ua = ua.as_bytes();
    CRAWLERS.iter().any(|word| {
        ua.windows(word.len())
            .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crawlers_name_themselves() {
        for (ua, crawler) in [
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                true,
            ),
            ("Mozilla/5.0 (compatible; Yahoo! Slurp)", true),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/148.0.0.0 Mobile Safari/537.36",
                false,
            ),
            ("Mozilla/5.0 (Linux; CUBOT X20) Chrome/148.0.0.0", false),
            ("", false),
        ] {
            assert_eq!(is_crawler(ua), crawler, "{ua}");
        }
    }
}
