//! What is known of who may sell which inventory, and whether a request is auctioned by it.

use std::collections::HashMap;

use contracts::catalog::{AdsTxtPolicy, Authorisation, SellerVerdict};
use openrtb::{BidRequest, SupplyChain};

use super::{AdsTxt, Relation, SellersJson};
use crate::domain;

/// What ads.txt of a domain and sellers.json of an advertising system say of a seller; `None` where ads.txt
/// authorises nobody, which says nothing.
///
/// Who sells directly must own inventory in the system's own words; where these are not known, ads.txt alone counts.
#[must_use]
pub fn judge(
    ads_txt: &AdsTxt<'_>,
    sellers: Option<&SellersJson<'_>>,
    system: &str,
    seller: &str,
) -> Option<Authorisation> {
    if ads_txt.records.is_empty() {
        return None;
    }
    let Some(relation) = ads_txt.relation(system, seller) else {
        return Some(Authorisation::NotListed);
    };
    let known = sellers.map(|sellers| sellers.seller(seller).map(|row| row.kind));
    Some(match (relation, known) {
        (_, Some(None)) => Authorisation::Contradicted,
        (Relation::Direct, Some(Some(kind))) if !kind.owns() => Authorisation::Contradicted,
        (Relation::Direct, _) => Authorisation::Direct,
        (Relation::Reseller, _) => Authorisation::Reseller,
    })
}

/// Why a request is not auctioned; the code is that of the list of no-bid reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unauthorised {
    /// Whether the inventory's owner authorised the seller is not known.
    Unknown,
    /// The inventory's owner did not authorise a seller of the chain.
    NotAuthorised,
    /// The supply chain does not reach back to the owner, or lacks a seller's id.
    IncompleteChain,
}

impl Unauthorised {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Unknown, Self::NotAuthorised, Self::IncompleteChain];

    /// `nbr`.
    #[must_use]
    pub const fn nbr(self) -> i32 {
        match self {
            Self::Unknown => 11,
            Self::NotAuthorised => 12,
            Self::IncompleteChain => 16,
        }
    }

    /// The name in records and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unknown => "ads_txt_unknown",
            Self::NotAuthorised => "ads_txt_violation",
            Self::IncompleteChain => "incomplete_chain",
        }
    }
}

/// The catalog's verdicts, by what they are asked by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdicts(HashMap<String, Vec<SellerVerdict>>);

impl Verdicts {
    /// Those of a catalog.
    #[must_use]
    pub fn new(verdicts: &[SellerVerdict]) -> Self {
        let mut by_domain: HashMap<String, Vec<SellerVerdict>> = HashMap::new();
        for verdict in verdicts {
            let Some(name) = domain::normalise(&verdict.domain) else {
                continue;
            };
            let rows = by_domain.entry(name.to_lowercase()).or_default();
            rows.push(verdict.clone());
        }
        Self(by_domain)
    }

    /// What is known of a seller of a domain's inventory: by the domain's own file, or by that of a domain
    /// above it.
    fn of(&self, inventory: &str, system: &str, seller: &str) -> Option<Authorisation> {
        let mut name = domain::normalise(inventory)?;
        loop {
            if let Some(rows) = self.0.get(name.to_lowercase().as_str()) {
                let row = rows
                    .iter()
                    .find(|row| row.seller_id == seller && domain::is_same(&row.system, system));
                return row.map(|row| row.verdict);
            }
            name = name.split_once('.')?.1;
        }
    }

    /// Whether a request may be auctioned: `us` is our domain, `sid` the seller's id in our sellers.json.
    ///
    /// # Errors
    /// [`Unauthorised`] by the account's policy.
    pub fn admit(
        &self,
        request: &BidRequest<'_>,
        policy: AdsTxtPolicy,
        us: &str,
        sid: &str,
    ) -> Result<(), Unauthorised> {
        let strict = match policy {
            AdsTxtPolicy::Off => return Ok(()),
            AdsTxtPolicy::Known => false,
            AdsTxtPolicy::Strict => true,
        };
        let partner = request.inventorypartnerdomain();
        // The owner's file, or that of the partner whose inventory it is (C-149).
        let known = |system: &str, sid: &str| {
            let own = inventory(request).and_then(|domain| self.of(domain, system, sid));
            match own {
                Some(verdict) if verdict.is_authorised() => own,
                _ => {
                    let by_partner = partner.as_deref();
                    by_partner
                        .and_then(|domain| self.of(domain, system, sid))
                        .or(own)
                }
            }
        };
        let chain = request.schain();
        let nodes = chain.as_deref().map_or(&[][..], |chain| &chain.nodes);
        let ours = known(us, sid);
        let theirs = nodes
            .iter()
            .filter_map(|node| known(node.asi.as_deref()?, node.sid.as_deref()?));
        if ours
            .into_iter()
            .chain(theirs)
            .any(|verdict| !verdict.is_authorised())
        {
            return Err(Unauthorised::NotAuthorised);
        }
        if strict && ours.is_none() {
            return Err(Unauthorised::Unknown);
        }
        // Who owns the inventory need not say where it comes from; who sells it on behalf of others must.
        let owns = ours == Some(Authorisation::Direct);
        if strict && !chain.as_deref().map_or(owns, is_whole) {
            return Err(Unauthorised::IncompleteChain);
        }
        Ok(())
    }
}

fn is_whole(chain: &SupplyChain<'_>) -> bool {
    let told = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
    chain.complete == Some(true)
        && chain
            .nodes
            .iter()
            .all(|node| told(node.asi.as_deref()) && told(node.sid.as_deref()))
}

