//! Order of facts: of what one speaker says about one subject, by whatever door, the newest statement
//! holds. The park is one speaker, whoever of its people speaks. What it says of a grant stands until
//! the park says otherwise, whatever the enterprise says of it later.
//!
//! A pure fold over messages. What arrives late is journaled like everything else, marked as
//! overtaken, and shown to no plug-in that decides by it, so that a grant which was spooled, lost on
//! the way or sent twice never overrules its own withdrawal.

mod stamp;
mod standing;
mod subjects;
mod words;

use std::collections::BTreeMap;

use cordon_contract::{NoRoom, speaker_of};
use cordon_model::{AccessGrant, Body, LifeState, Message, Timestamp};

use self::stamp::Stamp;
use self::standing::{Standing, Stored};
pub(crate) use self::subjects::raises;
use self::subjects::{Key, key, of_grant, subjects};
use self::words::Words;
use crate::draft::Draft;
use crate::entry_time::{EntryTime, lead_told};
use crate::flags;
use crate::time_scale::TimeScale;

/// Subjects remembered at once. Beyond it the sender with the most of them gives up the one whose newest
/// statement is oldest, so that nobody's many words make another's be forgotten: a late statement about
/// it would be taken as new. As many words of the park on grants are kept beside them; more are refused.
pub const SUBJECTS_MAX: usize = 100_000;

/// Under which name the park's words are kept, whoever of its people says them; no sender has it.
const PARK: &str = "";

/// Before the stored statements; what was stored in another form is not read as this one.
const FORM: &[u8] = b"precedence/8;";

