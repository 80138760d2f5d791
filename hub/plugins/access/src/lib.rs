//! Access control: decides at the lanes, opens, records passages (issue part 7; R020 to R031, R046).
//!
//! A pure fold over the journal. A plate capture is looked up in grants, lists and registrations,
//! the facts go to the rules, the answer becomes a `PassageDecision` and, when it is OPEN, a
//! `GateCommand`. What the barrier and the loops then report makes the opening confirmed and the
//! passage complete. `docs/design/access.md` says in which order and what is not decided here.
//!
//! Whatever the rules answer, an entry needs a grant in force or a recorded exemption (I6): the
//! plug-in checks that itself, behind the rules.
//!
//! Floor 3: imports contract and model.

mod alarm;
mod away;
mod behind;
mod by_hand;
mod capture;
mod claims;
mod config;
mod decide;
mod dispatch;
mod emergency;
mod ends;
mod evacuation;
mod explain;
mod facts;
mod grants;
mod held;
mod ids;
mod intake;
mod lists;
mod lock_told;
mod modes;
mod not_yet;
mod now;
mod occupancy;
mod opened;
mod opening;
mod passage;
mod permit;
mod planned;
mod plate;
mod plugin;
mod registry;
mod rescue;
mod shares;
mod state;
mod status;
mod stepped;
mod subject;
mod times;
mod visit;

pub use config::AccessConfig;
pub use dispatch::GrantDispatch;
pub use explain::{Explanation, Reason, explain};
pub use now::{ParkNow, Standing};
pub use plugin::AccessPlugin;
