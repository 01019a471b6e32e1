//! Strings with known contents: TCF by `@iabtechlabtcf/core` 1.5.21 and GPP by `@iabgpp/cmpapi`
//! 3.2.0 from npm, the long one by the standard's samples; and what `iab_gpp` makes of any string.

use super::*;
use crate::limits::Limits;
use iab_gpp::sections::tcfeuv2::TcfEuV2;
use proptest::prelude::*;

const NOTHING: &str = "CQp3NcAQp6gYAAfACBENCbFgAAAAAAAAAAYgAAAAAAAA.IAAA.YAAAAAAAAAAA";
const ALL: &str = "CQp3NcAQp6gYAAfACBENCbFsAP_gAEPgAAYgH0QAYAAgfQB9EAGAAIH0AAAA.IAAA.YAAAAAAAAAAA";
const SOME: &str = "CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA";
const RANGES: &str =
    "CQp3NcAQp6gYAAfACBENCbFgAMAAAAAAAAYgHCQAoAFAPnAfUDhAAAAAAAAA.IAAA.YAAAAAAAAAAA";
const INTEREST: &str = "CQp3NcAQp6gYAAfACBENCbFoAAAAAAKAAAYgAAAAFVAA.IAAA.YAAAAAAAAAAA";
const RESTRICTED: &str =
    "CQp3NcAQp6gYAAfACBENCbFgAMAAAAAAAAYgAOHAAABAAAAGEAAgACCgAQAODoAIAAwA.IAAA.YAAAAAAAAAAA";
const DISCLOSED: &str = "CQp3NcAQp6gYAAfACBENCbFgAIAAAAAAAAYgADgIAAAAAAAA.IAEgKAAA.YAAAAAAAAAAA";
const THREE: &str =
    "DBADNZg~CQuIxQAQuIxQAAfAAAENAAFgAMAAAAAAAAAAAAAAAAAA.IAAA.YAAAAAAAAAAA~1YYN~BAgAAACA.QA";

fn purposes(tcf: &Tcf<'_>) -> Vec<u8> {
    (1..=24).filter(|it| tcf.consents_to(*it)).collect()
}

fn interests(tcf: &Tcf<'_>) -> Vec<u8> {
    (1..=24).filter(|it| tcf.has_interest(*it)).collect()
}

#[test]
fn tcf_strings() {
    type Expect = (&'static [u8], &'static [u8], &'static [u16], &'static [u16]);
    #[rustfmt::skip]
    let cases: &[(&str, &str, Expect)] = &[
        ("nothing", NOTHING, (&[], &[], &[], &[1, 2, 1000])),
        ("all", ALL, (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], &[2, 7, 8, 9, 10, 11], &[1, 500, 1000], &[0, 1001])),
        ("vendors one by one", SOME, (&[1, 2, 4], &[], &[2, 755], &[1, 3, 754, 756])),
        ("vendors in ranges", RANGES, (&[1, 2], &[], &[10, 499, 501, 900], &[9, 500, 901])),
        ("interests", INTEREST, (&[], &[7, 9], &[], &[1, 3])),
        ("restrictions", RESTRICTED, (&[1, 2], &[], &[2, 3, 4, 28], &[1, 5, 27])),
        ("disclosed", DISCLOSED, (&[1], &[], &[7], &[9])),
    ];
    for (item, text, (consents, told, vendors, others)) in cases {
        let tcf = Tcf::read(text).unwrap_or_else(|| panic!("C-162 {item}"));
        assert_eq!(purposes(&tcf), *consents, "C-162 {item}");
        assert_eq!(interests(&tcf), *told, "C-162 {item}");
        for vendor in *vendors {
            assert!(tcf.consents_to_vendor(*vendor), "C-162 {item}: {vendor}");
        }
        for vendor in *others {
            assert!(!tcf.consents_to_vendor(*vendor), "C-162 {item}: {vendor}");
        }
        assert_eq!((tcf.cmp(), tcf.is_service_specific()), (31, true), "{item}");
        assert_eq!(tcf.publisher_country(), "DE", "{item}");
        assert_eq!(tcf.created(), 1_788_220_800, "{item}: 2026-09-01");
        assert_eq!(tcf.updated(), 1_788_307_200, "{item}: 2026-09-02");
    }
}

#[test]
fn interests_features_and_what_is_disclosed() {
    let interest = Tcf::read(INTEREST).unwrap();
    let vendors: Vec<u16> = (0..9)
        .filter(|it| interest.has_vendor_interest(*it))
        .collect();
    assert_eq!(vendors, [1, 3, 5]);
    assert!(interest.opts_into(1) && !interest.opts_into(2));
    let disclosed = Tcf::read(DISCLOSED).unwrap();
    let said = [7, 8, 9].map(|vendor| disclosed.is_disclosed(vendor));
    assert_eq!(said, [Some(true), Some(false), Some(true)]);
    let core = NOTHING.split('.').next().unwrap();
    assert_eq!(Tcf::read(core).unwrap().is_disclosed(1), None);
}

