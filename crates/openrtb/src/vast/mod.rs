//! VAST: what a document says about itself, trackers put into it, and documents of our own
//! (IAB Tech Lab, "Digital Video Ad Serving Template" 2.0 to 4.3; DAAST 1.0 is read as well).
//!
//! Markup of strangers is often not well formed, so it is scanned and never parsed into a tree;
//! what we write is written by a library.
//!
//! ```
//! use openrtb::vast::{Trackers, Vast};
//! let markup = r#"<VAST version="3.0"><Ad><Wrapper><VASTAdTagURI>https://a.example/v</VASTAdTagURI></Wrapper></Ad></VAST>"#;
//! let vast = Vast::read(markup).expect("VAST");
//! assert_eq!(vast.ads[0].tag.as_deref(), Some("https://a.example/v"));
//! let trackers = Trackers {
//!     impressions: &["https://t.example/i"],
//!     events: &[("complete", "https://t.example/c")],
//!     ..Trackers::default()
//! };
//! let mut out = String::new();
//! assert_eq!(trackers.insert(markup, &mut out).ads, 1);
//! ```

mod chain;
mod document;
mod scan;
mod survey;
mod trackers;
mod write;

pub use chain::{Chain, ChainFault};
pub use document::{Ad, MediaFile, Vast};
pub use survey::{Survey, SurveyedFile};
pub use trackers::{Inserted, QUARTILES, Trackers};
pub use write::{Companion, Inline, Media, Schema, Verification, Wrapper, no_ad};

use std::borrow::Cow;

fn is_ad(name: &str) -> bool {
    name.eq_ignore_ascii_case("InLine") || name.eq_ignore_ascii_case("Wrapper")
}

/// A text as the content of one CDATA section, or of two where it would end the first.
fn cdata(text: &str) -> Cow<'_, str> {
    if text.contains("]]>") {
        Cow::Owned(text.replace("]]>", "]]]]><![CDATA[>"))
    } else {
        Cow::Borrowed(text)
    }
}
