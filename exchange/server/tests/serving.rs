//! Bids without markup that an SSP won (X-93): the answer to the win notice, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::catalog::MarkupHash;
use contracts::event::{TALLY_STREAM, TallyEvent};
use contracts::sighting::Sightings;
use eventlog::{EventLog, START, Timeouts};
use exchange::{Dsp, Rig, banner};
use http::{StatusCode, header};
use market::{PATIENCE, Server};
use serde_json::{Value, json};
use service::http::{self as answers, Response};
use testkit::http::{Answer, get};
use testkit::poll_until;

/// A DSP whose win notice answers with what the test says, and that bids without markup.
struct Late {
    dsp: Dsp,
    says: Arc<Mutex<Says>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// Ends with it.
    _notices: Server,
}

/// What a win notice answers.
#[derive(Clone)]
struct Says {
    status: u16,
    body: String,
}

impl Says {
    fn markup(body: impl Into<String>) -> Self {
        let body = body.into();
        Self { status: 200, body }
    }

    fn response(&self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap();
        let mut response = answers::text(status, self.body.clone());
        let elsewhere = header::HeaderValue::from_static("http://127.0.0.1:9/elsewhere");
        if status.is_redirection() {
            response.headers_mut().insert(header::LOCATION, elsewhere);
        }
        response
    }
}

impl Late {
    fn start(bid: &str) -> Self {
        let says = Arc::new(Mutex::new(Says::markup("<b>x</b>")));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (said, heard) = (Arc::clone(&says), Arc::clone(&asked));
        let notices = Server::start(
            |_| Duration::ZERO,
            move |request| {
                let query = request.query.clone().unwrap_or_default();
                heard.lock().unwrap().push(query);
                said.lock().unwrap().response()
            },
        );
        let bid = format!(
            r#""price":2,"w":300,"h":250,"nurl":"{}/serve?p=${{AUCTION_PRICE}}",{bid}"#,
            notices.url
        );
        Self {
            dsp: Dsp::bidding(Box::leak(bid.into_boxed_str())),
            says,
            asked,
            _notices: notices,
        }
    }

    fn partner(&self) -> Value {
        let endpoint = format!("{}/bid", self.dsp.server.url);
        json!([{"id": "late", "name": "late", "endpoint": endpoint, "active": true}])
    }

    /// Sells to it and fetches the markup, as an SSP does: its answer says this.
    async fn serves(&self, rig: &Rig, says: Says) -> Answer {
        *self.says.lock().unwrap() = says;
        get(&nurl(rig).await).await
    }
}

