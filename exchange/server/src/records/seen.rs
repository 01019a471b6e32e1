//! An auction as data: everything that plan and settlement read, and what came of it.
//!
//! [`replay`] plans and settles again from a [`Seen`] and its catalog; the [`Outcome`] must be the same, bit
//! for bit.

use contracts::{catalog::Catalog, matches::Matches};
use exchange_core::auction::{Fate, Judged, Plan, Reach, Reply, ReplyFate, Seller, Settlement};
use exchange_core::auction::{Reached, Terms, Tier, plan, settle};
use exchange_core::intake::Intake;
use exchange_core::routing::NotAsked;
use exchange_core::screening::Policy;
use exchange_core::{Conditions, Market};
use openrtb::{BidRequest, Limits, ReadError};
use serde::{Deserialize, Serialize};
use units::{AuctionId, CpmMicros, Currency, UnixMillis};

use super::store;
use crate::config::{Config, Privacy};

/// Everything that one auction read, but for the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The auction; the record's id, and the seed of everything that is left to chance.
    pub auction: AuctionId,
    /// When the request arrived.
    pub at: UnixMillis,
    /// Version of the catalog in force: partners, floors, discounts, reviews.
    pub catalog: u64,
    /// Version of the exchange rates.
    pub rates: u32,
    /// Who sells.
    pub seller: SeenSeller,
    /// What the configuration says of auctions.
    pub settings: Settings,
    /// The request's own time, in milliseconds.
    pub tmax_ms: u32,
    /// What was left of it for the DSPs, in milliseconds.
    pub remaining_ms: u32,
    /// What each partner's state said to being asked, in the order of the questions.
    pub admissions: Vec<Admission>,
    /// How the calls ended, in the order of the asks.
    pub answers: Vec<Answer>,
    /// What partners called the user; not their very ids where the request is not whole.
    #[serde(default, skip_serializing_if = "Matches::is_empty")]
    pub matches: Matches,
    /// Whether the request is whole: nothing of the person was taken out.
    pub is_whole: bool,
    /// The request that was auctioned: the SSP's, with what its account and we added.
    pub request: String,
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
}

impl SeenSeller {
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
    pub response: Limits,
    pub privacy: Privacy,
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
            response: policy.limits,
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
            limits: self.response,
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
    pub not_asked: Option<String>,
}

impl Admission {
    /// Of an answer to the plan's question.
    #[must_use]
    pub fn of(partner: usize, said: Result<Reach, NotAsked>) -> Self {
        Self {
            partner,
            network_ms: said.ok().map(|reach| reach.network_ms),
            not_asked: said.err().map(|reason| reason.label().to_owned()),
        }
    }

    fn said(&self) -> Result<Reach, NotAsked> {
        match self.network_ms {
            Some(network_ms) => Ok(Reach { network_ms }),
            None => Err(NotAsked::ALL
                .into_iter()
                .find(|reason| Some(reason.label()) == self.not_asked.as_deref())
                .unwrap_or(NotAsked::Unreachable)),
        }
    }
}

/// How one call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Index of the ask.
    pub ask: usize,
    /// What came.
    pub said: Said,
}

/// What came back from a DSP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A body, as it came.
    Body(String),
    /// A body that is no text, in hexadecimal digits.
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

impl Said {
    /// Of what settling took.
    #[must_use]
    pub fn of(reached: Reached<'_>) -> Self {
        match reached {
            Reached::Body(body) => match std::str::from_utf8(body) {
                Ok(text) => Self::Body(text.to_owned()),
                Err(_) => Self::Bytes(store::hex(body)),
            },
            Reached::NoContent => Self::NoContent,
            Reached::TimedOut => Self::TimedOut,
            Reached::Shed => Self::Shed,
            Reached::Failed => Self::Failed,
        }
    }
}

/// What came of an auction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Currency of comparison and of the answer.
    pub currency: Currency,
    /// Who was asked.
    pub asked: Vec<Asked>,
    /// Who was not.
    pub not_asked: Vec<Passed>,
    /// SHA-256 of each body that was sent; none where the request is not whole.
    pub bodies: Vec<String>,
    /// What each ask came to, in the order of the answers.
    pub replies: Vec<Replied>,
    /// Every bid with its fate.
    pub bids: Vec<Judgement>,
    /// Indices of the bids that won, in the order of the imps.
    pub winners: Vec<usize>,
}

