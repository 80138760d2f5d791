//! The post of one mail receiver: what an order came to, and what is still owed to single addresses.
//!
//! An order is carried out when one address took the mail. Whoever was put off then, or hung, has a lane of
//! his own: there the mail is tried again for him alone, urgent ones first, until the order's deadline. While
//! something waits in it the address is left out of what the others get, so that it holds up nobody. What an
//! address refused, or did not take by the deadline, is a dead letter of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordon_contract::{
    Clock, Fault, LinkState, Order, Outcome, OutcomeKind, Shutdown, Target, Undelivered,
};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::config::Mail;
use crate::kept::{Kept, Owed, hidden, list};
use crate::mail::Letter;
use crate::round::{Tried, UNTRIED};
use crate::smtp::{Answer, Answers, Server};

/// Mails that may wait in the lanes of one receiver.
const WAITING_MAX: usize = 2_000;
/// Lanes that speak to the server at a time.
const TALKS_MAX: usize = 4;
/// First and longest rest of a lane.
const REST_MIN: Duration = Duration::from_secs(1);
const REST_MAX: Duration = Duration::from_secs(60);
/// The post of one receiver.
pub(crate) struct Post {
    mail: Mail,
    server: Arc<Server>,
    clock: Arc<dyn Clock>,
    shutdown: Shutdown,
    talks: Semaphore,
    kept: Mutex<Kept>,
}

impl Post {
    pub(crate) fn new(
        (mail, server): (Mail, Arc<Server>),
        clock: Arc<dyn Clock>,
        shutdown: Shutdown,
    ) -> Arc<Self> {
        Arc::new(Self {
            mail,
            server,
            clock,
            shutdown,
            talks: Semaphore::new(TALKS_MAX),
            kept: Mutex::default(),
        })
    }

    /// Mails an order within `patience`.
    pub(crate) async fn send(self: &Arc<Self>, order: &Order, patience: Duration) -> Outcome {
        let letter = match Letter::write(&self.mail, order) {
            Ok(letter) => Arc::new(letter),
            Err(fault) => return Outcome::new(OutcomeKind::Refused, fault.to_string()),
        };
        let until = Instant::now() + patience;
        let (well, suspect, mut untried) = self.parted(&letter);
        let groups = ([well, suspect], self.lock().apart);
        let Tried { mut answers, apart } = self.server.deliver(&letter, groups, until).await;
        self.suspect(&answers, apart);
        if !is_told(&answers) && !untried.is_empty() {
            let tried = ([std::mem::take(&mut untried)], apart);
            let more = self.server.deliver(&letter, tried, until).await;
            answers.extend(more.answers);
            self.suspect(&answers, more.apart);
        }
        if !is_told(&answers) {
            return self.nobody(&letter, &answers);
        }
        for index in untried {
            let why = "it waits behind an earlier mail".to_owned();
            answers.insert(index, Answer::Later(why));
        }
        let outcome = self.somebody(&letter, &answers);
        for (index, answer) in answers {
            let owed = Owed {
                letter: Arc::clone(&letter),
                deadline: order.deadline,
                why: String::new(),
            };
            self.answered(index, owed, answer);
        }
        outcome
    }

    /// The addresses that nothing is known of, those that kept nobody told last time, and those that something
    /// waits for.
    fn parted(&self, letter: &Letter) -> (Vec<usize>, Vec<usize>, Vec<usize>) {
        let kept = self.lock();
        let all = 0..letter.to.len();
        let (owed, free): (Vec<_>, Vec<_>) = all.partition(|it| kept.lanes.contains_key(it));
        let (suspect, well) = free.into_iter().partition(|it| kept.suspects.contains(it));
        (well, suspect, owed)
    }

    /// Where nobody was told, the next try begins with those whose turn did not come; when all had theirs, with
    /// those whose turn is longest ago.
    fn suspect(&self, answers: &Answers, apart: bool) {
        let is_put_off = |answer: &Answer| matches!(answer, Answer::Later(why) if why != UNTRIED);
        let put_off = answers.iter().filter(|(_, answer)| is_put_off(answer));
        let put_off: BTreeSet<usize> = put_off.map(|(index, _)| *index).collect();
        let mut kept = self.lock();
        kept.apart = apart && !is_told(answers);
        if is_told(answers) {
            return kept.suspects.clear();
        }
        kept.suspects.extend(&put_off);
        if answers.keys().all(|index| kept.suspects.contains(index)) {
            kept.suspects = put_off;
        }
    }

