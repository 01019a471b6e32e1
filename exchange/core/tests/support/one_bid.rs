//! One imp, one bid, and what becomes of it.

use exchange_core::Conditions;
use exchange_core::registry::Registry;
use exchange_core::screening::Policy;

use super::{fates, intake, market, partner, planned, settled_under};

/// One request, one bid, and what becomes of it.
pub(crate) struct Case {
    pub(crate) item: &'static str,
    /// Members of the request beside id and imp.
    pub(crate) request: &'static str,
    /// Members of the only imp beside its id.
    pub(crate) imp: &'static str,
    /// Members of the only bid beside id, impid and price 5.
    pub(crate) bid: &'static str,
    /// `won`, or the code of the loss.
    pub(crate) expect: &'static str,
}

pub(crate) const BANNER: &str = r#""banner":{"w":300,"h":250}"#;
pub(crate) const VIDEO: &str = r#""video":{"mimes":["video/mp4"],"minduration":5,"maxduration":30,"protocols":[2,3],"battr":[13]}"#;
pub(crate) const VAST: &str = r#""adm":"<VAST version=\"3.0\"><Ad><InLine><Duration>00:00:15</Duration></InLine></Ad></VAST>""#;

pub(crate) fn outcome(case: &Case, policy: &Policy) -> String {
    outcome_under(case, policy, &Conditions::default(), &Registry::default())
}

/// The same by the seller's own conditions and what is known of creatives.
pub(crate) fn outcome_under(
    case: &Case,
    policy: &Policy,
    conditions: &Conditions<'_>,
    registry: &Registry,
) -> String {
    let request = format!(
        r#"{{"id":"r","at":1{}{},"imp":[{{"id":"1",{}}}]}}"#,
        if case.request.is_empty() { "" } else { "," },
        case.request,
        case.imp
    );
    let adm = if case.bid.contains("\"adm\"") {
        ""
    } else {
        r#""adm":"<b>x</b>","#
    };
    let size = if case.bid.contains("\"w\"") || case.bid.contains("ratio") {
        ""
    } else {
        r#""w":300,"h":250,"#
    };
    let response = format!(
        r#"{{"id":"r","seatbid":[{{"seat":"s1","bid":[{{"id":"b",{adm}{size}"impid":"1","price":5{}{}}}]}}]}}"#,
        if case.bid.is_empty() { "" } else { "," },
        case.bid
    );
    let intake = intake(&request);
    let mut market = market(&[partner("alpha")]);
    market.policy = *policy;
    market.registry = registry.clone();
    let plan = planned(&intake, &market, 1);
    let settlement = settled_under(&plan, &market, conditions, &[(0, &response)]);
    let fate = fates(&settlement).remove(0).1;
    if fate.starts_with("won") {
        "won".to_owned()
    } else {
        fate
    }
}
