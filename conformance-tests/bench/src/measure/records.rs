//! Records: how fast they are built again, and how far behind the journal they are while it grows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::EntryKind;
use cordon_flow::{Audited, EntryReader, Histogram, RunningHub};
use cordon_journal::NewRecord;
use cordon_journal::disk::RealDisk;
use cordon_model::{
    AuditOutcome, Body, DeviceId, Digest, Header, LaneId, Message, MessageId, PartyId,
};
use cordon_records::{Follower, Progress, Records, RecordsConfig, RecordsParts, folds};

use crate::fields::{capture, grant, grant_for, plate, samples};
use crate::park::{HUB, Park, now};
use crate::unsynced::UnsyncedDisk;
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread};

/// Messages a second while the journal grows.
const RATE: u64 = 500;
/// An answer that takes longer is not slow but lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// Entries of one batch of the journal that is read.
const BATCH: usize = 100;
/// Grants that are kept.
const GRANTS: usize = 200_000;

/// Builds them over a journal that is there, and follows one that grows.
pub async fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let (read, built) = rebuild(park, size)?;
    let lag = lag(park, size).await?;
    Ok(Section {
        title: "Records",
        about: format!(
            "Built again: {} entries, of ten six sensor readings, two captures, a grant and an audit, read from the journal and folded \
             into a file that was not there, on one thread; beside it the same entries read by the same reader and let go. Behind: {RATE} \
             messages a second for {} s, from the moment a message is durable to the moment that it is in every fold.",
            size.entries,
            size.window.as_secs_f64()
        ),
        rows: vec![
            Row::figure("built again", built, "entries/s")
                .beside("the journal read alone", read, "entries/s")
                .ratio(Ratio::Share(Spread::single(built / read)))
                .goal(Goal::AtLeast(50_000.0)),
            Row::figure("behind the journal, p99", lag, "ms").goal(Goal::AtMost(200.0)),
        ],
    })
}

/// Entries a second: read alone, and folded.
fn rebuild(park: &Park, size: &Size) -> Outcome<(f64, f64)> {
    let mut journal = park.journal("records", Arc::new(UnsyncedDisk))?;
    let entries = records(park, size.entries)?;
    for batch in entries.chunks(BATCH) {
        journal.append_batch(batch)?;
    }
    let durable = (journal.last(), Digest(journal.chain()));
    let reader = || -> Outcome<EntryReader> { Ok(EntryReader::over(journal.reader()?)) };
    let begun = Instant::now();
    let mut many = 0_u64;
    for stored in reader()?.read_from(1)? {
        stored?;
        many += 1;
    }
    let read = many as f64 / begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let file = park.folder().join("built.sqlite");
    let opened = Follower::open(
        &file,
        reader()?,
        folds(&PartyId::new(HUB)?, GRANTS, 2),
        400,
        durable,
    );
    let mut follower = opened.map_err(|halt| format!("{halt:?}"))?;
    while follower.step(durable).map_err(|halt| format!("{halt:?}"))? == Progress::More {}
    let built = many as f64 / begun.elapsed().as_secs_f64();
    Ok((read, built))
}

fn records(park: &Park, many: usize) -> Outcome<Vec<NewRecord>> {
    let (at, hub) = (now(), PartyId::new(HUB)?);
    let gateway = DeviceId::new("GW-01")?;
    let head = grant(&hub, at)?.header;
    let said = |number: usize| -> Outcome<(EntryKind, Message)> {
        let message = |body: Body| Message {
            header: Header {
                message_type: body.message_type(),
                sender_id: hub.clone(),
                ..head.clone()
            },
            body,
        };
        Ok(match number % 10 {
            0..6 => (EntryKind::Message, message(samples(&gateway, 1, at)?)),
            6 | 7 => {
                let (camera, lane) = (DeviceId::new("CAM-01")?, LaneId::new("L-01")?);
                let seen = capture(camera, lane, plate(number)?, at)?;
                (EntryKind::Message, message(seen))
            }
            8 => (
                EntryKind::Message,
                grant_for(plate(number)?, &park.p256.id, at)?,
            ),
            _ => (EntryKind::Audit, message(audit(&hub, at))),
        })
    };
    (0..many)
        .map(|number| {
            let (kind, message) = said(number)?;
            Ok(NewRecord {
                time_micros: at.micros(),
                kind: kind.number(),
                message_id: *MessageId::random().as_bytes(),
                sender: message.header.sender_id.to_string(),
                label: message.body.message_type().as_str().to_owned(),
                body: cordon_wire::write_message(&message)?.into(),
                ..NewRecord::default()
            })
        })
        .collect()
}

fn audit(hub: &PartyId, at: cordon_model::Timestamp) -> Body {
    Body::AuditEvent(cordon_model::AuditEvent {
        action: "bench.looked".to_owned(),
        actor_id: hub.clone(),
        target: None,
        outcome: AuditOutcome::Success,
        detail: None,
        at,
    })
}

/// 99th percentile of the time from durable to recorded, milliseconds.
async fn lag(park: &Park, size: &Size) -> Outcome<f64> {
    let hub = Arc::new(
        park.start("followed", Arc::new(RealDisk), Vec::new(), Vec::new())
            .await?,
    );
    let records = follow(park, &hub)?;
    let messages = u64::try_from(size.window.as_millis())? * RATE / 1_000;
    let mut due = tokio::time::interval(Duration::from_micros(1_000_000 / RATE));
    let mut told = Vec::new();
    for _ in 0..messages {
        due.tick().await;
        told.push(tokio::spawn(one(hub.submit(), Arc::clone(&records))));
    }
    let mut times = Histogram::default();
    for told in told {
        times.note(
            tokio::time::timeout(PATIENCE, told)
                .await??
                .map_err(|fault| fault.to_string())?,
        );
    }
    records.stop().await;
    let Ok(hub) = Arc::try_unwrap(hub) else {
        return Err("the hub is still in use".into());
    };
    hub.shutdown().await?;
    Ok(times.quantiles().p99_us as f64 / 1_000.0)
}

/// Says one thing, and gives how long it takes from there into the records.
async fn one(
    submit: cordon_flow::Submit,
    records: Arc<Records>,
) -> Result<Duration, cordon_contract::Fault> {
    let audited = Audited {
        action: "bench.told".to_owned(),
        actor: submit.hub().clone(),
        target: None,
        outcome: AuditOutcome::Success,
        detail: None,
    };
    let number = submit.audit(&audited).await?.number;
    let durable = Instant::now();
    let mut standing = records.watch();
    // The sender lives as long as the records do.
    drop(standing.wait_for(|it| it.reached() >= number).await);
    Ok(durable.elapsed())
}

fn follow(park: &Park, hub: &Arc<RunningHub>) -> Outcome<Arc<Records>> {
    let seen = Arc::downgrade(hub);
    let records = Records::start(RecordsParts {
        file: park.folder().join("followed.sqlite"),
        reader: hub.reader(),
        durable: Arc::new(move || {
            let (number, chain) = seen.upgrade()?.durable();
            Some((number, Digest(chain)))
        }),
        folds: folds(&PartyId::new(HUB)?, GRANTS, 2),
        config: RecordsConfig::default(),
    })?;
    let mut entries = hub.feed().subscribe();
    let woken = Arc::downgrade(&records);
    tokio::spawn(async move {
        while entries.next().await.is_some() {
            match woken.upgrade() {
                Some(records) => records.wake(),
                None => return,
            }
        }
    });
    Ok(records)
}
