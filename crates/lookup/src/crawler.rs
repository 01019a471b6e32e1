//! Known crawlers, by what their user agents say (OpenRTB 2.6 §7.1).

use woothee::parser::Parser;

/// Words that programs put into their user agents which read pages and buy nothing; woothee knows the others.
const WORDS: [&str; 12] = [
    "bot/",
    "bot;",
    "bot)",
    "crawler",
    "spider",
    "slurp",
    "bingpreview",
    "facebookexternalhit",
    "headlesschrome",
    "lighthouse",
    "phantomjs",
    "google page speed",
];

/// Whether the user agent names itself a crawler.
///
/// ```
/// assert!(lookup::is_crawler("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"));
/// assert!(!lookup::is_crawler("Mozilla/5.0 (Linux; CUBOT X20) Chrome/148.0.0.0"));
/// ```
#[must_use]
pub fn is_crawler(ua: &str) -> bool {
    let named = WORDS.iter().any(|word| {
        ua.as_bytes()
            .windows(word.len())
            .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
    });
    named
        || Parser::new()
            .parse(ua)
            .is_some_and(|read| read.category == "crawler")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_60_crawlers_name_themselves() {
        for (ua, expect) in [
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                true,
            ),
            (
                "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
                true,
            ),
            ("Mozilla/5.0 (compatible; Yahoo! Slurp)", true),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/148.0.0.0 Safari/537.36",
                true,
            ),
            (
                "ia_archiver (+http://www.alexa.com/site/help/webmasters; crawler@alexa.com)",
                true,
            ),
            ("Mediapartners-Google", true),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Mobile Safari/537.36",
                false,
            ),
            ("Mozilla/5.0 (Linux; CUBOT X20) Chrome/148.0.0.0", false),
            ("Roku/DVP-12.0 (12.0.0.4182-88)", false),
            ("", false),
        ] {
            assert_eq!(is_crawler(ua), expect, "{ua}");
        }
    }
}
