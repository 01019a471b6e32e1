//! The way a request came.

use crate::json::Str;
use crate::object::object;

object! {
    /// Who decides, and through whom the request came (OpenRTB 2.6 §3.2.2).
    pub struct Source<'a> of "OpenRTB 2.6 §3.2.2" {
        /// Whether someone upstream makes the final decision.
        fd: Option<bool> = "fd",
        /// Transaction id, common to all participants; passed on unchanged.
        tid: Option<Str<'a>> = "tid",
        /// Payment chain of the 2.5 era.
        pchain: Option<Str<'a>> = "pchain",
        /// The supply chain.
        schain: Option<Box<SupplyChain<'a>>> = "schain",
    }
    tracked: true,
}

object! {
    /// The sellers that a request passed (OpenRTB 2.6 §3.2.25).
    pub struct SupplyChain<'a> of "OpenRTB 2.6 §3.2.25" {
        /// Whether the chain reaches back to the owner of the inventory. Required.
        complete: Option<bool> = "complete",
        /// The sellers in order, the sender last. Required.
        nodes: Vec<SupplyChainNode<'a>> = "nodes",
        /// Version of the supply chain specification, `1.0`. Required.
        ver: Option<Str<'a>> = "ver",
    }
}

object! {
    /// One seller of the chain (OpenRTB 2.6 §3.2.26).
    pub struct SupplyChainNode<'a> of "OpenRTB 2.6 §3.2.26" {
        /// Canonical domain of the advertising system. Required.
        asi: Option<Str<'a>> = "asi",
        /// The seller's id there, as in its sellers.json. Required.
        sid: Option<Str<'a>> = "sid",
        /// Id of the request as this node issued it.
        rid: Option<Str<'a>> = "rid",
        /// Name of the company, when it is not in sellers.json.
        name: Option<Str<'a>> = "name",
        /// Domain of the company, when it is not in sellers.json.
        domain: Option<Str<'a>> = "domain",
        /// Whether this node takes part in the payment; 1 in version 1.0.
        hp: Option<bool> = "hp",
    }
}
