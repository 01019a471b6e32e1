//! The dearest bodies within the size limits (P17): what each costs the exchange, in milliseconds of CPU.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::Duration;

use exchange_core::Conditions;
use exchange_core::auction::{Reached, Reply, settle};
use exchange_core::intake::{Additions, Bounds, Defaults, Intake, Pages, read};
use exchange_core::pods::{
    Ad, Break, Layout, MOST_ADS, MOST_STEPS, MOST_WEIGHED, Place, Problem, Set, Wish, one,
};
use support::{market, partner, planned};

/// Bytes of a request; of an answer, unpacked.
const REQUEST: usize = 256 * 1024;
const ANSWER: usize = 1024 * 1024;

fn main() {
    // Shapes whose name holds the first argument; without one, all.
    let told = std::env::args().skip(1).find(|it| !it.starts_with("--"));
    let sought = told.unwrap_or_default();
    println!("| request | KB | intake | plan, 5 DSPs | first look at its lists |");
    println!("|---|---|---|---|---|");
    for (name, body) in requests() {
        if name.contains(&sought) {
            request(name, &body);
        }
    }
    println!("\n| answer of one DSP, to a request of long lists | KB | bids | settle |");
    println!("|---|---|---|---|");
    let asked = long_lists();
    for (name, imps, body) in answers() {
        if name.contains(&sought) {
            answer(name, &asked.replace("@imps@", &imps), &body);
        }
    }
    println!("\n| auction | bids | settle |");
    println!("|---|---|---|");
    if sought.is_empty() {
        auctions();
    }
    println!("\n| pod | steps to fill | fill | steps for prices | prices | told |");
    println!("|---|---|---|---|---|---|");
    for (name, layout, ads, excludes) in pods() {
        if name.contains(&sought) {
            pod(name, &layout, &ads, &excludes);
        }
    }
    println!("\n| break | bids | settle |");
    println!("|---|---|---|");
    if sought.is_empty() || "breaks".contains(&sought) {
        breaks();
    }
}

