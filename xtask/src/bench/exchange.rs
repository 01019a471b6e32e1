//! P10: the exchange with five DSPs, against bare hyper.

use anyhow::Result;
use serde_json::json;

use super::bidder::ratio_row;
use super::figures::Must;
use super::measure::{Load, against_hyper};
use super::plan::Plan;
use super::process::{Connection, Process};
use super::stage::{CONTROL_PLANE, EXCHANGE, PARTNERS, Stage};
use super::table::Row;

const DSPS: u16 = 5;

/// P10.
pub(super) fn auctions(stage: &mut Stage, plan: &Plan) -> Result<Row> {
    eprintln!("       Bench P10");
    let mut api = Connection::open(CONTROL_PLANE)?;
    let mut partners: Vec<Process> = Vec::new();
    for number in 0..DSPS {
        partners.push(stage.partner(number)?);
        let port = PARTNERS + number;
        let partner = json!({"name": format!("bench-{port}"), "endpoint": format!("http://127.0.0.1:{port}/bid"), "active": true});
        api.ask("POST", "/demand-partners", &partner)?;
    }
    let exchange = stage.exchange()?;
    let url = format!("http://127.0.0.1:{EXCHANGE}/openrtb2/auction");
    let load = Load {
        options: vec!["--connections=8".into()],
        warm_up: plan.seconds,
    };
    let rounds = against_hyper(stage, plan, &exchange, &url, &load)?;
    drop(exchange);
    let what = "exchange with 5 scripted DSPs, auctions per core ÷ H: read, a body planned and spliced for each DSP, five HTTP calls, every bid screened, clearing, answer with signed notices, record; win and loss notices off the path".to_owned();
    let must = (Must::AtLeast(0.08), "0.08 (0.13)");
    Ok(ratio_row("P10", what, must, &rounds))
}
