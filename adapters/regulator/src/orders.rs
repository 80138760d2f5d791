//! What is done because somebody asks: an order, a dead letter once more, a touch of the platform.

use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{DISK_ANSWERS_IN, Fault, Order, Outcome, OutcomeKind, Probe, Target};
use cordon_model::Body;

use crate::adapter::{PATIENCE, RunningRegulator};
use crate::ledger::DeadLetter;

impl RunningRegulator {
    /// Sends a dead letter once more; on success it is none any more.
    pub async fn rerun(&self, report_id: &str, version: u32) -> Result<Outcome, Fault> {
        self.require_ledger()?;
        let report = self
            .adapter
            .source
            .find(report_id, version)
            .await?
            .ok_or_else(|| {
                Fault::new("A053", "no such report")
                    .at(format!("{report_id} version {version}"))
                    .remedy("list the dead letters")
            })?;
        let outcome = self.push(&report, PATIENCE).await;
        if outcome.kind == OutcomeKind::Confirmed {
            self.keeper()
                .change_within(DISK_ANSWERS_IN, |it| it.pushed(report_id, version))
                .await?;
        }
        Ok(outcome)
    }

    /// A dead letter once more, by its key. One that is not taken stays, with the newer reason.
    pub(crate) async fn again(&self, key: &str) -> Result<(), Fault> {
        self.require_ledger()?;
        let letters = self.dead_letters();
        let letter = letters.into_iter().find(|letter| letter.key() == key);
        let letter = letter.ok_or_else(|| {
            Fault::new("A054", "nothing of this name was given up")
                .at(key)
                .remedy("list the dead letters")
        })?;
        let outcome = self.rerun(&letter.report_id, letter.version).await?;
        if outcome.kind == OutcomeKind::Confirmed {
            return Ok(());
        }
        let fault = Fault::new(
            "A055",
            format!("the report was not taken: {}", outcome.detail),
        )
        .at(key)
        .remedy("put right what the answer says, then send it again");
        let letter = DeadLetter {
            since: self.now(),
            attempts: letter.attempts.saturating_add(1),
            reason: outcome.detail,
            ..letter
        };
        self.keeper()
            .change_within(DISK_ANSWERS_IN, |it| it.dead(letter))
            .await?;
        Err(fault)
    }

    pub(crate) async fn deliver(&self, order: Order) -> Outcome {
        let Body::ReportDocument(document) = &order.message.body else {
            return Outcome::new(
                OutcomeKind::Refused,
                "only reports are pushed to a platform",
            );
        };
        if let Err(fault) = self.require_ledger() {
            return Outcome::new(OutcomeKind::Failed, fault.to_string());
        }
        if order.target != Target::partner(self.adapter.config.platform.as_str()) {
            return Outcome::new(OutcomeKind::Refused, "another platform's order");
        }
        let left = || {
            let left_ms = order.deadline.ms_since(self.link.clock.steady());
            Duration::from_millis(u64::try_from(left_ms).unwrap_or_default())
        };
        if left().is_zero() {
            return Outcome::new(
                OutcomeKind::Expired,
                "the deadline passed before it was sent",
            );
        }
        let report = match self
            .adapter
            .source
            .find(&document.report_id, document.version)
            .await
        {
            Ok(Some(report)) => report,
            Ok(None) => {
                return Outcome::new(OutcomeKind::Refused, "no signed report of this version");
            }
            Err(fault) => return Outcome::new(OutcomeKind::Failed, fault.to_string()),
        };
        let outcome = self.push(&report, left().min(PATIENCE)).await;
        if outcome.kind == OutcomeKind::Confirmed {
            // The push itself stands, whatever becomes of the note.
            let (id, version) = (&report.report_id, report.version);
            let keeper = self.keeper();
            let noted = keeper.change_within(left(), |it| it.pushed(id, version));
            if let Err(fault) = noted.await {
                tracing::error!(adapter = %self.adapter.config.name, %fault, "push not noted");
            }
        }
        outcome
    }

    pub(crate) async fn touch(&self) -> Probe {
        let found = |ok, detail| Probe {
            device: self.adapter.config.platform.clone(),
            ok,
            detail,
        };
        let Ok(request) = http::Request::head(&self.adapter.config.url).body(Bytes::new()) else {
            return found(false, "the address cannot be used".to_owned());
        };
        match self
            .adapter
            .client
            .send_within(request, Duration::from_secs(10))
            .await
        {
            Ok(answer) => found(true, format!("answered {}", answer.status())),
            Err(error) => found(false, error.to_string()),
        }
    }
}
