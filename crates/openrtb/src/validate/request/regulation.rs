//! Rules of privacy signals and of the supply chain.

use crate::consent::{Gpp, Tcf, UsPrivacy};
use crate::json::Span;
use crate::request::{BidRequest, Regs, Source, SupplyChain};
use crate::validate::checker::Checker;
use crate::validate::rules::request as rules;

pub(super) fn check(request: &BidRequest<'_>, c: &mut Checker<'_>) {
    if let Some(regs) = request.regs.as_deref() {
        signals(regs, c);
    }
    if let Some(user) = request.user.as_deref()
        && let Some(consent) = user.consent.as_deref()
        && Tcf::read(consent).is_none()
    {
        c.note(&rules::TCF, user.span, "consent", consent);
    }
    if request.gdpr() == Some(true) && request.consent().is_none() {
        let user = request.user.as_deref();
        let (at, name) = match user {
            Some(user) => (user.span, "consent"),
            None => (request.span, "user/consent"),
        };
        c.missing(&rules::TCF_MISSING, at, name);
    }
    if let Some(source) = request.source.as_deref() {
        origin(source, c);
    }
}

fn signals(regs: &Regs<'_>, c: &mut Checker<'_>) {
    let at = regs.span;
    if let Some(text) = regs.us_privacy.as_deref()
        && UsPrivacy::read(text).is_none()
    {
        c.note(&rules::US_PRIVACY, at, "us_privacy", text);
    }
    if let Some(text) = regs.gpp.as_deref()
        && !text.is_empty()
    {
        match Gpp::read(text) {
            None => c.note(&rules::GPP, at, "gpp", text),
            Some(gpp) => sections(&gpp, regs, c),
        }
    }
    match (regs.gpp.is_some(), regs.gpp_sid.is_empty()) {
        (true, true) => c.missing(&rules::GPP_SECTIONS, at, "gpp_sid"),
        (false, false) => c.missing(&rules::GPP_SECTIONS, at, "gpp"),
        (true, false) | (false, true) => {}
    }
    if let Some(ext) = &regs.ext {
        for name in ["gdpr", "us_privacy", "gpp", "gpp_sid"] {
            if ext.get(name).is_some() {
                let found = format!("regs.{name} is its place");
                c.note(&rules::OLD_PLACE, at, &format!("ext/{name}"), found);
            }
        }
    }
}

fn sections(gpp: &Gpp<'_>, regs: &Regs<'_>, c: &mut Checker<'_>) {
    for (index, id) in regs.gpp_sid.iter().enumerate().take(Gpp::MOST) {
        // 0 and below say that no section is in force, or that it is not known.
        if id.0 > 0 && gpp.section(*id).is_none() {
            c.note(
                &rules::GPP_ABSENT,
                regs.span,
                &format!("gpp_sid/{index}"),
                id.0,
            );
        }
    }
}

fn origin(source: &Source<'_>, c: &mut Checker<'_>) {
    for (present, name) in [(source.fd.is_some(), "fd"), (source.tid.is_some(), "tid")] {
        if !present {
            c.missing(&rules::RECOMMENDED, source.span, name);
        }
    }
    match source.schain.as_deref() {
        Some(chain) => supply_chain(chain, c),
        None if source.ext.is_some_and(|ext| ext.get("schain").is_some()) => {
            let found = "source.schain is its place";
            c.note(&rules::OLD_PLACE, source.span, "ext/schain", found);
        }
        None => c.missing(&rules::RECOMMENDED, source.span, "schain"),
    }
}

fn supply_chain(chain: &SupplyChain<'_>, c: &mut Checker<'_>) {
    let at = chain.span;
    for (present, name) in [
        (chain.complete.is_some(), "complete"),
        (!chain.nodes.is_empty(), "nodes"),
        (chain.ver.is_some(), "ver"),
    ] {
        if !present {
            c.missing(&rules::SCHAIN, at, name);
        }
    }
    if let Some(ver) = chain.ver.as_deref()
        && ver != "1.0"
    {
        c.note(&rules::SCHAIN_VERSION, at, "ver", ver);
    }
    for node in &chain.nodes {
        let absent = |text: Option<&str>| text.is_none_or(str::is_empty);
        let required = |c: &mut Checker<'_>, text: Option<&str>, at: Span, name: &str| {
            if absent(text) {
                c.missing(&rules::NODE, at, name);
            }
        };
        required(c, node.asi.as_deref(), node.span, "asi");
        required(c, node.sid.as_deref(), node.span, "sid");
        if let Some(sid) = node.sid.as_deref()
            && sid.chars().count() > 64
        {
            c.note(&rules::NODE_SID, node.span, "sid", sid);
        }
        if node.hp != Some(true) {
            let found = node.hp.map_or("nothing", |_| "0");
            c.note(&rules::NODE_HP, node.span, "hp", found);
        }
    }
}
