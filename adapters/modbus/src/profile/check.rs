//! Whether a profile is one that a barrier may be driven by: its ranges, its points, and what a
//! lane cannot do without.

use super::{Profile, Table};

/// Field, what is wrong, what to do.
type Complaint = (String, String, String);

impl Profile {
    pub(super) fn check(&self) -> Result<(), Complaint> {
        self.check_ranges()?;
        self.check_points()?;
        self.check_needs()
    }

    fn check_ranges(&self) -> Result<(), Complaint> {
        if self.format != 1 {
            return Err(complaint(
                "format",
                "only format 1 is known",
                "write format = 1",
            ));
        }
        if self.wire.address_base > 1 {
            return Err(complaint(
                "wire.address_base",
                "must be 0 or 1",
                "see the maker's register list",
            ));
        }
        let barrier = &self.barrier;
        within("wire.poll_ms", self.wire.poll_ms, 20, 5_000)?;
        within("wire.timeout_ms", self.wire.timeout_ms, 50, 10_000)?;
        within("wire.response_ms", self.wire.response_ms, 1, 10_000)?;
        within("barrier.travel_ms", barrier.travel_ms, 200, 60_000)?;
        within("barrier.margin_ms", barrier.margin_ms, 0, 10_000)?;
        within("barrier.pulse_ms", barrier.pulse_ms, 200, 1_000)?;
        within("barrier.hold_ms", barrier.hold_ms, 1_000, 600_000)?;
        within("barrier.clear_ms", barrier.clear_ms, 0, 10_000)?;
        if let Some(heartbeat) = &self.heartbeat {
            within("heartbeat.interval_ms", heartbeat.interval_ms, 50, 60_000)?;
            if heartbeat.timeout_ms <= heartbeat.interval_ms {
                return Err(complaint(
                    "heartbeat.timeout_ms",
                    "must be longer than interval_ms",
                    "allow at least two lost heartbeats",
                ));
            }
            self.based("heartbeat.register", heartbeat.register)?;
        }
        Ok(())
    }

    fn check_points(&self) -> Result<(), Complaint> {
        let mut taken: Vec<(Table, u16, Option<u8>)> = Vec::new();
        if let Some(heartbeat) = &self.heartbeat {
            // A register that holds outputs must hold nothing else, hence every bit is taken.
            taken.extend((0..16).map(|bit| (Table::Holding, heartbeat.register, Some(bit))));
        }
        for (output, point) in self.outputs.named() {
            let field = format!("outputs.{output:?}");
            if !matches!(point.table, Table::Coil | Table::Holding) {
                return Err(complaint(
                    &field,
                    "outputs are coils or holding registers",
                    "change `table`",
                ));
            }
            self.bit(&field, point.table, point.bit)?;
            self.based(&field, point.address)?;
            take(&field, &mut taken, (point.table, point.address, point.bit))?;
        }
        for (input, point) in self.inputs.named() {
            let field = format!("inputs.{input:?}");
            self.bit(&field, point.table, point.bit)?;
            self.based(&field, point.address)?;
            within(&field, point.debounce_ms, 0, 5_000)?;
            take(&field, &mut taken, (point.table, point.address, point.bit))?;
        }
        Ok(())
    }

    fn check_needs(&self) -> Result<(), Complaint> {
        if self.outputs.raise.is_none() {
            return Err(complaint(
                "outputs.raise",
                "is missing",
                "a lane must be able to open",
            ));
        }
        if self.inputs.up_limit.is_none() || self.inputs.down_limit.is_none() {
            return Err(complaint(
                "inputs",
                "up_limit and down_limit are both needed",
                "wire the limit contacts; without them nothing can be confirmed",
            ));
        }
        let guarded = self.inputs.safety_loop.is_some() || self.inputs.photocell.is_some();
        if self.outputs.lower.is_some() && !guarded {
            return Err(complaint(
                "outputs.lower",
                "a barrier is never lowered without safety_loop or photocell",
                "wire a safety input, or leave outputs.lower out and let the controller lower",
            ));
        }
        if self.outputs.lower.is_none() && self.barrier.auto_close {
            return Err(complaint(
                "barrier.auto_close",
                "needs outputs.lower",
                "set auto_close = false when the controller lowers by itself",
            ));
        }
        Ok(())
    }

    fn based(&self, field: &str, address: u16) -> Result<(), Complaint> {
        if address < self.wire.address_base {
            return Err(complaint(
                field,
                "address 0 cannot be counted from 1",
                "see wire.address_base",
            ));
        }
        Ok(())
    }

