//! Reading an SSP's request, and the values that it left to us.

mod additions;
mod choices;

use openrtb::splice::{Object, Patches};
use openrtb::{BidRequest, Limits, ReadError, Repair, RepairKind, Repairs, convert};
use units::Multiplier;

use crate::payout;

pub use additions::{Additions, Defaults, Place, Visitor};

/// `tmax` where neither the request nor the account has one, in milliseconds (X-77).
pub const DEFAULT_TMAX_MS: u32 = 100;
/// The longest that an auction takes, in milliseconds.
pub const LONGEST_TMAX_MS: u32 = 1_000;
/// Under this many milliseconds nobody is asked.
pub const SHORTEST_TMAX_MS: u32 = 10;

/// What is believed of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Of its text.
    pub limits: Limits,
    /// Impressions that one display out of home may count for: what the seller says, buyers pay (C-120).
    pub quantity: Multiplier,
    /// Entries of one list that ads are compared with one by one: sizes, types, durations, attributes, APIs,
    /// languages, currencies; and companions of one player.
    pub choices: usize,
    /// Deals of all imps together.
    pub deals: usize,
    /// Bytes beyond ASCII in the names of domains that are blocked or allowed, those of all deals among them: dearer to
    /// compare than others, and registries write names without them.
    pub international: usize,
}

impl Bounds {
    /// With so many impressions of one display.
    #[must_use]
    pub fn new(limits: Limits, quantity: u32) -> Self {
        let millionths = i64::from(quantity) * Multiplier::ONE.millionths();
        Self {
            limits,
            quantity: Multiplier::new(millionths).unwrap_or(Multiplier::ONE),
            choices: 128,
            deals: 1_000,
            international: 32 * 1024,
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::new(Limits::REQUEST, 1_000)
    }
}

/// A request that can be auctioned.
#[derive(Debug)]
pub struct Intake<'a> {
    /// What the SSP wrote, in places and forms of 2.6 and as it was understood, with what we know beside it.
    pub body: &'a [u8],
    /// The request.
    pub request: BidRequest<'a>,
    /// What was tolerated while reading it.
    pub repairs: Repairs,
    /// Milliseconds from arrival to our answer.
    pub tmax_ms: u32,
}

/// Where a request is written anew, if it has to be; reused from one request to the next.
#[derive(Debug, Default)]
pub struct Pages {
    mended: Vec<u8>,
    newer: Vec<u8>,
    strict: Vec<u8>,
    added: Vec<u8>,
}

/// Why there is no auction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Malformed, or beyond repair: 400 with a pointer.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// Less time than any answer takes: 204, reason 15.
    #[error("tmax is too short to ask anybody")]
    InsufficientTime {
        /// The request's id.
        request_id: String,
    },
}

/// Reads a request as leniently as the standard's practice asks (C-20 to C-32), and fills in what it does
/// not say and what its account always blocks.
///
/// Places and forms of 2.5 become those of 2.6 (C-171, C-172): partners of 2.6 get no others, whatever version
/// the SSP declared, and those of 2.5 theirs again. What was tolerated is strict from here on (C-26), for all of them.
///
/// Only a display out of home is seen by several people at once (C-150): elsewhere `qty` is left out, for us and
/// for everybody who is asked.
///
/// # Errors
/// [`Refusal`].
pub fn read<'a>(
    body: &'a [u8],
    pages: &'a mut Pages,
    additions: &Additions<'_>,
    bounds: &Bounds,
) -> Result<Intake<'a>, Refusal> {
    let Pages {
        mended,
        newer,
        strict,
        added,
    } = pages;
    let (mut request, mut repairs) = BidRequest::read(body, &bounds.limits)?;
    // All that is refused with a pointer into what the SSP wrote; indices are those of the request in any form.
    choices::check(&request, body, bounds)?;
    let tmax_ms = tmax_ms(&request, additions)?;
    let mut patches = Patches::new();
    check_quantities(&request, body, bounds.quantity, &mut repairs, &mut patches)?;
    let mut body = body;
    // What is written here is ours, and cannot be beyond a limit that the request kept.
    let is_older = request.has_older_forms();
    if !request.is_strict() {
        mended.clear();
        request.write_strict(body, mended);
        body = mended;
        if !is_older {
            (request, _) = BidRequest::read(body, &Limits::MEASURED)?;
        }
    }
    if is_older {
        newer.clear();
        if convert::request_to_26(body, &Limits::MEASURED, newer).is_ok() {
            body = newer;
        }
        (request, _) = BidRequest::read(body, &Limits::MEASURED)?;
        // What stood in an ext was nobody's to mend.
        if !request.is_strict() {
            strict.clear();
            request.write_strict(body, strict);
            body = strict;
            (request, _) = BidRequest::read(body, &Limits::MEASURED)?;
        }
    }
    additions.lay_over(&request, &mut patches);
    if !patches.is_empty() {
        added.clear();
        patches.write(&request, body, added);
        body = added;
        (request, _) = BidRequest::read(body, &Limits::MEASURED)?;
    }
    Ok(Intake {
        body,
        request,
        repairs,
        tmax_ms,
    })
}