/// The win notice of an auction that it won.
async fn nurl(rig: &Rig) -> String {
    let answer = rig.auction(&banner("")).await.expect_status(200).json();
    let bid = &answer["seatbid"][0]["bid"][0];
    assert!(bid.get("adm").is_none(), "C-49: {bid}");
    bid["nurl"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn x_93_the_answers_body_is_the_markup_and_all_else_is_a_forfeit() {
    let late = Late::start(r#""crid":"c""#);
    let rig = Rig::over(&late.partner(), &[]).await;
    // Of other notices 4 KiB are read (S8); markup is as long as a response may be.
    let long: String = (0..30_000_u32)
        .map(|it| (it * 7_919 % 9_973).to_string())
        .collect();
    for markup in ["<b>x</b>", &long] {
        let shown = late.serves(&rig, Says::markup(markup)).await;
        let shown = shown.expect_status(200).text();
        assert!(shown == markup, "{} of {} bytes", shown.len(), markup.len());
    }
    let said = |status, body: &str| Says {
        status,
        body: body.to_owned(),
    };
    let beyond = "x".repeat(2 * 1_024 * 1_024);
    for (says, answer) in [
        ("204", said(204, "")),
        ("an empty 200", said(200, "")),
        ("another success", said(201, "<b>x</b>")),
        ("a redirect is not followed", said(302, "<b>x</b>")),
        ("gone", said(410, "<b>x</b>")),
        ("an error", said(500, "<b>x</b>")),
        ("more than a response may have", said(200, &beyond)),
    ] {
        let answer = late.serves(&rig, answer).await;
        assert_eq!(
            (answer.status, answer.text()),
            (204, String::new()),
            "{says}"
        );
    }
}

#[tokio::test]
async fn x_94_macros_are_replaced_in_markup_wherever_it_came_from() {
    let bid = r#""adid":"ad \"7\"","crid":"c","mtype":1"#;
    let late = Late::start(bid);
    let rig = Rig::over(&late.partner(), &[]).await;
    let markup = "i=${AUCTION_IMP_ID} b=${AUCTION_BID_ID} s=${AUCTION_SEAT_ID} p=${AUCTION_PRICE} c=${AUCTION_CURRENCY} \
         r=${AUCTION_MBR} m=${AUCTION_MIN_TO_WIN} l=${AUCTION_LOSS} x=${AUCTION_MULTIPLIER} d=${AUCTION_DISCOUNT_PCT} \
         64=${AUCTION_PRICE:B64} own=${OTHER} <img alt=\"${AUCTION_AD_ID}\">";
    let shown = late
        .serves(&rig, Says::markup(markup))
        .await
        .expect_status(200);
    let expect = "i=1 b=answer-1 s=seat-1 p=2 c=USD r=1 m=0.5 l=0 x= d= 64=Mg== own=${OTHER} <img alt=\"ad &quot;7&quot;\">";
    assert_eq!(shown.text(), expect);
    let answer = rig.auction(&banner("")).await.expect_status(200).json();
    let id = answer["bidid"].as_str().unwrap();
    *late.says.lock().unwrap() = Says::markup("${AUCTION_ID}");
    let nurl = answer["seatbid"][0]["bid"][0]["nurl"].as_str().unwrap();
    assert_eq!(
        get(nurl).await.expect_status(200).text(),
        id,
        "as the DSP was asked"
    );
    drop(rig);

    let keys = json!([{"id": "k", "digest": contracts::access::KeyDigest::of("k"), "made_at": 0}]);
    let account = json!({"keys": keys, "keep_macros": true});
    let ssp =
        json!([{"id": "ssp", "name": "s", "domain": "ssp.example", "fee": 0, "account": account}]);
    let rig = Rig::selling(&ssp, &late.partner(), &[]).await;
    let answer = rig.auction_with(&banner(""), &[("x-gavel-key", "k")]).await;
    let answer = answer.expect_status(200).json();
    let nurl = answer["seatbid"][0]["bid"][0]["nurl"].as_str().unwrap();
    assert_eq!(
        get(nurl).await.expect_status(200).text(),
        "${AUCTION_ID}",
        "left to it"
    );
}

#[tokio::test]
async fn markup_that_is_blocked_when_it_comes_is_a_forfeit() {
    let late = Late::start(r#""crid":"c""#);
    let rig = Rig::over(&late.partner(), &[("sightings.every", "100ms")]).await;
    rig.control_plane.publish(|catalog| {
        let evil = MarkupHash::of("<b>evil</b>");
        let verdicts =
            json!([{"partner": "late", "crid": "c", "markup": evil, "verdict": "blocked"}]);
        catalog.verdicts = serde_json::from_value(verdicts).unwrap();
    });
    poll_until(PATIENCE, async || {
        late.serves(&rig, Says::markup("<b>evil</b>")).await.status == 204
    })
    .await;
    let good = late.serves(&rig, Says::markup("<b>good</b>")).await;
    assert_eq!(good.expect_status(200).text(), "<b>good</b>");
    // What nobody has judged is up for review.
    poll_until(PATIENCE, async || {
        let told = rig.control_plane.told(contracts::access::SIGHTINGS_PATH);
        let read = |body: &String| serde_json::from_str::<Sightings>(body).unwrap().creatives;
        let mut told = told.iter().flat_map(read);
        told.any(|it| (&*it.crid, &*it.sample) == ("c", "<b>good</b>"))
    })
    .await;
}

#[tokio::test]
async fn a_win_that_is_served_counts_once() {
    let late = Late::start(r#""crid":"c""#);
    let rig = Rig::over(&late.partner(), &[]).await;
    let nurl = nurl(&rig).await;
    *late.says.lock().unwrap() = Says {
        status: 503,
        body: String::new(),
    };
    assert_eq!(get(&nurl).await.status, 204, "it may come yet");
    *late.says.lock().unwrap() = Says::markup("<b>x</b>");
    for _ in 0..3 {
        assert_eq!(get(&nurl).await.expect_status(200).text(), "<b>x</b>");
    }
    assert_eq!(*late.asked.lock().unwrap(), ["p=2"; 4]);
    let log = EventLog::connect(&rig.events_url, Timeouts::default()).unwrap();
    let told = poll_until(PATIENCE, async || {
        let entries = log.read_after(TALLY_STREAM, START, 10).await.unwrap();
        let read = |payload: &[u8]| {
            serde_json::from_slice::<TallyEvent>(payload)
                .unwrap()
                .tallies
        };
        let told: Vec<_> = entries.iter().flat_map(|it| read(&it.payload)).collect();
        (!told.is_empty()).then_some(told)
    })
    .await;
    let sums = told.iter().map(|it| (it.won, it.win_notices));
    assert_eq!(sums.collect::<Vec<_>>(), [(1, 1)]);
    let metrics = get(&rig.url("/metrics")).await.text();
    for (outcome, count) in [("accepted", 1), ("duplicate", 2), ("forfeit", 1)] {
        let line = format!(r#"gavel_notices_total{{kind="win",outcome="{outcome}"}} {count}"#);
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
}
