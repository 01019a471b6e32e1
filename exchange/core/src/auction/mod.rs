//! One auction: planned before the DSPs are asked, settled after they answered.

mod allot;
mod allotment;
mod body;
mod causes;
mod critical;
mod exclusive;
mod field;
mod judge;
mod kept;
mod plan;
mod race;
mod rank;
mod reply;
mod settle;
mod unserved;

pub use judge::{Fate, Judged, Win};
pub use kept::{kept, kept_matches};
pub use plan::{Ask, Candidate, Plan, Reach, Seller, Terms, plan};
pub use rank::{Standing, Tier, tie_rank};
pub use reply::{Reached, Reply, ReplyFate};
pub use settle::{Settlement, settle};
pub use unserved::{Unserved, recheck};
