//! sellers.json (IAB Tech Lab, sellers.json 1.0): whom an advertising system pays.

use openrtb::{Raw, ReadError, Str};

/// What a file says.
#[derive(Debug, Clone, PartialEq)]
pub struct SellersJson<'a> {
    /// Who sells; entries without an id or a type are left out.
    pub sellers: Vec<Seller<'a>>,
}

/// Who is paid.
#[derive(Debug, Clone, PartialEq)]
pub struct Seller<'a> {
    /// Its id: `sid` in supply chains, the second field of ads.txt.
    pub id: Str<'a>,
    /// What it sells.
    pub kind: SellerKind,
    /// Its domain, unless it is confidential.
    pub domain: Option<Str<'a>>,
    /// Its name, unless it is confidential.
    pub name: Option<Str<'a>>,
}

/// What a seller sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SellerKind {
    /// Its own inventory.
    Publisher,
    /// That of others.
    Intermediary,
    /// Either.
    Both,
}

impl SellerKind {
    fn read(text: &str) -> Option<Self> {
        [
            ("PUBLISHER", Self::Publisher),
            ("INTERMEDIARY", Self::Intermediary),
            ("BOTH", Self::Both),
        ]
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text.trim()))
        .map(|(_, kind)| kind)
    }

    /// Whether it sells inventory of its own.
    #[must_use]
    pub const fn owns(self) -> bool {
        matches!(self, Self::Publisher | Self::Both)
    }
}

impl<'a> SellersJson<'a> {
    /// Reads a file, each value as leniently as any attribute (C-24).
    ///
    /// # Errors
    /// [`ReadError`] when it is not JSON.
    pub fn read(text: &'a str) -> Result<Self, ReadError> {
        let file = Raw::parse(text.strip_prefix('\u{feff}').unwrap_or(text))?;
        let entries = file.get("sellers").map(|it| it.elements());
        let sellers = entries.unwrap_or_default();
        Ok(Self {
            sellers: sellers.iter().filter_map(seller).collect(),
        })
    }

    /// A seller by its id.
    #[must_use]
    pub fn seller(&self, id: &str) -> Option<&Seller<'a>> {
        self.sellers.iter().find(|seller| *seller.id == *id)
    }
}

fn seller<'a>(entry: &Raw<'a>) -> Option<Seller<'a>> {
    let text = |name: &str| {
        let value = entry.get(name).and_then(|value| value.to_text());
        value.filter(|text| !text.is_empty())
    };
    Some(Seller {
        id: text("seller_id")?,
        kind: SellerKind::read(&text("seller_type")?)?,
        domain: text("domain"),
        name: text("name"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn who_is_paid() {
        let read = SellersJson::read(
            r#"{"contact_email":"a@b.example","version":"1.0","sellers":[
            {"seller_id":"pub-1","name":"Paper","domain":"paper.example","seller_type":"PUBLISHER"},
            {"seller_id":77,"is_confidential":1,"seller_type":"intermediary"},
            {"seller_id":"b","seller_type":"BOTH","domain":null},
            {"seller_id":"odd","seller_type":"FRIEND"},{"seller_type":"BOTH"},{"seller_id":"","seller_type":"BOTH"},7,null]}"#,
        )
        .unwrap();
        let kinds: Vec<_> = read.sellers.iter().map(|it| (&*it.id, it.kind)).collect();
        let want = [
            ("pub-1", SellerKind::Publisher),
            ("77", SellerKind::Intermediary),
            ("b", SellerKind::Both),
        ];
        assert_eq!(kinds, want);
        assert_eq!(
            read.seller("pub-1").unwrap().domain.as_deref(),
            Some("paper.example")
        );
        assert_eq!(read.seller("odd"), None);
        for (text, many) in [
            ("{}", Some(0)),
            ("[]", Some(0)),
            (r#"{"sellers":{}}"#, Some(0)),
            ("", None),
            ("<html>", None),
            ("{}}", None),
        ] {
            let read = SellersJson::read(text).ok().map(|it| it.sellers.len());
            assert_eq!(read, many, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC{0,200}", near in r#"\{"sellers":\[[\{\}\[\]:,"a-z0-9]{0,80}\]\}"#) {
            let _ = (SellersJson::read(&text), SellersJson::read(&near));
        }
    }
}
