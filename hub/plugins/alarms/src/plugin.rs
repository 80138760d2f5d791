//! The plug-in: which entry leads where, and the steps of an alarm's life.

use std::sync::Arc;

use cordon_contract::{
    ClockSteps, Decisions, Entry, EntryKind, HUB_START, Owner, Owners, Plugin, Rows, Word,
    speaker_of,
};
use cordon_model::name::mark;
use cordon_model::plan::ParkPlan;
use cordon_model::{
    AlarmEvent, AlarmState, AlarmUpdate, AuditEvent, AuditOutcome, Body, PartyId, Timestamp,
};

use crate::alarm::{Alarm, answer_words};
use crate::config::Config;
use crate::count::is_of_many;
use crate::detect::is_worse;
use crate::facts::{Places, source};
use crate::life::{self, is_over};
use crate::named::Given;
use crate::open::OpenAlarms;
use crate::points::Point;
use crate::recent::Likeness;
use crate::routes::{Later, Routes, is_grave};
use crate::state::State;
use crate::told::speaker;

/// Points of one device of the park's that may be in alarm whatever others have.
const POINTS_MIN: usize = 20;

/// Longest text of the language in characters.
pub(crate) const TEXT_CHARS_MAX: usize = 2_000;

/// Detects, routes and escalates alarms.
#[derive(Debug)]
pub struct AlarmPlugin {
    pub(crate) hub: PartyId,
    pub(crate) config: Config,
    pub(crate) places: Places,
    pub(crate) state: State,
    /// The time of the entry at hand, without the steps of the clock; no state. All that is counted here from one entry to
    /// another is kept and compared on this scale.
    pub(crate) now: Timestamp,
    /// Notices ordered for the entry at hand; no state.
    pub(crate) ordered_now: usize,
    pub(crate) routes: Routes,
    /// A mark of them and of the plan they look at.
    pub(crate) routed_by: u64,
    /// Who answers for what.
    pub(crate) owners: Owners,
    /// Enterprises of the plan.
    pub(crate) enterprises: usize,
    /// What is shown of the state; no state.
    shown: OpenAlarms,
}

impl AlarmPlugin {
    /// A plug-in without any alarm. `hub` is the party that says the updates.
    pub fn new(plan: Arc<ParkPlan>, routes: Routes, hub: PartyId, config: Config) -> Self {
        let owners = Owners::new(&plan, &hub);
        let places = Places::new(&plan);
        Self {
            hub,
            config,
            routed_by: mark(&format!("{} {}", routes.mark(), places.mark())),
            places,
            state: State::new(),
            now: Timestamp::from_micros(0),
            ordered_now: 0,
            owners,
            enterprises: plan.enterprises.len(),
            routes,
            shown: OpenAlarms::default(),
        }
    }

    /// Shows the open alarms through this handle, which somebody has already.
    #[must_use]
    pub fn showing(mut self, shown: OpenAlarms) -> Self {
        self.shown = shown;
        self
    }

    /// A handle on the alarms that are open, which lives as long as its holder.
    pub fn open_alarms(&self) -> OpenAlarms {
        self.shown.clone()
    }

    /// How many items the plug-in looked at since it began. What one entry adds tells its cost: at most
    /// the logarithm of what is open, which the indexes' own look-ups are not counted for.
    pub fn steps(&self) -> u64 {
        self.state.steps.total()
    }

    /// Counts and shows an alarm that changed.
    pub(crate) fn touch(&mut self, id: &str) {
        self.state.track(id);
        self.shown.show(id, self.state.alarms.get(id));
    }

    fn message(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let Some(message) = &entry.message else {
            return;
        };
        if message.header.test {
            return;
        }
        match &message.body {
            Body::AlarmEvent(event) => self.event(entry, event, decisions),
            Body::AlarmUpdate(update) => self.update(entry, update, decisions),
            Body::DeviceStatus(status) => self.device_status(entry, status, decisions),
            Body::SensorReadingBatch(batch) => self.samples(entry, batch, decisions),
            _ => {}
        }
    }

