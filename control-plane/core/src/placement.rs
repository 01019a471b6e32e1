//! Placements: what is sold, and for how much at least.

use contracts::catalog::{AuctionType, CreativeFormat, Placement, Publisher, Status};
use serde::Serialize;
use units::{CpmMicros, Currency};
use utoipa::ToSchema;

use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;
use crate::web;

/// A placement as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlacementDocument<'a> {
    /// Its id, the `tagid` of its imps.
    pub id: &'a str,
    /// Whose it is.
    pub publisher_id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// `banner`, `video`, `audio`, `native`.
    #[schema(value_type = Vec<String>)]
    pub formats: &'a [CreativeFormat],
    /// Sizes such as `300x250`; the player's for video.
    pub sizes: &'a [String],
    /// Lowest CPM.
    #[serde(with = "units::json::cpm")]
    #[schema(value_type = f64, example = 0.5)]
    pub floor: CpmMicros,
    /// Currency of the floor.
    pub floor_currency: &'a str,
    /// Where second price begins: an open bid from the floor up to here pays what it bids, others at least this.
    #[serde(with = "units::json::cpm_opt", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 1.5)]
    pub soft_floor: Option<CpmMicros>,
    /// `first_price` or `second_price`.
    #[schema(value_type = String)]
    pub auction_type: AuctionType,
    /// Sold by the deals of `/deals` that name it, or name no placement, and by nothing else.
    pub private_auction: bool,
    /// Blocked advertiser domains.
    pub badv: &'a [String],
    /// Blocked categories, taxonomy 1.
    pub bcat: &'a [String],
    /// Blocked creative attributes.
    pub battr: &'a [i32],
    /// What tag.js shows when nobody wins: markup or a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<&'a str>,
    /// Only active ones are sold.
    #[schema(value_type = String)]
    pub status: Status,
}

/// The API's view of a placement.
#[must_use]
pub fn document(placement: &Placement) -> PlacementDocument<'_> {
    PlacementDocument {
        id: placement.id.as_str(),
        publisher_id: placement.publisher.as_str(),
        name: &placement.name,
        formats: &placement.formats,
        sizes: &placement.sizes,
        floor: placement.floor,
        floor_currency: placement.floor_currency.as_str(),
        soft_floor: placement.soft_floor,
        auction_type: placement.auction_type,
        private_auction: placement.private_auction,
        badv: &placement.badv,
        bcat: &placement.bcat,
        battr: &placement.battr,
        fallback: placement.fallback.as_deref(),
        status: placement.status,
    }
}

/// Reads a placement; `publisher` is the one that the body names, if it is known.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(
    mut form: Form,
    publisher: Option<&Publisher>,
    edge: &mut Edge<'_>,
) -> Result<Placement, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("plc"));
    form.require("publisher_id");
    let given: Option<String> = form.take("publisher_id");
    if given.is_some() && given.as_deref() != publisher.map(|publisher| publisher.id.as_str()) {
        form.refuse("publisher_id", "is not a known publisher");
    }
    let formats: Vec<CreativeFormat> = form.take("formats").unwrap_or_default();
    if formats.contains(&CreativeFormat::Responsive) {
        form.refuse("formats", "must be of banner, video, audio and native");
    }
    let formats = if formats.is_empty() {
        vec![CreativeFormat::Banner]
    } else {
        formats
    };
    let sizes = sizes(&mut form);
    let sized = [CreativeFormat::Banner, CreativeFormat::Video];
    if sizes.is_empty() && formats.iter().any(|format| sized.contains(format)) {
        form.refuse("sizes", "is required for banner and video");
    }
    let name = form.text("name").unwrap_or_else(|| id.clone());
    let floor = form.price("floor").unwrap_or_default();
    let auction_type = form.take("auction_type").unwrap_or_default();
    let soft_floor = form.price("soft_floor");
    if soft_floor.is_some_and(|soft| soft <= floor) {
        form.refuse(
            "soft_floor",
            "must be above the floor: under that nothing is sold",
        );
    }
    if soft_floor.is_some() && auction_type != AuctionType::SecondPrice {
        let says =
            "needs the auction_type second_price: at first price every bid pays what it bids";
        form.refuse("soft_floor", says);
    }
    let placement = publisher.map(|publisher| Placement {
        id: id.into(),
        publisher: publisher.id.clone(),
        name,
        formats,
        sizes,
        floor,
        floor_currency: form.take::<Currency>("floor_currency").unwrap_or_default(),
        soft_floor,
        auction_type,
        private_auction: form.take("private_auction").unwrap_or_default(),
        badv: web::domains(&mut form, "badv").unwrap_or_default(),
        bcat: form.take("bcat").unwrap_or_default(),
        battr: form.take("battr").unwrap_or_default(),
        fallback: form.take("fallback"),
        status: form.take("status").unwrap_or_default(),
    });
    form.finish(placement)
}

