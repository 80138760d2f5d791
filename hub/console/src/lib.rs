//! Operators' pages: one status page, its event stream, health and metrics.
//!
//! The outbox is listed at `/outbox`, and a dead letter is sent again from there.
//!
//! The page shows a [`View`]: what the records count and decided, and what is now (mode, barriers, who is inside, open
//! alarms, the journal's length), which is asked of the hub each time. A restart changes none of it. Acting (emergency opening,
//! acknowledging an alarm, sending a dead letter again) goes through the [`Desk`] that the program gives, and so through the
//! corridor and the journal like everything else. The console listens on loopback only.

mod accept;
mod acts;
mod alarms;
mod barrier;
mod desk;
mod device;
mod metrics;
mod outbox;
mod page;
mod places;
mod reload;
mod said;
mod server;
mod stream;
mod view;

pub use alarms::{AlarmLine, AlarmsPage};
pub use desk::{Condition, Desk, Expiring, Figures, ParkNow};
pub use outbox::{LetterLine, OpenLine, OutboxPage, PageAsked, SentAgain};
pub use places::Places;
pub use reload::{FaultLine, NotReloaded, Reloaded, ReloadedPart};
pub use server::{Config, Front};
pub use view::View;
