use super::*;
use crate::notice::{NoticeClaims, NoticeKey};

fn claims() -> SellClaims {
    SellClaims {
        kind: SellKind::Impression,
        auction: AuctionId(uuid::Uuid::from_u128(1)),
        imp: "1".into(),
        ad: 2,
        partner: "rival".into(),
        publisher: "publisher".into(),
        placement: "placement".into(),
        price: CpmMicros::CENT,
        currency: Currency::USD,
        gross: Nanos(10_000),
        fee: Nanos(1_000),
        payout_currency: Currency::USD,
        url: "http://dsp.example/bill?p=0.01".into(),
        expires: UnixMillis(5),
        test: true,
        provisional: true,
        refused: true,
        serves_on_win: true,
        charge: Some(Charge {
            amount: Nanos(9_200),
            currency: Currency::parse("EUR").unwrap(),
            rates: 7,
        }),
        device: Device::of(Some("203.0.113.0".into()), Some("Mozilla/5.0 (X11)")),
    }
}

#[test]
fn tokens_and_events_from_before_ads_were_numbered_are_of_the_first() {
    // Signed by version 1 with the same key and claims.
    const OLDER: &str = "AAAAAQEDAQAAAAAAAAAAAAAAAAAAAAEBMQVyaXZhbAlwdWJsaXNoZXIJcGxhY2VtZW50Hmh0dHA6Ly9kc3AuZXhhbXBsZS9iaWxsP3A9MC4wMaCcAQNVU0SgnAHQDwNVU0QKzABJZdwyXv_2ykKxmkkbF00dEYVWsApzNduLDqPsN5c";
    let ring = SellClaims::ring(&[NoticeKey::new(1, [1; 32])]);
    let first = SellClaims {
        ad: 0,
        provisional: false,
        refused: false,
        serves_on_win: false,
        charge: None,
        device: Device::default(),
        ..claims()
    };
    assert_eq!(SellClaims::open(OLDER, &ring), Ok(first.clone()));

    let mut event = serde_json::to_value(claims()).unwrap();
    for later in [
        "ad",
        "provisional",
        "refused",
        "serves_on_win",
        "charge",
        "device",
    ] {
        event.as_object_mut().unwrap().remove(later);
    }
    assert_eq!(serde_json::from_value::<SellClaims>(event).unwrap(), first);
}

#[test]
fn a_token_of_one_side_does_not_open_on_the_other() {
    let keys = [NoticeKey::new(1, [1; 32])];
    let claims = claims();
    let mut token = String::new();
    claims.sign(&SellClaims::ring(&keys), &mut token);
    assert_eq!(
        SellClaims::open(&token, &SellClaims::ring(&keys)),
        Ok(claims)
    );
    assert_eq!(
        NoticeClaims::open(&token, &NoticeClaims::ring(&keys)),
        Err(TokenError::Forged)
    );
}

#[test]
fn nobody_reads_in_a_token_what_it_pays() {
    // A14: a page shows the impression's URL
    use base64::Engine as _;
    let ring = SellClaims::ring(&[NoticeKey::new(1, [1; 32])]);
    let sealed = |claims: &SellClaims| {
        let mut token = String::new();
        claims.sign(&ring, &mut token);
        base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(token)
            .unwrap()
    };
    let bytes = sealed(&claims());
    for told in ["dsp.example", "publisher", "rival", "Mozilla", "203.0"] {
        let part = told.as_bytes();
        let shows = bytes.windows(part.len()).any(|window| window == part);
        assert!(!shows, "{told}");
    }
    // Two that differ in the fee alone have no byte of the payload in common but by chance.
    let other = sealed(&SellClaims {
        fee: Nanos(1_001),
        ..claims()
    });
    let payload = bytes.iter().zip(&other).skip(36);
    let same = payload.filter(|(one, two)| one == two).count();
    assert!(same < 20, "{same} of {}", bytes.len());
    assert_eq!(bytes, sealed(&claims()), "equal claims are equal tokens");
}