fn sizes(form: &mut Form) -> Vec<String> {
    let given: Vec<String> = form.take("sizes").unwrap_or_default();
    let mut sizes = Vec::with_capacity(given.len());
    for (index, text) in given.iter().enumerate() {
        match web::size(text) {
            Some(size) => sizes.push(size),
            None => form.refuse_entry("sizes", index, "must be a size such as 300x250"),
        }
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::UnixMillis;

    fn publisher() -> Publisher {
        let text = r#"{"id":"p","name":"P","domain":"p.example","fee":0}"#;
        serde_json::from_str(text).unwrap()
    }

    fn given(form: Form) -> Result<Placement, Vec<String>> {
        let mut uuid = || uuid::Uuid::nil();
        let mut edge = Edge {
            now: UnixMillis(0),
            uuid: &mut uuid,
        };
        let pointers = |faults: Faults| faults.0.into_iter().map(|it| it.pointer).collect();
        read(form, Some(&publisher()), &mut edge).map_err(pointers)
    }

    #[test]
    fn a_soft_floor_lies_above_the_floor_of_a_second_price_auction() {
        const AT: &str = "/soft_floor";
        #[rustfmt::skip]
        let cases = [
            ("none", r#""auction_type":"second_price","floor":1"#, Ok(None)),
            ("above", r#""auction_type":"second_price","floor":1,"soft_floor":1.5"#, Ok(Some("1.5"))),
            ("without a floor", r#""auction_type":"second_price","soft_floor":0.5"#, Ok(Some("0.5"))),
            ("at the floor", r#""auction_type":"second_price","floor":1,"soft_floor":1"#, Err(AT)),
            ("zero", r#""auction_type":"second_price","soft_floor":0"#, Err(AT)),
            ("negative", r#""auction_type":"second_price","soft_floor":-1"#, Err(AT)),
            ("no number", r#""auction_type":"second_price","soft_floor":"x""#, Err(AT)),
            ("at first price", r#""floor":1,"soft_floor":1.5"#, Err(AT)),
        ];
        for (says, members, expect) in cases {
            let body = format!(r#"{{"publisher_id":"p","sizes":["300x250"],{members}}}"#);
            let found = given(Form::read(body.as_bytes()).unwrap());
            match expect {
                Ok(price) => {
                    let price = price.map(|price| CpmMicros::parse(price).unwrap());
                    assert_eq!(found.unwrap().soft_floor, price, "{says}");
                }
                Err(pointer) => assert_eq!(found.unwrap_err(), [pointer], "{says}"),
            }
        }
    }

    #[test]
    fn a_private_auction_is_said_kept_and_taken_back() {
        let body = |members: &str| {
            let body = format!(r#"{{"publisher_id":"p","sizes":["300x250"]{members}}}"#);
            given(Form::read(body.as_bytes()).unwrap())
        };
        assert!(!body("").unwrap().private_auction, "open unless it is said");
        let private = body(r#","private_auction":true"#).unwrap();
        assert!(private.private_auction);
        for (change, expect) in [
            (r#"{"floor":1}"#, Ok(true)),
            (r#"{"private_auction":false}"#, Ok(false)),
            (r#"{"private_auction":1}"#, Err("/private_auction")),
            (r#"{"private_auction":"yes"}"#, Err("/private_auction")),
        ] {
            let form = Form::read(change.as_bytes()).unwrap();
            let after = given(form.over(&document(&private)));
            let after = after.map(|it| it.private_auction);
            let expect = expect.map_err(|pointer: &str| vec![pointer.to_owned()]);
            assert_eq!(after, expect, "{change}");
        }
    }

    #[test]
    fn a_change_keeps_moves_and_removes_a_soft_floor() {
        let body = r#"{"publisher_id":"p","sizes":["300x250"],"auction_type":"second_price","soft_floor":2}"#;
        let before = given(Form::read(body.as_bytes()).unwrap()).unwrap();
        for (change, expect) in [
            (r#"{"floor":1}"#, Some("2")),
            (r#"{"soft_floor":3}"#, Some("3")),
            (r#"{"soft_floor":null}"#, None),
            (r#"{"auction_type":"first_price","soft_floor":null}"#, None),
        ] {
            let form = Form::read(change.as_bytes()).unwrap();
            let after = given(form.over(&document(&before))).unwrap();
            let expect = expect.map(|price| CpmMicros::parse(price).unwrap());
            assert_eq!(after.soft_floor, expect, "{change}");
        }
    }
}