    /// What makes two alarms identical. Of a measuring point also which of its device's it is: gas that
    /// is gone says nothing of another. Of an enterprise also who says it: nobody's word is counted under
    /// another's alarm, and nobody's ends it. Of red and orange ones that others tell also the words, without
    /// the values in them: two zones of a panel are told apart by them alone.
    pub(crate) fn likeness(&self, entry: &Entry, event: &AlarmEvent) -> Likeness {
        let source = self.source_of(entry, event);
        let tells_apart = is_grave(event.alarm_level) && !self.is_hubs(entry);
        let words = tells_apart.then(|| mark(&self.gist_of(event)));
        let words = words.unwrap_or_default();
        (event.alarm_code, event.alarm_level, source, words)
    }

    /// The place and the teller of that.
    pub(crate) fn source_of(&self, entry: &Entry, event: &AlarmEvent) -> String {
        let message = entry.message.as_deref();
        let who = message.map(speaker_of).unwrap_or_default();
        let partner = self.owners.partner(who);
        let mut source = source(event, &self.places);
        if partner.is_some_and(|partner| partner.as_str() == who) {
            source = format!("{who}|{source}");
        }
        if let Some(point) = self.state.points.of_alarm(&event.alarm_id) {
            source = format!("{source}|{point}");
        }
        // What counts many things is like none of them.
        if self.is_hubs(entry) && is_of_many(event) {
            source.clone_from(&event.alarm_id);
        }
        source
    }

    /// Whoever answers for an alarm: the plan's owner of its device, or whose statement led to it. What one
    /// of them says or sets off takes nobody else's room.
    pub(crate) fn owner_of(&self, entry: &Entry, event: &AlarmEvent) -> Owner {
        let by_hub = entry.sender == self.hub;
        let message = entry.message.as_deref();
        let word = message.map(|message| Word::of(message, entry.standing, by_hub));
        let raised = by_hub && self.is_hubs(entry);
        let device = event.source_device.as_ref();
        self.owners
            .behind(&word.unwrap_or_default(), raised, device)
    }

    /// An even part of what there is room for, which each enterprise has, and which all devices together
    /// have that the plan does not name.
    pub(crate) fn share(&self) -> usize {
        (self.config.open_max / (self.enterprises + 1)).max(1)
    }

    /// Whether one point more of this owner's may be in alarm: an even part each enterprise, and the devices
    /// that the plan does not name; each device of the park's as many as all others leave, and a few anyhow.
    pub(crate) fn has_room_for_point(&self, owner: &Owner) -> bool {
        let points = &self.state.points;
        match owner {
            Owner::Partner(_) | Owner::Unplanned => points.of(owner) < self.share(),
            Owner::Park(_) => {
                points.of(owner) < POINTS_MIN || points.of_park() < self.config.open_max
            }
        }
    }

    /// Somebody says that an alarm went a step on.
    fn update(&mut self, entry: &Entry, update: &AlarmUpdate, decisions: &mut Decisions) {
        let id = &update.alarm_id;
        let Some(alarm) = self.state.alarms.get(id) else {
            // Our own words about an alarm that was counted under another, or is forgotten.
            let is_own = entry.sender == self.hub && entry.cause != 0;
            if !is_own && !self.counted_ends(entry, update, decisions) {
                self.refuse(entry, update, None, "no such alarm is open", decisions);
            }
            return;
        };
        let is = alarm.state;
        if let Some(why) = self.is_unsure(entry, update) {
            return self.refuse(entry, update, Some(is), why, decisions);
        }
        if self.is_answer(entry, alarm) {
            return self.answered(entry, update, decisions);
        }
        let step = life::check(is, update.previous, update.state, update.note.as_deref());
        if let Err(unlawful) = step {
            return self.refuse(entry, update, Some(is), &unlawful.to_string(), decisions);
        }
        if is == update.state {
            return;
        }
        let mut ended = false;
        if let Some(alarm) = self.state.alarms.get_mut(id) {
            let was_open = alarm.is_open();
            alarm.state = update.state;
            alarm.untold = None;
            ended = was_open && !alarm.is_open();
        }
        self.touch(id);
        self.tell_later(entry, update, Later::State(update.state), &[], decisions);
        match is_over(update.state) {
            true => self.state.over(id),
            false => self.state.seen(id),
        }
        if ended {
            self.state.close(id, self.config.closed_max);
        }
    }

