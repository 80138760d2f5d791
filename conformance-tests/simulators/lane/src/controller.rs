//! Answers one request against the lane: ranges, exceptions, reads and writes. Pure.

use crate::LaneFault;
use crate::frame::{
    self, DEVICE_FAILURE, ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, ILLEGAL_VALUE, Request,
};
use crate::plant::Plant;
use crate::registers::{self, HEARTBEAT, INPUT_WORD, OUTPUT_WORD, POWER_CYCLE, STIMULUS_RANGE};

/// Vendor, product and revision as the controller tells them.
const IDENTITY: &[(u8, &str)] = &[
    (0, "Cordon"),
    (1, "rehearsal lane"),
    (2, env!("CARGO_PKG_VERSION")),
];

/// The reply's protocol data unit.
pub(crate) fn answer(plant: &mut Plant, data: &[u8]) -> Vec<u8> {
    let function = data.first().copied().unwrap_or(0);
    let request = Request::read(data);
    let reads = matches!(function, 1..=4);
    if reads && plant.has(LaneFault::ExceptionOnRead) {
        return frame::exception(function, DEVICE_FAILURE);
    }
    if matches!(function, 5 | 6) && plant.has(LaneFault::RefusesSingleWrites) {
        return frame::exception(function, ILLEGAL_FUNCTION);
    }
    let result = match request {
        Request::ReadCoils { address, quantity } => {
            bits(plant, function, address, quantity, |plant, at| {
                coil(plant, at)
            })
        }
        Request::ReadDiscrete { address, quantity } => {
            bits(plant, function, address, quantity, |plant, at| {
                registers::input_at(at).map(|input| plant.input(input))
            })
        }
        Request::ReadHolding { address, quantity } => {
            words(plant, function, address, quantity, holding)
        }
        Request::ReadInput { address, quantity } => {
            words(plant, function, address, quantity, input_word)
        }
        Request::WriteCoil { address, value } => {
            write_coil(plant, address, value).map(|()| data.to_vec())
        }
        Request::WriteRegister { address, value } => {
            write_register(plant, address, value).map(|()| data.to_vec())
        }
        Request::WriteCoils { address, values } => {
            write_coils(plant, address, &values).map(|()| echo(data))
        }
        Request::WriteRegisters { address, values } => {
            write_registers(plant, address, &values).map(|()| echo(data))
        }
        Request::Identify { code } => identify(code),
        Request::Malformed => Err(ILLEGAL_VALUE),
        Request::Unknown if plant.has(LaneFault::NoExceptionOnIllegalFunction) => Ok(data.to_vec()),
        Request::Unknown => Err(ILLEGAL_FUNCTION),
    };
    result.unwrap_or_else(|code| frame::exception(function, code))
}

/// The first five bytes, which a multiple write repeats.
fn echo(data: &[u8]) -> Vec<u8> {
    data.iter().take(5).copied().collect()
}

fn identify(code: u8) -> Result<Vec<u8>, u8> {
    if (1..=3).contains(&code) {
        Ok(frame::identity(code, IDENTITY))
    } else {
        Err(ILLEGAL_VALUE)
    }
}

/// The standard's range of a quantity; a faulty controller answers for one item instead.
fn quantity_in(plant: &Plant, quantity: u16, most: u16) -> Result<u16, u8> {
    if (1..=most).contains(&quantity) {
        Ok(quantity)
    } else if plant.has(LaneFault::NoExceptionOnIllegalQuantity) {
        Ok(1)
    } else {
        Err(ILLEGAL_VALUE)
    }
}

fn read<T: Default>(
    plant: &Plant,
    address: u16,
    quantity: u16,
    one: impl Fn(&Plant, u16) -> Option<T>,
) -> Result<Vec<T>, u8> {
    let lenient = plant.has(LaneFault::NoExceptionOnIllegalAddress);
    (0..quantity)
        .map(
            |offset| match address.checked_add(offset).and_then(|at| one(plant, at)) {
                Some(value) => Ok(value),
                None if lenient => Ok(T::default()),
                None => Err(ILLEGAL_ADDRESS),
            },
        )
        .collect()
}

fn bits(
    plant: &Plant,
    function: u8,
    address: u16,
    quantity: u16,
    one: impl Fn(&Plant, u16) -> Option<bool>,
) -> Result<Vec<u8>, u8> {
    let quantity = quantity_in(plant, quantity, 2_000)?;
    Ok(frame::pack_bits(
        function,
        &read(plant, address, quantity, one)?,
    ))
}

fn words(
    plant: &Plant,
    function: u8,
    address: u16,
    quantity: u16,
    one: impl Fn(&Plant, u16) -> Option<u16>,
) -> Result<Vec<u8>, u8> {
    let quantity = quantity_in(plant, quantity, 125)?;
    Ok(frame::pack_words(
        function,
        &read(plant, address, quantity, one)?,
    ))
}

fn coil(plant: &Plant, address: u16) -> Option<bool> {
    if let Some(output) = registers::output_at(address) {
        return Some(plant.output(output));
    }
    if !plant.settings.stimulus || !STIMULUS_RANGE.contains(&address) {
        return None;
    }
    Some(registers::stimulus_at(address).is_some_and(|input| plant.stimulated(input)))
}

