//! The verbs of resources that are one document each: make, change, show, list.

use axum::response::Response;
use control_plane_core::campaign::Stamps;
use control_plane_core::{Fault, Faults, Form};
use http::HeaderValue;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::app::{App, json, shown};
use crate::call::Call;
use crate::refusal::{ALREADY, Refusal};
use crate::store::edit::{etag, raw};
use crate::store::rows::{self, Kept, OneOfEach, Resource};
use crate::store::{Answer, Begun, Edit};

/// A page of documents, as every list is answered.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Listing {
    /// The documents.
    #[schema(value_type = Vec<Object>)]
    items: Vec<serde_json::Value>,
    /// Where the next page begins; `null` at the end.
    next_cursor: Option<String>,
}

/// A resource that the API shows as its document and the stamps of its row.
pub(crate) trait Shown: Resource {
    /// Its path.
    const PATH: &'static str;
    /// Its document, as a patch is laid over it.
    fn document(&self) -> impl Serialize;
}

macro_rules! shown {
    ($($type:ty: $path:literal, $document:path;)*) => {$(
        impl Shown for $type {
            const PATH: &'static str = $path;
            fn document(&self) -> impl Serialize {
                $document(self)
            }
        }
    )*};
}

shown! {
    contracts::catalog::Advertiser: "/advertisers", control_plane_core::advertiser::document;
    contracts::catalog::Creative: "/creatives", control_plane_core::creative::document;
    contracts::catalog::Deal: "/deals", control_plane_core::deal::document;
    contracts::catalog::Publisher: "/publishers", control_plane_core::publisher::document;
    contracts::catalog::Placement: "/placements", control_plane_core::placement::document;
    contracts::catalog::SellerVerdict: "/seller-verdicts", control_plane_core::seller_verdict::document;
    control_plane_core::creative_verdict::RegistryLine: "/creative-verdicts", control_plane_core::creative_verdict::document;
    contracts::catalog::DemandPartner: "/demand-partners", control_plane_core::partner::document;
    contracts::profile::SegmentRule: "/segments", control_plane_core::segment::document;
    contracts::catalog::SourceTerms: "/sources", control_plane_core::source::document;
    control_plane_core::list::SharedList: "/lists", control_plane_core::list::document;
}

/// A document with the stamps that every resource has.
#[derive(Serialize)]
struct Stamped<D> {
    #[serde(flatten)]
    document: D,
    created_at: String,
    updated_at: String,
    version: i64,
}

/// The JSON text of a resource.
pub(crate) fn text<T: Shown>(doc: &T, stamps: Stamps) -> Result<String, Refusal> {
    Ok(Box::<str>::from(written(doc, stamps)?).into_string())
}

fn written<T: Shown>(doc: &T, stamps: Stamps) -> Result<Box<RawValue>, Refusal> {
    raw(&Stamped {
        document: doc.document(),
        created_at: stamps.created_at.to_rfc3339(),
        updated_at: stamps.updated_at.to_rfc3339(),
        version: stamps.version,
    })
}

/// `GET /things/{id}`.
pub(crate) async fn show<T: Shown>(app: &App, id: &str) -> Result<Response, Refusal> {
    let client = app.client().await?;
    let kept = rows::get::<T>(&client, id).await?;
    let mut response = json(http::StatusCode::OK, text(&kept.doc, kept.stamps)?);
    if let Ok(tag) = HeaderValue::from_str(&etag(kept.stamps.version)) {
        response.headers_mut().insert(http::header::ETAG, tag);
    }
    Ok(response)
}

/// A parameter that narrows a list to the rows in which an expression of SQL has its value.
pub(crate) struct By(pub(crate) &'static str, pub(crate) &'static str);

