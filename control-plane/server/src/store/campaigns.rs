//! A campaign with what belongs to it.

use contracts::catalog::{Advertiser, Creative, LineItem};
use control_plane_core::budget::{CampaignBudget, ReservationLife};
use control_plane_core::campaign::{self, Campaign, Parts};
use deadpool_postgres::GenericClient;
use serde_json::value::RawValue;

use super::edit::{Edit, raw};
use super::page::Page;
use super::rows::{self, Kept};
use crate::ledger::{Committed, Ledger};
use crate::refusal::Refusal;

/// A campaign, its line items with its own first, and the creatives that they show.
pub(crate) struct Whole {
    pub(crate) campaign: Kept<Campaign>,
    pub(crate) line_items: Vec<LineItem>,
    pub(crate) creatives: Vec<Creative>,
}

impl Whole {
    /// As the API shows it.
    pub(crate) fn written(&self) -> Result<Box<RawValue>, Refusal> {
        let parts = Parts {
            line_items: &self.line_items,
            creatives: &self.creatives,
        };
        raw(&campaign::document(
            &self.campaign.doc,
            parts,
            self.campaign.stamps,
        ))
    }

    /// The same as text.
    pub(crate) fn text(&self) -> Result<String, Refusal> {
        Ok(Box::<str>::from(self.written()?).into_string())
    }

    /// The line item that follows the campaign's terms.
    pub(crate) fn own(&self) -> Result<&LineItem, Refusal> {
        self.line_items
            .first()
            .ok_or_else(|| Refusal::Internal(format!("{} has no line item", self.campaign.doc.id)))
    }

    /// Tells the ledger what may be spent; it locks the campaign's accounts until the edit ends.
    pub(crate) async fn set_budget(
        &self,
        edit: &Edit<'_>,
        life: ReservationLife,
    ) -> Result<Committed, Refusal> {
        let published = self.campaign.doc.published();
        let budget = CampaignBudget::of(&published, &self.line_items, &self.creatives, life);
        Ok(Ledger::set_budget(edit.tx(), &budget).await?)
    }
}

/// One campaign, or 404.
pub(crate) async fn get(client: &impl GenericClient, id: &str) -> Result<Whole, Refusal> {
    let campaign = rows::get(client, id).await?;
    complete(client, campaign).await
}

/// One campaign, locked until the transaction ends, or 404.
pub(crate) async fn lock(client: &impl GenericClient, id: &str) -> Result<Whole, Refusal> {
    let campaign = rows::lock(client, id).await?;
    complete(client, campaign).await
}

/// A page of campaigns.
pub(crate) async fn list(
    client: &impl GenericClient,
    page: Page,
    advertiser: Option<&str>,
) -> Result<Vec<(i64, Box<RawValue>)>, Refusal> {
    let mut ids = Vec::new();
    let parent: Vec<_> = advertiser
        .map(|id| ("advertiser_id", id))
        .into_iter()
        .collect();
    let rows = rows::list::<Campaign>(client, page, &parent, |kept| raw(&kept.doc.id)).await?;
    for (_, id) in &rows {
        ids.push(id.get().trim_matches('"'));
    }
    let campaigns = rows::among::<Campaign>(client, &ids).await?;
    let items = lines(client, &ids).await?;
    let shown: Vec<&str> = creative_ids(&items);
    let creatives: Vec<Creative> = docs(rows::among(client, &shown).await?);
    let mut written = Vec::with_capacity(campaigns.len());
    for campaign in campaigns {
        let of = |item: &&LineItem| item.campaign == campaign.doc.id;
        let line_items: Vec<LineItem> = items.iter().filter(of).cloned().collect();
        let mine = creative_ids(&line_items);
        let is_mine = |creative: &&Creative| mine.contains(&creative.id.as_str());
        let creatives = creatives.iter().filter(is_mine).cloned().collect();
        let whole = Whole {
            campaign,
            line_items,
            creatives,
        };
        written.push((whole.campaign.seq, whole.written()?));
    }
    Ok(written)
}

/// The advertiser of a campaign.
pub(crate) async fn advertiser(
    client: &impl GenericClient,
    campaign: &Campaign,
) -> Result<Advertiser, Refusal> {
    Ok(rows::get(client, campaign.advertiser.as_str()).await?.doc)
}

/// Creatives by their ids, those that exist.
pub(crate) async fn creatives(
    client: &impl GenericClient,
    ids: &[&str],
) -> Result<Vec<Creative>, Refusal> {
    Ok(docs(rows::among(client, ids).await?))
}

/// Ids of what line items show, each once.
pub(crate) fn creative_ids(items: &[LineItem]) -> Vec<&str> {
    let mut ids: Vec<&str> = Vec::new();
    for id in items.iter().flat_map(|item| &item.creatives) {
        if !ids.contains(&id.as_str()) {
            ids.push(id.as_str());
        }
    }
    ids
}

async fn complete(client: &impl GenericClient, campaign: Kept<Campaign>) -> Result<Whole, Refusal> {
    let line_items = lines(client, &[campaign.doc.id.as_str()]).await?;
    let creatives = creatives(client, &creative_ids(&line_items)).await?;
    Ok(Whole {
        campaign,
        line_items,
        creatives,
    })
}

async fn lines(client: &impl GenericClient, campaigns: &[&str]) -> Result<Vec<LineItem>, Refusal> {
    let select = "SELECT id FROM line_items WHERE campaign_id = ANY($1) ORDER BY seq";
    let statement = client.prepare_cached(select).await?;
    let rows = client.query(&statement, &[&campaigns]).await?;
    let ids: Vec<&str> = rows
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    Ok(docs(rows::among(client, &ids).await?))
}

fn docs<T>(kept: Vec<Kept<T>>) -> Vec<T> {
    kept.into_iter().map(|kept| kept.doc).collect()
}