/// CPU time of a call in milliseconds, the mean of as many as fill forty of them: what others take on a shared
/// machine is not the body's.
fn cost<T>(mut call: impl FnMut() -> T) -> String {
    black_box(call());
    let start = on_cpu();
    let mut calls = 0_u32;
    loop {
        black_box(call());
        calls += 1;
        let spent = on_cpu().checked_sub(start).unwrap();
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

/// As many parts as fit, told their numbers, and no more than that.
fn parts(bytes: usize, most: usize, part: impl Fn(usize) -> String) -> String {
    let mut all = String::with_capacity(bytes);
    for number in 0..most {
        let part = part(number);
        if all.len() + part.len() + 1 > bytes {
            break;
        }
        if number > 0 {
            all.push(',');
        }
        all.push_str(&part);
    }
    all
}

const IMP: &str = r#""imp":[{"id":"1","banner":{"w":300,"h":250}}]"#;

fn requests() -> Vec<(&'static str, String)> {
    let list = |name: &str, part: fn(usize) -> String| {
        let entries = parts(REQUEST - 1_000, 32_000, part);
        format!(r#"{{"id":"r",{IMP},"{name}":[{entries}]}}"#)
    };
    let imps = parts(REQUEST - 1_000, 100, |at| {
        format!(
            r#"{{"id":"{at:0>100}","banner":{{"format":[{}]}}}}"#,
            parts(2_000, 60, |n| format!(r#"{{"w":{n},"h":9}}"#))
        )
    });
    let deals = parts(REQUEST - 1_000, 1_000, |at| {
        format!(
            r#"{{"id":"deal-{at}","wseat":[{}]}}"#,
            parts(120, 16, |n| format!("\"s{n}\""))
        )
    });
    let wide = parts(REQUEST - 1_000, 30_000, |at| format!("\"s{at}\""));
    let domains = parts(REQUEST - 1_000, 30_000, |at| format!("\"d{at}.com\""));
    let deal = |member: &str, list: &str| {
        format!(
            r#"{{"id":"r","imp":[{{"id":"1","banner":{{"w":300,"h":250}},"pmp":{{"deals":[{{"id":"d","{member}":[{list}]}}]}}}}]}}"#
        )
    };
    vec![
        ("2 KB, 5 of badv", {
            let pad = "x".repeat(1_700);
            format!(
                r#"{{"id":"r",{IMP},"badv":["a.com","b.com","c.com","d.com","e.com"],"ext":{{"p":"{pad}"}}}}"#
            )
        }),
        (
            "badv, 20,000 of .com",
            list("badv", |at| format!("\"d{at}.com\"")),
        ),
        ("badv, short names", list("badv", |at| format!("\"{at}\""))),
        (
            "badv, all the same",
            list("badv", |_| "\"a.com\"".to_owned()),
        ),
        (
            "badv of many labels",
            list("badv", |at| format!("\"{at}.{}\"", "a.".repeat(110) + "a")),
        ),
        (
            "badv, not of ASCII",
            list("badv", |at| format!("\"é{at}.com\"")),
        ),
        ("badv, as much beyond ASCII as is taken", {
            // 32 KiB of it, and domains that are none.
            list("badv", |at| match at {
                0..1_000 => format!("\"{}{at}\"", "É".repeat(16)),
                at => format!("\"d{at}.com\""),
            })
        }),
        ("bcat", list("bcat", |at| format!("\"IAB{at}-1\""))),
        ("bapp", list("bapp", |at| format!("\"com.a{at}\""))),
        ("wseat", list("wseat", |at| format!("\"s{at}\""))),
        (
            "100 imps of 60 sizes",
            format!(r#"{{"id":"r","imp":[{imps}]}}"#),
        ),
        (
            "1,000 deals with seats",
            format!(
                r#"{{"id":"r","imp":[{{"id":"1","banner":{{"w":300,"h":250}},"pmp":{{"deals":[{deals}]}}}}]}}"#
            ),
        ),
        (
            "numbers for texts, and nulls",
            list("bcat", |at| match at % 2 {
                0 => "null".to_owned(),
                _ => at.to_string(),
            }),
        ),
        ("texts for numbers, flags and lists, in places of 2.5", {
            let ids = parts(REQUEST / 2, 2_500, |at| {
                format!(r#"{{"source":1,"uids":{{"id":{at},"atype":"1"}}}}"#)
            });
            let imps = parts(REQUEST / 2 - 2_000, 100, |at| {
                format!(
                    r#"{{"id":{at},"secure":true,"banner":{{"format":[{}]}}}}"#,
                    parts(1_200, 60, |_| r#"{"w":"1","h":9.0}"#.to_owned())
                )
            });
            format!(r#"{{"id":1,"imp":[{imps}],"user":{{"ext":{{"eids":[{ids}]}}}}}}"#)
        }),
        ("unknown names, in pairs", {
            let pairs = parts(REQUEST - 1_000, 11_000, |at| {
                format!(r#""k{at}":1,"k{at}":1"#)
            });
            format!(r#"{{"id":"r",{IMP},"device":{{{pairs}}}}}"#)
        }),
        ("unknown names, as many as are taken, in pairs", {
            let pairs = parts(REQUEST - 1_000, 2_000, |at| {
                format!(r#""k{at}":1,"k{at}":1"#)
            });
            format!(r#"{{"id":"r",{IMP},"device":{{{pairs}}}}}"#)
        }),
        ("device.ua, 29,000 times", {
            let again = parts(REQUEST - 1_000, 29_000, |_| r#""ua":"""#.to_owned());
            format!(r#"{{"id":"r",{IMP},"device":{{{again}}}}}"#)
        }),
        ("companions of 2.5, as many as are taken", {
            let few = parts(REQUEST, 128, |at| {
                format!(r#"{{"id":"{at}","wmin":1,"hmin":1}}"#)
            });
            let imps = parts(REQUEST - 1_000, 100, |at| {
                format!(r#"{{"id":"{at}","video":{{"mimes":["a"],"companionad":[{few}]}}}}"#)
            });
            format!(r#"{{"id":"r","imp":[{imps}]}}"#)
        }),
        ("seats of a deal", deal("wseat", &wide)),
        ("advertisers of a deal", deal("wadomain", &domains)),
    ]
}

fn request(name: &str, body: &str) {
    // An account that blocks a thousand of its own.
    let account = Defaults {
        badv: (0..1_000).map(|n| format!("own{n}.com")).collect(),
        ..Defaults::default()
    };
    let additions = Additions {
        account: (!name.starts_with("2 KB")).then_some(&account),
        ..Additions::default()
    };
    let bounds = Bounds::default();
    let mut pages = Pages::default();
    let taken = cost(|| read(body.as_bytes(), &mut pages, &additions, &bounds).is_ok());
    let intake = read(body.as_bytes(), &mut pages, &additions, &bounds);
    let intake: Intake<'_> = match intake {
        Ok(intake) => intake,
        Err(refusal) => {
            println!("| {name} | {} | {taken} | {refusal} | |", body.len() / 1024);
            return;
        }
    };
    let mut partners: Vec<_> = ["a", "b", "c", "d", "e"].map(partner).to_vec();
    for partner in &mut partners {
        partner.seats = (0..4)
            .map(|n| format!("{}-{n}", partner.id.as_str()))
            .collect();
    }
    partners[0].seats.push("s1".to_owned());
    let market = market(&partners);
    let planning = cost(|| planned(&intake, &market, 1).asks.len());
    let deal = if body.contains("\"pmp\"") {
        r#""dealid":"d","#
    } else {
        ""
    };
    let bid = r#"{"id":"r","seatbid":[{"seat":"s1","bid":[{"id":"b","impid":"1",@"price":5,"adm":"x","adomain":["b.example"],"cat":["IAB1"],"bundle":"c","w":300,"h":250}]}]}"#;
    let bid = bid.replace('@', deal);
    let replies = [Reply {
        ask: 0,
        reached: Reached::Body(bid.as_bytes()),
    }];
    // Beside the plan, whose cost is told; lists are made ready by the first bid.
    let both = cost(|| {
        let plan = planned(&intake, &market, 1);
        settle(&plan, &market, &Conditions::default(), &replies)
            .bids
            .len()
    });
    let first = both.parse::<f64>().unwrap() - planning.parse::<f64>().unwrap();
    println!(
        "| {name} | {} | {taken} | {planning} | {:.2} |",
        body.len() / 1024,
        first.max(0.0)
    );
}

/// A request all of whose lists are long.
fn long_lists() -> String {
    // One name as long as names may be: none that is declared ends before it.
    let badv = parts(80_000, 8_000, |at| match at {
        0 => format!("\"{}com\"", "a.".repeat(125)),
        at => format!("\"d{at}.com\""),
    });
    let bcat = parts(40_000, 4_000, |at| format!("\"IAB{at}\""));
    let bapp = parts(40_000, 3_000, |at| format!("\"com.a{at}\""));
    let seats = parts(20_000, 2_000, |at| format!("\"s{at}\""));
    format!(
        r#"{{"id":"r","at":2,"imp":[@imps@],"badv":[{badv}],"bcat":[{bcat}],"bapp":[{bapp}],"bseat":[{seats}]}}"#
    )
}

fn answers() -> Vec<(&'static str, String, String)> {
    let banner = || {
        let sizes = parts(4_000, 128, |n| format!(r#"{{"w":{n},"h":9}}"#));
        let mimes = parts(4_000, 128, |n| format!("\"image/x{n:0>3}\""));
        format!(r#"{{"id":"1","banner":{{"w":300,"h":250,"format":[{sizes}],"mimes":[{mimes}]}}}}"#)
    };
    let plain = || r#"{"id":"1","banner":{"w":300,"h":250}}"#.to_owned();
    let dealt = || {
        let deals = parts(40_000, 1_000, |at| format!(r#"{{"id":"deal-{at}"}}"#));
        format!(r#"{{"id":"1","banner":{{"w":300,"h":250}},"pmp":{{"deals":[{deals}]}}}}"#)
    };
    let many = || {
        parts(40_000, 100, |at| {
            format!(r#"{{"id":"{at:0>300}","banner":{{"w":300,"h":250}}}}"#)
        })
    };
    let video = || {
        let mimes = parts(4_000, 128, |n| format!("\"video/x{n:0>3}\""));
        format!(r#"{{"id":"1","video":{{"mimes":[{mimes}],"maxduration":60}}}}"#)
    };
    let native = || {
        let assets: Vec<String> = (0..1_200)
            .map(|at| format!(r#"{{\"id\":{at},\"required\":1,\"title\":{{\"len\":9}}}}"#))
            .collect();
        format!(
            r#"{{"id":"1","native":{{"request":"{{\"assets\":[{}]}}"}}}}"#,
            assets.join(",")
        )
    };
    let bids = |members: &dyn Fn(usize) -> String| {
        let bids = parts(ANSWER - 100, 250, |at| {
            let more = members(at);
            let impid = if more.contains("\"impid\"") {
                ""
            } else {
                r#""impid":"1","#
            };
            let size = if more.contains("\"w\"") {
                ""
            } else {
                r#""w":300,"h":250,"#
            };
            format!(r#"{{"id":"b{at}",{impid}{size}"price":5,{more}}}"#)
        });
        format!(r#"{{"id":"r","seatbid":[{{"seat":"s","bid":[{bids}]}}]}}"#)
    };
    let list = |part: &dyn Fn(usize) -> String| parts(100_000, 50, part);
    let adm = r#""adm":"x""#;
    let domains = bids(&|at| {
        let list = list(&|n| format!("\"x{at}y{n}.com\""));
        format!(r#"{adm},"adomain":[{list}]"#)
    });
    let labels = bids(&|at| {
        let list = list(&|n| format!("\"{at}x{n}.{}\"", "a.".repeat(30) + "com"));
        format!(r#"{adm},"adomain":[{list}]"#)
    });
    let international = bids(&|at| {
        let list = list(&|n| match n {
            0..2 => format!("\"{at}x{n}.{}com\"", "ÉÉÉÉÉÉÉ.".repeat(4)),
            n => format!("\"{at}x{n}.{}\"", "a.".repeat(30) + "com"),
        });
        format!(r#"{adm},"adomain":[{list}]"#)
    });
    let categories = bids(&|at| {
        let list = list(&|n| format!("\"IABx{at}-{n}\""));
        format!(r#"{adm},"adomain":["a.com"],"cat":[{list}]"#)
    });
    let apps = bids(&|at| format!(r#"{adm},"adomain":["a.com"],"bundle":"org.{at}""#));
    let deals = bids(&|at| format!(r#"{adm},"adomain":["a.com"],"dealid":"deal-{}""#, at * 3));
    let sizes = bids(&|_| {
        format!(
            r#""adomain":["a.com"],"w":300,"h":251,"adm":"{}""#,
            "<img src=a.gif>".repeat(200)
        )
    });
    let images = bids(&|_| {
        format!(
            r#""adomain":["a.com"],"adm":"{}""#,
            "<img src=a.gif>".repeat(250)
        )
    });
    let counting = bids(&|_| {
        format!(
            r#""adomain":["a.com"],"adm":"{}""#,
            "<img src=a.gif alt=a height=1>".repeat(120)
        )
    });
    let ids = bids(&|at| format!(r#"{adm},"adomain":["a.com"],"impid":"{:0>300}""#, at % 100));
    let told = |long: usize, times: usize| {
        bids(&|_| {
            let burl = format!("https://d.example/?{}", "${AUCTION_AD_ID}".repeat(times));
            format!(
                r#"{adm},"adomain":["a.com"],"adid":"{}","burl":"{burl}","nurl":"{burl}","lurl":"{burl}""#,
                "%".repeat(long)
            )
        })
    };
    let files = |times: usize| {
        bids(&|_| {
            let file = "<MediaFile type='video/x999' apiFramework='a'></MediaFile>";
            format!(
                r#""adomain":["a.com"],"adm":"<VAST version='4.0'><Ad><InLine><Duration>00:00:30</Duration>{}</InLine></Ad></VAST>""#,
                file.repeat(times)
            )
        })
    };
    let cards = bids(&|_| {
        r#""adomain":["a.com"],"adm":"{\"link\":{\"url\":\"u\"},\"assets\":[{\"id\":1,\"title\":{\"text\":\"t\"}}]}""#
            .to_owned()
    });
    // What is asked of a banner's markup, all of it.
    let strict = || {
        let mimes = parts(4_000, 128, |n| format!("\"image/x{n:0>3}\""));
        format!(
            r#"{{"id":"1","secure":1,"banner":{{"w":300,"h":250,"btype":[9],"mimes":[{mimes}]}}}}"#
        )
    };
    let player = || {
        r#"{"id":"1","secure":1,"video":{"mimes":["video/mp4"],"protocols":[3,7],"maxduration":60}}"#
            .to_owned()
    };
    let document = |inside: &str, times: usize| {
        format!(
            "<VAST version='4.0'><Ad><InLine><Duration>00:00:30</Duration>{}</InLine></Ad></VAST>",
            inside.repeat(times)
        )
    };
    let one_adm = |adm: &str| bids(&|_| format!(r#""adomain":["a.com"],"adm":"{adm}""#));
    vec![
        ("a usual one: 2 bids", plain(), {
            let bid = |at: u8| {
                format!(
                    r#"{{"id":"b{at}","impid":"1","w":300,"h":250,"price":5,{adm},"adomain":["a.com"],"cat":["IAB1-1"]}}"#
                )
            };
            format!(
                r#"{{"id":"r","seatbid":[{{"seat":"s","bid":[{},{}]}}]}}"#,
                bid(1),
                bid(2)
            )
        }),
        ("250 bids of 50 advertisers", plain(), domains),
        ("advertisers of 32 labels", plain(), labels),
        ("advertisers not of ASCII", plain(), international),
        ("250 bids of 50 categories", plain(), categories),
        ("apps", plain(), apps),
        ("deals, of 1,000", dealt(), deals),
        ("sizes that are not offered", banner(), sizes),
        ("images of a type that is not offered", banner(), images),
        (
            "images that count, of a type that is not offered",
            banner(),
            counting,
        ),
        ("100 imps of long ids", many(), ids),
        (
            "ids of 300 bytes told 60 times in each notice",
            plain(),
            told(300, 60),
        ),
        (
            "ids of 2,000 bytes told 100 times",
            plain(),
            told(2_000, 100),
        ),
        ("ids of 60 bytes told 100 times", plain(), told(60, 100)),
        ("16 media files that cannot be played", video(), files(16)),
        ("60 media files", video(), files(60)),
        ("native ads for 1,200 assets", native(), cards),
        (
            "one markup of slashes",
            plain(),
            one_adm(&"http:/".repeat(80_000)),
        ),
        (
            "one markup of macros",
            plain(),
            one_adm(&"${AUCTION_ID}".repeat(38_000)),
        ),
        (
            "one markup of open tags",
            plain(),
            one_adm(&"<img ".repeat(100_000)),
        ),
        (
            "strict: open tags",
            strict(),
            one_adm(&"<img ".repeat(100_000)),
        ),
        ("strict: less than", strict(), one_adm(&"<".repeat(500_000))),
        (
            "strict: begun scripts",
            strict(),
            one_adm(&"<scrip".repeat(80_000)),
        ),
        (
            "strict: begun OMID",
            strict(),
            one_adm(&"omid".repeat(125_000)),
        ),
        (
            "strict: begun MRAID",
            strict(),
            one_adm(&"mr".repeat(250_000)),
        ),
        (
            "strict: images to be seen",
            strict(),
            one_adm(&"<img src=a.gif>".repeat(33_000)),
        ),
        (
            "strict: images that count",
            strict(),
            one_adm(&"<img src=a.gif width=1>".repeat(21_000)),
        ),
        (
            "strict: attributes of an image",
            strict(),
            one_adm(&format!("<img {}>", "a=1 ".repeat(120_000))),
        ),
        (
            "strict: names that are not loaded",
            strict(),
            one_adm(&"http://www.w3.org/ ".repeat(26_000)),
        ),
        (
            "strict: names of schemas",
            strict(),
            one_adm(&format!("xsi:a='{}' ", "http://a ".repeat(16)).repeat(3_200)),
        ),
        ("strict: letters", strict(), one_adm(&"é".repeat(250_000))),
        (
            "player: linears",
            player(),
            one_adm(&document("<Linear></Linear>", 29_000)),
        ),
        (
            "player: creatives",
            player(),
            one_adm(&document("<a/>", 120_000)),
        ),
        (
            "player: attributes",
            player(),
            one_adm(&document(
                &format!("<Linear {}/>", "a='' ".repeat(95_000)),
                1,
            )),
        ),
        (
            "player: files",
            player(),
            one_adm(&document("<MediaFile type='video/mp4'/>", 17_000)),
        ),
        (
            "player: comments",
            player(),
            one_adm(&document("<!---->", 70_000)),
        ),
    ]
}

fn answer(name: &str, asked: &str, body: &str) {
    let intake = support::intake(Box::leak(asked.to_owned().into_boxed_str()));
    let market = market(&[partner("a")]);
    let plan = planned(&intake, &market, 1);
    let replies = [Reply {
        ask: 0,
        reached: Reached::Body(body.as_bytes()),
    }];
    let run = || settle(&plan, &market, &Conditions::default(), &replies);
    let (bids, fate) = (run().bids.len(), support::fates(&run()).pop());
    let settled = cost(run);
    let fate = fate.map(|(_, fate)| fate).unwrap_or_default();
    println!(
        "| {name} ({fate}) | {} | {bids} | {settled} |",
        body.len() / 1024
    );
}

/// All of twenty DSPs bid all they may, at every imp.
fn auctions() {
    let imps = |most: usize, more: &str| {
        parts(200_000, most, |at| {
            format!(r#"{{"id":"{at}",{more}"banner":{{"w":300,"h":250}}}}"#)
        })
    };
    let bids = |imps: usize, group: usize| {
        let seats = parts(ANSWER, 250 / group, |seat| {
            let bids = parts(ANSWER, group, |at| {
                let number = seat * group + at;
                format!(
                    r#"{{"id":"{number}","impid":"{}","w":300,"h":250,"price":{},"adm":"x"}}"#,
                    number % imps,
                    1 + number % 7
                )
            });
            format!(r#"{{"group":{},"bid":[{bids}]}}"#, u8::from(group > 1))
        });
        format!(r#"{{"id":"r","seatbid":[{seats}]}}"#)
    };
    let partners: Vec<_> = (0..20).map(|n| partner(&format!("dsp-{n}"))).collect();
    let limited: Vec<_> = partners
        .iter()
        .cloned()
        .map(|mut partner| {
            partner.multibid = std::num::NonZero::new(2);
            partner
        })
        .collect();
    for (name, partners, count, multibid, group) in [
        ("20 DSPs, 250 bids each, one imp", &partners, 1, 1, 1),
        ("the same on 100 imps", &partners, 100, 1, 1),
        (
            "the same where the seller takes 20 for each",
            &partners,
            100,
            20,
            1,
        ),
        ("the same, at most 2 of a DSP", &limited, 100, 20, 1),
        ("one imp, 20 for it, at most 2 of a DSP", &limited, 1, 20, 1),
        ("groups of 50 on 100 imps", &partners, 100, 1, 50),
        (
            "groups of 2 on 100 imps, 20 for each",
            &partners,
            100,
            20,
            2,
        ),
    ] {
        let request = format!(r#"{{"id":"r","at":2,"imp":[{}]}}"#, imps(count, ""));
        let intake = support::intake(&request);
        let market = market(partners);
        let plan = planned(&intake, &market, 1);
        let body = bids(count, group);
        let replies: Vec<Reply<'_>> = (0..20)
            .map(|ask| Reply {
                ask,
                reached: Reached::Body(body.as_bytes()),
            })
            .collect();
        let conditions = Conditions {
            multibid,
            ..Conditions::default()
        };
        let run = || settle(&plan, &market, &conditions, &replies);
        println!("| {name} | {} | {} |", run().bids.len(), cost(run));
    }
}

/// Pods of as many ads as are considered: name, what there is to be filled, ads, and who excludes whom.
fn pods() -> Vec<(&'static str, Layout, Vec<Ad>, Vec<Set>)> {
    let usual = [6, 10, 15, 20, 30, 60];
    let ads = |place: &dyn Fn(usize) -> Place| -> Vec<Ad> {
        let price = |number: usize| i64::try_from(number * 7_919 % 1_009).unwrap() + 1;
        (0..MOST_ADS)
            .map(|number| Ad {
                place: place(number),
                worth: [0, 0, 0, price(number) * 1_000, price(number)],
            })
            .collect()
    };
    let of = |index: usize, seconds: u32, wish: Wish| Place::Break {
        index,
        seconds,
        wish,
    };
    let breaks = |breaks: &[(u32, u32)]| Layout {
        slots: 0,
        breaks: breaks
            .iter()
            .map(|(seconds, ads)| Break {
                seconds: *seconds,
                ads: *ads,
            })
            .collect(),
    };
    let alone = || vec![0; MOST_ADS];
    // Each but two of so many ads excludes its neighbours.
    let chains = |long: usize| -> Vec<Set> {
        let tied = |a: usize, b: usize| b < MOST_ADS && a / long == b / long;
        (0..MOST_ADS)
            .map(|ad| {
                let next = if tied(ad, ad + 1) { one(ad + 1) } else { 0 };
                let former = ad.checked_sub(1).filter(|it| tied(ad, *it));
                next | former.map_or(0, one)
            })
            .collect()
    };
    let seconds = |number: usize| 11 + u32::try_from(number).unwrap();
    let usually = |number: usize| of(0, usual[number % 6], Wish::Any);
    let wishes = [Wish::Any, Wish::First, Wish::Last, Wish::FirstOrLast];
    vec![
        (
            "pod: 2 minutes of usual lengths",
            breaks(&[(120, u32::MAX)]),
            ads(&usually),
            alone(),
        ),
        (
            "pod: the same with wishes for its ends",
            breaks(&[(120, 8)]),
            ads(&|n| of(0, usual[n % 6], wishes[n / 6 % 4])),
            alone(),
        ),
        (
            "pod: the same, each advertiser with three ads",
            breaks(&[(120, 8)]),
            ads(&usually),
            chains(3),
        ),
        (
            "pod: the same, advertisers in chains of ten",
            breaks(&[(120, 8)]),
            ads(&usually),
            chains(10),
        ),
        (
            "pod: 2 breaks of a minute",
            breaks(&[(60, 4), (60, 4)]),
            ads(&|n| of(n % 2, [15, 20, 30, 60][n / 2 % 4], Wish::Any)),
            alone(),
        ),
        (
            "pod: 5 minutes of all lengths",
            breaks(&[(300, 6)]),
            ads(&|n| of(0, seconds(n), Wish::Any)),
            alone(),
        ),
        (
            "pod: an hour of all lengths",
            breaks(&[(3_600, 63)]),
            ads(&|n| of(0, seconds(n), Wish::Any)),
            alone(),
        ),
        (
            "pod: 16 slots",
            Layout {
                slots: 16,
                breaks: Vec::new(),
            },
            ads(&|n| Place::Slot(n % 16)),
            alone(),
        ),
        (
            "pod: 14 slots",
            Layout {
                slots: 14,
                breaks: Vec::new(),
            },
            ads(&|n| Place::Slot(n % 14)),
            alone(),
        ),
        (
            "pod: 10 slots",
            Layout {
                slots: 10,
                breaks: Vec::new(),
            },
            ads(&|n| Place::Slot(n % 10)),
            alone(),
        ),
    ]
}

fn pod(name: &str, layout: &Layout, ads: &[Ad], excludes: &[Set]) {
    let problem = Problem {
        layout,
        ads,
        excludes,
    };
    let fill = || problem.fill(Set::MAX, 0, MOST_STEPS).unwrap();
    let filling = fill();
    // As settling does: of what was filled greedily nothing is told.
    let left = if filling.exact {
        MOST_WEIGHED - filling.steps
    } else {
        0
    };
    let weigh = || problem.margins(Set::MAX, Set::MAX, left);
    let margins = weigh();
    let told = (0..MOST_ADS).filter(|ad| margins.of(*ad).is_some()).count();
    let exact = if filling.exact { "" } else { " (greedy)" };
    println!(
        "| {name}{exact} | {} | {} | {} | {} | {told} |",
        filling.steps,
        cost(fill),
        margins.steps,
        cost(weigh)
    );
}

/// All of twenty DSPs bid for breaks at second price, each advertiser several times.
fn breaks() {
    let partners: Vec<_> = (0..20).map(|n| partner(&format!("dsp-{n}"))).collect();
    let market = market(&partners);
    let usual = [6, 10, 15, 20, 30, 60];
    for (name, video, advertisers, each) in [
        (
            "20 DSPs, 3 bids each, a minute",
            r#""poddur":60,"maxseq":4"#,
            60,
            3,
        ),
        (
            "20 DSPs, 6 bids each, 2 minutes",
            r#""poddur":120,"maxseq":8"#,
            120,
            6,
        ),
        (
            "the same, each advertiser 3 times",
            r#""poddur":120,"maxseq":8"#,
            40,
            6,
        ),
        ("20 DSPs, 250 bids each", r#""poddur":120"#, 5_000, 250),
    ] {
        let request = format!(
            r#"{{"id":"r","at":2,"imp":[{{"id":"1","video":{{"mimes":["video/mp4"],"podid":"p",{video}}}}}]}}"#
        );
        let answer = |dsp: usize| {
            let bids = parts(ANSWER, each, |at| {
                let number = dsp * each + at;
                format!(
                    r#"{{"id":"{number}","impid":"1","price":{},"dur":{},"mtype":2,"crid":"{number}","adomain":["a{}.example"],"adm":"<VAST version=\"4.0\"><Ad><InLine/></Ad></VAST>"}}"#,
                    1 + number * 7_919 % 1_009,
                    usual[number % 6],
                    number % advertisers
                )
            });
            format!(r#"{{"id":"r","seatbid":[{{"bid":[{bids}]}}]}}"#)
        };
        let answers: Vec<String> = (0..20).map(answer).collect();
        let replies: Vec<Reply<'_>> = answers
            .iter()
            .enumerate()
            .map(|(ask, body)| Reply {
                ask,
                reached: Reached::Body(body.as_bytes()),
            })
            .collect();
        let intake = support::intake(&request);
        let plan = planned(&intake, &market, 1);
        let run = || settle(&plan, &market, &Conditions::default(), &replies);
        println!("| {name} | {} | {} |", run().bids.len(), cost(run));
    }
}
