//! Notices: the signed token checked, the event durable, then 2xx (money.md, "Settle").

use std::borrow::Cow;

use bidder_core::shading::{MinimumToWin, Place};
use contracts::event::{MoneyEvent, NoticeEvent, PriceTold};
use contracts::notice::{BillOn, NoticeClaims, NoticeKind, TokenError};
use eventlog::{Appended, EventLogError, Weakness};
use serde::Deserialize;
use serde_json::Value;
use service::Problem;
use service::http::{Request, Response, StatusCode, json};
use service::trace::TraceId;
use units::{CpmMicros, Currency, Nanos, UnixMillis};

use crate::bid::trace;
use crate::metrics::{Heard, NoticeOutcome, kind_label};
use crate::worker::Worker;

/// Bytes of an event as it is written, as a rule.
const EVENT_HINT: usize = 1_024;

/// What a notice carries, in its query or as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    token: Option<String>,
    price: Option<Value>,
    currency: Option<String>,
    loss: Option<Value>,
    /// `${AUCTION_MIN_TO_WIN}`, and where shading learns it: hints beside the token, which move no money.
    mtw: Option<Value>,
    place: Option<String>,
}

/// Why a notice is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// 401.
    Unreadable,
    /// 403.
    Forged,
    /// 410.
    Expired,
    /// 503, to be repeated.
    LogAway,
    /// 503, to be repeated when the log's Redis is set up as it must be.
    NotDurable(Weakness),
}

impl Refused {
    const fn outcome(self) -> NoticeOutcome {
        match self {
            Self::Unreadable => NoticeOutcome::Unreadable,
            Self::Forged => NoticeOutcome::Forged,
            Self::Expired => NoticeOutcome::Expired,
            Self::LogAway | Self::NotDurable(_) => NoticeOutcome::LogAway,
        }
    }

    pub(crate) fn into_response(self) -> Response {
        let problem = match self {
            Self::Unreadable => Problem::new(
                StatusCode::UNAUTHORIZED,
                "token_unreadable",
                "The token is missing or cannot be read",
            ),
            Self::Forged => Problem::new(
                StatusCode::FORBIDDEN,
                "token_forged",
                "The token's signature is not ours, or it is for another call",
            ),
            Self::Expired => Problem::new(StatusCode::GONE, "expired", "The token has expired"),
            Self::LogAway => {
                Problem::unavailable(1).detail("the event log is away; repeat the call")
            }
            Self::NotDurable(weakness) => Problem::unavailable(1).detail(weakness.to_string()),
        };
        problem.into_response()
    }
}

/// Takes a notice.
pub(crate) async fn handle(worker: &Worker, request: &Request, kind: NoticeKind) -> Response {
    let told = match told(request) {
        Ok(told) => told,
        Err(refused) => return *refused,
    };
    let token = told.token.as_deref().unwrap_or_default();
    let claims = match open(worker, token, kind) {
        Ok(claims) => claims,
        Err(refused) => return refuse(worker, kind, refused),
    };
    if request.is_head() {
        return status("accepted");
    }
    let price = price_told(
        &claims,
        text(told.price.as_ref()).as_deref(),
        told.currency.as_deref(),
    );
    if price == PriceTold::Audit {
        // On the log it would be the reservation's one notice of its kind, and the real one a repetition.
        worker.shared.metrics.notice(kind, NoticeOutcome::Audit);
        return status("accepted");
    }
    let loss = text(told.loss.as_ref()).and_then(|it| it.parse().ok());
    let minimum = minimum_to_win(&claims, &told);
    let appended = append(worker, claims, price, loss).await;
    if matches!(appended, Ok(Appended::Stored)) {
        learn(worker, minimum);
    }
    match appended {
        Ok(Appended::Duplicate) => status("duplicate"),
        Ok(Appended::Stored | Appended::Expired) => status("accepted"),
        Err(refused) => refused.into_response(),
    }
}

