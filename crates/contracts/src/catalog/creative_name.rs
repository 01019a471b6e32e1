//! By what a creative of a DSP is told from its others, whatever its bid says of it.

use super::review::CreativeVerdict;

/// What names a creative among those of its DSP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CreativeName<'n> {
    /// Neither: its markup alone tells it apart.
    Unnamed,
    /// Its `adid`, where it has no `crid`: an ad that was loaded beforehand (C-133).
    Adid(&'n str),
    /// Its `crid`.
    Crid(&'n str),
}

impl<'n> CreativeName<'n> {
    /// Of what a bid says; an empty text says nothing.
    #[must_use]
    pub fn of(crid: Option<&'n str>, adid: Option<&'n str>) -> Self {
        let given = |text: Option<&'n str>| text.filter(|text| !text.is_empty());
        match (given(crid), given(adid)) {
            (Some(crid), _) => Self::Crid(crid),
            (None, Some(adid)) => Self::Adid(adid),
            (None, None) => Self::Unnamed,
        }
    }

    /// The `crid` or `adid` that it is, if any.
    #[must_use]
    pub const fn text(self) -> Option<&'n str> {
        match self {
            Self::Crid(text) | Self::Adid(text) => Some(text),
            Self::Unnamed => None,
        }
    }
}

impl CreativeVerdict {
    /// What names the creative that it is about.
    #[must_use]
    pub fn name(&self) -> CreativeName<'_> {
        CreativeName::of(Some(&self.crid), self.adid.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::CreativeName::{Adid, Crid, Unnamed};
    use super::*;

    #[test]
    fn a_crid_names_a_creative_before_its_adid() {
        for (crid, adid, expect) in [
            (Some("c"), Some("a"), Crid("c")),
            (Some("c"), None, Crid("c")),
            (Some(""), Some("a"), Adid("a")),
            (None, Some("a"), Adid("a")),
            (None, Some(""), Unnamed),
            (Some(""), None, Unnamed),
        ] {
            assert_eq!(CreativeName::of(crid, adid), expect, "{crid:?} {adid:?}");
        }
        let line = r#"{"partner":"dsp","adid":"7","verdict":"blocked"}"#;
        let line: CreativeVerdict = serde_json::from_str(line).unwrap();
        assert_eq!(line.name(), Adid("7"));
    }
}
