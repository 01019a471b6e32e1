//! One recipient's copy of a request: the SSP's bytes with a few members changed.

use contracts::catalog::{DemandPartner, NativeForm, OpenRtbVersion};
use openrtb::splice::{Object, Patches, Place};
use openrtb::{BidRequest, Imp, JsonWriter, Limits, Markup, Native, Raw, Str, convert};
use std::net::IpAddr;

use super::exclusive;
use super::plan::Seller;
use crate::intake::Intake;
use crate::market::OWN_BIDDER;
use crate::medium::Medium;
use crate::privacy::{Location, Mask};
use crate::routing::View;

/// Who gets a body, and what it may hold.
pub(super) struct Recipient<'r> {
    pub(super) views: &'r [View],
    pub(super) mask: Mask,
    pub(super) request_id: &'r str,
    pub(super) tmax_ms: u32,
    pub(super) buyeruid: Option<&'r str>,
    pub(super) seller: Seller<'r>,
    pub(super) domain: &'r str,
    pub(super) version: OpenRtbVersion,
    pub(super) native: NativeForm,
    pub(super) test: bool,
}

/// The partner's own id of the user (C-143), `known` being the match table's. The SSP's `buyeruid` is its id for
/// us, so only our own bidder sees it, and only while the table has none; others see first the one that
/// `user.ext.prebid.buyeruids` holds under their name.
pub(super) fn own_buyeruid<'x>(
    request: &'x BidRequest<'_>,
    partner: &DemandPartner,
    mask: Mask,
    known: Option<&'x str>,
) -> Option<Str<'x>> {
    if mask.ids {
        return None;
    }
    let user = request.user.as_deref();
    if partner.endpoint == OWN_BIDDER {
        let told = || user?.buyeruid.clone();
        return known.map(Str::Borrowed).or_else(told);
    }
    let told = || {
        let listed = user?.ext?.path(&["prebid", "buyeruids"])?;
        let found = listed.get(&partner.name);
        found.or_else(|| listed.get(partner.id.as_str()))?.to_text()
    };
    told().or(known.map(Str::Borrowed))
}

/// Writes the body; `None` when the recipient's version cannot say it (C-171). What is not named here
/// reaches the recipient byte for byte (C-22).
pub(super) fn write(intake: &Intake<'_>, recipient: &Recipient<'_>) -> Option<Vec<u8>> {
    let request = &intake.request;
    let mut patches = Patches::new();
    patches.set_text(Object::Request, "id", recipient.request_id);
    patches.set_integer(Object::Request, "tmax", i64::from(recipient.tmax_ms));
    if recipient.test {
        patches.set_integer(Object::Request, "test", 1);
    }
    patch_imps(&mut patches, intake, recipient);
    patch_user(&mut patches, request, recipient);
    patch_device(&mut patches, request, recipient.mask);
    append_node(&mut patches, recipient);
    if recipient.version == OpenRtbVersion::V26 {
        exclusive::patch(&mut patches, intake, recipient.views);
    }
    let mut out = Vec::with_capacity(intake.body.len() + 512);
    patches.write(request, intake.body, &mut out);
    if recipient.version == OpenRtbVersion::V26 {
        return Some(out);
    }
    // Last, so that everything above has one version to deal with.
    let mut older = Vec::with_capacity(out.len() + 64);
    convert::request_to_25(&out, &Limits::MEASURED, &mut older).ok()?;
    Some(older)
}

fn patch_imps(patches: &mut Patches, intake: &Intake<'_>, recipient: &Recipient<'_>) {
    let request = &intake.request;
    patches.keep_imps(recipient.views.iter().map(|view| view.imp));
    for view in recipient.views {
        let native = request.imp.get(view.imp);
        let native = native.and_then(|imp| imp.native.as_deref());
        if let Some(native) = native.filter(|_| !view.without.contains(&Medium::Native)) {
            patch_native(patches, view.imp, native, recipient.native);
        }
        for medium in &view.without {
            patches.remove(Object::Imp(view.imp), medium.name());
        }
        let imp = request.imp.get(view.imp);
        let deals = imp.map_or(0, |imp| imp.deals().len());
        let is_private = imp.is_some_and(Imp::is_private_auction);
        match view.without_deals.len() {
            0 => {}
            // A market without deals is none.
            cut if cut == deals && !is_private => {
                patches.remove(Object::Imp(view.imp), "pmp");
            }
            _ => {
                let kept = (0..deals).filter(|index| view.sees_deal(*index));
                patches.keep_deals(view.imp, kept);
            }
        }
    }
}

/// Puts a native request into the form that the recipient takes, where the SSP sent the other (C-90). A string that
/// holds no object stays what it is.
fn patch_native(patches: &mut Patches, imp: usize, native: &Native<'_>, form: NativeForm) {
    match (form, &native.request) {
        (NativeForm::String, Some(Markup::Object(request))) => {
            patches.set_text(Object::Native(imp), "request", request.as_str());
        }
        (NativeForm::Object, Some(Markup::Text(text))) => {
            if let Ok(request) = Raw::parse(text)
                && request.is_object()
            {
                patches.set_raw(Object::Native(imp), "request", request.as_str());
            }
        }
        _ => {}
    }
}

