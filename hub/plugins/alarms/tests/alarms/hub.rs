//! A hub as the plug-in sees one: entries are numbered, decisions become entries that are stepped in
//! turn, orders are carried out or not.

use std::collections::VecDeque;
use std::sync::Arc;

use cordon_alarms::{AlarmPlugin, Config, Routes};
use cordon_contract::{Decision, Decisions, Entry, EntryKind, Kept, Plugin as _, speaker_of};
use cordon_model::plan::ParkPlan;
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, Body, DeviceId, DeviceKind,
    DeviceState, DeviceStatus, Digest, Header, Message, MessageId, ParkCode, PartyId, Quality,
    Sample, SampleQuality, Sensitivity, SensorReadingBatch, Thresholds, Timestamp,
};

use cordon_fixtures::Stored;

pub const PLAN: &str = r#"
code = "JS-320700-01"
name = "park"
areas = [{ id = "A-CORE", grade = "CORE" }, { id = "A-GEN", grade = "GENERAL" }]
gates = [{ id = "G-01", name = "gate", class = "COMPREHENSIVE", area = "A-CORE" }]
lanes = [{ id = "L-01", gate = "G-01" }]
devices = [
  { id = "CAM-01", kind = "CAMERA", area = "A-CORE" },
  { id = "CAM-02", kind = "CAMERA", lane = "L-01" },
  { id = "GAS-01", kind = "SENSOR", area = "A-GEN" },
  { id = "GAS-02", kind = "SENSOR", area = "A-GEN" },
  { id = "GAS-E1", kind = "SENSOR", area = "A-GEN", owner = "enterprise-1" },
]
enterprises = [{ id = "enterprise-1", name = "plant", uscc = "91320700MA1234567X" }]
"#;

pub fn plan() -> ParkPlan {
    toml::from_str(PLAN).unwrap()
}

pub fn party(id: &str) -> PartyId {
    PartyId::new(id).unwrap()
}

pub fn plugin(routes: &str, config: Config) -> AlarmPlugin {
    let routes = Routes::read(routes, "routes.toml").unwrap_or_else(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    });
    AlarmPlugin::new(Arc::new(plan()), routes, party("HUB-1"), config)
}

/// Kind, sender, body, label, cause, and the speaker whom the hub attests with what it was called.
type Input = (EntryKind, String, Option<Body>, String, u64, Option<Speech>);
/// A speaker, and the name under which he said what the hub says under another.
pub type Speech = (String, Option<String>);

pub struct Hub {
    pub plugin: AlarmPlugin,
    pub now: Timestamp,
    /// Every entry so far.
    pub entries: Vec<Entry>,
    /// Whose statement leads to what has a cause.
    pub led_by: Option<String>,
    /// What the author of what has a cause called it, where the hub says it of itself.
    pub called: Option<String>,
    /// How long before it is heard what is said happened, by the clock of who says it.
    pub behind_s: i64,
    /// Orders that wait for an outcome: number, receiver, what they say.
    pub orders: Vec<(u64, String, Body)>,
    /// Other routes hold than those of the last entry.
    pub is_rerouted: bool,
    /// What a store holds of the state: it is told after each entry.
    pub stored: Stored,
}

impl Hub {
    pub fn new(routes: &str) -> Self {
        Self::with(routes, Config::default())
    }

    pub fn with(routes: &str, config: Config) -> Self {
        let mut plugin = plugin(routes, config);
        Self {
            stored: Stored::of(&plugin.kept().unwrap()),
            plugin,
            now: "2026-11-24T08:00:00+08:00".parse().unwrap(),
            led_by: None,
            called: None,
            behind_s: 0,
            is_rerouted: false,
            entries: Vec::new(),
            orders: Vec::new(),
        }
    }

    /// The state goes to where it is stored and comes back, as at a restart.
    pub fn restart(&mut self) {
        self.stored.restart(&mut self.plugin);
    }