/// `GET /things`, narrowed by those of the parameters that the query names.
pub(crate) async fn list<T: Shown>(app: &App, call: &Call, by: &[By]) -> Result<Response, Refusal> {
    let page = call.page()?;
    let named = by
        .iter()
        .filter_map(|By(name, column)| Some((*column, call.param(name)?)));
    let wanted: Vec<(&'static str, String)> = named.collect();
    let wanted: Vec<(&'static str, &str)> = wanted
        .iter()
        .map(|(column, value)| (*column, value.as_str()))
        .collect();
    let client = app.client().await?;
    let show = |kept: &Kept<T>| written(&kept.doc, kept.stamps);
    let rows = rows::list::<T>(&client, page, &wanted, show).await?;
    shown(&page.listed(rows))
}

/// Refuses a parameter with a value that its rows cannot have: an empty page would look like an answer.
pub(crate) fn one_of<W: serde::de::DeserializeOwned>(
    call: &Call,
    name: &str,
    says: &str,
) -> Result<(), Refusal> {
    let given = call.param(name).map(serde_json::Value::String);
    let is_known = given.is_none_or(|given| serde_json::from_value::<W>(given).is_ok());
    if is_known {
        Ok(())
    } else {
        Err(Refusal::Request(format!("{name} must be {says}")))
    }
}

/// Ends a `POST`: keeps what `read` made of the body.
pub(crate) async fn create<T: Shown>(
    app: &App,
    mut edit: Edit<'_>,
    doc: &T,
) -> Result<Answer, Refusal> {
    let kept = edit
        .insert(doc)
        .await
        .map_err(|refusal| has_a_row(refusal, doc))?;
    made(app, edit, doc, &kept).await
}

async fn made<T: Shown>(
    app: &App,
    edit: Edit<'_>,
    doc: &T,
    kept: &Kept<()>,
) -> Result<Answer, Refusal> {
    let path = path(doc);
    let answer = Answer::created(text(doc, kept.stamps)?, &path, kept.stamps.version);
    app.finish(edit, answer).await
}

fn path<T: Shown>(doc: &T) -> String {
    format!("{}/{}", T::PATH, doc.id())
}

/// A refusal of an id that is taken, with what to do about it.
pub(crate) fn taken(refusal: Refusal, id: &str, remedy: &str) -> Refusal {
    if !matches!(refusal, Refusal::Conflict { code: ALREADY, .. }) {
        return refusal;
    }
    let says = format!("the id {id} is taken: {remedy}, and without an id another is made");
    Refusal::conflict(ALREADY, says)
}

fn has_a_row<T: Shown>(refusal: Refusal, doc: &T) -> Refusal {
    let remedy = format!("PATCH {} changes what has it", path(doc));
    taken(refusal, doc.id(), &remedy)
}

/// Ends a `POST` of a verdict. Without an id of the caller's it is the verdict on what it is about from here on, whoever
/// made a row of that first: 201 with a row that is new, 200 with one that was there. An id must be free, and so must
/// be what it is about.
pub(crate) async fn judge<T: Shown + OneOfEach>(
    app: &App,
    mut edit: Edit<'_>,
    mut doc: T,
    is_named: bool,
) -> Result<Answer, Refusal> {
    if let Some(kept) = edit.insert_new(&doc).await? {
        return made(app, edit, &doc, &kept).await;
    }
    let Some(before) = edit.lock_same(&doc).await? else {
        let told = Refusal::conflict(ALREADY, String::new());
        return Err(has_a_row(told, &doc));
    };
    if is_named {
        let says = format!(
            "{} {} is about this: PATCH {} changes its verdict, and so does this call without an id",
            T::KIND,
            before.doc.id(),
            path(&before.doc)
        );
        return Err(Refusal::conflict(ALREADY, says));
    }
    doc.replace(&before.doc);
    changed(app, edit, "update", &before.doc, &doc).await
}

/// `POST` of a resource that needs to know nothing else.
pub(crate) async fn make<T: Shown>(
    app: &App,
    call: &Call,
    read: impl FnOnce(Form) -> Result<T, Faults>,
) -> Result<Answer, Refusal> {
    let doc = read(call.form()?)?;
    let mut client = app.client().await?;
    match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => Ok(answer),
        Begun::Fresh(edit) => create(app, edit, &doc).await,
    }
}

/// `PATCH` of a resource that needs to know nothing else.
pub(crate) async fn change<T: Shown>(
    app: &App,
    call: &Call,
    id: &str,
    read: impl FnOnce(Form) -> Result<T, Faults>,
) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let mut client = app.client().await?;
    let edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let before = edit.lock::<T>(id).await?;
    let after = read(form.over(&before.doc.document()))?;
    changed(app, edit, "update", &before.doc, &after).await
}

/// Ends an edit of one document, by its name in the audit log: keeps what became of the document, and shows it.
pub(crate) async fn changed<T: Shown>(
    app: &App,
    mut edit: Edit<'_>,
    action: &'static str,
    before: &T,
    after: &T,
) -> Result<Answer, Refusal> {
    if after.id() != before.id() {
        return Err(Fault::meaning("/id", "cannot be changed").into());
    }
    let kept = edit.update(action, before, after).await?;
    let answer = Answer::changed(text(after, kept.stamps)?, kept.stamps.version);
    app.finish(edit, answer).await
}
