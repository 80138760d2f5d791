//! Secrets and packages of a whole park that cannot be read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};

use cordon_contract::{
    Clock as _, Intake, Link, LinkState, Order, OrderLane, OutcomeKind, Shutdown, SystemClock,
    Target,
};
use cordon_model::{
    AuditEvent, AuditOutcome, Body, Header, Message, MessageId, Quality, SCHEMA_VERSION,
    Sensitivity,
};

use super::*;
use crate::prepare::{self, Extent, Ports};

/// The prepared park with all its doors.
fn prepared(root: &Path) -> PathBuf {
    let made = prepare::folder(root, Ports::new(Some(21_000)), Extent::Full);
    made.ok().unwrap()
}

type Spoil = fn(&Path);

/// What stands in a secret's place; its account makes no difference to any of them.
const SPOILED: [(&str, Spoil); 4] = [
    ("missing", |_| {}),
    ("empty", |file| write_private(file, b"\nbelow\n")),
    ("no text", |file| write_private(file, b"\xff\xfe\n")),
    ("a folder", |file| std::fs::create_dir(file).unwrap()),
];

fn write_private(file: &Path, bytes: &[u8]) {
    std::fs::write(file, bytes).unwrap();
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o600)).unwrap();
}

fn codes(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(Fault::code).collect()
}

/// What each adapter serves, by name.
fn served(loaded: &Loaded) -> BTreeMap<String, Vec<Target>> {
    let all = loaded.adapters.iter().map(|adapter| adapter.definition());
    all.map(|mut it| {
        it.targets.sort();
        (it.name, it.targets)
    })
    .collect()
}

/// The names of those that rest.
fn resting(loaded: &Loaded) -> Vec<String> {
    let all = loaded.adapters.iter();
    let resting = all.filter(|adapter| {
        let trouble = adapter.trouble();
        trouble.is_some_and(|fault| fault.code() == "K024")
    });
    resting.map(|adapter| adapter.definition().name).collect()
}

/// One board's password took the gates away.
#[test]
fn an_adapter_whose_secret_cannot_be_used_rests_and_everything_else_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = prepared(folder.path());
    let whole = served(&ParkConfig::check(&file).ok().unwrap().1);
    for (secret, adapter) in [
        ("board", Some("receivers")),
        ("platform", Some("province")),
        ("plant", Some("plant-two")),
        ("mqtt-hub", Some("sensors")),
        ("cameras", Some("cameras")),
        // The broker of the demo alone has it.
        ("broker-users", None),
    ] {
        let place = folder.path().join("secrets").join(secret);
        let aside = folder.path().join("aside");
        std::fs::rename(&place, &aside).unwrap();
        for (how, spoil) in SPOILED {
            spoil(&place);
            let checked = ParkConfig::check(&file);
            let (_, loaded) = checked.unwrap_or_else(|faults| panic!("{secret} {how}: {faults:?}"));
            assert_eq!(resting(&loaded), Vec::from_iter(adapter), "{secret} {how}");
            assert_eq!(served(&loaded), whole, "{secret} {how}");
            let is_told = adapter.is_some() || place.exists();
            let told = ["K024"].get(..usize::from(is_told)).unwrap();
            assert_eq!(codes(&loaded.resting), told, "{secret} {how}");
            let _ = std::fs::remove_file(&place);
            let _ = std::fs::remove_dir(&place);
        }
        std::fs::rename(&aside, &place).unwrap();
    }
    let (_, loaded) = ParkConfig::check(&file).ok().unwrap();
    assert!(loaded.resting.is_empty(), "{:?}", loaded.resting);
}

#[test]
fn a_camera_that_lacks_its_password_takes_no_other_camera_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = prepared(folder.path());
    let text = std::fs::read_to_string(&file).unwrap();
    let other = text.replacen("\"secrets/cameras\"", "\"secrets/none\"", 1);
    assert!(other.contains("\"secrets/cameras\"") && other != text);
    std::fs::write(&file, other).unwrap();
    let (_, loaded) = ParkConfig::check(&file).ok().unwrap();
    assert_eq!(codes(&loaded.resting), ["K024"], "told all the same");
    assert!(resting(&loaded).is_empty(), "{:?}", resting(&loaded));
}

