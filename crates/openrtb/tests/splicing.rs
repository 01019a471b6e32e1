//! Splicing: what is not changed is copied, what is changed stays JSON.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use openrtb::splice::{Object, Patches};
use openrtb::{BidRequest, Limits};
use serde_json::{Value, json};

fn spliced(body: &str, change: impl Fn(&mut Patches)) -> String {
    let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
    let mut patches = Patches::new();
    change(&mut patches);
    let mut first = Vec::new();
    patches.write(&request, body.as_bytes(), &mut first);
    let mut again = Vec::new();
    patches.write(&request, body.as_bytes(), &mut again);
    assert_eq!(first, again, "writing does not change the patches");
    String::from_utf8(first).unwrap()
}

const BODY: &str = r#"{ "id" : "1", "imp":[ {"id":"a","banner":{},"bidfloor":1.5 , "pmp":{"deals":[{"id":"d1","bidfloor":2},{"id":"d2"} , {"id":"d3"}]}}, {"bad":1} ,
 {"id":"b","video":{"mimes":["v"]},"ext":{"x":1,"y":{"z":[1]}}}],"user":{"id":"u","ext":{"eids":[],"k":1}},
 "device":{"ip":"1.2.3.4","geo":{"lat":1.5,"lon":2,"country":"USA"}}, "regs":{}, "unknown" : [ 1 , 2 ]
}"#;

