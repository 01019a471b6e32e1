//! Which object of a request an edit is about, and where it stands.

use crate::json::{Raw, Span};
use crate::request::BidRequest;

/// An object whose members can be set or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// The request itself.
    Request,
    /// The imp at this index of [`BidRequest::imp`].
    Imp(usize),
    /// `banner` of the imp at this index.
    Banner(usize),
    /// `video` of the imp at this index.
    Video(usize),
    /// `audio` of the imp at this index.
    Audio(usize),
    /// `native` of the imp at this index.
    Native(usize),
    /// `pmp` of the imp at this index.
    Pmp(usize),
    /// The deal at the second index, of the imp at the first.
    Deal(usize, usize),
    /// `user`.
    User,
    /// `user.geo`.
    UserGeo,
    /// `device`.
    Device,
    /// `device.geo`.
    DeviceGeo,
    /// `regs`.
    Regs,
    /// `source`.
    Source,
    /// `site`.
    Site,
    /// `app`.
    App,
    /// `dooh`.
    Dooh,
    /// `site.content`.
    SiteContent,
    /// `app.content`.
    AppContent,
    /// `dooh.content`.
    DoohContent,
}

/// An object, or the `ext` inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    object: Object,
    in_ext: bool,
}

impl From<Object> for Place {
    fn from(object: Object) -> Self {
        Self {
            object,
            in_ext: false,
        }
    }
}

impl Object {
    /// The `ext` of the object.
    #[must_use]
    pub const fn ext(self) -> Place {
        Place {
            object: self,
            in_ext: true,
        }
    }

    /// The object that holds this one, and under which name; `None` where a missing object is
    /// not made up.
    const fn holder(self) -> Option<(Self, &'static str)> {
        match self {
            Self::User => Some((Self::Request, "user")),
            Self::Device => Some((Self::Request, "device")),
            Self::Regs => Some((Self::Request, "regs")),
            Self::Source => Some((Self::Request, "source")),
            Self::Site => Some((Self::Request, "site")),
            Self::App => Some((Self::Request, "app")),
            Self::Dooh => Some((Self::Request, "dooh")),
            Self::UserGeo => Some((Self::User, "geo")),
            Self::DeviceGeo => Some((Self::Device, "geo")),
            Self::Request
            | Self::Imp(_)
            | Self::Banner(_)
            | Self::Video(_)
            | Self::Audio(_)
            | Self::Native(_)
            | Self::Pmp(_)
            | Self::Deal(..)
            | Self::SiteContent
            | Self::AppContent
            | Self::DoohContent => None,
        }
    }

    fn locate<'r, 'a>(self, request: &'r BidRequest<'a>) -> Option<(Span, Option<&'r Raw<'a>>)> {
        macro_rules! found {
            ($object:expr) => {
                $object.map(|object| (object.span, object.ext.as_ref()))
            };
        }
        let deal = |imp: usize, deal: usize| request.imp.get(imp)?.deals().get(deal);
        match self {
            Self::Request => found!(Some(request)),
            Self::Imp(imp) => found!(request.imp.get(imp)),
            Self::Banner(imp) => {
                found!(request.imp.get(imp).and_then(|imp| imp.banner.as_deref()))
            }
            Self::Video(imp) => found!(request.imp.get(imp).and_then(|imp| imp.video.as_deref())),
            Self::Audio(imp) => found!(request.imp.get(imp).and_then(|imp| imp.audio.as_deref())),
            Self::Native(imp) => {
                found!(request.imp.get(imp).and_then(|imp| imp.native.as_deref()))
            }
            Self::Pmp(imp) => found!(request.imp.get(imp).and_then(|imp| imp.pmp.as_deref())),
            Self::Deal(imp, index) => found!(deal(imp, index)),
            Self::User => found!(request.user.as_deref()),
            Self::UserGeo => found!(request.user.as_ref().and_then(|user| user.geo.as_deref())),
            Self::Device => found!(request.device.as_deref()),
            Self::DeviceGeo => {
                found!(
                    request
                        .device
                        .as_ref()
                        .and_then(|device| device.geo.as_deref())
                )
            }
            Self::Regs => found!(request.regs.as_deref()),
            Self::Source => found!(request.source.as_deref()),
            Self::Site => found!(request.site.as_deref()),
            Self::App => found!(request.app.as_deref()),
            Self::Dooh => found!(request.dooh.as_deref()),
            Self::SiteContent => {
                found!(
                    request
                        .site
                        .as_ref()
                        .and_then(|site| site.content.as_deref())
                )
            }
            Self::AppContent => {
                found!(request.app.as_ref().and_then(|app| app.content.as_deref()))
            }
            Self::DoohContent => {
                found!(
                    request
                        .dooh
                        .as_ref()
                        .and_then(|dooh| dooh.content.as_deref())
                )
            }
        }
    }
}

impl Place {
    /// Where the place's own object stands, if the request has it.
    pub(super) fn locate(self, request: &BidRequest<'_>) -> Option<Span> {
        let (span, ext) = self.object.locate(request)?;
        if self.in_ext {
            ext.map(Raw::span)
        } else {
            Some(span)
        }
    }

    /// The place that would hold this one, and under which name.
    pub(super) fn holder(self) -> Option<(Self, &'static str)> {
        if self.in_ext {
            Some((self.object.into(), "ext"))
        } else {
            self.object
                .holder()
                .map(|(holder, name)| (holder.into(), name))
        }
    }

    /// How many objects hold it, one in the other.
    pub(super) fn depth(self) -> usize {
        std::iter::successors(self.holder(), |(place, _)| place.holder()).count()
    }

    /// Whether the members of the place were recorded while reading.
    pub(super) const fn is_tracked(self) -> bool {
        let is_untracked = matches!(
            self.object,
            Object::Banner(_)
                | Object::Video(_)
                | Object::Audio(_)
                | Object::Native(_)
                | Object::SiteContent
                | Object::AppContent
                | Object::DoohContent
        );
        !self.in_ext && !is_untracked
    }
}
