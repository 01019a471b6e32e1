//! The reconciliation with DSPs: what the logs bring, what an operator uploads, by how much they differ.

use contracts::event::{
    DELIVERY_STREAM, DeliveryEvent, DeliveryFact, NoticeEnd, PartnerTally, TALLY_STREAM, TallyEvent,
};
use contracts::notice::{Charge, SellClaims, SellKind};
use eventlog::{EventLog, Timeouts};
use http::Method;
use serde_json::{Value, json};
use testkit::http::{Answer, send};
use testkit::poll_until;
use units::{AuctionId, CpmMicros, Currency, Nanos, UnixMillis};

use crate::plane::{LONG, Plane};

const NOON: UnixMillis = UnixMillis(1_795_780_800_000);
const MIDNIGHT: UnixMillis = UnixMillis(1_795_737_600_000);
const DAY: &str = "2026-11-27";
const FIGURES: &str = "/demand-partners/dsp_rival/figures";

fn delivery(number: u8, url: &str, fact: DeliveryFact) -> DeliveryEvent {
    DeliveryEvent {
        claims: SellClaims {
            kind: SellKind::Impression,
            auction: AuctionId::new(NOON, [number; 10]),
            imp: "1".into(),
            ad: 0,
            partner: "dsp_rival".into(),
            publisher: "paper".into(),
            placement: "top".into(),
            price: CpmMicros::CENT,
            currency: Currency::USD,
            gross: Nanos(1_375_000),
            fee: Nanos(137_500),
            payout_currency: Currency::USD,
            url: url.into(),
            expires: NOON,
            test: false,
            provisional: false,
            refused: false,
            serves_on_win: false,
            charge: None,
            device: contracts::notice::Device::default(),
        },
        at: NOON,
        fact,
    }
}

/// A control plane that knows `dsp_rival`, and the log that it reads.
async fn beside_a_dsp() -> (Plane, EventLog) {
    let plane = Plane::start().await;
    let partner = json!({"id": "dsp_rival", "name": "rival", "endpoint": "http://127.0.0.1:9100/bid", "active": true});
    let _ = plane
        .post("/demand-partners", partner)
        .await
        .expect_status(201);
    let log = EventLog::connect(&plane.events_url, Timeouts::default()).expect("a URL");
    (plane, log)
}

async fn append(log: &EventLog, stream: &str, once: &str, event: &impl serde::Serialize) {
    let payload = serde_json::to_vec(event).expect("JSON");
    let ttl = std::time::Duration::from_secs(60);
    log.append_once(&[stream], once, ttl, &payload)
        .await
        .expect("the log takes it");
}

async fn upload(plane: &Plane, path: &str, csv: &str) -> Answer {
    let headers = [("content-type", "text/csv")];
    send(Method::POST, &plane.url(path), &headers, csv.to_owned()).await
}

