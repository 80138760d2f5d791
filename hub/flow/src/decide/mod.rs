//! What follows from what is said: pure, of the journal alone (I3). Stepping plug-ins, who may say what, in which
//! order words count, and what an entry is before and after it has a number.

pub(crate) mod act;
pub(crate) mod ages;
pub(crate) mod audited;
pub(crate) mod authority;
pub(crate) mod batch;
pub(crate) mod beyond_pace;
pub(crate) mod claims;
pub(crate) mod conduct;
pub(crate) mod core;
pub(crate) mod counts;
pub(crate) mod draft;
pub(crate) mod entry_codec;
pub(crate) mod entry_time;
pub(crate) mod fold;
pub(crate) mod guard;
pub(crate) mod mark;
pub(crate) mod mode;
pub(crate) mod outcome;
pub(crate) mod precedence;
pub(crate) mod rank;
pub(crate) mod repeats;
pub(crate) mod retold;
pub(crate) mod sealer;
pub(crate) mod settings;
pub(crate) mod settled;
pub(crate) mod stored_entry;
pub(crate) mod submission;
pub(crate) mod tables;
pub(crate) mod terms;
pub(crate) mod time_scale;
pub(crate) mod trouble;
pub(crate) mod unheard;
