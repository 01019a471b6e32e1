//! Pages for people: server-rendered, usable without scripts, nothing fetched from elsewhere.

use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use control_plane_core::campaign::Campaign;
use http::{HeaderValue, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::app::App;
use crate::ledger::Spend;
use crate::refusal::Refusal;
use crate::store::bidders::{self, Start};
use crate::store::rows::{self, Kept};

/// Campaigns on the page, the newest of them.
const CAMPAIGNS: i64 = 50;

const STYLE: &str = "
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem }
caption { text-align: left; font-weight: 600; padding: .5rem 0 }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent) }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
:focus-visible { outline: 3px solid Highlight; outline-offset: 2px }
";

/// Shows the state of the market: dependencies, bidders, campaigns with their money, the catalog.
#[utoipa::path(get, path = "/", tag = "operations",
    responses((status = 200, description = "A page", content_type = "text/html", body = String)))]
pub(crate) async fn status(State(app): State<App>) -> Result<Response, Refusal> {
    let client = app.client().await?;
    let starts = bidders::latest(&client).await?;
    let campaigns = rows::newest::<Campaign>(&client, CAMPAIGNS).await?;
    drop(client);
    let mut spent = Vec::with_capacity(campaigns.len());
    for campaign in campaigns {
        let spend = app.ledger.spend(campaign.doc.id.as_str()).await?;
        spent.push((campaign, spend));
    }
    let page = page(app.feed.newest(), &dependencies(&app), &starts, &spent);
    let mut response = Html(page.into_string()).into_response();
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(policy),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Names of dependencies with what is wrong, if anything is.
fn dependencies(app: &App) -> Vec<(String, String)> {
    let report = app
        .health
        .report("control-plane", env!("CARGO_PKG_VERSION"));
    let report = serde_json::to_value(report).unwrap_or_default();
    let Some(known) = report.get("dependencies").and_then(|all| all.as_object()) else {
        return Vec::new();
    };
    let words = |dependency: &serde_json::Value| {
        let text = |key| {
            dependency
                .get(key)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
        };
        format!("{} {}", text("status"), text("reason"))
    };
    known
        .iter()
        .map(|(name, dependency)| (name.clone(), words(dependency)))
        .collect()
}

fn page(
    version: u64,
    dependencies: &[(String, String)],
    starts: &[Start],
    campaigns: &[(Kept<Campaign>, Option<Spend>)],
) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Gavel control plane" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Gavel control plane" }
                    p { "Catalog version " strong { (version) } ". "
                        a href="/docs/" { "API reference" } ", "
                        a href="/health" { "health" } ", "
                        a href="/metrics" { "metrics" } ", "
                        a href="/audit" { "audit log" } ", "
                        a href="/ops/invariants" { "invariants" } "." }
                    (services(dependencies, starts))
                    p { "Exchange, SSP side and DMP follow the catalog without telling their names: each has its own "
                        code { "/health" } "." }
                    (campaign_table(campaigns))
                }
            }
        }
    }
}

fn services(dependencies: &[(String, String)], starts: &[Start]) -> Markup {
    html! {
        table {
            caption { "Services that are heard of here" }
            thead { tr { th scope="col" { "Name" } th scope="col" { "State" } } }
            tbody {
                tr { th scope="row" { "control-plane" } td { "answers" } }
                @for (name, state) in dependencies {
                    tr { th scope="row" { (name) } td { (state) } }
                }
                @for start in starts.iter().take(10) {
                    tr { th scope="row" { "bidder " (start.bidder) } td { "asked for leases at " (start.seen_at) } }
                }
            }
        }
    }
}

fn campaign_table(campaigns: &[(Kept<Campaign>, Option<Spend>)]) -> Markup {
    html! {
        table {
            caption { "Campaigns" }
            thead { tr {
                th scope="col" { "Campaign" } th scope="col" { "Status" } th scope="col" { "Currency" }
                th scope="col" class="n" { "Budget" } th scope="col" class="n" { "Spend" }
                th scope="col" class="n" { "Reserved" } th scope="col" class="n" { "Remaining" }
                th scope="col" class="n" { "Impressions" }
            } }
            tbody {
                @for (campaign, spend) in campaigns {
                    @let doc = &campaign.doc;
                    tr {
                        th scope="row" { a href=(format!("/campaigns/{}", doc.id)) { (doc.name) } }
                        td { (control_plane_core::status::name(doc.status)) }
                        td { (doc.currency) }
                        @match spend {
                            Some(spend) => {
                                td class="n" { (spend.budget) } td class="n" { (spend.spend) }
                                td class="n" { (spend.reserved) } td class="n" { (spend.remaining) }
                                td class="n" { (spend.impressions) }
                            }
                            None => { td colspan="5" { "not in the ledger" } }
                        }
                    }
                }
            }
        }
    }
}