    /// The partner who speaks for himself in an entry.
    fn himself(&self, entry: &Entry) -> Option<&PartyId> {
        let who = speaker(entry);
        let partner = self.owners.partner(who);
        partner.filter(|partner| partner.as_str() == who)
    }

    /// Why it is not sure which alarm a partner means: he, or a device of his, gave its name to another too, or others are
    /// counted in it that are not over. He names it as it stands on the page, or says the end as an event.
    fn is_unsure(&self, entry: &Entry, update: &AlarmUpdate) -> Option<&'static str> {
        const SEVERAL: &str = "several alarms lay under this name, or it is not remembered, and which one is not said";
        let partner = self.himself(entry)?;
        let id = &update.alarm_id;
        let alarm = self.state.alarms.get(id)?;
        let said = said_name(entry, id);
        let given = self.state.named.given(partner, mark(said));
        let is_it = match given {
            Some(given) => given == Given::One(alarm.identity()),
            // A name that the hub made; his own that is not remembered may have been of others.
            None => said == id && (!self.is_his(partner, alarm) || alarm.author != Some(mark(id))),
        };
        // The page's own name for it is that, whatever the hub told again from it.
        let is_pages = given.is_some() && said == id && alarm.author != Some(mark(id));
        let mut his = self.his(partner, id).chain(self.his(partner, said));
        let others = !is_pages && his.any(|(other, _)| other != id);
        if !is_it || others {
            return Some(SEVERAL);
        }
        let leaves = is_over(update.state) && alarm.names.leaves_some(id);
        (leaves && self.is_his(partner, alarm))
            .then_some("others are counted in it, and not all of them are said to be over")
    }

    /// The alarms that bear or count a name and are a partner's own, or of his devices. None of anybody else, who names
    /// them as they stand on the page.
    fn his<'a>(
        &'a self,
        partner: &'a PartyId,
        name: &'a str,
    ) -> impl Iterator<Item = (&'a String, &'a Alarm)> + 'a {
        let called = self.state.called_so(name);
        called.filter(move |(_, alarm)| self.is_his(partner, alarm))
    }

    fn is_his(&self, partner: &PartyId, alarm: &Alarm) -> bool {
        let is_said = alarm.speaker == partner.as_str();
        !alarm.of_hub && (is_said || alarm.owner == Owner::Partner(partner.clone()))
    }

    /// A partner says the end of what the hub calls otherwise, or counts in another alarm of his, by the name that he gave
    /// it, and to nothing else. Whether it is.
    fn counted_ends(
        &mut self,
        entry: &Entry,
        update: &AlarmUpdate,
        decisions: &mut Decisions,
    ) -> bool {
        let name = &update.alarm_id;
        let Some(leader) = self.counts(entry, name).filter(|_| is_over(update.state)) else {
            return false;
        };
        let Some(alarm) = self.state.alarms.get_mut(&leader) else {
            return false;
        };
        // It is meant itself, if nothing else is counted in it.
        let is_itself = !alarm.names.knows(name);
        if is_itself && alarm.names.are_several() || !is_itself && !alarm.names.lasts(name) {
            return false;
        }
        match is_itself || alarm.names.end(name) {
            true => {
                let words = update.note.as_deref().unwrap_or_default();
                self.clear(entry, &leader, words, decisions);
            }
            false => self.touch(&leader),
        }
        true
    }

    /// The one alarm, not over yet, that a partner who speaks for himself ever called so.
    fn counts(&self, entry: &Entry, name: &str) -> Option<String> {
        let partner = self.himself(entry)?;
        let Some(Given::One(leader)) = self.state.named.given(partner, mark(name)) else {
            return None;
        };
        let his: Vec<_> = self.his(partner, name).collect();
        let [(id, alarm)] = his.as_slice() else {
            return None;
        };
        (alarm.identity() == leader && !is_over(alarm.state)).then(|| (*id).clone())
    }

    /// Whether a partner speaks of an alarm of the park's that the park has not acknowledged. That is his
    /// answer: whom it is about does not end the park's own escalation.
    fn is_answer(&self, entry: &Entry, alarm: &Alarm) -> bool {
        let partner = self.owners.partner(entry.sender.as_str());
        let own = |partner: &PartyId| alarm.owner == Owner::Partner(partner.clone());
        alarm.is_raised() && partner.is_some_and(|it| alarm.of_hub || !own(it))
    }

    /// Shows a partner's answer, tells the first of each state he gives and counts the others, and puts
    /// right whoever adds up updates.
    fn answered(&mut self, entry: &Entry, update: &AlarmUpdate, decisions: &mut Decisions) {
        let id = &update.alarm_id;
        let (who, state) = (&entry.sender, update.state);
        let mut is_news = false;
        let mut count = 1;
        if let Some(alarm) = self.state.alarms.get_mut(id) {
            let answers = alarm.answers.entry(who.clone()).or_default();
            answers.count = answers.count.saturating_add(1);
            is_news = answers.told.insert(state);
            count = answers.count;
            alarm.answered = Some((who.clone(), state));
        }
        let answer = answer_words(who, state, count);
        self.touch(id);
        let words = update.note.as_deref().unwrap_or_default();
        let note = format!("{answer}园区尚未接警 / the park has not acknowledged it yet: {words}");
        let is = (AlarmState::Raised, AlarmState::Raised);
        let mut kept = self.step_of_hub(entry, id, is, &note);
        kept.previous = state;
        if is_news {
            self.tell_later(entry, update, Later::State(state), &[], decisions);
        }
        decisions.emit(Body::AlarmUpdate(kept), Some(id.clone()));
    }

    /// The cause of an alarm is gone.
    pub(crate) fn clear(
        &mut self,
        entry: &Entry,
        id: &str,
        words: &str,
        decisions: &mut Decisions,
    ) {
        // An alarm raised for this very entry is not taken up yet.
        let is = self
            .state
            .alarms
            .get(id)
            .map_or(AlarmState::Raised, |alarm| alarm.state);
        if is_over(is) {
            return;
        }
        let update = self.step_of_hub(entry, id, (is, AlarmState::Cleared), words);
        decisions.emit(Body::AlarmUpdate(update), Some(id.to_owned()));
    }

    /// An unlawful step is not taken: an audit entry says why, and a correction puts right whoever
    /// only adds up updates.
    fn refuse(
        &self,
        entry: &Entry,
        update: &AlarmUpdate,
        is: Option<AlarmState>,
        why: &str,
        decisions: &mut Decisions,
    ) {
        let id = &update.alarm_id;
        let why = format!("{} by {}: {why}", update.state, update.actor_id);
        self.audit(
            entry,
            "alarm.step-refused",
            id,
            AuditOutcome::Denied,
            &why,
            decisions,
        );
        if let Some(is) = is.filter(|is| *is != update.state) {
            let note = format!("更正 / correction, step refused: {why}");
            let mut correction = self.step_of_hub(entry, id, (is, is), &note);
            correction.previous = update.state;
            decisions.emit(Body::AlarmUpdate(correction), Some(id.clone()));
        }
    }

    pub(crate) fn step_of_hub(
        &self,
        entry: &Entry,
        id: &str,
        (previous, state): (AlarmState, AlarmState),
        note: &str,
    ) -> AlarmUpdate {
        AlarmUpdate {
            alarm_id: id.to_owned(),
            state,
            previous,
            actor_id: self.hub.clone(),
            receiver: None,
            escalation_level: None,
            note: Some(clip(note)),
            updated_at: entry.time,
        }
    }

    pub(crate) fn audit(
        &self,
        entry: &Entry,
        action: &str,
        id: &str,
        outcome: AuditOutcome,
        why: &str,
        decisions: &mut Decisions,
    ) {
        let event = AuditEvent {
            action: action.to_owned(),
            actor_id: entry.sender.clone(),
            target: Some(id.to_owned()),
            outcome,
            detail: Some(clip(why)),
            at: entry.time,
        };
        decisions.emit(Body::AuditEvent(event), Some(id.to_owned()));
    }
}