/// A partner that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Which.
    pub dsp: String,
    /// Milliseconds that it had.
    pub budget_ms: u32,
    /// Index of its body.
    pub body: usize,
    /// How many imps it saw.
    pub imps: usize,
}

/// A partner that was not asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Which.
    pub dsp: String,
    /// Why.
    pub reason: String,
}

/// What an ask came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replied {
    /// Whose.
    pub dsp: String,
    /// `bid`, `no_bid`, `timeout`, `shed` or `error`.
    pub status: String,
    /// How many bids.
    pub bids: usize,
    /// The no-bid reason.
    pub nbr: Option<i32>,
}

/// One bid with its fate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// Whose.
    pub dsp: String,
    /// Its seat.
    pub seat: Option<String>,
    /// Its id.
    pub id: String,
    /// The imp that it names.
    pub imp: String,
    /// Its price in its currency.
    pub price: Option<CpmMicros>,
    /// Its currency.
    pub currency: Currency,
    /// The floor that applied, where screening came that far.
    pub floor: Option<CpmMicros>,
    /// What it won, if it won.
    pub won: Option<Won>,
    /// Why it lost, if it lost.
    pub lost: Option<Lost>,
}

/// What a winner pays, in its currency unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Won {
    /// What the auction came to.
    pub clearing: CpmMicros,
    /// What the seller took off.
    pub discount: Option<CpmMicros>,
    /// What is paid.
    pub price: CpmMicros,
    /// The same in the answer's currency.
    pub answer_price: CpmMicros,
    /// The least that would have won.
    pub minimum_to_win: CpmMicros,
    /// `open`, `private`, `preferred` or `guaranteed`.
    pub tier: String,
}

/// Why a bid lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// The standard's code.
    pub code: u16,
    /// Our name for it.
    pub reason: String,
    /// The least that would have won, where price was the cause.
    pub minimum_to_win: Option<CpmMicros>,
}

impl Outcome {
    /// Of a settled auction. The digests of the bodies are added by who has them.
    #[must_use]
    pub fn of(market: &Market, plan: &Plan<'_>, settlement: &Settlement<'_>) -> Self {
        let name = |index: usize| {
            let partner = market.partners.get(index);
            partner.map_or_else(String::new, |partner| partner.id.as_str().to_owned())
        };
        let asked = plan.asks.iter().map(|ask| Asked {
            dsp: name(ask.partner),
            budget_ms: ask.budget_ms,
            body: ask.body,
            imps: ask.views.len(),
        });
        let passed = plan.not_asked.iter().map(|(index, reason)| Passed {
            dsp: name(*index),
            reason: reason.label().to_owned(),
        });
        let replies = settlement.replies.iter().map(|(ask, fate)| Replied {
            dsp: plan
                .asks
                .get(*ask)
                .map_or_else(String::new, |ask| name(ask.partner)),
            status: fate.label().to_owned(),
            bids: match fate {
                ReplyFate::Bids(bids) => *bids,
                ReplyFate::NoBid(_) | ReplyFate::TimedOut | ReplyFate::Shed | ReplyFate::Failed => {
                    0
                }
            },
            nbr: match fate {
                ReplyFate::NoBid(nbr) => *nbr,
                ReplyFate::Bids(_) | ReplyFate::TimedOut | ReplyFate::Shed | ReplyFate::Failed => {
                    None
                }
            },
        });
        let bids = settlement.bids.iter();
        Self {
            currency: plan.currency,
            asked: asked.collect(),
            not_asked: passed.collect(),
            bodies: Vec::new(),
            replies: replies.collect(),
            bids: bids
                .map(|bid| Judgement::of(name(bid.partner), bid))
                .collect(),
            winners: settlement.winners.clone(),
        }
    }

    /// The same with the digests of what was sent.
    #[must_use]
    pub fn with_bodies(mut self, bodies: &[impl AsRef<[u8]>]) -> Self {
        let digests = bodies.iter().map(|body| store::sha256(body.as_ref()));
        self.bodies = digests.collect();
        self
    }
}

