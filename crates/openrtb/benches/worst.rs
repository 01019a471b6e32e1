//! The dearest bodies within the size limit (P17): one line a shape, what each use of it costs.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark"
)]

mod shapes;

use openrtb::splice::{Object, Patches};
use openrtb::vast::{QUARTILES, Trackers, Vast};
use openrtb::{BidRequest, BidResponse, Limits, convert, insecure_url, macros, native, validate};
use std::hint::black_box;
use std::time::Duration;

fn main() {
    println!("requests, milliseconds of CPU\n");
    println!("| shape | KB | read | splice | to 2.5 | to 2.6 | validate | of it |");
    println!("|---|---|---|---|---|---|---|---|");
    for (name, body) in shapes::requests() {
        request(name, body.as_bytes());
    }
    println!("\nresponses\n");
    println!("| shape | KB | read | to 2.5 | to 2.6 | markup | validate | of it |");
    println!("|---|---|---|---|---|---|---|---|");
    for (name, body) in shapes::responses() {
        response(name, body.as_bytes());
    }
}

/// CPU time of a call in milliseconds, the mean of as many as fill forty of them. Not the clock on
/// the wall: what others take on a shared machine is not the body's.
fn cost<T>(mut call: impl FnMut() -> T) -> String {
    black_box(call());
    let start = on_cpu();
    let mut calls = 0_u32;
    loop {
        black_box(call());
        calls += 1;
        let spent = on_cpu() - start;
        if spent >= Duration::from_millis(40) {
            return format!("{:.2}", spent.as_secs_f64() * 1e3 / f64::from(calls));
        }
    }
}

/// What the scheduler of Linux gave this thread so far.
fn on_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos = text.split(' ').next().unwrap();
    Duration::from_nanos(nanos.parse().unwrap())
}

fn request(name: &str, body: &[u8]) {
    let limits = &Limits::REQUEST;
    let read = cost(|| BidRequest::read(black_box(body), limits).is_ok());
    let splice = BidRequest::read(body, limits).map_or("-".to_owned(), |(request, _)| {
        let (mut patches, mut out) = (Patches::new(), Vec::new());
        cost(|| {
            patches.clear();
            out.clear();
            patches.set_text(Object::Request, "id", "ours");
            patches.set_integer(Object::Request, "tmax", 80);
            patches.set_text(Object::User, "buyeruid", "u");
            patches.remove(Object::Device, "ifa");
            patches.keep_imps([0]);
            patches.append_schain_node(r#"{"asi":"a.example","sid":"1","hp":1}"#, true);
            patches.write(&request, body, &mut out);
        })
    });
    let (mut down, mut up) = (Vec::new(), Vec::new());
    let to_25 = cost(|| {
        down.clear();
        convert::request_to_25(body, limits, &mut down).is_ok()
    });
    let to_26 = cost(|| {
        up.clear();
        convert::request_to_26(body, limits, &mut up).is_ok()
    });
    let report = cost(|| validate::request(body, limits).is_ok());
    let found = match validate::request(body, limits) {
        Ok(report) => format!("{} findings", report.findings.len() + report.omitted),
        Err(error) => format!("refused: {error}"),
    };
    let kilobytes = body.len() / 1024;
    println!(
        "| {name} | {kilobytes} | {read} | {splice} | {to_25} | {to_26} | {report} | {found} |"
    );
}

fn response(name: &str, body: &[u8]) {
    let limits = &Limits::RESPONSE;
    let read = cost(|| BidResponse::read(black_box(body), limits).is_ok());
    let (mut down, mut up) = (Vec::new(), Vec::new());
    let to_25 = cost(|| {
        down.clear();
        convert::response_to_25(body, limits, &mut down).is_ok()
    });
    let to_26 = cost(|| {
        up.clear();
        convert::response_to_26(body, limits, &mut up).is_ok()
    });
    let markup = BidResponse::read(body, limits).map_or("-".to_owned(), |(response, _)| {
        cost(|| {
            for bid in response.seatbid.iter().flat_map(|seat| &seat.bid).flatten() {
                use_markup(bid.adm().unwrap_or_default());
            }
        })
    });
    let report = cost(|| validate::response(body, limits).is_ok());
    let found = match validate::response(body, limits) {
        Ok(report) => format!("{} findings", report.findings.len() + report.omitted),
        Err(error) => format!("refused: {error}"),
    };
    let kilobytes = body.len() / 1024;
    println!(
        "| {name} | {kilobytes} | {read} | {to_25} | {to_26} | {markup} | {report} | {found} |"
    );
}

/// All that an exchange does with markup.
fn use_markup(adm: &str) {
    black_box(Vast::read(adm));
    black_box(insecure_url(adm, false));
    let events = QUARTILES.map(|event| (event, "https://t.example/e"));
    let trackers = Trackers {
        impressions: &["https://t.example/i"],
        errors: &["https://t.example/[ERRORCODE]"],
        events: &events,
        viewable: &["https://t.example/v"],
        clicks: &["https://t.example/k"],
    };
    let mut out = String::new();
    black_box(trackers.insert(adm, &mut out));
    let values = macros::Values {
        auction_id: Some("a"),
        ..macros::Values::default()
    };
    let options = macros::Options {
        context: macros::Context::Html,
        ..macros::Options::default()
    };
    out.clear();
    macros::expand(adm, &values, options, &mut out);
    out.clear();
    macros::expand_click(adm, Some("https://c.example/"), &mut out);
    if let Ok((given, _)) = native::NativeResponse::read(adm)
        && let Ok((asked, _)) = native::NativeRequest::read(adm)
    {
        black_box(native::check(&asked, &given, true)).ok();
    }
    black_box(out);
}
