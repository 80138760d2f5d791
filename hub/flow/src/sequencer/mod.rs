//! The one sequencer, with all that it takes to start it, feed it, and go on when the disk does not.

pub(crate) mod alarm_pace;
pub(crate) mod answer;
pub(crate) mod astray;
pub(crate) mod change;
pub(crate) mod clock;
pub(crate) mod config;
pub(crate) mod cycle;
pub(crate) mod emergency;
pub(crate) mod held_before;
pub(crate) mod intake;
pub(crate) mod kit;
pub(crate) mod ledger;
pub(crate) mod marks_told;
pub(crate) mod recall;
pub(crate) mod recovery;
pub(crate) mod refused_room;
pub(crate) mod remembered;
pub(crate) mod room;
pub(crate) mod saver;
pub(crate) mod spool;
pub(crate) mod startup;
pub(crate) mod unrecorded;
pub(crate) mod unsettled;
pub(crate) mod unstored;

pub(crate) use self::cycle::{Round, Sequencer, Ties};
