//! What operators see of one camera.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::{DeviceHealth, LinkState};
use cordon_model::{DeviceId, Timestamp};
use tokio::sync::watch;

use crate::operation::Nameplate;
use crate::trouble::bounded;

/// Video sources without a picture that are told apart.
const LOST_MAX: usize = 16;

/// A remark beside the state of the link.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Remark {
    /// The clock is too far off to be trusted.
    Clock,
    /// The clock service and the event service disagree.
    ClockService,
    /// The camera names a host that is not the configured one.
    Elsewhere,
    /// It does not renew subscriptions.
    Renewal,
    /// It did not take the filter.
    Filter,
    /// It does not claim a topic that is needed.
    Topics,
    /// Something it said could not be read, or not as it should be.
    Unread,
    /// A state it told is not known.
    States,
}

impl Remark {
    /// Whether the camera is degraded by it.
    fn is_grave(self) -> bool {
        matches!(
            self,
            Self::Clock | Self::Topics | Self::Unread | Self::States
        )
    }
}

/// Everything shown of a camera.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    device: DeviceId,
    link: LinkState,
    trouble: String,
    remarks: BTreeMap<Remark, String>,
    lost: BTreeSet<String>,
    since: Timestamp,
    state: LinkState,
    readings: u64,
    dropped: u64,
    pub(crate) offset_ms: Option<i64>,
    pub(crate) nameplate: Option<Nameplate>,
}

impl Shown {
    /// The contract's view.
    pub(crate) fn health(&self) -> DeviceHealth {
        DeviceHealth {
            device: self.device.clone(),
            state: self.state,
            reason: self.reason(),
            since: self.since,
            readings: self.readings,
            dropped: self.dropped,
            clock_offset_ms: self.offset_ms,
        }
    }

    fn reason(&self) -> String {
        let trouble = Some(&self.trouble).filter(|text| !text.is_empty());
        let picture = (!self.lost.is_empty()).then(|| {
            let names: Vec<&str> = self.lost.iter().map(String::as_str).collect();
            format!("no picture from {}", names.join(", "))
        });
        let mut parts: Vec<&str> = trouble.map(String::as_str).into_iter().collect();
        parts.extend(picture.as_deref());
        if self.link != LinkState::Offline {
            parts.extend(self.remarks.values().map(String::as_str));
        }
        bounded(&parts.join("; "))
    }

    fn judge(&self) -> LinkState {
        let grave = !self.lost.is_empty() || self.remarks.keys().any(|remark| remark.is_grave());
        match self.link {
            LinkState::Online if grave => LinkState::Degraded,
            other => other,
        }
    }
}

/// Shared between the session, which writes, and whoever looks.
#[derive(Debug)]
pub(crate) struct Board {
    shown: watch::Sender<Shown>,
}

impl Board {
    /// A camera that was not tried yet.
    pub(crate) fn new(device: DeviceId) -> Self {
        let never = Timestamp::from_micros(0);
        Self {
            shown: watch::Sender::new(Shown {
                device,
                link: LinkState::Starting,
                trouble: String::new(),
                remarks: BTreeMap::new(),
                lost: BTreeSet::new(),
                since: never,
                state: LinkState::Starting,
                readings: 0,
                dropped: 0,
                offset_ms: None,
                nameplate: None,
            }),
        }
    }

    /// What is shown now.
    pub(crate) fn shown(&self) -> Shown {
        self.shown.borrow().clone()
    }

    /// Told whenever something changes.
    pub(crate) fn changes(&self) -> watch::Receiver<Shown> {
        self.shown.subscribe()
    }

    /// The link as it stands, and why.
    pub(crate) fn link(&self, link: LinkState, trouble: &str, now: Timestamp) {
        self.change(now, |shown| {
            shown.link = link;
            shown.trouble = bounded(trouble);
        });
    }

    /// Makes a remark, or takes it back with an empty text.
    pub(crate) fn remark(&self, remark: Remark, text: &str, now: Timestamp) {
        self.change(now, |shown| {
            if text.is_empty() {
                shown.remarks.remove(&remark);
            } else {
                shown.remarks.insert(remark, bounded(text));
            }
        });
    }

    /// A video source lost its picture, or has it back.
    pub(crate) fn picture(&self, source: &str, lost: bool, now: Timestamp) {
        self.change(now, |shown| {
            if !lost {
                shown.lost.remove(source);
            } else if shown.lost.len() < LOST_MAX {
                shown.lost.insert(bounded(source));
            }
        });
    }

    /// The camera's clock minus the hub's, milliseconds.
    pub(crate) fn offset(&self, offset_ms: Option<i64>, now: Timestamp) {
        self.change(now, |shown| shown.offset_ms = offset_ms);
    }

    /// What the camera says of itself.
    pub(crate) fn nameplate(&self, nameplate: Nameplate, now: Timestamp) {
        self.change(now, |shown| shown.nameplate = Some(nameplate));
    }

    /// Readings taken in, and those dropped or refused.
    pub(crate) fn count(&self, readings: u64, dropped: u64) {
        self.shown.send_if_modified(|shown| {
            shown.readings += readings;
            shown.dropped += dropped;
            false
        });
    }

    fn change(&self, now: Timestamp, change: impl FnOnce(&mut Shown)) {
        self.shown.send_if_modified(|shown| {
            let before = shown.clone();
            change(shown);
            let state = shown.judge();
            if state != shown.state {
                shown.state = state;
                shown.since = now;
            }
            *shown != before
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Board, Remark};
    use cordon_contract::LinkState;
    use cordon_model::Timestamp;

    #[test]
    fn remarks_and_lost_pictures_degrade() {
        let board = Board::new("CAM-1".parse().unwrap());
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        board.link(LinkState::Online, "", at(1));
        board.remark(Remark::Elsewhere, "it calls itself 192.168.1.64", at(2));
        assert_eq!(board.shown().health().state, LinkState::Online);
        board.picture("source-1", true, at(3));
        let health = board.shown().health();
        assert_eq!((health.state, health.since), (LinkState::Degraded, at(3)));
        assert!(health.reason.starts_with("no picture from source-1"));
        board.picture("source-1", false, at(4));
        board.remark(Remark::Clock, "the clock is off", at(5));
        assert_eq!(board.shown().health().state, LinkState::Degraded);
        board.link(LinkState::Offline, "no answer", at(6));
        board.count(2, 1);
        let health = board.shown().health();
        assert_eq!(health.reason, "no answer");
        assert_eq!((health.readings, health.dropped), (2, 1));
    }
}