/// Bounds what one display counts for, and leaves it out where one display is one impression, or where it says no
/// quantity (C-32, C-60): buyers are to see what they pay for.
fn check_quantities(
    request: &BidRequest<'_>,
    body: &[u8],
    most: Multiplier,
    repairs: &mut Repairs,
    patches: &mut Patches,
) -> Result<(), ReadError> {
    for (index, imp) in request.imp.iter().enumerate() {
        let Some(qty) = imp.qty.as_deref() else {
            continue;
        };
        if request.dooh.is_none() {
            patches.remove(Object::Imp(index), "qty");
        } else if let Some(told) = qty.multiplier.filter(|told| *told > most) {
            let what = format!(
                "a display counts for {told} impressions, and {most} are believed (exchange.quantity)"
            );
            return Err(ReadError::in_member(
                body,
                qty.span,
                "multiplier",
                "C-150",
                what,
            ));
        } else if payout::told_quantity(Some(imp)).is_none() {
            patches.remove(Object::Imp(index), "qty");
            repairs.push(Repair {
                object: "Qty",
                field: "multiplier",
                at: qty.span.start,
                kind: RepairKind::DroppedObject,
            });
        }
    }
    Ok(())
}

fn tmax_ms(request: &BidRequest<'_>, additions: &Additions<'_>) -> Result<u32, Refusal> {
    let by_account = additions.account.and_then(|account| account.tmax_ms);
    let told = match request.tmax {
        None => by_account.unwrap_or(DEFAULT_TMAX_MS),
        Some(told) => u32::try_from(told).unwrap_or(0),
    };
    if told < SHORTEST_TMAX_MS {
        let request_id = request.id().to_owned();
        return Err(Refusal::InsufficientTime { request_id });
    }
    Ok(told.min(LONGEST_TMAX_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tmax(members: &str, account: Option<u32>) -> Option<u32> {
        let body = format!(r#"{{"id":"1",{members}"imp":[{{"id":"1","banner":{{}}}}]}}"#);
        let defaults = Defaults {
            tmax_ms: account,
            ..Defaults::default()
        };
        let additions = Additions {
            account: Some(&defaults),
            ..Additions::default()
        };
        match read(
            body.as_bytes(),
            &mut Pages::default(),
            &additions,
            &Bounds::default(),
        ) {
            Ok(intake) => Some(intake.tmax_ms),
            Err(Refusal::InsufficientTime { request_id }) => {
                assert_eq!(request_id, "1");
                None
            }
            Err(Refusal::Unreadable(error)) => panic!("{error}"),
        }
    }

    #[test]
    fn time_limits() {
        let cases = [
            ("tmax absent: 100 ms", "", None, Some(100)),
            ("tmax absent: the account's", "", Some(150), Some(150)),
            (
                "the account does not overrule",
                r#""tmax":80,"#,
                Some(150),
                Some(80),
            ),
            ("above 1,000: 1,000", r#""tmax":5000,"#, None, Some(1_000)),
            ("as told", r#""tmax":180,"#, None, Some(180)),
            ("10 is enough", r#""tmax":10,"#, None, Some(10)),
            ("under 10: 204", r#""tmax":9,"#, None, None),
            ("negative", r#""tmax":-1,"#, None, None),
        ];
        for (item, members, account, expect) in cases {
            assert_eq!(tmax(members, account), expect, "X-77 {item}");
        }
    }

    #[test]
    fn places_and_forms_of_2_5_are_those_of_2_6() {
        // C-170 to C-172
        let body = r#"{"id":"1","imp":[{"id":"1","video":{"mimes":["a"],"protocol":3}}],"regs":{"gdpr":1,"ext":{"gdpr":0}}}"#;
        let mut pages = Pages::default();
        let nothing = Additions::default();
        let intake = read(body.as_bytes(), &mut pages, &nothing, &Bounds::default()).unwrap();
        let expect = r#"{"id":"1","imp":[{"id":"1","video":{"mimes":["a"],"protocols":[3]}}],"regs":{"gdpr":1}}"#;
        assert_eq!(intake.body, expect.as_bytes());
        assert_eq!(
            (intake.request.gdpr(), intake.repairs.total()),
            (Some(true), 1)
        );

        let body = r#"{"id":"1","imp":[{"id":"1","video":{"mimes":["a"],"protocols":[3]}}]}"#;
        let intake = read(body.as_bytes(), &mut pages, &nothing, &Bounds::default()).unwrap();
        assert!(std::ptr::eq(intake.body, body.as_bytes()), "as it came");
    }

    #[test]
    fn what_was_tolerated_is_strict_from_here_on() {
        let head = r#"{"id":"1","imp":[{"id":"1","banner":{}}]"#;
        #[rustfmt::skip]
        let rows = [
            ("C-26 a repair", r#","tmax":"90","test":null"#, r#","tmax":90"#),
            ("C-26 a place of 2.5 that holds a repair", r#","regs":{"ext":{"gdpr":"1","own":true}}"#, r#","regs":{"ext":{"own":true},"gdpr":1}"#),
            ("C-26 in both", r#","at":"1","user":{"ext":{"eids":{"source":"s.example","uids":[{"id":7}]}}}"#, r#","at":1,"user":{"eids":[{"source":"s.example","uids":[{"id":"7"}]}]}"#),
            ("C-170 a new place that cannot be read is none", r#","regs":{"gdpr":"yes","ext":{"gdpr":1}}"#, r#","regs":{"gdpr":1}"#),
            ("C-170 a new place of nothing is none", r#","regs":{"gdpr":null,"us_privacy":"","gpp_sid":[],"ext":{"gdpr":1,"us_privacy":"1YNN","gpp_sid":7}}"#, r#","regs":{"gdpr":1,"us_privacy":"1YNN","gpp_sid":[7]}"#),
        ];
        for (item, members, want) in rows {
            let body = format!("{head}{members}}}");
            let (mut pages, nothing) = (Pages::default(), Additions::default());
            let intake = read(body.as_bytes(), &mut pages, &nothing, &Bounds::default()).unwrap();
            let written = std::str::from_utf8(intake.body).unwrap();
            assert_eq!(written, format!("{head}{want}}}"), "{item}");
            assert!(intake.request.is_strict(), "{item}");
        }
    }

    #[test]
    fn what_is_refused_is_pointed_at_where_it_was_sent() {
        let body =
            r#"{"id":"1","dooh":{},"imp":[7,{"id":"1","banner":{},"qty":{"multiplier":"5000"}}]}"#;
        let (mut pages, nothing) = (Pages::default(), Additions::default());
        match read(body.as_bytes(), &mut pages, &nothing, &Bounds::default()) {
            Err(Refusal::Unreadable(error)) => {
                assert_eq!(error.pointer(), "/imp/1/qty/multiplier", "C-150");
            }
            read => panic!("{read:?}"),
        }
    }

    #[test]
    fn a_display_counts_for_several_impressions_out_of_home_alone_and_within_a_bound() {
        const DOOH: &str = r#""dooh":{"id":"d"},"#;
        let nothing = Additions::default();
        #[rustfmt::skip]
        let cases = [
            ("C-150 out of home", DOOH, r#""qty":{"multiplier":14.2}"#, Ok(Some("14.2"))),
            ("C-150 as many as are believed", DOOH, r#""qty":{"multiplier":1000}"#, Ok(Some("1000"))),
            ("C-150 more", DOOH, r#""qty":{"multiplier":1000.000001}"#, Err("/imp/0/qty/multiplier")),
            ("C-150 as many as can be written", DOOH, r#""qty":{"multiplier":9223372036854.775807}"#, Err("/imp/0/qty/multiplier")),
            ("C-32 none", DOOH, r#""qty":{"multiplier":0}"#, Ok(None)),
            ("C-32 less than none", DOOH, r#""qty":{"multiplier":-3}"#, Ok(None)),
            ("C-32 no number", DOOH, r#""qty":{"multiplier":"x"}"#, Ok(None)),
            ("C-60 without its multiplier", DOOH, r#""qty":{"sourcetype":1}"#, Ok(None)),
            ("C-60 empty", DOOH, r#""qty":{}"#, Ok(None)),
            ("C-32 less than can be counted", DOOH, r#""qty":{"multiplier":1e-7}"#, Ok(None)),
            ("C-32 beyond any number", DOOH, r#""qty":{"multiplier":1e300}"#, Ok(None)),
            ("C-24 a quantity in a text", DOOH, r#""qty":{"multiplier":"2"}"#, Ok(Some("2"))),
            ("C-150 a page", r#""site":{"id":"s"},"#, r#""qty":{"multiplier":2}"#, Ok(None)),
            ("C-150 neither", "", r#""qty":{"multiplier":9223372036854.775807}"#, Ok(None)),
        ];
        for (item, context, qty, expect) in cases {
            let body = format!(
                r#"{{"id":"1",{context}"imp":[{{"id":"1",{qty},"banner":{{"w":1,"h":1}}}}]}}"#
            );
            let mut pages = Pages::default();
            let read = read(body.as_bytes(), &mut pages, &nothing, &Bounds::default());
            let told = match &read {
                Ok(intake) => {
                    let text = std::str::from_utf8(intake.body).unwrap();
                    let qty = intake.request.imp[0].qty.as_deref();
                    assert_eq!(text.contains("qty"), qty.is_some(), "{item}: {text}");
                    let dropped = intake.repairs.by_kind();
                    let mut dropped =
                        dropped.filter(|(kind, _)| *kind == RepairKind::DroppedObject);
                    let is_counted = dropped.next().is_some();
                    assert_eq!(is_counted, context == DOOH && qty.is_none(), "{item}");
                    Ok(qty.and_then(|qty| qty.multiplier))
                }
                Err(Refusal::Unreadable(error)) => Err(error.pointer()),
                Err(refusal) => panic!("{item}: {refusal}"),
            };
            let expect = expect.map(|told| told.map(|told| Multiplier::parse(told).unwrap()));
            assert_eq!(told, expect, "{item}");
        }
    }
}