fn input_word(plant: &Plant, address: u16) -> Option<u16> {
    (address == INPUT_WORD).then(|| {
        (0..16).fold(0, |word, bit| {
            let on = registers::input_at(bit).is_some_and(|input| plant.input(input));
            word | u16::from(on) << bit
        })
    })
}

fn holding(plant: &Plant, address: u16) -> Option<u16> {
    match address {
        HEARTBEAT => Some(plant.heartbeat()),
        OUTPUT_WORD => Some((0..16).fold(0, |word, bit| {
            let on = registers::output_at(bit).is_some_and(|output| plant.output(output));
            word | u16::from(on) << bit
        })),
        _ => None,
    }
}

fn write_coil(plant: &mut Plant, address: u16, value: u16) -> Result<(), u8> {
    let on = match value {
        0xff00 => true,
        0 => false,
        _ => return Err(ILLEGAL_VALUE),
    };
    put(plant, address, on)
}

fn put(plant: &mut Plant, address: u16, on: bool) -> Result<(), u8> {
    if let Some(output) = registers::output_at(address) {
        plant.write(output, on);
    } else if !plant.settings.stimulus || !STIMULUS_RANGE.contains(&address) {
        return Err(ILLEGAL_ADDRESS);
    } else if address == POWER_CYCLE {
        if on {
            plant.restart();
        }
    } else if let Some(input) = registers::stimulus_at(address) {
        plant.stimulate(input, on);
    }
    Ok(())
}

fn write_coils(plant: &mut Plant, address: u16, values: &[bool]) -> Result<(), u8> {
    quantity_of(values.len(), 1_968)?;
    let addresses = range(address, values.len())?;
    if addresses.clone().any(|at| coil(plant, at).is_none()) {
        return Err(ILLEGAL_ADDRESS);
    }
    addresses
        .zip(values)
        .try_for_each(|(at, on)| put(plant, at, *on))
}

fn write_register(plant: &mut Plant, address: u16, value: u16) -> Result<(), u8> {
    match address {
        HEARTBEAT => plant.beat(value),
        OUTPUT_WORD => {
            for bit in 0..16 {
                if let Some(output) = registers::output_at(bit) {
                    plant.write(output, value >> bit & 1 == 1);
                }
            }
        }
        _ => return Err(ILLEGAL_ADDRESS),
    }
    Ok(())
}

fn write_registers(plant: &mut Plant, address: u16, values: &[u16]) -> Result<(), u8> {
    quantity_of(values.len(), 123)?;
    let addresses = range(address, values.len())?;
    if addresses.clone().any(|at| holding(plant, at).is_none()) {
        return Err(ILLEGAL_ADDRESS);
    }
    addresses
        .zip(values)
        .try_for_each(|(at, value)| write_register(plant, at, *value))
}

fn quantity_of(count: usize, most: usize) -> Result<(), u8> {
    if (1..=most).contains(&count) {
        Ok(())
    } else {
        Err(ILLEGAL_VALUE)
    }
}

fn range(address: u16, count: usize) -> Result<std::ops::Range<u16>, u8> {
    let count = u16::try_from(count).map_err(|_| ILLEGAL_VALUE)?;
    let end = address.checked_add(count).ok_or(ILLEGAL_ADDRESS)?;
    Ok(address..end)
}

#[cfg(test)]
mod tests {
    use super::answer;
    use crate::plant::Plant;
    use crate::{LaneFault, LaneSettings};

    #[test]
    fn exceptions_are_the_standards() {
        let mut plant = Plant::new(LaneSettings::default());
        assert_eq!(answer(&mut plant, &[2, 0xff, 0xff, 0, 2]), [0x82, 2]);
        assert_eq!(answer(&mut plant, &[1, 0, 0, 0, 0]), [0x81, 3]);
        assert_eq!(answer(&mut plant, &[100]), [0xe4, 1]);
        assert_eq!(answer(&mut plant, &[5, 0, 0, 0x12, 0x34]), [0x85, 3]);
        assert_eq!(answer(&mut plant, &[2, 0, 0, 0, 10]), [2, 2, 0b10, 0]);
        assert_eq!(answer(&mut plant, &[4, 0, 0, 0, 1]), [4, 2, 0, 0b10]);
    }

    #[test]
    fn a_refused_multiple_write_changes_nothing() {
        let mut plant = Plant::new(LaneSettings::default());
        assert_eq!(answer(&mut plant, &[15, 0, 6, 0, 2, 1, 0b11]), [0x8f, 2]);
        assert_eq!(answer(&mut plant, &[1, 0, 6, 0, 1]), [1, 1, 0]);
        assert_eq!(
            answer(&mut plant, &[15, 0, 4, 0, 2, 1, 0b11]),
            [15, 0, 4, 0, 2]
        );
        assert_eq!(answer(&mut plant, &[3, 0, 1, 0, 1]), [3, 2, 0, 0b11_0000]);
    }

    #[test]
    fn each_lenience_is_a_fault_of_its_own() {
        let mut plant = Plant::new(LaneSettings::default());
        plant.faults.insert(LaneFault::NoExceptionOnIllegalAddress);
        assert_eq!(answer(&mut plant, &[2, 0xff, 0xff, 0, 2]), [2, 1, 0]);
        assert_eq!(answer(&mut plant, &[1, 0, 0, 0, 0]), [0x81, 3]);
    }
}