/// Case, change, the text it replaces in the body, and by what.
type Row = (&'static str, fn(&mut Patches), &'static str, &'static str);

#[test]
fn members_are_set_removed_and_added() {
    #[rustfmt::skip]
    let rows: &[Row] = &[
        ("replace", |p| p.set_text(Object::Request, "id", "new\"id"), r#""id" : "1""#, r#""id" : "new\"id""#),
        ("add at the end", |p| p.set_integer(Object::Request, "tmax", 90), "[ 1 , 2 ]\n}", "[ 1 , 2 ],\"tmax\":90\n}"),
        ("remove the first", |p| p.remove(Object::Request, "id"), r#""id" : "1", "#, ""),
        ("remove the last", |p| p.remove(Object::Request, "unknown"), ", \"unknown\" : [ 1 , 2 ]", ""),
        ("remove in the middle", |p| p.remove(Object::User, "id"), r#""id":"u","#, ""),
        ("remove what is not there", |p| p.remove(Object::User, "nothing"), "", ""),
        ("remove what nobody has", |p| p.remove(Object::Source, "tid"), "", ""),
        ("into an empty object", |p| p.set_integer(Object::Regs, "coppa", 1), r#""regs":{}"#, r#""regs":{"coppa":1}"#),
        ("X-73 price", |p| p.set_price(Object::Imp(0), "bidfloor", units::CpmMicros::parse("2.50").unwrap()), "1.5 ,", "2.5 ,"),
        ("the imp's own index", |p| p.set_text(Object::Imp(1), "tagid", "t"), r#"{"z":[1]}}"#, r#"{"z":[1]}},"tagid":"t""#),
        ("C-161 geo", |p| { p.remove(Object::DeviceGeo, "lat"); p.remove(Object::DeviceGeo, "lon"); }, r#""lat":1.5,"lon":2,"#, ""),
        ("all members", |p| { p.remove(Object::User, "id"); p.remove(Object::User, "ext"); }, r#"{"id":"u","ext":{"eids":[],"k":1}}"#, "{}"),
        ("all members and a new one", |p| { p.remove(Object::User, "id"); p.remove(Object::User, "ext"); p.set_text(Object::User, "buyeruid", "x"); }, r#"{"id":"u","ext":{"eids":[],"k":1}}"#, r#"{"buyeruid":"x"}"#),
        ("a deal's floor", |p| p.set_integer(Object::Deal(0, 0), "bidfloor", 3), r#""bidfloor":2"#, r#""bidfloor":3"#),
        ("inside ext", |p| p.remove(Object::User.ext(), "eids"), r#""eids":[],"#, ""),
        ("inside an imp's ext", |p| p.set_raw(Object::Imp(1).ext(), "x", "[2]"), r#""x":1"#, r#""x":[2]"#),
        ("an ext that is not there", |p| p.set_integer(Object::Regs.ext(), "gdpr", 1), r#""regs":{}"#, r#""regs":{"ext":{"gdpr":1}}"#),
        ("an object that is not there", |p| { p.set_text(Object::Source, "tid", "t"); p.set_integer(Object::Source, "fd", 1); }, "[ 1 , 2 ]\n}", "[ 1 , 2 ],\"source\":{\"tid\":\"t\",\"fd\":1}\n}"),
        ("two levels that are not there", |p| p.set_integer(Object::Source.ext(), "x", 1), "[ 1 , 2 ]\n}", "[ 1 , 2 ],\"source\":{\"ext\":{\"x\":1}}\n}"),
        ("an object in another, neither is there", |p| { p.set_text(Object::Source, "tid", "t"); p.set_integer(Object::Source.ext(), "x", 1); p.set_integer(Object::Source, "fd", 1); }, "[ 1 , 2 ]\n}", "[ 1 , 2 ],\"source\":{\"tid\":\"t\",\"fd\":1,\"ext\":{\"x\":1}}\n}"),
        ("X-45 a medium that says nothing", |p| p.set_raw(Object::Banner(0), "battr", "[3]"), r#""banner":{}"#, r#""banner":{"battr":[3]}"#),
        ("X-45 a medium", |p| p.set_raw(Object::Video(1), "battr", "[3]"), r#"["v"]"#, r#"["v"],"battr":[3]"#),
        ("a medium that is not there", |p| p.set_raw(Object::Audio(1), "battr", "[3]"), "", ""),
        ("the later change wins", |p| { p.set_text(Object::Request, "id", "x"); p.set_text(Object::Request, "id", "y"); }, r#""id" : "1""#, r#""id" : "y""#),
        ("set after remove", |p| { p.remove(Object::Request, "id"); p.set_text(Object::Request, "id", "y"); }, r#""id" : "1""#, r#""id" : "y""#),
        ("an edit inside what goes", |p| { p.set_text(Object::User, "id", "x"); p.remove(Object::Request, "user"); }, "\"user\":{\"id\":\"u\",\"ext\":{\"eids\":[],\"k\":1}},\n ", ""),
        ("X-110 one deal", |p| p.keep_deals(0, [1]), r#"[{"id":"d1","bidfloor":2},{"id":"d2"} , {"id":"d3"}]"#, r#"[{"id":"d2"}]"#),
        ("X-110 first and last deal", |p| p.keep_deals(0, [2, 0]), r#"{"id":"d1","bidfloor":2},{"id":"d2"} , {"id":"d3"}"#, r#"{"id":"d1","bidfloor":2}, {"id":"d3"}"#),
        ("no deal", |p| p.keep_deals(0, []), r#"[{"id":"d1","bidfloor":2},{"id":"d2"} , {"id":"d3"}]"#, "[]"),
    ];
    for (id, change, from, to) in rows {
        let out = spliced(BODY, change);
        serde_json::from_str::<Value>(&out).unwrap_or_else(|error| panic!("{id}: {error}: {out}"));
        assert_eq!(out, BODY.replacen(from, to, 1), "{id}");
    }
}

#[test]
fn imps_of_others_do_not_reach_a_recipient() {
    // X-110; the imp that cannot be used goes as well
    let out = spliced(BODY, |p| {
        p.keep_imps([1]);
        p.set_text(Object::Imp(0), "tagid", "void, since its imp is not kept");
        p.set_text(Object::Imp(1), "tagid", "t");
    });
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["imp"].as_array().unwrap().len(), 1);
    assert_eq!(value["imp"][0]["id"], "b");
    assert_eq!(value["imp"][0]["tagid"], "t");
    let both: Value = serde_json::from_str(&spliced(BODY, |p| p.keep_imps([0, 1]))).unwrap();
    assert_eq!(
        both["imp"].as_array().unwrap().len(),
        2,
        "without the unusable one"
    );
}

#[test]
fn the_supply_chain_grows_where_it_stands() {
    // C-145, C-170
    let node = r#"{"asi":"us.example","sid":"7","hp":1}"#;
    let imp = r#""id":"1","imp":[{"id":"a","banner":{}}]"#;
    #[rustfmt::skip]
    let rows = [
        (r#""source":{"schain":{"ver":"1.0","complete":0,"nodes":[ {"asi":"a"} ]}}"#, "/source/schain", json!(0), 2),
        (r#""source":{"schain":{"ver":"1.0","complete":1,"nodes":[]}}"#, "/source/schain", json!(1), 1),
        (r#""source":{"ext":{"schain":{"ver":"1.0","complete":1,"nodes":[{"asi":"a"}]}}}"#, "/source/ext/schain", json!(1), 2),
        (r#""ext":{"schain":{"ver":"1.0","complete":1,"nodes":[{"asi":"a"}]}}"#, "/ext/schain", json!(1), 2),
        (r#""source":{"tid":"t"}"#, "/source/schain", json!(1), 1),
        (r#""x":1"#, "/source/schain", json!(1), 1),
    ];
    for (member, pointer, complete, nodes) in rows {
        let out = spliced(&format!("{{{imp},{member}}}"), |p| {
            p.append_schain_node(node, true)
        });
        let value: Value = serde_json::from_str(&out).unwrap();
        let chain = value.pointer(pointer).unwrap();
        assert_eq!(chain["complete"], complete, "{member}: never edited");
        let list = chain["nodes"].as_array().unwrap();
        assert_eq!(list.len(), nodes, "{member}");
        assert_eq!(list.last().unwrap()["asi"], "us.example");
    }
}

#[test]
fn earlier_duplicates_are_cut_out() {
    // C-31: what others read is what we read, whichever of two keys they believe
    #[rustfmt::skip]
    let rows = [
        ("top", r#"{"id":"1","tmax":1, "imp":[{"id":"a","banner":{}}],"tmax":2}"#, r#"{"id":"1","imp":[{"id":"a","banner":{}}],"tmax":2}"#),
        ("untracked", r#"{"id":"1","imp":[{"id":"a","banner":{"w":1,"h":2,"w":3}}]}"#, r#"{"id":"1","imp":[{"id":"a","banner":{"h":2,"w":3}}]}"#),
        ("unknown", r#"{"id":"1","imp":[{"id":"a","banner":{}}],"x":1,"x":2}"#, r#"{"id":"1","imp":[{"id":"a","banner":{}}],"x":2}"#),
        ("escaped", r#"{"id":"1","imp":[{"id":"a","banner":{}}],"tmax":1,"\u0074max":2}"#, r#"{"id":"1","imp":[{"id":"a","banner":{}}],"\u0074max":2}"#),
        ("three times", r#"{"id":"1","imp":[{"id":"a","banner":{}}],"x":1,"x":2,"x":3}"#, r#"{"id":"1","imp":[{"id":"a","banner":{}}],"x":3}"#),
        ("ext", r#"{"id":"1","imp":[{"id":"a","banner":{}}],"ext":{"a":[{"b":1,"c":2,"b":3}],"\u0061":4}}"#, r#"{"id":"1","imp":[{"id":"a","banner":{}}],"ext":{"\u0061":4}}"#),
        ("deep in ext", r#"{"id":"1","imp":[{"id":"a","banner":{}}],"ext":{"a":[{"b":1,"c":2,"b":3}]}}"#, r#"{"id":"1","imp":[{"id":"a","banner":{}}],"ext":{"a":[{"c":2,"b":3}]}}"#),
    ];
    for (id, body, want) in rows {
        assert_eq!(spliced(body, |_| {}), want, "{id}");
        // The same where the object is edited anyway.
        let edited = spliced(body, |p| p.set_text(Object::Request, "id", "1"));
        assert_eq!(edited, want, "{id}");
    }
    let body = r#"{"id":"1","tmax":1,"imp":[{"id":"a","banner":{}}],"tmax":2}"#;
    let out = spliced(body, |p| p.set_integer(Object::Request, "tmax", 3));
    assert_eq!(out, r#"{"id":"1","imp":[{"id":"a","banner":{}}],"tmax":3}"#);
    let out = spliced(body, |p| p.remove(Object::Request, "tmax"));
    assert_eq!(out, r#"{"id":"1","imp":[{"id":"a","banner":{}}]}"#);
}
