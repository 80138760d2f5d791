//! One try to give a mail to several addresses: whoever can have it has it, whatever one of them does.
//!
//! All go with one mail. Where the conversation ends at one address, a new one goes to those that had been
//! taken before it, and a further one to those behind it; what was refused as a whole goes to each alone.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::mail::Letter;
use crate::smtp::{Answer, Answers, Ended, NO_ANSWER, Server};

/// So long one address of several may take.
const EACH: Duration = Duration::from_secs(5);
/// After so many slow addresses, and nobody told, the time that is left belongs to one of them: a server may
/// be slow with all.
const SLOW_MAX: usize = 2;

/// One try.
struct Round<'a> {
    letter: &'a Letter,
    until: Instant,
    groups: VecDeque<Vec<usize>>,
    slow: Vec<usize>,
    answers: Answers,
}

impl Server {
    /// Gives a mail to those of its addresses that are in `to`. Each has an answer afterwards, by `until`.
    pub(crate) async fn deliver(&self, letter: &Letter, to: &[usize], until: Instant) -> Answers {
        let mut round = Round {
            letter,
            until,
            groups: VecDeque::from([to.to_vec()]),
            slow: Vec::new(),
            answers: Answers::new(),
        };
        while let Some((group, each)) = round.next() {
            let limits = (until, each);
            let ended = self.talk(letter, &group, limits, &mut round.answers).await;
            round.ended(group, ended);
        }
        for index in to {
            let late = Answer::Later(NO_ANSWER.to_owned());
            round.answers.entry(*index).or_insert(late);
        }
        round.answers
    }
}

impl Round<'_> {
    fn nobody_is_told(&self) -> bool {
        let told = |answer: &Answer| matches!(answer, Answer::Taken(_));
        !self.answers.values().any(told)
    }

    /// Who is tried next, and how long each of them may take; nobody when the time is over.
    fn next(&mut self) -> Option<(Vec<usize>, Duration)> {
        let left = self.until.checked_duration_since(Instant::now())?;
        let is_hopeless = self.slow.len() >= SLOW_MAX || self.groups.is_empty();
        if is_hopeless
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
            Ended::Shut(answer) => {
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
