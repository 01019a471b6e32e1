//! The United States: the US privacy string and the sections of GPP for the nation and its states.

use crate::enums::GppSection;
use iab_gpp::sections::us_common::OptOut;
use iab_gpp::sections::{self as gpp};

/// A US privacy string (CCPA, version 1), such as `1YNN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsPrivacy {
    /// Whether the person was told; `None` where the law does not apply.
    pub notice: Option<bool>,
    /// Whether the sale of personal data is opted out of.
    pub opted_out: Option<bool>,
    /// Whether the transaction is under the limited service provider agreement.
    pub covered: Option<bool>,
}

impl UsPrivacy {
    /// Reads a string in letters of either case; `None` when it is none of version 1.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let [b'1', notice, opted_out, covered] = *text.as_bytes() else {
            return None;
        };
        let said = |letter: u8| match letter {
            b'Y' | b'y' => Some(Some(true)),
            b'N' | b'n' => Some(Some(false)),
            b'-' => Some(None),
            _ => None,
        };
        Some(Self {
            notice: said(notice)?,
            opted_out: said(opted_out)?,
            covered: said(covered)?,
        })
    }
}

/// What a section of the United States opts out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OptOuts {
    /// Sale of personal data.
    pub sale: bool,
    /// Sharing it; the nation's and California's sections alone.
    pub sharing: bool,
    /// Targeted advertising; all sections but California's.
    pub targeting: bool,
    /// Global Privacy Control, which counts as an opt-out of all.
    pub gpc: bool,
}

impl OptOuts {
    /// Whether anything is opted out of.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.sale || self.sharing || self.targeting || self.gpc
    }

    /// Reads a section; `None` for one that is broken or of no US state.
    #[must_use]
    pub fn read(id: GppSection, text: &str) -> Option<Self> {
        use gpp::{usca::UsCa, usnat};
        if text.len() > super::LONGEST {
            return None;
        }
        let out = |said: &OptOut| *said == OptOut::OptedOut;
        match id {
            GppSection::US_PRIVACY => Some(Self {
                sale: UsPrivacy::read(text)?.opted_out == Some(true),
                ..Self::default()
            }),
            GppSection::US_NATIONAL => {
                let read: usnat::UsNat = text.parse().ok()?;
                let (sale, sharing, targeting) = match &read.core {
                    usnat::Core::V1(core) => (
                        &core.sale_opt_out,
                        &core.sharing_opt_out,
                        &core.targeted_advertising_opt_out,
                    ),
                    usnat::Core::V2(core) => (
                        &core.sale_opt_out,
                        &core.sharing_opt_out,
                        &core.targeted_advertising_opt_out,
                    ),
                    _ => return None,
                };
                Some(Self {
                    sale: out(sale),
                    sharing: out(sharing),
                    targeting: out(targeting),
                    gpc: read.gpc == Some(true),
                })
            }
            GppSection::US_CA => {
                let read: UsCa = text.parse().ok()?;
                Some(Self {
                    sale: out(&read.core.sale_opt_out),
                    sharing: out(&read.core.sharing_opt_out),
                    targeting: false,
                    gpc: read.gpc == Some(true),
                })
            }
            _ => state(id, text),
        }
    }
}

/// Reads a section that has opt-outs of sale and of targeted advertising.
macro_rules! section {
    ($text:expr, $section:ty) => {
        section!($text, $section, |_| false)
    };
    ($text:expr, $section:ty, $gpc:expr) => {{
        let read: $section = $text.parse().ok()?;
        let gpc: fn(&$section) -> bool = $gpc;
        Some(OptOuts {
            sale: read.core.sale_opt_out == OptOut::OptedOut,
            sharing: false,
            targeting: read.core.targeted_advertising_opt_out == OptOut::OptedOut,
            gpc: gpc(&read),
        })
    }};
}

fn state(id: GppSection, text: &str) -> Option<OptOuts> {
    match id {
        GppSection::US_VA => section!(text, gpp::usva::UsVa),
        GppSection::US_CO => section!(text, gpp::usco::UsCo, |it| it.gpc == Some(true)),
        GppSection::US_UT => section!(text, gpp::usut::UsUt),
        GppSection::US_CT => section!(text, gpp::usct::UsCt, |it| it.gpc == Some(true)),
        GppSection::US_FL => section!(text, gpp::usfl::UsFl),
        GppSection::US_MT => section!(text, gpp::usmt::UsMt, |it| it.gpc == Some(true)),
        GppSection::US_OR => section!(text, gpp::usor::UsOr, |it| it.gpc == Some(true)),
        GppSection::US_TX => section!(text, gpp::ustx::UsTx, |it| it.gpc == Some(true)),
        GppSection::US_DE => section!(text, gpp::usde::UsDe, |it| it.gpc == Some(true)),
        GppSection::US_IA => section!(text, gpp::usia::UsIa, |it| it.gpc == Some(true)),
        GppSection::US_NE => section!(text, gpp::usne::UsNe, |it| it.gpc == Some(true)),
        GppSection::US_NH => section!(text, gpp::usnh::UsNh, |it| it.gpc == Some(true)),
        GppSection::US_NJ => section!(text, gpp::usnj::UsNj, |it| it.gpc == Some(true)),
        GppSection::US_TN => section!(text, gpp::ustn::UsTn, |it| it.gpc == Some(true)),
        GppSection::US_MN => section!(text, gpp::usmn::UsMn, |it| it.gpc == Some(true)),
        _ => None,
    }
}

/// Whether a section is one of the United States that [`OptOuts::read`] knows.
pub(super) const fn is_us(id: GppSection) -> bool {
    matches!(id.0, 6..=23)
}
