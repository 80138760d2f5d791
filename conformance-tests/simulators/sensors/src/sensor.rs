//! One sensor: a seeded value that walks, and what it publishes.

use serde_json::{Value, json};

use crate::faults::{Fault, Faults};
use crate::time::rfc3339;

/// What is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SensorKind {
    /// Combustible gas, %LEL, with four thresholds.
    Gas,
    /// Tank temperature, ℃.
    Temperature,
    /// Pipe pressure, kPa.
    Pressure,
    /// Wind speed, m/s.
    Wind,
    /// Voltage of an electric fence, V.
    Fence,
}

struct Profile {
    point: &'static str,
    unit: &'static str,
    kind: &'static str,
    /// Middle and width of the usual range, in thousandths.
    middle: i64,
    width: i64,
    high: i64,
    high_high: i64,
}

impl SensorKind {
    /// The kind of sensor number `index` of a fleet.
    pub fn of(index: usize) -> Self {
        match index % 6 {
            0 | 1 => Self::Gas,
            2 => Self::Temperature,
            3 => Self::Pressure,
            4 => Self::Wind,
            _ => Self::Fence,
        }
    }

    fn profile(self) -> Profile {
        let profile = |point, unit, kind, middle, width, high, high_high| Profile {
            point,
            unit,
            kind,
            middle,
            width,
            high,
            high_high,
        };
        match self {
            Self::Gas => profile("gas.ch4", "%LEL", "gas", 4_000, 3_000, 25_000, 50_000),
            Self::Temperature => {
                profile("temperature", "℃", "sensor", 31_000, 8_000, 60_000, 80_000)
            }
            Self::Pressure => profile(
                "pressure", "kPa", "sensor", 420_000, 20_000, 600_000, 800_000,
            ),
            Self::Wind => profile("wind.speed", "m/s", "weather", 3_500, 3_000, 17_000, 25_000),
            Self::Fence => profile(
                "fence.voltage",
                "V",
                "fence",
                6_200_000,
                300_000,
                9_000_000,
                10_000_000,
            ),
        }
    }
}

/// One sensor.
#[derive(Clone, Debug)]
pub struct Sensor {
    /// Its name, the last segment of its topic.
    pub name: String,
    /// What it measures.
    pub kind: SensorKind,
    random: u64,
    value: i64,
    raised: bool,
    alarms: u32,
}

/// A publish: topic below the sensor's own, payload.
pub type Publish = (&'static str, String);

impl Sensor {
    /// A sensor; the same seed and name walk the same way.
    pub fn new(name: String, kind: SensorKind, seed: u64) -> Self {
        let random = name.bytes().fold(seed | 1, |random, byte| {
            (random ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Self {
            name,
            kind,
            random,
            value: kind.profile().middle,
            raised: false,
            alarms: 0,
        }
    }

    /// What is published at this instant. Usually one reading; nothing, several, or spoilt when a
    /// fault is drawn.
    pub fn tick(&mut self, now_ms: i64, faults: &Faults) -> Vec<Publish> {
        let fault = faults.draw(self.below(1_000));
        let times = match fault {
            Some(Fault::Silent) => return Vec::new(),
            Some(Fault::Flood) => 50,
            _ => 1,
        };
        let mut out = Vec::new();
        for step in 0..times {
            let at = now_ms + step;
            out.push(("", self.reading(at, fault)));
            if let Some(alarm) = self.alarm(at) {
                out.push(("/alarm", alarm));
            }
        }
        if fault == Some(Fault::Duplicate) {
            out.extend(out.first().cloned());
        }
        out
    }

    /// Lets a gas sensor rise above its highest threshold for its next readings.
    pub fn leak(&mut self) {
        self.value = self.kind.profile().high_high + 4_000;
    }

    /// What it says of itself when it comes up, and as its last will.
    pub fn status(&self, state: &str) -> String {
        json!({ "state": state, "kind": self.kind.profile().kind }).to_string()
    }

    fn reading(&mut self, now_ms: i64, fault: Option<Fault>) -> String {
        let profile = self.kind.profile();
        let step = i64::from(self.below(1_001)) - 500;
        let pull = (profile.middle - self.value) / 20;
        self.value += pull + step * profile.width / 5_000;
        let at = match fault {
            Some(Fault::ClockJump) => now_ms - 86_400_000,
            _ => now_ms,
        };
        let value = match fault {
            Some(Fault::Word) => Value::from("offline"),
            // Text keeps the digits as the instrument shows them.
            _ => Value::from(thousandths(self.value)),
        };
        let mut one = json!({
            "point": profile.point, "value": value, "unit": profile.unit, "quality": "good",
            "h": profile.high / 1_000, "hh": profile.high_high / 1_000,
        });
        if fault == Some(Fault::NoUnit)
            && let Some(object) = one.as_object_mut()
        {
            object.remove("unit");
        }
        let text = json!({ "time": rfc3339(at), "values": [one] }).to_string();
        match fault {
            Some(Fault::Garbage) => text.chars().take(text.len() / 2).collect(),
            _ => text,
        }
    }

    /// An alarm when the value comes over a threshold; the next only after it was below again.
    fn alarm(&mut self, now_ms: i64) -> Option<String> {
        let profile = self.kind.profile();
        if self.value < profile.high {
            self.raised = false;
            return None;
        }
        if self.raised {
            return None;
        }
        self.raised = true;
        self.alarms += 1;
        let kind = if self.value >= profile.high_high {
            "hh"
        } else {
            "h"
        };
        let text = format!(
            "{} {} {}",
            profile.point,
            thousandths(self.value),
            profile.unit
        );
        let id = format!("{}-{now_ms}-{}", self.name, self.alarms);
        Some(json!({ "id": id, "time": rfc3339(now_ms), "kind": kind, "text": text }).to_string())
    }

    fn below(&mut self, limit: u16) -> u16 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        u16::try_from(self.random % u64::from(limit)).unwrap_or(0)
    }
}

fn thousandths(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let value = value.unsigned_abs();
    format!("{sign}{}.{:03}", value / 1_000, value % 1_000)
}

#[cfg(test)]
mod tests {
    use super::{Sensor, SensorKind};
    use crate::Faults;

    #[test]
    fn the_seed_decides_everything() {
        let run = |seed| {
            let mut sensor = Sensor::new("GAS-1".to_owned(), SensorKind::Gas, seed);
            let faults = Faults {
                garbage_per_mille: 100,
                flood_per_mille: 20,
                ..Faults::default()
            };
            (0..200)
                .flat_map(|n| sensor.tick(n * 1_000, &faults))
                .collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn a_quiet_sensor_stays_quiet_and_a_leak_alarms_once() {
        let mut sensor = Sensor::new("GAS-1".to_owned(), SensorKind::Gas, 3);
        let none = Faults::default();
        let quiet: Vec<_> = (0..2_000)
            .flat_map(|n| sensor.tick(n * 1_000, &none))
            .collect();
        assert_eq!(quiet.len(), 2_000);
        assert!(quiet.iter().all(|(topic, _)| topic.is_empty()));
        sensor.leak();
        let after: Vec<_> = (0..10).flat_map(|n| sensor.tick(n, &none)).collect();
        let alarms: Vec<_> = after
            .iter()
            .filter(|(topic, _)| *topic == "/alarm")
            .collect();
        assert_eq!(alarms.len(), 1, "{after:?}");
        assert!(alarms[0].1.contains("\"kind\":\"hh\""));
    }
}
