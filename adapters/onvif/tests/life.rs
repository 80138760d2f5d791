//! Logins, clocks, cuts, reboots, garbage: what happens to a camera's session, and what is shown.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod park;

use std::collections::BTreeSet;
use std::time::Duration;

use cordon_contract::{Adapter as _, LinkState, Payload};
use cordon_model::{Body, DeviceState};
use cordon_onvif::{Config, OnvifAdapter};
use cordon_sim_camera::Event;
use park::{Park, camera, config, point, quirk, topic};

const INSIDE: &str = "tns1:RuleEngine/FieldDetector/ObjectsInside";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_said_and_not_hammered() {
    for quirks in [None, Some("digest_only"), Some("token_only")] {
        let camera = camera(|settings| {
            if let Some(name) = quirks {
                settings.quirks.set(name, "true").unwrap();
            }
        })
        .await;
        let mut park = Park::with_password(&camera, "login_retry_s = 4", "wrong");
        assert!(park.until(|health| health.reason.contains("A062")).await);
        assert_eq!(park.health().state, LinkState::Offline);
        // The challenge asked for without a login, and one try with the wrong password.
        let refused = camera.counters().logins_refused;
        assert!(refused <= 2, "{quirks:?}: {refused} refused logins at once");
        park.password("cordon-camera");
        assert!(
            park.until_state(LinkState::Online).await,
            "{:?}",
            park.health()
        );
        park.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_camera_is_logged_in_to_as_configured() {
    for (auth, quirk_name, works) in [
        ("digest", "digest_only", true),
        ("token", "token_only", true),
        ("both", "digest_only", true),
        ("token", "digest_only", false),
        ("digest", "token_only", false),
    ] {
        let camera = camera(quirk(quirk_name, "true")).await;
        let more = format!("auth = \"{auth}\"");
        let mut park = Park::start(&camera, &more);
        let state = if works {
            LinkState::Online
        } else {
            LinkState::Offline
        };
        assert!(
            park.until_state(state).await,
            "{auth} {quirk_name}: {:?}",
            park.health()
        );
        park.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reboot_and_a_cut_are_shown_and_overcome() {
    let camera = camera(|_| {}).await;
    let mut park = Park::start(&camera, "");
    assert!(park.until_state(LinkState::Online).await);
    camera.emit(Event::field_intrusion("Yard", 8, true));
    let seen = |reading: &cordon_contract::Reading| topic(reading) == INSIDE;
    assert!(!park.until_said(seen).await.unwrap().initial);
    camera.set_offline(true);
    assert!(park.until_state(LinkState::Offline).await);
    assert!(park.health().reason.contains("A060"));
    camera.set_offline(false);
    assert!(park.until_state(LinkState::Online).await);
    camera.reboot();
    // The state comes again after the new subscription, and is no news.
    let initial = |reading: &cordon_contract::Reading| seen(reading) && reading.initial;
    assert!(park.until_said(initial).await.is_some());
    camera.forget_subscriptions();
    let came = park.until_seen("after", || camera.emit(Event::line_crossed("after", 1)));
    assert!(came.await);
    let states: Vec<DeviceState> = park.said().iter().filter_map(status).collect();
    assert!(states.contains(&DeviceState::Online) && states.contains(&DeviceState::Offline));
    park.stop().await;
    assert_eq!(
        camera.counters().subscriptions,
        0,
        "the place is given back"
    );
}

fn status(reading: &cordon_contract::Reading) -> Option<DeviceState> {
    match &reading.payload {
        Payload::Body(body) => match body.as_ref() {
            Body::DeviceStatus(status) => Some(status.state),
            _ => None,
        },
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_clock_is_told_and_not_believed() {
    let camera = camera(|_| {}).await;
    let mut park = Park::start(&camera, "auth = \"token\"");
    let came = park.until_seen("right", || camera.emit(Event::line_crossed("right", 1)));
    assert!(came.await);
    camera.set_clock_offset_ms(-3_600_000);
    let came = park.until_seen("wrong", || camera.emit(Event::line_crossed("wrong", 1)));
    assert!(came.await, "{:?}", park.health());
    let of = |rule: &str| {
        let said = park.said();
        let found = said
            .iter()
            .rfind(|reading| point(reading, "source.Rule") == rule);
        found.unwrap().clone()
    };
    assert!(of("right").observed_at.is_some());
    assert_eq!(of("wrong").observed_at, None);
    let health = park.health();
    assert_eq!(health.state, LinkState::Degraded);
    let off = health.clock_offset_ms.unwrap();
    assert!((off + 3_600_000).abs() < 5_000, "{off}");
    park.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_that_must_be_renewed_live_on() {
    for refused in [false, true] {
        let camera = camera(|settings| {
            settings.quirks.needs_renew = true;
            settings.quirks.renew_refused = refused;
            settings.quirks.renew_crash_ms = Some(2_000);
        })
        .await;
        let mut park = Park::start(&camera, "");
        assert!(park.until_state(LinkState::Online).await);
        // Longer than one life: nothing is lost between renewals or replacements.
        for number in 0..12 {
            camera.emit(Event::line_crossed("many", number));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let all = |park: &Park| -> BTreeSet<String> {
            let said = park.said();
            let many = said
                .iter()
                .filter(|reading| point(reading, "source.Rule") == "many");
            many.map(|reading| point(reading, "data.ObjectId").to_owned())
                .collect()
        };
        assert!(
            park.until(|_| all(&park).len() == 12).await,
            "{refused}: {:?}",
            all(&park)
        );
        assert_eq!(park.health().reason.contains("does not renew"), refused);
        assert_eq!(camera.counters().reboots, 0, "renewed too often");
        // Told twice by two subscriptions at once, an event has one identity.
        let said = park.said();
        let many = said
            .iter()
            .filter(|reading| point(reading, "source.Rule") == "many");
        let ids: BTreeSet<_> = many.map(|reading| reading.message_id.unwrap()).collect();
        assert_eq!(ids.len(), 12);
        park.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_batch_is_pulled_after_the_last_was_answered() {
    let camera = camera(|_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let adapter = OnvifAdapter::new(config(&camera, &folder, ""), None).unwrap();
    let (intake, mut offers) = cordon_contract::Intake::bounded(64);
    let (trigger, shutdown) = cordon_contract::Shutdown::pair();
    let link = cordon_contract::Link {
        intake,
        clock: std::sync::Arc::new(cordon_contract::SystemClock),
        shutdown,
    };
    let adapter = std::sync::Arc::new(adapter).start(link);
    let runner = std::sync::Arc::clone(&adapter);
    let running = tokio::spawn(async move { runner.run().await });
    let mut held = Vec::new();
    let mut stop_after = None;
    while let Some(offer) = offers.recv().await {
        if status(&offer.reading).is_some() {
            let _ = offer
                .answer
                .send(Err(cordon_contract::Fault::new("F010", "not wanted")));
            if stop_after.is_none() && adapter.health()[0].state == LinkState::Online {
                camera.emit(Event::line_crossed("first", 1));
            }
            if let Some(requests) = stop_after {
                assert_eq!(
                    camera.counters().requests,
                    requests,
                    "pulled before the answer"
                );
                break;
            }
            continue;
        }
        held.push(offer);
        // From here on nothing is answered: the next status comes, and no further request.
        stop_after = Some(camera.counters().requests);
    }
    drop(held);
    drop(offers);
    trigger.pull();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_names_the_camera_and_its_clock() {
    let camera = camera(|_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let adapter = OnvifAdapter::new(config(&camera, &folder, ""), None).unwrap();
    let adapter = std::sync::Arc::new(adapter).start(cordon_fixtures::resting_link());
    let probe = adapter.probe().await.remove(0);
    assert!(
        probe.ok && probe.detail.contains("Virtual Camera"),
        "{probe:?}"
    );
    camera.set_offline(true);
    let probe = adapter.probe().await.remove(0);
    assert!(!probe.ok && probe.detail.contains("A060"), "{probe:?}");
    assert_eq!(camera.counters().subscriptions, 0);
}

#[test]
fn wrong_configurations_are_refused_with_their_place() {
    let bad = |text: &str| -> Vec<String> {
        let config: Config = toml::from_str(text).unwrap();
        let faults = OnvifAdapter::new(config, None).err().unwrap_or_default();
        assert!(
            faults
                .iter()
                .all(|fault| fault.code() == "K070" && !fault.remedy_text().is_empty())
        );
        faults
            .iter()
            .map(|fault| fault.place().to_owned())
            .collect()
    };
    let head = "name = \"c\"\n";
    let one = |more: &str| format!("{head}[[camera]]\ndevice = \"C-1\"\n{more}");
    assert_eq!(bad(head), ["onvif `c`: camera"]);
    assert_eq!(bad(&one("address = \"ftp://x\"")).len(), 1);
    assert_eq!(bad(&one("address = \"https://x/\"")), ["onvif `c`: ca"]);
    assert!(bad(&one("address = \"http://x/\"")).is_empty());
    for field in [
        "user = \"admin\"",
        "pull_timeout_s = 61",
        "subscription_s = 4",
        "clock_trust_s = 0",
        "answer_bytes_max = 1",
        "mapping = \"onvif\"",
        "area = \"a b\"",
        "filter = [\"maker:Log\"]",
    ] {
        let faults = bad(&one(&format!("address = \"http://x/\"\n{field}")));
        assert_eq!(faults.len(), 1, "{field}");
    }
    let twice = format!(
        "{}[[camera]]\ndevice = \"C-1\"\naddress = \"http://y/\"",
        one("address = \"http://x/\"\n")
    );
    assert_eq!(bad(&twice), ["onvif `c`: camera `C-1`"]);
    assert!(toml::from_str::<Config>("name = \"c\"\nspeed = 1").is_err());
}
