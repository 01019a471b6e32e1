//! `/sync`: the page on which a browser tells DSPs that it was here; `/sync/in`: where they tell what they call it;
//! `/sync/out`: where an SSP learns what we do.

mod out;

use std::fmt::Write;
use std::time::Instant;

use contracts::catalog::{DemandPartner, SyncKind};
use exchange_core::market::OWN_BIDDER;
use exchange_core::privacy::{self, Signals, Told};
use exchange_core::sync::{self, Most, may_match};
use http::{HeaderValue, StatusCode, header};
use openrtb::consent::UrlChoice;
use openrtb::{BidRequest, Limits};
use service::http::{self as answers, Request, Response};
use service::{Problem, clock};
use units::DurationMillis;
use userstate::{Noted, UserState};

use crate::rtb::{AuctionContext, sends_gpc};
use crate::ssp::escape;

/// When to try again while Redis is away, in seconds.
const RETRY_AFTER: u32 = 1;

/// What the page may do: load images. They are DSPs', so that they get their cookies and no script of theirs runs.
const IMAGES: HeaderValue =
    HeaderValue::from_static("sandbox allow-same-origin; default-src 'none'; img-src http: https:");
/// The same with documents of DSPs, which may do no more than the page: it allows scripts, and has and loads none.
const FRAMES: HeaderValue = HeaderValue::from_static(
    "sandbox allow-same-origin allow-scripts; default-src 'none'; img-src http: https:; frame-src http: https:",
);

/// Whether a path is one of these.
pub(crate) fn is_sync(path: &str) -> bool {
    matches!(path, "/sync" | "/sync/in" | "/sync/out")
}

/// Answers any of them; `base` is the public URL of the side that was called.
pub(crate) async fn handle(context: &AuctionContext, request: &Request, base: &str) -> Response {
    if !request.is_get() {
        return answers::method_not_allowed("GET, HEAD");
    }
    let Some(table) = &context.identity.table else {
        return Problem::not_found()
            .detail("this exchange keeps no ids of DSPs: set exchange.redis_url")
            .into_response();
    };
    let call = Call {
        context,
        table,
        request,
        choice: choice(request),
    };
    let answered = match request.path.as_str() {
        "/sync" => call.page(base).await,
        "/sync/out" => call.tell().await,
        _ => call.arrive().await,
    };
    answered.unwrap_or_else(|refused| refused.into_response())
}

/// What the person chose, by the query and the browser's own fields.
fn choice(request: &Request) -> UrlChoice {
    let mut choice = UrlChoice::read(request.query_params());
    choice.opts_out = sends_gpc(&request.headers);
    choice.untracked = request.known_header(&header::DNT) == Some("1");
    choice
}

/// One call of a browser.
struct Call<'c> {
    context: &'c AuctionContext,
    table: &'c UserState,
    request: &'c Request,
    choice: UrlChoice,
}

