//! Bids without markup that an SSP won: the win notice's answer is the markup.

use std::time::{Duration, Instant};

use bytes::Bytes;
use contracts::catalog::{CreativeName, CreativePolicy, Verdict};
use contracts::notice::{SellClaims, SellKind, Serving};
use eventlog::Appended;
use exchange_core::medium::Medium;
use exchange_core::registry::Creative;
use exchange_core::{markup, notices};
use http::{HeaderMap, Method, StatusCode};
use service::client::{OutRequest, Target};
use service::clock;
use service::http::{self as answers, Response};

use super::context::AuctionContext;
use super::records::NoticeRecord;
use crate::delivery::{self, Taken, label};
use crate::exchange::{InForce, within};

/// Asks the DSP for the markup and passes it on: the markup and nothing else, or 204 where it is forfeit.
pub(super) async fn serve(
    context: &AuctionContext,
    in_force: &InForce,
    claims: &SellClaims,
) -> Response {
    let Some(adm) = ask(context, in_force, claims).await else {
        return forfeit(context);
    };
    // Tokens from before there was more to know say nothing.
    let serving = claims.serving.clone().unwrap_or_default();
    if is_blocked(context, in_force, claims, &serving, &adm) {
        return forfeit(context);
    }
    count(context, claims, serving.is_counted).await;
    let adm = match Medium::of_mtype(i32::from(serving.mtype)) {
        Some(medium) if !serving.keeps_macros => {
            let request_id = claims.auction.to_string();
            let values = notices::served_values(&request_id, &claims.imp, &serving);
            markup::resolve(&adm, medium, &values).into_owned()
        }
        Some(_) | None => adm,
    };
    answers::with_type(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        Bytes::from(adm),
    )
}

async fn ask(context: &AuctionContext, in_force: &InForce, claims: &SellClaims) -> Option<String> {
    let timeout = context.exchange.config.notice_timeout.0;
    let target = Target::parse(&claims.url).ok()?;
    let request = OutRequest {
        method: Method::GET,
        target: &target,
        headers: HeaderMap::new(),
        body: Bytes::new(),
    };
    let client = context.upstream.of(in_force.partner(&claims.partner));
    let answer = client.send(request, within(timeout)).await.ok()?;
    let is_markup = answer.status == StatusCode::OK && !answer.body.is_empty();
    is_markup.then(|| String::from_utf8_lossy(&answer.body).into_owned())
}

fn forfeit(context: &AuctionContext) -> Response {
    context
        .exchange
        .metrics
        .notice(label(SellKind::Win), "forfeit");
    answers::no_content()
}

/// Whether the registry blocks what the seller does not take then: the markup, or by now the creative's name. It is
/// left for its review where nobody has judged it.
fn is_blocked(
    context: &AuctionContext,
    in_force: &InForce,
    claims: &SellClaims,
    serving: &Serving,
    adm: &str,
) -> bool {
    let creative = Creative {
        name: CreativeName::of(serving.crid.as_deref(), serving.adid.as_deref()),
        markup: Some(adm),
        picture: None,
        adomain: &[],
    };
    let registry = &in_force.market.registry;
    let mut partners = in_force.partners.iter();
    if let Some(partner) = partners.find(|partner| partner.id == claims.partner) {
        let now = Instant::now();
        context.watch.look(registry, partner, &creative, now);
    }
    let seller = in_force.publisher(&claims.publisher);
    match seller.map_or_else(CreativePolicy::default, |seller| seller.creatives) {
        CreativePolicy::Any => false,
        CreativePolicy::NotBlocked | CreativePolicy::ApprovedOnly => {
            let verdict = registry.verdict(claims.partner.as_str(), &creative);
            verdict == Some(Verdict::Blocked)
        }
    }
}

/// Counts the win and the notice, once, however often the SSP asks for the markup. No money moves by it: while the log
/// is away, the markup is served all the same.
async fn count(context: &AuctionContext, claims: &SellClaims, is_counted: bool) {
    let (kind, now) = (label(SellKind::Win), clock::now());
    let left = u64::try_from(claims.expires.since(now).0).unwrap_or(0);
    let ttl = Duration::from_millis(left) + Duration::from_secs(600);
    let once = delivery::once(kind, claims);
    let exchange = &context.exchange;
    let taken = match context.log.append_once(&[], &once, ttl, &[]).await {
        Ok(Appended::Stored) => Taken::Accepted,
        Ok(Appended::Duplicate | Appended::Expired) => Taken::Duplicate,
        Err(error) => {
            tracing::warn!(%error, "a win notice that brought markup is not counted");
            return exchange.metrics.notice(kind, "unavailable");
        }
    };
    exchange.metrics.notice(kind, taken.label());
    if taken == Taken::Duplicate {
        return;
    }
    if !claims.test {
        if !is_counted {
            exchange.tallies.won(&claims.partner, now);
        }
        exchange.tallies.win_notice(&claims.partner, now);
    }
    let notice = NoticeRecord {
        kind,
        dsp: claims.partner.as_str().to_owned(),
        imp: claims.imp.clone(),
        outcome: "received",
        at: now.to_rfc3339(),
    };
    exchange.records.note(claims.auction, notice);
}
