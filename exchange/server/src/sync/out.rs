//! `/sync/out`: an SSP learns our id of a browser, which its servers then send as `user.buyeruid` (C-143).

use std::time::Instant;

use contracts::catalog::{AccountStatus, SspAccount, Status};
use exchange_core::privacy;
use exchange_core::sync::{self, may_tell};
use http::StatusCode;
use service::http::{self as answers, Response};
use service::{Problem, clock};

use super::{Call, RETRY_AFTER, with_cookie};
use crate::exchange::InForce;

impl Call<'_> {
    /// Sends the browser on to the SSP with our id of it, to nowhere but the URL that the SSP's account has; where
    /// the person does not allow it, the answer is a pixel.
    pub(super) async fn tell(&self) -> Result<Response, Box<Problem>> {
        let exchange = &self.context.exchange;
        let in_force = exchange.in_force();
        let in_force = in_force.ok_or_else(|| Problem::unavailable(RETRY_AFTER))?;
        let name = self.request.query_param("ssp").unwrap_or_default();
        let account = account(&in_force, &name).ok_or_else(|| unknown_ssp(&name))?;
        let template = account.sync_url.as_deref().ok_or_else(|| {
            Problem::not_found().detail("the account of this SSP has no sync_url: it is not told")
        })?;
        let visitors = &self.context.identity.visitors;
        let known = visitors.known(&self.request.headers);
        if self.decided(privacy::may_identify) != Some(true) {
            return Ok(self.leave_alone(known, answers::gif()).await);
        }
        if self.decided(|signals| may_tell(signals, account)) != Some(true) {
            self.count("no_consent");
            return Ok(answers::gif());
        }
        if self.request.is_head() {
            return Ok(answers::gif());
        }
        let _place = exchange
            .syncs
            .enter(Instant::now())
            .map_err(|_| self.too_many())?;
        let id = match known {
            Some(id) if !self.is_erased(id).await? => id.to_owned(),
            _ => visitors.welcome(clock::now()),
        };
        self.count("told");
        let onward = sync::out_url(template, &self.choice, &id);
        Ok(with_cookie(answers::redirect(&onward), visitors.keep(&id)))
    }

    async fn is_erased(&self, id: &str) -> Result<bool, Box<Problem>> {
        let asked = self.table.is_erased(id).await;
        asked.map_err(|error| self.away(&error))
    }
}

/// The account of an SSP that may send requests.
fn account<'c>(in_force: &'c InForce, name: &str) -> Option<&'c SspAccount> {
    let publisher = in_force.publisher(name)?;
    let account = publisher.account.as_ref()?;
    let is_on = publisher.status == Status::Active && account.status != AccountStatus::Off;
    is_on.then_some(account)
}

fn unknown_ssp(name: &str) -> Box<Problem> {
    if name.is_empty() {
        let title = "The parameter ssp is missing";
        return Box::new(Problem::new(StatusCode::BAD_REQUEST, "no_ssp", title));
    }
    Box::new(Problem::not_found().detail("no such SSP"))
}
