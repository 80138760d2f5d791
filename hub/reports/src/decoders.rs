//! The shelf's readers of stored files. They have no other public face; `fuzz/` calls them. No interface.

use cordon_contract::Fault;

use crate::shelf::{self, Kept};

/// Reads a stored report as a start does that finds no listing beside it, and gives the listing.
pub fn report(xml: &[u8]) -> Result<Vec<u8>, Fault> {
    let kept = shelf::found(xml.to_vec(), &"these bytes")?;
    Ok(serde_json::to_vec(&kept).unwrap_or_default())
}

/// Reads a listing and gives it as it would be written.
pub fn listing(json: &[u8]) -> Option<Vec<u8>> {
    let kept: Kept = serde_json::from_slice(json).ok()?;
    serde_json::to_vec(&kept).ok()
}
