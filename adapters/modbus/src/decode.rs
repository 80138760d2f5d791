//! From answers on the wire to named signals. Pure; whatever a device sends, no panic.

use std::collections::BTreeMap;

use tokio_modbus::{Request, Response};

use crate::profile::{Input, Polarity, Profile, Table};

/// Addresses that lie this close together are fetched by one read.
const GAP_MAX: u16 = 8;
/// A read asks for no more than this many items (the protocol allows 125 registers).
const SPAN_MAX: u16 = 64;

/// The signals of one poll. A signal that the profile does not name is absent.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Signals(BTreeMap<Input, bool>);

impl Signals {
    /// Signals from pairs; for tests and for debouncing.
    pub fn of(pairs: impl IntoIterator<Item = (Input, bool)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// The signal's value; `None` when the lane has no such input.
    pub fn get(&self, input: Input) -> Option<bool> {
        self.0.get(&input).copied()
    }

    /// True only for an input that exists and is on.
    pub fn is_on(&self, input: Input) -> bool {
        self.get(input).unwrap_or(false)
    }

    /// Whether something is under the boom.
    pub fn obstructed(&self) -> bool {
        self.is_on(Input::Photocell) || self.is_on(Input::SafetyLoop)
    }

    /// Every signal.
    pub fn iter(&self) -> impl Iterator<Item = (Input, bool)> {
        self.0.iter().map(|(input, on)| (*input, *on))
    }
}

/// One read of a poll.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Read {
    /// The table.
    pub table: Table,
    /// The first address, as on the wire.
    pub address: u16,
    /// How many.
    pub count: u16,
}

impl Read {
    /// The request.
    pub fn request(self) -> Request<'static> {
        match self.table {
            Table::Coil => Request::ReadCoils(self.address, self.count),
            Table::Discrete => Request::ReadDiscreteInputs(self.address, self.count),
            Table::Input => Request::ReadInputRegisters(self.address, self.count),
            Table::Holding => Request::ReadHoldingRegisters(self.address, self.count),
        }
    }
}

/// Where a signal is found among the answers of a poll.
#[derive(Clone, Copy, Debug)]
struct Spot {
    input: Input,
    read: usize,
    offset: usize,
    bit: u8,
    polarity: Polarity,
}

/// The reads of a poll and how to take them apart.
#[derive(Clone, Debug)]
pub struct Plan {
    reads: Vec<Read>,
    spots: Vec<Spot>,
}

/// Why an answer was not understood.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DecodeError {
    /// The answer belongs to another question.
    #[error("answer to another question than the read of {0:?}")]
    Mismatch(Read),
    /// The answer holds fewer items than were asked for.
    #[error("{got} items instead of {} in the answer to {read:?}", read.count)]
    Short {
        /// The read.
        read: Read,
        /// Items that came.
        got: usize,
    },
}

impl Plan {
    /// The plan for a profile.
    pub fn of(profile: &Profile) -> Self {
        let mut points: Vec<_> = profile
            .inputs
            .named()
            .map(|(input, point)| (point.table, profile.address(point.address), input, point))
            .collect();
        points.sort_by_key(|(table, address, input, _)| (*table, *address, *input));
        let mut reads: Vec<Read> = Vec::new();
        let mut spots = Vec::new();
        for (table, address, input, point) in points {
            let fits = reads.last_mut().filter(|read| {
                read.table == table
                    && address - read.address < SPAN_MAX
                    && address.saturating_sub(read.address + read.count - 1) <= GAP_MAX
            });
            match fits {
                Some(read) => read.count = read.count.max(address - read.address + 1),
                None => reads.push(Read {
                    table,
                    address,
                    count: 1,
                }),
            }
            let start = reads.last().map_or(address, |read| read.address);
            spots.push(Spot {
                input,
                read: reads.len() - 1,
                offset: usize::from(address - start),
                bit: point.bit.unwrap_or(0),
                polarity: point.polarity,
            });
        }
        Self { reads, spots }
    }

    /// The reads of one poll, in order.
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// The signals in the answers to [`Plan::reads`], given in the same order.
    pub fn decode(&self, answers: &[Response]) -> Result<Signals, DecodeError> {
        let mut words = Vec::with_capacity(self.reads.len());
        for (index, read) in self.reads.iter().enumerate() {
            let answer = answers.get(index).ok_or(DecodeError::Short {
                read: *read,
                got: 0,
            })?;
            words.push(items(*read, answer)?);
        }
        let mut signals = BTreeMap::new();
        for spot in &self.spots {
            let word = words
                .get(spot.read)
                .and_then(|items| items.get(spot.offset))
                .copied()
                .unwrap_or(0);
            let level = word >> spot.bit & 1 == 1;
            signals.insert(spot.input, level != (spot.polarity == Polarity::Inverted));
        }
        Ok(Signals(signals))
    }
}

/// The items of an answer as words; a bit becomes 0 or 1.
fn items(read: Read, answer: &Response) -> Result<Vec<u16>, DecodeError> {
    let items: Vec<u16> = match (read.table, answer) {
        (Table::Coil, Response::ReadCoils(bits))
        | (Table::Discrete, Response::ReadDiscreteInputs(bits)) => {
            bits.iter().map(|bit| u16::from(*bit)).collect()
        }
        (Table::Input, Response::ReadInputRegisters(words))
        | (Table::Holding, Response::ReadHoldingRegisters(words)) => words.clone(),
        _ => return Err(DecodeError::Mismatch(read)),
    };
    if items.len() < usize::from(read.count) {
        return Err(DecodeError::Short {
            read,
            got: items.len(),
        });
    }
    Ok(items)
}

