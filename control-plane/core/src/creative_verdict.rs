//! The creative registry: what the exchange's review says of creatives of DSPs.

use contracts::catalog::{CreativeName, CreativeVerdict, DemandPartner, MarkupHash, Verdict};
use contracts::sighting::{MOST_CRID, MOST_SAMPLE, Sighting};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;

/// A line of the registry with the id under which it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryLine {
    /// Its id.
    pub id: String,
    /// The line, as the catalog has it.
    #[serde(flatten)]
    pub verdict: CreativeVerdict,
}

/// A line as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreativeVerdictDocument<'a> {
    /// Its id.
    pub id: &'a str,
    /// The demand partner whose creative it is.
    pub partner_id: &'a str,
    /// The creative's `crid` there; absent where its bids say none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crid: Option<&'a str>,
    /// Its `adid`, where they say no `crid`; without either it is told by `markup_hash` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adid: Option<&'a str>,
    /// SHA-256 of the markup that was reviewed, or of the picture and advertiser that stand in for it, without the
    /// queries of URLs; absent: whatever comes under this `crid` or `adid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub markup_hash: Option<MarkupHash>,
    /// `pending`, `approved` or `blocked`.
    #[schema(value_type = String, example = "blocked")]
    pub verdict: Verdict,
}

/// The API's view of a line.
#[must_use]
pub fn document(line: &RegistryLine) -> CreativeVerdictDocument<'_> {
    let of = &line.verdict;
    CreativeVerdictDocument {
        id: &line.id,
        partner_id: of.partner.as_str(),
        crid: Some(&*of.crid).filter(|crid| !crid.is_empty()),
        adid: of.adid.as_deref(),
        markup_hash: of.markup,
        verdict: of.verdict,
    }
}

/// A line for a creative that an exchange saw in a bid: it waits for its verdict. `None` for what no call could
/// name.
#[must_use]
pub fn seen(sighting: Sighting, edge: &mut Edge<'_>) -> Option<(RegistryLine, String)> {
    let Sighting {
        partner,
        crid,
        adid,
        markup,
        mut sample,
    } = sighting;
    match CreativeName::of(Some(&crid), adid.as_deref()).text() {
        // Postgres keeps no NUL in texts.
        Some(name) if name.len() > MOST_CRID || name.contains('\0') => return None,
        None if markup.is_none() => return None,
        Some(_) | None => {}
    }
    let adid = adid.filter(|adid| crid.is_empty() && !adid.is_empty());
    sample.truncate(sample.floor_char_boundary(MOST_SAMPLE));
    let line = RegistryLine {
        id: edge.id("cvd"),
        verdict: CreativeVerdict {
            partner,
            crid,
            adid,
            markup,
            verdict: Verdict::Pending,
        },
    };
    Some((line, sample.replace('\0', "\u{fffd}")))
}

/// Reads a line; `partner` is the demand partner that the body names, if it is known. What was reviewed is told as
/// `markup_hash`, or as the `markup` itself or as the `preview` that stands in for it, of which the hash is kept.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(
    mut form: Form,
    partner: Option<&DemandPartner>,
    edge: &mut Edge<'_>,
) -> Result<RegistryLine, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("cvd"));
    form.require("partner_id");
    let given: Option<String> = form.take("partner_id");
    if given.is_some() && given.as_deref() != partner.map(|partner| partner.id.as_str()) {
        form.refuse("partner_id", "is not a known demand partner");
    }
    let is_told = ["crid", "adid", "markup", "preview", "markup_hash"];
    if !is_told.iter().any(|key| form.has(key)) {
        let says = "is required, or adid, or what a creative without either shows: markup, preview or markup_hash";
        form.refuse("crid", says);
    }
    if form.has("crid") && form.has("adid") {
        form.refuse("adid", "names a creative only where its bids say no crid");
    }
    let crid = form.text("crid");
    let adid = form.text("adid");
    let markup: Option<String> = form.take("markup");
    let preview = form.object("preview", preview);
    let hash: Option<MarkupHash> = form.take("markup_hash");
    let shown = markup.as_deref().map(MarkupHash::of).or(preview).or(hash);
    form.require("verdict");
    let verdict: Option<Verdict> = form.take("verdict");
    let line = partner.zip(verdict).map(|(partner, verdict)| RegistryLine {
        id,
        verdict: CreativeVerdict {
            partner: partner.id.clone(),
            crid: crid.unwrap_or_default(),
            adid,
            markup: shown,
            verdict,
        },
    });
    form.finish(line)
}

