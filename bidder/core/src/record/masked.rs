//! A request without what tells who the person is, for records of users who may not be recognised.

use openrtb::BidRequest;
use openrtb::splice::{Object, Patches};

/// Members of `user` that are the person's.
const USER: [&str; 10] = [
    "id",
    "buyeruid",
    "eids",
    "yob",
    "gender",
    "keywords",
    "kwarray",
    "customdata",
    "data",
    "geo",
];

/// Ids and addresses of the device, plain and hashed.
const DEVICE: [&str; 9] = [
    "ifa", "ip", "ipv6", "didsha1", "didmd5", "dpidsha1", "dpidmd5", "macsha1", "macmd5",
];

/// The request's body without ids, addresses and facts of the person. The signals of consent stay, and so
/// does everything that such a decision may read.
#[must_use]
pub fn masked(request: &BidRequest<'_>, body: &[u8]) -> Option<String> {
    let mut patches = Patches::new();
    for name in USER {
        patches.remove(Object::User, name);
    }
    for name in ["eids", "prebid", "data"] {
        patches.remove(Object::User.ext(), name);
    }
    for name in DEVICE {
        patches.remove(Object::Device, name);
    }
    let mut out = Vec::with_capacity(body.len());
    patches.write(request, body, &mut out);
    String::from_utf8(out).ok()
}
