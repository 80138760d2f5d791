//! Small edits of an example: each value replaced, each line dropped, doubled or swapped.

/// An edited example and what was done to it.
pub struct Edited {
    pub what: String,
    pub text: String,
}

/// Values that some types allow and others do not.
const VALUES: &[&str] = &[
    "",
    " ",
    "0",
    "1",
    "-1",
    "+1",
    "007",
    "1.0",
    "1.",
    ".5",
    "-0.50",
    "1e3",
    "true",
    "IN",
    "in",
    "ACTIVE",
    "a b",
    " A-1 ",
    "苏H12345",
    "苏H 12345",
    "2026-11-24T08:00:00Z",
    "2026-11-24T08:00:00.5-00:00",
    "2026-11-24",
    "2024-02-29T23:59:59+14:00",
    "2023-02-29T00:00:00Z",
    "99999999999999999999",
    "18446744073709551615",
    "4294967295",
    "0.99999",
    "AAEC",
    "AA=",
    "x\ty",
    "é",
];

/// All edits of one example.
pub fn of(text: &str) -> Vec<Edited> {
    let lines: Vec<&str> = text.lines().collect();
    let mut made = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let mut with = |what: &str, lines: Vec<&str>| {
            made.push(Edited {
                what: format!("line {} {what}: {}", index + 1, line.trim()),
                text: lines.join("\n"),
            });
        };
        let Some((open, close)) = line
            .find('>')
            .zip(line.rfind("</"))
            .filter(|(open, close)| open < close)
        else {
            continue;
        };
        let before = &lines[..index];
        let after = &lines[index + 1..];
        with("dropped", [before, after].concat());
        with("doubled", [before, &[*line, *line], after].concat());
        if let Some(next) = after
            .first()
            .filter(|next| next.contains("</") && next.find('>') < next.rfind("</"))
        {
            with(
                "swapped with the next",
                [before, &[*next, *line], &after[1..]].concat(),
            );
        }
        for value in VALUES {
            let edited = format!("{}{value}{}", &line[..=open], &line[close..]);
            with(
                &format!("holds {value:?}"),
                [before, &[edited.as_str()], after].concat(),
            );
        }
    }
    made
}
