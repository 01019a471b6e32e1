//! Known crawlers, by the list of the parser of user agents (OpenRTB 2.6 §7.1); those that call themselves one in a
//! word are `openrtb::is_crawler`'s.

use woothee::parser::Parser;

/// Whether the user agent is that of a listed crawler.
///
/// ```
/// assert!(lookup::is_crawler("Mediapartners-Google"));
/// assert!(!lookup::is_crawler("Mozilla/5.0 (Linux; CUBOT X20) Chrome/148.0.0.0"));
/// ```
#[must_use]
pub fn is_crawler(ua: &str) -> bool {
    Parser::new()
        .parse(ua)
        .is_some_and(|read| read.category == "crawler")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_60_crawlers_are_listed() {
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
