//! Questions whose answer is read from the disk: few at once, each in a place that lasts as long as the work.
//!
//! An asker may be gone long before the work for him is: his connection ends, and with it whatever
//! waited for the answer. So the place, and the room that the answer takes, belong to the work and not
//! to who waits for it. Work that takes long asks now and then whether anybody waits still.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::Fault;
use cordon_http::{Budget, Room};
use cordon_security::{Identity, Role};
use tokio::sync::oneshot;

use crate::parts::{PATIENCE, busy};

/// Places, shared out as bytes on their way are: a third for one asker, a sixth kept for operators.
const PLACES: usize = 6;

/// What a question costs, in places.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cost {
    /// One thing is looked for, two at once for one asker and five for all.
    Look = 1,
    /// Much of the journal is gone through, once at a time for one asker and twice for all.
    Pages = 2,
}

/// The places for questions.
pub struct Questions {
    places: Arc<Budget>,
    patience: Duration,
}

impl Default for Questions {
    fn default() -> Self {
        Self {
            places: Budget::new(PLACES),
            patience: PATIENCE,
        }
    }
}

/// Whether whoever asked still waits for the answer.
pub(crate) type IsGone<'a> = &'a dyn Fn() -> bool;

impl Questions {
    /// Waits for a place, in which the work is to be kept until it ends.
    async fn place(&self, asker: &Identity, cost: Cost) -> Result<Room, Fault> {
        let holder = Arc::from(asker.id.as_str());
        let is_kept = asker.role == Role::Operator;
        let taking = self
            .places
            .take(&holder, cost as usize, is_kept, self.patience);
        taking
            .await
            .ok_or_else(|| busy(format!("no place for a question of {asker}")))
    }

    /// Has work done that blocks on the disk. It goes on when nobody waits for it any more, and holds
    /// its place until it sees that and ends.
    ///
    /// # Errors
    /// `S051` when there is no place in time, `S021` when the work broke off, and those of the work.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        asker: &Identity,
        cost: Cost,
        work: impl FnOnce(IsGone<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let place = self.place(asker, cost).await?;
        let (answer, answered) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let read = work(&|| answer.is_closed());
            drop(place);
            // Nobody waiting for the answer any more is no failure.
            drop(answer.send(read));
        });
        answered.await.map_err(|error| unread(&error))?
    }

    /// The same for work that the hub does aside by itself.
    ///
    /// # Errors
    /// As [`Questions::read`].
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        asker: &Identity,
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Fault> {
        let place = self.place(asker, Cost::Look).await?;
        let asked = tokio::spawn(async move {
            let answer = work.await;
            drop(place);
            answer
        });
        asked.await.map_err(|error| unread(&error))?
    }
}

