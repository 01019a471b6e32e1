#![allow(clippy::unwrap_used, missing_docs, reason = "scratch")]
use openrtb::{
    BidRequest, Limits,
    splice::{Object, Patches},
};
mod view;
use std::hint::black_box;
use std::time::Instant;

fn min_ns(mut f: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..200 {
        let n = 100;
        let t = Instant::now();
        for _ in 0..n {
            f();
        }
        best = best.min(t.elapsed().as_nanos() as f64 / f64::from(n));
    }
    best
}

fn main() {
    let only = std::env::var("ONLY").ok();
    let mut total = 0.0;
    let mut bytes = 0;
    for entry in [
        "01-banner-web-25",
        "02-multiformat-26",
        "03-video-instream-26",
        "04-native-12-string",
        "05-native-12-object",
        "06-audio-podcast-26",
        "07-app-interstitial-rewarded",
        "08-pmp-private-deal",
        "09-ctv-dynamic-pod",
        "10-ctv-structured-pod",
        "11-dooh-qty",
        "12-multi-imp-5",
        "13-gdpr-tcf-consent",
        "14-coppa",
        "15-us-gpp-optout",
        "16-ctv-hybrid-pod-live",
    ] {
        let path = format!(
            "{}/tests/examples/{entry}.request.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read(path).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let body = serde_json::to_vec(&value).unwrap();
        if let Some(only) = &only {
            if !entry.starts_with(only.as_str()) {
                continue;
            }
            let n: u64 = std::env::var("N").unwrap().parse().unwrap();
            if std::env::var("SPLICE").is_ok() {
                let (request, _) = BidRequest::read(&body, &Limits::REQUEST).unwrap();
                let mut patches = Patches::new();
                let mut out = Vec::new();
                for _ in 0..n {
                    patches.clear();
                    out.clear();
                    patches.set_text(
                        Object::Request,
                        "id",
                        "0192f0c1-aaaa-7bbb-8ccc-ddddeeeeffff",
                    );
                    patches.set_integer(Object::Request, "tmax", 87);
                    patches.set_text(Object::User, "buyeruid", "buyer-uid-4711");
                    patches.keep_imps([0]);
                    patches.append_schain_node(r#"{"asi":"x.example","sid":"1","hp":1}"#, true);
                    patches.write(&request, &body, &mut out);
                    black_box(&out);
                }
                return;
            }
            for _ in 0..n {
                black_box(BidRequest::read(black_box(&body), &Limits::REQUEST).unwrap());
            }
            return;
        }
        let ns = min_ns(|| {
            black_box(BidRequest::read(black_box(&body), &Limits::REQUEST).unwrap());
        });
        let serde = min_ns(|| {
            let _ = black_box(serde_json::from_slice::<view::Request>(black_box(&body)));
        });
        let val = min_ns(|| {
            black_box(serde_json::from_slice::<serde_json::Value>(black_box(&body)).unwrap());
        });
        let (request, _) = BidRequest::read(&body, &Limits::REQUEST).unwrap();
        let mut patches = Patches::new();
        let mut out = Vec::new();
        let splice = min_ns(|| {
            patches.clear();
            out.clear();
            patches.set_text(
                Object::Request,
                "id",
                "0192f0c1-aaaa-7bbb-8ccc-ddddeeeeffff",
            );
            patches.set_integer(Object::Request, "tmax", 87);
            patches.set_text(Object::User, "buyeruid", "buyer-uid-4711");
            patches.keep_imps([0]);
            patches.append_schain_node(r#"{"asi":"x.example","sid":"1","hp":1}"#, true);
            patches.write(&request, &body, &mut out);
            black_box(&out);
        });
        total += ns;
        bytes += body.len();
        println!(
            "{entry:35} {:5} B  read {:7.0} ns  {:5.2} ns/B  splice {:6.0} ns  serde {:6.0} value {:6.0}",
            body.len(),
            ns,
            ns / body.len() as f64,
            splice,
            serde,
            val
        );
    }
    println!(
        "mean {:.0} ns, {:.2} ns/B  sizeof BidRequest {} Imp {} Video {} Device {}",
        total / 16.0,
        total / bytes as f64,
        size_of::<BidRequest>(),
        size_of::<openrtb::Imp>(),
        size_of::<openrtb::Video>(),
        size_of::<openrtb::Device>()
    );
}
