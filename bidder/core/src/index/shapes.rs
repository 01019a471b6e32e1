//! Which line items have something to show for the media and sizes of an imp.

use std::collections::HashMap;

use super::bits::Bits;

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Size {
    /// Width.
    pub w: u32,
    /// Height.
    pub h: u32,
}

impl Size {
    /// Reads `300x250`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (w, h) = text.trim().split_once(['x', 'X', '×'])?;
        let (w, h) = (w.trim().parse().ok()?, h.trim().parse().ok()?);
        Some(Self { w, h })
    }

    /// Whether it is not larger than `other` in either direction.
    #[must_use]
    pub const fn fits_into(self, other: Self) -> bool {
        self.w <= other.w && self.h <= other.h
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.w, self.h)
    }
}

/// What a creative can be shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A banner of one size.
    Banner(Size),
    /// A banner drawn in any size.
    AnyBanner,
    /// VAST video.
    Video,
    /// VAST audio.
    Audio,
    /// Native assets.
    Native,
}

/// Line items by the shapes of their creatives.
#[derive(Debug)]
pub(crate) struct Shapes {
    sized: HashMap<Size, Bits>,
    any_banner: Bits,
    /// Every line item with a banner of whatever size.
    banner: Bits,
    video: Bits,
    audio: Bits,
    native: Bits,
}

impl Shapes {
    pub(crate) fn build<'a>(count: usize, shapes: impl Iterator<Item = &'a [Shape]>) -> Self {
        let none = || Bits::empty(count);
        let mut built = Self {
            sized: HashMap::new(),
            any_banner: none(),
            banner: none(),
            video: none(),
            audio: none(),
            native: none(),
        };
        for (number, shapes) in shapes.enumerate() {
            for shape in shapes {
                match shape {
                    Shape::Banner(size) => {
                        built.banner.insert(number);
                        let sized = built.sized.entry(*size).or_insert_with(none);
                        sized.insert(number);
                    }
                    Shape::AnyBanner => {
                        built.banner.insert(number);
                        built.any_banner.insert(number);
                    }
                    Shape::Video => built.video.insert(number),
                    Shape::Audio => built.audio.insert(number),
                    Shape::Native => built.native.insert(number),
                }
            }
        }
        built
    }

    /// Adds to `set` who has a banner of this size or of any.
    pub(crate) fn add_banner(&self, size: Size, set: &mut Bits) {
        set.add(&self.any_banner);
        if let Some(sized) = self.sized.get(&size) {
            set.add(sized);
        }
    }

    /// Adds to `set` who has any banner: for interstitials, whose sizes are only bounded.
    pub(crate) fn add_every_banner(&self, set: &mut Bits) {
        set.add(&self.banner);
    }

    /// Adds to `set` who has the shape; of banners those of any size.
    pub(crate) fn add(&self, shape: Shape, set: &mut Bits) {
        match shape {
            Shape::Banner(size) => self.add_banner(size, set),
            Shape::AnyBanner => set.add(&self.any_banner),
            Shape::Video => set.add(&self.video),
            Shape::Audio => set.add(&self.audio),
            Shape::Native => set.add(&self.native),
        }
    }
}
