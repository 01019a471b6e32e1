//! What happens to which attribute of which object. An attribute that no table names stays.

use super::Unsayable;

/// An object and its rules.
#[derive(Debug)]
pub(super) struct Kind {
    /// Attributes with a rule.
    pub(super) rules: &'static [(&'static str, Rule)],
    /// Attributes that may stand in `ext`, and move up from there.
    pub(super) lifted: &'static [&'static str],
    /// Ways to say that an imp is rewarded, inside of its `ext`; the first is that of its video, too.
    pub(super) rewarded: bool,
    /// The supply chain may stand in this object's `ext`, for its `source`.
    pub(super) chained: bool,
}

/// What happens to an attribute.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// The other version has no place for it.
    Drop,
    /// It goes into `ext` under its name.
    Extend,
    /// It has another name, which wins if something is there, too.
    Rename(&'static str),
    /// Its only element has another name; several have none.
    One(&'static str),
    /// It is the only element under another name.
    Many(&'static str),
    /// It cannot be said, unless it is null.
    Never(Unsayable),
    /// It is one of the sizes beside `with`, under a new name, where nothing else tells a size.
    Size {
        with: &'static str,
        new: &'static str,
    },
    /// Its objects have rules: one, or an array of them.
    Inside(&'static Kind),
}

use Rule::{Drop, Extend, Inside, Many, Never, One, Rename, Size};

const fn kind(rules: &'static [(&'static str, Rule)]) -> Kind {
    Kind {
        rules,
        lifted: &[],
        rewarded: false,
        chained: false,
    }
}

const fn lifting(lifted: &'static [&'static str], rules: &'static [(&'static str, Rule)]) -> Kind {
    Kind {
        rules,
        lifted,
        rewarded: false,
        chained: false,
    }
}

/// Producer, network, channel, publisher: objects that tell of categories.
static DOWN_PUBLISHER: Kind = kind(&[("cattax", Drop)]);
static DOWN_DATA: Kind = kind(&[("cids", Drop)]);
static DOWN_CONTENT: Kind = kind(&[
    ("cattax", Drop),
    ("kwarray", Drop),
    ("langb", Drop),
    ("gtax", Drop),
    ("genres", Drop),
    ("network", Drop),
    ("channel", Drop),
    ("realtime", Drop),
    ("firstbroadcast", Drop),
    ("producer", Inside(&DOWN_PUBLISHER)),
    ("data", Inside(&DOWN_DATA)),
]);
/// Site and app.
static DOWN_PLACE: Kind = kind(&[
    ("cattax", Drop),
    ("kwarray", Drop),
    ("inventorypartnerdomain", Extend),
    ("publisher", Inside(&DOWN_PUBLISHER)),
    ("content", Inside(&DOWN_CONTENT)),
]);
static DOWN_VIDEO: Kind = kind(&[
    ("poddur", Never(Unsayable::DynamicPod)),
    ("maxseq", Drop),
    ("podid", Drop),
    ("podseq", Drop),
    ("rqddurs", Drop),
    ("slotinpod", Drop),
    ("mincpmpersec", Drop),
    ("poddedupe", Drop),
    ("durfloors", Drop),
    ("plcmt", Extend),
]);
/// `maxseq` of audio is in 2.5 already.
static DOWN_AUDIO: Kind = kind(&[
    ("poddur", Never(Unsayable::DynamicPod)),
    ("podid", Drop),
    ("podseq", Drop),
    ("rqddurs", Drop),
    ("slotinpod", Drop),
    ("mincpmpersec", Drop),
    ("poddedupe", Drop),
    ("durfloors", Drop),
]);
static DOWN_DEAL: Kind = kind(&[("guar", Drop), ("mincpmpersec", Drop), ("durfloors", Drop)]);
static DOWN_PMP: Kind = kind(&[("deals", Inside(&DOWN_DEAL))]);
static DOWN_IMP: Kind = kind(&[
    ("rwdd", Drop),
    ("ssai", Drop),
    ("qty", Drop),
    ("dt", Drop),
    ("refresh", Drop),
    ("video", Inside(&DOWN_VIDEO)),
    ("audio", Inside(&DOWN_AUDIO)),
    ("pmp", Inside(&DOWN_PMP)),
]);
static DOWN_DEVICE: Kind = kind(&[("langb", Drop), ("sua", Extend)]);
static DOWN_USER: Kind = kind(&[
    ("kwarray", Drop),
    ("consent", Extend),
    ("eids", Extend),
    ("data", Inside(&DOWN_DATA)),
]);
static DOWN_REGS: Kind = kind(&[
    ("gdpr", Extend),
    ("us_privacy", Extend),
    ("gpp", Extend),
    ("gpp_sid", Extend),
]);
static DOWN_SOURCE: Kind = kind(&[("schain", Extend)]);
/// A request on its way to 2.5 (C-171). Privacy signals are among those that move (C-164).
pub(super) static DOWN_REQUEST: Kind = kind(&[
    ("dooh", Never(Unsayable::Dooh)),
    ("wlangb", Drop),
    ("acat", Drop),
    ("cattax", Drop),
    ("imp", Inside(&DOWN_IMP)),
    ("site", Inside(&DOWN_PLACE)),
    ("app", Inside(&DOWN_PLACE)),
    ("device", Inside(&DOWN_DEVICE)),
    ("user", Inside(&DOWN_USER)),
    ("regs", Inside(&DOWN_REGS)),
    ("source", Inside(&DOWN_SOURCE)),
]);

