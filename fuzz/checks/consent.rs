//! What must hold for any text that is to be a consent string.

use openrtb::consent::{Gpp, OptOuts, Tcf, UsPrivacy};
use openrtb::enums::GppSection;

/// Reads it as every kind of string there is, and asks what can be asked.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = UsPrivacy::read(text);
    if let Some(tcf) = Tcf::read(text) {
        ask(&tcf);
    }
    if let Some(gpp) = Gpp::read(text) {
        assert!(gpp.sections().count() <= Gpp::MOST);
        if let Some(tcf) = gpp.tcf() {
            ask(&tcf);
        }
        let _ = gpp.us().count();
    }
    for id in 5..=28 {
        let _ = OptOuts::read(GppSection(id), text);
    }
}

fn ask(tcf: &Tcf<'_>) {
    for purpose in 0..=25 {
        for vendor in [0, 1, 755, u16::MAX] {
            let allowed = tcf.allows(purpose, vendor);
            assert!(!allowed || tcf.consents_to(purpose) && tcf.consents_to_vendor(vendor));
            assert!(
                !(purpose == 0 || vendor == 0) || !allowed,
                "there is no number 0"
            );
            let _ = (tcf.has_interest(purpose), tcf.is_disclosed(vendor));
        }
    }
    let _ = (tcf.created(), tcf.updated(), tcf.publisher_country());
}
