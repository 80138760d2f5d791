//! Code tables and the validators of national identifiers (standards 4 and 11).
//!
//! Codes travel as names. Numbers of other systems are converted here, at the edge, one function
//! per system, because the systems disagree.

pub mod cas;
pub mod dangerous_goods;
pub mod device_kind;
pub mod direction;
pub mod person_id;
pub mod phone;
pub mod plate;
pub mod plate_colour;
pub mod region;
pub mod resident_id;
pub mod subject_kind;
pub mod uscc;
pub mod vin;

/// Why a national identifier is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CodeError {
    /// Wrong length or a character that cannot be there.
    #[error("wrong length or character")]
    Shape,
    /// The check character does not match.
    #[error("check character does not match")]
    Check,
    /// A date that no calendar has, or one in the future of any living person's papers.
    #[error("impossible date")]
    Date,
    /// A number outside the plausible range.
    #[error("outside the plausible range")]
    Range,
}
