//! What decided against a bid, in words: of one code of the standard there are many causes.

use std::fmt;

use openrtb::enums::{ApiFramework, MarkupType, Protocol};
use openrtb::native::NativeFault;
use units::{CpmMicros, Currency};

use crate::loss::Loss;
use crate::medium::Medium;
use crate::pods::{MOST_ADS, Shared};

/// What decided against a bid, where its [`Loss`] alone does not tell it: for people, and in no notice and no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its price is beyond [`CpmMicros::MAX`] (C-27).
    BeyondBelief,
    /// It names no deal, and the auction is private (C-110).
    NoDealNamed,
    /// What of its format was not offered.
    Format(Format),
    /// A floor, in the bid's currency, and the bid that won there, if that could have been beaten.
    Floor {
        /// The floor.
        floor: CpmMicros,
        /// The bid that won.
        won: Option<CpmMicros>,
    },
    /// A higher bid won; it is told, in the loser's currency, where that one bid was to be beaten.
    Higher(Option<CpmMicros>),
    /// An equal bid won the draw.
    Draw,
    /// Something that may come once is in the pod already.
    InPod(Shared),
    /// The pod was contested by more bids than are considered.
    Crowded,
    /// A group that wins whole or not at all.
    ToGroup,
    /// It is in such a group, and without the group there is at least as much.
    WithGroup,
    /// Other ads together fill the pod better.
    ToSet,
    /// Its DSP had won the imp as often as it may.
    MostOfDsp,
}

/// What of a bid's format was not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Its type of markup.
    Medium(Medium),
    /// It declares a type of markup that is none.
    MarkupType(MarkupType),
    /// Its length in seconds, above the longest.
    Longer(i32, i32),
    /// Its length in seconds, under the shortest.
    Shorter(i32, i32),
    /// Its length in seconds, none of those required (C-85).
    NotRequired(i32),
    /// Its length in seconds, above that of the break.
    LongerThanBreak(i32, i32),
    /// Its VAST version.
    Protocol(Protocol),
    /// The type of its media files.
    MediaType,
    /// The type of its images, scripts or frames.
    BannerType,
    /// An API that it declares.
    Api(ApiFramework),
    /// An API that its markup needs, declared or not.
    Needs(&'static str),
    /// Its native answer cannot be read.
    NativeUnreadable,
    /// The native request cannot be read, so that no answer fits it.
    NativeUnasked,
    /// What is wrong with its native answer.
    Native(NativeFault),
    /// What its markup is in place of a banner.
    NoBanner(&'static str),
}

/// Why a bid lost, as a sentence goes on behind "lost: ".
#[derive(Debug, Clone, Copy)]
pub struct Why {
    /// The reason.
    pub loss: Loss,
    /// What decided.
    pub cause: Option<Cause>,
    /// Currency of the bid.
    pub currency: Currency,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, currency) = (self.loss.words(), self.currency);
        let Some(cause) = self.cause else {
            return f.write_str(words);
        };
        match cause {
            Cause::BeyondBelief => {
                let most = CpmMicros::MAX;
                write!(f, "its price is beyond {most}, the most that is believed")
            }
            Cause::NoDealNamed => f.write_str("the auction is private, and the bid names no deal"),
            Cause::Format(format) => format.fmt(f),
            Cause::Floor { floor, won } => {
                write!(f, "{words} of {floor} {currency}")?;
                match won {
                    Some(won) => write!(f, "; a bid of {won} {currency} was to be beaten"),
                    None => Ok(()),
                }
            }
            Cause::Higher(None) => f.write_str("lost to a higher bid"),
            Cause::Higher(Some(won)) => write!(f, "lost to a higher bid of {won} {currency}"),
            Cause::Draw => f.write_str("lost the draw between equal bids"),
            Cause::InPod(shared) => f.write_str(match shared {
                Shared::Advertiser => "its advertiser is in the pod already",
                Shared::Category => "its category is in the pod already",
                Shared::Creative => "its creative is in the pod already",
                Shared::Media => "its media file is in the pod already",
            }),
            Cause::Crowded => write!(
                f,
                "the pod was contested, and it is not among the {MOST_ADS} bids that are considered"
            ),
            Cause::ToGroup => {
                f.write_str("lost to a group of bids that win together and are worth more together")
            }
            Cause::WithGroup => {
                f.write_str("lost with its group: the bids that won are worth at least as much")
            }
            Cause::ToSet => f.write_str("lost to a set of ads that is worth more together"),
            Cause::MostOfDsp => f.write_str("its DSP had won the imp as often as it may"),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Medium(medium) => write!(f, "the imp offers no {}", medium.name()),
            Self::MarkupType(mtype) => write!(f, "mtype {} is no type of markup", mtype.0),
            Self::Longer(seconds, most) => {
                write!(f, "its duration of {seconds} s is longer than {most} s")
            }
            Self::Shorter(seconds, least) => {
                write!(f, "its duration of {seconds} s is shorter than {least} s")
            }
            Self::NotRequired(seconds) => {
                write!(f, "its duration of {seconds} s is none of rqddurs")
            }
            Self::LongerThanBreak(seconds, whole) => {
                write!(
                    f,
                    "its duration of {seconds} s is longer than the break of {whole} s"
                )
            }
            Self::Protocol(protocol) => {
                let name = name_of(&PROTOCOLS, protocol.0);
                write!(f, "protocol {}{name} is not among protocols", protocol.0)
            }
            Self::MediaType => f.write_str("no media file is of a type in mimes"),
            Self::BannerType => f.write_str("nothing that it shows is of a type in mimes"),
            Self::Api(api) => {
                let name = name_of(&APIS, api.0);
                write!(f, "it declares API {}{name}, which is not offered", api.0)
            }
            Self::Needs(api) => write!(f, "the markup needs {api}, which is not in api"),
            Self::NativeUnreadable => f.write_str("the native answer cannot be read"),
            Self::NativeUnasked => f.write_str("the native request cannot be read"),
            Self::Native(fault) => write!(f, "the native answer does not fit: {fault}"),
            Self::NoBanner(kind) => write!(f, "the markup is {kind}, and no banner"),
        }
    }
}

