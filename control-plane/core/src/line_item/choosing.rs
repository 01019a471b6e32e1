//! A line item's part in the choice as it is written: throttles, rotation, experiments.

use std::collections::BTreeMap;

use contracts::catalog::{Arm, Choosing, Experiment, RotateBy, Rotation};
use serde::Serialize;
use units::{CreativeId, Multiplier};
use utoipa::ToSchema;

use crate::form::Form;

/// Most bids of one advertiser that a request can have.
const MOST_PER_REQUEST: u32 = 100;
const MOST_QPS: u32 = 1_000_000;
const MOST_WEIGHT: u32 = 1_000;
const MOST_ARMS: usize = 10;
const MOST_NAME: usize = 64;

/// Options of a line item's part in the choice as the API shows them; what is off is left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChoosingDocument {
    /// How often each creative takes its turn beside the others; 1 where it is not named.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub creative_weights: BTreeMap<String, u32>,
    /// Lets the model decide which creative goes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationDocument>,
    /// Where a bid of it on a deal goes out, its advertiser's open bids stay out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deals_first: bool,
    /// No bid on a further imp of a request once its advertiser bids on so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_per_request: Option<u32>,
    /// Bids per second of one bidder process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_qps: Option<u32>,
    /// The share of opportunities that it looks at.
    #[serde(
        with = "units::json::multiplier_opt",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<f64>, example = 0.25)]
    pub throttle: Option<Multiplier>,
    /// Splits users into arms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<ExperimentDocument>,
}

/// An experiment as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExperimentDocument {
    /// Two experiments with the same salt split alike.
    pub salt: String,
    /// The arms.
    pub arms: Vec<ArmDocument>,
}

/// One arm as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArmDocument {
    /// Its name in bids.
    pub name: String,
    /// Its share of the users.
    #[serde(with = "units::json::multiplier")]
    #[schema(value_type = f64, example = 0.5)]
    pub share: Multiplier,
    /// Its users do not see the line item, or not the named creatives.
    pub holdout: bool,
    /// Which creatives.
    pub creatives: Vec<String>,
}

/// Rotation by the model as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RotationDocument {
    /// What creatives are compared by: `clicks` or `conversions`.
    #[schema(value_type = String, example = "clicks")]
    pub by: RotateBy,
    /// The share of turns that go by the weights alone.
    #[serde(with = "units::json::multiplier")]
    #[schema(value_type = f64, example = 0.1)]
    pub explore: Multiplier,
}

/// The API's view of rotation by the model.
#[must_use]
const fn rotation_document(rotation: Rotation) -> RotationDocument {
    RotationDocument {
        by: rotation.by,
        explore: rotation.explore,
    }
}

/// The API's view of an experiment.
#[must_use]
fn experiment_document(experiment: &Experiment) -> ExperimentDocument {
    let arm = |arm: &Arm| ArmDocument {
        name: arm.name.clone(),
        share: arm.share,
        holdout: arm.holdout,
        creatives: arm.creatives.iter().map(ToString::to_string).collect(),
    };
    ExperimentDocument {
        salt: experiment.salt.clone(),
        arms: experiment.arms.iter().map(arm).collect(),
    }
}

/// The API's view of these options.
#[must_use]
pub(crate) fn document(choosing: &Choosing) -> ChoosingDocument {
    let weights = choosing.creative_weights.iter();
    ChoosingDocument {
        creative_weights: weights.map(|(id, it)| (id.to_string(), *it)).collect(),
        rotation: choosing.rotation.map(rotation_document),
        deals_first: choosing.deals_first,
        max_per_request: choosing.max_per_request,
        max_qps: choosing.max_qps,
        throttle: choosing.throttle,
        experiment: choosing.experiment.as_ref().map(experiment_document),
    }
}

/// Fills in what a new line item that may show `creatives` does not say of these options: as its campaign has
/// them, but for weights and experiments of creatives that it does not show. `null` switches one off.
pub(super) fn inherit(form: Form, campaign: &Choosing, creatives: &[String]) -> Form {
    let shows = |id: &CreativeId| creatives.iter().any(|it| it == id.as_str());
    let mut inherited = campaign.clone();
    inherited.creative_weights.retain(|id, _| shows(id));
    if creatives
        .iter()
        .all(|id| inherited.creative_weights.get(id.as_str()) == Some(&0))
    {
        inherited.creative_weights.clear();
    }
    let named = |experiment: &Experiment| {
        let mut all = experiment.arms.iter().flat_map(|arm| &arm.creatives);
        all.all(shows)
    };
    inherited.experiment = inherited.experiment.filter(named);
    form.over(&document(&inherited))
}

