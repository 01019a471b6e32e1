//! What a creative says beyond its markup: who measures it, what stands beside it, where alone it may be shown;
//! and what a review makes of it.

use contracts::catalog::{Creative, Demands, Review};

use crate::fault::{Fault, Faults};
use crate::form::Form;
use crate::web;

/// Most companions; a player shows one.
const MOST_COMPANIONS: usize = 10;

pub(super) fn demands_nothing(demands: &&Demands) -> bool {
    **demands == Demands::default()
}

/// Notes what cannot be meant.
pub(super) fn check(form: &mut Form, creative: &Creative) {
    if creative.linearity.is_some_and(|it| !matches!(it, 1 | 2)) {
        form.refuse("linearity", "must be 1 (linear) or 2 (not linear)");
    }
    if creative.bitrate == Some(0) {
        form.refuse("bitrate", "must be more than 0 kbit/s");
    }
    if let Some(verification) = &creative.verification {
        if verification.vendor.trim().is_empty() {
            form.refuse("verification/vendor", "must not be empty");
        }
        if !web::is_web_url(&verification.script) {
            form.refuse(
                "verification/script",
                "must be an absolute http or https URL",
            );
        }
    }
    if creative.companions.len() > MOST_COMPANIONS {
        form.refuse("companions", format!("must be at most {MOST_COMPANIONS}"));
    }
    for (index, companion) in creative.companions.iter().enumerate() {
        if companion.width == 0 || companion.height == 0 || !web::is_web_url(&companion.url) {
            form.refuse_entry(
                "companions",
                index,
                "needs an http or https url, a width and a height",
            );
        }
    }
    let demands = &creative.demands;
    if demands.companion && creative.companions.is_empty() {
        form.refuse("demands/companion", "needs companions");
    }
    if demands.slot_in_pod.is_some_and(|it| !matches!(it, 1 | -1)) {
        form.refuse("demands/slot_in_pod", "must be 1 (first) or -1 (last)");
    }
    if demands.start_delays.iter().any(|it| !matches!(it, -2..=0)) {
        form.refuse(
            "demands/start_delays",
            "must be of 0 (pre), -1 (mid) and -2 (post)",
        );
    }
}

/// Takes a verdict: `{"review": "approved"}`, with `source` that of an exchange which reviews by itself.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn reviewed(mut form: Form, before: &Creative) -> Result<Creative, Faults> {
    form.require("review");
    let verdict: Option<Review> = form.take("review");
    let source = form.text("source");
    let after = verdict.map(|verdict| {
        let mut after = before.clone();
        match source {
            Some(source) => {
                after.approvals.insert(source, verdict);
            }
            None => after.review = verdict,
        }
        after
    });
    form.finish(after)
}

/// Refuses a verdict that stands among other changes: it is given by a call of its own, which the audit names.
///
/// # Errors
/// The [`Fault`] at the field.
pub fn without_verdict(form: &Form) -> Result<(), Fault> {
    for key in ["review", "approvals"] {
        if form.has(key) {
            return Err(Fault::meaning(
                format!("/{key}"),
                "is set by POST /creatives/{id}/review",
            ));
        }
    }
    Ok(())
}

/// Sets the review back where what is shown has changed: a verdict is about what was seen.
pub fn review_again(before: &Creative, after: &mut Creative, first: Review) {
    let mut same = before.clone();
    (same.status, same.review) = (after.status, after.review);
    same.approvals.clone_from(&after.approvals);
    if same == *after {
        return;
    }
    after.review = first;
    after
        .approvals
        .values_mut()
        .for_each(|it| *it = Review::Pending);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn creative() -> Creative {
        serde_json::from_str(
            r#"{"id":"c","advertiser":"a","format":"responsive","title":"t","landing_page":"https://a.example/","adomain":[]}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_verdict_is_ours_or_an_exchanges() {
        let given = |body: &str| reviewed(Form::read(body.as_bytes()).unwrap(), &creative());
        let ours = given(r#"{"review":"rejected"}"#).unwrap();
        assert_eq!((ours.review, ours.approvals.len()), (Review::Rejected, 0));
        let theirs = given(r#"{"review":"approved","source":"ssp-one"}"#).unwrap();
        assert_eq!(theirs.approvals.get("ssp-one"), Some(&Review::Approved));
        assert_eq!(theirs.review, creative().review);
        for (body, pointer) in [
            ("{}", "/review"),
            (r#"{"review":"fine"}"#, "/review"),
            (r#"{"review":"approved","markup":"x"}"#, "/markup"),
        ] {
            assert_eq!(given(body).unwrap_err().0[0].pointer, pointer, "{body}");
        }
    }

    #[test]
    fn what_was_changed_is_reviewed_again() {
        let mut before = creative();
        before.approvals.insert("ssp-one".into(), Review::Approved);
        let mut paused = before.clone();
        paused.status = contracts::catalog::Status::Paused;
        review_again(&before, &mut paused, Review::Pending);
        assert_eq!(paused.review, Review::Approved, "nothing that is shown");
        let mut other = before.clone();
        other.title = Some("other".into());
        review_again(&before, &mut other, Review::Pending);
        assert_eq!(other.review, Review::Pending);
        assert_eq!(other.approvals.get("ssp-one"), Some(&Review::Pending));
    }
}
