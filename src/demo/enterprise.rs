//! The two enterprises of the demo: each submits signed messages over mutual TLS, as `cordon submit`
//! does, from a spool of its own.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{Clock as _, Fault, Shutdown, SystemClock};
use cordon_model::service::{Answer, QueryGrants};
use cordon_model::{MessageId, ParkCode, PartyId};
use cordon_services::client::{Link, LinkError, Spool, Submitter};
use cordon_services::lawful;
use cordon_sim_park::cast::{self, Papers, Vehicle};
use cordon_wire::service as wire;

use super::papers::Filer;
use crate::exit::Ending;

/// How long an enterprise waits for the hub before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Seconds between two reports of staff on post.
const EVERY: Duration = Duration::from_secs(5);

/// One enterprise.
pub struct Enterprise {
    filer: Filer,
    link: Link,
    spool: Spool,
}

/// What it did.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Filed {
    /// Messages accepted with a receipt.
    pub accepted: usize,
    /// Messages refused.
    pub refused: usize,
    /// Grants that the hub told when asked.
    pub grants_read: usize,
}

impl Enterprise {
    /// An enterprise with its own folder for the spool.
    pub fn new(park: ParkCode, id: PartyId, link: Link, folder: &Path) -> Result<Self, Ending> {
        Ok(Self {
            filer: Filer {
                park,
                enterprise: id,
            },
            link,
            spool: Spool::open(folder.join("spool"))?,
        })
    }

    /// Files papers for its vehicles, then goes on reporting until shutdown.
    pub async fn run(self, first: bool, shutdown: Shutdown) -> Filed {
        let mut filed = Filed::default();
        if let Err(error) = self.open_for_business(first, &shutdown, &mut filed).await {
            tracing::error!(enterprise = %self.filer.enterprise, %error, "could not file its papers");
            return filed;
        }
        for round in 0_u32.. {
            tokio::select! {
                () = shutdown.wait() => return filed,
                () = tokio::time::sleep(EVERY) => {}
            }
            if let Err(error) = self.round(round, first, &shutdown, &mut filed).await {
                tracing::warn!(enterprise = %self.filer.enterprise, %error, "a report could not be filed");
            }
        }
        filed
    }

    async fn open_for_business(
        &self,
        first: bool,
        shutdown: &Shutdown,
        filed: &mut Filed,
    ) -> Result<(), LinkError> {
        let now = SystemClock.now();
        for vehicle in cast::ALL.iter().filter(|vehicle| owns(first, vehicle)) {
            for body in self
                .filer
                .papers(vehicle, now)
                .map_err(LinkError::Untrusted)?
            {
                let (id, bytes) = self.filer.write(body, now).map_err(LinkError::Untrusted)?;
                self.spool.put(&id, &bytes).map_err(LinkError::Untrusted)?;
            }
        }
        self.submit(shutdown, filed).await
    }

    /// Staff on post; now and then something that must be refused, and a question.
    async fn round(
        &self,
        round: u32,
        first: bool,
        shutdown: &Shutdown,
        filed: &mut Filed,
    ) -> Result<(), LinkError> {
        let now = SystemClock.now();
        let body = self.filer.on_duty(3 + round % 2, now);
        let (id, bytes) = self.filer.write(body, now).map_err(LinkError::Untrusted)?;
        self.spool.put(&id, &bytes).map_err(LinkError::Untrusted)?;
        if !first && round.rem_euclid(4) == 1 {
            // Plant Two's system is set to another park once in a while.
            let lost = Filer {
                park: "JS-OTHER".parse().map_err(|error| {
                    LinkError::Untrusted(Fault::new("S030", format!("park code: {error}")))
                })?,
                ..self.filer.clone()
            };
            let (id, bytes) = lost
                .write(lost.on_duty(1, now), now)
                .map_err(LinkError::Untrusted)?;
            self.spool.put(&id, &bytes).map_err(LinkError::Untrusted)?;
        }
        self.submit(shutdown, filed).await?;
        if round.is_multiple_of(3) {
            filed.grants_read = self.ask_for_grants().await?;
        }
        Ok(())
    }

    async fn submit(&self, shutdown: &Shutdown, filed: &mut Filed) -> Result<(), LinkError> {
        let submitter = Submitter::new(self.link.clone(), self.spool.clone(), 100, told, passed);
        let done = submitter.run(PATIENCE, shutdown).await?;
        filed.accepted += done.accepted;
        filed.refused += done.refused;
        Ok(())
    }

    async fn ask_for_grants(&self) -> Result<usize, LinkError> {
        let ask = QueryGrants {
            enterprise_id: None,
            plate: None,
            state: None,
            after: None,
            limit: None,
        };
        let unlawful = |fault| LinkError::Untrusted(lawful(fault));
        let payload = Bytes::from(wire::write_query_grants(&ask).map_err(unlawful)?);
        let answer = self.link.call(&payload).await?;
        let payload = answer
            .payload()
            .ok_or_else(|| LinkError::Untrusted(Fault::new("S032", "the answer is empty")))?;
        let told = wire::read_query_grants_response(payload).map_err(unlawful)?;
        Ok(told.grant.len())
    }
}

/// What is refused goes into the demo's log.
fn told(id: &MessageId, answer: &Answer) {
    if let Answer::Refusal(refusal) = answer {
        let (code, place, detail) = (&refusal.code, &refusal.place, &refusal.detail);
        tracing::warn!(%id, code, place, detail, "refused");
    }
}

/// So does a file of its spool that cannot be sent.
fn passed(fault: &Fault) {
    tracing::error!(%fault, "a waiting file is passed over");
}

/// Plant One owns the tank trucks and the commuters, Plant Two the freight trucks.
fn owns(first: bool, vehicle: &Vehicle) -> bool {
    let tanks = matches!(
        vehicle.papers,
        Papers::Hazmat | Papers::HazmatWithoutWaybill | Papers::Commuter | Papers::Blacklisted
    );
    tanks == first
}
