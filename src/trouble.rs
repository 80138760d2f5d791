//! What keeps a part of the hub from its work while the gates work on: the reports, the trust folder, pinned heads, and what an
//! adapter keeps of its own. It is shown in the health for as long as it is so, and told by one alarm.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use cordon_alarms::OpenAlarms;
use cordon_contract::{Fault, Shutdown};
use cordon_flow::{AdapterHealth, Mode, RunningHub};
use cordon_model::{AlarmLevel, PartyId};
use cordon_reports::Reports;
use cordon_security::TrustStore;

use crate::alarm::Lasting;
use crate::pins::Unread;

/// How often it is looked at; nothing is read from a disk for it.
const LOOK: Duration = Duration::from_secs(2);
/// The reports are looked at that often at least.
const SETTLES_IN: Duration = Duration::from_secs(20);
/// Longest part of an adapter's name in the id of its alarm.
const NAME_MAX: usize = 40;

/// How the reports of a running hub stand.
#[derive(Default)]
pub struct ReportsStand {
    /// Why they could not be opened yet.
    shut: Mutex<Option<Fault>>,
    open: OnceLock<Arc<Reports>>,
}

impl ReportsStand {
    /// They could not be opened. It stands in the log once for each reason.
    pub fn stay_shut(&self, fault: Fault) {
        let mut shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        if shut.as_ref() != Some(&fault) {
            tracing::error!(%fault, "there are no reports; the hub goes on without them and tries again");
        }
        *shut = Some(fault);
    }

    /// They are open from now on; a second time changes nothing.
    pub fn are_open(&self, reports: Arc<Reports>) {
        self.open.get_or_init(|| reports);
        let mut shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        if shut.take().is_some() {
            tracing::info!("the reports could be opened");
        }
    }

    /// What keeps them from being given out or built; none while all is well.
    pub fn trouble(&self) -> Option<Fault> {
        match self.open.get() {
            Some(reports) => reports.trouble(),
            None => {
                let shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
                shut.clone()
            }
        }
    }
}

/// What of its own keeps an adapter from its work, or from a part of it, in words; none while it works.
pub fn words_of(adapter: AdapterHealth) -> Option<String> {
    let words = adapter.trouble?;
    Some(format!("`{}`: {words}", adapter.name))
}

/// Why the trust folder cannot be read and who is trusted meanwhile, in words; none while it can.
pub fn words_of_trust(trust: &TrustStore) -> Option<String> {
    let fault = trust.trouble()?;
    Some(match (trust.is_shut(), fault.code()) {
        (true, _) => {
            format!("nobody is trusted, every partner is refused, until it can be read: {fault}")
        }
        (false, "V110" | "V114" | "V115") if trust.is_partial() => {
            format!("all else that lies in the trust folder is in use: {fault}")
        }
        (false, _) if trust.is_partial() => format!(
            "all else that lies in the trust folder is in use; whom a list in this file revokes is trusted on, and so is an authority that was taken out meanwhile: {fault}"
        ),
        (false, _) => format!(
            "what was read before stays in use, and who was revoked since is trusted on: {fault}"
        ),
    })
}

/// What is looked at beside the adapters.
pub struct Stands {
    /// The reports.
    pub reports: Arc<ReportsStand>,
    /// Who is trusted.
    pub trust: Arc<TrustStore>,
    /// The pins that could not be read.
    pub pins: Arc<Unread>,
}

/// Raises and ends the alarms about all of it until shutdown.
pub async fn watch(
    stands: Stands,
    (hub, open): (Weak<RunningHub>, OpenAlarms),
    actor: PartyId,
    shutdown: Shutdown,
) {
    let mut of_reports = Lasting::new(
        "reports-failed".to_owned(),
        AlarmLevel::Yellow,
        "the reports are in order again",
    );
    let mut of_trust = Lasting::new(
        "trust-unread".to_owned(),
        AlarmLevel::Orange,
        "the trust folder can be read again",
    );
    let mut of_pins = Lasting::new(
        "pins-unread".to_owned(),
        AlarmLevel::Orange,
        "the pinned heads can be used again",
    );
    // An alarm of its own: what stands of a torn copy does not say that entries are gone.
    let mut of_unmet = Lasting::new(
        "pins-unmet".to_owned(),
        AlarmLevel::Orange,
        "the journal holds what others pinned, or it is asked for no more",
    );
    // What the disk of all kept from the reports is looked at again before it counts against them.
    let mut settled_at = Instant::now();
    let mut of_each: BTreeMap<String, Lasting> = BTreeMap::new();
    loop {
        // The hub is let go of between two looks, so that it can end.
        let Some(running) = hub.upgrade() else { return };
        if running.modes().now() != Mode::Normal {
            settled_at = Instant::now() + SETTLES_IN;
        }
        let words = stands.reports.trouble().map(|fault| fault.to_string());
        let words = words.filter(|_| Instant::now() >= settled_at);
        let said = of_reports.tell(words.as_deref(), (&running, &open), &actor);
        unsaid(said.await);
        let words = words_of_trust(&stands.trust);
        let said = of_trust.tell(words.as_deref(), (&running, &open), &actor);
        unsaid(said.await);
        let words = stands.pins.words_of_unread();
        let said = of_pins.tell(words.as_deref(), (&running, &open), &actor);
        unsaid(said.await);
        let words = stands.pins.words_of_unmet();
        let said = of_unmet.tell(words.as_deref(), (&running, &open), &actor);
        unsaid(said.await);
        for adapter in running.health().adapters {
            let alarm = of_each
                .entry(adapter.name.clone())
                .or_insert_with_key(|name| {
                    let over = "the adapter works again";
                    Lasting::new(alarm_name(name), AlarmLevel::Yellow, over)
                });
            let words = words_of(adapter);
            let said = alarm.tell(words.as_deref(), (&running, &open), &actor);
            unsaid(said.await);
        }
        drop(running);
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn unsaid(said: Result<(), Fault>) {
    if let Err(fault) = said {
        tracing::warn!(%fault, "an alarm of the hub could not be said");
    }
}

/// The name of an adapter's alarm, in letters that an id may have.
fn alarm_name(adapter: &str) -> String {
    let letters = adapter.chars().take(NAME_MAX);
    let letters = letters.map(|it| if it.is_ascii_alphanumeric() { it } else { '_' });
    format!("adapter-resting-{}", letters.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_opened_is_told_until_it_is() {
        let stand = ReportsStand::default();
        assert_eq!(stand.trouble(), None);
        stand.stay_shut(Fault::new("S045", "no folder"));
        assert_eq!(stand.trouble().map(|fault| fault.code()), Some("S045"));
    }

    #[test]
    fn alarms_of_two_adapters_are_two() {
        assert_eq!(alarm_name("province"), "adapter-resting-province");
        assert_ne!(alarm_name("province"), alarm_name("province 2"));
        assert!(
            !alarm_name("a-1").ends_with("-1"),
            "the last part is a number"
        );
    }
}