    fn bit(&self, field: &str, table: Table, bit: Option<u8>) -> Result<(), Complaint> {
        match (table.is_registers(), bit) {
            (true, Some(0..=15)) | (false, None) => Ok(()),
            (true, _) => Err(complaint(field, "needs a bit from 0 to 15", "add `bit`")),
            (false, Some(_)) => Err(complaint(
                field,
                "coils and discrete inputs have no bit",
                "remove `bit`",
            )),
        }
    }
}

fn complaint(field: &str, text: &str, remedy: &str) -> Complaint {
    (field.to_owned(), text.to_owned(), remedy.to_owned())
}

fn within(field: &str, value: u32, least: u32, most: u32) -> Result<(), Complaint> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(complaint(
        field,
        &format!("{value} is outside {least} to {most}"),
        "choose a value inside the range",
    ))
}

fn take(
    field: &str,
    taken: &mut Vec<(Table, u16, Option<u8>)>,
    point: (Table, u16, Option<u8>),
) -> Result<(), Complaint> {
    if taken.contains(&point) {
        return Err(complaint(
            field,
            "another point stands at the same place",
            "give each its own",
        ));
    }
    taken.push(point);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::profile::Profile;

    const LANE: &str = include_str!("../../../../mappings/generic/lane/1/profile.toml");
    const REGISTERS: &str =
        include_str!("../../../../mappings/generic/lane-registers/1/profile.toml");

    #[test]
    fn the_shipped_profiles_are_lawful() {
        let lane = Profile::parse(LANE, "lane").unwrap();
        let registers = Profile::parse(REGISTERS, "registers").unwrap();
        assert_eq!(
            lane.inputs.named().count(),
            registers.inputs.named().count()
        );
        let up = registers.inputs.up_limit.as_ref().unwrap();
        assert_eq!(registers.address(up.address), 0);
    }

    /// A change to a good profile and the refusal it must earn.
    #[test]
    fn bad_profiles_are_refused_with_place_and_remedy() {
        let museum = [
            ("format = 1", "format = 2", "A102", "format"),
            ("poll_ms = 50", "pol_ms = 50", "A101", ":13"),
            (
                "pulse_ms = 300",
                "pulse_ms = 50",
                "A102",
                "barrier.pulse_ms",
            ),
            (
                "address_base = 0",
                "address_base = 1",
                "A102",
                "heartbeat.register",
            ),
            (
                "[inputs.up_limit]\ntable = \"discrete\"\naddress = 0\n",
                "",
                "A102",
                "inputs",
            ),
            (
                "address = 1\n\n[outputs.stop]",
                "address = 0\n\n[outputs.stop]",
                "A102",
                "outputs.Lower",
            ),
            (
                "timeout_ms = 2000",
                "timeout_ms = 500",
                "A102",
                "heartbeat.timeout_ms",
            ),
            (
                "table = \"coil\"\naddress = 3",
                "table = \"discrete\"\naddress = 3",
                "A102",
                "outputs.LockOpen",
            ),
            (
                "table = \"coil\"\naddress = 2",
                "table = \"coil\"\nbit = 2\naddress = 2",
                "A102",
                "outputs.Stop",
            ),
            (
                "table = \"coil\"\naddress = 2",
                "table = \"holding\"\naddress = 2",
                "A102",
                "outputs.Stop",
            ),
        ];
        for (from, to, code, place) in museum {
            assert!(LANE.contains(from), "{from}");
            let fault = Profile::parse(&LANE.replacen(from, to, 1), "p.toml").unwrap_err();
            assert_eq!(fault.code(), code, "{to}: {fault}");
            assert!(fault.place().contains(place), "{to}: {fault}");
            assert!(!fault.remedy_text().is_empty());
        }
    }

    #[test]
    fn lowering_needs_a_safety_input() {
        let cut = |text: &str, name: &str| -> String {
            let head = format!("[inputs.{name}]");
            let start = text.find(&head).unwrap();
            let end = start + text[start + 1..].find("\n[").unwrap() + 1;
            format!("{}{}", &text[..start], &text[end..])
        };
        let text = cut(&cut(LANE, "photocell"), "safety_loop");
        let fault = Profile::parse(&text, "p.toml").unwrap_err();
        assert!(fault.to_string().contains("never lowered"), "{fault}");
    }
}
