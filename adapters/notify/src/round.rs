//! One try to give a mail to several addresses: whoever can have it has it, whatever the others do.
//!
//! All go with one mail. Where the conversation ends at one address, a new one goes to those that had been
//! taken before it, and a further one to those behind it. Where the server refuses the mail as a whole, falls silent, or takes long
//! to hear who it is for, each has a mail of his own, several beside each other: so no silence costs another's time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::mail::Letter;
use crate::smtp::{Answer, Answers, Ended, Limits, NO_ANSWER, Server};

/// So long one address of several may take.
const EACH: Duration = Duration::from_secs(3);
/// Mails of a single address beside each other. A server that takes fewer connections says so.
const PLACES: usize = 10;
/// What is said of those whose turn did not come.
pub(crate) const UNTRIED: &str = "no time was left for it";

/// What a try came to.
pub(crate) struct Tried {
    pub answers: Answers,
    /// A mail for several was met with silence: the next try is for each alone, while nobody is told.
    pub apart: bool,
}

/// One try.
struct Round {
    server: Arc<Server>,
    letter: Arc<Letter>,
    until: Instant,
    /// Addresses that go with one mail.
    groups: VecDeque<Vec<usize>>,
    /// Those that have a mail of their own.
    alone: VecDeque<usize>,
    /// Those met with silence, beside others.
    slow: Vec<usize>,
    apart: bool,
    answers: Answers,
}

/// A conversation about one address.
type Talk = (usize, Answers, Ended);

impl Server {
    /// Gives a mail to those of its addresses that are in these groups, one group after the other, or to each
    /// alone (`apart`). Each has an answer afterwards, by `until`.
    pub(crate) async fn deliver<const N: usize>(
        self: &Arc<Self>,
        letter: &Arc<Letter>,
        (groups, apart): ([Vec<usize>; N], bool),
        until: Instant,
    ) -> Tried {
        let all: Vec<usize> = groups.iter().flatten().copied().collect();
        let mut round = Round {
            server: Arc::clone(self),
            letter: Arc::clone(letter),
            until,
            groups: groups.into_iter().filter(|it| !it.is_empty()).collect(),
            alone: VecDeque::new(),
            slow: Vec::new(),
            apart,
            answers: Answers::new(),
        };
        if !apart {
            round.together().await;
        }
        round.alone.extend(round.groups.drain(..).flatten());
        round.each_alone().await;
        for index in all {
            let late = Answer::Later(UNTRIED.to_owned());
            round.answers.entry(index).or_insert(late);
        }
        Tried {
            answers: round.answers,
            apart: round.apart,
        }
    }
}

impl Round {
    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    fn nobody_is_told(&self) -> bool {
        let told = |answer: &Answer| matches!(answer, Answer::Taken(_));
        !self.answers.values().any(told)
    }

    /// One mail for all of a group, for as long as that goes well.
    async fn together(&mut self) {
        let named_by = Instant::now() + EACH.max(self.left() / 4);
        while Instant::now() < named_by.min(self.until)
            && let Some(group) = self.groups.pop_front()
        {
            let limits = self.limits(&group, named_by);
            let talk = self
                .server
                .talk(&self.letter, &group, limits, &mut self.answers);
            let ended = talk.await;
            if !self.goes_on(group, ended) {
                return;
            }
        }
    }

    /// A quarter of what is left belongs to one silence before the text: many servers look at a mail when they
    /// have it, few before. After it the whole time does, lest a mail come twice.
    fn limits(&self, group: &[usize], named_by: Instant) -> Limits {
        let left = self.left();
        let is_alone = group.len() == 1 && self.groups.is_empty();
        let (named_by, each, leave) = match is_alone {
            true => (self.until, left, left),
            false => (named_by, left.min(EACH), EACH.max(left / 4)),
        };
        Limits {
            until: self.until,
            named_by,
            each,
            leave,
            word: left,
        }
    }