impl Call<'_> {
    /// What `decide` says to the choice; `None` when that cannot be read, which is no consent.
    fn decided<T>(&self, decide: impl FnOnce(&Signals<'_>) -> T) -> Option<T> {
        let body = self.choice.to_request();
        let (request, _) = BidRequest::read(&body, &Limits::MEASURED).ok()?;
        let told = Told::by(&request);
        let policy = self.context.exchange.config.privacy.policy();
        Some(decide(&Signals::of(&request, &told, policy)))
    }

    fn count(&self, outcome: &'static str) {
        self.context.exchange.metrics.id_sync(outcome);
    }

    /// The page: an image or a frame for each DSP that is to be asked.
    async fn page(&self, base: &str) -> Result<Response, Box<Problem>> {
        let visitors = &self.context.identity.visitors;
        let known = visitors.known(&self.request.headers);
        if self.decided(privacy::may_identify) != Some(true) {
            return Ok(self.leave_alone(known, page("", IMAGES)).await);
        }
        if self.request.is_head() {
            return Ok(page("", IMAGES));
        }
        let exchange = &self.context.exchange;
        let in_force = exchange.in_force();
        let in_force = in_force.ok_or_else(|| Problem::unavailable(RETRY_AFTER))?;
        let (now, config) = (clock::now(), &exchange.config.sync);
        let matches = match known {
            Some(id) => self.table.load_known(id).await,
            None => Ok(None),
        };
        let matches = matches.map_err(|error| self.away(&error))?;
        // Whoever was erased is somebody new.
        let id = match known.filter(|_| matches.is_some()) {
            Some(id) => id.to_owned(),
            None => visitors.welcome(now),
        };
        let matches = matches.unwrap_or_default();
        let span = config.life.0.saturating_sub(config.renew_after.0);
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let renewed_before = now.after(DurationMillis(span));
        let [turn] = clock::random_bytes::<1>();
        let most = Most {
            all: config.at_once,
            frames: config.frames_at_once,
        };
        let partners = &in_force.catalog.partners;
        let due = self.decided(|signals| {
            let first = usize::from(turn);
            sync::due(partners, &matches, signals, renewed_before, most, first)
        });
        let due = due.unwrap_or_default();
        let is_frame = |partner: &&DemandPartner| partner.sync_kind == SyncKind::Frame;
        let policy = if due.iter().any(is_frame) {
            FRAMES
        } else {
            IMAGES
        };
        let mut calls = String::new();
        for partner in due {
            self.write_call(partner, base, &mut calls);
        }
        self.count("asked");
        Ok(with_cookie(page(&calls, policy), visitors.keep(&id)))
    }

    /// What makes the browser call a DSP.
    fn write_call(&self, partner: &DemandPartner, base: &str, calls: &mut String) {
        let template = partner.sync_url.as_deref().unwrap_or_default();
        let back = sync::return_url(base, &partner.id, &self.choice);
        let config = &self.context.exchange.config;
        let dmp = config.dmp_url.trim_end_matches('/');
        let url = escape(&sync::call_url(template, dmp, &self.choice, &back));
        // Writing to memory does not fail.
        let _ = match partner.sync_kind {
            SyncKind::Image => {
                writeln!(calls, r#"<img src="{url}" alt="" width="1" height="1">"#)
            }
            SyncKind::Frame => writeln!(
                calls,
                r#"<iframe src="{url}" title="Sync" width="1" height="1" sandbox="allow-scripts allow-same-origin"></iframe>"#
            ),
        };
    }

    /// Nobody may be known: a browser that was known before is not any more, and nothing of it is kept.
    async fn leave_alone(&self, known: Option<&str>, answer: Response) -> Response {
        self.count("no_consent");
        let Some(id) = known.filter(|_| !self.request.is_head()) else {
            return answer;
        };
        if let Err(error) = self.table.drop_matches(id).await {
            tracing::warn!(%error, "ids of a person who withdrew consent stay until they end");
        }
        with_cookie(answer, self.context.identity.visitors.forget())
    }

    /// A DSP's id of the browser; an empty one takes it back.
    async fn arrive(&self) -> Result<Response, Box<Problem>> {
        let exchange = &self.context.exchange;
        let in_force = exchange.in_force();
        let in_force = in_force.ok_or_else(|| Problem::unavailable(RETRY_AFTER))?;
        let name = self.request.query_param("partner").unwrap_or_default();
        let mut partners = in_force.catalog.partners.iter();
        let partner = partners
            .find(|it| it.id.as_str() == name && it.status.is_active())
            .ok_or_else(|| unknown_partner(&name))?;
        let uid = self.request.query_param("uid");
        let uid = uid.filter(|uid| uid.is_empty() || sync::is_uid(uid));
        let uid = uid.ok_or_else(no_uid)?;
        if self.decided(|signals| may_match(signals, partner)) != Some(true) {
            self.count("no_consent");
            return Ok(answers::gif());
        }
        let visitors = &self.context.identity.visitors;
        let Some(id) = visitors.known(&self.request.headers) else {
            self.count("no_cookie");
            return Ok(answers::gif());
        };
        if self.request.is_head() {
            return Ok(answers::gif());
        }
        let _place = exchange
            .syncs
            .enter(Instant::now())
            .map_err(|_| self.too_many())?;
        if uid.is_empty() {
            let dropped = self.table.drop_match(id, &partner.id).await;
            dropped.map_err(|error| self.away(&error))?;
            self.count("taken_back");
            return Ok(answers::gif());
        }
        let terms = self.context.identity.terms;
        let noted = if partner.endpoint == OWN_BIDDER {
            self.table
                .note_own_match(id, &partner.id, &uid, terms)
                .await
        } else {
            self.table.note_match(id, &partner.id, &uid, terms).await
        };
        match noted.map_err(|error| self.away(&error))? {
            Noted::Known => {
                self.count("matched");
                Ok(answers::gif())
            }
            Noted::Erased => {
                self.count("erased");
                // Whoever was erased is somebody new from here on.
                Ok(with_cookie(answers::gif(), visitors.forget()))
            }
        }
    }

    fn too_many(&self) -> Box<Problem> {
        self.count("too_many");
        let problem = Problem::unavailable(RETRY_AFTER);
        let says = "more ids are told than sync.per_second of [exchange]";
        Box::new(problem.detail(says))
    }

    fn away(&self, error: &dyn std::error::Error) -> Box<Problem> {
        tracing::warn!(%error, "the match table cannot be used");
        self.count("unavailable");
        let problem = Problem::unavailable(RETRY_AFTER);
        Box::new(problem.detail("the match table does not answer"))
    }
}

fn unknown_partner(name: &str) -> Box<Problem> {
    if name.is_empty() {
        let title = "The parameter partner is missing";
        return Box::new(Problem::new(StatusCode::BAD_REQUEST, "no_partner", title));
    }
    Box::new(Problem::not_found().detail("no such partner"))
}

fn no_uid() -> Box<Problem> {
    let title = "The parameter uid is missing, or no id";
    let problem = Problem::new(StatusCode::BAD_REQUEST, "no_uid", title);
    let says = format!(
        "an id is of 1 to {} visible ASCII characters",
        sync::LONGEST_UID
    );
    Box::new(problem.detail(says))
}

fn page(calls: &str, policy: HeaderValue) -> Response {
    let document = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Sync</title>\n{calls}</html>\n"
    );
    let mut response = answers::html(StatusCode::OK, document);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let never = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, never);
    // Where the page was opened, and what was chosen there, is in its own address.
    let nowhere = HeaderValue::from_static("no-referrer");
    headers.insert(header::REFERRER_POLICY, nowhere);
    response
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