impl AlarmPlugin {
    /// A start lets the points go of whose alarm nobody heard: another program saw them, to which they were none, and
    /// this one has only read of it. They are raised by their next sample.
    fn forget_unraised(&mut self) {
        let alarms = &self.state.alarms;
        let is_told = |point: &Point| match &point.counted_in {
            Some(leader) => alarms.contains_key(leader),
            None => {
                let alarm = alarms.get(&point.alarm);
                alarm.is_some_and(|alarm| !is_worse(point.code, alarm.event.alarm_code))
            }
        };
        self.state.points.retain(is_told);
        self.state.points.all_away();
        self.state
            .points
            .index(|device| self.owners.of_device(device));
    }
}

impl Plugin for AlarmPlugin {
    fn name(&self) -> &'static str {
        "alarms"
    }

    fn step(&mut self, entry: &Entry, decisions: &mut Decisions) {
        self.ordered_now = 0;
        if ClockSteps::is_of(entry) {
            self.state.clock_steps.pass(entry);
        }
        self.now = self.state.clock_steps.steady(entry.time);
        if self.is_routed_otherwise() {
            self.reroute(entry, decisions);
        }
        match entry.kind {
            EntryKind::Message => self.message(entry, decisions),
            EntryKind::Tick => self.tick(entry, decisions),
            EntryKind::Order => self.ordered(entry),
            EntryKind::Outcome => self.outcome(entry, decisions),
            EntryKind::Audit if entry.label == HUB_START => {
                self.forget_unraised();
                self.owe_what_was_not_ordered();
            }
            EntryKind::Submission | EntryKind::Refused | EntryKind::Audit | EntryKind::Settings => {
            }
        }
    }

    fn is_due(&self, time: Timestamp, _clock: Timestamp) -> bool {
        let state = &self.state;
        let time = state.clock_steps.steady(time);
        let flood_s = i64::from(self.config.flood_s);
        let timer = state.timers.first_key_value();
        let more = state.more_due.keys().next();
        timer.is_some_and(|((due, _), ())| *due <= time)
            || more.is_some_and(|(due, _)| *due <= time)
            || state.outages.is_due(time)
            || state.groups.is_due(time)
            || self.is_routed_otherwise()
            || !state.owed.is_empty()
            || state.recents.stale(time.plus_seconds(-flood_s)).is_some()
            // Looked at until there is room again.
            || !state.missed.is_empty()
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        self.state.tables()
    }

    fn restored(&mut self) {
        let routes = &self.routes;
        self.state.index(|path| routes.repeat_s_at(path));
        let owners = &self.owners;
        self.state.points.index(|device| owners.of_device(device));
        self.shown.show_all(&self.state.alarms);
    }
}

/// The name that an author said in a step, where the flow tells it again under the one that the hub made of it.
fn said_name<'a>(entry: &'a Entry, id: &'a str) -> &'a str {
    let header = entry.message.as_deref().map(|message| &message.header);
    let told_again = header.filter(|header| header.attested_by.is_some() && entry.cause != 0);
    let said = told_again.and_then(|header| header.correlation_id.as_deref());
    said.unwrap_or(id)
}

/// Cuts a text to the language's length.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}
