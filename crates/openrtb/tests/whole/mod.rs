//! A request that holds every object of the standard, and where each has its attributes.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses its part, and fails by panicking"
)]

use openrtb::*;
use serde_json::{Value, json};

/// A request that holds every object of the standard, and an imp that nothing can spoil.
pub(crate) fn template() -> Value {
    let banner = json!({"format": [{"w": 1}]});
    let durfloors = json!([{"mindur": 1}]);
    let media = json!({"mimes": ["a"], "companionad": [banner], "durfloors": durfloors});
    let content = json!({"producer": {}, "network": {}, "channel": {}});
    json!({
        "id": "1",
        "imp": [
            {
                "id": "x", "metric": [{"type": "t", "value": 0.5}], "banner": banner, "video": media,
                "audio": media, "native": {"request": "{}"}, "qty": {"multiplier": 1},
                "pmp": {"deals": [{"id": "d", "durfloors": durfloors}]},
                "refresh": {"refsettings": [{"reftype": 1}]}
            },
            {"id": "safe", "banner": {}}
        ],
        "site": {"publisher": {}, "content": content},
        "device": {"geo": {}, "sua": {"browsers": [{"brand": "b"}]}},
        "user": {"data": [{"segment": [{}]}], "eids": [{"uids": [{}]}]},
        "regs": {},
        "source": {"schain": {"nodes": [{}]}}
    })
}

/// Where each object stands, and its attributes.
pub(crate) const PLACES: &[(&str, &[&str])] = &[
    ("", BidRequest::ATTRIBUTES),
    ("/imp/0", Imp::ATTRIBUTES),
    ("/imp/0/metric/0", Metric::ATTRIBUTES),
    ("/imp/0/banner", Banner::ATTRIBUTES),
    ("/imp/0/banner/format/0", Format::ATTRIBUTES),
    ("/imp/0/video", Video::ATTRIBUTES),
    ("/imp/0/video/durfloors/0", DurFloors::ATTRIBUTES),
    ("/imp/0/audio", Audio::ATTRIBUTES),
    ("/imp/0/native", Native::ATTRIBUTES),
    ("/imp/0/pmp", Pmp::ATTRIBUTES),
    ("/imp/0/pmp/deals/0", Deal::ATTRIBUTES),
    ("/imp/0/qty", Qty::ATTRIBUTES),
    ("/imp/0/refresh", Refresh::ATTRIBUTES),
    ("/imp/0/refresh/refsettings/0", RefSettings::ATTRIBUTES),
    ("/site", Site::ATTRIBUTES),
    ("/site", App::ATTRIBUTES),
    ("/site", Dooh::ATTRIBUTES),
    ("/site/publisher", Publisher::ATTRIBUTES),
    ("/site/content", Content::ATTRIBUTES),
    ("/site/content/producer", Producer::ATTRIBUTES),
    ("/site/content/network", Network::ATTRIBUTES),
    ("/site/content/channel", Channel::ATTRIBUTES),
    ("/device", Device::ATTRIBUTES),
    ("/device/geo", Geo::ATTRIBUTES),
    ("/device/sua", UserAgent::ATTRIBUTES),
    ("/device/sua/browsers/0", BrandVersion::ATTRIBUTES),
    ("/user", User::ATTRIBUTES),
    ("/user/data/0", Data::ATTRIBUTES),
    ("/user/data/0/segment/0", Segment::ATTRIBUTES),
    ("/user/eids/0", Eid::ATTRIBUTES),
    ("/user/eids/0/uids/0", Uid::ATTRIBUTES),
    ("/regs", Regs::ATTRIBUTES),
    ("/source", Source::ATTRIBUTES),
    ("/source/schain", SupplyChain::ATTRIBUTES),
    ("/source/schain/nodes/0", SupplyChainNode::ATTRIBUTES),
];

/// The template with one attribute set; under `app` or `dooh` where the attributes are theirs.
pub(crate) fn with(place: &str, attributes: &[&str], name: &str, value: &Value) -> Vec<u8> {
    let mut request = template();
    request.pointer_mut(place).unwrap()[name] = value.clone();
    for (key, list) in [("app", App::ATTRIBUTES), ("dooh", Dooh::ATTRIBUTES)] {
        if place == "/site" && std::ptr::eq(attributes, list) {
            request[key] = request["site"].take();
            request.as_object_mut().unwrap().remove("site");
        }
    }
    serde_json::to_vec(&request).unwrap()
}

/// The attributes of the request itself that nothing can replace.
pub(crate) fn is_vital(place: &str, name: &str) -> bool {
    place.is_empty() && matches!(name, "id" | "imp")
}