    /// Other routes hold from the next entry on: a plug-in made of them goes on from the state there is.
    pub fn reroute(&mut self, routes: &str) {
        let kept = self.plugin.kept().unwrap();
        self.is_rerouted = true;
        self.plugin = plugin(routes, Config::default());
        self.put_back(&kept);
    }

    /// Goes on from another state.
    pub fn put_back(&mut self, kept: &Kept) {
        self.stored.put_back(&mut self.plugin, kept);
    }

    /// Steps one entry and everything it leads to; what was said, without the input.
    pub fn step(
        &mut self,
        kind: EntryKind,
        sender: &str,
        body: Option<Body>,
        label: &str,
        cause: u64,
    ) -> Vec<Body> {
        self.led((kind, sender.to_owned(), body, label.to_owned(), cause, None))
    }

    /// What a device says through an adapter: the hub attests it.
    pub fn speech(&mut self, device: &str, body: Body) -> Vec<Body> {
        let device = Some((device.to_owned(), None));
        let kind = EntryKind::Message;
        self.led((kind, "HUB-1".into(), Some(body), String::new(), 0, device))
    }

    /// What the flow tells again under a name of its own: whose word it is, and what he called it.
    pub fn told_again(&mut self, speech: Speech, body: Body) -> Vec<Body> {
        let kind = EntryKind::Message;
        let cause = self.entries.len().max(1) as u64;
        let speech = Some(speech);
        self.led((
            kind,
            "HUB-1".into(),
            Some(body),
            String::new(),
            cause,
            speech,
        ))
    }

    /// An alarm that rises leaves its groups and joins them again: so a group and its member may be told as they
    /// were, with that alarm. A tick that finds other routes notes who is to be told, and what is due, and does it.
    fn take(&mut self) {
        let alarms = |stored: &Stored| stored.changed.get("alarms").copied();
        let before = alarms(&self.stored);
        let as_they_were = self.stored.take(&mut self.plugin);
        let is_risen = alarms(&self.stored) != before;
        let rejoins = |name: &&str| is_risen && ["groups", "members"].contains(name);
        let is_rerouted = std::mem::take(&mut self.is_rerouted);
        let is_told = |name: &&str| is_rerouted && ["owed", "timers"].contains(name);
        let is_known = |name: &&str| rejoins(name) || is_told(name);
        assert!(as_they_were.iter().all(is_known), "{as_they_were:?}");
    }

    fn led(&mut self, first: Input) -> Vec<Body> {
        let mut said = Vec::new();
        self.stored.begin();
        let mut queue = VecDeque::from([first]);
        while let Some((kind, sender, body, label, cause, speaker)) = queue.pop_front() {
            let entry = self.entry(kind, (&sender, speaker), body, label, cause);
            self.entries.push(entry.clone());
            let mut decisions = Decisions::default();
            let is_idle =
                entry.kind == EntryKind::Tick && !self.plugin.is_due(entry.time, entry.clock);
            self.plugin.step(&entry, &mut decisions);
            if is_idle {
                let tables = self.plugin.tables();
                let changed = tables.iter().map(|it| it.changed()).sum::<usize>();
                assert_eq!(
                    (decisions.items().len(), changed),
                    (0, 0),
                    "nothing was due"
                );
            }
            self.take();
            for decision in decisions.take() {
                match decision {
                    Decision::Emit {
                        body,
                        again,
                        correlation,
                    } => {
                        let speaker = entry.message.as_deref().map(speaker_of);
                        let speaker = speaker.filter(|_| again);
                        let speaker = speaker.map(|who| (who.to_owned(), correlation));
                        said.push((*body).clone());
                        let kind = match *body {
                            Body::AuditEvent(_) => EntryKind::Audit,
                            _ => EntryKind::Message,
                        };
                        queue.push_back((
                            kind,
                            "HUB-1".into(),
                            Some(*body),
                            String::new(),
                            entry.number,
                            speaker,
                        ));
                    }
                    Decision::Order {
                        target,
                        body,
                        deadline,
                        ..
                    } => {
                        assert!(deadline > self.now);
                        // Numbers are given in the order of the queue: this one comes after all that wait.
                        let number = entry.number + 1 + queue.len() as u64;
                        self.orders
                            .push((number, target.name().to_owned(), (*body).clone()));
                        let label = format!("{};until={}", target.0, deadline.micros());
                        queue.push_back((
                            EntryKind::Order,
                            "HUB-1".into(),
                            Some(*body),
                            label,
                            entry.number,
                            None,
                        ));
                    }
                }
            }
        }
        said
    }

