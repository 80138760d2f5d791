//! The hub's signature, lent without its key.

use cordon_contract::Fault;
use cordon_model::Message;

/// Writes a message as canonical XML under an enveloped signature of the hub. The program makes it
/// of the wire and the security room; an adapter never holds a key.
pub trait Seal: Send + Sync + 'static {
    /// The signed document.
    ///
    /// # Errors
    /// When the message breaks the language or the key refuses.
    fn seal(&self, message: &Message) -> Result<Vec<u8>, Fault>;
}
