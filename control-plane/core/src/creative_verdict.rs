//! The creative registry: what the exchange's review says of creatives of DSPs.

use contracts::catalog::{CreativeVerdict, MarkupHash, Verdict};
use serde::{Deserialize, Serialize};
use units::PartnerId;
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

/// Reads a line. What was reviewed is told as `markup_hash`, or as the `markup` itself, of which the hash is kept.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(mut form: Form, edge: &mut Edge<'_>) -> Result<RegistryLine, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("cvd"));
    form.require("partner_id");
    let partner = form.id("partner_id");
    let crid = form.required_text("crid");
    let markup: Option<String> = form.take("markup");
    let hash: Option<MarkupHash> = form.take("markup_hash");
    form.require("verdict");
    let verdict: Option<Verdict> = form.take("verdict");
    let line = partner.zip(crid).zip(verdict);
    let line = line.map(|((partner, crid), verdict)| RegistryLine {
        id,
        verdict: CreativeVerdict {
            partner: PartnerId::from(partner),
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
        let pointers = |faults: Faults| faults.0.into_iter().map(|it| it.pointer).collect();
        read(Form::read(body.as_bytes()).unwrap(), &mut edge).map_err(pointers)
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
        let odd = r#"{"partner_id":"dsp","crid":"c","verdict":"fine","markup_hash":"0"}"#;
        assert_eq!(given(odd).unwrap_err(), ["/markup_hash", "/verdict"]);
    }
}
