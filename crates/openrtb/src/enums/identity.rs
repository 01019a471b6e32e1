//! Ids and privacy sections.

use super::open_enum;

open_enum! {
    /// `uid.atype`: what an id stands for.
    pub struct AgentType {
        /// A browser or device.
        BROWSER_OR_DEVICE = 1,
        /// A device, as apps see it.
        IN_APP_DEVICE = 2,
        /// A person.
        PERSON = 3,
    }

    /// `eid.mm`: how an id was matched (C-144).
    pub struct MatchMethod {
        /// Unknown.
        UNKNOWN = 0,
        /// Straight from cookie or operating system.
        NO_MATCH = 1,
        /// Cookie sync.
        COOKIE_SYNC = 2,
        /// Authenticated.
        AUTHENTICATED = 3,
        /// Observed, first party.
        OBSERVED = 4,
        /// Inference.
        INFERENCE = 5,
    }

    /// `gpp_sid`: sections of the GPP string that are in force; an open list (C-163).
    pub struct GppSection {
        /// EU TCF v1, deprecated.
        EU_TCF_1 = 1,
        /// EU TCF v2.
        EU_TCF_2 = 2,
        /// Canada TCF.
        CANADA_TCF = 5,
        /// The US privacy string.
        US_PRIVACY = 6,
        /// US national.
        US_NATIONAL = 7,
        /// California.
        US_CA = 8,
        /// Virginia.
        US_VA = 9,
        /// Colorado.
        US_CO = 10,
        /// Utah.
        US_UT = 11,
        /// Connecticut.
        US_CT = 12,
        /// Florida.
        US_FL = 13,
        /// Montana.
        US_MT = 14,
        /// Oregon.
        US_OR = 15,
        /// Texas.
        US_TX = 16,
        /// Delaware.
        US_DE = 17,
        /// Iowa.
        US_IA = 18,
        /// Nebraska.
        US_NE = 19,
        /// New Hampshire.
        US_NH = 20,
        /// New Jersey.
        US_NJ = 21,
        /// Tennessee.
        US_TN = 22,
        /// Minnesota.
        US_MN = 23,
        /// Maryland.
        US_MD = 24,
        /// Indiana.
        US_IN = 25,
        /// Kentucky.
        US_KY = 26,
        /// Rhode Island.
        US_RI = 27,
    }
}
