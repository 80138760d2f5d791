//! The calendar of the park's papers: what ends when, and an alarm before it does.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use cordon_console::Expiring;
use cordon_contract::{Clock, Fault, Shutdown};
use cordon_flow::RunningHub;
use cordon_model::{AlarmCode, AlarmEvent, AlarmLevel, Body, PartyId, Timestamp};
use cordon_security::{Due, TrustStore};
use cordon_services::client::write_durably;
use cordon_wire::digest_of_bytes;

use crate::config::ParkConfig;

/// How often the calendar is drawn up anew and looked at.
const LOOK: Duration = Duration::from_secs(60);
/// Papers shown in metrics at most: those that end first.
const SHOWN_MAX: usize = 1_000;
/// Days before its end at which a paper is alarmed, with the alarm's level; then once more when it
/// is over.
const STEPS: [(i64, AlarmLevel); 3] = [
    (1, AlarmLevel::Orange),
    (3, AlarmLevel::Yellow),
    (7, AlarmLevel::Blue),
];

/// Every paper of a configuration that ends.
pub struct Calendar {
    trust: Arc<TrustStore>,
    /// Papers that are no part of the trust folder: the hub's own, those shown to partners.
    own: Vec<Due>,
    clock: Arc<dyn Clock>,
    dues: ArcSwap<Vec<Due>>,
    /// Where it is kept what was alarmed already.
    told: PathBuf,
}

impl Calendar {
    /// The calendar of a configuration.
    pub fn new(
        config: &ParkConfig,
        trust: Arc<TrustStore>,
        own: Vec<Due>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let calendar = Self {
            trust,
            own,
            clock,
            dues: ArcSwap::default(),
            told: config.hub.data.join("calendar.json"),
        };
        calendar.draw_up();
        calendar
    }

    fn draw_up(&self) {
        let dues = drawn_up(&self.trust, &self.own, self.clock.now());
        self.dues.store(Arc::new(dues));
    }

    /// What ends, the next one first, as the console shows it; at most 1,000.
    pub fn expiring(&self) -> Vec<Expiring> {
        let now = self.clock.now();
        let dues = self.dues.load();
        let first = dues.iter().take(SHOWN_MAX);
        first
            .map(|due| Expiring {
                kind: due.paper.as_str(),
                name: due.name.clone(),
                serial: due.serial.clone().unwrap_or_default(),
                until: due.until.to_string(),
                seconds_left: due.seconds_left(now),
                remedy: due.paper.remedy(),
            })
            .collect()
    }