fn patch_user(patches: &mut Patches, request: &BidRequest<'_>, recipient: &Recipient<'_>) {
    let user = request.user.as_deref();
    match (
        recipient.buyeruid,
        user.and_then(|user| user.buyeruid.as_deref()),
    ) {
        (Some(own), told) if told != Some(own) => {
            patches.set_text(Object::User, "buyeruid", own);
        }
        (None, Some(_)) => patches.remove(Object::User, "buyeruid"),
        _ => {}
    }
    let Some(user) = user else {
        return;
    };
    // Ids of other bidders are none of this one's business.
    if user
        .ext
        .is_some_and(|ext| ext.path(&["prebid", "buyeruids"]).is_some())
    {
        patches.remove(Object::User.ext(), "prebid");
    }
    if recipient.mask.ids {
        for name in ["id", "eids"] {
            patches.remove(Object::User, name);
        }
        patches.remove(Object::User.ext(), "eids");
    }
    if recipient.mask.person {
        patch_person(patches);
    }
    if user.geo.is_some() {
        patch_geo(
            patches,
            Object::UserGeo,
            recipient.mask.location,
            user.geo.as_deref(),
        );
    }
}

/// Takes out what the request says of the person.
pub(super) fn patch_person(patches: &mut Patches) {
    for name in ["yob", "gender", "keywords", "kwarray", "customdata", "data"] {
        patches.remove(Object::User, name);
    }
    patches.remove(Object::User.ext(), "data");
}

/// Ids of devices, plain and hashed.
const DEVICE_IDS: [&str; 8] = [
    "ifa", "didsha1", "didmd5", "dpidsha1", "dpidmd5", "macsha1", "macmd5", "eids",
];

/// Ids of devices and of what is installed there under names that the standard does not know, as apps and SDKs send
/// them in `ext` or beside it: of platforms, of televisions, of hardware, plain and hashed. In the order of their bytes.
#[rustfmt::skip]
const OTHER_IDS: [&str; 52] = [
    "AAID", "GAID", "IDFA", "IDFV", "IFA", "IFV", "OAID", "aaid", "adid", "advertisingId", "advertising_id",
    "advertisingid", "afai", "androidId", "android_id", "androidid", "androididmd5", "androididsha1", "deviceId",
    "device_id", "deviceid", "gaid", "gaidmd5", "gaidsha1", "google_advertising_id", "googleadid", "gps_adid", "idfa",
    "idfamd5", "idfasha1", "idfv", "ifa", "ifv", "imei", "imeimd5", "imeisha1", "installid", "lgudid", "mac",
    "macaddress", "meid", "oaid", "openudid", "psid", "rida", "serial", "tifa", "udid", "uuid", "vaid", "vida",
    "waid",
];

/// Takes out what of the device a recipient may not learn.
pub(super) fn patch_device(patches: &mut Patches, request: &BidRequest<'_>, mask: Mask) {
    let Some(device) = request.device.as_deref() else {
        return;
    };
    if mask.ids {
        for name in DEVICE_IDS {
            patches.remove(Object::Device, name);
        }
        let ext = device.ext.map(|ext| ext.members());
        for (place, members) in [
            (Place::from(Object::Device), &device.extra),
            (Object::Device.ext(), &ext.unwrap_or_default()),
        ] {
            // There may be thousands of members, and each name often: every id is taken out once.
            let mut found = 0_u64;
            for (name, _) in members {
                if let Ok(at) = OTHER_IDS.binary_search(&name.as_str()) {
                    found |= 1 << at;
                }
            }
            for (at, id) in OTHER_IDS.iter().enumerate() {
                if found >> at & 1 == 1 {
                    patches.remove(place, id);
                }
            }
        }
    }
    if mask.location == Location::Exact {
        return;
    }
    for (name, text) in [("ip", &device.ip), ("ipv6", &device.ipv6)] {
        let Some(text) = text.as_deref() else {
            continue;
        };
        match text.parse::<IpAddr>() {
            Ok(address) => {
                patches.set_text(Object::Device, name, &mask.address(address).to_string());
            }
            Err(_) => patches.remove(Object::Device, name),
        }
    }
    if device.geo.is_some() {
        patch_geo(
            patches,
            Object::DeviceGeo,
            mask.location,
            device.geo.as_deref(),
        );
    }
}

fn patch_geo(
    patches: &mut Patches,
    object: Object,
    location: Location,
    geo: Option<&openrtb::Geo<'_>>,
) {
    let Some(geo) = geo else {
        return;
    };
    match location {
        Location::Exact => {}
        Location::Coarse => {
            for (name, value) in [("lat", geo.lat), ("lon", geo.lon), ("long", geo.long)] {
                if let Some(value) = value {
                    let rounded = (value * 100.0).round() / 100.0;
                    patches.set_with(object, name, |json| json.float_value(rounded));
                }
            }
            patches.remove(object, "accuracy");
        }
        Location::Removed => {
            for name in [
                "lat", "lon", "long", "accuracy", "lastfix", "city", "metro", "zip",
            ] {
                patches.remove(object, name);
            }
        }
    }
}

/// Our node behind those that are there (C-145).
fn append_node(patches: &mut Patches, recipient: &Recipient<'_>) {
    let node = |json: &mut JsonWriter<'_>| {
        json.begin_object();
        json.text("asi", recipient.domain);
        json.text("sid", recipient.seller.sid);
        json.text("rid", recipient.request_id);
        json.integer("hp", 1);
        json.end_object();
    };
    patches.append_schain_node_with(node, recipient.seller.is_owner);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_devices_are_found_by_their_names() {
        assert!(OTHER_IDS.is_sorted());
        assert!(OTHER_IDS.len() <= 64);
    }
}
