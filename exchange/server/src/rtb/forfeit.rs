//! Bids without markup on our own placements: the win notice brings it, or the win is forfeit.

use std::time::{Duration, Instant};

use bytes::Bytes;
use contracts::notice::Device;
use exchange_core::auction::Judged;
use exchange_core::registry::Creative;
use exchange_core::{auction, markup, notices};
use http::{Method, StatusCode};
use service::client::OutRequest;
use service::clock;

use super::calls::headers;
use super::run::Round;
use super::sale::Winner;

/// What became of markup that a win notice did not bring.
pub(super) const FORFEIT: &str = "forfeit";

/// Fills in the markup of winners that have none; those that bring none, or some that is not allowed here,
/// are left out.
pub(super) async fn fetch_markup(
    round: &Round<'_>,
    winners: Vec<Winner>,
    deadline: Instant,
) -> Vec<Winner> {
    let mut kept = Vec::with_capacity(winners.len());
    for ((judged, _), mut winner) in round.settlement.won().zip(winners) {
        if judged.bid.adm().is_none() {
            let values = notices::values(round.plan, judged);
            let url = notices::url(judged.bid.nurl.as_deref(), &values);
            let device = &winner.claims.device;
            let Some(adm) = ask(round, judged, url, device, deadline).await else {
                round.forfeit(judged, FORFEIT);
                continue;
            };
            if !winner.claims.test {
                let exchange = &round.context.exchange;
                exchange
                    .tallies
                    .win_notice(&winner.claims.partner, clock::now());
            }
            let market = &round.in_force.market;
            if let Some(partner) = round.in_force.partners.get(judged.partner) {
                let creative = Creative {
                    markup: Some(&adm),
                    ..Creative::of(&judged.bid)
                };
                let watch = &round.context.watch;
                watch.look(&market.registry, partner, &creative, Instant::now());
            }
            let checked = auction::recheck(round.plan, market, round.conditions, judged, &adm);
            if let Err(loss) = checked {
                round.forfeit(judged, loss.label());
                continue;
            }
            winner.markup = markup::resolve(&adm, winner.medium, &values).into_owned();
        }
        kept.push(winner);
    }
    kept
}

async fn ask(
    round: &Round<'_>,
    judged: &Judged<'_>,
    url: Option<String>,
    device: &Device,
    deadline: Instant,
) -> Option<String> {
    let partner = round.in_force.partners.get(judged.partner)?;
    let Some(target) = partner.may_notify(&url?) else {
        round.refuse(judged, "win");
        return None;
    };
    let request = OutRequest {
        method: Method::GET,
        target: &target,
        headers: headers(device),
        body: Bytes::new(),
    };
    let client = round.context.upstream.of(Some(partner));
    // An auction that used up its time still has a moment for what it has sold.
    let deadline = deadline.max(Instant::now() + Duration::from_millis(100));
    let answer = client.send(request, deadline).await.ok()?;
    let is_markup = answer.status == StatusCode::OK && !answer.body.is_empty();
    is_markup.then(|| String::from_utf8_lossy(&answer.body).into_owned())
}
