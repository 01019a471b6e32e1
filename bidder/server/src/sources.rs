//! Who sends bid requests, and how much of it is taken (R24, S5).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bidder_core::respond::Source;
use contracts::access::{PARTNER_KEY_CHALLENGE, PARTNER_KEY_HEADER};
use contracts::catalog::SourceTerms;
use serde::Deserialize;
use serde_json::{Value, json};
use service::http::{
    Admission, Head, HeaderMap, Method, Request, Response, StatusCode, json as answer,
};
use service::quota::{Quota, Terms};
use service::{Problem, access};

use crate::access::operator;
use crate::config::Config;
use crate::worker::Worker;

const KEY_PARAM: &str = "key";

/// The demand sources of the configuration; none: everybody is let in.
pub(crate) struct Sources {
    open: Arc<Source>,
    known: Vec<Known>,
}

struct Known {
    key: String,
    source: Arc<Source>,
    quota: Arc<Quota>,
    configured: Terms,
    /// What the last catalog made of that.
    ruled: Mutex<Terms>,
}

impl Known {
    /// Its terms as configured, with what the control plane says of it laid over them.
    fn rule(&self, told: Option<&SourceTerms>) {
        let Terms {
            qps,
            in_flight,
            active,
        } = self.configured;
        let terms = Terms {
            active: told.map_or(active, |it| it.active),
            qps: told.and_then(|it| it.qps).unwrap_or(qps),
            in_flight: told.and_then(|it| it.in_flight).unwrap_or(in_flight),
        };
        let mut ruled = self.ruled.lock().unwrap_or_else(PoisonError::into_inner);
        // What was changed at this process alone stays until the control plane says something new.
        if *ruled != terms {
            *ruled = terms;
            self.quota.change(terms);
            tracing::info!(
                source = self.source.name,
                ?terms,
                "terms of a source changed"
            );
        }
    }
}

impl Sources {
    pub(crate) fn new(config: &Config) -> Self {
        let known = config.sources.iter().map(|(name, source)| Known {
            key: source.key.expose().to_owned(),
            source: Arc::new(Source {
                name: name.clone(),
                bill_on: source.bill_on,
                loss_is_final: source.loss_is_final,
                reviews_creatives: source.reviews_creatives,
            }),
            quota: Arc::new(Quota::new(source.terms())),
            configured: source.terms(),
            ruled: Mutex::new(source.terms()),
        });
        Self {
            open: Arc::new(config.open_source()),
            known: known.collect(),
        }
    }

    /// Lets a bid request in by its key, within what its source may ask.
    pub(crate) fn admit(&self, head: &Head<'_>) -> Admission {
        if self.known.is_empty() {
            return Admission::Open;
        }
        let given = head.header_or_param(PARTNER_KEY_HEADER, KEY_PARAM);
        let same = |it: &Known| {
            given
                .as_ref()
                .is_some_and(|key| access::is_same_secret(key, &it.key))
        };
        let Some(number) = self.known.iter().position(same) else {
            return Admission::Refused(Box::new(unknown()));
        };
        let Some(known) = self.known.get(number) else {
            return Admission::Refused(Box::new(unknown()));
        };
        match known.quota.enter(Instant::now()) {
            Ok(place) => Admission::Caller(number, place),
            Err(reason) => Admission::Shed(reason),
        }
    }

    /// Puts in force what a catalog says of them (S5); a name that this bidder does not know is another's.
    pub(crate) fn rule(&self, told: &[SourceTerms]) {
        for known in &self.known {
            let name = known.source.name.as_str();
            known.rule(told.iter().find(|it| it.id.as_str() == name));
        }
    }

    /// The source of a request that was let in.
    ///
    /// # Errors
    /// 401 when none let it in.
    pub(crate) fn of(&self, request: &Request) -> Result<Arc<Source>, Box<Response>> {
        if self.known.is_empty() {
            return Ok(Arc::clone(&self.open));
        }
        let known = request.caller.and_then(|number| self.known.get(number));
        let source = known.map(|it| Arc::clone(&it.source));
        source.ok_or_else(|| Box::new(unknown()))
    }

    /// The source that the key in the headers names, for a record; nobody's name where there is none.
    pub(crate) fn named_by(&self, headers: &HeaderMap) -> Source {
        let given = headers.get(PARTNER_KEY_HEADER);
        let given = given.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let same = |it: &&Known| access::is_same_secret(given, &it.key);
        let known = self.known.iter().find(same);
        known.map_or_else(
            || Source {
                name: "unknown".to_owned(),
                ..(*self.open).clone()
            },
            |it| (*it.source).clone(),
        )
    }

    /// The source that everybody is, where none are configured.
    pub(crate) fn everybody(&self) -> Option<&Source> {
        self.known.is_empty().then_some(&*self.open)
    }

    /// A configured source by its name.
    pub(crate) fn by_name(&self, name: &str) -> Option<&Source> {
        let known = self.known.iter().find(|it| it.source.name == name);
        known.map(|it| &*it.source)
    }

    fn shown(known: &Known) -> Value {
        let terms = known.quota.terms();
        json!({
            "name": known.source.name,
            "active": terms.active,
            "qps": terms.qps,
            "in_flight": terms.in_flight,
            "in_work": known.quota.in_flight(),
        })
    }
}

fn unknown() -> Response {
    let problem = Problem::key_needed(PARTNER_KEY_CHALLENGE)
        .detail("send your key as the header x-gavel-key or as ?key=");
    problem.into_response()
}

/// `GET /sources`.
pub(crate) fn list(worker: &Worker, request: &Request) -> Response {
    if let Err(refused) = operator(&worker.shared, request) {
        return *refused;
    }
    let items: Vec<_> = worker
        .shared
        .sources
        .known
        .iter()
        .map(Sources::shown)
        .collect();
    let body = json!({"items": items, "next_cursor": null});
    answer(StatusCode::OK, body.to_string().into_bytes())
}

/// What is to change of a source's terms.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    active: Option<bool>,
    qps: Option<u32>,
    in_flight: Option<u32>,
}

/// `GET`, `PATCH /sources/{name}`: other terms hold from the next request on, in this process, until it ends
/// or the control plane says something new of the source, which holds on every bidder and after a restart.
pub(crate) fn one(worker: &Worker, request: &Request, name: &str) -> Response {
    if let Err(refused) = operator(&worker.shared, request) {
        return *refused;
    }
    let known = &worker.shared.sources.known;
    let Some(known) = known.iter().find(|it| it.source.name == name) else {
        return Problem::not_found()
            .detail("no source of this name is configured")
            .into_response();
    };
    if request.method == Method::PATCH {
        let change: Change = match serde_json::from_slice(&request.body) {
            Ok(change) => change,
            Err(error) => {
                let problem = Problem::new(
                    StatusCode::BAD_REQUEST,
                    "invalid_change",
                    "Not a change of terms",
                );
                return problem.detail(error.to_string()).into_response();
            }
        };
        let terms = known.quota.terms();
        let terms = Terms {
            active: change.active.unwrap_or(terms.active),
            qps: change.qps.unwrap_or(terms.qps),
            in_flight: change.in_flight.unwrap_or(terms.in_flight),
        };
        known.quota.change(terms);
        tracing::info!(source = name, ?terms, "terms of a source changed");
    }
    answer(
        StatusCode::OK,
        Sources::shown(known).to_string().into_bytes(),
    )
}