/// Nothing is connected, everything that is asked of it says why.
#[tokio::test]
async fn what_stands_in_fails_each_order_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = prepared(folder.path());
    for secret in ["cameras", "board"] {
        std::fs::remove_file(folder.path().join("secrets").join(secret)).unwrap();
    }
    let (config, loaded) = ParkConfig::check(&file).ok().unwrap();
    assert_eq!(resting(&loaded), ["cameras", "receivers"]);
    for adapter in loaded.adapters.iter().filter(|it| it.trouble().is_some()) {
        let name = adapter.definition().name;
        let mut tables = config.adapters.iter();
        let table = tables.find(|table| table.name() == name).unwrap();
        let devices = table.names().devices.len();
        let (intake, _offers) = Intake::bounded(1);
        let (trigger, shutdown) = Shutdown::pair();
        let link = Link {
            intake,
            clock: Arc::new(SystemClock),
            shutdown,
        };
        let running = Arc::clone(adapter).start(link);
        assert_eq!(running.trouble(), adapter.trouble());
        let of_devices = running.health().into_iter();
        let offline = of_devices.filter(|it| it.state == LinkState::Offline);
        assert_eq!(offline.count(), devices, "{name}");
        assert_eq!(running.probe().await.len(), devices, "{name}");
        let outcome = running.execute(order()).await;
        assert_eq!(outcome.kind, OutcomeKind::Failed);
        assert!(outcome.detail.starts_with("K024: "), "{}", outcome.detail);
        trigger.pull();
        running.run().await.unwrap();
    }
}

fn order() -> Order {
    let at = SystemClock.now();
    let hub = PartyId::new("hub-1").unwrap();
    let body = Body::AuditEvent(AuditEvent {
        action: "hub.start".to_owned(),
        actor_id: hub.clone(),
        target: None,
        outcome: AuditOutcome::Success,
        detail: None,
        at,
    });
    let header = Header {
        schema_version: SCHEMA_VERSION.into(),
        message_id: MessageId::random(),
        message_type: body.message_type(),
        park_code: "JS-DEMO".parse().unwrap(),
        sender_id: hub,
        recipient_id: None,
        occurred_at: at,
        sent_at: at,
        sequence: 0,
        correlation_id: None,
        source_ref: None,
        quality: Quality::Derived,
        sensitivity: Sensitivity::Internal,
        test: false,
        attested_by: None,
    };
    Order {
        number: 1,
        target: Target::receiver("duty-room"),
        lane: OrderLane::Routine,
        deadline: at.plus_seconds(60),
        epoch: 1,
        attempt: 0,
        turn: 0,
        message: Arc::new(Message { header, body }),
    }
}

#[test]
fn the_hubs_own_key_and_an_open_secret_end_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = prepared(folder.path());
    let secrets = folder.path().join("secrets");
    std::fs::remove_file(secrets.join("platform")).unwrap();
    let open = PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(secrets.join("board"), open).unwrap();
    let faults = ParkConfig::check(&file).err().unwrap();
    assert_eq!(codes(&faults), ["K023", "K024"], "{faults:?}");
    write_private(&secrets.join("platform"), b"a word\n");
    write_private(&secrets.join("board"), b"a word of twenty letters\n");
    let (config, _) = ParkConfig::check(&file).ok().unwrap();
    for (how, spoil) in SPOILED {
        let _ = std::fs::remove_file(&config.hub.key);
        spoil(&config.hub.key);
        let faults = ParkConfig::check(&file).err().unwrap();
        assert_eq!(codes(&faults), ["K024"], "{how}: {faults:?}");
    }
}

#[test]
fn the_share_of_a_disk_that_is_warned_of_is_a_share() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = ParkConfig::read(&prepared(folder.path())).unwrap();
    assert_eq!(config.hub.disk_warn_percent, 80);
    for (percent, is_refused) in [(0, true), (1, false), (100, false), (101, true)] {
        config.hub.disk_warn_percent = percent;
        let faults = cross::check(&config);
        let named = faults
            .iter()
            .any(|fault| fault.place() == "hub.disk_warn_percent");
        assert_eq!(named, is_refused, "{percent}: {faults:?}");
    }
}

#[test]
fn a_package_that_is_there_and_cannot_be_read_is_not_called_missing() {
    let folder = tempfile::tempdir().unwrap();
    let file = prepared(folder.path());
    let (config, _) = ParkConfig::check(&file).ok().unwrap();
    let package = config.hub.mappings.unwrap().join("json/sensor/1");
    let said = || {
        let faults = ParkConfig::check(&file).err().unwrap();
        let of_it = faults.into_iter().find(|fault| fault.code() == "K028");
        of_it.unwrap().log_text().to_owned()
    };
    // No account can look at what a link to itself names.
    std::fs::remove_dir_all(&package).unwrap();
    std::fs::create_dir(&package).unwrap();
    symlink("mapping.toml", package.join("mapping.toml")).unwrap();
    let words = said();
    assert!(words.contains("cannot be read: "), "{words}");
    std::fs::remove_dir_all(&package).unwrap();
    let words = said();
    assert!(words.starts_with("there is no mapping package"), "{words}");
}
