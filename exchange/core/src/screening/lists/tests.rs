//! Looking up says what looking through says, list by list.

use openrtb::Limits;
use proptest::prelude::*;
use units::UnixMillis;

use super::*;

fn quoted(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
    format!("[{}]", quoted.join(","))
}

fn lists() -> Lists {
    Lists::of(AuctionId::new(UnixMillis(1_790_000_000_000), [3; 10]))
}

/// Names of few labels, so that they meet often, written as partners write them.
fn name() -> impl Strategy<Value = String> {
    let label = prop::sample::select(vec![
        "a", "b", "A", "shop", "Shop", "é", "É", "σα", "ΣΑ", "ας", "ΑΣ", "k", "\u{212a}", "İ",
    ]);
    let name = prop::collection::vec(label, 1..4).prop_map(|labels| labels.join("."));
    let written = prop::sample::select(vec![
        "*",
        "*",
        "*",
        "www.*",
        "WWW.*",
        "https://*/",
        "*.",
        " *",
        ".*",
        "*..a",
        "*/x",
        "",
    ]);
    (name, written).prop_map(|(name, written)| written.replace('*', &name))
}

proptest! {
    #[test]
    fn domains(badv in prop::collection::vec(name(), 0..40), told in name()) {
        // X-41, C-29
        let body = format!(r#"{{"id":"r","imp":[{{"id":"1","banner":{{}}}}],"badv":{}}}"#, quoted(&badv));
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let Some(name) = domain::normalise(&told) else {
            return Ok(());
        };
        let expect = request.badv.iter().any(|listed| domain::covers_name(listed, name));
        prop_assert_eq!(lists().blocks_advertiser(&request, name), expect, "{} in {}", name, body);
    }

    #[test]
    fn categories_apps_and_seats(
        texts in prop::collection::vec("[iI]?[aA1-]{0,3}", 0..40),
        told in "[iI]?[aA1-]{0,3}",
    ) {
        // X-40, X-43, X-44
        let list = quoted(&texts);
        let lists = lists();
        let body = |name: &str| {
            format!(r#"{{"id":"r","imp":[{{"id":"1","banner":{{}}}}],"{name}":{list}}}"#)
        };
        let (blocks, allows) = (body("bcat"), body("acat"));
        let (blocks, _) = BidRequest::read(blocks.as_bytes(), &Limits::REQUEST).unwrap();
        let (allows, _) = BidRequest::read(allows.as_bytes(), &Limits::REQUEST).unwrap();
        let among = |list: &[Str<'_>]| list.iter().any(|listed| listed.eq_ignore_ascii_case(&told));
        prop_assert_eq!(lists.blocks_category(&blocks, &told), among(&blocks.bcat));
        prop_assert_eq!(lists.allows_category(&allows, &told), among(&allows.acat));
        let body = format!(
            r#"{{"id":"r","imp":[{{"id":"1","banner":{{}}}}],"bapp":{list},"wseat":{list},"bseat":["s1","s2","s3","s4","s5","s6","s7","s8","s9"]}}"#
        );
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        prop_assert_eq!(lists.blocks_app(&request, &told), among(&request.bapp));
        for seat in [Some(told.as_str()), Some("s9"), None] {
            prop_assert_eq!(lists.admits_seat(&request, seat), request.admits_seat(seat), "{:?}", seat);
        }
    }

    #[test]
    fn deals_and_what_they_list(
        ids in prop::collection::vec("[ab]{1,2}", 0..20),
        seats in prop::collection::vec("[ab]{1,2}", 0..20),
        domains in prop::collection::vec(name(), 0..20),
        id in "[ab]{1,2}",
        seat in prop::option::of("[ab]{1,2}"),
        told in name(),
    ) {
        // C-111, C-112: two imps with deals of the same names
        let deals = |seats: &[String], domains: &[String]| {
            let deal = |id: &String| format!(
                r#"{{"id":{id:?},"wseat":{},"wadomain":{}}}"#, quoted(seats), quoted(domains)
            );
            ids.iter().map(deal).collect::<Vec<_>>().join(",")
        };
        let imp = |id: u8, deals: &str| format!(
            r#"{{"id":"{id}","banner":{{}},"pmp":{{"deals":[{deals}]}}}}"#
        );
        let body = format!(
            r#"{{"id":"r","imp":[{},{}]}}"#, imp(1, &deals(&seats, &domains)), imp(2, &deals(&[], &[]))
        );
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let lists = lists();
        for (number, imp) in request.imp.iter().enumerate() {
            let expect = imp.deals().iter().position(|deal| deal.id() == id);
            let found = lists.deal(&request, number, &id);
            prop_assert_eq!(found.map(|(at, _)| at), expect, "{} in {}", id, body);
            let Some((at, deal)) = found else {
                continue;
            };
            let admits = lists.deal_admits_seat(&request, (number, at), deal, seat.as_deref());
            prop_assert_eq!(admits, deal.admits_seat(seat.as_deref()), "{:?} in {}", seat, body);
            if let Some(name) = domain::normalise(&told) {
                let expect = deal.wadomain.iter().any(|listed| domain::covers_name(listed, name));
                let named = lists.deal_names_advertiser(&request, (number, at), deal, name);
                prop_assert_eq!(named, expect, "{} in {}", name, body);
            }
        }
    }
}