#[test]
fn restrictions_of_publishers() {
    let tcf = Tcf::read(RESTRICTED).unwrap();
    #[rustfmt::skip]
    let cases = [
        (2, 2, Some(Restriction::NotAllowed), false),
        (2, 28, Some(Restriction::RequireLegitimateInterest), false),
        (2, 3, None, true),
        (1, 2, None, true),
        (7, 3, Some(Restriction::RequireConsent), false),
        (2, 5, None, false),
    ];
    for (purpose, vendor, expect, allowed) in cases {
        let at = format!("purpose {purpose}, vendor {vendor}");
        assert_eq!(tcf.restriction(purpose, vendor), expect, "{at}");
        assert_eq!(tcf.allows(purpose, vendor), allowed, "{at}");
    }
}

#[test]
fn broken_strings_are_no_consent() {
    let core = ALL.split('.').next().unwrap();
    for end in 0..core.len() - 2 {
        let cut = &core[..end];
        assert_eq!(Tcf::read(cut), None, "C-162 cut at {end}");
    }
    let long = format!("{core}.{}", "Y".repeat(LONGEST));
    // A field for 65535 vendors, one range from 5 to 4, one from 0.
    let vendors = |bits: &str| {
        let mut core = core.as_bytes()[..35].to_vec();
        let (mut sextet, mut filled) = (1_u8, 3);
        for bit in bits.bytes().chain(std::iter::repeat_n(b'0', 60)) {
            sextet = sextet << 1 | (bit - b'0');
            filled += 1;
            if filled == 6 {
                let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
                core.push(alphabet[usize::from(sextet & 63)]);
                (sextet, filled) = (0, 0);
            }
        }
        String::from_utf8(core).unwrap()
    };
    let range =
        |first: u16, last: u16| vendors(&format!("{:016b}1{:012b}1{first:016b}{last:016b}", 9, 1));
    assert!(Tcf::read(&range(4, 5)).is_some(), "a range that is right");
    let later = core.replacen('C', "D", 1);
    let first = core.replacen('C', "B", 1);
    #[rustfmt::skip]
    let cases = [
        ("empty", ""), ("dots", "..."), ("words", "yes please"), ("not web-safe", "C+/="),
        ("version 1", first.as_str()), ("version 3", later.as_str()),
        ("an empty segment", &format!("{core}.")), ("a segment that is no base64", &format!("{core}.I*")),
        ("two cores", &format!("{core}.{core}")), ("two lists of the disclosed", &format!("{core}.IAAA.IAAA")),
        ("a list that is cut", &format!("{core}.I_8")), ("longer than any", &long),
        ("a field without its bits", &vendors(&"1".repeat(16))),
        ("a range backwards", &range(5, 4)), ("a range from nobody", &range(0, 4)),
        ("with a blank", &format!(" {core}")), ("padded", &format!("{core}==")), ("of GPP", THREE),
    ];
    for (item, text) in cases {
        assert_eq!(Tcf::read(text), None, "C-162 {item}");
    }
}

#[test]
fn gpp_strings() {
    let three = Gpp::read(THREE).unwrap();
    let ids: Vec<i32> = three.sections().map(|(id, _)| id.0).collect();
    assert_eq!(ids, [2, 6, 8]);
    assert_eq!(purposes(&three.tcf().unwrap()), [1, 2]);
    let said: Vec<_> = three
        .us()
        .map(|(id, read)| (id.0, read.map(|it| it.any())))
        .collect();
    assert_eq!(said, [(6, Some(true)), (8, Some(false))]);
    // Broken: no header, another type, another version, sections missing or too many, endless distances.
    for text in [
        "",
        "x",
        "~",
        "CPXxRfA",
        "DBAB",
        "DBABLA",
        "DBABLA~a~b",
        "DCABLA~a",
        "DBAB____~a",
        "D\u{e9}~a",
    ] {
        assert_eq!(Gpp::read(text), None, "{text}");
    }
    let many = format!("DBABLA{}", "~a".repeat(1_000));
    assert_eq!(Gpp::read(&many), None);
}

