//! `/metrics`: Prometheus text exposition, version 0.0.4.

use std::fmt::Write as _;

use cordon_contract::DeviceHealth;
use cordon_model::AlarmLevel;
use cordon_records::Standing;

use crate::{AlarmsPage, Condition, Expiring, Figures, ParkNow, View};

/// Writes all metrics.
pub fn text(
    (view, now): (&View, Option<&ParkNow>),
    alarms: &AlarmsPage,
    (figures, standing): (&Figures, &Standing),
    devices: &[DeviceHealth],
    expiring: &[Expiring],
    closed: u64,
) -> String {
    let mut out = String::new();
    known(
        &mut out,
        "cordon_journal_entries",
        "Number of the last journal entry; absent while the journal could not be read yet.",
        figures.position,
    );
    if let Some(now) = now {
        gauge(
            &mut out,
            "cordon_vehicles_in_park",
            "Vehicles in the park; absent while the journal could not be read yet.",
            now.inside,
        );
    }
    held(&mut out, view);
    for (name, value) in view.totals() {
        let help =
            "As on the status page, in the whole journal; absent before the records were read.";
        known(&mut out, &format!("cordon_{name}"), help, value);
    }
    if figures.position.is_some() {
        open_alarms(&mut out, alarms);
    }
    gauge(
        &mut out,
        "cordon_outbox_waiting",
        "Orders waiting in the outbox.",
        figures.outbox_waiting,
    );
    gauge(
        &mut out,
        "cordon_dead_letters",
        "Orders given up and listed.",
        figures.dead_letters,
    );
    condition(&mut out, &figures.condition);
    clock(&mut out, &figures.condition);
    marked(&mut out, figures);
    records(&mut out, standing);
    head(
        &mut out,
        "cordon_batches_total",
        "Batches committed since the start of the program.",
        "counter",
    );
    line(&mut out, "cordon_batches_total", "", figures.batches);
    head(
        &mut out,
        "cordon_duplicates_total",
        "Repeated messages recognised since the start of the program.",
        "counter",
    );
    line(&mut out, "cordon_duplicates_total", "", figures.duplicates);
    head(
        &mut out,
        "cordon_messages_overtaken_total",
        "Statements since the start of the program that came after a newer one of their sender and changed nothing.",
        "counter",
    );
    line(
        &mut out,
        "cordon_messages_overtaken_total",
        "",
        figures.overtaken,
    );
    head(
        &mut out,
        "cordon_sender_gaps_total",
        "Holes in senders' running numbers told since the start of the program.",
        "counter",
    );
    line(&mut out, "cordon_sender_gaps_total", "", figures.gaps);
    head(
        &mut out,
        "cordon_messages_total",
        "Messages by type in the whole journal.",
        "counter",
    );
    for (kind, count) in view.messages() {
        line(
            &mut out,
            "cordon_messages_total",
            &format!("type=\"{kind}\""),
            count,
        );
    }
    head(
        &mut out,
        "cordon_commands_total",
        "Gate command outcomes in the whole journal.",
        "counter",
    );
    for (outcome, count) in view.commands() {
        line(
            &mut out,
            "cordon_commands_total",
            &format!("outcome=\"{outcome}\""),
            count,
        );
    }
    head(
        &mut out,
        "cordon_readings_total",
        "Readings by adapter since the start of the program.",
        "counter",
    );
    for (adapter, count) in &figures.readings {
        line(
            &mut out,
            "cordon_readings_total",
            &format!("adapter=\"{}\"", label(adapter)),
            count,
        );
    }
    head(
        &mut out,
        "cordon_readings_misread_total",
        "Readings by device that were not understood since the start of the program.",
        "counter",
    );
    for (device, count) in &figures.misread {
        let labels = format!("device=\"{}\"", label(device));
        line(&mut out, "cordon_readings_misread_total", &labels, count);
    }
    head(
        &mut out,
        "cordon_attempts_total",
        "Connections and requests turned away below the services, by cause, since the start of the program.",
        "counter",
    );
    for (cause, count) in &figures.attempts {
        let labels = format!("cause=\"{}\"", label(cause));
        line(&mut out, "cordon_attempts_total", &labels, count);
    }
    head(
        &mut out,
        "cordon_decision_seconds",
        "Capture in to command durable, since the start of the program.",
        "gauge",
    );
    for (quantile, value) in [
        ("0.5", figures.decision_p50_ms),
        ("0.99", figures.decision_p99_ms),
    ] {
        if let Some(ms) = value {
            line(
                &mut out,
                "cordon_decision_seconds",
                &format!("quantile=\"{quantile}\""),
                ms / 1_000.0,
            );
        }
    }
    head(
        &mut out,
        "cordon_device_state",
        "1 for the state a device is in.",
        "gauge",
    );
    for device in devices {
        let labels = format!(
            "device=\"{}\",state=\"{:?}\"",
            label(device.device.as_str()),
            device.state
        );
        line(&mut out, "cordon_device_state", &labels, 1);
    }
    head(
        &mut out,
        "cordon_certificate_expires_seconds",
        "Seconds until a certificate, revocation list or register ends; negative once it is over.",
        "gauge",
    );
    for paper in expiring {
        let labels = format!(
            "kind=\"{}\",name=\"{}\",serial=\"{}\"",
            paper.kind,
            label(&paper.name),
            paper.serial
        );
        let left = paper.seconds_left;
        line(
            &mut out,
            "cordon_certificate_expires_seconds",
            &labels,
            left,
        );
    }
    head(
        &mut out,
        "cordon_console_connections_closed_total",
        "Connections of the console closed for new ones since the start of the program.",
        "counter",
    );
    let name = "cordon_console_connections_closed_total";
    line(&mut out, name, "", closed);
    out
}