/// The newest statement about every subject, by sender.
#[derive(Debug)]
pub(crate) struct Precedence {
    senders: BTreeMap<String, Words>,
    /// The park's word on grants, which nobody's many words make be forgotten.
    standing: Standing,
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
            standing: Standing::within(most),
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
            && self.standing.stamp(&key(&of_grant(grant))).is_some()
        {
            return flags::OVERTAKEN | flags::PARK_STANDS;
        }
        match self.is_overtaken(draft, received) {
            true => flags::OVERTAKEN,
            false => 0,
        }
    }

    /// Whether something newer to the contrary is known, be the statement late or not.
    pub(crate) fn is_overtaken(&self, draft: &Draft, received: Timestamp) -> bool {
        let Some(message) = ordered(draft) else {
            return false;
        };
        let stamp = Stamp::of(&self.scale, draft, message, received);
        subjects(&message.body).compared.iter().any(|subject| {
            let newest = self.newest(draft, message, &key(subject));
            newest.is_some_and(|newest| stamp.is_before(newest, raises(&message.body)))
        })
    }

    /// Whether what is said would be remembered: the park's word on a grant is never forgotten while the
    /// grant lasts, so there must be room for it.
    pub(crate) fn has_room(&self, draft: &Draft, received: Timestamp) -> Result<(), NoRoom> {
        let grant = ordered(draft).and_then(|message| parks_grant(draft, message));
        let now = self.clock_at(received);
        let has_room = |grant: &AccessGrant| {
            let takes_back = grant.state != LifeState::Active;
            let key = key(&of_grant(grant));
            self.standing.has_room(&key, takes_back, now)
        };
        match grant.is_none_or(has_room) {
            true => Ok(()),
            false => Err(NoRoom {
                setting: "docs/reference/authority.md",
                part: self.standing.most(),
            }),
        }
    }

    /// What the same voice said last of a subject.
    fn newest(&self, draft: &Draft, message: &Message, key: &Key) -> Option<Stamp> {
        match parks_grant(draft, message) {
            Some(_) => self.standing.stamp(key),
            None => self.stamp(voice(draft, message), key),
        }
    }

    fn stamp(&self, sender: &str, key: &Key) -> Option<Stamp> {
        self.senders.get(sender)?.newest.get(key).copied()
    }

    fn clock_at(&self, received: Timestamp) -> Timestamp {
        self.lead().clock_at(received)
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
            // What acted before it could be written down may be older than what stands.
            let known = self.newest(draft, message, &key);
            if known.is_some_and(|known| stamp.is_before(known, raises(&message.body))) {
                continue;
            }
            match parks_grant(draft, message) {
                Some(grant) => {
                    let now = self.clock_at(received);
                    self.standing.note(key, stamp, grant.valid_to, now);
                }
                None => self.note(voice(draft, message), key, stamp),
            }
            self.changed = number;
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
        postcard::to_extend(&(&self.scale, said, self.standing.stored()), FORM.to_vec())
    }

    /// Takes over what [`Precedence::to_bytes`] wrote.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Result<Self, postcard::Error> {
        let said = bytes.strip_prefix(FORM);
        let said = said.ok_or(postcard::Error::DeserializeBadEncoding)?;
        let (scale, said, stored): (TimeScale, BTreeMap<String, BTreeMap<Key, Stamp>>, Stored) =
            postcard::from_bytes(said)?;
        let mut all = Self {
            scale,
            standing: Standing::of_stored(SUBJECTS_MAX, &stored),
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

/// The grant that the park speaks of.
fn parks_grant<'a>(draft: &Draft, message: &'a Message) -> Option<&'a AccessGrant> {
    match &message.body {
        Body::AccessGrant(grant) if is_park(draft) => Some(grant),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use cordon_model::Timestamp;

    use super::{Precedence, Stamp, Standing};

    fn stamp(occurred_micros: i64, sequence: u64) -> Stamp {
        Stamp {
            occurred_micros,
            at_latest_micros: occurred_micros,
            author: 0,
            sequence,
        }
    }

    #[test]
    fn time_decides_and_the_count_where_times_are_equal() {
        let newest = stamp(100, 7);
        for older in [stamp(99, 6), stamp(99, 7), stamp(99, 0), stamp(100, 6)] {
            assert!(older.is_before(newest, false), "{older:?}");
        }
        assert!(!stamp(100, 7).is_before(newest, false));
        assert!(
            stamp(99, 8).is_before(newest, false),
            "a count that went on"
        );
        assert!(
            !stamp(101, 1).is_before(newest, false),
            "a count begun anew"
        );
        assert!(stamp(99, 8).is_before(stamp(100, 0), false));
    }

    /// One operator's whole seconds are behind another's fractions. Where that leaves a doubt barriers rise.
    #[test]
    fn words_of_two_people_close_together_are_of_no_order() {
        let by = |author, micros| Stamp {
            author,
            ..stamp(micros, 0)
        };
        for (raises, apart) in [(false, 800_000), (true, 2_000_000)] {
            assert!(!by(1, 0).is_before(by(2, apart - 1), raises));
            assert!(by(1, 0).is_before(by(2, apart), raises));
        }
    }

    /// What came late is told by its author's clock and count together, also by a clock that is ahead.
    #[test]
    fn of_one_author_the_older_is_older_however_far_his_clock_is_ahead() {
        let second = 1_000_000;
        for ahead in [0, second / 10, second, 240 * second] {
            let came = |said: i64, at: i64, sequence| Stamp {
                at_latest_micros: (said + ahead).min(at),
                ..stamp(said + ahead, sequence)
            };
            let newer = came(500_000, 500_001, 12);
            for raises in [true, false] {
                let late = came(0, 800_000, 11);
                assert!(late.is_before(newer, raises), "{ahead} {raises}");
                assert!(!newer.is_before(late, raises), "{ahead} {raises}");
            }
            // The clock was put right since, the count goes on: it is what came last.
            let right = stamp(900_000, 13);
            for raises in [true, false] {
                assert!(!right.is_before(newer, raises), "{ahead} {raises}");
            }
        }
        // A count that begins anew within the same second, or none: barriers rise.
        for anew in [stamp(0, 0), stamp(0, 1), stamp(-500_000, 1)] {
            assert!(!anew.is_before(stamp(0, 900), true), "{anew:?}");
            assert!(anew.is_before(stamp(0, 900), false), "{anew:?}");
        }
        assert!(stamp(98, 3).is_before(stamp(99, 2), false));
        assert!(!stamp(98, 3).is_before(stamp(99, 2), true));
        assert!(stamp(98, 3).is_before(stamp(2_000_098, 2), true));
    }

    #[test]
    fn the_parks_word_on_a_grant_gives_way_only_once_the_grant_is_over() {
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        let mut said = Standing::within(2);
        let (one, two, three) = ([1; 16], [2; 16], [3; 16]);
        said.note(one, stamp(0, 0), at(100), at(0));
        said.note(two, stamp(1, 0), at(200), at(1));
        assert!(
            said.has_room(&one, false, at(99)),
            "a further word on the same"
        );
        assert!(!said.has_room(&three, false, at(99)));
        assert!(said.has_room(&three, true, at(99)), "what takes back");
        said.note(three, stamp(2, 0), at(300), at(99));
        assert!(
            [one, two, three]
                .iter()
                .all(|key| said.stamp(key).is_some()),
            "what was taken is kept"
        );
        let mut said = Standing::of_stored(2, &said.stored());
        said.note([4; 16], stamp(3, 0), at(400), at(101));
        assert_eq!(said.stamp(&one), None, "it was over");
        assert!(said.stamp(&two).is_some() && said.stamp(&three).is_some());
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
                    if !known.is_some_and(|known| one.is_before(known, false)) {
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
