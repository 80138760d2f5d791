//! The virtual camera passes every case, and each mutant fails exactly the case meant for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::SystemClock;
use cordon_sim_camera::{Camera, CameraHandle, Event, Mutant, Settings};
use cordon_suite::Examination;
use cordon_suite::onvif::{CASES, Login, Options, Stimulus, Stir, examine};

use self::common::{each_fails_its_case, nobody, papers, skipped, words};

async fn camera(adjust: impl FnOnce(&mut Settings)) -> Arc<CameraHandle> {
    let mut settings = Settings::default();
    adjust(&mut settings);
    let camera = Camera::start(settings, ([127, 0, 0, 1], 0).into());
    Arc::new(camera.await.unwrap())
}

fn options(camera: &Arc<CameraHandle>) -> Options {
    let camera = Arc::clone(camera);
    let stimulus: Stimulus = Arc::new(move |stir| {
        camera.emit(match stir {
            Stir::Crossing => Event::line_crossed("Fence", 1),
            Stir::MotionBegins => Event::motion(true),
            Stir::MotionEnds => Event::motion(false),
        });
        Box::pin(std::future::ready(Ok(())))
    });
    Options {
        login: Some(Login {
            user: "admin".to_owned(),
            password: "cordon-camera".to_owned(),
        }),
        stimulus: Some(stimulus),
        ..Options::default()
    }
}

async fn examined(adjust: impl FnOnce(&mut Settings)) -> Examination {
    let camera = camera(adjust).await;
    examine(camera.addr(), &options(&camera), &SystemClock).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_virtual_camera_passes_every_case() {
    let camera = camera(|_| {}).await;
    let examination = examine(camera.addr(), &options(&camera), &SystemClock).await;
    let said = words(&examination);
    assert_eq!(examination.counts().passed, CASES.len(), "{said}");
    assert_eq!(examination.subject.model, "Virtual Camera");
    assert_eq!(camera.counters().subscriptions, 0, "nothing is left behind");
    assert!(papers(&examination).declaration.is_some());
}

/// One fault, one case.
#[tokio::test(flavor = "multi_thread")]
async fn each_mutant_fails_exactly_the_case_meant_for_it() {
    let case_of = |mutant| match mutant {
        Mutant::SlowClock => "O03",
        Mutant::NamelessIdentity => "O04",
        Mutant::OpenDoor => "O06",
        Mutant::AnyTokenPassword => "O08",
        Mutant::AnyDigestPassword => "O09",
        Mutant::StaleTokens => "O10",
        Mutant::ReusedNonces => "O11",
        Mutant::YesMan => "O12",
        Mutant::HiddenTopic => "O20",
        Mutant::LastFirst => "O21",
        Mutant::DeafToFilters => "O22",
        Mutant::HastyPull => "O23",
        Mutant::HollowRenew => "O24",
        Mutant::ImmortalSubscriptions => "O25",
        Mutant::HollowUnsubscribe => "O26",
        Mutant::NoTerminationTime => "O28",
    };
    let mutants = Mutant::ALL.map(|mutant| (mutant, case_of(mutant)));
    each_fails_its_case(mutants, |mutant| examined(move |s| s.mutant = Some(mutant))).await;
}

/// What some cameras do and the standard allows must not cost them the examination.
#[tokio::test(flavor = "multi_thread")]
async fn lawful_differences_pass() {
    let mut runs = tokio::task::JoinSet::new();
    for (quirk, value) in [
        ("digest_only", "true"),
        ("token_only", "true"),
        ("reference_parameters", "true"),
        ("nanosecond_times", "true"),
        ("needs_termination_time", "true"),
    ] {
        runs.spawn(async move {
            let examination = examined(|s| s.quirks.set(quirk, value).unwrap()).await;
            let said = words(&examination);
            assert!(examination.passed(), "{quirk}:\n{said}");
        });
    }
    runs.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_camera_does_wrong_is_found() {
    let mut runs = tokio::task::JoinSet::new();
    for (quirk, value, case) in [
        ("xaddr_host", "192.0.2.7", "O05"),
        ("clock_after_reboot_ms", "900000", "O29"),
        ("first_pull_unknown", "true", "O18"),
    ] {
        runs.spawn(async move {
            let examination = examined(|s| s.quirks.set(quirk, value).unwrap()).await;
            let said = words(&examination);
            assert!(examination.failures().contains(&case), "{quirk}: {said}");
        });
    }
    runs.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_login_and_stimulus_the_cases_that_need_them_do_not_apply() {
    let camera = camera(|_| {}).await;
    let mut options = options(&camera);
    options.stimulus = None;
    options.reboot = false;
    let examination = examine(camera.addr(), &options, &SystemClock).await;
    let expected = ["O18", "O19", "O20", "O21", "O22", "O27", "O29"];
    assert_eq!(skipped(&examination), expected, "{}", words(&examination));
    assert!(examination.passed());
}

#[tokio::test]
async fn nobody_at_home_fails_once_and_only_named_cases_are_asked() {
    let options = Options {
        timeout: Duration::from_secs(2),
        only: vec!["O03".to_owned()],
        ..Options::default()
    };
    let examination = examine(nobody(), &options, &SystemClock).await;
    assert_eq!(examination.failures(), ["O01"]);
    assert_eq!(examination.results.len(), 2);
}
