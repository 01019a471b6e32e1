//! ads.txt and app-ads.txt (IAB Tech Lab, ads.txt 1.1): whom the owner of inventory lets sell it.

use crate::domain;

/// What a file says. Lines that are neither records nor variables are passed over, as the standard asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdsTxt<'a> {
    /// Who may sell.
    pub records: Vec<Record<'a>>,
    /// The owner of the inventory, where it is not the domain itself.
    pub owner_domain: Option<&'a str>,
    /// Who manages the inventory.
    pub manager_domains: Vec<&'a str>,
    /// Whose ads.txt counts beside this one, for inventory that is shared (C-149).
    pub partner_domains: Vec<&'a str>,
    /// Subdomains with files of their own.
    pub subdomains: Vec<&'a str>,
}

/// A seller that is authorised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Domain of the advertising system.
    pub system: &'a str,
    /// The seller's id there.
    pub seller: &'a str,
    /// How it sells.
    pub relation: Relation,
    /// The system's id with a certification authority.
    pub authority: Option<&'a str>,
}

/// How an authorised seller stands to the owner of the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// Another that the owner has authorised controls the account.
    Reseller,
    /// The owner controls the account.
    Direct,
}

/// Records and variables of one file; what is behind them is passed over.
const MOST: usize = 100_000;

impl<'a> AdsTxt<'a> {
    /// Reads a file.
    #[must_use]
    pub fn read(text: &'a str) -> Self {
        let mut read = Self::default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for line in text.split(['\n', '\r']).take(MOST) {
            let line = line.split('#').next().unwrap_or_default().trim();
            match record(line) {
                Some(record) => read.records.push(record),
                None => read.variable(line),
            }
        }
        read
    }

    fn variable(&mut self, line: &'a str) {
        let Some((name, value)) = line.split_once('=') else {
            return;
        };
        // A manager may be told for one country, behind a comma.
        let value = value.split([',', ';']).next().unwrap_or_default().trim();
        if !is_domain(value) {
            return;
        }
        match name.trim().to_ascii_uppercase().as_str() {
            "OWNERDOMAIN" => self.owner_domain = self.owner_domain.or(Some(value)),
            "MANAGERDOMAIN" => self.manager_domains.push(value),
            "INVENTORYPARTNERDOMAIN" => self.partner_domains.push(value),
            "SUBDOMAIN" => self.subdomains.push(value),
            _ => {}
        }
    }

    /// How a seller is authorised; the closer relation where it is listed with both. Ids are compared as they
    /// are written, domains without regard to case.
    #[must_use]
    pub fn relation(&self, system: &str, seller: &str) -> Option<Relation> {
        self.records
            .iter()
            .filter(|record| record.seller == seller && domain::is_same(record.system, system))
            .map(|record| record.relation)
            .max()
    }
}

fn record(line: &str) -> Option<Record<'_>> {
    // Behind a semicolon stand extensions.
    let mut fields = line.split(';').next()?.split(',').map(str::trim);
    let (system, seller, relation) = (fields.next()?, fields.next()?, fields.next()?);
    let relation = if relation.eq_ignore_ascii_case("DIRECT") {
        Relation::Direct
    } else if relation.eq_ignore_ascii_case("RESELLER") {
        Relation::Reseller
    } else {
        return None;
    };
    (is_domain(system) && !seller.is_empty()).then_some(Record {
        system,
        seller,
        relation,
        authority: fields.next().filter(|id| !id.is_empty()),
    })
}

fn is_domain(text: &str) -> bool {
    domain::normalise(text).is_some_and(|name| name.contains('.'))
        && text.len() <= 253
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &str = "\u{feff}# ads.txt of paper.example\r\n\
        exchange.example, pub-1, DIRECT, f08c47fec0942fa0\r\n\
        Exchange.Example,pub-2,reseller # through a friend\n\
        exchange.example, pub-2, DIRECT; key=value\n\
        other.example\t,\tA1 , Reseller,\n\
        OWNERDOMAIN=owner.example\nMANAGERDOMAIN=manager.example,DE\nmanagerdomain = second.example\n\
        INVENTORYPARTNERDOMAIN=partner.example\nsubdomain=sport.paper.example\nCONTACT=ads@paper.example\n\
        <html>\nexchange.example, pub-3\nexchange.example, pub-4, OWNED\n, pub-5, DIRECT\nlocalhost, pub-6, DIRECT\n\
        exchange.example, , DIRECT\n";

    #[test]
    fn who_is_authorised() {
        let read = AdsTxt::read(FILE);
        assert_eq!(read.records.len(), 4, "{:?}", read.records);
        assert_eq!(read.records[0].authority, Some("f08c47fec0942fa0"));
        assert_eq!(read.records[3].authority, None);
        for (system, seller, want) in [
            ("exchange.example", "pub-1", Some(Relation::Direct)),
            ("EXCHANGE.example", "pub-2", Some(Relation::Direct)),
            ("other.example", "A1", Some(Relation::Reseller)),
            ("other.example", "a1", None),
            ("exchange.example", "A1", None),
            ("exchange.example", "pub-3", None),
            ("exchange.example", "pub-4", None),
            ("exchange.example", "", None),
        ] {
            assert_eq!(read.relation(system, seller), want, "{system} {seller}");
        }
        assert_eq!(read.owner_domain, Some("owner.example"));
        assert_eq!(read.manager_domains, ["manager.example", "second.example"]);
        assert_eq!(read.partner_domains, ["partner.example"]);
        assert_eq!(read.subdomains, ["sport.paper.example"]);
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC{0,200}", lines in "([a-z.]{0,9}[,;#=\\s]{0,3}(DIRECT|x)?\n?){0,20}") {
            for text in [&text, &lines] {
                let read = AdsTxt::read(text);
                for record in &read.records {
                    prop_assert!(read.relation(record.system, record.seller).is_some());
                }
            }
        }
    }
}
