//! Which topics a filter means (MQTT 5, 4.7).

/// Whether a filter is well formed.
pub fn is_filter(filter: &str) -> bool {
    let parts: Vec<&str> = filter.split('/').collect();
    !filter.is_empty()
        && parts.iter().enumerate().all(|(index, part)| match *part {
            "#" => index + 1 == parts.len(),
            "+" => true,
            part => !part.contains(['+', '#']),
        })
}

/// Whether the filter means the topic. Wildcards at the beginning leave out topics that begin
/// with `$`.
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut segments = topic.split('/');
    for part in filter.split('/') {
        if part == "#" {
            return true;
        }
        match segments.next() {
            Some(segment) if part == "+" || part == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::{is_filter, matches};

    #[test]
    fn examples_of_the_standard() {
        for topic in [
            "sport/tennis/player1",
            "sport/tennis/player1/ranking",
            "sport/tennis/player1/a/b",
        ] {
            assert!(matches("sport/tennis/player1/#", topic));
        }
        assert!(matches("sport/#", "sport"));
        assert!(matches("sport/+", "sport/"));
        assert!(!matches("sport/+", "sport"));
        assert!(matches("+/+", "/finance"));
        assert!(matches("/+", "/finance"));
        assert!(!matches("+", "/finance"));
        assert!(!matches("#", "$SYS/x"));
        assert!(is_filter("+/tennis/#") && !is_filter("sport+") && !is_filter("a/#/b"));
    }
}