    fn nobody(&self, letter: &Letter, answers: &Answers) -> Outcome {
        let is_refused = |answer: &Answer| matches!(answer, Answer::Refused(_));
        let kind = match answers.values().all(is_refused) {
            true => OutcomeKind::Refused,
            false => OutcomeKind::Failed,
        };
        let each = answers.iter().filter_map(|(index, answer)| {
            let (Answer::Refused(why) | Answer::Later(why)) = answer else {
                return None;
            };
            Some((*index, hidden(letter, *index, why)))
        });
        let mut each: Vec<(usize, String)> = each.collect();
        let why = match each.as_mut_slice() {
            [(_, why)] => std::mem::take(why),
            _ => list(letter, &each),
        };
        Outcome::new(kind, why)
    }

    fn somebody(&self, letter: &Letter, answers: &Answers) -> Outcome {
        let (mut refused, mut later, mut taken) = (Vec::new(), Vec::new(), String::new());
        for (index, answer) in answers {
            match answer {
                Answer::Taken(said) => taken.clone_from(said),
                Answer::Refused(why) => refused.push((*index, hidden(letter, *index, why))),
                Answer::Later(why) => later.push((*index, hidden(letter, *index, why))),
            }
        }
        let mut words = taken;
        let all = letter.to.len();
        for (which, what) in [(refused, "refused"), (later, "to be tried again")] {
            if !which.is_empty() {
                let (count, names) = (which.len(), list(letter, &which));
                words = format!("{words}; {count} of {all} addresses {what}: {names}");
            }
        }
        Outcome::new(OutcomeKind::Confirmed, words)
    }

    /// Notes what became of a mail for one address.
    fn answered(self: &Arc<Self>, index: usize, mut owed: Owed, answer: Answer) {
        let mut kept = self.lock();
        match answer {
            Answer::Taken(_) => {
                kept.failing.remove(&index);
            }
            Answer::Refused(why) => {
                owed.why = hidden(&owed.letter, index, &why);
                kept.give_up(index, owed, self.clock.now());
            }
            Answer::Later(why) => {
                owed.why = hidden(&owed.letter, index, &why);
                self.put_off(&mut kept, index, owed);
            }
        }
    }

    /// Puts a mail into the lane of its address; the least urgent, and of these the newest, gives way.
    fn put_off(self: &Arc<Self>, kept: &mut Kept, index: usize, owed: Owed) {
        let waiting: usize = kept.lanes.values().map(BTreeMap::len).sum();
        let (was_given_up, now) = (kept.has_given_up(index), self.clock.now());
        kept.failing.insert(index, (owed.why.clone(), was_given_up));
        let place = (owed.letter.urgency, owed.letter.number);
        let is_new = !kept.lanes.contains_key(&index);
        let lane = kept.lanes.entry(index).or_default();
        lane.insert(place, owed);
        if waiting >= WAITING_MAX
            && let Some((_, mut last)) = lane.pop_last()
        {
            last.why = format!("too many mails wait for this receiver: {}", last.why);
            kept.give_up(index, last, now);
        }
        if is_new {
            tokio::spawn(Arc::clone(self).work(index));
        }
    }

    /// Works on one lane until nothing waits in it, or until the hub stops.
    async fn work(self: Arc<Self>, index: usize) {
        let mut failed = 0;
        loop {
            tokio::select! {
                () = self.shutdown.wait() => return self.leave(index),
                () = tokio::time::sleep(rest_after(failed)) => {}
            }
            let Ok(_place) = self.talks.acquire().await else {
                return;
            };
            let Some(owed) = self.next(index) else {
                return;
            };
            let left = owed.deadline.ms_since(self.clock.now());
            let left = Duration::from_millis(u64::try_from(left).unwrap_or_default());
            let answer = self.alone(index, &owed.letter, left).await;
            failed = match &answer {
                Answer::Later(_) => failed + 1,
                _ => 0,
            };
            self.settle(index, owed, answer);
        }
    }

    /// Gives a mail to one address.
    async fn alone(&self, index: usize, letter: &Arc<Letter>, left: Duration) -> Answer {
        let until = Instant::now() + self.patience().min(left);
        let group = ([vec![index]], false);
        let mut answers = self.server.deliver(letter, group, until).await.answers;
        let nothing = || Answer::Later("there is no such address".to_owned());
        answers.remove(&index).unwrap_or_else(nothing)
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(u64::from(self.mail.timeout_s))
    }

