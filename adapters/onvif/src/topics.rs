//! Which topics are never dropped, which may be, and how often. Pure.

use std::collections::BTreeSet;

use crate::decode::Notification;

/// Topics of the standard that raise alarms, tell states or passages: never dropped. `/#` stands
/// for everything below.
const VITAL: [&str; 12] = [
    "tns1:RuleEngine/LineDetector/#",
    "tns1:RuleEngine/FieldDetector/#",
    "tns1:RuleEngine/LoiteringDetector/#",
    "tns1:RuleEngine/ObjectDetector/#",
    "tns1:RuleEngine/ObjectAbandoned/#",
    "tns1:RuleEngine/ObjectRemoved/#",
    "tns1:RuleEngine/TamperDetector/#",
    "tns1:RuleEngine/Recognition/#",
    "tns1:VideoSource/GlobalSceneChange/#",
    "tns1:VideoSource/SignalLoss/#",
    "tns1:Device/Trigger/#",
    "tns1:AudioAnalytics/Audio/#",
];

/// Topics of the standard that only say that something moves or how the device feels: lossy.
const LOSSY: [&str; 10] = [
    "tns1:VideoSource/MotionAlarm/#",
    "tns1:RuleEngine/CellMotionDetector/#",
    "tns1:RuleEngine/MotionRegionDetector/#",
    "tns1:RuleEngine/CountAggregation/#",
    "tns1:VideoAnalytics/#",
    "tns1:VideoSource/#",
    "tns1:AudioSource/#",
    "tns1:Monitoring/#",
    "tns1:Device/#",
    "tns1:Media/#",
];

/// Unknown topics of which one specimen is handed on, so that its XML stands in the journal.
const SPECIMENS_MAX: usize = 32;
/// Lossy readings that may come at once.
const BURST: i64 = 20;
/// Milliseconds until one more may come: 60 a minute.
const REFILL_MS: i64 = 1_000;

/// What is done with a notification.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Handed to the hub.
    Take,
    /// Dropped and counted.
    Drop,
}

/// The gate every notification of one camera passes.
#[derive(Debug)]
pub(crate) struct Gate {
    further: Vec<String>,
    specimens: BTreeSet<String>,
    tokens: i64,
    filled_ms: i64,
}

impl Gate {
    /// `further` topics are never dropped either.
    pub(crate) fn new(further: &[String]) -> Self {
        Self {
            further: further.to_vec(),
            specimens: BTreeSet::new(),
            tokens: BURST,
            filled_ms: 0,
        }
    }

    /// Judges a notification that came at `now_ms`.
    pub(crate) fn judge(&mut self, notification: &Notification, now_ms: i64) -> Verdict {
        let topic = notification.topic.as_str();
        let vital = VITAL.iter().copied();
        let further = self.further.iter().map(String::as_str);
        if vital.chain(further).any(|filter| covers(filter, topic)) {
            return Verdict::Take;
        }
        if LOSSY.iter().any(|filter| covers(filter, topic)) {
            return self.lossy(now_ms);
        }
        if self.specimens.len() < SPECIMENS_MAX && self.specimens.insert(topic.to_owned()) {
            return Verdict::Take;
        }
        Verdict::Drop
    }

    fn lossy(&mut self, now_ms: i64) -> Verdict {
        let gained = (now_ms - self.filled_ms).max(0) / REFILL_MS;
        if gained > 0 {
            self.tokens = self.tokens.saturating_add(gained).min(BURST);
            self.filled_ms = now_ms;
        }
        if self.tokens == 0 {
            return Verdict::Drop;
        }
        self.tokens -= 1;
        Verdict::Take
    }
}

/// Whether a filter, with or without a last `/#`, means the topic.
fn covers(filter: &str, topic: &str) -> bool {
    match filter.strip_suffix("/#") {
        Some(root) => topic
            .strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        None => filter == topic,
    }
}

#[cfg(test)]
mod tests {
    use super::{Gate, Verdict};
    use crate::decode::{Notification, Operation};

    fn about(topic: &str) -> Notification {
        Notification {
            topic: topic.to_owned(),
            operation: Operation::Event,
            utc_text: String::new(),
            utc: None,
            items: Vec::new(),
            raw: bytes::Bytes::new(),
        }
    }

    #[test]
    fn alarms_always_pass_and_floods_do_not() {
        let mut gate = Gate::new(&["maker:Vmd/#".to_owned()]);
        let mut taken = |topic: &str, now_ms: i64| {
            (0..200)
                .filter(|_| gate.judge(&about(topic), now_ms) == Verdict::Take)
                .count()
        };
        assert_eq!(taken("tns1:RuleEngine/LineDetector/Crossed", 0), 200);
        assert_eq!(taken("maker:Vmd/Camera1", 0), 200);
        assert_eq!(taken("maker:Log/Trace", 0), 1);
        assert_eq!(taken("tns1:RuleEngine/LineDetectors/Crossed", 0), 1);
        assert_eq!(taken("tns1:VideoSource/MotionAlarm", 0), 20);
        assert_eq!(taken("tns1:VideoSource/MotionAlarm", 5_000), 5);
        for number in 0..100 {
            gate.judge(&about(&format!("maker:T{number}")), 0);
        }
        assert_eq!(gate.specimens.len(), super::SPECIMENS_MAX);
    }
}
