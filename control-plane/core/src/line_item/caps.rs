//! Frequency caps as they are written: a scope, a count and a window such as `1d`.

use contracts::catalog::{CapScope, CapWindow, FrequencyCap};
use serde::Serialize;
use utoipa::ToSchema;

use crate::form::Form;

/// Longest window in seconds: stamps are kept for thirty days.
const LONGEST_WINDOW: u32 = 30 * 86_400;
/// Most impressions that a cap may count: each is a stamp in the user's hash.
const MOST: u32 = 1_000;
/// Windows a scope may have (money.md).
const WINDOWS_PER_SCOPE: usize = 3;

/// A cap as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CapDocument {
    /// `creative`, `line_item`, `campaign` or `advertiser`.
    #[schema(value_type = String)]
    pub scope: CapScope,
    /// At most so many impressions per user.
    pub count: u32,
    /// Within which time: `30m`, `12h`, `1d` (sliding), or `calendar_day`.
    #[schema(example = "1d")]
    pub window: String,
}

/// The API's view of caps.
#[must_use]
pub fn documents(caps: &[FrequencyCap]) -> Vec<CapDocument> {
    let document = |cap: &FrequencyCap| CapDocument {
        scope: cap.scope,
        count: cap.count,
        window: written(cap.window),
    };
    caps.iter().map(document).collect()
}

/// Takes `frequency_caps`; sets that contradict themselves are refused at their place.
pub(super) fn take(form: &mut Form) -> Vec<FrequencyCap> {
    let caps = form.list("frequency_caps", |cap| {
        cap.require("scope");
        cap.require("count");
        cap.require("window");
        let scope = cap.take("scope");
        let count: Option<u32> = cap.take("count");
        if count.is_some_and(|count| !(1..=MOST).contains(&count)) {
            cap.refuse("count", format!("must be 1 to {MOST}"));
        }
        let text = cap.text("window");
        let window = text.as_deref().and_then(read_window);
        if text.is_some() && window.is_none() {
            cap.refuse(
                "window",
                "must be calendar_day, or a time up to 30d such as 30m, 12h or 1d",
            );
        }
        let ((scope, count), window) = scope.zip(count).zip(window)?;
        Some(FrequencyCap {
            scope,
            count,
            window,
        })
    });
    let caps = caps.unwrap_or_default();
    refuse_contradictions(form, &caps);
    caps
}

fn refuse_contradictions(form: &mut Form, caps: &[FrequencyCap]) {
    for (index, cap) in caps.iter().enumerate() {
        let mut refuse = |says: &str| form.refuse_entry("frequency_caps", index, says);
        let earlier = caps
            .iter()
            .take(index)
            .filter(|other| other.scope == cap.scope);
        if earlier.clone().count() >= WINDOWS_PER_SCOPE {
            refuse(&format!(
                "a scope may have at most {WINDOWS_PER_SCOPE} windows"
            ));
        }
        for other in earlier {
            let (CapWindow::SlidingSeconds(one), CapWindow::SlidingSeconds(two)) =
                (other.window, cap.window)
            else {
                if other.window == cap.window {
                    refuse("repeats the window of an earlier cap");
                }
                continue;
            };
            // A longer window that allows no more than a shorter one leaves the shorter without effect.
            let (longer, shorter) = if one > two {
                (other, cap)
            } else {
                (cap, other)
            };
            if one == two || longer.count < shorter.count {
                refuse("contradicts an earlier cap of the same scope");
            }
        }
    }
}

fn read_window(text: &str) -> Option<CapWindow> {
    if text == "calendar_day" {
        return Some(CapWindow::CalendarDay);
    }
    let (unit_at, unit) = text.char_indices().next_back()?;
    let seconds_each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let count: u32 = text.get(..unit_at)?.parse().ok()?;
    let seconds = count.checked_mul(seconds_each)?;
    (1..=LONGEST_WINDOW)
        .contains(&seconds)
        .then_some(CapWindow::SlidingSeconds(seconds))
}

fn written(window: CapWindow) -> String {
    match window {
        CapWindow::CalendarDay => "calendar_day".to_owned(),
        CapWindow::SlidingSeconds(s) if s % 86_400 == 0 => format!("{}d", s / 86_400),
        CapWindow::SlidingSeconds(s) if s % 3_600 == 0 => format!("{}h", s / 3_600),
        CapWindow::SlidingSeconds(s) if s % 60 == 0 => format!("{}m", s / 60),
        CapWindow::SlidingSeconds(s) => format!("{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_as_they_are_written() {
        let cases: &[(&str, &str, Result<&str, &str>)] = &[
            (
                "interfaces.md",
                r#"[{"scope":"campaign","count":3,"window":"1d"}]"#,
                Ok("1d"),
            ),
            (
                "calendar day",
                r#"[{"scope":"creative","count":1,"window":"calendar_day"}]"#,
                Ok("calendar_day"),
            ),
            (
                "same length, other unit",
                r#"[{"scope":"campaign","count":3,"window":"24h"}]"#,
                Ok("1d"),
            ),
            (
                "unsatisfiable",
                r#"[{"scope":"campaign","count":0,"window":"1d"}]"#,
                Err("/frequency_caps/0/count"),
            ),
            (
                "no window",
                r#"[{"scope":"campaign","count":1}]"#,
                Err("/frequency_caps/0/window"),
            ),
            (
                "no unit",
                r#"[{"scope":"campaign","count":1,"window":"10"}]"#,
                Err("/frequency_caps/0/window"),
            ),
            (
                "beyond what is kept",
                r#"[{"scope":"campaign","count":1,"window":"31d"}]"#,
                Err("/frequency_caps/0/window"),
            ),
            (
                "unknown scope",
                r#"[{"scope":"user","count":1,"window":"1d"}]"#,
                Err("/frequency_caps/0/scope"),
            ),
            (
                "repeated",
                r#"[{"scope":"campaign","count":1,"window":"1d"},{"scope":"campaign","count":2,"window":"24h"}]"#,
                Err("/frequency_caps/1"),
            ),
            (
                "contradictory",
                r#"[{"scope":"campaign","count":5,"window":"1d"},{"scope":"campaign","count":2,"window":"7d"}]"#,
                Err("/frequency_caps/1"),
            ),
        ];
        for (id, caps, want) in cases {
            let body = format!(r#"{{"frequency_caps":{caps}}}"#);
            let mut form = Form::read(body.as_bytes()).unwrap();
            let read = take(&mut form);
            match (form.finish(Some(documents(&read))), want) {
                (Ok(shown), Ok(window)) => assert_eq!(shown[0].window, *window, "{id}"),
                (Err(faults), Err(at)) => assert_eq!(faults.0[0].pointer, *at, "{id}"),
                (got, _) => panic!("{id}: {got:?}"),
            }
        }
    }
}
