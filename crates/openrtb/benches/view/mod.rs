//! Some forty borrowed fields under serde's derive: what a bidder would declare at the least.

use serde::Deserialize;
use std::borrow::Cow;

#[derive(Debug, Deserialize)]
pub(crate) struct Request<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    #[serde(borrow)]
    pub imp: Vec<Imp<'a>>,
    #[serde(borrow)]
    pub site: Option<Site<'a>>,
    #[serde(borrow)]
    pub app: Option<App<'a>>,
    #[serde(borrow)]
    pub device: Option<Device<'a>>,
    #[serde(borrow)]
    pub user: Option<User<'a>>,
    pub at: Option<i32>,
    pub tmax: Option<i32>,
    pub test: Option<i32>,
    #[serde(borrow, default)]
    pub cur: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub bcat: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub badv: Vec<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Imp<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    #[serde(borrow)]
    pub tagid: Option<Cow<'a, str>>,
    pub bidfloor: Option<f64>,
    #[serde(borrow)]
    pub bidfloorcur: Option<Cow<'a, str>>,
    pub secure: Option<i32>,
    pub instl: Option<i32>,
    pub banner: Option<Banner>,
    #[serde(borrow)]
    pub video: Option<Video<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Banner {
    #[serde(default)]
    pub format: Vec<Format>,
    pub w: Option<i32>,
    pub h: Option<i32>,
    pub pos: Option<i32>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Format {
    pub w: i32,
    pub h: i32,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Video<'a> {
    #[serde(borrow, default)]
    pub mimes: Vec<Cow<'a, str>>,
    pub minduration: Option<i32>,
    pub maxduration: Option<i32>,
    #[serde(default)]
    pub protocols: Vec<i32>,
    pub w: Option<i32>,
    pub h: Option<i32>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Site<'a> {
    #[serde(borrow)]
    pub id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub domain: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub page: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub cat: Vec<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct App<'a> {
    #[serde(borrow)]
    pub id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub bundle: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Device<'a> {
    #[serde(borrow)]
    pub ua: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub ip: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub ifa: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub os: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub language: Option<Cow<'a, str>>,
    pub devicetype: Option<i32>,
    #[serde(borrow)]
    pub geo: Option<Geo<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Geo<'a> {
    #[serde(borrow)]
    pub country: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub city: Option<Cow<'a, str>>,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct User<'a> {
    #[serde(borrow)]
    pub id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub buyeruid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub consent: Option<Cow<'a, str>>,
}
