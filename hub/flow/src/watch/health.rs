//! The visible state of the hub.

use std::collections::BTreeMap;
use std::time::Instant;

use cordon_contract::{AGREED_MICROS, ClockStanding, DeviceHealth};
use cordon_model::{DeviceId, GateAction, Timestamp};
use serde::Serialize;

use crate::decide::entry_time::seconds;
use crate::decide::mark::Marked;
use crate::fault::STALLED;
use crate::watch::board::Shown;

/// How an adapter's task stands; its devices have states of their own.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdapterState {
    /// Its task runs.
    Running,
    /// It ended with a fault and waits to be started again.
    Resting,
    /// The hub is stopping.
    Stopped,
}

/// One adapter.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct AdapterHealth {
    /// Its name in the configuration.
    pub name: String,
    /// Its protocol.
    pub protocol: &'static str,
    /// Its task.
    pub state: AdapterState,
    /// How often it was started again.
    pub restarts: u64,
    /// Why it ended last.
    pub last_fault: Option<String>,
    /// What of its own keeps it from its work now; none while it works.
    pub trouble: Option<String>,
    /// Its devices.
    pub devices: Vec<DeviceHealth>,
}

/// The hub's time.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct ClockHealth {
    /// What people must see to; none while the wall clock agrees.
    pub words: Option<String>,
    /// Wall clock minus the time that is used, milliseconds.
    pub offset_ms: i64,
    /// How far the journal's entries are ahead of the time that is used, milliseconds.
    pub lead_ms: i64,
    /// Since the last tick, milliseconds; none before the first. There are no ticks while the disk
    /// fails or is full.
    pub tick_age_ms: Option<u64>,
}

impl ClockHealth {
    pub(crate) fn of(standing: ClockStanding, shown: &Shown) -> Self {
        let words = if standing.is_off {
            let away = seconds(standing.offset_micros);
            Some(format!(
                "the wall clock is {away} from the time that elapsed"
            ))
        } else if shown.lead_micros > AGREED_MICROS {
            let lead = seconds(shown.lead_micros);
            Some(format!("the journal is {lead} ahead of the wall clock"))
        } else {
            None
        };
        let age = shown.ticked_at.map(|at| at.elapsed().as_millis());
        Self {
            words,
            offset_ms: standing.offset_micros / 1_000,
            lead_ms: shown.lead_micros / 1_000,
            tick_age_ms: age.map(|age| u64::try_from(age).unwrap_or(u64::MAX)),
        }
    }
}

/// The sequencer looks for work many times a second: a round that lasts longer than this hangs, as a disk does that
/// answers nothing.
const STALLED_MS: u64 = 5_000;

/// For how long nothing was done, milliseconds; none while the sequencer works.
pub(crate) fn stalled_ms(turned_at: Option<Instant>, now: Instant) -> Option<u64> {
    let since = now.saturating_duration_since(turned_at?).as_millis();
    let since = u64::try_from(since).unwrap_or(u64::MAX);
    (since > STALLED_MS).then_some(since)
}

/// What keeps the hub from taking everything: that it hangs, and what its mode does not take.
pub(crate) fn words_of(stalled_ms: Option<u64>, mode: Option<String>) -> Option<String> {
    let words = stalled_ms.map(stalled_words).into_iter().chain(mode);
    words.reduce(|stalled, mode| format!("{stalled}; {mode}"))
}

fn stalled_words(stalled_ms: u64) -> String {
    format!(
        "{STALLED}: nothing is taken, recorded or carried out for {} s, emergency openings neither: most likely a disk does not answer",
        stalled_ms / 1_000
    )
}

/// The hub.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct HubHealth {
    /// What keeps the hub from taking everything; absent in the normal mode.
    pub fault: Option<String>,
    /// For how long the sequencer has been in one round, milliseconds; none while it works.
    pub stalled_ms: Option<u64>,
    /// `normal`, `full`, `unsaved` or `emergency`.
    pub mode: &'static str,
    /// Since when the mode is `emergency`: what is shown of the journal stands still since then.
    pub failed_since: Option<Timestamp>,
    /// What barriers last confirmed while the journal cannot be written.
    pub acted: BTreeMap<DeviceId, GateAction>,
    /// Whether barriers were held open before a start that could not open its journal, as far as that is
    /// known; empty once it could.
    pub held_before: BTreeMap<DeviceId, bool>,
    /// Emergency openings, releases and outcomes that are not journaled yet, in the spool and only in memory.
    pub spooled: (u64, u64),
    /// Free bytes on the journal's disk; none before it was asked.
    pub free_bytes: Option<u64>,
    /// Share of that disk in use, 0 to 100; none before it was asked.
    pub used_percent: Option<u8>,
    /// How the wall clock stands to the time that is used.
    pub clock: ClockHealth,
    /// Fencing epoch of this run.
    pub epoch: u64,
    /// Number of the last durable entry.
    pub position: u64,
    /// Number of the last entry in the stored state.
    pub saved: u64,
    /// Why the state is not saved; the hub takes everything until `remembered` is at its limit.
    pub unsaved: Option<String>,
    /// Messages that memory alone remembers until the state is saved.
    pub remembered: usize,
    /// Room on the journal's disk: `normal`, `low`, `full`.
    pub space: &'static str,
    /// Journal entries that cannot be read, or were read although their form is refused today.
    pub marked: Marked,
    /// Pieces of work that wait for the sequencer.
    pub queue: usize,
    /// Orders without an outcome.
    pub open_orders: usize,
    /// Deliveries that were given up.
    pub dead_letters: usize,
    /// The adapters.
    pub adapters: Vec<AdapterHealth>,
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{stalled_ms, words_of};

    #[test]
    fn a_round_of_more_than_five_seconds_hangs() {
        let begun = Instant::now();
        let after = |ms| stalled_ms(Some(begun), begun + Duration::from_millis(ms));
        assert_eq!(stalled_ms(None, begun), None, "it has not begun");
        assert_eq!((after(0), after(5_000)), (None, None));
        assert_eq!(after(83_000), Some(83_000));
        let words = |stalled, mode: Option<&str>| words_of(stalled, mode.map(str::to_owned));
        assert_eq!(words(None, None), None);
        assert_eq!(words(None, Some("F060")).as_deref(), Some("F060"));
        let both = words(Some(83_000), Some("F060")).unwrap();
        assert!(both.starts_with("F069: nothing is taken, recorded or carried out for 83 s"));
        assert!(both.ends_with("; F060"));
    }
}
