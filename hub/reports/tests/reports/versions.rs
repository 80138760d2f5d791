//! Signed files: the same bytes again, corrections as new versions, damage found.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::Shutdown;
use cordon_model::{
    Direction, Granularity, Period, ReportDocument, ReportRequest, ReportType, SubjectKind,
    Timestamp,
};
use cordon_reports::{ReportedBy, ReportsConfig, Span};
use cordon_security::{Role, xmldsig};
use cordon_xml::{Document, Limits};

use crate::made::{Line, Office, append, at, config, day, files, hub_start, passage, plan};

const RPT: ReportType = ReportType::Rpt01;

fn after() -> cordon_model::Timestamp {
    at("2026-04-01T00:10:00+08:00")
}

fn office() -> Office {
    let mut office = Office::new(after());
    let lines = [
        hub_start(day("00:00:01")),
        passage(day("08:00:00"), "G1", Direction::In, SubjectKind::VehHazmat),
        hub_start(after()),
    ];
    append(&mut office.journal, &lines);
    office
}

fn read(bytes: &[u8]) -> ReportDocument {
    let document = Document::parse(bytes, &Limits::default()).unwrap();
    cordon_wire::read_report_document(document.root()).unwrap()
}

#[tokio::test]
async fn the_same_report_is_the_same_bytes_over_restarts() {
    let mut office = office();
    let span = Span::day(day("12:00:00"));
    let first = office.reports(config()).build(RPT, span).await.unwrap();
    assert!(first.is_new);
    assert_eq!(first.entry.version, 1);
    assert_eq!(first.entry.entry_number, 3);
    assert_eq!(read(&first.bytes).journal_position.entry_number, 3);
    let kept = files(&office.folder());
    // Later, after more entries and a restart: nothing new to say about that day.
    let next_day = passage(after(), "G1", Direction::In, SubjectKind::VehHazmat);
    append(&mut office.journal, &[next_day]);
    office.clock.advance_ms(3_600_000);
    let reports = office.reports(config());
    let again = reports.build(RPT, span).await.unwrap();
    assert!(!again.is_new);
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(
        reports.bytes(&first.entry.report_id, 1).unwrap(),
        first.bytes
    );
    assert_eq!(files(&office.folder()), kept);
    let book = office.book.0.lock().unwrap();
    assert_eq!(*book, ["report.built RPT-01.JS-DEMO.2026-03-31 v1"]);
}

#[tokio::test]
async fn late_data_make_a_new_version_that_names_the_old_one() {
    let mut office = office();
    let reports = office.reports(config());
    let span = Span::day(day("12:00:00"));
    let first = reports.build(RPT, span).await.unwrap();
    let late = Line {
        time: after().plus_seconds(60),
        ..passage(
            day("09:00:00"),
            "G1",
            Direction::Out,
            SubjectKind::VehHazmat,
        )
    };
    append(&mut office.journal, &[late]);
    office.clock.advance_ms(120_000);
    let second = reports.build(RPT, span).await.unwrap();
    assert!(second.is_new);
    let (old, new) = (read(&first.bytes), read(&second.bytes));
    assert_eq!((new.version, new.report_id), (2, old.report_id));
    let supersedes = new.supersedes.unwrap();
    assert_eq!(supersedes.version, 1);
    assert_eq!(supersedes.digest, first.entry.digest);
    // The old version stays as it was.
    assert_eq!(
        reports.bytes(&first.entry.report_id, 1).unwrap(),
        first.bytes
    );
    assert_eq!(reports.list().len(), 2);
    assert!(!reports.build(RPT, span).await.unwrap().is_new);
}

#[tokio::test]
async fn what_is_built_from_now_on_is_of_the_plan_of_now() {
    let office = office();
    let reports = office.reports(config());
    let span = Span::day(day("12:00:00"));
    let first = reports.build(RPT, span).await.unwrap();
    let mut plan = plan();
    plan.name = "another name".to_owned();
    reports.go_by(ReportedBy {
        plan: Arc::new(plan),
        acknowledge_s: config().acknowledge_s,
    });
    let second = reports.build(RPT, span).await.unwrap();
    assert!(second.is_new);
    assert_eq!(read(&second.bytes).park_name, "another name");
    assert_ne!(read(&first.bytes).park_name, "another name");
}

#[tokio::test]
async fn a_file_is_signed_by_the_hub_and_one_changed_byte_is_found() {
    let office = office();
    let reports = office.reports(config());
    let built = reports
        .build(RPT, Span::day(day("12:00:00")))
        .await
        .unwrap();
    let verify = |bytes: Vec<u8>| {
        xmldsig::verify_enveloped(bytes, &office.trust, &[Role::Hub], None, after()).map(drop)
    };
    verify(built.bytes.to_vec()).unwrap();
    let place = String::from_utf8(built.bytes.to_vec()).unwrap();
    let place = place.find("VEH_HAZMAT").unwrap();
    let mut changed = built.bytes.to_vec();
    changed[place + 4] = b'G';
    assert_eq!(verify(changed.clone()).unwrap_err().code(), "V006");
    let file = office
        .folder()
        .join("RPT-01/RPT-01.JS-DEMO.2026-03-31/v1.xml");
    std::fs::write(&file, &changed).unwrap();
    let id = &built.entry.report_id;
    assert_eq!(reports.bytes(id, 1).unwrap_err().code(), "S020");
    // Neither after a restart: the listing knows the digest that was signed.
    let restarted = office.reports(config());
    assert_eq!(restarted.bytes(id, 1).unwrap_err().code(), "S020");
    assert_eq!(restarted.bytes(id, 7).unwrap_err().code(), "S012");
}