/// Lays over a line item's options those in which an edit changed its campaign's; what the line item says of
/// itself in others stays.
pub(crate) fn follow(before: &Choosing, after: &Choosing, item: &mut Choosing) {
    fn lay<T: Clone + PartialEq>(before: &T, after: &T, own: &mut T) {
        if before != after {
            own.clone_from(after);
        }
    }
    let Choosing {
        deals_first,
        max_per_request,
        max_qps,
        throttle,
        creative_weights,
        rotation,
        experiment,
    } = item;
    lay(&before.deals_first, &after.deals_first, deals_first);
    lay(
        &before.max_per_request,
        &after.max_per_request,
        max_per_request,
    );
    lay(&before.max_qps, &after.max_qps, max_qps);
    lay(&before.throttle, &after.throttle, throttle);
    lay(
        &before.creative_weights,
        &after.creative_weights,
        creative_weights,
    );
    lay(&before.rotation, &after.rotation, rotation);
    lay(&before.experiment, &after.experiment, experiment);
}

/// Takes the options of a line item that may show `creatives`.
pub(crate) fn take(form: &mut Form, creatives: &[String]) -> Choosing {
    Choosing {
        deals_first: form.take("deals_first").unwrap_or_default(),
        max_per_request: count(form, "max_per_request", MOST_PER_REQUEST),
        max_qps: count(form, "max_qps", MOST_QPS),
        throttle: share(form, "throttle"),
        creative_weights: weights(form, creatives),
        rotation: form.object("rotation", rotation),
        experiment: form.object("experiment", |form| experiment(form, creatives)),
    }
}

fn count(form: &mut Form, key: &str, most: u32) -> Option<u32> {
    let count: u32 = form.take(key)?;
    if !(1..=most).contains(&count) {
        form.refuse(key, format!("must be 1 to {most}"));
    }
    Some(count)
}

fn share(form: &mut Form, key: &str) -> Option<Multiplier> {
    let share = form.multiplier(key)?;
    if share.millionths() == 0 || share > Multiplier::ONE {
        form.refuse(key, "must be above 0 and at most 1");
    }
    Some(share)
}

fn weights(form: &mut Form, creatives: &[String]) -> BTreeMap<CreativeId, u32> {
    let weights: BTreeMap<String, u32> = form.take("creative_weights").unwrap_or_default();
    for (id, weight) in &weights {
        if !creatives.contains(id) {
            form.refuse(
                "creative_weights",
                format!("{id} is not one of its creatives"),
            );
        }
        if *weight > MOST_WEIGHT {
            form.refuse(
                "creative_weights",
                format!("{id} must weigh 0 to {MOST_WEIGHT}"),
            );
        }
    }
    if !creatives.is_empty() && creatives.iter().all(|it| weights.get(it) == Some(&0)) {
        form.refuse(
            "creative_weights",
            "at least one creative must weigh more than 0",
        );
    }
    let typed = weights.into_iter().map(|(id, weight)| (id.into(), weight));
    typed.collect()
}

/// Without exploration a creative that starts badly would never be seen again.
fn rotation(form: &mut Form) -> Option<Rotation> {
    form.require("by");
    let by = form.take("by");
    let explore = share(form, "explore");
    let tenth = Multiplier::new(100_000);
    Some(Rotation {
        by: by?,
        explore: explore.or(tenth)?,
    })
}

fn experiment(form: &mut Form, creatives: &[String]) -> Option<Experiment> {
    let salt = form.required_text("salt");
    form.require("arms");
    let arms = form.list("arms", |form| arm(form, creatives));
    let arms = arms.unwrap_or_default();
    if arms.len() > MOST_ARMS {
        form.refuse("arms", format!("must be at most {MOST_ARMS}"));
    }
    let shares: i64 = arms.iter().map(|it| it.share.millionths()).sum();
    if shares > Multiplier::ONE.millionths() {
        form.refuse("arms", "their shares must be at most 1 together");
    }
    for (index, arm) in arms.iter().enumerate() {
        if arms.iter().take(index).any(|it| it.name == arm.name) {
            form.refuse_entry("arms", index, "has the name of an earlier arm");
        }
    }
    Some(Experiment { salt: salt?, arms })
}

