//! The plant's events, from a seed.

use serde_json::{Value, json};

use crate::time::local;

/// A seeded stream of events.
#[derive(Debug)]
pub struct Events {
    plant: String,
    /// Stands in every id, so that a plant which begins anew gives none a second time.
    begun_s: i64,
    random: u64,
    next: u64,
}

impl Events {
    /// The events of this plant from now on; same seed and moment, same events.
    pub fn new(plant: String, seed: u64, now_s: i64) -> Self {
        let random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        Self {
            plant,
            begun_s: now_s,
            random,
            next: 1,
        }
    }

    /// A draw below a limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % limit.max(1)
    }

    /// The next passage at one of the plant's own gates.
    pub fn passage(&mut self, now_s: i64) -> Value {
        let number = self.next;
        self.next += 1;
        let pick = |list: &[&'static str], draw: u64| {
            list.get(usize::try_from(draw).unwrap_or(0))
                .copied()
                .unwrap_or_default()
        };
        let kind = pick(&["freight", "hazmat", "car", "bus"], self.below(4));
        let lane = self.below(2) + 1;
        let number_plate = self.below(100_000);
        let direction = pick(&["in", "out"], self.below(2));
        json!({
            "id": format!("{}-P-{}-{number}", self.plant, self.begun_s),
            "gate": format!("{}-G1", self.plant),
            "lane": format!("{}-G1-L{}", self.plant, lane),
            "direction": direction,
            "type": kind,
            "carNumb": format!("苏B{number_plate:05}"),
            "colour": if kind == "car" { 0 } else { 1 },
            "passTime": local(now_s),
        })
    }

    /// Who is on post.
    pub fn on_duty(&mut self, now_s: i64) -> Value {
        let mut staff: Vec<Value> = Vec::new();
        for n in 1..=3 {
            let on = self.below(10) > 0;
            let code = format!("{}-S-{n:04}", self.plant);
            staff.push(json!({ "code": code, "position": "中控", "on": on }));
        }
        let on = staff
            .iter()
            .filter(|person| person.get("on") == Some(&Value::Bool(true)))
            .count();
        json!({ "required": 2, "onPost": on, "time": local(now_s), "staff": staff })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Events;

    /// A second demo over the same folder was refused with F005: its plant began again with `P-1`.
    #[test]
    fn a_plant_that_begins_anew_gives_no_id_a_second_time() {
        let mut ids = BTreeSet::new();
        for begun in [1_774_932_645, 1_774_932_646] {
            let mut events = Events::new("plant".to_owned(), 7, begun);
            for second in 0..50 {
                let passage = events.passage(begun + second);
                let id = passage.get("id").and_then(|id| id.as_str());
                assert!(ids.insert(id.unwrap_or_default().to_owned()), "{passage}");
            }
        }
    }
}
