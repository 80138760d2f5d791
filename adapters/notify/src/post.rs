//! The post of one mail receiver: what an order came to, and who of its addresses fails.
//!
//! An order is carried out when one address took the mail. For each that did not take it the outcome asks for an order
//! of its own (`receiver:NAME/KEY`), which the hub keeps as it keeps every other: tried again until the
//! deadline, over restarts, then a dead letter. Until such an address takes a mail it is left out of what the others
//! get, so that it holds up nobody.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordon_contract::{Clock, Fault, LinkState, Order, Outcome, OutcomeKind, Target};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::config::Mail;
use crate::kept::{Failing, Kept, hidden, list};
use crate::mail::Letter;
use crate::round::{Tried, UNTRIED};
use crate::smtp::{Answer, Answers, Server};

/// Addresses that are told by themselves at a time.
const TALKS_MAX: usize = 10;
/// Receivers named in one trouble; of more the number is said.
const RECEIVERS_NAMED_MAX: usize = 10;

/// The post of one receiver.
pub(crate) struct Post {
    mail: Mail,
    server: Arc<Server>,
    clock: Arc<dyn Clock>,
    talks: Semaphore,
    kept: Mutex<Kept>,
}

impl Post {
    pub(crate) fn new(mail: Mail, server: Arc<Server>, clock: Arc<dyn Clock>) -> Self {
        Self {
            mail,
            server,
            clock,
            talks: Semaphore::new(TALKS_MAX),
            kept: Mutex::default(),
        }
    }

    /// Mails an order within `patience`: to one address where it is for that alone.
    pub(crate) async fn send(&self, order: &Order, patience: Duration) -> Outcome {
        let letter = match Letter::write(&self.mail, order) {
            Ok(letter) => Arc::new(letter),
            Err(fault) => return Outcome::new(OutcomeKind::Refused, fault.to_string()),
        };
        match order.target.name().split_once('/') {
            None => {
                let until = Instant::now() + patience;
                self.to_all(order, &letter, until).await
            }
            Some((_, key)) => match self.mail.parts().find(|(_, part)| part == key) {
                Some((index, _)) => self.to_one(index, order, &letter, patience).await,
                None => Outcome::new(OutcomeKind::Refused, "the address is no longer named"),
            },
        }
    }

    async fn to_all(&self, order: &Order, letter: &Arc<Letter>, until: Instant) -> Outcome {
        let (well, suspect, mut untried) = self.parted(letter);
        let groups = ([well, suspect], self.lock().apart);
        let Tried { mut answers, apart } = self.server.deliver(letter, groups, until).await;
        self.suspect(&answers, apart);
        if !is_told(&answers) && !untried.is_empty() {
            let tried = ([std::mem::take(&mut untried)], apart);
            let more = self.server.deliver(letter, tried, until).await;
            answers.extend(more.answers);
            self.suspect(&answers, more.apart);
        }
        if !is_told(&answers) {
            return self.nobody(letter, &answers);
        }
        for index in untried {
            let why = "it waits behind an earlier mail".to_owned();
            answers.insert(index, Answer::Later(why));
        }
        let mut outcome = self.somebody(letter, &answers);
        for (index, key) in self.mail.parts() {
            if !matches!(answers.get(&index), Some(Answer::Taken(_))) {
                let part = Target::part(&self.mail.receiver, &key);
                outcome.further.push(part);
                self.lock().owes(index, letter.id, order.deadline);
            }
        }
        for (index, answer) in answers {
            self.answered(index, order, letter, &answer);
        }
        outcome
    }

    /// Mails what one address did not get with the others.
    async fn to_one(
        &self,
        index: usize,
        order: &Order,
        letter: &Arc<Letter>,
        patience: Duration,
    ) -> Outcome {
        let left = order.deadline.ms_since(self.clock.steady());
        let left = Duration::from_millis(u64::try_from(left).unwrap_or_default());
        let end = Instant::now() + left;
        let Ok(Ok(_place)) = timeout_at(end, self.talks.acquire()).await else {
            return Outcome::new(OutcomeKind::Failed, UNTRIED);
        };
        let until = end.min(Instant::now() + patience);
        let tried = self.server.deliver(letter, ([vec![index]], false), until);
        let answer = tried.await.answers.remove(&index);
        let answer = answer.unwrap_or_else(|| Answer::Later(UNTRIED.to_owned()));
        self.answered(index, order, letter, &answer);
        if !matches!(answer, Answer::Later(_)) {
            self.lock().settled(index, letter.id);
        }
        let (kind, why) = match answer {
            Answer::Taken(said) => return Outcome::new(OutcomeKind::Confirmed, said),
            Answer::Refused(why) => (OutcomeKind::Refused, why),
            Answer::Later(why) => (OutcomeKind::Failed, why),
        };
        let why = hidden(letter, index, &why);
        Outcome::new(kind, list(letter, &[(index, why)]))
    }

    /// The addresses that nothing is known of, those that kept nobody told last time, and those that something
    /// waits for.
    fn parted(&self, letter: &Letter) -> (Vec<usize>, Vec<usize>, Vec<usize>) {
        let (mut kept, now) = (self.lock(), self.clock.steady());
        let all = 0..letter.to.len();
        let (owed, free): (Vec<_>, Vec<_>) = all.partition(|it| kept.is_by_itself(*it, now));
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
    fn answered(&self, index: usize, order: &Order, letter: &Letter, answer: &Answer) {
        let mut kept = self.lock();
        let (is_refused, why) = match answer {
            Answer::Taken(_) => return drop(kept.failing.remove(&index)),
            Answer::Refused(why) => (true, why),
            Answer::Later(why) => (false, why),
        };
        let failing = Failing {
            why: hidden(letter, index, why),
            is_refused,
            until: order.deadline,
        };
        kept.failed(index, failing);
    }

    /// What is wrong with single addresses, over how the receiver itself stands.
    pub(crate) fn standing(&self) -> Option<(LinkState, String)> {
        let kept = self.lock();
        let words = kept.words(&self.mail, |_| true)?;
        Some((LinkState::Degraded, words))
    }

    /// The addresses that did not get what was meant for them, in words.
    fn unreached(&self) -> Option<String> {
        let (kept, now) = (self.lock(), self.clock.steady());
        let is_given_up = |failing: &Failing| failing.is_refused || failing.until <= now;
        let words = kept.words(&self.mail, is_given_up)?;
        Some(format!("mail receiver `{}`: {words}", self.mail.receiver))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Every change is complete before the lock is left, so a panic elsewhere harms nothing.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What people have to see to: of all receivers, the first by name in words.
pub(crate) fn trouble_of<'a>(posts: impl Iterator<Item = &'a Post>) -> Option<Fault> {
    let unreached: Vec<String> = posts.filter_map(Post::unreached).collect();
    let (named, others) = unreached.split_at(unreached.len().min(RECEIVERS_NAMED_MAX));
    let mut text = named.join("; ");
    if !others.is_empty() {
        text += &format!("; and {} mail receivers more", others.len());
    }
    let remedy = "put the mailbox right or correct `to`, then send the dead letters again";
    let fault = Fault::new("A073", text).remedy(remedy);
    (!unreached.is_empty()).then_some(fault)
}

fn is_told(answers: &Answers) -> bool {
    answers
        .values()
        .any(|answer| matches!(answer, Answer::Taken(_)))
}