fn told(request: &Request) -> Result<Told, Box<Response>> {
    let mut told = Told::default();
    for (name, value) in request.query_params() {
        match &*name {
            "t" => first(&mut told.token, value, |it| it),
            "price" => first(&mut told.price, value, Value::String),
            "cur" => first(&mut told.currency, value, |it| it),
            "loss" => first(&mut told.loss, value, Value::String),
            "mtw" => first(&mut told.mtw, value, Value::String),
            "place" => first(&mut told.place, value, |it| it),
            _ => {}
        }
    }
    if request.body.is_empty() {
        return Ok(told);
    }
    if !request.content_type_is_json() {
        return Err(Box::new(Problem::unsupported_media_type().into_response()));
    }
    let body: Told = serde_json::from_slice(&request.body).map_err(|error| {
        let problem = Problem::new(
            StatusCode::BAD_REQUEST,
            "not_json",
            "The body is not a notice",
        );
        Box::new(
            problem
                .detail(error.to_string())
                .pointer("")
                .into_response(),
        )
    })?;
    told.token = told.token.or(body.token);
    told.price = told.price.or(body.price);
    told.currency = told.currency.or(body.currency);
    told.loss = told.loss.or(body.loss);
    told.mtw = told.mtw.or(body.mtw);
    told.place = told.place.or(body.place);
    Ok(told)
}

/// Of a parameter that is there twice the first counts.
fn first<T>(place: &mut Option<T>, value: Cow<'_, str>, take: impl FnOnce(String) -> T) {
    place.get_or_insert_with(|| take(value.into_owned()));
}

/// What shading can learn from a win or a loss: `None` where nothing is to be learned, `Some(None)` where what
/// was told is of no use (B-51: empty, a macro left as it was, `AUDIT`).
///
/// The least winning price of a bid that won is not above it, of one that lost not below it: anything else
/// contradicts the notice.
fn minimum_to_win(claims: &NoticeClaims, told: &Told) -> Option<Option<MinimumToWin>> {
    let place = Place::parse(told.place.as_deref()?)?;
    if claims.test {
        return None;
    }
    let told_text = text(told.mtw.as_ref()).unwrap_or_default();
    let price = CpmMicros::parse(told_text.trim()).ok();
    let agrees = |price: &CpmMicros| match claims.kind {
        NoticeKind::Win => *price <= claims.price,
        NoticeKind::Loss => *price >= claims.price,
        NoticeKind::Bill
        | NoticeKind::Impression
        | NoticeKind::Click
        | NoticeKind::View
        | NoticeKind::Conversion => false,
    };
    let same_currency = |_: &CpmMicros| {
        let currency = told.currency.as_deref().and_then(Currency::parse);
        currency.is_none_or(|it| it == claims.currency)
    };
    let usd = |price: CpmMicros| price.scale(PER_USD, claims.rate_from);
    let price = price.filter(agrees).filter(same_currency).and_then(usd);
    Some(price.map(|price| MinimumToWin {
        place,
        bid_at: made_at(claims),
        price,
    }))
}

/// Billionths of a USD per USD.
const PER_USD: i64 = 1_000_000_000;

/// When the bid was made: its id is a UUIDv7.
fn made_at(claims: &NoticeClaims) -> UnixMillis {
    let (seconds, nanos) = claims
        .bid
        .0
        .get_timestamp()
        .map_or((0, 0), |it| it.to_unix());
    let millis = seconds.saturating_mul(1_000) + u64::from(nanos / 1_000_000);
    UnixMillis(i64::try_from(millis).unwrap_or(i64::MAX))
}

fn learn(worker: &Worker, minimum: Option<Option<MinimumToWin>>) {
    let Some(minimum) = minimum else {
        return;
    };
    let shared = &worker.shared;
    let what = match minimum {
        None => Heard::Unusable,
        Some(minimum) if shared.shading.hear(minimum, shared.config.shading.queue) => Heard::Queued,
        Some(_) => Heard::Dropped,
    };
    shared.metrics.heard(what);
}

