//! What became of notifications. "Told" is said only on the outcome, never on the order.

use cordon_contract::{Decisions, Entry};
use cordon_model::{AlarmUpdate, Body};

use crate::missed::Limit;
use crate::plugin::{AlarmPlugin, clip};
use crate::state::{Notice, UNDERWAY_MAX};

impl AlarmPlugin {
    /// An order entry: if it is one of ours, its number is the name its outcome will use.
    pub(crate) fn ordered(&mut self, entry: &Entry) {
        let Some(message) = &entry.message else {
            return;
        };
        let id = match &message.body {
            Body::AlarmEvent(event) => &event.alarm_id,
            Body::AlarmUpdate(update) => &update.alarm_id,
            _ => return,
        };
        let target = entry.label.split(';').next().unwrap_or_default();
        let Some(receiver) = target.strip_prefix("receiver:") else {
            return;
        };
        let ours =
            |notice: &Notice| notice.receiver == receiver && notice.alarms.first() == Some(id);
        if let Some(notice) = self.state.take_ordered(ours) {
            self.state.underway.insert(entry.number, notice);
            while self.state.underway.len() > UNDERWAY_MAX {
                if let Some((_, lost)) = self.state.underway.pop_first() {
                    let named = lost.alarms.first().map_or("", String::as_str);
                    let name = format!("{} {named}", lost.receiver);
                    self.miss((Limit::Notices, None), name, None);
                }
            }
        }
    }

    /// The outcome of an order.
    pub(crate) fn outcome(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let Some(notice) = self.state.underway.remove(&entry.cause) else {
            return;
        };
        let told = matches!(entry.label.as_str(), "CONFIRMED" | "ACCEPTED");
        for id in &notice.alarms {
            let Some(alarm) = self.state.alarms.get(id) else {
                continue;
            };
            let note = (!told).then(|| {
                // Of what nobody answered nobody can say that it did not come.
                let words = match entry.label.as_str() {
                    "EXPIRED" => "未确认收到 / not known to be told",
                    _ => "未能通知 / not told",
                };
                clip(&format!("{words}: {} ({})", notice.receiver, entry.label))
            });
            let update = AlarmUpdate {
                alarm_id: id.clone(),
                state: alarm.state,
                previous: alarm.state,
                actor_id: self.hub.clone(),
                receiver: told.then(|| notice.receiver.clone()),
                escalation_level: (notice.escalation > 0).then_some(notice.escalation),
                note,
                updated_at: entry.time,
            };
            decisions.emit(Body::AlarmUpdate(update), Some(id.clone()));
        }
        match told {
            true => self.reached(&notice),
            false => self.missed(entry, &notice, decisions),
        }
    }
}
