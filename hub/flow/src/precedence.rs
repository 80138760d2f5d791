//! Order of facts: of what one speaker says about one subject, by whatever door, the newest statement
//! holds. The park is one speaker, whoever of its people speaks. What it says of a grant stands until
//! the park says otherwise, whatever the enterprise says of it later.
//!
//! A pure fold over messages. What arrives late is journaled like everything else, marked as
//! overtaken, and shown to no plug-in that decides by it, so that a grant which was spooled, lost on
//! the way or sent twice never overrules its own withdrawal.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::speaker_of;
use cordon_model::codes::person_id;
use cordon_model::{
    AccessGrant, Body, EmergencyGateOpen, GateAction, GateCommand, LifeState, Message,
    OperatingMode, OperatingModeChange, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::draft::Draft;
use crate::entry_time::{EntryTime, lead_told};
use crate::flags;
use crate::sealer::digest_of_parts;
use crate::time_scale::TimeScale;

/// Subjects remembered at once. Beyond it the sender with the most of them gives up the one whose newest
/// statement is oldest, so that nobody's many words make another's be forgotten: a late statement about
/// it would be taken as new.
pub const SUBJECTS_MAX: usize = 100_000;

/// Under which name the park's words are kept, whoever of its people says them; no sender has it.
const PARK: &str = "";

/// Before the stored statements; what was stored in another form is not read as this one.
const FORM: &[u8] = b"precedence/6;";

const SECOND_MICROS: i64 = 1_000_000;
/// How far words of two authors have to lie apart to say anything of their order: many clocks show whole
/// seconds, and a second takes 0.9 s in the time of a journal that is ahead of the clock.
const APART_MICROS: i64 = 800_000;

/// A subject; half of a digest is enough to tell 100,000 apart.
type Key = [u8; 16];

/// When a statement was true, and its place in its author's own count. What the park says is timed by
/// the journal, what a partner says by his own clock.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Stamp {
    occurred_micros: i64,
    /// Whose count it is, where several people are one speaker.
    author: u32,
    sequence: u64,
}

impl Stamp {
    /// Of the park's people none speaks of the future: they are several, each with a clock, and one
    /// whose clock is ahead must not silence the others. A partner's clock is its own.
    fn of(scale: &TimeScale, draft: &Draft, message: &Message, received: Timestamp) -> Self {
        let occurred = message.header.occurred_at;
        if !is_parks_voice(draft, message) {
            return Self {
                occurred_micros: occurred.micros(),
                author: 0,
                sequence: message.header.sequence,
            };
        }
        let occurred_micros = scale.entry_time_of(occurred);
        let digest = digest_of_parts(&[speaker_of(message).as_bytes()]);
        let [a, b, c, d, ..] = digest.0;
        Self {
            occurred_micros: match received.micros() {
                received if occurred_micros <= received => occurred_micros,
                received => received - received.rem_euclid(SECOND_MICROS),
            },
            author: u32::from_be_bytes([a, b, c, d]),
            sequence: message.header.sequence,
        }
    }

    /// True when `self` was true before `newest`: by time, and by its author's count at one time. The
    /// count of another time says nothing: it begins anew when a system does. Two authors within
    /// [`APART_MICROS`] say nothing of each other's order.
    fn is_before(self, newest: Self) -> bool {
        let (this, that) = (self.occurred_micros, newest.occurred_micros);
        match self.author == newest.author {
            true => (this, self.sequence) < (that, newest.sequence),
            false => this.saturating_add(APART_MICROS) <= that,
        }
    }
}

/// What one sender said.
#[derive(Debug, Default)]
struct Words {
    newest: BTreeMap<Key, Stamp>,
    /// The same by time, oldest first.
    by_time: BTreeSet<(i64, Key)>,
}

impl Words {
    /// Notes a statement. True when nothing was known of its subject.
    fn note(&mut self, key: Key, stamp: Stamp) -> bool {
        let before = self.newest.insert(key, stamp);
        if let Some(before) = before {
            self.by_time.remove(&(before.occurred_micros, key));
        }
        self.by_time.insert((stamp.occurred_micros, key));
        before.is_none()
    }

    /// Forgets the oldest. False when there is none.
    fn forget_oldest(&mut self) -> bool {
        let oldest = self.by_time.pop_first();
        oldest.is_some_and(|(_, key)| self.newest.remove(&key).is_some())
    }
}

/// The newest statement about every subject, by sender.
#[derive(Debug)]
pub(crate) struct Precedence {
    senders: BTreeMap<String, Words>,
    /// How the journal's time stands to the hub's clock.
    scale: TimeScale,
    /// Subjects of all senders.
    count: usize,
    most: usize,
    /// The entry that changed it last.
    changed: u64,
}

