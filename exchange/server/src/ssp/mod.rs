//! The SSP side (:8003): publishers' ad requests, impressions, inventory and revenue.
//!
//! An ad request becomes a bid request of its placement, which is auctioned in process; placements and
//! revenue are the control plane's, and passed on.

mod ad_request;
mod bid_request;
mod control_plane;
mod inventory;
mod native;
mod pages;
mod request;
mod revenue;
mod rights;
mod sell;
mod track;
mod vast;

use std::net::IpAddr;
use std::sync::Arc;

use contracts::notice::SellKind;
use http::{HeaderMap, Method};
use service::client::Client;
use service::http::{self as answers, Class, Handler, Request, Response};
use service::{Problem, cors};

use crate::exchange::InForce;
use crate::rtb::{self, AuctionContext};
use crate::sync;

pub(crate) use pages::escape;

/// What stands before an event's name in its path.
const VIDEO: &str = "/video/";
/// Placements that one tag fills.
const MOST_IN_A_TAG: usize = 32;

/// The SSP side of one worker.
pub(crate) struct Ssp {
    auctions: AuctionContext,
    control_plane: Client,
    base: String,
}

impl Ssp {
    /// The SSP side over this worker's auctions.
    pub(crate) fn new(auctions: AuctionContext) -> Self {
        Self {
            control_plane: control_plane::client(),
            base: auctions.exchange.config.ssp_base(),
            auctions,
        }
    }

    async fn route(&self, request: &Request) -> Response {
        let config = &self.auctions.exchange.config;
        if let Some(event) = request.path.strip_prefix(VIDEO) {
            return track::video(self, request, event);
        }
        match request.path.as_str() {
            "/ad-request" => ad_request::handle(self, request).await,
            "/impression" => track::handle(self, request, SellKind::Impression).await,
            "/view" => track::handle(self, request, SellKind::View).await,
            "/click" => track::handle(self, request, SellKind::Click).await,
            "/vast" => vast::handle(self, request).await,
            path if sync::is_sync(path) => sync::handle(&self.auctions, request, &self.base).await,
            "/tag.js" => self.page(request, Self::tag),
            "/frame" => self.page(request, |_ssp, _request| Ok(pages::frame())),
            "/demo" => self.page(request, Self::demo),
            "/revenue" => revenue::handle(&self.control_plane, config, request).await,
            path if path == "/inventory" || path.starts_with("/inventory/") => {
                inventory::handle(&self.control_plane, config, request).await
            }
            _ => Problem::not_found().into_response(),
        }
    }

    fn page(
        &self,
        request: &Request,
        write: impl FnOnce(&Self, &Request) -> Result<Response, Box<Problem>>,
    ) -> Response {
        if !request.is_get() {
            return answers::method_not_allowed("GET, HEAD");
        }
        write(self, request).unwrap_or_else(|refused| refused.into_response())
    }

    /// One or several placements, with commas between them. One that is not sold, and be it since a moment ago, takes
    /// no ad from the others of its page.
    fn tag(&self, request: &Request) -> Result<Response, Box<Problem>> {
        let in_force = self.in_force()?;
        let ids = request.query_param("placement").unwrap_or_default();
        let (mut placements, mut unsold, mut refused) = (Vec::new(), Vec::new(), None);
        for id in ids.split(',').take(MOST_IN_A_TAG) {
            match sell::on_sale(&in_force, id) {
                Ok((placement, _publisher)) => placements.push(placement),
                Err(why) => {
                    unsold.push(id);
                    refused = refused.or(Some(why));
                }
            }
        }
        if let Some(why) = refused.filter(|_| placements.is_empty()) {
            return Err(why);
        }
        let syncs = in_force.syncs && self.auctions.identity.table.is_some();
        Ok(pages::tag(&self.base, &placements, &unsold, syncs))
    }

    fn demo(&self, request: &Request) -> Result<Response, Box<Problem>> {
        rights::operator(&self.auctions.exchange.config, request)?;
        Ok(pages::demo(
            &self.base,
            &self.in_force()?.catalog.placements,
        ))
    }

    fn in_force(&self) -> Result<Arc<InForce>, Box<Problem>> {
        let in_force = self.auctions.exchange.in_force();
        in_force.ok_or_else(|| Problem::unavailable(1).detail("no catalog yet").into())
    }

    fn address_of(&self, request: &Request) -> IpAddr {
        rtb::caller(&self.auctions, request)
    }
}

impl Handler for Ssp {
    async fn handle(&self, request: Request) -> Response {
        // Pages of publishers and players of other origins call these.
        let class = self.class(&request.method, &request.path);
        if class == Class::Api {
            return self.route(&request).await;
        }
        if let Some(allowed) = cors::preflight(&request.method, &request.headers, "GET, POST") {
            return allowed;
        }
        let mut response = self.route(&request).await;
        cors::allow(&request.headers, &mut response);
        response
    }

    fn class(&self, _method: &Method, path: &str) -> Class {
        match path {
            "/ad-request" | "/vast" => Class::Bid,
            "/impression" | "/view" | "/click" => Class::Notice,
            path if path.starts_with(VIDEO) => Class::Notice,
            _ => Class::Api,
        }
    }

    fn on_shed(&self, request: &HeaderMap, response: &mut Response) {
        cors::allow(request, response);
    }

    fn on_refused(&self, class: Class, request: &HeaderMap, response: &mut Response) {
        if class != Class::Api {
            cors::allow(request, response);
        }
    }
}