#[test]
fn sections_of_the_united_states() {
    #[rustfmt::skip]
    let cases = [
        ("usnat, version 1, all (example 15)", "DBABLA~BVQVAAAAAWA.YA", true),
        ("usnat, version 1, none (example 09)", "DBABLA~BVQqAAAAAWA.QA", false),
        ("usnat, nothing applies", "DBABLA~CAAAAAAAAABA.QA", false),
        ("usnat, none", "DBABLA~CAAqAAAAAACA.QA", false),
        ("usnat, sharing", "DBABLA~CAAmAAAAAACA.QA", true),
        ("usnat, GPC alone", "DBABLA~CAAqAAAAAACA.YA", true),
        ("usca", "DBABBg~BAEAAACA.QA", true), ("usca, none", "DBABBg~BAIAAABA.QA", false),
        ("usva", "DBABRg~BAEAACA", true), ("usva, none", "DBABRg~BAIAABA", false),
        ("usco", "DBABJg~BAQAAIA.QA", true), ("usco, none", "DBABJg~BAgAAEA.QA", false),
        ("usut", "DBABFg~BAEAAAgA", true), ("usut, none", "DBABFg~BAIAAAQA", false),
        ("usct", "DBABVg~BAEAAAIA.QA", true), ("usct, none", "DBABVg~BAIAAAEA.QA", false),
        ("usfl", "DBABAw~BAQAAACA", true), ("usfl, none", "DBABAw~BAgAAABA", false),
        ("usmt", "DBABQw~BAQAAACA.QA", true), ("usmt, none", "DBABQw~BAgAAABA.QA", false),
        ("usor", "DBABIw~BAQAAAACAA.QA", true), ("usor, none", "DBABIw~BAgAAAABAA.QA", false),
        ("ustx", "DBABEw~BAQAAAgA.QA", true), ("ustx, none", "DBABEw~BAgAAAQA.QA", false),
        ("usde", "DBABUw~BAQAAAACAA.QA", true), ("usde, none", "DBABUw~BAgAAAABAA.QA", false),
        ("usia", "DBABCw~BABAAAgA.QA", true), ("usia, none", "DBABCw~BACAAAQA.QA", false),
        ("usne", "DBABSw~BAQAAAgA.QA", true), ("usne, none", "DBABSw~BAgAAAQA.QA", false),
        ("usnh", "DBABKw~BAQAAACA.QA", true), ("usnh, none", "DBABKw~BAgAAABA.QA", false),
        ("usnj", "DBABAYA~BAQAAAAAgA.QA", true), ("usnj, none", "DBABAYA~BAgAAAAAQA.QA", false),
        ("ustn", "DBABQYA~BAEAAAgA.QA", true), ("ustn, none", "DBABQYA~BAIAAAQA.QA", false),
        ("usmn", "DBABIYA~BAQAAAgA.QA", true), ("usmn, none", "DBABIYA~BAgAAAQA.QA", false),
    ];
    for (item, text, expect) in cases {
        let gpp = Gpp::read(text).unwrap_or_else(|| panic!("C-163 {item}"));
        let (id, read) = gpp.us().next().unwrap_or_else(|| panic!("C-163 {item}"));
        let read = read.unwrap_or_else(|| panic!("C-163 {item}: {id:?}"));
        assert_eq!(read.any(), expect, "C-163 {item}: {read:?}");
    }
}

#[test]
fn us_privacy_strings() {
    let cases = [
        ("1YYN", Some(Some(true))),
        ("1yyn", Some(Some(true))),
        ("1YNN", Some(Some(false))),
        ("1---", Some(None)),
        ("", None),
        ("1YY", None),
        ("1YYNN", None),
        ("2YYN", None),
        ("1YXN", None),
        ("1Yé", None),
    ];
    for (text, expect) in cases {
        let read = UsPrivacy::read(text).map(|read| read.opted_out);
        assert_eq!(read, expect, "C-163 {text}");
    }
}

