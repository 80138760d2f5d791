//! Operators' pages: one status page, its event stream, health and metrics.
//!
//! The outbox is listed at `/outbox`, and a dead letter is sent again from there.
//!
//! The page shows a [`View`], a pure fold over the entries committed since the start of the program, and
//! the open alarms and the journal's length, which are asked of the hub each time. Acting (emergency opening,
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
mod server;
mod view;

pub use alarms::{AlarmLine, AlarmsPage};
pub use desk::{Condition, Desk, Expiring, Figures};
pub use outbox::{LetterLine, OpenLine, OutboxPage, PageAsked, SentAgain};
pub use server::{Config, serve};
pub use view::View;