    fn entry(
        &self,
        kind: EntryKind,
        (sender, speaker): (&str, Option<Speech>),
        body: Option<Body>,
        label: String,
        cause: u64,
    ) -> Entry {
        let number = self.entries.len() as u64 + 1;
        let (speaker, name) = speaker.unzip();
        // Whose statement led to it, as the core writes it.
        let led = self.led_by.clone().filter(|_| cause != 0);
        let called = self.called.clone().filter(|_| cause != 0);
        let message = body.map(|body| {
            Arc::new(Message {
                header: Header {
                    message_id: MessageId::from_bytes([7; 16]),
                    message_type: body.message_type(),
                    schema_version: "1.0".to_owned(),
                    park_code: ParkCode::new("JS-320700-01").unwrap(),
                    sender_id: party(sender),
                    recipient_id: None,
                    occurred_at: self.now.plus_seconds(-self.behind_s),
                    sent_at: self.now,
                    sequence: 0,
                    correlation_id: name.flatten().or(called),
                    attested_by: speaker.as_ref().map(|_| party(sender)),
                    source_ref: speaker.or(led),
                    quality: Quality::Measured,
                    sensitivity: Sensitivity::Internal,
                    test: false,
                },
                body,
            })
        });
        Entry {
            number,
            time: self.now,
            clock: self.now,
            settled: self.now,
            kind,
            sender: party(sender),
            message_id: MessageId::from_bytes([7; 16]),
            digest: Digest([0; 32]),
            cause,
            label,
            message,
            overtaken: false,
            late: false,
            acted_at: None,
            of_earlier_run: false,
            standing: cordon_contract::Standing::default(),
        }
    }

    pub fn message(&mut self, body: Body) -> Vec<Body> {
        self.step(EntryKind::Message, "HUB-1", Some(body), "", 0)
    }

    /// Lets time pass, one tick a second.
    pub fn wait(&mut self, seconds: u32) -> Vec<Body> {
        let mut said = Vec::new();
        for _ in 0..seconds {
            self.now = self.now.plus_seconds(1);
            said.extend(self.step(EntryKind::Tick, "HUB-1", None, "", 0));
        }
        said
    }

    /// Takes the receivers ordered since the last call.
    pub fn told(&mut self) -> Vec<String> {
        self.orders
            .drain(..)
            .map(|(_, receiver, _)| receiver)
            .collect()
    }

    /// Gives every waiting order this outcome.
    pub fn outcomes(&mut self, label: &str) -> Vec<Body> {
        let orders = std::mem::take(&mut self.orders);
        let mut said = Vec::new();
        for (number, _, _) in orders {
            said.extend(self.step(EntryKind::Outcome, "HUB-1", None, label, number));
        }
        said
    }

    pub fn raise(&mut self, id: &str, code: AlarmCode, level: AlarmLevel) -> Vec<Body> {
        self.message(Body::AlarmEvent(alarm(id, code, level)))
    }

    pub fn update(
        &mut self,
        sender: &str,
        id: &str,
        (from, to): (AlarmState, AlarmState),
        note: Option<&str>,
    ) -> Vec<Body> {
        let update = AlarmUpdate {
            alarm_id: id.to_owned(),
            state: to,
            previous: from,
            actor_id: party(sender),
            receiver: None,
            escalation_level: None,
            note: note.map(str::to_owned),
            updated_at: self.now,
        };
        self.step(
            EntryKind::Message,
            sender,
            Some(Body::AlarmUpdate(update)),
            "",
            0,
        )
    }

