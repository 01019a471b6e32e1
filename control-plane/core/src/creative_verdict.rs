//! The creative registry: what the exchange's review says of creatives of DSPs.

use contracts::catalog::{CreativeVerdict, DemandPartner, MarkupHash, Verdict};
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
    /// The creative's `crid` there.
    pub crid: &'a str,
    /// SHA-256 of the markup that was reviewed, without the queries of its URLs; absent: whatever comes under this
    /// `crid`.
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
        crid: &of.crid,
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
        markup,
        mut sample,
    } = sighting;
    // Postgres keeps no NUL in texts.
    if crid.is_empty() || crid.len() > MOST_CRID || crid.contains('\0') {
        return None;
    }
    sample.truncate(sample.floor_char_boundary(MOST_SAMPLE));
    let line = RegistryLine {
        id: edge.id("cvd"),
        verdict: CreativeVerdict {
            partner,
            crid,
            markup: Some(markup),
            verdict: Verdict::Pending,
        },
    };
    Some((line, sample.replace('\0', "\u{fffd}")))
}

/// Reads a line; `partner` is the demand partner that the body names, if it is known. What was reviewed is told as `markup_hash`, or as the `markup` itself, of which the hash is kept.
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
    let crid = form.required_text("crid");
    let markup: Option<String> = form.take("markup");
    let hash: Option<MarkupHash> = form.take("markup_hash");
    form.require("verdict");
    let verdict: Option<Verdict> = form.take("verdict");
    let line = partner.zip(crid).zip(verdict);
    let line = line.map(|((partner, crid), verdict)| RegistryLine {
        id,
        verdict: CreativeVerdict {
            partner: partner.id.clone(),
            crid,
            markup: markup.as_deref().map(MarkupHash::of).or(hash),
            verdict,
        },
    });
    form.finish(line)
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
    fn what_was_seen_waits_for_its_verdict() {
        let seen = |crid: &str, sample: &str| {
            let mut uuid = || uuid::Uuid::nil();
            let mut edge = Edge {
                now: UnixMillis(0),
                uuid: &mut uuid,
            };
            let sighting = Sighting {
                partner: "dsp".into(),
                crid: crid.to_owned(),
                markup: MarkupHash::of("<b>"),
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
        for crid in ["", "a\0b", &"c".repeat(MOST_CRID + 1)] {
            assert_eq!(seen(crid, "x"), None, "{crid:?}");
        }
    }
}
