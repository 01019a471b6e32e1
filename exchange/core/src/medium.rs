//! The four media objects of an imp.

use contracts::catalog::CreativeFormat;
use openrtb::Imp;

/// Which media object a bid answers (`bid.mtype`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Medium {
    /// Markup in a rectangle.
    Banner,
    /// VAST, video.
    Video,
    /// VAST, audio.
    Audio,
    /// Native assets.
    Native,
}

impl Medium {
    /// All four, in the order of `mtype`.
    pub const ALL: [Self; 4] = [Self::Banner, Self::Video, Self::Audio, Self::Native];

    /// The value of `mtype`.
    #[must_use]
    pub const fn mtype(self) -> i32 {
        match self {
            Self::Banner => 1,
            Self::Video => 2,
            Self::Audio => 3,
            Self::Native => 4,
        }
    }

    /// Its key in an imp, and its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Banner => "banner",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Native => "native",
        }
    }

    /// Whether the imp offers it.
    #[must_use]
    pub const fn is_offered(self, imp: &Imp<'_>) -> bool {
        match self {
            Self::Banner => imp.banner.is_some(),
            Self::Video => imp.video.is_some(),
            Self::Audio => imp.audio.is_some(),
            Self::Native => imp.native.is_some(),
        }
    }

    /// Whether a partner that takes these formats (empty: all) takes it.
    #[must_use]
    pub fn is_taken(self, formats: &[CreativeFormat]) -> bool {
        formats.is_empty()
            || formats.iter().any(|format| match format {
                CreativeFormat::Banner => self == Self::Banner,
                CreativeFormat::Video => self == Self::Video,
                CreativeFormat::Audio => self == Self::Audio,
                CreativeFormat::Native => self == Self::Native,
                CreativeFormat::Responsive => matches!(self, Self::Banner | Self::Native),
            })
    }
}