    /// An alarm seen by a device of area A-CORE.
    pub fn detect(
        &mut self,
        id: &str,
        device: &str,
        code: AlarmCode,
        level: AlarmLevel,
    ) -> Vec<Body> {
        let mut event = alarm(id, code, level);
        event.source_device = Some(device.parse().unwrap());
        event.occurred_at = self.now;
        self.speech(device, Body::AlarmEvent(event))
    }

    /// Takes what was ordered since the last call: receiver, alarm, state, words.
    pub fn notices(&mut self) -> Vec<(String, String, AlarmState, String)> {
        let orders = self.orders.drain(..);
        orders
            .map(|(_, receiver, body)| match body {
                Body::AlarmEvent(event) => {
                    (receiver, event.alarm_id, event.state, event.description)
                }
                Body::AlarmUpdate(update) => {
                    let words = update.note.unwrap_or_default();
                    (receiver, update.alarm_id, update.state, words)
                }
                other => panic!("an order of {}", other.message_type()),
            })
            .collect()
    }

    pub fn device(&mut self, device: &str, state: DeviceState) -> Vec<Body> {
        self.message(Body::DeviceStatus(DeviceStatus {
            device_id: DeviceId::new(device).unwrap(),
            device_kind: DeviceKind::Camera,
            vendor: None,
            model: None,
            firmware: None,
            state,
            reason: None,
            clock_offset_ms: None,
            since: None,
            observed_at: self.now,
        }))
    }

    pub fn sample(&mut self, value: i64, quality: SampleQuality) -> Vec<Body> {
        let batch = self.batch(value, quality);
        self.message(Body::SensorReadingBatch(batch))
    }

    /// One value of GAS-01.
    pub fn batch(&self, value: i64, quality: SampleQuality) -> SensorReadingBatch {
        let limit = |value: i64| Some(value.into());
        SensorReadingBatch {
            gateway_id: DeviceId::new("GW-01").unwrap(),
            samples: vec![Sample {
                device_id: DeviceId::new("GAS-01").unwrap(),
                point: "CH4".to_owned(),
                value: value.into(),
                unit: "%LEL".to_owned(),
                quality,
                observed_at: self.now,
                thresholds: Some(Thresholds {
                    low_low: limit(-20),
                    low: limit(-10),
                    high: limit(25),
                    high_high: limit(50),
                }),
            }],
        }
    }
}

pub fn alarm(id: &str, alarm_code: AlarmCode, alarm_level: AlarmLevel) -> AlarmEvent {
    AlarmEvent {
        alarm_id: id.to_owned(),
        alarm_code,
        alarm_level,
        state: AlarmState::Raised,
        occurred_at: "2026-11-24T08:00:00+08:00".parse().unwrap(),
        source_device: None,
        subject: None,
        person_id: None,
        enterprise_id: None,
        // Distinct sources, unless a test says otherwise.
        area_id: Some("A-CORE".to_owned()),
        gate_id: None,
        lane_id: None,
        position: None,
        cause_ref: None,
        evidence: Vec::new(),
        description: "words".to_owned(),
    }
}

/// The updates among what was said: alarm, state, receiver, escalation.
pub fn updates(said: &[Body]) -> Vec<(String, AlarmState, Option<String>, Option<u32>)> {
    said.iter()
        .filter_map(|body| match body {
            Body::AlarmUpdate(update) => Some((
                update.alarm_id.clone(),
                update.state,
                update.receiver.clone(),
                update.escalation_level,
            )),
            _ => None,
        })
        .collect()
}

/// The alarms among what was said.
pub fn raised(said: &[Body]) -> Vec<(AlarmCode, AlarmLevel)> {
    said.iter()
        .filter_map(|body| match body {
            Body::AlarmEvent(event) => Some((event.alarm_code, event.alarm_level)),
            _ => None,
        })
        .collect()
}

/// The actions of the audit entries among what was said.
pub fn audits(said: &[Body]) -> Vec<String> {
    said.iter()
        .filter_map(|body| match body {
            Body::AuditEvent(event) => Some(event.action.clone()),
            _ => None,
        })
        .collect()
}
