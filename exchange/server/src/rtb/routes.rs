//! The listener of the RTB side: its paths, and who may call them.

use std::rc::Rc;

use contracts::notice::SellKind;
use http::{HeaderMap, Method};
use service::http::{self as answers, Admission, Class, Handler, Head, Request, Response};
use service::{Problem, access, clock, cors};
use units::AuctionId;

use super::context::AuctionContext;
use super::handler;
use super::{history, notices, sellers, validate};
use crate::demo::Demo;
use crate::sync;

/// The handler of one worker.
pub(crate) struct Rtb {
    context: Rc<AuctionContext>,
    demo: Demo,
}

impl Rtb {
    pub(crate) fn new(context: Rc<AuctionContext>, demo: Demo) -> Self {
        Self { context, demo }
    }

    /// The routes of operators.
    async fn operate(&self, request: &Request) -> Response {
        if let Err(refused) = self.operator(request) {
            return refused.into_response();
        }
        let path = request.path.as_str();
        if path.starts_with("/demo/") {
            return self.demo.handle(request).await;
        }
        if path == "/validate" {
            return match request.method {
                Method::POST => validate::findings(&self.context.exchange, request),
                _ => answers::method_not_allowed("POST"),
            };
        }
        if !request.is_get() {
            return answers::method_not_allowed("GET, HEAD");
        }
        match path {
            "/auction" => history::by_request(&self.context, request),
            "/auction-history" => history::list(&self.context, request),
            "/stats" => history::stats(&self.context),
            _ => match path.strip_prefix("/auction/") {
                Some(id) => history::by_id(&self.context, id).await,
                None => Problem::not_found().into_response(),
            },
        }
    }

    /// An operator's token, or local mode.
    fn operator(&self, request: &Request) -> Result<(), Box<Problem>> {
        let config = &self.context.exchange.config;
        if config.local_access().admits(request.peer, &request.headers) {
            return Ok(());
        }
        match access::bearer(&request.headers) {
            Some(token) => {
                let tokens = [&config.operator_token, &config.service_token];
                if tokens
                    .into_iter()
                    .any(|known| access::is_same_secret(token, known.expose()))
                {
                    Ok(())
                } else {
                    Err(Box::new(Problem::forbidden()))
                }
            }
            None if config.local_mode => {
                let why =
                    "only this machine may call without a token: start with --auth to use tokens";
                Err(Box::new(Problem::forbidden().detail(why)))
            }
            None => Err(Box::new(Problem::unauthorized())),
        }
    }
}

fn is_auction(path: &str) -> bool {
    matches!(path, "/openrtb2/auction" | "/rtb")
}

impl Handler for Rtb {
    async fn handle(&self, request: Request) -> Response {
        let context = &self.context;
        match request.path.as_str() {
            path if is_auction(path) => handler::auction(context, &request).await,
            "/notice/win" => notices::take(context, &request, SellKind::Win).await,
            "/notice/bill" => notices::take(context, &request, SellKind::Bill).await,
            "/notice/loss" => notices::take(context, &request, SellKind::Loss).await,
            path if sync::is_sync(path) => {
                let base = context.exchange.config.rtb_base();
                sync::handle(context, &request, &base).await
            }
            "/sellers.json" if request.is_get() => sellers::document(context),
            path => match path.strip_prefix("/sellers/").filter(|_| request.is_get()) {
                Some(rest) => match rest.strip_suffix("/ads-txt") {
                    Some(id) => sellers::ads_txt(context, id),
                    None => Problem::not_found().into_response(),
                },
                None => self.operate(&request).await,
            },
        }
    }

    fn class(&self, _method: &Method, path: &str) -> Class {
        if is_auction(path) {
            Class::Bid
        } else if path.starts_with("/notice/") {
            Class::Notice
        } else {
            Class::Api
        }
    }

    fn admit(&self, class: Class, head: &Head<'_>) -> Admission {
        match class {
            Class::Bid => self.context.exchange.accounts.admit(head),
            Class::Notice | Class::Ops | Class::Api => Admission::Open,
        }
    }

    fn on_refused(&self, class: Class, request: &HeaderMap, response: &mut Response) {
        // A browser's client reads why, too.
        if class == Class::Bid {
            cors::allow(request, response);
        }
    }

    fn on_shed(&self, request: &HeaderMap, response: &mut Response) {
        let now = clock::now();
        let auction = AuctionId::new(now, clock::random_bytes());
        if let Some(id) = handler::id_header(auction) {
            response
                .headers_mut()
                .insert(contracts::access::AUCTION_ID_HEADER, id);
        }
        cors::allow(request, response);
        let reason = response
            .headers()
            .get(contracts::access::SHED_REASON_HEADER);
        let reason = reason.and_then(|it| it.to_str().ok()).unwrap_or("overload");
        self.context.shed(auction, now, reason);
    }
}
