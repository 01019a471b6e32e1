//! The objects of a bid request (OpenRTB 2.6 §3.2), one file per object or family.
//!
//! Fields are named as the standard spells them, except `type` (here `kind`) and `ref`
//! (here `referrer`). What is `None` or empty was absent; getters give the default (C-20, C-62).

mod app;
mod audio;
mod banner;
mod bid_request;
mod content;
mod defaults;
mod device;
mod dooh;
mod geo;
mod imp;
mod native;
mod pmp;
mod publisher;
mod qty;
mod regs;
mod rules;
mod site;
mod source;
mod unusable;
mod user;
mod user_agent;
mod video;

pub use app::App;
pub use audio::Audio;
pub use banner::{Banner, Format};
pub use bid_request::BidRequest;
pub use content::Content;
pub use device::Device;
pub use dooh::Dooh;
pub use geo::Geo;
pub use imp::{Imp, Metric};
pub use native::Native;
pub use pmp::{Deal, Pmp};
pub use publisher::{Channel, Network, Producer, Publisher};
pub use qty::{DurFloors, Qty, RefSettings, Refresh};
pub use regs::Regs;
pub(crate) use rules::{ids_of_user, too_long_id, too_many_segments};
pub use site::Site;
pub use source::{Source, SupplyChain, SupplyChainNode};
pub use user::{Data, Eid, Segment, Uid, User};
pub use user_agent::{BrandVersion, UserAgent};
pub use video::Video;