fn unread(error: &dyn std::fmt::Display) -> Fault {
    Fault::new("S021", "what was asked for could not be read").log(error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "test code")]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn asker(id: &str, role: Role) -> Identity {
        Identity {
            park: "JS-1".parse().unwrap(),
            role,
            id: id.parse().unwrap(),
            certificate: [0; 32],
        }
    }

    fn questions(patience: Duration) -> Arc<Questions> {
        Arc::new(Questions {
            patience,
            ..Questions::default()
        })
    }

    /// Work in counted steps that goes on until nobody waits for it.
    fn endless(
        questions: &Arc<Questions>,
        (who, role): (&'static str, Role),
        steps: &Arc<AtomicUsize>,
    ) -> tokio::task::JoinHandle<Result<(), Fault>> {
        let (questions, steps) = (Arc::clone(questions), Arc::clone(steps));
        tokio::spawn(async move {
            let work = move |is_gone: IsGone<'_>| {
                while !is_gone() {
                    steps.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(1));
                }
                Ok(())
            };
            questions.read(&asker(who, role), Cost::Pages, work).await
        })
    }

    async fn begun(steps: &AtomicUsize) {
        while steps.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn free(questions: &Questions) {
        while questions.places.in_use() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn code(questions: &Questions, who: &Identity, cost: Cost) -> Option<&'static str> {
        let asked = questions.read(who, cost, |_| Ok(())).await;
        asked.err().map(|fault| fault.code())
    }

    #[tokio::test]
    async fn a_question_that_was_dropped_ends_and_only_then_is_its_place_free() {
        let questions = questions(Duration::from_secs(20));
        let steps = Arc::<AtomicUsize>::default();
        let asked = endless(&questions, ("regulator-1", Role::Regulator), &steps);
        begun(&steps).await;
        assert_eq!(questions.places.in_use(), 2);
        asked.abort();
        let regulator = asker("regulator-1", Role::Regulator);
        // The next one waits for the place of the first.
        assert_eq!(code(&questions, &regulator, Cost::Pages).await, None);
        let done = steps.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(steps.load(Ordering::SeqCst), done, "it ended");
        assert_eq!(questions.places.in_use(), 0);
    }

    #[tokio::test]
    async fn a_place_lasts_as_long_as_work_that_hears_nothing() {
        let questions = questions(Duration::ZERO);
        let (go, told) = std::sync::mpsc::channel::<()>();
        let (begun, begins) = oneshot::channel();
        let own = Arc::clone(&questions);
        let asked = tokio::spawn(async move {
            let work = move |_: IsGone<'_>| {
                let _ = begun.send(());
                let _ = told.recv();
                Ok(())
            };
            let regulator = asker("regulator-1", Role::Regulator);
            own.read(&regulator, Cost::Pages, work).await
        });
        begins.await.unwrap();
        asked.abort();
        assert!(asked.await.is_err_and(|error| error.is_cancelled()));
        let regulator = asker("regulator-1", Role::Regulator);
        let refused = code(&questions, &regulator, Cost::Look).await;
        assert_eq!(refused, Some("S051"), "the work goes on");
        drop(go);
        free(&questions).await;
        assert_eq!(code(&questions, &regulator, Cost::Pages).await, None);
    }

    #[tokio::test]
    async fn whoever_asks_much_is_told_to_wait_and_leaves_others_their_places() {
        let questions = questions(Duration::ZERO);
        let steps = [(); 2].map(|()| Arc::<AtomicUsize>::default());
        let [one, two] = &steps;
        let first = endless(&questions, ("regulator-1", Role::Regulator), one);
        begun(one).await;
        let own = asker("regulator-1", Role::Regulator);
        for cost in [Cost::Pages, Cost::Look] {
            assert_eq!(code(&questions, &own, cost).await, Some("S051"));
        }
        let second = endless(&questions, ("regulator-2", Role::Regulator), two);
        begun(two).await;
        // Two go through the journal; a third does not, and what is quick is still answered.
        let plant = asker("enterprise-1", Role::Enterprise);
        assert_eq!(code(&questions, &plant, Cost::Pages).await, Some("S051"));
        assert_eq!(code(&questions, &plant, Cost::Look).await, None);
        let held = questions.place(&plant, Cost::Look).await.unwrap();
        let other = asker("enterprise-2", Role::Enterprise);
        assert_eq!(code(&questions, &other, Cost::Look).await, Some("S051"));
        let operator = asker("operator-1", Role::Operator);
        assert_eq!(code(&questions, &operator, Cost::Look).await, None);
        drop(held);
        first.abort();
        second.abort();
    }

    #[tokio::test]
    async fn work_that_breaks_off_frees_its_place_and_is_told() {
        let questions = questions(Duration::ZERO);
        let regulator = asker("regulator-1", Role::Regulator);
        let defect = |_: IsGone<'_>| -> Result<(), Fault> { panic!("as a defect would") };
        let broken = questions.read(&regulator, Cost::Pages, defect).await;
        assert_eq!(broken.unwrap_err().code(), "S021");
        free(&questions).await;
        assert_eq!(code(&questions, &regulator, Cost::Pages).await, None);
    }
}