/// The name of a creative whose markup comes with the win notice: by `iurl` and `adomain` of its bids.
fn preview(form: &mut Form) -> Option<MarkupHash> {
    let iurl = form.required_text("iurl");
    let adomain: Vec<String> = form.take("adomain").unwrap_or_default();
    let adomain = adomain.iter().map(String::as_str);
    Some(MarkupHash::of_preview(&iurl?, adomain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::UnixMillis;

    fn given(body: &str) -> Result<RegistryLine, Vec<String>> {
        let mut uuid = || uuid::Uuid::nil();
        let mut edge = Edge {
            now: UnixMillis(0),
            uuid: &mut uuid,
        };
        let partner = r#"{"id":"dsp","name":"d","endpoint":"self:bidder","active":true}"#;
        let partner: DemandPartner = serde_json::from_str(partner).unwrap();
        let pointers = |faults: Faults| faults.0.into_iter().map(|it| it.pointer).collect();
        let form = Form::read(body.as_bytes()).unwrap();
        let named = form.peek::<String>("partner_id").as_deref() == Some("dsp");
        read(form, named.then_some(&partner), &mut edge).map_err(pointers)
    }

    #[test]
    fn a_line_names_a_creative_and_what_is_said_of_it() {
        let line = given(r#"{"partner_id":"dsp","crid":"c","verdict":"approved"}"#).unwrap();
        assert_eq!(line.verdict.markup, None);
        assert_eq!(line.verdict.verdict, Verdict::Approved);
        let hash = MarkupHash::of("<b>x</b>");
        for body in [
            r#"{"partner_id":"dsp","crid":"c","verdict":"blocked","markup":"<b>x</b>"}"#.to_owned(),
            format!(
                r#"{{"partner_id":"dsp","crid":"c","verdict":"blocked","markup_hash":"{hash}"}}"#
            ),
        ] {
            let line = given(&body).unwrap();
            assert_eq!(line.verdict.markup, Some(hash), "{body}");
            let kept = serde_json::to_string(&line).unwrap();
            let read: RegistryLine = serde_json::from_str(&kept).unwrap();
            assert_eq!(read, line, "as it is stored");
            let published: CreativeVerdict = serde_json::from_str(&kept).unwrap();
            assert_eq!(published, line.verdict, "as the catalog has it");
        }
        assert_eq!(
            given("{}").unwrap_err(),
            ["/partner_id", "/crid", "/verdict"]
        );
        let other = r#"{"partner_id":"rival","crid":"c","verdict":"blocked"}"#;
        assert_eq!(given(other).unwrap_err(), ["/partner_id"], "not known");
        let odd = r#"{"partner_id":"dsp","crid":"c","verdict":"fine","markup_hash":"0"}"#;
        assert_eq!(given(odd).unwrap_err(), ["/markup_hash", "/verdict"]);
    }

    #[test]
    fn a_creative_without_crid_is_named_by_what_else_there_is() {
        let (markup, picture) = (
            MarkupHash::of("<b>"),
            MarkupHash::of_preview("https://p.example/1.png", ["shop.example"]),
        );
        #[rustfmt::skip]
        let cases = [
            ("adid", r#""adid":"7""#, Ok(("", Some("7"), None))),
            ("adid and markup", r#""adid":"7","markup":"<b>""#, Ok(("", Some("7"), Some(markup)))),
            ("markup alone", r#""markup":"<b>""#, Ok(("", None, Some(markup)))),
            ("picture and advertiser", r#""preview":{"iurl":"https://p.example/1.png","adomain":["shop.example"]}"#, Ok(("", None, Some(picture)))),
            ("of a crid", r#""crid":"c","preview":{"iurl":"https://p.example/1.png","adomain":["shop.example"]}"#, Ok(("c", None, Some(picture)))),
            ("markup goes before the picture", r#""crid":"c","markup":"<b>","preview":{"iurl":"x"}"#, Ok(("c", None, Some(markup)))),
            ("nothing", r#""crid":null"#, Err("/crid")),
            ("an empty crid", r#""crid":" ""#, Err("/crid")),
            ("both names", r#""crid":"c","adid":"7""#, Err("/adid")),
            ("no picture", r#""preview":{"adomain":["shop.example"]}"#, Err("/preview/iurl")),
            ("more than that", r#""preview":{"iurl":"x","w":1}"#, Err("/preview/w")),
        ];
        for (says, members, expect) in cases {
            let body = format!(r#"{{"partner_id":"dsp","verdict":"blocked",{members}}}"#);
            match (given(&body), expect) {
                (Ok(line), Ok((crid, adid, markup))) => {
                    let of = &line.verdict;
                    assert_eq!(
                        (&*of.crid, of.adid.as_deref(), of.markup),
                        (crid, adid, markup),
                        "{says}"
                    );
                    // A change of the verdict alone keeps the rest.
                    let shown = serde_json::to_string(&document(&line)).unwrap();
                    let again = given(&shown).unwrap();
                    assert_eq!(again.verdict, line.verdict, "{says}");
                }
                (Err(found), Err(pointer)) => assert_eq!(found, [pointer], "{says}"),
                (found, _) => panic!("{says}: {found:?}"),
            }
        }
    }

    #[test]
    fn what_was_seen_waits_for_its_verdict() {
        let nameless = |adid: Option<&str>, markup| {
            let mut uuid = || uuid::Uuid::nil();
            let mut edge = Edge {
                now: UnixMillis(0),
                uuid: &mut uuid,
            };
            let sighting = Sighting {
                partner: "dsp".into(),
                crid: String::new(),
                adid: adid.map(str::to_owned),
                markup,
                sample: String::new(),
            };
            super::seen(sighting, &mut edge).map(|(line, _)| line.verdict)
        };
        let markup = Some(MarkupHash::of("<b>"));
        let found = nameless(Some("7"), None).unwrap();
        assert_eq!((found.adid.as_deref(), found.markup), (Some("7"), None));
        let found = nameless(Some(""), markup).unwrap();
        assert_eq!((found.adid, found.markup), (None, markup));
        assert_eq!(nameless(None, None), None, "nothing that a call could name");
        let seen = |crid: &str, sample: &str| {
            let mut uuid = || uuid::Uuid::nil();
            let mut edge = Edge {
                now: UnixMillis(0),
                uuid: &mut uuid,
            };
            let sighting = Sighting {
                partner: "dsp".into(),
                crid: crid.to_owned(),
                adid: None,
                markup: Some(MarkupHash::of("<b>")),
                sample: sample.to_owned(),
            };
            super::seen(sighting, &mut edge)
        };
        let (line, sample) = seen("c", "a\0b").unwrap();
        assert_eq!(line.verdict.verdict, Verdict::Pending);
        assert_eq!(line.verdict.markup, Some(MarkupHash::of("<b>")));
        assert_eq!(sample, "a\u{fffd}b");
        let long = "é".repeat(MOST_SAMPLE);
        assert!(seen("c", &long).unwrap().1.len() <= MOST_SAMPLE);
        for crid in ["a\0b", &"c".repeat(MOST_CRID + 1)] {
            assert_eq!(seen(crid, "x"), None, "{crid:?}");
        }
    }
}
