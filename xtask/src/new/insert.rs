//! Lines that join lists of others.

/// Puts `line` before the first line of a section that comes after it in the alphabet, or at its end. The
/// section begins after the line `head` and holds the lines that start with `like`.
pub fn sorted(text: &str, head: &str, like: &str, line: &str) -> Option<String> {
    let begin = match head {
        "" => 0,
        _ => text.find(&format!("{head}\n"))? + head.len() + 1,
    };
    let (before, section) = text.split_at_checked(begin)?;
    let mut at = None;
    let mut offset = 0;
    for known in section.split_inclusive('\n') {
        if known.starts_with(like) {
            if name(known) > name(line) {
                at = Some(offset);
                break;
            }
            at = Some(offset + known.len());
        } else if at.is_some() {
            break;
        }
        offset += known.len();
    }
    let (first, last) = section.split_at_checked(at?)?;
    Some(format!("{before}{first}{line}\n{last}"))
}

/// What a line is about: `cordon-mqtt` of `cordon-mqtt.workspace = true`.
fn name(line: &str) -> &str {
    let end = line.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    end.and_then(|end| line.get(..end)).unwrap_or(line)
}

/// Puts `line` behind the last line that starts with `like`.
pub fn behind(text: &str, like: &str, line: &str) -> Option<String> {
    let mut end = None;
    let mut offset = 0;
    for known in text.split_inclusive('\n') {
        offset += known.len();
        if known.starts_with(like) {
            end = Some(offset);
        }
    }
    let (first, last) = text.split_at_checked(end?)?;
    Some(format!("{first}{line}\n{last}"))
}

/// Puts `line` before the first line that starts with `like`.
pub fn before(text: &str, like: &str, line: &str) -> Option<String> {
    let mut offset = 0;
    for known in text.split_inclusive('\n') {
        if known.starts_with(like) {
            let (first, last) = text.split_at_checked(offset)?;
            return Some(format!("{first}{line}\n{last}"));
        }
        offset += known.len();
    }
    None
}

/// Puts `line` at the end of the braces that `head` opens.
pub fn at_end(text: &str, head: &str, line: &str) -> Option<String> {
    let begin = text.find(head)?;
    let end = begin + text.get(begin..)?.find("\n}")? + 1;
    let (first, last) = text.split_at_checked(end)?;
    Some(format!("{first}{line}\n{last}"))
}

/// Puts `item` at the end of the list in brackets that `inside` is in or opens.
pub fn in_brackets(text: &str, inside: &str, item: &str) -> Option<String> {
    let begin = text.find(inside)? + inside.len();
    let end = begin + text.get(begin..)?.find(']')?;
    let (first, last) = text.split_at_checked(end)?;
    let known = first.trim_end();
    let (known, space) = first.split_at_checked(known.len())?;
    let known = known.trim_end_matches(',');
    Some(format!("{known}, {item}{space}{last}"))
}

#[cfg(test)]
mod tests {
    use super::{at_end, before, behind, in_brackets, sorted};

    const TEXT: &str = "[a]\ncordon-b = 1\ncordon-d = 1\nhttp = 1\n\n[b]\ncordon-x = 1\n";

    #[test]
    fn a_line_finds_its_place_in_the_alphabet() {
        for (line, expected) in [
            ("cordon-a = 1", "[a]\ncordon-a = 1\ncordon-b"),
            ("cordon-c = 1", "cordon-b = 1\ncordon-c = 1\ncordon-d"),
            ("cordon-e = 1", "cordon-d = 1\ncordon-e = 1\nhttp"),
        ] {
            let text = sorted(TEXT, "[a]", "cordon-", line).unwrap();
            assert!(text.contains(expected), "{text}");
            assert_eq!(text.len(), TEXT.len() + line.len() + 1);
        }
        assert_eq!(sorted(TEXT, "[c]", "cordon-", "x"), None);
        // A name comes before a longer one that begins with it.
        let text = sorted("b: 1\nd: 1\n", "", "", "b-c: 1").unwrap();
        assert_eq!(text, "b: 1\nb-c: 1\nd: 1\n");
    }

    #[test]
    fn a_line_follows_the_last_of_its_like() {
        let text = behind(TEXT, "cordon-", "new").unwrap();
        assert!(text.ends_with("cordon-x = 1\nnew\n"), "{text}");
        assert_eq!(behind(TEXT, "nothing", "new"), None);
        let text = before(TEXT, "cordon-", "new").unwrap();
        assert!(text.starts_with("[a]\nnew\ncordon-b"), "{text}");
        assert_eq!(before(TEXT, "nothing", "new"), None);
    }

    #[test]
    fn an_item_joins_a_list() {
        let joined = |text| in_brackets(text, "A: [", "c").unwrap();
        assert_eq!(
            joined("x: [a]; A: [a, b]; y: [a]"),
            "x: [a]; A: [a, b, c]; y: [a]"
        );
        assert_eq!(joined("A: [\n    a,\n]"), "A: [\n    a, c\n]");
        let text = at_end("one {\n    a\n}\ntwo {\n    a\n}\n", "two {", "    b").unwrap();
        assert_eq!(text, "one {\n    a\n}\ntwo {\n    a\n    b\n}\n");
        assert_eq!(
            at_end(TEXT, "two {", "b").or(in_brackets(TEXT, "A: [", "b")),
            None
        );
    }
}