#[tokio::test]
async fn a_listing_lost_in_a_crash_is_made_from_the_file_and_recorded() {
    let office = office();
    let built = office
        .reports(config())
        .build(RPT, Span::day(day("12:00:00")))
        .await
        .unwrap();
    let listing = office
        .folder()
        .join("RPT-01/RPT-01.JS-DEMO.2026-03-31/v1.json");
    std::fs::remove_file(&listing).unwrap();
    let reports = office.reports(config());
    assert_eq!(reports.list(), [built.entry]);
    assert_eq!(reports.record_missing().await.unwrap(), 1);
    assert_eq!(reports.record_missing().await.unwrap(), 0);
    assert_eq!(office.book.0.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_built_is_refused_with_its_reason() {
    let office = office();
    let reports = office.reports(config());
    let code = |report, span| reports.build_now(report, span).unwrap_err().code();
    let day_over = Span::day(day("12:00:00"));
    assert_eq!(code(ReportType::Rpt17, day_over), "S040");
    assert_eq!(code(RPT, Span::day(after())), "S041");
    let settings = ReportsConfig {
        versions_max: 0,
        ..config()
    };
    let full = office.reports(settings).build_now(RPT, day_over);
    assert_eq!(full.unwrap_err().code(), "S044");
    // Today so far can be built, under an id of its own.
    let so_far = reports
        .build_now(RPT, Span::so_far(after(), after()))
        .unwrap();
    assert_eq!(so_far.entry.report_id, "RPT-01.JS-DEMO.2026-04-01.so-far");
    assert!(
        !reports
            .build_now(RPT, Span::so_far(after(), after()))
            .unwrap()
            .is_new
    );
}

/// Its end was a second later, and an end in the past was passed over.
#[tokio::test]
async fn a_day_so_far_ends_with_the_last_entry_and_is_asked_for_up_to_the_present() {
    let mut office = office();
    let last = after().plus_micros(400_000);
    let line = passage(last, "G1", Direction::In, SubjectKind::VehHazmat);
    append(&mut office.journal, &[line]);
    office.clock.advance_ms(1_000);
    let reports = office.reports(config());
    let asked = async |to: Timestamp, received: Timestamp| {
        let request = ReportRequest {
            request_id: "RQ-1".to_owned(),
            report_type: RPT,
            period: Period {
                from: at("2026-04-01T00:00:00+08:00"),
                to,
                granularity: Granularity::OnDemand,
            },
            region_code: None,
            legal_basis: None,
        };
        let built = reports.asked(&request, received).await;
        built.map_err(|fault| fault.code())
    };
    let now = after().plus_seconds(1);
    let built = asked(now.plus_seconds(-60), now).await.unwrap();
    assert_eq!(read(&built.bytes).period.to, last);
    let past = asked(now.plus_seconds(-301), now).await;
    assert_eq!(past.err(), Some("S078"));
    let to_come = asked(now.plus_seconds(301), now).await;
    assert_eq!(to_come.err(), Some("S078"));
    // Answered late, after a restart: the present is that of the request.
    assert!(asked(now, now.plus_seconds(10)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scheduler_builds_the_days_that_are_over() {
    let office = office();
    let settings: ReportsConfig = toml::from_str(
        r#"build = [
            { report = "RPT-01", schedule = { every_s = 1 } },
            { report = "RPT-07", schedule = { every_s = 1 }, granularity = "ON_DEMAND" },
        ]"#,
    )
    .unwrap();
    let reports = office.reports(settings);
    let (trigger, shutdown) = Shutdown::pair();
    let running = tokio::spawn(cordon_reports::run(
        std::sync::Arc::clone(&reports),
        shutdown,
    ));
    let deadline = Instant::now() + Duration::from_secs(60);
    let ids = || {
        let mut ids: Vec<String> = reports
            .list()
            .into_iter()
            .map(|one| one.report_id)
            .collect();
        ids.sort();
        ids
    };
    while ids().len() < 2 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    trigger.pull();
    running.await.unwrap();
    // The day before the journal began is not reported on.
    assert_eq!(
        ids(),
        [
            "RPT-01.JS-DEMO.2026-03-31",
            "RPT-07.JS-DEMO.2026-04-01.so-far"
        ]
    );
    let due = reports.due(RPT, after()).await.unwrap();
    let due: Vec<_> = due.iter().map(|it| (&*it.report_id, it.version)).collect();
    assert_eq!(due, [("RPT-01.JS-DEMO.2026-03-31", 1)]);
}

#[tokio::test]
async fn what_is_built_beside_a_hub_is_listed_and_recorded_by_it() {
    let office = office();
    let of_hub = office.reports(config());
    let beside = office.reports(config());
    let built = beside.build_now(RPT, Span::day(day("12:00:00"))).unwrap();
    assert!(of_hub.list().is_empty());
    assert_eq!(of_hub.record_missing().await.unwrap(), 1);
    assert_eq!(of_hub.list(), [built.entry]);
    // Both build on: they see each other's versions and never use a number twice.
    assert!(
        !of_hub
            .build_now(RPT, Span::day(day("12:00:00")))
            .unwrap()
            .is_new
    );
}