#[tokio::test]
async fn a_dsps_day_is_compared_with_its_own_figures() {
    let (plane, log) = beside_a_dsp().await;
    let happened = DeliveryFact::Happened;
    for number in 0..8_u8 {
        let url = if number == 7 {
            ""
        } else {
            "http://dsp.example/bill"
        };
        append(
            &log,
            DELIVERY_STREAM,
            &format!("d{number}"),
            &delivery(number, url, happened),
        )
        .await;
    }
    for (number, end) in [
        (0, NoticeEnd::Acknowledged),
        (1, NoticeEnd::Acknowledged),
        (2, NoticeEnd::Refused),
        (3, NoticeEnd::Expired),
        // A repetition after the acknowledgement changes nothing.
        (0, NoticeEnd::Expired),
    ] {
        let event = delivery(number, "", DeliveryFact::Notified(end));
        append(&log, DELIVERY_STREAM, &format!("n{number}{end:?}"), &event).await;
    }
    let crawler = delivery(8, "", DeliveryFact::Filtered);
    append(&log, DELIVERY_STREAM, "f", &crawler).await;
    let tally = |won, win_notices| TallyEvent {
        tallies: vec![PartnerTally {
            partner: "dsp_rival".into(),
            day: MIDNIGHT,
            won,
            win_notices,
        }],
    };
    append(&log, TALLY_STREAM, "t1", &tally(6, 5)).await;
    append(&log, TALLY_STREAM, "t2", &tally(4, 4)).await;

    let days = "/reconcile?from=2026-11-27&to=2026-11-28";
    let row = poll_until(LONG, async || {
        let row = plane.get(days).await.expect_status(200).json()["items"][0].clone();
        // Two logs, each with a position of its own.
        let is_whole = row["won"] == 10 && row["filtered"] == 1 && row["burl"]["waiting"] == 3;
        is_whole.then_some(row)
    })
    .await;
    let mut expect = json!({
        "day": DAY, "dsp": "dsp_rival", "won": 10, "nurl_delivered": 9, "impressions": 8, "filtered": 1,
        "burl": {"acknowledged": 2, "waiting": 3, "refused": 1, "expired": 1, "none": 1}, "spend": 0.011,
    });
    assert_eq!(row, expect);

    let csv = format!("day,impressions,spend,currency\n{DAY},6,0.0111,USD\n");
    let dry = upload(&plane, &format!("{FIGURES}?dry_run=true"), &csv).await;
    assert_eq!(dry.expect_status(200).json()["days"], 1);
    assert_eq!(
        plane.get(days).await.json()["items"][0],
        expect,
        "a dry run"
    );
    let kept = upload(&plane, FIGURES, &csv)
        .await
        .expect_status(200)
        .json();
    let told = json!({"partner_id": "dsp_rival", "days": 1, "from": DAY, "to": DAY});
    assert_eq!(kept, told);
    expect["dsp_figures"] = json!({"impressions": 6, "spend": 0.0111});
    expect["difference_percent"] = json!({"impressions": -25, "spend": 0.91});
    let listed = plane.get(days).await.expect_status(200);
    assert!(
        listed.text().contains(r#""spend":0.0111"#),
        "exact: {listed}"
    );
    assert_eq!(listed.json()["items"][0], expect);

    let table = plane
        .get("/reconcile.csv?from=2026-11-27&to=2026-11-28&dsp=dsp_rival")
        .await;
    let table = table.expect_status(200);
    assert_eq!(
        table.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    let text = table.text();
    let mut lines = text.lines();
    assert_eq!(lines.next().unwrap_or_default().split(',').count(), 19);
    assert_eq!(
        lines.next(),
        Some("2026-11-27,dsp_rival,10,9,8,1,2,3,1,1,1,0.011,USD,6,0.0111,-25,0.91,,")
    );
    let none = plane
        .get("/reconcile?from=2026-11-27&to=2026-11-28&dsp=other")
        .await;
    assert_eq!(none.json()["items"], json!([]));
    // A day that the DSP corrects; one that only the DSP knows.
    let corrected = format!("day,impressions\n{DAY},8\n2026-11-26,4\n");
    let _ = upload(&plane, FIGURES, &corrected).await.expect_status(200);
    let items = plane
        .get("/reconcile?from=2026-11-26&to=2026-11-28")
        .await
        .json()["items"]
        .clone();
    assert_eq!(items[1]["difference_percent"], json!({"impressions": 0}));
    assert_eq!(
        items[0]["difference_percent"],
        json!({"impressions": Value::Null})
    );
    let audit = plane.get("/audit?limit=1").await.json();
    assert_eq!(audit["items"][0]["action"], "upload", "{audit:#}");
}

#[tokio::test]
async fn amounts_whose_rate_is_gone_are_told_in_their_own_currency() {
    let (plane, log) = beside_a_dsp().await;
    for (number, currency) in [(0, "USD"), (1, "ARS"), (2, "TRY"), (3, "ARS")] {
        let mut event = delivery(number, "", DeliveryFact::Happened);
        event.claims.payout_currency = Currency::parse(currency).unwrap_or_default();
        append(&log, DELIVERY_STREAM, &format!("d{number}"), &event).await;
    }
    let days = "/reconcile?from=2026-11-27&to=2026-11-28";
    let row = async || plane.get(days).await.expect_status(200).json()["items"][0].clone();
    poll_until(LONG, async || row().await["impressions"] == 4).await;
    let both =
        json!([{"currency": "ARS", "spend": 0.00275}, {"currency": "TRY", "spend": 0.001_375}]);
    let told = row().await;
    assert_eq!(
        (&told["spend"], &told["spend_without_rate"]),
        (&json!(0.001_375), &both)
    );

    let csv = format!("day,impressions,spend,currency\n{DAY},4,0.5,ARS\n");
    let _ = upload(&plane, FIGURES, &csv).await.expect_status(200);
    let told = row().await;
    let theirs = json!({"impressions": 4, "spend_without_rate": {"currency": "ARS", "spend": 0.5}});
    assert_eq!(told["dsp_figures"], theirs);
    assert_eq!(
        told["difference_percent"],
        json!({"impressions": 0}),
        "of impressions alone"
    );
    let csv = format!("day,impressions,spend,currency\n{DAY},4,0.5,USD\n");
    let _ = upload(&plane, FIGURES, &csv).await.expect_status(200);
    let told = row().await;
    assert_eq!(told["dsp_figures"], json!({"impressions": 4, "spend": 0.5}));
    assert_eq!(
        told["difference_percent"],
        json!({"impressions": 0}),
        "a part of ours is missing"
    );
    let table = plane
        .get("/reconcile.csv?from=2026-11-27&to=2026-11-28")
        .await;
    let table = table.expect_status(200).text();
    assert!(
        table.ends_with(",0.001375,USD,4,0.5,0,,0.00275 ARS;0.001375 TRY,\n"),
        "{table}"
    );

    let revenue = async || {
        let path = "/internal/revenue?from=2026-11-27&to=2026-11-28&group_by=placement";
        plane
            .internal(Method::GET, path, "")
            .await
            .expect_status(200)
            .json()
    };
    let told = revenue().await;
    assert_eq!(told["total"]["impressions"], 1);
    let lines = told["without_rate"].as_array().map_or(0, Vec::len);
    assert_eq!(
        (lines, &told["without_rate"][0]),
        (
            2,
            &json!({
                "key": "top", "currency": "ARS", "impressions": 2, "gross": 0.00275, "fee": 0.000_275, "net": 0.002_475,
            })
        )
    );
    // With a rate all of it is told in one currency again.
    let rates = json!({"rates": {"ARS": 1000, "TRY": 2}});
    let _ = plane.post("/rates", rates).await.expect_status(201);
    let told = revenue().await;
    assert_eq!(
        (
            told["total"]["impressions"].as_u64(),
            told.get("without_rate")
        ),
        (Some(4), None)
    );
    assert_eq!(row().await.get("spend_without_rate"), None);
}

#[tokio::test]
async fn a_past_day_is_told_by_its_own_rates() {
    // money.md: versioned rate table, rate id kept
    let (plane, log) = beside_a_dsp().await;
    let post = async |rates: Value| {
        let answer = plane.post("/rates", json!({"rates": rates})).await;
        let id = answer.expect_status(201).json()["id"].as_u64();
        id.and_then(|id| u32::try_from(id).ok()).expect("an id")
    };
    // Its DSP bids in GBP, its publisher is paid in EUR.
    let sold = async |number: u8, rates: u32| {
        let mut event = delivery(number, "", DeliveryFact::Happened);
        event.claims.payout_currency = Currency::parse("EUR").unwrap_or_default();
        event.claims.charge = Some(Charge {
            amount: Nanos(1_600_000),
            currency: Currency::parse("GBP").unwrap_or_default(),
            rates,
        });
        append(&log, DELIVERY_STREAM, &format!("d{number}"), &event).await;
    };
    let days = "from=2026-11-27&to=2026-11-28&currency";
    let row = async |currency: &str| {
        let listed = plane.get(&format!("/reconcile?{days}={currency}")).await;
        listed.expect_status(200).json()["items"][0].clone()
    };
    let earned = async |currency: &str| {
        let path = format!("/internal/revenue?{days}={currency}");
        let revenue = plane.internal(Method::GET, &path, "").await;
        revenue.expect_status(200).json()
    };
    let seen = async || {
        let (row, earned) = (row("USD").await, earned("USD").await);
        let (figures, apart) = (&row["dsp_figures"], earned.get("without_rate"));
        assert_eq!((row.get("spend_without_rate"), apart), (None, None));
        json!([
            row["impressions"],
            row["spend"],
            earned["total"]["gross"],
            earned["total"]["fee"],
            earned["total"]["net"],
            figures["spend"],
            row["difference_percent"]["spend"]
        ])
    };
    let first = post(json!({"EUR": 0.5, "GBP": 0.8})).await;
    sold(0, first).await;
    sold(1, first).await;
    poll_until(LONG, async || row("USD").await["impressions"] == 2).await;
    let csv = format!("day,impressions,spend,currency\n{DAY},2,0.0032,GBP\n");
    let _ = upload(&plane, FIGURES, &csv).await.expect_status(200);
    let two = json!([2, 0.004, 0.0055, 0.000_55, 0.004_95, 0.004, 0]);
    assert_eq!(seen().await, two);
    let second = post(json!({"EUR": 0.25, "GBP": 0.4})).await;
    assert_eq!(seen().await, two, "after another rate");

    // Each delivery by the rates of its auction; the DSP is compared in the currency that both tell.
    sold(2, second).await;
    poll_until(LONG, async || row("USD").await["impressions"] == 3).await;
    let three = json!([3, 0.008, 0.011, 0.001_1, 0.009_9, 0.004, -33.33]);
    assert_eq!(seen().await, three);
    let _ = post(json!({"JPY": 100})).await;
    assert_eq!(seen().await, three, "after its rates are gone");

    // In a currency that had no rate then: by the first rates that have both.
    let apart = json!([{"currency": "GBP", "spend": 0.0048}]);
    assert_eq!(row("JPY").await["spend_without_rate"], apart);
    let apart = earned("JPY").await["without_rate"].clone();
    assert_eq!(
        apart,
        json!([{"key": DAY, "currency": "EUR", "impressions": 3, "gross": 0.004_125, "fee": 0.000_412_5, "net": 0.003_712_5}])
    );
    let _ = post(json!({"JPY": 100, "EUR": 0.5, "GBP": 0.8})).await;
    let _ = post(json!({"JPY": 200, "EUR": 0.5, "GBP": 0.8})).await;
    assert_eq!(row("JPY").await["spend"], 0.6);
    assert_eq!(earned("JPY").await["total"]["gross"], 0.825);
}

#[tokio::test]
async fn what_cannot_be_compared_is_refused() {
    let plane = Plane::start().await;
    for (query, names) in [
        ("from=2026-11-27T12:00:00Z", "days"),
        ("from=yesterday", "from"),
        ("from=2026-11-28&to=2026-11-27", "later"),
        ("from=2026-01-01&to=2026-11-27", "92"),
        ("currency=ZZZ", "currency"),
    ] {
        let answer = plane.get(&format!("/reconcile?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {answer}");
        assert!(answer.text().contains(names), "{query}: {answer}");
    }
    let good = "day,impressions\n2026-11-27,1\n";
    let unknown = upload(&plane, "/demand-partners/none/figures", good).await;
    assert_eq!(unknown.status, 404, "{unknown}");
    let bad = upload(
        &plane,
        "/demand-partners/none/figures",
        "day,impressions\n2026-11-27,x\n",
    )
    .await;
    assert_eq!(bad.expect_status(422).json()["pointer"], "/1/impressions");
    let json = plane.post("/lists", json!({"name": 1})).await;
    assert_eq!(json.status, 400, "{json}");
}
