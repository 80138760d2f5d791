//! Canonical commands ⇄ Modbus writes. Pure.

use std::collections::BTreeMap;

use cordon_contract::{Fault, Order};
use cordon_model::{Body, DeviceId, GateAction, MessageId, Timestamp};
use tokio_modbus::{Request, Response};

use crate::profile::{Output, Polarity, Profile, Table};
use crate::state::Action;

/// A gate command, checked against the order that carries it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Command {
    /// Its identity.
    pub id: MessageId,
    /// What it wants.
    pub action: Action,
    /// After this moment it is expired: the earlier of the order's and the command's.
    pub deadline: Timestamp,
    /// The older of the order's and the command's fencing epochs.
    pub epoch: u64,
}

/// Reads the command in an order for `device`.
pub fn read(order: &Order, device: &DeviceId) -> Result<Command, Fault> {
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
    Ok(Command {
        id: command.command_id,
        action: action(command.action),
        deadline: order.deadline.min(command.deadline),
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
        return Some(Request::WriteSingleCoil(address, level));
    }
    let mask = 1_u16
        .checked_shl(u32::from(point.bit.unwrap_or(0)))
        .unwrap_or(0);
    let word = image.entry(address).or_insert(0);
    *word = if level { *word | mask } else { *word & !mask };
    Some(Request::WriteSingleRegister(address, *word))
}

/// Whether an answer repeats the write it answers, as functions 5 and 6 must.
pub fn acknowledges(request: &Request<'_>, response: &Response) -> bool {
    match (request, response) {
        (Request::WriteSingleCoil(at, on), Response::WriteSingleCoil(echo_at, echo_on)) => {
            at == echo_at && on == echo_on
        }
        (
            Request::WriteSingleRegister(at, word),
            Response::WriteSingleRegister(echo_at, echo_word),
        ) => at == echo_at && word == echo_word,
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