impl Default for Precedence {
    fn default() -> Self {
        Self::within(SUBJECTS_MAX)
    }
}

impl Precedence {
    /// Nothing said; at most so many subjects are remembered.
    fn within(most: usize) -> Self {
        Self {
            senders: BTreeMap::new(),
            scale: TimeScale::default(),
            count: 0,
            most,
            changed: 0,
        }
    }

    /// The flags of a statement that changes nothing: its speaker has said something newer about the same
    /// subject, or the park has spoken on it. 0 for one that holds, and for what acted before it could be
    /// written down: that is a fact.
    pub(crate) fn judge(&self, draft: &Draft, received: Timestamp) -> u16 {
        let Some(message) = ordered(draft).filter(|_| draft.flags & flags::LATE == 0) else {
            return 0;
        };
        if let Body::AccessGrant(grant) = &message.body
            && grant.state == LifeState::Active
            && !is_park(draft)
            && self.stamp(PARK, &key(&of_grant(grant))).is_some()
        {
            return flags::OVERTAKEN | flags::PARK_STANDS;
        }
        let stamp = Stamp::of(&self.scale, draft, message, received);
        let overtaken = subjects(&message.body).compared.iter().any(|subject| {
            let newest = self.stamp(voice(draft, message), &key(subject));
            newest.is_some_and(|newest| stamp.is_before(newest))
        });
        match overtaken {
            true => flags::OVERTAKEN,
            false => 0,
        }
    }

    fn stamp(&self, sender: &str, key: &Key) -> Option<Stamp> {
        self.senders.get(sender)?.newest.get(key).copied()
    }

    /// Takes in a statement that holds, entry `number`.
    pub(crate) fn apply(&mut self, number: u64, received: Timestamp, draft: &Draft) {
        if let Some(lead) = lead_told(draft) {
            self.scale.note(lead);
            self.changed = number;
            return;
        }
        let Some(message) = ordered(draft) else {
            return;
        };
        let stamp = Stamp::of(&self.scale, draft, message, received);
        for subject in subjects(&message.body).noted {
            let key = key(&subject);
            let voice = voice(draft, message);
            // What acted before it could be written down may be older than what stands.
            let known = self.stamp(voice, &key);
            if !known.is_some_and(|known| stamp.is_before(known)) {
                self.note(voice, key, stamp);
                self.changed = number;
            }
        }
    }

    fn note(&mut self, sender: &str, key: Key, stamp: Stamp) {
        let words = match self.senders.contains_key(sender) {
            true => self.senders.get_mut(sender),
            false => Some(self.senders.entry(sender.to_owned()).or_default()),
        };
        if words.is_some_and(|words| words.note(key, stamp)) {
            self.count += 1;
        }
        while self.count > self.most {
            let fullest = self.senders.values_mut().max_by_key(|it| it.newest.len());
            if !fullest.is_some_and(Words::forget_oldest) {
                return;
            }
            self.count -= 1;
        }
    }

    /// How far the journal is known to be ahead of the hub's clock.
    pub(crate) fn lead(&self) -> EntryTime {
        self.scale.newest()
    }

    /// The entry after which the stored form is out of date.
    pub(crate) fn changed(&self) -> u64 {
        self.changed
    }

    /// As stored with the state.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, postcard::Error> {
        let senders = self.senders.iter();
        let said: BTreeMap<&String, &BTreeMap<Key, Stamp>> =
            senders.map(|(sender, it)| (sender, &it.newest)).collect();
        postcard::to_extend(&(&self.scale, said), FORM.to_vec())
    }

    /// Takes over what [`Precedence::to_bytes`] wrote.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Result<Self, postcard::Error> {
        let said = bytes.strip_prefix(FORM);
        let said = said.ok_or(postcard::Error::DeserializeBadEncoding)?;
        let (scale, said): (TimeScale, BTreeMap<String, BTreeMap<Key, Stamp>>) =
            postcard::from_bytes(said)?;
        let mut all = Self {
            scale,
            ..Self::default()
        };
        for (sender, newest) in said {
            let times = newest.iter();
            let by_time = times.map(|(key, stamp)| (stamp.occurred_micros, *key));
            let by_time = by_time.collect();
            all.count += newest.len();
            all.senders.insert(sender, Words { newest, by_time });
        }
        Ok(all)
    }
}

/// Whether the park itself says it.
fn is_park(draft: &Draft) -> bool {
    draft.flags & flags::PARK != 0
}

