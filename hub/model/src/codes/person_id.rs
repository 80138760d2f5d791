//! Ids of registered persons: people type them, so `p-104` and `P-104` are one person.

/// The form in which two ids of one person are the same: letters in upper case. What else an id may hold
/// (digits, dot, underscore, hyphen) tells persons apart.
pub fn normalise(id: &str) -> String {
    id.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    #[test]
    fn case_makes_no_other_person() {
        assert_eq!(super::normalise("p-104.a"), super::normalise("P-104.A"));
        assert_ne!(super::normalise("P-104"), super::normalise("P104"));
    }
}
