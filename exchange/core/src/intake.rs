//! Reading an SSP's request, and the values that it left to us.

use std::net::IpAddr;

use openrtb::{BidRequest, Limits, ReadError, Repairs, convert};

/// `tmax` where the request has none, in milliseconds (X-77).
pub const DEFAULT_TMAX_MS: u32 = 100;
/// The longest that an auction takes, in milliseconds.
pub const LONGEST_TMAX_MS: u32 = 1_000;
/// Under this many milliseconds nobody is asked.
pub const SHORTEST_TMAX_MS: u32 = 10;

/// A request that can be auctioned.
#[derive(Debug)]
pub struct Intake<'a> {
    /// What the SSP wrote, in places and forms of 2.6.
    pub body: &'a [u8],
    /// The request.
    pub request: BidRequest<'a>,
    /// What was tolerated while reading it.
    pub repairs: Repairs,
    /// Milliseconds from arrival to our answer.
    pub tmax_ms: u32,
    /// The caller's address, where the request names none of the device.
    pub device_ip: Option<IpAddr>,
}

/// Why there is no auction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Malformed, or beyond repair: 400 with a pointer.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// Less time than any answer takes: 204, reason 15.
    #[error("tmax is too short to ask anybody")]
    InsufficientTime,
}

/// Reads a request as leniently as the standard's practice asks (C-20 to C-32).
///
/// # Errors
/// [`Refusal`].
pub fn read<'a>(
    body: &'a [u8],
    peer: Option<IpAddr>,
    limits: &Limits,
) -> Result<Intake<'a>, Refusal> {
    let (request, repairs) = BidRequest::read(body, limits)?;
    let tmax_ms = tmax_ms(request.tmax)?;
    let names_address = request
        .device
        .as_deref()
        .is_some_and(|device| device.ip.is_some() || device.ipv6.is_some());
    Ok(Intake {
        body,
        request,
        repairs,
        tmax_ms,
        device_ip: peer.filter(|_| !names_address),
    })
}

/// The same of a request with places or forms of 2.5, which are those of 2.6 in `newer` (C-171, C-172):
/// partners of 2.6 get no others, whatever version the SSP declared, and those of 2.5 theirs again.
///
/// # Errors
/// [`Refusal`].
pub fn read_as_26<'a>(
    body: &'a [u8],
    newer: &'a mut Vec<u8>,
    peer: Option<IpAddr>,
    limits: &Limits,
) -> Result<Intake<'a>, Refusal> {
    let intake = read(body, peer, limits)?;
    if intake.request.has_older_forms()
        && convert::request_to_26(body, &Limits::MEASURED, newer).is_ok()
    {
        return Ok(Intake {
            repairs: intake.repairs,
            ..read(newer, peer, &Limits::MEASURED)?
        });
    }
    Ok(intake)
}

fn tmax_ms(told: Option<i32>) -> Result<u32, Refusal> {
    match told {
        None => Ok(DEFAULT_TMAX_MS),
        Some(told) => match u32::try_from(told) {
            Ok(told) if told >= SHORTEST_TMAX_MS => Ok(told.min(LONGEST_TMAX_MS)),
            _ => Err(Refusal::InsufficientTime),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_limits() {
        let short = Err(Refusal::InsufficientTime);
        let cases = [
            ("tmax absent: 100 ms", None, Ok(100)),
            ("above 1,000: 1,000", Some(5_000), Ok(1_000)),
            ("as told", Some(180), Ok(180)),
            ("10 is enough", Some(10), Ok(10)),
            ("under 10: 204", Some(9), short.clone()),
            ("negative", Some(-1), short),
        ];
        for (item, told, expect) in cases {
            assert_eq!(tmax_ms(told), expect, "{item}");
        }
    }

    #[test]
    fn places_and_forms_of_2_5_are_those_of_2_6() {
        // C-170 to C-172
        let body = r#"{"id":"1","imp":[{"id":"1","video":{"mimes":["a"],"protocol":3}}],"regs":{"gdpr":1,"ext":{"gdpr":0}}}"#;
        let mut newer = Vec::new();
        let intake = read_as_26(body.as_bytes(), &mut newer, None, &Limits::REQUEST).unwrap();
        let expect = r#"{"id":"1","imp":[{"id":"1","video":{"mimes":["a"],"protocols":[3]}}],"regs":{"gdpr":1}}"#;
        assert_eq!(intake.body, expect.as_bytes());
        assert_eq!(
            (intake.request.gdpr(), intake.repairs.total()),
            (Some(true), 1)
        );

        let body = r#"{"id":"1","imp":[{"id":"1","video":{"mimes":["a"],"protocols":[3]}}]}"#;
        let intake = read_as_26(body.as_bytes(), &mut newer, None, &Limits::REQUEST).unwrap();
        assert!(std::ptr::eq(intake.body, body.as_bytes()), "as it came");
    }

    #[test]
    fn the_peer_stands_in_for_an_absent_address() {
        let peer: IpAddr = "203.0.113.9".parse().unwrap();
        let address = |device: &str| {
            let body = format!(r#"{{"id":"1","imp":[{{"id":"1","banner":{{}}}}]{device}}}"#);
            read(body.as_bytes(), Some(peer), &Limits::REQUEST)
                .unwrap()
                .device_ip
        };
        assert_eq!(address(""), Some(peer));
        assert_eq!(address(r#","device":{"ua":"x"}"#), Some(peer));
        assert_eq!(address(r#","device":{"ip":"192.0.2.1"}"#), None);
        assert_eq!(address(r#","device":{"ipv6":"2001:db8::1"}"#), None);
    }
}