/// Names of VAST versions, from 1.
const PROTOCOLS: [&str; 16] = [
    " (VAST 1.0)",
    " (VAST 2.0)",
    " (VAST 3.0)",
    " (VAST 1.0 wrapper)",
    " (VAST 2.0 wrapper)",
    " (VAST 3.0 wrapper)",
    " (VAST 4.0)",
    " (VAST 4.0 wrapper)",
    " (DAAST 1.0)",
    " (DAAST 1.0 wrapper)",
    " (VAST 4.1)",
    " (VAST 4.1 wrapper)",
    " (VAST 4.2)",
    " (VAST 4.2 wrapper)",
    " (VAST 4.3)",
    " (VAST 4.3 wrapper)",
];

/// Names of APIs, from 1.
const APIS: [&str; 9] = [
    " (VPAID 1.0)",
    " (VPAID 2.0)",
    " (MRAID 1.0)",
    " (ORMMA)",
    " (MRAID 2.0)",
    " (MRAID 3.0)",
    " (OMID 1.0)",
    " (SIMID 1.0)",
    " (SIMID 1.1)",
];

/// The name of a value; nothing for one without.
fn name_of(names: &[&'static str], value: i32) -> &'static str {
    let place = usize::try_from(value).ok().and_then(|it| it.checked_sub(1));
    place
        .and_then(|place| names.get(place))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_own_words() {
        let cpm = |text: &str| CpmMicros::parse(text).unwrap();
        #[rustfmt::skip]
        let rows = [
            ("X-76", Loss::Outbid, Cause::Draw, "lost the draw between equal bids"),
            ("X-70", Loss::Outbid, Cause::Higher(Some(cpm("5"))), "lost to a higher bid of 5 USD"),
            ("X-58", Loss::BelowFloor, Cause::Floor { floor: cpm("2"), won: None }, "below the floor of 2 USD"),
            ("X-58", Loss::BelowDealFloor, Cause::Floor { floor: cpm("2"), won: Some(cpm("5")) }, "below the deal's floor of 2 USD; a bid of 5 USD was to be beaten"),
            ("X-22", Loss::Outbid, Cause::InPod(Shared::Advertiser), "its advertiser is in the pod already"),
            ("C-27", Loss::MissingPrice, Cause::BeyondBelief, "its price is beyond 1000000, the most that is believed"),
            ("C-85", Loss::FormatNotAllowed, Cause::Format(Format::Longer(60, 30)), "its duration of 60 s is longer than 30 s"),
            ("C-80", Loss::FormatNotAllowed, Cause::Format(Format::Protocol(Protocol::VAST_4_2)), "protocol 13 (VAST 4.2) is not among protocols"),
            ("C-80 unknown", Loss::FormatNotAllowed, Cause::Format(Format::Protocol(Protocol(99))), "protocol 99 is not among protocols"),
            ("C-72", Loss::FormatNotAllowed, Cause::Format(Format::Api(ApiFramework::OMID_1)), "it declares API 7 (OMID 1.0), which is not offered"),
            ("C-92", Loss::FormatNotAllowed, Cause::Format(Format::Native(NativeFault::MissingAsset(3))), "the native answer does not fit: required asset 3 is missing"),
        ];
        for (item, loss, cause, want) in rows {
            let why = |cause| Why {
                loss,
                cause,
                currency: Currency::USD,
            };
            assert_eq!(why(Some(cause)).to_string(), want, "{item}");
            assert_eq!(why(None).to_string(), loss.words(), "{item}");
        }
        assert_eq!(Protocol::KNOWN.len(), PROTOCOLS.len());
        assert_eq!(ApiFramework::KNOWN.len(), APIS.len());
    }
}