/// Whether it counts as said by the park: its people's word, and every act on gates, which nobody else may
/// order.
fn is_parks_voice(draft: &Draft, message: &Message) -> bool {
    let is_act = matches!(
        message.body,
        Body::EmergencyGateOpen(_) | Body::GateCommand(_) | Body::OperatingModeChange(_)
    );
    is_act || is_park(draft)
}

/// Who speaks: whoever says it for himself, or the park.
fn voice<'a>(draft: &Draft, message: &'a Message) -> &'a str {
    match is_parks_voice(draft, message) {
        true => PARK,
        false => speaker_of(message),
    }
}

/// The message of a draft, when it is a statement that order matters for. Conformance traffic
/// changes nothing, so it overrules nothing either.
fn ordered(draft: &Draft) -> Option<&Message> {
    let message = draft.message.as_deref()?;
    let counts = draft.kind == cordon_contract::EntryKind::Message && !message.header.test;
    counts.then_some(message)
}

/// What a statement is about: under which names it is noted, and with which it is compared.
#[derive(Default)]
struct Subjects {
    noted: Vec<Vec<String>>,
    compared: Vec<Vec<String>>,
}

impl Subjects {
    fn one(parts: &[&str]) -> Self {
        Self::of(parts.iter().map(|part| (*part).to_owned()).collect())
    }

    fn of(subject: Vec<String>) -> Self {
        Self {
            noted: vec![subject.clone()],
            compared: vec![subject],
        }
    }
}

fn of_grant(grant: &AccessGrant) -> Vec<String> {
    let parts = ["grant", grant.enterprise_id.as_str(), &grant.grant_id];
    parts.iter().map(|part| (*part).to_owned()).collect()
}

fn subjects(body: &Body) -> Subjects {
    match body {
        Body::AccessGrant(grant) => Subjects::of(of_grant(grant)),
        Body::ListEntry(entry) => Subjects::one(&["list", &entry.entry_id]),
        Body::VehicleRegistration(vehicle) => Subjects::one(&[
            "vehicle",
            vehicle.plate.number.as_str(),
            vehicle.plate.colour.as_str(),
        ]),
        Body::PersonRegistration(person) => {
            Subjects::one(&["person", &person_id::normalise(&person.person_id)])
        }
        Body::OnDutyStatus(status) => Subjects::one(&[
            "duty",
            status.enterprise_id.as_str(),
            status.area_id.as_deref().unwrap_or_default(),
        ]),
        Body::OperatingModeChange(change) => of_mode(change),
        Body::EmergencyGateOpen(order) => of_opening(order),
        Body::GateCommand(order) => of_order(order),
        _ => Subjects::default(),
    }
}

/// Where something is ordered.
enum Place<'a> {
    /// The whole park.
    Park,
    Gate(&'a str),
    Lane(&'a str, &'a str),
}

impl Place<'_> {
    /// Under which names something ordered here is noted.
    fn noted(&self, what: &str) -> Vec<Vec<String>> {
        match self {
            Self::Park => vec![named(what, "park", ""), named(what, "within", "")],
            Self::Gate(gate) => vec![
                named(what, "gate", gate),
                named(what, "within", gate),
                named(what, "within", ""),
            ],
            Self::Lane(gate, lane) => vec![
                named(what, "lane", lane),
                named(what, "within", gate),
                named(what, "within", ""),
            ],
        }
    }

    /// Names of what was ordered of this place, of one it lies in, or of one that lies in it.
    fn compared(&self, what: &str) -> Vec<Vec<String>> {
        let park = named(what, "park", "");
        match self {
            Self::Park => vec![park, named(what, "within", "")],
            Self::Gate(gate) => vec![park, named(what, "gate", gate), named(what, "within", gate)],
            Self::Lane(gate, lane) => {
                vec![park, named(what, "gate", gate), named(what, "lane", lane)]
            }
        }
    }
}

fn named(what: &str, scope: &str, id: &str) -> Vec<String> {
    vec![what.to_owned(), scope.to_owned(), id.to_owned()]
}

/// Raising barriers, and lowering or stopping them: each is overtaken by a newer order to the contrary,
/// and not by the same once more.
const RAISE: &str = "raise";
const LOWER: &str = "lower";

fn places<'a>(gates: impl Iterator<Item = &'a str>) -> Vec<Place<'a>> {
    let places: Vec<Place<'a>> = gates.map(Place::Gate).collect();
    match places.is_empty() {
        true => vec![Place::Park],
        false => places,
    }
}

