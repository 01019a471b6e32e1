//! One auction: planned before the DSPs are asked, settled after they answered.

mod body;
mod judge;
mod kept;
mod plan;
mod rank;
mod reply;
mod settle;

pub use judge::{Fate, Judged, Win};
pub use kept::kept;
pub use plan::{Ask, Candidate, Plan, Reach, Seller, Terms, plan};
pub use rank::{Standing, Tier, tie_rank, winners};
pub use reply::{Reached, Reply, ReplyFate};
pub use settle::{Settlement, settle};
