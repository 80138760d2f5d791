//! The hub's signature on what leaves through a receiver's webhook: canonical XML, signed whole.

use std::sync::Arc;

use cordon_contract::{Fault, Seal};
use cordon_model::Message;
use cordon_security::{Signer, xmldsig};

/// Signs with the hub's own certificate. The key stays in the security room.
pub struct HubSeal(pub Arc<Signer>);

/// Stands in while a configuration is checked whose key cannot be used: nothing is ever sent with it.
pub struct Unsealed;

impl Seal for Unsealed {
    fn seal(&self, _message: &Message) -> Result<Vec<u8>, Fault> {
        Err(Fault::new("V107", "signing failed").remedy("check certificate and key"))
    }
}

impl Seal for HubSeal {
    fn seal(&self, message: &Message) -> Result<Vec<u8>, Fault> {
        let xml = cordon_wire::write_message(message).map_err(|fault| {
            Fault::new(fault.code, fault.detail)
                .at(fault.place)
                .remedy(fault.remedy)
        })?;
        xmldsig::sign_enveloped(&self.0, xml)
    }
}
