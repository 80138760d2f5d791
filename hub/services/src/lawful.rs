//! The language's faults in the form that crosses walls.

use cordon_contract::Fault;
use cordon_wire::WireFault;

/// Code, place and remedy stay as they are.
pub fn lawful(fault: WireFault) -> Fault {
    Fault::new(fault.code, fault.detail)
        .at(fault.place)
        .remedy(fault.remedy)
}
