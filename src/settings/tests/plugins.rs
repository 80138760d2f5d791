//! A plug-in that need not run, in a demo park: its section is a setting like any other.

use cordon_flow::SettingsChange;

use super::*;
use crate::plugins::tests::Config;
use crate::plugins::{Plugins, plugins_beside};

fn noting(config: &mut ParkConfig, each: Option<u64>) {
    config.plugins.0.clear();
    if let Some(noted_each) = each {
        let section = Config {
            noted_each,
            gate: None,
        };
        config.plugins.0.insert("tally", Box::new(section));
    }
}

/// What it noted, and what the journal says of its section, in order.
fn told(root: &Path) -> (Vec<String>, Vec<String>) {
    let reader = EntryReader::open(root.join("journal")).unwrap();
    let (mut noted, mut said) = (Vec::new(), Vec::new());
    for stored in reader.read_from(1).unwrap().map(Result::unwrap) {
        if stored.entry.label.starts_with("plugins.tally/1;") {
            said.push(String::from_utf8(stored.record.body.to_vec()).unwrap());
        }
        if let Some(Body::AuditEvent(event)) = stored.entry.message.as_deref().map(|it| &it.body)
            && event.action == "tally.noted"
        {
            noted.extend(event.target.clone());
        }
    }
    (noted, said)
}

async fn change(hub: &RunningHub, present: &ParkSettings, config: &ParkConfig) -> Vec<String> {
    let mappings = Mappings::load(config.hub.mappings.as_ref().unwrap()).unwrap();
    let Plugins { list, settings } = plugins_beside(present, config, &mappings).ok().unwrap();
    let plan = Arc::new(config.plan.clone());
    let authority = Authority::new(plan, config.hub.id.clone(), config.authority.clone());
    let change = SettingsChange {
        maker: settings,
        plugins: list,
        authority: authority.unwrap(),
        mappings: Arc::new(mappings),
    };
    let changed = hub.submit().change_settings(change).await.unwrap();
    changed.into_iter().map(|part| part.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn its_section_is_taken_up_without_a_restart_and_replayed_as_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (_, mut config) = prepared(root);
    let clock = ManualClock::new(Timestamp::from_micros(1_795_478_400_000_000));
    let (hub, intake, present) = start(root, &config, &clock).await;
    let mut number = 0;
    for each in [None, Some(1), Some(2), None, Some(1)] {
        if number > 0 {
            noting(&mut config, each);
            assert_eq!(change(&hub, &present, &config).await, ["plugins.tally"]);
        }
        for _ in 0..2 {
            number += 1;
            clock.advance_ms(1_000);
            intake.offer(capture(number, clock.now())).await.unwrap();
        }
    }
    drop(intake);
    let ended = hub.shutdown_at().await.unwrap();
    let (noted, said) = told(root);
    assert_eq!(noted, ["1 by 1", "2 by 1", "4 by 2", "1 by 1", "2 by 1"]);
    let says = |each: u64| format!("{{\"noted_each\":{each},\"gate\":null}}");
    assert_eq!(said, [says(1), says(2), "null".to_owned(), says(1)]);
    // Whatever the configuration says today.
    for each in [None, Some(7)] {
        noting(&mut config, each);
        let reader = EntryReader::open(root.join("journal")).unwrap();
        let maker: Arc<dyn Maker> = today(&config);
        let report = replay_under(&reader, &maker, None, None, |_| {}).unwrap();
        assert_eq!(report.first_difference, None);
        assert_eq!(Some((report.number, report.state_hash)), ended);
    }
}

/// A section that a later program reads no more is marked; the plug-in goes by today's.
#[test]
fn what_it_was_told_and_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut config) = prepared(folder.path());
    noting(&mut config, Some(3));
    let settings = today(&config);
    for (form, body, is_good) in [
        (1, "{\"noted_each\":2,\"gate\":null}", true),
        (1, "null", true),
        (2, "{\"noted_each\":2,\"gate\":null}", false),
        (1, "{\"colour\":1}", false),
    ] {
        let part = Part::new("plugins.tally", form, body);
        let made = settings.make(&BTreeMap::from([("plugins.tally", &part)]));
        let unusable = made.unwrap().unusable;
        assert_eq!(unusable.is_empty(), is_good, "{body}");
        if let [unusable] = &unusable[..] {
            assert_eq!(unusable.why.place(), "settings: plugins.tally");
        }
    }
}