/// Holds a change back until it has lasted. Signals that guard a falling boom come on at once.
#[derive(Clone, Debug, Default)]
pub struct Debounce {
    times_ms: BTreeMap<Input, u32>,
    believed: BTreeMap<Input, bool>,
    changing: BTreeMap<Input, u64>,
}

impl Debounce {
    /// Debouncing as the profile says.
    pub fn of(profile: &Profile) -> Self {
        Self {
            times_ms: profile
                .inputs
                .named()
                .map(|(input, point)| (input, point.debounce_ms))
                .collect(),
            ..Self::default()
        }
    }

    /// Forgets everything: after a lost link the first signals are believed at once.
    pub fn reset(&mut self) {
        self.believed.clear();
        self.changing.clear();
    }

    /// The signals to believe at `now_ms`.
    pub fn settle(&mut self, now_ms: u64, raw: &Signals) -> Signals {
        for (input, on) in raw.iter() {
            let believed = self.believed.get(&input).copied();
            if believed == Some(on) {
                self.changing.remove(&input);
                continue;
            }
            let guard = on
                && matches!(
                    input,
                    Input::Photocell | Input::SafetyLoop | Input::EmergencyStop
                );
            let wait_ms = u64::from(self.times_ms.get(&input).copied().unwrap_or(0));
            let since = *self.changing.entry(input).or_insert(now_ms);
            if believed.is_none() || guard || now_ms.saturating_sub(since) >= wait_ms {
                self.believed.insert(input, on);
                self.changing.remove(&input);
            }
        }
        Signals(self.believed.clone())
    }
}

#[cfg(test)]
mod tests {
    use tokio_modbus::Response;

    use super::{Debounce, DecodeError, Plan, Read, Signals};
    use crate::profile::{Input, Profile, Table};

    const LANE: &str = include_str!("../../../mappings/generic/lane/1/profile.toml");
    const REGISTERS: &str = include_str!("../../../mappings/generic/lane-registers/1/profile.toml");

    #[test]
    fn neighbouring_points_are_fetched_by_one_read() {
        let plan = Plan::of(&Profile::parse(LANE, "").unwrap());
        let whole = Read {
            table: Table::Discrete,
            address: 0,
            count: 10,
        };
        assert_eq!(plan.reads(), [whole]);
        let far = LANE.replace(
            "table = \"discrete\"\naddress = 9",
            "table = \"coil\"\naddress = 900",
        );
        let plan = Plan::of(&Profile::parse(&far, "").unwrap());
        assert_eq!(plan.reads().len(), 2);
    }

    #[test]
    fn bits_registers_and_polarity_decode() {
        let plan = Plan::of(&Profile::parse(LANE, "").unwrap());
        let mut bits = vec![false; 16];
        bits[1] = true;
        bits[4] = true;
        let signals = plan.decode(&[Response::ReadDiscreteInputs(bits)]).unwrap();
        assert_eq!(signals.get(Input::UpLimit), Some(false));
        assert_eq!(signals.get(Input::DownLimit), Some(true));
        assert!(signals.obstructed());
        assert_eq!(signals.get(Input::DriveFault), None);
        let inverted = REGISTERS.replace(
            "bit = 0 }\ndown",
            "bit = 0, polarity = \"inverted\" }\ndown",
        );
        let plan = Plan::of(&Profile::parse(&inverted, "").unwrap());
        let signals = plan
            .decode(&[Response::ReadInputRegisters(vec![0b10])])
            .unwrap();
        assert_eq!(signals.get(Input::UpLimit), Some(true));
        assert_eq!(signals.get(Input::DownLimit), Some(true));
    }

    #[test]
    fn wrong_answers_are_errors_and_never_signals() {
        let plan = Plan::of(&Profile::parse(LANE, "").unwrap());
        let short = plan.decode(&[Response::ReadDiscreteInputs(vec![true; 8])]);
        assert!(matches!(short, Err(DecodeError::Short { got: 8, .. })));
        let other = plan.decode(&[Response::ReadCoils(vec![true; 16])]);
        assert!(matches!(other, Err(DecodeError::Mismatch(_))));
        assert!(plan.decode(&[]).is_err());
    }

    #[test]
    fn safety_inputs_come_on_at_once_and_go_off_late() {
        let mut debounce = Debounce::of(&Profile::parse(LANE, "").unwrap());
        let signals = |loop_on: bool| {
            Signals::of([(Input::SafetyLoop, loop_on), (Input::ApproachLoop, loop_on)])
        };
        assert!(!debounce.settle(0, &signals(false)).obstructed());
        let on = debounce.settle(10, &signals(true));
        assert!(on.is_on(Input::SafetyLoop) && !on.is_on(Input::ApproachLoop));
        assert!(
            debounce
                .settle(80, &signals(true))
                .is_on(Input::ApproachLoop)
        );
        assert!(debounce.settle(90, &signals(false)).obstructed());
        assert!(
            debounce.settle(100, &signals(true)).obstructed(),
            "a flicker starts anew"
        );
        assert!(debounce.settle(110, &signals(false)).obstructed());
        assert!(!debounce.settle(180, &signals(false)).obstructed());
    }
}