#[test]
fn signals_of_requests() {
    let given = |text: &str| format!(r#""regs":{{"gdpr":1}},"user":{{"consent":"{text}"}}"#);
    let three = |sections: &str| format!(r#""regs":{{"gpp":"{THREE}","gpp_sid":[{sections}]}}"#);
    #[rustfmt::skip]
    let cases: &[(&str, String, Option<bool>, bool)] = &[
        ("C-160 nothing", r#""at":1"#.into(), None, false),
        ("C-160 gdpr 0 wins over sections", r#""regs":{"gdpr":0,"gpp_sid":[2]}"#.into(), None, false),
        ("C-162 no string", r#""regs":{"gdpr":1}"#.into(), Some(false), false),
        ("C-162 broken", given("CQp3"), Some(false), false),
        ("C-162 nothing given", given(NOTHING), Some(false), false),
        ("C-162 given", given(SOME), Some(true), false),
        ("C-162 given in GPP", three("2"), Some(true), false),
        ("C-170 the 2.5 places", format!(r#""regs":{{"ext":{{"gdpr":1}}}},"user":{{"ext":{{"consent":"{SOME}"}}}}"#), Some(true), false),
        ("C-162 the section is in force, the string is broken", r#""regs":{"gpp":"DBAB","gpp_sid":[2]}"#.into(), Some(false), false),
        ("C-163 the string opts out", three("6"), None, true),
        ("C-163 the section in force does not", three("8"), None, false),
        ("C-163 any section where none is said to be in force", format!(r#""regs":{{"gpp":"{THREE}"}}"#), None, true),
        ("C-163 broken and in force", r#""regs":{"gpp":"garbage","gpp_sid":[7]}"#.into(), None, true),
        ("C-163 a broken section in force", r#""regs":{"gpp":"DBABLA~x","gpp_sid":[7]}"#.into(), None, true),
        ("C-163 broken, and nothing is in force", r#""regs":{"gpp":"garbage"}"#.into(), None, false),
        ("C-163 a section that nobody knows", r#""regs":{"gpp":"garbage","gpp_sid":[99]}"#.into(), None, false),
        ("C-163 us_privacy", r#""regs":{"us_privacy":"1YYN"}"#.into(), None, true),
        ("C-163 us_privacy, not opted out", r#""regs":{"us_privacy":"1YNN"}"#.into(), None, false),
        ("C-163 us_privacy, broken", r#""regs":{"us_privacy":"yes"}"#.into(), None, true),
        ("C-163 us_privacy in ext", r#""regs":{"ext":{"us_privacy":"1YYN"}}"#.into(), None, true),
        ("C-163 GPC", r#""regs":{"ext":{"gpc":"1"}}"#.into(), None, true),
        ("C-163 GPC, a number", r#""regs":{"ext":{"gpc":1}}"#.into(), None, true),
        ("C-163 GPC, not sent", r#""regs":{"ext":{"gpc":"0"}}"#.into(), None, false),
    ];
    for (item, signals, allows, out) in cases {
        let body = format!(r#"{{"id":"1","imp":[{{"id":"1","banner":{{}}}}],{signals}}}"#);
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let answer = gdpr_allows(&request, |tcf| tcf.consents_to(1) && tcf.consents_to(2));
        assert_eq!(answer, *allows, "{item}");
        assert_eq!(opted_out(&request), *out, "{item}");
    }
}

/// Of a string that both read, the same; the library looks for restrictions where none stand.
fn agrees(text: &str) -> Result<(), TestCaseError> {
    let (ours, theirs) = (Tcf::read(text), text.parse::<TcfEuV2>());
    let (Some(ours), Ok(theirs)) = (ours, theirs) else {
        return Ok(());
    };
    for number in 1..=24_u8 {
        let id = u16::from(number);
        prop_assert_eq!(
            ours.consents_to(number),
            theirs.core.purpose_consents.contains(&id)
        );
        let interest = theirs.core.purpose_legitimate_interests.contains(&id);
        prop_assert_eq!(ours.has_interest(number), interest);
        prop_assert_eq!(
            ours.opts_into(number),
            theirs.core.special_feature_optins.contains(&id)
        );
    }
    for vendor in 0..1_200 {
        prop_assert_eq!(
            ours.consents_to_vendor(vendor),
            theirs.core.vendor_consents.contains(&vendor)
        );
        let interest = theirs.core.vendor_legitimate_interests.contains(&vendor);
        prop_assert_eq!(ours.has_vendor_interest(vendor), interest);
        let disclosed = theirs
            .disclosed_vendors
            .as_ref()
            .map(|set| set.contains(&vendor));
        prop_assert_eq!(ours.is_disclosed(vendor), disclosed);
    }
    prop_assert_eq!(ours.created(), theirs.core.created);
    prop_assert_eq!(ours.updated(), theirs.core.last_updated);
    prop_assert_eq!(ours.cmp(), theirs.core.cmp_id);
    Ok(())
}

#[test]
fn the_library_reads_the_same() {
    for text in [NOTHING, ALL, SOME, RANGES, INTEREST, DISCLOSED] {
        assert!(text.parse::<TcfEuV2>().is_ok(), "{text}");
        agrees(text).unwrap();
    }
}

proptest! {
    /// Changed anywhere, a string reads as the library reads it, or not at all.
    #[test]
    fn changed_strings(which in 0..7_usize, at in 25..70_usize, with in "[A-Za-z0-9_.-]{1,3}") {
        let text = [NOTHING, ALL, SOME, RANGES, INTEREST, RESTRICTED, DISCLOSED][which];
        let at = at.min(text.len() - 1);
        let end = (at + with.len()).min(text.len());
        let changed = format!("{}{with}{}", &text[..at], &text[end..]);
        agrees(&changed)?;
    }

    #[test]
    fn any_text(text in "\\PC{0,200}", web_safe in "[CD][A-Za-z0-9_.~-]{0,300}") {
        for text in [&text, &web_safe] {
            let _ = (Tcf::read(text), UsPrivacy::read(text));
            if let Some(gpp) = Gpp::read(text) {
                let _ = (gpp.tcf(), gpp.us().count());
            }
            for id in 0..40 {
                let _ = OptOuts::read(GppSection(id), text);
            }
        }
    }
}
