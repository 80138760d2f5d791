//! Another program that holds the lock, and a disk that never answers, hold up reports alone: what is listed is told,
//! the end of the hub does not wait, and people are told.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::Shutdown;
use cordon_model::ReportType;
use cordon_reports::{Reports, Span};

use crate::made::{Office, append, config, day, hub_start};
use crate::wrong_clock::car;

const RPT: ReportType = ReportType::Rpt01;

fn office() -> Office {
    let mut office = Office::new(day("12:00:00").plus_seconds(86_400));
    let lines = [
        hub_start(day("00:00:01")),
        car(day("08:00:00"), "G1"),
        hub_start(day("12:00:00").plus_seconds(86_400)),
    ];
    append(&mut office.journal, &lines);
    office
}

fn build(reports: &Arc<Reports>) -> Result<bool, &'static str> {
    let built = reports.build_now(RPT, Span::day(day("12:00:00")));
    built
        .map(|built| built.is_new)
        .map_err(|fault| fault.code())
}

/// Whoever reads the file waits until somebody writes it.
fn hanging(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn a_lock_that_another_program_holds_is_waited_for_with_a_bound() {
    let office = office();
    let reports = office.reports(config());
    assert_eq!(build(&reports), Ok(true));
    let lock = std::fs::File::create(office.folder().join("lock")).unwrap();
    lock.lock().unwrap();
    let waiting = Arc::clone(&reports);
    let waiting = std::thread::spawn(move || build(&waiting));
    let [one] = reports.list().try_into().unwrap();
    assert!(reports.bytes(&one.report_id, one.version).is_ok());
    assert!(!waiting.is_finished(), "what is there is given meanwhile");
    assert_eq!(waiting.join().unwrap(), Err("S083"));
    drop(lock);
    assert_eq!(build(&reports), Ok(false));
}

#[test]
fn a_stored_report_that_cannot_be_read_in_time_is_not_waited_for() {
    let office = office();
    let reports = office.reports(config());
    assert_eq!(build(&reports), Ok(true));
    let [one] = reports.list().try_into().unwrap();
    let file = office.folder().join("RPT-01").join(&one.report_id);
    let file = file.join("v1.xml");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    hanging(&file);
    let read = || reports.bytes(&one.report_id, one.version);
    assert_eq!(read().unwrap_err().code(), "S084");
    assert_eq!(reports.trouble().unwrap().code(), "S084", "it is told");
    assert_eq!(reports.list().len(), 1);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, bytes).unwrap();
    assert!(read().is_ok());
    assert!(reports.trouble().is_none());
}

#[tokio::test]
async fn a_folder_that_hangs_is_told_and_holds_up_neither_the_list_nor_the_end() {
    let office = office();
    let reports = office.reports(config());
    assert_eq!(build(&reports), Ok(true));
    let folder = office.folder().join("RPT-01/RPT-01.JS-DEMO.2026-03-30");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("v1.xml"), "x").unwrap();
    hanging(&folder.join("v1.json"));
    let (trigger, shutdown) = Shutdown::pair();
    let running = tokio::spawn(cordon_reports::run(Arc::clone(&reports), shutdown));
    until("it is told", || {
        reports
            .trouble()
            .is_some_and(|fault| fault.code() == "S084")
    })
    .await;
    assert_eq!(reports.list().len(), 1);
    trigger.pull();
    running.await.unwrap();
    std::fs::write(folder.join("v1.json"), "{}").unwrap();
}