#[test]
fn an_altered_token_is_forged() {
    let ring = SellClaims::ring(&[NoticeKey::new(1, [1; 32])]);
    let mut token = String::new();
    claims().sign(&ring, &mut token);
    for at in 0..token.len() {
        let mut altered = token.clone();
        let other = if altered[at..].starts_with('A') {
            "B"
        } else {
            "A"
        };
        altered.replace_range(at..=at, other);
        let opened = SellClaims::open(&altered, &ring);
        assert!(opened.is_err(), "character {at}");
    }
    let signed_with_another = SellClaims::ring(&[NoticeKey::new(1, [2; 32])]);
    let opened = SellClaims::open(&token, &signed_with_another);
    assert_eq!(opened, Err(TokenError::Forged));
}

#[test]
fn a_device_is_held_within_bounds() {
    let device = Device::of(Some("x".repeat(46)), Some(&"é".repeat(300)));
    assert_eq!(device.ip, None);
    assert_eq!(device.user_agent.unwrap().len(), Device::LONGEST_USER_AGENT);
}

proptest::proptest! {
    #[test]
    fn what_is_signed_within_the_bounds_opens(
        imp in 0..=SellClaims::LONGEST_IMP,
        url in 0..=SellClaims::LONGEST_URL,
        id in 0..=64_usize,
        price in 0..=CpmMicros::MAX.micros(),
        numbers in proptest::prelude::any::<[i64; 4]>(),
        ad in proptest::prelude::any::<u32>(),
        rates in proptest::prelude::any::<u32>(),
        flags in proptest::prelude::any::<[bool; 7]>(),
        agent in 0..=Device::LONGEST_USER_AGENT,
    ) {
        let [gross, fee, expires, amount] = numbers;
        let longest = |id: usize| "x".repeat(id);
        let written = SellClaims {
            imp: longest(imp),
            ad,
            partner: longest(id).as_str().into(),
            publisher: longest(id),
            placement: longest(id),
            price: CpmMicros::new(price).unwrap(),
            gross: Nanos(gross),
            fee: Nanos(fee),
            url: longest(url),
            expires: UnixMillis(expires),
            test: flags[0],
            provisional: flags[1],
            refused: flags[2],
            serves_on_win: flags[5],
            charge: flags[6].then(|| Charge {
                amount: Nanos(amount),
                currency: Currency::parse("JPY").unwrap(),
                rates,
            }),
            device: Device {
                ip: flags[3].then(|| longest(Device::LONGEST_IP)),
                user_agent: flags[4].then(|| longest(agent)),
            },
            ..claims()
        };
        let ring = SellClaims::ring(&[NoticeKey::new(u32::MAX, [1; 32])]);
        let mut token = String::new();
        written.sign(&ring, &mut token);
        proptest::prop_assert_eq!(SellClaims::open(&token, &ring), Ok(written));
    }
}

#[test]
fn the_largest_that_is_signed_opens() {
    let longest = "x".repeat(64);
    let written = SellClaims {
        imp: "x".repeat(SellClaims::LONGEST_IMP),
        ad: u32::MAX,
        partner: longest.as_str().into(),
        publisher: longest.clone(),
        placement: longest,
        price: CpmMicros::MAX,
        gross: Nanos(i64::MIN),
        fee: Nanos(i64::MIN),
        url: "x".repeat(SellClaims::LONGEST_URL),
        expires: UnixMillis(i64::MIN),
        charge: Some(Charge {
            amount: Nanos(i64::MIN),
            currency: Currency::USD,
            rates: u32::MAX,
        }),
        device: Device {
            ip: Some("x".repeat(Device::LONGEST_IP)),
            user_agent: Some("x".repeat(Device::LONGEST_USER_AGENT)),
        },
        ..claims()
    };
    let ring = SellClaims::ring(&[NoticeKey::new(u32::MAX, [1; 32])]);
    let mut token = String::new();
    written.sign(&ring, &mut token);
    assert_eq!(SellClaims::open(&token, &ring), Ok(written));
}
