//! Who was told of an alarm, by which stage, and whom that did not reach.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::routes::CONSOLE;

/// What one receiver was told of an alarm.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Listener {
    /// The highest stage that told it, 0 for the first notice and then the steps of the escalation; none where that
    /// was before the alarm was raised again.
    stage: Option<u32>,
    /// That stage came before its time, or by routes of before: when it is due it says nothing again.
    is_ahead: bool,
    /// What was ordered for it last did not get there.
    is_missed: bool,
}

/// Receivers for whom a notice of an alarm was ordered: they hear what becomes of it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Listeners(BTreeMap<String, Listener>);

impl Listeners {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// A receiver is told by this stage.
    pub(crate) fn told(&mut self, receiver: &str, stage: u32, is_ahead: bool) {
        let listener = self.0.entry(receiver.to_owned()).or_default();
        if listener.stage <= Some(stage) {
            listener.is_ahead = is_ahead;
        }
        listener.stage = listener.stage.max(Some(stage));
        listener.is_missed = false;
    }

    /// Whether a receiver was told since the alarm was raised, if it got there or not.
    pub(crate) fn has_heard(&self, receiver: &str) -> bool {
        let listener = self.0.get(receiver);
        listener.is_some_and(|listener| listener.stage.is_some())
    }

    /// Whether a receiver was told already what this stage would say.
    pub(crate) fn is_ahead(&self, receiver: &str, stage: u32) -> bool {
        let told = |it: &Listener| it.is_ahead && !it.is_missed && it.stage >= Some(stage);
        self.0.get(receiver).is_some_and(told)
    }

    /// What this stage ordered for a receiver did not get there. What a later one ordered may have.
    pub(crate) fn missed(&mut self, receiver: &str, stage: u32) {
        let listener = self.0.get_mut(receiver);
        if let Some(listener) = listener.filter(|it| it.stage == Some(stage)) {
            listener.is_missed = true;
        }
    }

    /// What this stage ordered for a receiver got there. A word on what became of the alarm is no notice of it.
    pub(crate) fn reached(&mut self, receiver: &str, stage: u32) {
        let listener = self.0.get_mut(receiver);
        if let Some(listener) = listener.filter(|it| it.stage == Some(stage)) {
            listener.is_missed = false;
        }
    }

    /// Whether nobody is left whom this stage, or a later one, reached or may reach yet. The page is nobody: it shows
    /// each alarm anyhow.
    pub(crate) fn reaches_nobody(&self, stage: u32) -> bool {
        let reaches = |it: &Listener| !it.is_missed && it.stage >= Some(stage);
        !self
            .0
            .iter()
            .any(|(name, listener)| name != CONSOLE && reaches(listener))
    }

    /// Those that were not reached, the page apart.
    pub(crate) fn missed_names(&self) -> Vec<&str> {
        let missed = self.0.iter().filter(|(_, listener)| listener.is_missed);
        let missed = missed.map(|(name, _)| name.as_str());
        missed.filter(|name| *name != CONSOLE).collect()
    }

    /// A notice for a receiver was never ordered.
    pub(crate) fn forget(&mut self, receiver: &str) {
        self.0.remove(receiver);
    }

    /// Other routes hold. Those that were not reached have heard nothing: where a route names them they are told. To the
    /// others a stage that told them says nothing again, whenever it is due by now.
    pub(crate) fn reroute(&mut self) {
        self.0.retain(|_, listener| !listener.is_missed);
        for listener in self.0.values_mut() {
            listener.is_ahead = listener.stage > Some(0);
        }
    }

    /// The alarm is raised again: they were told of it, and are to be told once more.
    pub(crate) fn begin_anew(&mut self) {
        for listener in self.0.values_mut() {
            *listener = Listener::default();
        }
    }

    /// They hear in another way that it is raised again.
    pub(crate) fn hear_later(&mut self) {
        for listener in self.0.values_mut() {
            listener.stage = Some(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CONSOLE, Listeners};

    #[test]
    fn nobody_is_left_when_each_of_a_stage_was_missed() {
        let mut told = Listeners::default();
        assert!(told.reaches_nobody(0));
        told.told(CONSOLE, 0, false);
        told.told("duty", 0, false);
        told.told("siren", 0, false);
        told.missed("duty", 0);
        assert!(!told.reaches_nobody(0) && told.reaches_nobody(1));
        told.missed("siren", 0);
        assert!(told.reaches_nobody(0));
        assert_eq!(told.missed_names(), ["duty", "siren"]);
        told.told("director", 1, true);
        assert!(!told.reaches_nobody(0));
        // The first notice was given up after the escalation got there.
        told.told("siren", 1, false);
        told.missed("siren", 0);
        assert_eq!(told.missed_names(), ["duty"]);
    }

    #[test]
    fn what_came_before_its_time_is_not_said_again_by_that_stage() {
        let mut told = Listeners::default();
        told.told("director", 1, true);
        assert!(told.is_ahead("director", 1) && !told.is_ahead("director", 2));
        told.missed("director", 1);
        assert!(!told.is_ahead("director", 1));
        told.begin_anew();
        assert!(!told.has_heard("director") && !told.is_empty());
        told.hear_later();
        assert!(told.has_heard("director"));
    }
}