impl Judgement {
    fn of(dsp: String, judged: &Judged<'_>) -> Self {
        let (won, lost) = match judged.fate {
            Fate::Won(win) => {
                let won = Won {
                    clearing: win.clearing,
                    discount: win.discount.map(|it| it.amount),
                    price: win.price,
                    answer_price: win.answer_price,
                    minimum_to_win: win.minimum_to_win,
                    tier: tier(win.tier).to_owned(),
                };
                (Some(won), None)
            }
            Fate::Lost {
                loss,
                minimum_to_win,
            } => {
                let lost = Lost {
                    code: loss.code(),
                    reason: loss.label().to_owned(),
                    minimum_to_win,
                };
                (None, Some(lost))
            }
        };
        Self {
            dsp,
            seat: judged.seat.as_deref().map(str::to_owned),
            id: judged.bid.id().to_owned(),
            imp: judged.bid.impid().to_owned(),
            price: judged.bid.price.cpm(),
            currency: judged.currency,
            floor: judged.floor,
            won,
            lost,
        }
    }
}

const fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Open => "open",
        Tier::Private => "private",
        Tier::Preferred => "preferred",
        Tier::Guaranteed => "guaranteed",
    }
}

/// Why a record cannot be settled again.
#[derive(Debug, thiserror::Error)]
pub enum Unreplayable {
    /// Its request cannot be read.
    #[error("the recorded request cannot be read: {0}")]
    Request(#[from] ReadError),
    /// The catalog is of another version than the record's.
    #[error("the record was settled by catalog version {recorded}, and this is version {given}")]
    OtherVersion {
        /// The record's.
        recorded: u64,
        /// The catalog's.
        given: u64,
    },
    /// A recorded body is damaged.
    #[error("the recorded answer to ask {0} cannot be read")]
    Answer(usize),
}

/// Plans and settles again, by the same functions, from what was seen.
///
/// # Errors
/// [`Unreplayable`]: the catalog is of another version, or the record not readable.
pub fn replay(seen: &Seen, catalog: &Catalog) -> Result<Outcome, Unreplayable> {
    if seen.catalog != catalog.version {
        return Err(Unreplayable::OtherVersion {
            recorded: seen.catalog,
            given: catalog.version,
        });
    }
    let body = seen.request.as_bytes();
    let (request, repairs) = BidRequest::read(body, &Limits::MEASURED)?;
    let intake = Intake {
        body,
        request,
        repairs,
        tmax_ms: seen.tmax_ms,
    };
    let market = seen.settings.market(catalog);
    let request_id = seen.auction.to_string();
    let terms = Terms {
        auction: seen.auction,
        request_id: &request_id,
        remaining_ms: seen.remaining_ms,
        seller: Seller {
            sid: &seen.seller.sid,
            is_owner: seen.seller.is_owner,
        },
        matches: &seen.matches,
        at: seen.at,
    };
    let plan = plan(&intake, &market, &terms, |candidate| {
        let mut admissions = seen.admissions.iter();
        let found = admissions.find(|it| it.partner == candidate.index);
        found.map_or(Err(NotAsked::Unreachable), Admission::said)
    });
    let bytes = seen.answers.iter().map(|answer| match &answer.said {
        Said::Body(text) => Ok(text.as_bytes().to_vec()),
        Said::Bytes(text) => store::unhex(text).ok_or(Unreplayable::Answer(answer.ask)),
        Said::NoContent | Said::TimedOut | Said::Shed | Said::Failed => Ok(Vec::new()),
    });
    let bytes: Vec<Vec<u8>> = bytes.collect::<Result<_, _>>()?;
    let answers = seen.answers.iter().zip(&bytes);
    let replies = answers.map(|(answer, bytes)| Reply {
        ask: answer.ask,
        reached: match answer.said {
            Said::Body(_) | Said::Bytes(_) => Reached::Body(bytes),
            Said::NoContent => Reached::NoContent,
            Said::TimedOut => Reached::TimedOut,
            Said::Shed => Reached::Shed,
            Said::Failed => Reached::Failed,
        },
    });
    let replies: Vec<Reply<'_>> = replies.collect();
    let conditions = seen.seller.conditions(catalog);
    let settlement = settle(&plan, &market, &conditions, &replies);
    let outcome = Outcome::of(&market, &plan, &settlement);
    Ok(if seen.is_whole {
        outcome.with_bodies(&plan.bodies)
    } else {
        outcome
    })
}
