//! What is kept on the shelf, whatever the clock shows, and numbers that are given once.

use std::sync::Arc;

use cordon_contract::{Clock as _, EntryKind};
use cordon_model::service::ReportEntry;
use cordon_model::{AuditEvent, AuditOutcome, Body, ReportType, Timestamp};
use cordon_reports::{Reports, ReportsConfig, Span};

use crate::made::{Line, Office, append, config, day, hub, hub_start, said};
use crate::wrong_clock::{ahead, car, read, ticks, wrong};

const RPT: ReportType = ReportType::Rpt01;
const DAY_S: i64 = 86_400;
const SO_FAR: &str = "RPT-01.JS-DEMO.2026-03-31.so-far";

fn settings() -> ReportsConfig {
    ReportsConfig {
        keep_on_demand_days: 1,
        ..config()
    }
}

/// A hub that has run from midnight to noon.
fn office() -> Office {
    let mut office = Office::new(day("12:00:00"));
    let mut lines = vec![hub_start(day("00:00:30")), car(day("08:00:30"), "G1")];
    lines.extend(ticks(day("00:01:00"), 720));
    lines.sort_by_key(|line| line.time);
    append(&mut office.journal, &lines);
    office
}

/// The clock shows another time.
fn shows(office: &Office, at: Timestamp) {
    office.clock.advance_ms(at.ms_since(office.clock.now()));
}

/// The audit entry that the hub writes of a build.
fn built(at: Timestamp, of: &ReportEntry) -> Line {
    let body = Body::AuditEvent(AuditEvent {
        action: "report.built".into(),
        actor_id: hub(),
        target: Some(format!("{} v{}", of.report_id, of.version)),
        outcome: AuditOutcome::Success,
        detail: Some(format!("digest {} entry {}", of.digest, of.entry_number)),
        at,
    });
    Line {
        kind: EntryKind::Audit,
        ..said(at, body)
    }
}

async fn so_far(reports: &Arc<Reports>) -> ReportEntry {
    let noon = day("12:00:00");
    reports
        .build(RPT, Span::so_far(noon, noon))
        .await
        .unwrap()
        .entry
}

/// Each ON_DEMAND report was removed within 18 s of a clock 40 days ahead, and its number given again.
#[tokio::test]
async fn reports_are_removed_by_the_time_that_surely_passed_and_no_number_is_given_again() {
    let mut office = office();
    let reports = office.reports(settings());
    let first = so_far(&reports).await;
    let late = day("12:00:00.5");
    append(&mut office.journal, &[built(late, &first)]);
    let wrong = wrong(40);
    let last = wrong.last().unwrap().time;
    append(&mut office.journal, &wrong);
    shows(&office, last);
    assert_eq!(reports.remove_old().await.unwrap(), 0, "ahead for seconds");
    let start = day("12:10:00");
    let days: Vec<Line> = ticks(start, 3 * 1_440).collect();
    let mut lines = vec![hub_start(day("12:09:00"))];
    lines.extend_from_slice(&days[..30]);
    append(&mut office.journal, &ahead(lines, last));
    shows(&office, start.plus_seconds(3_600));
    assert_eq!(reports.remove_old().await.unwrap(), 0, "put right");
    assert_eq!(reports.list().len(), 1);

    // Another hub, on which the days do pass.
    let mut office = self::office();
    let reports = office.reports(settings());
    let first = so_far(&reports).await;
    append(&mut office.journal, &[built(late, &first)]);
    append(&mut office.journal, &days);
    shows(&office, start.plus_seconds(3 * DAY_S));
    assert_eq!(reports.remove_old().await.unwrap(), 1);
    assert!(reports.list().is_empty());
    let again = so_far(&reports).await;
    assert_eq!((&*again.report_id, again.version), (SO_FAR, 2));
    let book = office.book.0.lock().unwrap();
    assert_eq!(book[1], format!("report.removed {SO_FAR} v1"));
}

/// Somebody emptied the folder, or put an older one back: what a regulator pulled is under these numbers.
#[tokio::test]
async fn a_number_whose_file_is_gone_is_never_anothers() {
    let mut office = office();
    let reports = office.reports(settings());
    let first = so_far(&reports).await;
    append(
        &mut office.journal,
        &[
            built(day("12:01:00"), &first),
            car(day("12:02:00"), "G2"),
            hub_start(day("12:03:00")),
        ],
    );
    shows(&office, day("12:03:00"));
    let second = so_far(&reports).await;
    assert_eq!(second.version, 2);
    append(&mut office.journal, &[built(day("12:04:00"), &second)]);
    let of_second = office.folder().join("RPT-01").join(SO_FAR);
    let kept = std::fs::read(of_second.join("v1.xml")).unwrap();
    std::fs::remove_dir_all(office.folder()).unwrap();
    // An older folder: it has the first version alone.
    std::fs::create_dir_all(&of_second).unwrap();
    std::fs::write(of_second.join("v1.xml"), kept).unwrap();
    let reports = office.reports(settings());
    let third = so_far(&reports).await;
    assert_eq!(third.version, 3);
    let noon = day("12:00:00");
    let built = reports.build(RPT, Span::so_far(noon, noon)).await.unwrap();
    assert!(!built.is_new, "it is given as it was built");
    let supersedes = read(&built).supersedes.unwrap();
    assert_eq!((supersedes.version, supersedes.digest), (2, second.digest));
}
