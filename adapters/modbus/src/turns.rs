//! What goes before a question to a slow unit: the orders of those that answer sooner, and whatever is due on
//! their lanes. So nothing of theirs waits for more than one question that is under way.

use std::future::Future;
use std::pin::Pin;

use cordon_contract::Clock;

use crate::bus::Bus;
use crate::line::{Broken, Line};

/// So many emergency openings may stand in each other.
const NESTED_MAX: usize = 8;

impl Bus {
    /// Does the emergency openings that wait for other units, before a write that could wait: what is left of a greeting,
    /// an everyday order or the end of a pulse. Between the writes of one opening another goes only if its unit answers sooner.
    pub(crate) fn let_emergencies_go<'b>(
        &'b mut self,
        line: &'b mut Line<'_>,
        unit: u8,
    ) -> Pin<Box<dyn Future<Output = Result<(), Broken>> + Send + 'b>> {
        Box::pin(async move {
            let Some(clock) = line.clock else {
                return Ok(());
            };
            let is_opening = self.openings.iter().any(|opening| opening.unit == unit);
            while self.openings.len() < NESTED_MAX
                && let Some(ask) = {
                    let units = &self.units;
                    let own = units.rank(unit);
                    let rank =
                        |other| Some(units.rank(other)).filter(|it| !is_opening || *it < own);
                    line.inbox
                        .next_urgent(|other| rank(other).filter(|_| other != unit))
                }
            {
                let done = self.answer(line, ask, clock).await;
                self.went_well(line, done).await?;
            }
            Ok(())
        })
    }

    /// Whether an emergency opening of the unit, or one that waits, is still to be written: nothing else is begun before it.
    fn hurries(&self, line: &mut Line<'_>, unit: u8) -> bool {
        let mut openings = self.openings.iter();
        openings.any(|it| it.unit == unit && !it.is_written) || line.inbox.urgent_waits()
    }

    /// The lanes of units that were not heard yet are greeted before the rest of a greeting that proved to be slow.
    async fn greet_unheard(
        &mut self,
        line: &mut Line<'_>,
        slow: u8,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        for index in 0..self.lanes.len() {
            let is_unheard = self.lanes.get(index).is_some_and(|lane| {
                let unit = lane.config.unit;
                !lane.greeted && unit != slow && self.units.is_unheard(unit)
            });
            if !is_unheard || self.due_ms(index) > self.now_ms() || self.hurries(line, slow) {
                continue;
            }
            let done = self.greet(line, index, clock).await;
            self.went_well(line, done).await?;
        }
        Ok(())
    }

    /// Does what waits for units that go before this one. Each of their calls may have others go first, whose
    /// answers are quicker still, so this ends.
    pub(crate) fn let_others_go<'b>(
        &'b mut self,
        line: &'b mut Line<'_>,
        slow: u8,
    ) -> Pin<Box<dyn Future<Output = Result<(), Broken>> + Send + 'b>> {
        Box::pin(async move {
            let Some(clock) = line.clock else {
                return Ok(());
            };
            while let Some(ask) = {
                let hurries = self.hurries(line, slow);
                let units = &self.units;
                let goes = |unit| units.goes_before(unit, slow);
                match hurries {
                    true => {
                        let rank = |unit| Some(units.rank(unit)).filter(|_| goes(unit));
                        line.inbox.next_urgent(rank)
                    }
                    false => line.inbox.next_of(goes),
                }
            } {
                let done = self.answer(line, ask, clock).await;
                if !self.went_well(line, done).await? {
                    return Ok(());
                }
            }
            if self.units.is_greeted_slowly(slow) && !self.awaits_lock(Some(slow)) {
                self.greet_unheard(line, slow, clock).await?;
            }
            for index in 0..self.lanes.len() {
                if self.hurries(line, slow) {
                    return Ok(());
                }
                let now_ms = self.now_ms();
                let due = self.lanes.get(index).is_some_and(|lane| {
                    lane.greeted && self.units.goes_before(lane.config.unit, slow)
                });
                if due && self.due_ms(index) <= now_ms {
                    let done = self.turn(line, index, clock).await;
                    if !self.went_well(line, done).await? {
                        return Ok(());
                    }
                }
            }
            Ok(())
        })
    }

    /// After something was done for others: whether more may be. The fault of one of them is its own.
    async fn went_well(
        &mut self,
        line: &mut Line<'_>,
        done: Result<(), Broken>,
    ) -> Result<bool, Broken> {
        match (done, line.clock) {
            (Err(broken), Some(clock)) => {
                let mended = self.mend(line, broken, clock).await;
                mended.map_err(Broken::Lost)?;
                Ok(false)
            }
            _ => Ok(true),
        }
    }
}
