//! Everything that plan and settlement read of an auction, as data.

use std::borrow::Cow;

use contracts::catalog::Catalog;
use contracts::matches::Matches;
use exchange_core::auction::{Reach, Reached};
use exchange_core::payout::Share;
use exchange_core::routing::NotAsked;
use exchange_core::screening::Policy;
use exchange_core::{Conditions, Market};
use openrtb::Limits;
use recording::{Bodies, Body, Missing};
use serde::{Deserialize, Serialize};
use units::{AuctionId, Currency, Multiplier, UnixMillis};

use crate::config::{Config, ExpectedDelay, NO_FEE, Privacy};

/// Everything that one auction read, but for the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen<'s> {
    /// The auction; the record's id, and the seed of everything that is left to chance.
    pub auction: AuctionId,
    /// When the request arrived.
    pub at: UnixMillis,
    /// Version of the catalog in force: partners, floors, discounts, reviews.
    pub catalog: u64,
    /// Version of the exchange rates.
    pub rates: u32,
    /// Who sells.
    pub seller: Cow<'s, SeenSeller>,
    /// What the configuration says of auctions; written once a file.
    #[serde(skip_serializing)]
    pub settings: Cow<'s, Settings>,
    /// The request's own time, in milliseconds.
    pub tmax_ms: u32,
    /// What was left of it for the DSPs, in milliseconds.
    pub remaining_ms: u32,
    /// What each partner's state said to being asked, in the order of the questions.
    pub admissions: Vec<Admission>,
    /// How the calls ended, in the order of the asks.
    pub answers: Vec<Answer<'s>>,
    /// What partners called the user; not their very ids where the request is not whole.
    #[serde(default, skip_serializing_if = "Matches::is_empty")]
    pub matches: Matches,
    /// Which winners brought no markup that may be shown; an SSP's call for it later, and its notices say so.
    #[serde(default, skip_serializing_if = "<[Forfeit]>::is_empty")]
    pub forfeits: Cow<'s, [Forfeit]>,
    /// Whether the request is whole: nothing of the person was taken out.
    pub is_whole: bool,
    /// The request that was auctioned: the SSP's, with what its account and we added.
    pub request: Body<'s>,
}

impl Seen<'_> {
    /// Takes the bodies that stand behind the record: the request, then the answers.
    ///
    /// # Errors
    /// [`Missing`]: there are not so many bytes.
    pub(super) fn fill(&mut self, bodies: &mut Bodies<'_>) -> Result<(), Missing> {
        self.request.fill(bodies)?;
        for answer in &mut self.answers {
            if let Said::Body(body) = &mut answer.said {
                body.fill(bodies)?;
            }
        }
        Ok(())
    }
}

/// Who sells, and under whose conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenSeller {
    /// Its id in our sellers.json.
    pub sid: String,
    /// Whether it owns what it sells.
    pub is_owner: bool,
    /// The account that sent the request, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The placement, where it is one of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<String>,
    /// Our part of the gross; absent in records of format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Multiplier>,
    /// The currency that it is paid in; absent for that of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout_currency: Option<Currency>,
}

impl SeenSeller {
    /// How it is paid.
    #[must_use]
    pub fn share(&self) -> Share {
        Share {
            fee: self.fee.unwrap_or(NO_FEE),
            currency: self.payout_currency,
        }
    }

    /// What the seller demands beside its request; SSPs say it in their requests.
    #[must_use]
    pub fn conditions<'c>(&self, catalog: &'c Catalog) -> Conditions<'c> {
        let publisher = |id: &str| catalog.publishers.iter().find(|it| it.id.as_str() == id);
        if let Some(placement) = &self.placement {
            let mut placements = catalog.placements.iter();
            let placement = placements.find(|it| it.id.as_str() == placement.as_str());
            let sold = placement.and_then(|it| Some((it, publisher(it.publisher.as_str())?)));
            return sold.map_or_else(Conditions::default, |(placement, publisher)| {
                Conditions::of_placement(placement, publisher)
            });
        }
        let account = self.account.as_deref().and_then(publisher);
        account.map_or_else(Conditions::default, Conditions::of_publisher)
    }
}

