//! Power was off for days: the last day that the hub ran is reported on as if it had not been.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::Shutdown;
use cordon_model::{ReportType, Timestamp};
use cordon_reports::{Reports, ReportsConfig};

use crate::made::{Line, Office, append, day, hub_start};
use crate::wrong_clock::{car, ticks};

const RPT: ReportType = ReportType::Rpt01;
const DAY_S: i64 = 86_400;

/// A hub that ran for a day, then again from 00:20 on so many days after it.
fn office(days_off: i64) -> (Office, Timestamp) {
    let back = day("00:20:00").plus_seconds((1 + days_off) * DAY_S);
    let mut office = Office::new(back);
    let mut lines: Vec<Line> = ticks(day("00:01:00"), 1_436).collect();
    lines.push(car(day("08:00:30"), "G1"));
    lines.push(hub_start(back));
    lines.sort_by_key(|line| line.time);
    append(&mut office.journal, &lines);
    (office, back)
}

fn settings() -> ReportsConfig {
    let build = r#"build = [{ report = "RPT-01", schedule = { daily_at = "00:10" } }]"#;
    toml::from_str(build).unwrap()
}

/// The days, oldest first, and a whole number of days back from the start at the push time.
async fn days(reports: &Arc<Reports>, at: Timestamp, surely: bool) -> Vec<String> {
    let due = match surely {
        true => reports.missed(RPT, at).await,
        false => reports.due(RPT, at).await,
    };
    let ids = due.unwrap().into_iter().map(|it| it.report_id);
    ids.map(|id| id.replace("RPT-01.JS-DEMO.", "")).collect()
}

#[tokio::test]
async fn the_last_day_before_an_outage_is_due_after_it_and_the_days_of_it_too() {
    let (office, back) = office(5);
    let reports = office.reports(settings());
    let at = back.plus_seconds(-300);
    let of_outage = ["04-01", "04-02", "04-03", "04-04", "04-05"];
    let all = ["03-31"].into_iter().chain(of_outage);
    let all: Vec<String> = all.map(|day| format!("2026-{day}")).collect();
    assert_eq!(days(&reports, at, false).await, all);
    // What only the clock of a start says is over waits until that has stood.
    assert_eq!(days(&reports, at, true).await, all[..2]);
    let built = |kind, at| {
        let built = reports.built(kind, at).into_iter();
        built.map(|it| it.report_id).collect::<Vec<_>>()
    };
    let names = |days: &[String]| -> Vec<_> {
        let days = days.iter();
        days.map(|day| format!("RPT-01.JS-DEMO.{day}")).collect()
    };
    assert_eq!(built(RPT, at), names(&all));
    assert_eq!(built(RPT, at.plus_seconds(-DAY_S)), names(&all[..5]));
    assert!(built(ReportType::Rpt06, at).is_empty());
}

#[tokio::test]
async fn of_a_long_outage_a_month_is_reported_on_and_the_last_day_before_it() {
    let (office, back) = office(70);
    let reports = office.reports(settings());
    let found = days(&reports, back, false).await;
    assert_eq!(found.len(), 32, "{found:?}");
    assert_eq!((&*found[0], &*found[1]), ("2026-03-31", "2026-05-10"));
    assert_eq!(found[31], "2026-06-09");
    assert_eq!(days(&reports, back, true).await, ["2026-03-31"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scheduler_builds_it_after_the_start() {
    let (office, _) = office(5);
    let reports = office.reports(settings());
    let (trigger, shutdown) = Shutdown::pair();
    let running = tokio::spawn(cordon_reports::run(Arc::clone(&reports), shutdown));
    let deadline = Instant::now() + Duration::from_secs(60);
    while reports.list().len() < 6 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    trigger.pull();
    running.await.unwrap();
    let first = reports.list().into_iter().map(|it| it.report_id).min();
    assert_eq!(first.unwrap(), "RPT-01.JS-DEMO.2026-03-31");
}