/// The domain whose ads.txt or app-ads.txt counts.
fn inventory<'r>(request: &'r BidRequest<'_>) -> Option<&'r str> {
    let told = |text: Option<&'r str>| text.filter(|text| !text.is_empty());
    let site = request.site.as_deref();
    let app = request.app.as_deref();
    told(site.and_then(|site| site.domain.as_deref()))
        .or_else(|| told(site.and_then(|site| host(site.page.as_deref()?))))
        .or_else(|| told(app.and_then(|app| app.domain.as_deref())))
}

fn host(page: &str) -> Option<&str> {
    let (_, behind) = page.split_once("://")?;
    let authority = behind.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    host.split(':').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::Limits;

    #[test]
    fn verdicts_of_files() {
        let ads =
            AdsTxt::read("x.example, d, DIRECT\nx.example, r, RESELLER\nx.example, i, DIRECT");
        let sellers = SellersJson::read(
            r#"{"sellers":[{"seller_id":"d","seller_type":"PUBLISHER"},{"seller_id":"i","seller_type":"INTERMEDIARY"}]}"#,
        )
        .unwrap();
        let nobody = AdsTxt::read("# soon");
        #[rustfmt::skip]
        let cases = [
            ("direct, and the system says so", &ads, true, "d", Some(Authorisation::Direct)),
            ("direct, the system is not known", &ads, false, "d", Some(Authorisation::Direct)),
            ("direct, and the system says it is not its own", &ads, true, "i", Some(Authorisation::Contradicted)),
            ("a reseller that the system does not know", &ads, true, "r", Some(Authorisation::Contradicted)),
            ("a reseller, the system is not known", &ads, false, "r", Some(Authorisation::Reseller)),
            ("not listed", &ads, true, "z", Some(Authorisation::NotListed)),
            ("nobody is listed", &nobody, true, "d", None),
        ];
        for (item, ads, known, seller, want) in cases {
            let sellers = known.then_some(&sellers);
            assert_eq!(judge(ads, sellers, "x.example", seller), want, "{item}");
        }
    }

    #[test]
    fn policies() {
        let row = |domain: &str, system: &str, seller: &str, verdict| SellerVerdict {
            id: String::new(),
            domain: domain.into(),
            system: system.into(),
            seller_id: seller.into(),
            verdict,
        };
        let verdicts = Verdicts::new(&[
            row(
                "paper.example",
                "us.example",
                "ssp",
                Authorisation::Reseller,
            ),
            row("paper.example", "them.example", "p1", Authorisation::Direct),
            row(
                "paper.example",
                "them.example",
                "p2",
                Authorisation::NotListed,
            ),
            row(
                "fake.example",
                "us.example",
                "ssp",
                Authorisation::NotListed,
            ),
            row(
                "own.paper.example",
                "us.example",
                "ssp",
                Authorisation::Contradicted,
            ),
            row(
                "partner.example",
                "us.example",
                "ssp",
                Authorisation::Direct,
            ),
        ]);
        let site = |domain: &str| format!(r#""site":{{"domain":"{domain}"}}"#);
        let chain = |complete: u8, sid: &str| {
            format!(
                r#""site":{{"domain":"paper.example"}},"source":{{"schain":{{"ver":"1.0","complete":{complete},"nodes":[{{"asi":"them.example","sid":"{sid}","hp":1}}]}}}}"#
            )
        };
        let (ok, violation) = (Ok(()), Err(Unauthorised::NotAuthorised));
        let unknown = Err(Unauthorised::Unknown);
        let incomplete = Err(Unauthorised::IncompleteChain);
        #[rustfmt::skip]
        let cases = [
            ("C-145 authorised to sell for others, without a chain", site("paper.example"), ok, incomplete),
            ("a subdomain without a file", site("sport.paper.example"), ok, incomplete),
            ("as it may be written", site("https://www.Paper.example/"), ok, incomplete),
            ("a subdomain with a file of its own", site("own.paper.example"), violation, violation),
            ("not listed", site("fake.example"), violation, violation),
            ("nothing is known", site("other.example"), ok, unknown),
            ("no inventory is named", r#""device":{}"#.to_owned(), ok, unknown),
            ("by the page", r#""site":{"page":"https://fake.example:443/a?b"}"#.to_owned(), violation, violation),
            ("an app", r#""app":{"domain":"paper.example","bundle":"b"}"#.to_owned(), ok, incomplete),
            ("C-149 a partner's inventory", r#""site":{"domain":"fake.example","inventorypartnerdomain":"partner.example"}"#.to_owned(), ok, ok),
            ("C-145 a chain that is authorised", chain(1, "p1"), ok, ok),
            ("C-145 a node that is not", chain(1, "p2"), violation, violation),
            ("C-145 a node of which nothing is known", chain(1, "p3"), ok, ok),
            ("C-145 a chain that is not complete", chain(0, "p1"), ok, incomplete),
        ];
        for (item, members, known, strict) in cases {
            let body = format!(r#"{{"id":"1","imp":[{{"id":"1","banner":{{}}}}],{members}}}"#);
            let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
            let admit = |policy| verdicts.admit(&request, policy, "us.example", "ssp");
            assert_eq!(admit(AdsTxtPolicy::Off), Ok(()), "{item}: off");
            assert_eq!(admit(AdsTxtPolicy::Known), known, "{item}: known");
            assert_eq!(admit(AdsTxtPolicy::Strict), strict, "{item}: strict");
        }
    }
}
