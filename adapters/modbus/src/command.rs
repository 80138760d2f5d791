//! Canonical commands ⇄ Modbus writes. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cordon_contract::{Fault, Order};
use cordon_model::{Body, DeviceId, GateAction, MessageId, Timestamp};
use tokio_modbus::{Request, Response};

use crate::profile::{Output, Polarity, Profile, Table, Write};
use crate::state::Action;

/// No command has more time than this, whatever its deadline says: a day.
const LEFT_MS_MAX: u64 = 86_400_000;

/// A gate command, checked against the order that carries it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Command {
    /// Its identity.
    pub id: MessageId,
    /// What it wants.
    pub action: Action,
    /// After this moment it is expired: the order's deadline, on the clock that nobody sets.
    pub until: Instant,
    /// The older of the order's and the command's fencing epochs.
    pub epoch: u64,
}

impl Command {
    /// Whether it may still be carried out.
    pub fn is_due(&self) -> bool {
        Instant::now() < self.until
    }
}

/// Reads the command in an order for `device`, which has come in at `now` of the clock that no step moves. The hub
/// has taken the command's own deadline into the order's.
pub fn read(order: &Order, device: &DeviceId, now: Timestamp) -> Result<Command, Fault> {
    let Body::GateCommand(command) = &order.message.body else {
        return Err(
            Fault::new("A110", "a barrier carries out gate commands only")
                .remedy("order a GateCommand for this device"),
        );
    };
    if command.device_id != *device {
        let text = format!(
            "the command is for {}, the order for {device}",
            command.device_id
        );
        return Err(Fault::new("A111", text).remedy("name the same device in both"));
    }
    if order.message.header.test {
        return Err(Fault::new("A112", "a test message never moves a barrier")
            .remedy("leave the test flag out to move it"));
    }
    let left_ms = order.deadline.ms_since(now).max(0).unsigned_abs();
    Ok(Command {
        id: command.command_id,
        action: action(command.action),
        until: Instant::now() + Duration::from_millis(left_ms.min(LEFT_MS_MAX)),
        epoch: order.epoch.min(command.epoch),
    })
}

fn action(action: GateAction) -> Action {
    match action {
        GateAction::Open => Action::Open,
        GateAction::Close => Action::Close,
        GateAction::Stop => Action::Stop,
        GateAction::LockOpen => Action::LockOpen,
        GateAction::Release => Action::Release,
    }
}

/// The output registers as last written, so that one bit can be changed without the others.
pub type Image = BTreeMap<u16, u16>;

/// The registers that hold outputs; they are read once after each connect to fill the image.
pub fn output_registers(profile: &Profile) -> Vec<u16> {
    let mut registers: Vec<u16> = profile
        .outputs
        .named()
        .filter(|(_, point)| point.table == Table::Holding)
        .map(|(_, point)| profile.address(point.address))
        .collect();
    registers.sort_unstable();
    registers.dedup();
    registers
}

/// The write that switches an output; `None` when the profile does not name it.
pub fn write(
    profile: &Profile,
    image: &mut Image,
    output: Output,
    on: bool,
) -> Option<Request<'static>> {
    let point = profile.outputs.point(output)?;
    let address = profile.address(point.address);
    let level = on != (point.polarity == Polarity::Inverted);
    if point.table == Table::Coil {
        return Some(match point.write {
            Write::Single => Request::WriteSingleCoil(address, level),
            Write::Multiple => Request::WriteMultipleCoils(address, vec![level].into()),
        });
    }
    let mask = 1_u16
        .checked_shl(u32::from(point.bit.unwrap_or(0)))
        .unwrap_or(0);
    let word = image.entry(address).or_insert(0);
    *word = if level { *word | mask } else { *word & !mask };
    Some(register(address, *word, point.write))
}

/// The write of one register.
pub fn register(address: u16, word: u16, write: Write) -> Request<'static> {
    match write {
        Write::Single => Request::WriteSingleRegister(address, word),
        Write::Multiple => Request::WriteMultipleRegisters(address, vec![word].into()),
    }
}

/// The read of an output as the controller holds it now; `None` when the profile does not name it.
pub fn read_back(profile: &Profile, output: Output) -> Option<Request<'static>> {
    let point = profile.outputs.point(output)?;
    let address = profile.address(point.address);
    Some(match point.table {
        Table::Coil => Request::ReadCoils(address, 1),
        _ => Request::ReadHoldingRegisters(address, 1),
    })
}

/// Whether an answer to [`read_back`] says that the output is on; `None` when it says nothing of it.
pub fn is_on(profile: &Profile, output: Output, answer: &Response) -> Option<bool> {
    let point = profile.outputs.point(output)?;
    let level = match answer {
        Response::ReadCoils(bits) => bits.first().copied(),
        Response::ReadHoldingRegisters(words) => words
            .first()
            .and_then(|word| word.checked_shr(u32::from(point.bit.unwrap_or(0))))
            .map(|word| word & 1 == 1),
        _ => None,
    };
    level.map(|level| level != (point.polarity == Polarity::Inverted))
}

/// Whether an answer repeats the write it answers: address and value after functions 5 and 6,
/// address and count after 15 and 16.
pub fn acknowledges(request: &Request<'_>, response: &Response) -> bool {
    match (request, response) {
        (Request::WriteSingleCoil(at, on), Response::WriteSingleCoil(echo_at, echo_on)) => {
            at == echo_at && on == echo_on
        }
        (
            Request::WriteSingleRegister(at, word),
            Response::WriteSingleRegister(echo_at, echo_word),
        ) => at == echo_at && word == echo_word,
        (Request::WriteMultipleCoils(at, levels), Response::WriteMultipleCoils(echo_at, count)) => {
            at == echo_at && levels.len() == usize::from(*count)
        }
        (
            Request::WriteMultipleRegisters(at, words),
            Response::WriteMultipleRegisters(echo_at, count),
        ) => at == echo_at && words.len() == usize::from(*count),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use tokio_modbus::{Request, Response};

    use super::{Image, acknowledges, output_registers, write};
    use crate::profile::{Output, Profile};

    const LANE: &str = include_str!("../../../mappings/generic/lane/1/profile.toml");
    const REGISTERS: &str = include_str!("../../../mappings/generic/lane-registers/1/profile.toml");

    #[test]
    fn coils_are_written_alone_and_register_bits_with_their_neighbours() {
        let lane = Profile::parse(LANE, "").unwrap();
        let mut image = Image::new();
        assert_eq!(
            write(&lane, &mut image, Output::LockOpen, true),
            Some(Request::WriteSingleCoil(3, true))
        );
        let lane = Profile::parse(REGISTERS, "").unwrap();
        assert_eq!(output_registers(&lane), [1]);
        let mut image = Image::from([(1, 0b1000)]);
        assert_eq!(
            write(&lane, &mut image, Output::Raise, true),
            Some(Request::WriteSingleRegister(1, 0b1001))
        );
        assert_eq!(
            write(&lane, &mut image, Output::Raise, false),
            Some(Request::WriteSingleRegister(1, 0b1000))
        );
    }

    #[test]
    fn only_the_same_write_acknowledges() {
        let request = Request::WriteSingleCoil(3, true);
        assert!(acknowledges(&request, &Response::WriteSingleCoil(3, true)));
        assert!(!acknowledges(
            &request,
            &Response::WriteSingleCoil(3, false)
        ));
        assert!(!acknowledges(&request, &Response::WriteSingleCoil(4, true)));
        assert!(!acknowledges(
            &request,
            &Response::WriteSingleRegister(3, 1)
        ));
    }
}
