//! Known crawlers, by what their user agents say (X-111, B-60).

/// Words that crawlers put into their user agents, by their first letter in lower case.
const fn words(first: u8) -> &'static [&'static str] {
    match first {
        b'b' => &["bot/", "bot;", "bot)", "bingpreview"],
        b'c' => &["crawler"],
        b'f' => &["facebookexternalhit"],
        b'g' => &["google page speed"],
        b'h' => &["headlesschrome"],
        b'l' => &["lighthouse"],
        b'p' => &["phantomjs"],
        b's' => &["spider", "slurp"],
        _ => &[],
    }
}

/// Whether the user agent names itself a crawler.
///
/// ```
/// assert!(openrtb::is_crawler("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"));
/// ```
#[must_use]
pub fn is_crawler(ua: &str) -> bool {
    let ua = ua.as_bytes();
    ua.iter().enumerate().any(|(at, letter)| {
        words(letter.to_ascii_lowercase()).iter().any(|word| {
            ua.get(at..at + word.len())
                .is_some_and(|text| text.eq_ignore_ascii_case(word.as_bytes()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crawlers_name_themselves() {
        let browser =
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/148.0.0.0 Mobile Safari/537.36";
        for (ua, crawler) in [
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                true,
            ),
            ("Mozilla/5.0 (compatible; Yahoo! Slurp)", true),
            ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120.0", true),
            ("a SPIDER", true),
            ("Mozilla/5.0 (compatible; some-bot)", true),
            (browser, false),
            ("Mozilla/5.0 (Linux; CUBOT X20) Chrome/148.0.0.0", false),
            ("bot", false),
            ("", false),
        ] {
            assert_eq!(is_crawler(ua), crawler, "{ua}");
        }
    }
}
