//! What must hold for any text that arrives as VAST.

use openrtb::vast::{Chain, QUARTILES, Trackers, Vast};

/// Reads it, puts trackers in and finds them again.
pub fn check(data: &[u8]) {
    let Ok(markup) = std::str::from_utf8(data) else {
        return;
    };
    let read = Vast::read(markup);
    if let Some(vast) = &read {
        let _ = (vast.protocol(), vast.seconds());
        let _ = Chain::new(5).follow(vast);
    }
    let mut impressions = String::new();
    let trackers = Trackers {
        impressions: &["u"],
        ..Trackers::default()
    };
    let inserted = trackers.insert(markup, &mut impressions);
    let tracker = "<Impression><![CDATA[u]]></Impression>";
    assert_eq!(
        impressions.len(),
        markup.len() + inserted.ads * tracker.len()
    );

    let events = QUARTILES.map(|event| (event, "https://t.example/]]>e"));
    let trackers = Trackers {
        impressions: &["u"],
        errors: &["[ERRORCODE]"],
        events: &events,
        viewable: &["v"],
        clicks: &["k"],
    };
    let mut all = String::new();
    let inserted = trackers.insert(markup, &mut all);
    assert!(all.len() <= markup.len() + 800 * (inserted.ads + inserted.linears));
    if let (Some(before), Some(after)) = (read, Vast::read(&all)) {
        assert_eq!(before.ads.len(), after.ads.len(), "trackers make no ads");
    }
}
