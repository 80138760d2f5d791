//! How what a device said beyond its pace is told.

/// Under which name those are told of together.
pub(crate) const UNPLANNED: &str = "unplanned-devices";
/// How the words begin that stand before those of an alarm that was counted.
const BEYOND: &str = "超出限额，已计";

/// What stands before the words of an alarm that was counted: of whom, and how many in all.
pub(crate) fn beyond_words(who: &str, count: u64) -> String {
    format!("{BEYOND} {count} 条 / {count} of {who} beyond its pace were counted and not recorded")
}

/// Whether these are the words of an alarm that was counted so.
pub(crate) fn is_beyond(description: &str) -> bool {
    let words = description.strip_prefix('[');
    words.is_some_and(|words| words.starts_with(BEYOND))
}
