//! One try to give a mail to several addresses: whoever can have it has it, whatever one of them does.
//!
//! All go with one mail. Where the conversation ends at one address, a new one goes to those that had been
//! taken before it, and a further one to those behind it; what was refused as a whole, or was met with
//! silence, goes to each alone.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::mail::Letter;
use crate::smtp::{Answer, Answers, Ended, Limits, Server};

/// So long one address of several may take.
const EACH: Duration = Duration::from_secs(3);
/// What is said of those whose turn did not come.
pub(crate) const UNTRIED: &str = "no time was left for it";

/// What a try came to.
pub(crate) struct Tried {
    pub answers: Answers,
    /// A mail for several was met with silence: the next try is for each alone, while nobody is told.
    pub apart: bool,
}

/// One try.
struct Round<'a> {
    letter: &'a Letter,
    until: Instant,
    /// From then on, while nobody is told, the time that is left belongs to one address: a server may be slow
    /// with all.
    rescue_at: Instant,
    groups: VecDeque<Vec<usize>>,
    slow: Vec<usize>,
    apart: bool,
    answers: Answers,
}

impl Server {
    /// Gives a mail to those of its addresses that are in these groups, one group after the other, or to each
    /// alone (`apart`). Each has an answer afterwards, by `until`.
    pub(crate) async fn deliver<const N: usize>(
        &self,
        letter: &Letter,
        (groups, apart): ([Vec<usize>; N], bool),
        until: Instant,
    ) -> Tried {
        let all: Vec<usize> = groups.iter().flatten().copied().collect();
        let now = Instant::now();
        let mut round = Round {
            letter,
            until,
            rescue_at: now + until.saturating_duration_since(now) / 2,
            groups: match apart {
                true => all.iter().map(|&index| vec![index]).collect(),
                false => groups.into_iter().filter(|it| !it.is_empty()).collect(),
            },
            slow: Vec::new(),
            apart,
            answers: Answers::new(),
        };
        while let Some((group, each)) = round.next() {
            let limits = round.limits(&group, each);
            let ended = self.talk(letter, &group, limits, &mut round.answers).await;
            round.ended(group, ended);
        }
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

impl Round<'_> {
    fn nobody_is_told(&self) -> bool {
        let told = |answer: &Answer| matches!(answer, Answer::Taken(_));
        !self.answers.values().any(told)
    }

    /// Who is tried next, and how long each of them may take; nobody when the time is over.
    fn next(&mut self) -> Option<(Vec<usize>, Duration)> {
        let now = Instant::now();
        let left = self.until.checked_duration_since(now)?;
        let is_rescue = self.groups.is_empty() || now >= self.rescue_at;
        if is_rescue
            && self.nobody_is_told()
            && let Some(slow) = self.slow.pop()
        {
            self.answers.remove(&slow);
            return Some((vec![slow], left));
        }
        let group = self.groups.pop_front()?;
        let is_alone = group.len() == 1 && self.groups.is_empty();
        let each = if is_alone { left } else { left.min(EACH) };
        Some((group, each))
    }

    /// A quarter of what is left belongs to one silence before the text: many servers look at a mail when they
    /// have it, few before. After it the whole time does, lest a mail come twice; but where silence was met
    /// already, it is divided.
    fn limits(&self, group: &[usize], each: Duration) -> Limits {
        let left = self.until.saturating_duration_since(Instant::now());
        let leave = each.max(left / 4);
        let is_divided = self.apart && group.len() == 1;
        Limits {
            until: self.until,
            each,
            leave,
            word: if is_divided { leave } else { left },
        }
    }

    fn ended(&mut self, group: Vec<usize>, ended: Ended) {
        match ended {
            Ended::Over(left) => self.put(left),
            Ended::Broke {
                taken,
                untried,
                slow,
            } => {
                self.slow.extend(slow);
                self.put(untried);
                self.put(taken);
            }
            Ended::Declined(all, answer) => {
                for index in all.into_iter().rev() {
                    self.put(vec![index]);
                }
                tracing::debug!(
                    order = self.letter.number,
                    ?answer,
                    "a mail goes to each alone"
                );
            }
            Ended::Silent(all, why) => {
                self.apart = true;
                match Instant::now() < self.until {
                    true => all.into_iter().rev().for_each(|it| self.put(vec![it])),
                    // They had their turn.
                    false => {
                        let later = |index| (index, Answer::Later(why.clone()));
                        self.answers.extend(all.into_iter().map(later));
                    }
                }
            }
            Ended::Shut(answer) => {
                // It took others a moment ago, so it means this conversation.
                let answer = match answer {
                    Answer::Refused(why) if !self.nobody_is_told() => Answer::Later(why),
                    answer => answer,
                };
                let groups = std::mem::take(&mut self.groups);
                for index in groups.into_iter().chain([group]).flatten() {
                    self.answers.entry(index).or_insert(answer.clone());
                }
                self.slow.clear();
            }
        }
    }

    fn put(&mut self, group: Vec<usize>) {
        if !group.is_empty() {
            self.groups.push_front(group);
        }
    }
}