/// What of the configuration an auction reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct Settings {
    pub domain: String,
    pub require_crid: bool,
    pub require_adomain: bool,
    pub loopback_is_secure: bool,
    #[serde(default = "any_length")]
    pub notice_url: usize,
    #[serde(default = "any_length")]
    pub declared: usize,
    #[serde(default = "any_length")]
    pub international: usize,
    pub response: Limits,
    #[serde(default = "no_delay")]
    pub expected_delay: ExpectedDelay,
    pub privacy: Privacy,
}

/// Records from before a bound say nothing of it.
const fn any_length() -> usize {
    usize::MAX
}

const fn no_delay() -> ExpectedDelay {
    ExpectedDelay::NONE
}

impl Settings {
    /// Those of a configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let policy = config.policy();
        Self {
            domain: config.domain.clone(),
            require_crid: policy.creative_id_required,
            require_adomain: policy.advertiser_domain_required,
            loopback_is_secure: policy.loopback_is_secure,
            notice_url: policy.notice_url,
            declared: policy.declared,
            international: policy.international,
            response: policy.limits,
            expected_delay: config.expected_delay,
            privacy: config.privacy,
        }
    }

    /// The market of a catalog under them.
    #[must_use]
    pub fn market(&self, catalog: &Catalog) -> Market {
        let policy = Policy {
            creative_id_required: self.require_crid,
            advertiser_domain_required: self.require_adomain,
            loopback_is_secure: self.loopback_is_secure,
            notice_url: self.notice_url,
            declared: self.declared,
            international: self.international,
            limits: self.response,
            delays: self.expected_delay.usual(),
        };
        Market::new(catalog, &self.domain, policy, self.privacy.policy())
    }
}

/// What a partner's state said to being asked: its limit, its past, its breaker, its distance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admission {
    /// Index of the partner in the catalog.
    pub partner: usize,
    /// Milliseconds that the network takes of its time; absent for one that was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_ms: Option<u32>,
    /// Why it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_asked: Option<Cow<'static, str>>,
}

impl Admission {
    /// Of an answer to the plan's question.
    #[must_use]
    pub fn of(partner: usize, said: Result<Reach, NotAsked>) -> Self {
        Self {
            partner,
            network_ms: said.ok().map(|reach| reach.network_ms),
            not_asked: said.err().map(|reason| Cow::Borrowed(reason.label())),
        }
    }

    pub(super) fn said(&self) -> Result<Reach, NotAsked> {
        match self.network_ms {
            Some(network_ms) => Ok(Reach { network_ms }),
            None => Err(NotAsked::ALL
                .into_iter()
                .find(|reason| Some(reason.label()) == self.not_asked.as_deref())
                .unwrap_or(NotAsked::Unreachable)),
        }
    }
}

/// A winner that was shown nowhere: its win notice brought no markup, or none that may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forfeit {
    /// Index of the bid among all that were made.
    pub bid: usize,
    /// What became of its markup: `forfeit` where there was none, else what it would have lost for.
    pub reason: Cow<'static, str>,
}

impl Forfeit {
    /// Why this bid was forfeit, if it was.
    pub(crate) fn of(forfeits: &[Self], bid: usize) -> Option<&str> {
        let found = forfeits.iter().find(|forfeit| forfeit.bid == bid);
        found.map(|forfeit| &*forfeit.reason)
    }
}

/// How one call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer<'s> {
    /// Index of the ask.
    pub ask: usize,
    /// What came.
    pub said: Said<'s>,
}

/// What came back from a DSP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said<'s> {
    /// A body, as it came.
    Body(Body<'s>),
    /// A body that is no text, in hexadecimal digits: in records of format 1.
    Bytes(String),
    /// Nothing, politely.
    NoContent,
    /// Nothing in time.
    TimedOut,
    /// The request was shed.
    Shed,
    /// Another status, or no answer.
    Failed,
}

impl<'s> Said<'s> {
    /// Of what settling took.
    #[must_use]
    pub const fn of(reached: Reached<'s>) -> Self {
        match reached {
            Reached::Body(body) => Self::Body(Body::Bytes(Cow::Borrowed(body))),
            Reached::NoContent => Self::NoContent,
            Reached::TimedOut => Self::TimedOut,
            Reached::Shed => Self::Shed,
            Reached::Failed => Self::Failed,
        }
    }
}
