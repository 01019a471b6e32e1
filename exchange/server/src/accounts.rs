//! The SSPs that send bid requests: by which keys they are known, what they may ask, and how much (S5, R24).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use contracts::access::{KeyDigest, PARTNER_KEY_CHALLENGE, PARTNER_KEY_HEADER};
use contracts::catalog::{
    AccountStatus, AdsTxtPolicy, AuctionType, Catalog, Publisher, SspAccount, Status,
};
use exchange_core::intake::Defaults;
use openrtb::enums;
use service::http::{Admission, Head, Method};
use service::quota::{Quota, Terms};
use service::{Problem, cors};
use units::{Currency, Multiplier};

use crate::config::{self, Config};

const KEY_PARAM: &str = "key";

/// An SSP's account, from the catalog or from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// The publisher's id or the configuration's name; `sid` in our sellers.json.
    pub(crate) id: String,
    /// Our share of the gross.
    pub(crate) fee: Multiplier,
    /// Currency of its payout.
    pub(crate) currency: Currency,
    /// Whether it owns what it sells.
    pub(crate) is_owner: bool,
    /// Macros in markup are left to it.
    pub(crate) keep_macros: bool,
    /// What holds where its requests say nothing, and what it always blocks.
    pub(crate) defaults: Defaults,
    /// Whether ads.txt must name it.
    pub(crate) ads_txt: AdsTxtPolicy,
}

/// An account with what it uses of its limits. Its number stays while the process lives: a request that was let
/// in by one catalog is still found by the next.
#[derive(Debug, Clone)]
struct Known {
    account: Arc<Account>,
    quota: Arc<Quota>,
}

#[derive(Debug, Default)]
struct Table {
    by_key: HashMap<KeyDigest, usize>,
    known: Vec<Known>,
}

/// All accounts; none: everybody is let in, where that is allowed.
#[derive(Debug)]
pub(crate) struct Accounts {
    table: ArcSwap<Table>,
    may_be_open: bool,
}

impl Accounts {
    /// Those of the configuration, until the first catalog comes.
    pub(crate) fn new(config: &Config) -> Self {
        let accounts = Self {
            table: ArcSwap::default(),
            may_be_open: config.listens_on_loopback(),
        };
        accounts.adopt(config, &Catalog::default());
        accounts
    }

    /// Puts a catalog's accounts in force, beside those of the configuration. Who is gone is off.
    pub(crate) fn adopt(&self, config: &Config, catalog: &Catalog) {
        let mut known = self.table.load().known.clone();
        for gone in &known {
            gone.quota.change(OFF);
        }
        let mut by_key = HashMap::new();
        let configured = config.accounts.iter().map(|(name, row)| {
            let keys = vec![KeyDigest::of(row.key.expose())];
            (of_config(name, row), row.terms(), keys)
        });
        let published = catalog.publishers.iter().filter_map(of_publisher);
        for (account, terms, keys) in configured.chain(published) {
            let number = known.iter().position(|it| it.account.id == account.id);
            let number = number.unwrap_or(known.len());
            match known.get_mut(number) {
                Some(before) => {
                    before.quota.change(terms);
                    before.account = Arc::new(account);
                }
                None => known.push(Known {
                    account: Arc::new(account),
                    quota: Arc::new(Quota::new(terms)),
                }),
            }
            by_key.extend(keys.into_iter().map(|key| (key, number)));
        }
        self.table.store(Arc::new(Table { by_key, known }));
    }

    /// Lets a bid request in by its key, within what its account may ask: before anything of its body is read.
    pub(crate) fn admit(&self, head: &Head<'_>) -> Admission {
        if head.method != Method::POST {
            // A preflight, or a wrong method: there is nothing to let in.
            return Admission::Open;
        }
        let table = self.table.load();
        if table.by_key.is_empty() && self.may_be_open {
            return Admission::Open;
        }
        let given = head.header_or_param(PARTNER_KEY_HEADER, KEY_PARAM);
        // By its digest: how long it takes tells nothing of the keys there are.
        let number = given.and_then(|key| table.by_key.get(&KeyDigest::of(&key)).copied());
        let known = number.and_then(|number| Some((number, table.known.get(number)?)));
        let Some((number, known)) = known else {
            let refused = Problem::key_needed(PARTNER_KEY_CHALLENGE)
                .detail("send the key of your account as the header x-gavel-key or as ?key=");
            let mut refused = refused.into_response();
            cors::allow(head.headers, &mut refused);
            return Admission::Refused(Box::new(refused));
        };
        match known.quota.enter(Instant::now()) {
            Ok(place) => Admission::Caller(number, place),
            Err(reason) => Admission::Shed(reason),
        }
    }

    /// The account of a request that was let in; `None` where everybody is.
    pub(crate) fn of(&self, caller: Option<usize>) -> Option<Arc<Account>> {
        let table = self.table.load();
        Some(Arc::clone(&table.known.get(caller?)?.account))
    }
}

const OFF: Terms = Terms {
    qps: 0,
    in_flight: 0,
    active: false,
};

fn of_config(name: &str, row: &config::Account) -> Account {
    Account {
        id: name.to_owned(),
        fee: row.fee(),
        currency: row.currency,
        is_owner: row.owner,
        keep_macros: row.keep_macros,
        defaults: Defaults::default(),
        ads_txt: AdsTxtPolicy::Off,
    }
}

fn of_publisher(publisher: &Publisher) -> Option<(Account, Terms, Vec<KeyDigest>)> {
    let told = publisher.account.as_ref()?;
    let account = Account {
        id: publisher.id.as_str().to_owned(),
        fee: publisher.fee,
        currency: publisher.currency,
        is_owner: told.owner,
        keep_macros: told.keep_macros,
        defaults: defaults(publisher, told),
        ads_txt: told.ads_txt,
    };
    let terms = Terms {
        qps: told.qps,
        in_flight: told.in_flight,
        active: told.status != AccountStatus::Off && publisher.status == Status::Active,
    };
    let keys = told.keys.iter().map(|key| key.digest).collect();
    Some((account, terms, keys))
}

fn defaults(publisher: &Publisher, told: &SspAccount) -> Defaults {
    Defaults {
        tmax_ms: told.tmax_ms,
        auction_type: told.auction_type.map(|kind| match kind {
            AuctionType::FirstPrice => enums::AuctionType::FIRST_PRICE,
            AuctionType::SecondPrice => enums::AuctionType::SECOND_PRICE_PLUS,
        }),
        bid_currency: told.bid_currency,
        floor: told.floor.map(|floor| (floor, told.floor_currency)),
        badv: publisher.badv.clone(),
        bcat: publisher.bcat.clone(),
        bapp: publisher.bapp.clone(),
        battr: publisher.battr.clone(),
        is_test: told.status == AccountStatus::Testing,
    }
}