static DOWN_BID: Kind = kind(&[
    ("mtype", Extend),
    ("apis", One("api")),
    ("dur", Drop),
    ("slotinpod", Drop),
    ("cattax", Drop),
    ("langb", Drop),
]);
static DOWN_SEAT: Kind = kind(&[("bid", Inside(&DOWN_BID))]);
/// A response on its way to 2.5.
pub(super) static DOWN_RESPONSE: Kind = kind(&[("seatbid", Inside(&DOWN_SEAT))]);

/// 2.6 has sizes and no ranges of them; the greatest of a range is a size.
static UP_BANNER: Kind = kind(&[
    (
        "wmax",
        Size {
            with: "hmax",
            new: "w",
        },
    ),
    (
        "hmax",
        Size {
            with: "wmax",
            new: "h",
        },
    ),
    ("wmin", Drop),
    ("hmin", Drop),
]);
static UP_VIDEO: Kind = lifting(
    &["plcmt"],
    &[
        ("protocol", Many("protocols")),
        ("companionad", Inside(&UP_BANNER)),
    ],
);
static UP_AUDIO: Kind = kind(&[("companionad", Inside(&UP_BANNER))]);
static UP_CONTENT: Kind = kind(&[("videoquality", Rename("prodq"))]);
static UP_PLACE: Kind = lifting(
    &["inventorypartnerdomain"],
    &[("content", Inside(&UP_CONTENT))],
);
static UP_DOOH: Kind = kind(&[("content", Inside(&UP_CONTENT))]);
static UP_IMP: Kind = Kind {
    rules: &[
        ("banner", Inside(&UP_BANNER)),
        ("video", Inside(&UP_VIDEO)),
        ("audio", Inside(&UP_AUDIO)),
    ],
    lifted: &[],
    rewarded: true,
    chained: false,
};
static UP_DEVICE: Kind = lifting(&["sua"], &[]);
static UP_USER: Kind = lifting(&["consent", "eids"], &[]);
static UP_REGS: Kind = lifting(&["gdpr", "us_privacy", "gpp", "gpp_sid"], &[]);
static UP_SOURCE: Kind = lifting(&["schain"], &[]);
/// A request on its way to 2.6 (C-171, C-172).
pub(super) static UP_REQUEST: Kind = Kind {
    rules: &[
        ("imp", Inside(&UP_IMP)),
        ("site", Inside(&UP_PLACE)),
        ("app", Inside(&UP_PLACE)),
        ("dooh", Inside(&UP_DOOH)),
        ("device", Inside(&UP_DEVICE)),
        ("user", Inside(&UP_USER)),
        ("regs", Inside(&UP_REGS)),
        ("source", Inside(&UP_SOURCE)),
    ],
    lifted: &[],
    rewarded: false,
    chained: true,
};

static UP_BID: Kind = lifting(&["mtype"], &[("api", Many("apis"))]);
static UP_SEAT: Kind = kind(&[("bid", Inside(&UP_BID))]);
/// A response on its way to 2.6.
pub(super) static UP_RESPONSE: Kind = kind(&[("seatbid", Inside(&UP_SEAT))]);