    /// The next mail of a lane; those past their deadline are given up. A lane without one is removed.
    fn next(&self, index: usize) -> Option<Owed> {
        let (mut kept, now) = (self.lock(), self.clock.now());
        let lane = kept.lanes.get_mut(&index)?;
        let is_past = |_: &(u8, u64), owed: &mut Owed| owed.deadline <= now;
        let past: Vec<_> = lane.extract_if(.., is_past).collect();
        let next = lane.first_key_value().map(|(_, owed)| owed.clone());
        if next.is_none() {
            kept.lanes.remove(&index);
        }
        for (_, owed) in past {
            kept.give_up(index, owed, now);
        }
        next
    }

    /// Takes an answer of a lane's mail over.
    fn settle(&self, index: usize, mut owed: Owed, answer: Answer) {
        let (mut kept, now) = (self.lock(), self.clock.now());
        let place = (owed.letter.urgency, owed.letter.number);
        let Some(lane) = kept.lanes.get_mut(&index) else {
            return;
        };
        let why = match answer {
            Answer::Taken(_) => {
                lane.remove(&place);
                kept.failing.remove(&index);
                return;
            }
            Answer::Refused(why) => {
                owed.why = hidden(&owed.letter, index, &why);
                lane.remove(&place);
                return kept.give_up(index, owed, now);
            }
            Answer::Later(why) => hidden(&owed.letter, index, &why),
        };
        if let Some(waiting) = lane.get_mut(&place) {
            waiting.why.clone_from(&why);
        }
        let was_given_up = kept.has_given_up(index);
        kept.failing.insert(index, (why, was_given_up));
    }

    /// The hub stops: what waits in this lane is not sent by the next start.
    fn leave(&self, index: usize) {
        let lane = self.lock().lanes.remove(&index).unwrap_or_default();
        for owed in lane.into_values() {
            let (order, why) = (owed.letter.number, owed.why);
            tracing::warn!(
                receiver = self.mail.receiver,
                order,
                why,
                "one address did not get a mail"
            );
        }
    }

    /// What is wrong with single addresses, over how the receiver itself stands.
    pub(crate) fn standing(&self) -> Option<(LinkState, String)> {
        let kept = self.lock();
        let words = kept.words(&self.mail, |_| true)?;
        Some((LinkState::Degraded, words))
    }

    /// The addresses that did not get what was meant for them, for people to see to.
    pub(crate) fn trouble(&self) -> Option<Fault> {
        let kept = self.lock();
        let words = kept.words(&self.mail, |given_up| given_up)?;
        let text = format!("mail receiver `{}`: {words}", self.mail.receiver);
        let remedy = "put the mailbox right or correct `to`, then send the dead letters again";
        Some(Fault::new("A073", text).remedy(remedy))
    }

    /// The dead letters of single addresses.
    pub(crate) fn undelivered(&self) -> Vec<Undelivered> {
        let kept = self.lock();
        let listed = kept.dead.iter().map(|((number, index), dead)| Undelivered {
            key: self.key(*number, *index),
            target: Target::receiver(&self.mail.receiver),
            kind: dead.owed.letter.kind,
            since: dead.since,
            reason: list(&dead.owed.letter, &[(*index, dead.owed.why.clone())]),
        });
        listed.collect()
    }

    fn key(&self, number: u64, index: usize) -> String {
        format!("{}:{number}:{}", self.mail.receiver, index + 1)
    }

    /// Sends a dead letter once more; `None` when it is none of this receiver's.
    pub(crate) async fn again(self: &Arc<Self>, key: &str) -> Option<Result<(), Fault>> {
        let (place, letter) = {
            let kept = self.lock();
            let found = kept.dead.iter();
            let mut found = found.filter(|((number, index), _)| self.key(*number, *index) == key);
            let (place, dead) = found.next()?;
            (*place, Arc::clone(&dead.owed.letter))
        };
        let (_, index) = place;
        let answer = self.alone(index, &letter, self.patience()).await;
        let mut kept = self.lock();
        Some(match answer {
            Answer::Taken(_) => {
                kept.dead.remove(&place);
                kept.failing.remove(&index);
                Ok(())
            }
            Answer::Refused(why) | Answer::Later(why) => {
                let why = hidden(&letter, index, &why);
                let fault = Fault::new("A074", format!("the mail was not taken: {why}"));
                Err(fault.remedy("put right what the answer says, then send it again"))
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Every change is complete before the lock is left, so a panic elsewhere harms nothing.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_told(answers: &Answers) -> bool {
    answers
        .values()
        .any(|answer| matches!(answer, Answer::Taken(_)))
}

fn rest_after(failed: u32) -> Duration {
    REST_MIN.saturating_mul(1 << failed.min(10)).min(REST_MAX)
}