    /// What was alarmed before, also by an earlier run. A file that cannot be read is no reason to be
    /// silent: everything is said again.
    fn told(&self) -> BTreeSet<String> {
        std::fs::read(&self.told)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// Raises the alarms that are due and not raised yet.
    async fn look(&self, hub: &RunningHub, actor: &PartyId) -> Result<(), Fault> {
        self.draw_up();
        let (dues, now) = (self.dues.load_full(), self.clock.now());
        let known = self.told();
        let mut told = known.clone();
        for alarm in alarms(&dues, &mut told, now) {
            hub.submit()
                .internal(Body::AlarmEvent(alarm), actor)
                .await?;
        }
        match told == known {
            true => Ok(()),
            false => write_durably(&self.told, &serde_json::to_vec(&told).unwrap_or_default()),
        }
    }
}

/// Looks at the calendar until shutdown.
pub async fn watch(
    calendar: Arc<Calendar>,
    hub: Weak<RunningHub>,
    actor: PartyId,
    shutdown: Shutdown,
) {
    loop {
        // The hub is let go of between two looks, so that it can end.
        let Some(running) = hub.upgrade() else { return };
        if let Err(fault) = calendar.look(&running, &actor).await {
            tracing::warn!(%fault, "the calendar's alarms could not be raised");
        }
        drop(running);
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Papers of a trust folder and others, the next one to end first.
pub fn drawn_up(trust: &TrustStore, own: &[Due], now: Timestamp) -> Vec<Due> {
    let mut dues = trust.calendar(now);
    for one in own {
        let same = |due: &Due| due.serial.is_some() && due.serial == one.serial;
        if !dues.iter().any(same) {
            dues.push(one.clone());
        }
    }
    dues.sort_by(|a, b| (a.until, a.paper, &a.name).cmp(&(b.until, b.paper, &b.name)));
    dues
}

/// The alarms that `dues` call for at `now`, each once: what is `told` is not said again. What is no
/// longer due is forgotten.
fn alarms(dues: &[Due], told: &mut BTreeSet<String>, now: Timestamp) -> Vec<AlarmEvent> {
    let mut alarms = Vec::new();
    let mut kept = BTreeSet::new();
    for due in dues {
        let left = due.seconds_left(now);
        let (step, level) = match STEPS.iter().find(|(days, _)| left <= days * 86_400) {
            _ if left < 0 => ("over".to_owned(), AlarmLevel::Orange),
            Some((days, level)) => (days.to_string(), *level),
            None => continue,
        };
        let id = format!("expiry-{}-{step}", key(due));
        if !told.contains(&id) {
            alarms.push(alarm(id.clone(), level, due, now));
        }
        kept.insert(id);
    }
    *told = kept;
    alarms
}

/// Names a paper with its end: a renewed one is another.
fn key(due: &Due) -> String {
    let parts = [
        due.paper.as_str(),
        &due.name,
        due.serial.as_deref().unwrap_or_default(),
        &due.until.micros().to_string(),
    ];
    let digest = digest_of_bytes(parts.join("\n").as_bytes()).to_string();
    digest.chars().take(16).collect()
}

fn alarm(alarm_id: String, alarm_level: AlarmLevel, due: &Due, now: Timestamp) -> AlarmEvent {
    let (kind, name, until) = (due.paper.as_str(), &due.name, due.until);
    let when = match due.days_left(now) {
        days if days < 0 => format!("is over since {until}"),
        days => format!("ends in {days} days, at {until}"),
    };
    let words = format!("{kind} of {name} {when}; {}", due.paper.remedy());
    crate::alarm::of_hub(alarm_id, (AlarmCode::CertExpired, alarm_level), &words, now)
}

#[cfg(test)]
mod tests {
    use cordon_security::ca::{Authority, CaSettings, IssueRequest, KeyAlgorithm, KeySource};
    use cordon_security::{Paper, Role};

    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn start() -> Timestamp {
        "2026-03-01T08:00:00Z".parse().unwrap()
    }

    fn wanted(days: u32) -> IssueRequest {
        IssueRequest {
            role: Role::Enterprise,
            id: "enterprise-1".parse().unwrap(),
            key: KeySource::Fresh(KeyAlgorithm::P256),
            hosts: Vec::new(),
            days: Some(days),
        }
    }

    /// A CA as `cordon cert init` makes it, whose CRL nobody renews.
    #[test]
    fn crls_and_certificates_are_alarmed_at_seven_three_and_one_day_and_when_over() {
        let folder = tempfile::tempdir().unwrap();
        let settings = CaSettings::new("JS-DEMO-1".parse().unwrap());
        let mut authority = Authority::init(folder.path(), &settings, start()).unwrap();
        authority.issue(&wanted(25), start()).unwrap();
        // A renewed certificate speaks for its holder alone.
        authority.issue(&wanted(90), start()).unwrap();
        let trust = TrustStore::load(folder.path()).unwrap();

        let mut told = BTreeSet::new();
        let mut said = Vec::new();
        for hour in 0..40 * 24 {
            let now = start().plus_ms(hour * DAY_MS / 24);
            let dues = drawn_up(&trust, &[], now);
            for alarm in alarms(&dues, &mut told, now) {
                assert_eq!(alarm.alarm_code, AlarmCode::CertExpired);
                let kind = alarm.description.split(' ').next().unwrap().to_owned();
                said.push((hour / 24, kind, alarm.alarm_level));
            }
        }
        // The issuing CA's list and the register last 30 days, the root's list 400.
        let mut expected = Vec::new();
        for (day, level) in [
            (23, AlarmLevel::Blue),
            (27, AlarmLevel::Yellow),
            (29, AlarmLevel::Orange),
            (30, AlarmLevel::Orange),
        ] {
            expected.push((day, "crl".to_owned(), level));
            expected.push((day, "register".to_owned(), level));
        }
        assert_eq!(said, expected);
    }

    #[test]
    fn the_calendar_names_every_paper_with_its_days() {
        let folder = tempfile::tempdir().unwrap();
        let settings = CaSettings::new("JS-DEMO-1".parse().unwrap());
        let mut authority = Authority::init(folder.path(), &settings, start()).unwrap();
        authority.issue(&wanted(25), start()).unwrap();
        let trust = TrustStore::load(folder.path()).unwrap();
        let dues = drawn_up(&trust, &[], start());
        let papers: Vec<_> = dues
            .iter()
            .map(|due| (due.paper, due.days_left(start())))
            .collect();
        assert_eq!(
            papers,
            [
                (Paper::Certificate, 25),
                (Paper::Crl, 30),
                (Paper::Register, 30),
                (Paper::Crl, 400),
                (Paper::Authority, 3_650),
                (Paper::Authority, 7_300),
            ]
        );
        // A holder who left long ago is no longer listed.
        let later = start().plus_ms(60 * DAY_MS);
        let left = drawn_up(&trust, &[], later);
        assert!(left.iter().all(|due| due.paper != Paper::Certificate));
    }
}