/// A number or a string, as text.
fn text(value: Option<&Value>) -> Option<Cow<'_, str>> {
    match value? {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Opens a token of one kind.
pub(crate) fn open(
    worker: &Worker,
    token: &str,
    kind: NoticeKind,
) -> Result<NoticeClaims, Refused> {
    let market = worker.shared.market.load();
    // Without a catalog there is no key yet; the sender repeats.
    let market = market.as_ref().ok_or(Refused::LogAway)?;
    let claims = NoticeClaims::open(token, &market.ring.0).map_err(|error| match error {
        TokenError::Unreadable => Refused::Unreadable,
        TokenError::Forged => Refused::Forged,
    })?;
    if claims.kind == kind {
        Ok(claims)
    } else {
        Err(Refused::Forged)
    }
}

/// Counts a refusal and answers it.
pub(crate) fn refuse(worker: &Worker, kind: NoticeKind, refused: Refused) -> Response {
    worker.shared.metrics.notice(kind, refused.outcome());
    refused.into_response()
}

/// Makes the event durable, once per reservation and kind.
pub(crate) async fn append(
    worker: &Worker,
    claims: NoticeClaims,
    price: PriceTold,
    loss: Option<i32>,
) -> Result<Appended, Refused> {
    let (kind, settle_by, auction) = (claims.kind, claims.settle_by, claims.auction);
    let reservation = claims.reservation;
    let once = format!(
        "{}:{}:{}",
        reservation.lease,
        reservation.seq,
        kind_label(kind)
    );
    let billed = billed(&claims, price);
    let event = MoneyEvent::Notice(Box::new(NoticeEvent {
        claims,
        price,
        loss,
        at: service::clock::now(),
    }));
    let mut payload = Vec::with_capacity(EVENT_HINT);
    serde_json::to_writer(&mut payload, &event).map_err(|_| Refused::LogAway)?;
    let appended = worker.log.append(settle_by, &once, &payload).await;
    let outcome = match &appended {
        Ok(Appended::Stored) => NoticeOutcome::Accepted,
        Ok(Appended::Duplicate) => NoticeOutcome::Duplicate,
        Ok(Appended::Expired) => NoticeOutcome::Expired,
        Err(error) => {
            tracing::warn!(trace_id = %trace(auction), %error, "notice not durable");
            NoticeOutcome::LogAway
        }
    };
    worker.shared.metrics.notice(kind, outcome);
    if TraceId(*auction.as_bytes()).is_sampled(worker.shared.config.trace_sample_percent) {
        tracing::info!(trace_id = %trace(auction), kind = kind_label(kind), outcome = outcome.label(), "notice");
    }
    if outcome == NoticeOutcome::Accepted {
        count(worker, kind, billed);
    }
    match appended {
        Ok(Appended::Expired) => Err(Refused::Expired),
        Ok(appended) => Ok(appended),
        Err(EventLogError::NotDurable(weakness)) => Err(Refused::NotDurable(weakness)),
        Err(_) => Err(Refused::LogAway),
    }
}

/// What a call that bills comes to, in billionths of USD.
#[derive(Debug, Clone, Copy)]
struct Billed {
    charge: u64,
    saved_by_shading: u64,
}

/// What the call is going to cost; `None` for one that does not bill.
fn billed(claims: &NoticeClaims, price: PriceTold) -> Option<Billed> {
    let bills = matches!(
        (claims.bill_on, claims.kind),
        (BillOn::Burl, NoticeKind::Bill) | (BillOn::Impression, NoticeKind::Impression)
    );
    if !bills || claims.test || price == PriceTold::Audit {
        return None;
    }
    let told = match price {
        PriceTold::Clearing { price } => Some(price),
        PriceTold::Unreadable | PriceTold::OtherCurrency { .. } | PriceTold::Audit => None,
    };
    let usd = |amount: Nanos| u64::try_from(amount.scale(PER_USD, claims.rate_to)?.0).ok();
    Some(Billed {
        charge: usd(claims.charge(told))?,
        saved_by_shading: usd(claims.saved_by_shading())?,
    })
}

fn count(worker: &Worker, kind: NoticeKind, billed: Option<Billed>) {
    let metrics = &worker.shared.metrics;
    if kind == NoticeKind::Win {
        metrics.wins.inc();
    }
    if let Some(billed) = billed {
        metrics.impressions.inc();
        metrics.spend_nanos.add(billed.charge);
        metrics.shading_saved_nanos.add(billed.saved_by_shading);
    }
}

/// The price as the caller told it (money.md, "Charge"): what is not plainly a price is not believed.
pub(crate) fn price_told(
    claims: &NoticeClaims,
    price: Option<&str>,
    currency: Option<&str>,
) -> PriceTold {
    let price = price.unwrap_or_default().trim();
    if price == "AUDIT" {
        return PriceTold::Audit;
    }
    let Ok(price) = CpmMicros::parse(price) else {
        return PriceTold::Unreadable;
    };
    // A currency that is missing or a macro left as it was is taken for the bid's.
    match currency.and_then(Currency::parse) {
        Some(currency) if currency != claims.currency => PriceTold::OtherCurrency { currency },
        Some(_) | None => PriceTold::Clearing { price },
    }
}

fn status(text: &str) -> Response {
    json(
        StatusCode::OK,
        format!("{{\"status\":\"{text}\"}}").into_bytes(),
    )
}