    /// Whether the next group is to go with one mail.
    fn goes_on(&mut self, group: Vec<usize>, ended: Ended) -> bool {
        match ended {
            Ended::Over(left) => self.put(left),
            Ended::Broke {
                taken,
                untried,
                slow,
            } => {
                self.put(untried);
                self.put(taken);
                self.slow.extend(slow);
                return slow.is_none();
            }
            Ended::Declined(all, answer) => {
                let order = self.letter.number;
                tracing::debug!(order, ?answer, "a mail goes to each alone");
                self.alone.extend(all);
            }
            Ended::Silent(all, why) => {
                self.apart = true;
                match Instant::now() < self.until {
                    true => self.alone.extend(all),
                    // They had their turn.
                    false => {
                        let later = |index| (index, Answer::Later(why.clone()));
                        self.answers.extend(all.into_iter().map(later));
                    }
                }
                return false;
            }
            Ended::Shut(answer) => {
                self.put(group);
                self.shut(&answer);
            }
        }
        true
    }

    fn put(&mut self, group: Vec<usize>) {
        if !group.is_empty() {
            self.groups.push_front(group);
        }
    }

    /// The server takes no conversation: so it is for all.
    fn shut(&mut self, answer: &Answer) {
        // It took others a moment ago, so it means this conversation.
        let answer = match answer {
            Answer::Refused(why) if !self.nobody_is_told() => Answer::Later(why.clone()),
            answer => answer.clone(),
        };
        let groups = self.groups.drain(..).flatten();
        for index in groups.chain(self.alone.drain(..)) {
            self.answers.entry(index).or_insert(answer.clone());
        }
        self.slow.clear();
    }

    /// A mail for each, several beside each other. When somebody is told, the last are waited for no longer than
    /// one silence; what is known to be slow is tried once more only while nobody is.
    async fn each_alone(&mut self) {
        let rescue_at = Instant::now() + self.left() / 2;
        let (mut talks, mut places, mut end) = (JoinSet::new(), PLACES, self.until);
        loop {
            let is_rescue =
                talks.is_empty() && self.alone.is_empty() || Instant::now() >= rescue_at;
            if is_rescue && self.nobody_is_told() {
                self.alone.extend(self.slow.drain(..));
            }
            while talks.len() < places
                && !self.left().is_zero()
                && let Some(index) = self.alone.pop_front()
            {
                let waves = (self.alone.len() + 1).div_ceil(places);
                self.begin(&mut talks, index, waves);
            }
            if talks.is_empty() {
                return;
            }
            if self.alone.is_empty() && !self.nobody_is_told() {
                end = end.min(Instant::now() + EACH.max(self.left() / 4));
            }
            tokio::select! {
                Some(talk) = talks.join_next() => if let Ok(talk) = talk {
                    self.ended(talk, talks.len(), &mut places);
                },
                () = sleep_until(rescue_at), if !self.slow.is_empty() && Instant::now() < rescue_at => {}
                () = sleep_until(end) => return,
            }
        }
    }

    /// Begins a conversation about one address, which has an even part of the time. Its answer is that there
    /// was none until there is one.
    fn begin(&mut self, talks: &mut JoinSet<Talk>, index: usize, waves: usize) {
        let waves = u32::try_from(waves).unwrap_or(u32::MAX).max(1);
        let part = self.left() / waves;
        let until = Instant::now() + part;
        let limits = Limits {
            until,
            named_by: until,
            each: part,
            leave: part,
            word: part,
        };
        let silent = Answer::Later(NO_ANSWER.to_owned());
        self.answers.insert(index, silent);
        let (server, letter) = (Arc::clone(&self.server), Arc::clone(&self.letter));
        talks.spawn(async move {
            let mut answers = Answers::new();
            let ended = server.talk(&letter, &[index], limits, &mut answers).await;
            (index, answers, ended)
        });
    }

    fn ended(&mut self, (index, answers, ended): Talk, beside: usize, places: &mut usize) {
        self.answers.extend(answers);
        let Ended::Shut(answer) = ended else {
            return;
        };
        self.answers.remove(&index);
        self.alone.push_back(index);
        match beside {
            0 => self.shut(&answer),
            // It takes no more than these at a time.
            beside => *places = beside.min(*places),
        }
    }
}