/// Which entries are marked is not known before the journal was read.
fn marked(out: &mut String, figures: &Figures) {
    let read = |count: u64| figures.position.map(|_| count);
    known(
        out,
        "cordon_journal_unreadable_entries",
        "Journal entries that cannot be read and were passed over; absent while the journal could not be read yet.",
        read(figures.unreadable),
    );
    known(
        out,
        "cordon_journal_unlawful_entries",
        "Journal entries that say what their sender may not say and were passed over; absent while the journal could not be read yet.",
        read(figures.unlawful),
    );
    known(
        out,
        "cordon_journal_older_form_entries",
        "Journal entries read although their form is refused today; absent while the journal could not be read yet.",
        read(figures.older_form),
    );
}

/// How far the records follow the journal.
fn records(out: &mut String, standing: &Standing) {
    let name = "cordon_records_missing_entries";
    let help = "Entries that had expired or were removed when these records were built.";
    head(out, name, help, "gauge");
    for fold in &standing.folds {
        let missing = fold.missing.map_or(0, |missing| missing.entries);
        line(out, name, &format!("fold=\"{}\"", fold.name), missing);
    }
    let name = "cordon_records_entries";
    let help = "The last journal entry that is in all records which go on.";
    gauge(out, name, help, standing.reached());
    let name = "cordon_records_behind_entries";
    let help = "Journal entries that are not in the records yet.";
    gauge(out, name, help, standing.behind());
    let name = "cordon_records_behind_seconds";
    let help = "For how long the records have not been at the end of the journal.";
    head(out, name, help, "gauge");
    line(out, name, "", standing.behind_ms as f64 / 1_000.0);
    let name = "cordon_records_stopped";
    let help = "1 while the records cannot be written or read.";
    gauge(out, name, help, u64::from(standing.stopped.is_some()));
    let name = "cordon_records_broken";
    head(out, name, "1 for records that go no further.", "gauge");
    for fold in &standing.folds {
        let broken = u8::from(fold.broken.is_some());
        line(out, name, &format!("fold=\"{}\"", fold.name), broken);
    }
}

fn held(out: &mut String, view: &View) {
    let [held, recalled, unknown] = view.held_counts();
    let name = "cordon_lanes_held";
    gauge(out, name, "Lanes known to be held open.", held);
    gauge(
        out,
        "cordon_lanes_held_recalled",
        "Those of them that are known from before a start which could not open its journal.",
        recalled,
    );
    gauge(
        out,
        "cordon_lanes_held_unknown",
        "Lanes of which nobody can say whether they are held open before the journal can be read.",
        unknown,
    );
}

