//! What a creative declares about itself, as far as decisions and answers ask for it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use contracts::catalog::{self, Companion, CreativeFormat, Demands, Review, Verification};
use units::CreativeId;

/// Most creatives demand nothing.
static NO_DEMANDS: LazyLock<Arc<Demands>> = LazyLock::new(Arc::default);

/// The declaration of one creative, without what its templates have.
#[derive(Debug)]
pub struct Declared {
    /// Its id, the `crid` of its bids.
    pub id: CreativeId,
    /// What it becomes.
    pub format: CreativeFormat,
    /// Width in pixels; 0 for any.
    pub width: u32,
    /// Height in pixels; 0 for any.
    pub height: u32,
    /// Categories in taxonomy `cattax`.
    pub categories: Box<[String]>,
    /// Taxonomy of the categories.
    pub cattax: i32,
    /// MIME type of its media.
    pub mime: Option<Box<str>>,
    /// Frameworks that it needs (AdCOM API list).
    pub apis: Box<[i32]>,
    /// Language, ISO 639-1.
    pub language: Option<Box<str>>,
    /// Store id of the app it advertises.
    pub bundle: Option<Box<str>>,
    /// Where it stands in our review.
    pub review: Review,
    /// Where it stands with exchanges that review creatives themselves, by the name of the source.
    pub approvals: BTreeMap<String, Review>,
    /// The advertiser's privacy page, for native.
    pub privacy_url: Option<Box<str>>,
    /// Directions in which it expands (AdCOM "Expandable Directions").
    pub expands: Box<[i32]>,
    /// Who measures it, where OMID is on offer.
    pub verification: Option<Box<Verification>>,
    /// Banners to show beside it.
    pub companions: Box<[Companion]>,
    /// Where alone it may be shown.
    pub demands: Arc<Demands>,
}

impl From<catalog::Creative> for Declared {
    fn from(all: catalog::Creative) -> Self {
        let text = |text: Option<String>| text.map(String::into_boxed_str);
        let demands = if all.demands == **NO_DEMANDS {
            Arc::clone(&NO_DEMANDS)
        } else {
            Arc::new(all.demands)
        };
        Self {
            id: all.id,
            format: all.format,
            width: all.width,
            height: all.height,
            categories: all.categories.into(),
            cattax: all.cattax,
            mime: text(all.mime),
            apis: all.apis.into(),
            language: text(all.language),
            bundle: text(all.bundle),
            review: all.review,
            approvals: all.approvals,
            privacy_url: text(all.privacy_url),
            expands: all.expands.into(),
            verification: all.verification.map(Box::new),
            companions: all.companions.into(),
            demands,
        }
    }
}
