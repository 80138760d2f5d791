//! What can be wrong with records, by code.

use cordon_contract::Fault;

/// A question asks for an entry that the records have not reached.
pub const BEHIND: &str = "J070";
/// A fold could not take an entry in.
pub const BROKEN: &str = "J071";
/// The records cannot be written or read at present.
pub const STOPPED: &str = "J072";
/// The file of records was set aside and is built again.
pub const SET_ASIDE: &str = "J073";

/// Rows lack what had expired when they were built.
pub const LACKING: &str = "J074";

/// The file holds these rows in another form than this program's, or not yet.
pub const OTHER_FORM: &str = "J075";

/// These records are not asked for in such a way.
pub const NOT_ASKED_SO: &str = "J076";

/// Every code of records with its remedy.
pub const FAULTS: &[(&str, &str)] = &[
    (BEHIND, "ask again in a few seconds"),
    (BROKEN, "report the words; the other records go on"),
    (
        STOPPED,
        "by its words: free some room, or see to the disk; the records go on by themselves",
    ),
    (SET_ASIDE, "nothing; the records are built from the journal"),
    (
        LACKING,
        "what acts at the gates is whole; put back records.sqlite from a backup that is older than its loss",
    ),
    (
        OTHER_FORM,
        "start the hub with this program, or ask with the program that the hub runs",
    ),
    (
        NOT_ASKED_SO,
        "cordon records ask --help names what can be asked; --after takes the key that the page before ended with",
    ),
];

pub(crate) fn fault(code: &'static str, words: impl Into<String>) -> Fault {
    let known = FAULTS.iter().find(|(known, _)| *known == code);
    let remedy = known.map(|(_, remedy)| *remedy).unwrap_or_default();
    Fault::new(code, words).remedy(remedy)
}

/// Records of `fold` stand at an entry before the one that was asked for.
pub(crate) fn behind(fold: &str, reached: u64, wanted: u64) -> Fault {
    let words = format!("the records of {fold} reach entry {reached}, asked for is entry {wanted}");
    fault(BEHIND, words)
}