fn open_alarms(out: &mut String, alarms: &AlarmsPage) {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let name = "cordon_open_alarms";
    gauge(out, name, "Alarms that are open now.", count(alarms.total));
    let name = "cordon_open_alarms_by_level";
    head(out, name, "Alarms that are open now, by level.", "gauge");
    for level in AlarmLevel::ALL {
        let open = alarms.by_level.get(level).copied().unwrap_or_default();
        line(out, name, &format!("level=\"{level}\""), count(open));
    }
}

fn condition(out: &mut String, condition: &Condition) {
    head(out, "cordon_mode", "1 for what the hub takes now.", "gauge");
    for mode in ["normal", "low", "full", "unsaved", "emergency"] {
        let is = u8::from(condition.mode == mode);
        line(out, "cordon_mode", &format!("mode=\"{mode}\""), is);
    }
    head(
        out,
        "cordon_stalled_seconds",
        "For how long the hub has been hanging in one round; 0 while it works.",
        "gauge",
    );
    let stalled_ms = condition.stalled_ms.unwrap_or_default();
    line(
        out,
        "cordon_stalled_seconds",
        "",
        stalled_ms as f64 / 1_000.0,
    );
    known(
        out,
        "cordon_disk_free_bytes",
        "Free bytes on the journal's disk; absent before it was asked.",
        condition.disk_free_bytes,
    );
    known(
        out,
        "cordon_disk_used_percent",
        "Share of the journal's disk in use; absent before it was asked.",
        condition.disk_used_percent.map(u64::from),
    );
    gauge(
        out,
        "cordon_remembered_messages",
        "Messages that memory alone remembers until the state is saved.",
        condition.remembered,
    );
    gauge(
        out,
        "cordon_emergency_spooled",
        "Emergency openings, releases and outcomes that are not journaled yet.",
        condition.spooled + condition.spooled_in_memory,
    );
    gauge(
        out,
        "cordon_emergency_in_memory",
        "Those of them that no disk holds.",
        condition.spooled_in_memory,
    );
    gauge(
        out,
        "cordon_emergency_spool_failed",
        "1 while the file that hub.spool names cannot be written.",
        u64::from(condition.spool_words.is_some()),
    );
    gauge(
        out,
        "cordon_trust_unread",
        "1 while the folder of certificates and revocation lists cannot be read.",
        u64::from(condition.trust_words.is_some()),
    );
    gauge(
        out,
        "cordon_pins_unread",
        "Pinned heads that cannot be read, or that the journal does not meet.",
        condition.pins_unread as u64,
    );
    gauge(
        out,
        "cordon_archive_silent",
        "1 while the disk of the archive does not answer since the start.",
        u64::from(condition.archive_words.is_some()),
    );
    gauge(
        out,
        "cordon_reports_failed",
        "1 while reports cannot be built, kept or given out.",
        u64::from(condition.reports_words.is_some()),
    );
    gauge(
        out,
        "cordon_adapters_resting",
        "Adapters that something of their own keeps from their work.",
        condition.adapters_words.len() as u64,
    );
    gauge(
        out,
        "cordon_retention_stuck",
        "Segments, or folders of them, in which what is due cannot be forgotten.",
        condition.unforgotten.len() as u64,
    );
}

fn clock(out: &mut String, condition: &Condition) {
    let figures = [
        (
            "cordon_clock_offset_seconds",
            "Wall clock minus the time that is used.",
            Some(condition.clock_offset_ms as f64),
        ),
        (
            "cordon_journal_lead_seconds",
            "How far the journal's entries are ahead of the time that is used.",
            Some(condition.clock_lead_ms as f64),
        ),
        (
            "cordon_tick_age_seconds",
            "Since the last tick of the timers; absent before the first.",
            condition.tick_age_ms.map(|ms| ms as f64),
        ),
    ];
    for (name, help, ms) in figures {
        let Some(ms) = ms else { continue };
        head(out, name, help, "gauge");
        line(out, name, "", ms / 1_000.0);
    }
}

/// A gauge of what may be unknown; it is absent then.
fn known(out: &mut String, name: &str, help: &str, value: Option<u64>) {
    if let Some(value) = value {
        gauge(out, name, help, value);
    }
}

fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn gauge(out: &mut String, name: &str, help: &str, value: u64) {
    head(out, name, help, "gauge");
    line(out, name, "", value);
}

fn line(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = if labels.is_empty() {
        writeln!(out, "{name} {value}")
    } else {
        writeln!(out, "{name}{{{labels}}} {value}")
    };
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
