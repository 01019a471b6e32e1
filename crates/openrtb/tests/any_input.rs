//! Properties: no input brings the reader down, and splicing agrees with an edit of the tree.

use openrtb::splice::{Object, Patches};
use openrtb::{BidRequest, BidResponse, Limits};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const SAMPLE: &str = include_str!("examples/02-multiformat-26.request.json");
const ANSWER: &str = include_str!("examples/12-multi-imp-5.response.json");

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Box<serde_json::value::RawValue>>(bytes).is_ok()
}

/// Any JSON value, a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 4.0)),
        "[^\u{0}]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-z\"\\\\é]{1,6}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A request with members of any type where the standard and others have theirs.
fn any_request() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] = &[
        "tmax", "bcat", "badv", "wseat", "user", "device", "regs", "source", "ext", "site", "zzz",
        "a\"b", "test", "cur",
    ];
    let member = (prop::sample::select(NAMES), any_json());
    let imp_member = (
        prop::sample::select(vec![
            "tagid", "secure", "video", "pmp", "ext", "metric", "qqq",
        ]),
        any_json(),
    );
    let inner = ("[a-z]{1,3}|id|ext|geo|eids|schain|deals", any_json());
    (
        prop::collection::vec(member, 0..6),
        prop::collection::vec(imp_member, 0..4),
        prop::collection::vec(inner, 0..4),
        1..4_usize,
    )
        .prop_map(|(members, imp_members, inner, imps)| {
            let mut request = Map::new();
            request.insert("id".to_owned(), json!("r"));
            let imps: Vec<Value> = (0..imps)
                .map(|index| {
                    let mut imp = Map::new();
                    imp.insert("id".to_owned(), json!(index.to_string()));
                    imp.insert("banner".to_owned(), json!({}));
                    for (name, value) in &imp_members {
                        imp.insert((*name).to_owned(), value.clone());
                    }
                    Value::Object(imp)
                })
                .collect();
            request.insert("imp".to_owned(), Value::Array(imps));
            for name in ["user", "device", "source"] {
                request.insert(
                    name.to_owned(),
                    Value::Object(inner.iter().cloned().collect()),
                );
            }
            for (name, value) in members {
                request.insert(name.to_owned(), value);
            }
            Value::Object(request)
        })
}

/// One change, and where it applies in the tree.
type Place = (Object, &'static str);
const PLACES: &[Place] = &[
    (Object::Request, ""),
    (Object::User, "/user"),
    (Object::Device, "/device"),
    (Object::DeviceGeo, "/device/geo"),
    (Object::Source, "/source"),
    (Object::Imp(0), "/imp/0"),
];
const MEMBERS: &[&str] = &[
    "id", "tmax", "ext", "geo", "secure", "tagid", "nova", "a\"b",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = BidRequest::read(&bytes, &Limits::REQUEST);
        let _ = BidResponse::read(&bytes, &Limits::RESPONSE);
        let _ = openrtb::pointer_at(&bytes, bytes.len() / 2);
    }

    #[test]
    fn broken_samples_are_refused_where_json_is_broken(
        at in 0..SAMPLE.len(), byte in any::<u8>(), cut in any::<bool>()
    ) {
        for (sample, request) in [(SAMPLE, true), (ANSWER, false)] {
            let mut bytes = sample.as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            if cut {
                bytes.truncate(at);
            }
            let read = if request {
                BidRequest::read(&bytes, &Limits::REQUEST).is_ok()
            } else {
                BidResponse::read(&bytes, &Limits::RESPONSE).is_ok()
            };
            prop_assert!(!read || bytes.is_empty() || is_json(&bytes));
        }
    }

    #[test]
    fn punctuation_soup_is_read_or_refused(text in "([\\[\\]{},:\"\\\\ ]|id|imp|1|null|\\\\u00e9|banner){0,80}") {
        let read = BidRequest::read(text.as_bytes(), &Limits::REQUEST).is_ok();
        prop_assert!(!read || is_json(text.as_bytes()));
    }

    #[test]
    fn any_request_is_spliced_to_itself(request in any_request(), pretty in any::<bool>()) {
        let body = if pretty {
            serde_json::to_vec_pretty(&request).unwrap()
        } else {
            serde_json::to_vec(&request).unwrap()
        };
        if let Ok((read, _)) = BidRequest::read(&body, &Limits::REQUEST) {
            let mut out = Vec::new();
            Patches::new().write(&read, &body, &mut out);
            prop_assert_eq!(out, body);
        }
    }

    #[test]
    fn splicing_agrees_with_an_edit_of_the_tree(
        request in any_request(),
        pretty in any::<bool>(),
        changes in prop::collection::vec((prop::sample::select(PLACES), prop::sample::select(MEMBERS), prop::option::of(any_json())), 0..6),
    ) {
        let body = if pretty {
            serde_json::to_vec_pretty(&request).unwrap()
        } else {
            serde_json::to_vec(&request).unwrap()
        };
        let Ok((read, _)) = BidRequest::read(&body, &Limits::REQUEST) else { return Ok(()) };
        let mut patches = Patches::new();
        let mut tree = request.clone();
        for ((object, pointer), name, value) in &changes {
            // A member that holds another place would make the order of changes matter.
            let whole = tree.pointer(pointer).is_some_and(Value::is_object);
            if *name == "geo" || !whole {
                continue;
            }
            match value {
                Some(value) => patches.set_raw(*object, name, &value.to_string()),
                None => patches.remove(*object, name),
            }
            let members = tree.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
            match value {
                Some(value) => {
                    members.insert((*name).to_owned(), value.clone());
                }
                None => {
                    members.remove(*name);
                }
            }
        }
        let mut out = Vec::new();
        patches.write(&read, &body, &mut out);
        let spliced: Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(spliced, tree);
    }

    #[test]
    fn subsets_of_imps_are_what_was_asked_for(count in 1..8_usize, mask in any::<u8>(), pretty in any::<bool>()) {
        let imps: Vec<Value> = (0..count).map(|n| json!({"id": n.to_string(), "banner": {}, "x": ["]", ","]})).collect();
        let request = json!({"id": "1", "imp": imps});
        let body = if pretty { serde_json::to_vec_pretty(&request).unwrap() } else { serde_json::to_vec(&request).unwrap() };
        let (read, _) = BidRequest::read(&body, &Limits::REQUEST).unwrap();
        let keep: Vec<usize> = (0..count).filter(|n| mask >> n & 1 == 1).collect();
        let mut patches = Patches::new();
        patches.keep_imps(keep.iter().copied());
        let mut out = Vec::new();
        patches.write(&read, &body, &mut out);
        let spliced: Value = serde_json::from_slice(&out).unwrap();
        let want: Vec<Value> = keep.iter().map(|n| imps[*n].clone()).collect();
        prop_assert_eq!(&spliced["imp"], &Value::Array(want));
    }
}
