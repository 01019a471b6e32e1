//! How far wrappers lead; whoever fetches them asks here before each fetch.

use super::Vast;

/// Wrappers followed so far, and how many may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    followed: u32,
    most: u32,
    is_closed: bool,
}

/// Why a wrapper is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// The chain is as long as it may be (VAST error 302).
    #[error("more than {0} wrappers follow one another")]
    TooLong(u32),
    /// A wrapper before it allows no further one.
    #[error("a wrapper forbids that another follows it")]
    Closed,
    /// The wrapper says nowhere where its ad is (VAST error 101).
    #[error("the wrapper has no VASTAdTagURI")]
    NoTag,
}

impl Chain {
    /// A chain of at most so many wrappers; VAST 4.2 §2.3.4.5 recommends five.
    #[must_use]
    pub const fn new(most: u32) -> Self {
        Self {
            followed: 0,
            most,
            is_closed: false,
        }
    }

    /// Where the first ad of a document leads; `None` when it is inline or there is none.
    ///
    /// # Errors
    /// When the wrapper may not or cannot be followed.
    pub fn follow<'v>(&mut self, vast: &'v Vast<'_>) -> Result<Option<&'v str>, ChainFault> {
        let Some(ad) = vast.ads.first().filter(|ad| ad.is_wrapper) else {
            return Ok(None);
        };
        if self.is_closed {
            return Err(ChainFault::Closed);
        }
        if self.followed >= self.most {
            return Err(ChainFault::TooLong(self.most));
        }
        let tag = ad.tag.as_deref().ok_or(ChainFault::NoTag)?;
        self.followed += 1;
        self.is_closed = !ad.follows_wrappers;
        Ok(Some(tag))
    }

    /// How many wrappers have been followed.
    #[must_use]
    pub const fn followed(&self) -> u32 {
        self.followed
    }
}
