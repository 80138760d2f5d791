//! What a save of the state costs the sequencer's thread, beside what there is and what changed.

use std::sync::Arc;
use std::time::Duration;

use cordon_access::{AccessConfig, AccessPlugin};
use cordon_contract::{Changed, Decisions, Entry, EntryKind, Plugin, Standing};
use cordon_model::{Body, Digest, Message, Timestamp};
use cordon_rules::CedarRules;

use crate::clock::thread_time;
use crate::fields::{grant_for, plate};
use crate::park::{Park, now};
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread};

/// Grants of a small park.
const FEW: usize = 1_000;
/// Grants that change between two saves: about as many as make one due.
const CHANGED: usize = 800;

/// Saves a small and a large park after as many changes.
pub fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let many = size.grants;
    let changed = CHANGED.min(many);
    let mut rows = Vec::new();
    let few = saves(park, FEW, changed.min(FEW), size.rounds)?;
    let large = saves(park, many, changed, size.rounds)?;
    let times = large.hold.median / few.hold.median;
    let name =
        |grants, changed| format!("hold of a save, {grants} grants, {changed} of them changed");
    rows.push(Row::figure(
        name(FEW, changed.min(FEW)),
        few.hold.median,
        "ms",
    ));
    rows.push(
        Row::figure(name(many, changed), large.hold.median, "ms")
            .beside("the small park", few.hold.median, "ms")
            .ratio(Ratio::Times(Spread::single(times)))
            .goal(Goal::AtMost(1.0)),
    );
    rows.push(
        Row::figure("rows handed over by it", large.rows as f64, "rows")
            .beside("rows changed", changed as f64, "rows")
            .ratio(Ratio::Times(Spread::single(
                large.rows as f64 / changed as f64,
            )))
            .goal(Goal::RatioAtMost(1.01)),
    );
    rows.push(Row::figure(
        format!("all rows as bytes, {many} grants (a state hash)"),
        large.whole.median,
        "ms",
    ));
    Ok(Section {
        title: "State",
        about: "The access plug-in alone, processor time of one thread. A save hands the changed rows over and shares them; \
                they are turned into bytes on another thread, which is not counted."
            .to_owned(),
        rows,
    })
}

struct Saves {
    hold: Spread,
    rows: usize,
    whole: Spread,
}

fn saves(park: &Park, grants: usize, changed: usize, rounds: usize) -> Outcome<Saves> {
    let plan = Arc::new(crate::plan::plan()?);
    let rules = CedarRules::built_in().map_err(|faults| format!("{faults:?}"))?;
    let config = AccessConfig {
        grants_max: grants * 4,
        ..AccessConfig::default()
    };
    let mut access = AccessPlugin::new(plan, Arc::new(rules), config);
    let at = now();
    let mut told = Vec::with_capacity(grants);
    for number in 0..grants {
        told.push(grant_for(plate(number)?, &park.p256.id, at)?);
    }
    for message in &told {
        step(&mut access, message, at);
    }
    let (mut hold, mut whole, mut rows) = (Vec::new(), Vec::new(), 0);
    take(&mut access);
    for round in 0..rounds {
        let later = at.plus_seconds(1 + i64::try_from(round)?);
        for message in told.iter_mut().step_by(grants / changed).take(changed) {
            if let Body::AccessGrant(grant) = &mut message.body {
                grant.valid_to = later.plus_seconds(40_000);
            }
            step(&mut access, message, later);
        }
        let ((taken, handed), spent) = thread_time(|| take(&mut access));
        // What is handed over is let go by another thread.
        drop(handed);
        rows = taken;
        hold.push(ms(spent));
        let (kept, spent) = thread_time(|| access.kept());
        kept?;
        whole.push(ms(spent));
    }
    Ok(Saves {
        hold: Spread::of(hold),
        rows,
        whole: Spread::of(whole),
    })
}

/// Hands over what changed, as the sequencer does.
fn take(access: &mut AccessPlugin) -> (usize, Vec<Changed>) {
    let tables = access
        .tables()
        .into_iter()
        .filter(|table| table.changed() > 0);
    let handed: Vec<_> = tables.map(|table| table.take_changed()).collect();
    (handed.iter().map(|it| it.len()).sum(), handed)
}

fn step(access: &mut AccessPlugin, message: &Message, at: Timestamp) {
    let header = &message.header;
    let entry = Entry {
        number: 1,
        time: at,
        clock: at,
        settled: at,
        kind: EntryKind::Message,
        cause: 0,
        message_id: header.message_id,
        sender: header.sender_id.clone(),
        label: String::new(),
        message: Some(Arc::new(message.clone())),
        digest: Digest([0; 32]),
        overtaken: false,
        late: false,
        acted_at: None,
        of_earlier_run: false,
        standing: Standing::Own,
    };
    access.step(&entry, &mut Decisions::default());
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
