use super::*;
use crate::notice::NoticeKey;
use proptest::prelude::*;
use uuid::Uuid;

fn claims() -> NoticeClaims {
    NoticeClaims {
        kind: NoticeKind::Bill,
        reservation: ReservationId {
            lease: LeaseId(Uuid::from_u128(7)),
            seq: 300,
        },
        bid: BidId(Uuid::from_u128(8)),
        source: "exchange".into(),
        bill_on: BillOn::Burl,
        campaign: "campaign_x".into(),
        line_item: "li_x".into(),
        creative: "crt_x".into(),
        auction: AuctionId(Uuid::from_u128(9)),
        imp: "1".into(),
        max_cost: Nanos(2_000_000),
        price: CpmMicros::new(1_840_000).unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        rate_id: 1,
        rate_from: 920_000_000,
        rate_to: 1_000_000_000,
        quantity: Multiplier::ONE,
        settle_by: UnixMillis(1_700_000_000_000),
        test: false,
        user: Some("user".into()),
        arm: Some("b".into()),
    }
}

fn ring() -> KeyRing {
    NoticeClaims::ring(&[NoticeKey::new(2, [2; 32]), NoticeKey::new(1, [1; 32])])
}

#[test]
fn charge_is_the_least_of_price_and_maximum() {
    // money.md "Charge"
    let cases = [
        (
            "the price at the token's rate",
            CpmMicros::parse("0.92").ok(),
            1_000_000,
        ),
        (
            "above the bid: the bid",
            CpmMicros::parse("9").ok(),
            2_000_000,
        ),
        ("missing: the bid's price", None, 2_000_000),
        ("zero", CpmMicros::parse("0").ok(), 0),
    ];
    for (says, price, want) in cases {
        assert_eq!(claims().charge(price), Nanos(want), "{says}");
    }
}

#[test]
fn a_shaded_bid_is_never_charged_above_its_price() {
    // The maximum is the stated bid's cost, 2.5 USD a thousand; no auction clears above the bid of 1.84 EUR.
    let shaded = NoticeClaims {
        max_cost: Nanos(2_500_000),
        ..claims()
    };
    for (says, told, want) in [
        ("under the bid", "0.92", 1_000_000),
        ("at the bid", "1.84", 2_000_000),
        ("a millionth above it", "1.840001", 2_000_000),
        ("at the stated bid", "2.3", 2_000_000),
        ("above the stated bid", "9", 2_000_000),
    ] {
        let charge = shaded.charge(CpmMicros::parse(told).ok());
        assert_eq!(charge, Nanos(want), "{says}");
    }
    // A maximum under the bid's cost goes before it.
    let cut = NoticeClaims {
        max_cost: Nanos(1_500_000),
        ..claims()
    };
    assert_eq!(cut.charge(None), Nanos(1_500_000));
}

#[test]
fn what_shading_saved_is_the_stated_cost_minus_the_bids() {
    // 1.84 EUR at 0.92 per USD cost 2 USD of a campaign in USD.
    let cases = [
        ("shaded", Nanos(2_500_000), 500_000),
        ("not shaded", Nanos(2_000_000), 0),
        ("a maximum under the bid's cost", Nanos(1_500_000), 0),
    ];
    for (says, max_cost, want) in cases {
        let claims = NoticeClaims {
            max_cost,
            ..claims()
        };
        assert_eq!(claims.saved_by_shading(), Nanos(want), "{says}");
    }
}

#[test]
fn tokens_with_and_without_an_arm_are_read_and_those_of_other_versions_are_not() {
    for (user, arm, version) in [
        (Some("u"), Some("control"), 2),
        (None, Some("b"), 2),
        (Some("u"), None, 1),
        (None, None, 1),
    ] {
        let claims = NoticeClaims {
            user: user.map(str::to_owned),
            arm: arm.map(str::to_owned),
            ..claims()
        };
        let mut payload = NoticePayload::default();
        payload.set(&claims.draft());
        assert_eq!(payload.bytes[0], version);
        let mut token = String::new();
        payload.sign(claims.kind, &ring(), &mut token);
        assert_eq!(NoticeClaims::open(&token, &ring()), Ok(claims));
        payload.bytes[0] = 3;
        token.clear();
        payload.sign(NoticeKind::Bill, &ring(), &mut token);
        assert_eq!(
            NoticeClaims::open(&token, &ring()),
            Err(TokenError::Unreadable)
        );
    }
}

#[test]
fn a_token_of_the_version_before_is_read() {
    // Signed by the program before arms were in tokens.
    let token = "AAAAAgEBBAAAAAAAAAAAAAAAAAAAAAesAgAAAAAAAAAAAAAAAAAAAAgAAAAAAAAAAAAAAAAAAAAJCGV4Y2hhbmdlCmNhbXBhaWduX3gEbGlfeAVjcnRfeAExgJL0AYDO4AEDRVVSAYDYsO0GgKjWuQeAiXqAoKv--WIEdXNlcoNMWYK-YFcR9mM2nq0Cax3zGuVfJuZKKW_VSyjIOUDe";
    let before = NoticeClaims {
        arm: None,
        ..claims()
    };
    assert_eq!(NoticeClaims::open(token, &ring()), Ok(before));
}

#[test]
fn what_is_signed_is_read_by_any_key_of_the_ring() {
    let old = NoticeClaims::ring(&[NoticeKey::new(1, [1; 32])]);
    let mut token = String::new();
    claims().sign(&old, &mut token);
    assert_eq!(NoticeClaims::open(&token, &ring()), Ok(claims()));
    let other = NoticeClaims::ring(&[NoticeKey::new(1, [3; 32])]);
    assert_eq!(NoticeClaims::open(&token, &other), Err(TokenError::Forged));
    assert_eq!(NoticeClaims::open("", &ring()), Err(TokenError::Unreadable));
}

#[test]
fn one_payload_is_signed_for_each_kind() {
    let mut payload = NoticePayload::default();
    payload.set(&claims().draft());
    for kind in (0..).map_while(NoticeKind::of) {
        let (mut token, mut alone) = (String::new(), String::new());
        payload.sign(kind, &ring(), &mut token);
        claims().with_kind(kind).sign(&ring(), &mut alone);
        assert_eq!(token, alone);
        let opened = NoticeClaims::open(&token, &ring()).unwrap();
        assert_eq!(opened, claims().with_kind(kind));
    }
}

proptest! {
    #[test]
    fn no_single_changed_bit_is_accepted(byte in 0_usize..400, bit in 0_u8..8) {
        // R7
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let mut token = String::new();
        claims().sign(&ring(), &mut token);
        let mut bytes = engine.decode(&token).unwrap();
        let at = byte % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert!(NoticeClaims::open(&engine.encode(&bytes), &ring()).is_err());
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in "[A-Za-z0-9_-]{0,300}") {
        prop_assert!(NoticeClaims::open(&text, &ring()).is_err());
    }
}