fn ordered_at(places: &[Place<'_>], noted: &str, compared: &str) -> Subjects {
    Subjects {
        noted: places.iter().flat_map(|it| it.noted(noted)).collect(),
        compared: places.iter().flat_map(|it| it.compared(compared)).collect(),
    }
}

/// A mode is compared with every newer one of a place that has to do with its own. An evacuation raises
/// barriers too.
fn of_mode(change: &OperatingModeChange) -> Subjects {
    const MODE: &str = "mode";
    let places = places(change.gates.iter().map(|gate| gate.as_str()));
    let mut subjects = ordered_at(&places, MODE, MODE);
    if change.mode == OperatingMode::Evacuation {
        let raised = places.iter().flat_map(|it| it.noted(RAISE));
        subjects.noted.extend(raised);
    }
    subjects
}

fn of_opening(order: &EmergencyGateOpen) -> Subjects {
    let places = places(order.gates.iter().map(|gate| gate.as_str()));
    match order.release == Some(true) {
        true => ordered_at(&places, LOWER, RAISE),
        false => ordered_at(&places, RAISE, LOWER),
    }
}

fn of_order(order: &GateCommand) -> Subjects {
    let place = [Place::Lane(order.gate_id.as_str(), order.lane_id.as_str())];
    match order.action {
        GateAction::Open | GateAction::LockOpen => ordered_at(&place, RAISE, LOWER),
        GateAction::Close | GateAction::Stop | GateAction::Release => {
            ordered_at(&place, LOWER, RAISE)
        }
    }
}

fn key(subject: &[String]) -> Key {
    let parts: Vec<&[u8]> = subject.iter().map(String::as_bytes).collect();
    let digest = digest_of_parts(&parts);
    let mut key = [0; 16];
    for (to, from) in key.iter_mut().zip(digest.0) {
        *to = from;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::{Precedence, Stamp};

    fn stamp(occurred_micros: i64, sequence: u64) -> Stamp {
        Stamp {
            occurred_micros,
            author: 0,
            sequence,
        }
    }

    #[test]
    fn time_decides_and_the_count_where_times_are_equal() {
        let newest = stamp(100, 7);
        for older in [stamp(99, 6), stamp(99, 7), stamp(99, 0), stamp(100, 6)] {
            assert!(older.is_before(newest), "{older:?}");
        }
        assert!(!stamp(100, 7).is_before(newest));
        assert!(stamp(99, 8).is_before(newest), "a count that went on");
        assert!(!stamp(101, 1).is_before(newest), "a count begun anew");
        assert!(stamp(99, 8).is_before(stamp(100, 0)));
    }

    /// Every order in which these can arrive.
    fn orders(stamps: &[Stamp]) -> Vec<Vec<Stamp>> {
        if stamps.is_empty() {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for (index, first) in stamps.iter().enumerate() {
            let mut rest = stamps.to_vec();
            rest.remove(index);
            for mut order in orders(&rest) {
                order.insert(0, *first);
                all.push(order);
            }
        }
        all
    }

    /// A count begun anew, and a late statement of the old count: that one won.
    #[test]
    fn the_newest_holds_in_whatever_order_they_arrive() {
        let sets = [
            vec![stamp(0, 1_000), stamp(90, 1), stamp(1, 1_001)],
            vec![stamp(0, 5), stamp(10, 4), stamp(20, 3), stamp(30, 2)],
            vec![
                stamp(5, 9),
                stamp(5, 1),
                stamp(4, 10),
                stamp(6, 0),
                stamp(1, 99),
            ],
        ];
        for set in sets {
            let newest = set
                .iter()
                .max_by_key(|it| (it.occurred_micros, it.sequence));
            for order in orders(&set) {
                let mut said = Precedence::default();
                for one in &order {
                    let known = said.stamp("one", &[0; 16]);
                    if !known.is_some_and(|known| one.is_before(known)) {
                        said.note("one", [0; 16], *one);
                    }
                }
                let holds = said.stamp("one", &[0; 16]);
                assert_eq!(holds.as_ref(), newest, "{order:?}");
            }
        }
    }

    #[test]
    fn a_sender_of_many_statements_forgets_its_own() {
        let mut said = Precedence::within(4);
        let key = |number: u8| [number; 16];
        said.note("quiet", key(1), stamp(1, 0));
        for number in 2..20 {
            said.note("loud", key(number), stamp(i64::from(number), 0));
        }
        assert_eq!(said.stamp("quiet", &key(1)), Some(stamp(1, 0)));
        assert_eq!(said.stamp("loud", &key(16)), None);
        assert!(said.stamp("loud", &key(17)).is_some());
        assert_eq!(said.count, 4);
        let stored = Precedence::of_bytes(&said.to_bytes().unwrap()).unwrap();
        assert_eq!((stored.count, stored.senders.len()), (4, 2));
        assert!(Precedence::of_bytes(b"\0").is_err(), "another form");
    }
}
