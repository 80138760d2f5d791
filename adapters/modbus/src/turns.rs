//! What goes before a question to a slow unit: the orders of those that answer sooner, and whatever is due on
//! their lanes. So nothing of theirs waits for more than one question that is under way.

use std::future::Future;
use std::pin::Pin;

use crate::bus::Bus;
use crate::line::{Broken, Line};

impl Bus {
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
                let units = &self.units;
                line.inbox.next_of(|unit| units.goes_before(unit, slow))
            } {
                let done = self.answer(line, ask, clock).await;
                if !self.went_well(line, done).await? {
                    return Ok(());
                }
            }
            for index in 0..self.lanes.len() {
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