fn arm(form: &mut Form, creatives: &[String]) -> Option<Arm> {
    let name = form.required_text("name");
    // It travels in every notice token.
    if name.as_ref().is_some_and(|it| it.len() > MOST_NAME) {
        form.refuse("name", format!("must be at most {MOST_NAME} bytes"));
    }
    form.require("share");
    let share = share(form, "share");
    let shown: Vec<String> = form.take("creatives").unwrap_or_default();
    for (index, id) in shown.iter().enumerate() {
        if !creatives.contains(id) {
            form.refuse_entry("creatives", index, "is not one of its creatives");
        }
    }
    Some(Arm {
        name: name?,
        share: share?,
        holdout: form.take("holdout").unwrap_or_default(),
        creatives: shown.into_iter().map(CreativeId::from).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_choice() {
        let known = ["crt_1".to_owned(), "crt_2".to_owned()];
        let cases: &[(&str, Result<(), &str>)] = &[
            ("{}", Ok(())),
            (
                r#"{"deals_first":true,"max_per_request":1,"max_qps":50,"throttle":0.25}"#,
                Ok(()),
            ),
            (r#"{"max_per_request":0}"#, Err("/max_per_request")),
            (r#"{"max_qps":0}"#, Err("/max_qps")),
            (r#"{"throttle":0}"#, Err("/throttle")),
            (r#"{"throttle":1.01}"#, Err("/throttle")),
            (r#"{"creative_weights":{"crt_1":3,"crt_2":0}}"#, Ok(())),
            (
                r#"{"creative_weights":{"crt_1":0,"crt_2":0}}"#,
                Err("/creative_weights"),
            ),
            (
                r#"{"creative_weights":{"crt_9":1}}"#,
                Err("/creative_weights"),
            ),
            (r#"{"rotation":{"by":"clicks"}}"#, Ok(())),
            (
                r#"{"rotation":{"by":"conversions","explore":0.05}}"#,
                Ok(()),
            ),
            (r#"{"rotation":{"explore":0.05}}"#, Err("/rotation/by")),
            (r#"{"rotation":{"by":"luck"}}"#, Err("/rotation/by")),
            (
                r#"{"rotation":{"by":"clicks","explore":0}}"#,
                Err("/rotation/explore"),
            ),
            (
                r#"{"experiment":{"salt":"s","arms":[{"name":"control","share":0.5,"holdout":true},{"name":"b","share":0.5,"creatives":["crt_2"]}]}}"#,
                Ok(()),
            ),
            (
                r#"{"experiment":{"arms":[{"name":"a","share":1}]}}"#,
                Err("/experiment/salt"),
            ),
            (r#"{"experiment":{"salt":"s"}}"#, Err("/experiment/arms")),
            (
                r#"{"experiment":{"salt":"s","arms":[{"name":"a","share":0.6},{"name":"b","share":0.5}]}}"#,
                Err("/experiment/arms"),
            ),
            (
                r#"{"experiment":{"salt":"s","arms":[{"name":"a","share":0.5},{"name":"a","share":0.5}]}}"#,
                Err("/experiment/arms/1"),
            ),
            (
                r#"{"experiment":{"salt":"s","arms":[{"name":"a","share":1,"creatives":["crt_1","crt_9"]}]}}"#,
                Err("/experiment/arms/0/creatives/1"),
            ),
            (
                r#"{"experiment":{"salt":"s","arms":[{"name":"a","share":1,"colour":"red"}]}}"#,
                Err("/experiment/arms/0/colour"),
            ),
        ];
        for (body, want) in cases {
            let mut form = Form::read(body.as_bytes()).unwrap();
            let read = take(&mut form, &known);
            match (form.finish(Some(read)), want) {
                (Ok(read), Ok(())) => {
                    // What the catalog carries is read back by a bidder.
                    let json = serde_json::to_string(&read).unwrap();
                    assert_eq!(serde_json::from_str::<Choosing>(&json).unwrap(), read);
                }
                (Err(faults), Err(at)) => assert_eq!(faults.0[0].pointer, *at, "{body}"),
                (got, _) => panic!("{body}: {got:?}"),
            }
        }
    }
}
