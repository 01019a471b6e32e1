//! How late impressions usually are.

use exchange_core::delay::UsualDelays;
use serde::{Deserialize, Serialize};
use service::config::Millis;
use units::DurationMillis;

/// How late impressions are whose imps do not say; `config.default.toml` says what each key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct ExpectedDelay {
    pub web: Millis,
    pub app: Millis,
    pub app_native: Millis,
    pub video: Millis,
    pub interstitial: Millis,
    pub stitched: Millis,
}

impl ExpectedDelay {
    /// Whatever a bid says is long enough.
    pub(crate) const NONE: Self = Self {
        web: Millis::new(0),
        app: Millis::new(0),
        app_native: Millis::new(0),
        video: Millis::new(0),
        interstitial: Millis::new(0),
        stitched: Millis::new(0),
    };

    /// The same as screening reads it.
    #[must_use]
    pub fn usual(self) -> UsualDelays {
        let told =
            |delay: Millis| DurationMillis(i64::try_from(delay.0.as_millis()).unwrap_or(i64::MAX));
        UsualDelays {
            web: told(self.web),
            app: told(self.app),
            app_native: told(self.app_native),
            video: told(self.video),
            interstitial: told(self.interstitial),
            stitched: told(self.stitched),
        }
    }
}
