//! Rooms inside one crate: the land slopes one way there too.

use crate::sources::{Complaint, Source};

/// What is wrong with the imports of a crate whose rooms, modules at its root, are given from the roof down. What stands at
/// the root beside them is below all of them, but for the crate's face.
pub fn inside(krate: &str, rooms: &[&str], sources: &[Source]) -> Vec<Complaint> {
    let root = format!("{krate}/src/");
    let floor = |room: &str| rooms.iter().position(|one| *one == room);
    let mut complaints = Vec::new();
    let mut seen = 0;
    for source in sources.iter().filter(|source| source.is_product()) {
        let Some(path) = source.path.strip_prefix(&root) else {
            continue;
        };
        let mine = path.split('/').next().unwrap_or(path);
        let mine = mine.strip_suffix(".rs").unwrap_or(mine);
        if ["lib", "main", "decoders"].contains(&mine) {
            continue;
        }
        for (number, line) in source.lines_before_tests() {
            for other in named(line) {
                let Some(above) = floor(other) else {
                    continue;
                };
                seen += 1;
                if above < floor(mine).unwrap_or(rooms.len()) {
                    complaints.push(format!(
                        "{}:{number}: `{mine}` names `{other}`, which stands above it",
                        source.path
                    ));
                }
            }
        }
    }
    if seen == 0 {
        complaints.push(format!("{krate}: nothing names any of its rooms"));
    }
    complaints
}

/// The modules at the crate's root that a line names.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or(line);
    code.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, text: &str) -> usize {
        let (path, text) = (path.to_owned(), text.to_owned());
        let low = Source {
            path: "hub/x/src/b/low.rs".to_owned(),
            text: "use crate::b::other;".to_owned(),
        };
        inside("hub/x", &["a", "b"], &[low, Source { path, text }]).len()
    }

    #[test]
    fn what_names_a_room_above_it_is_told() {
        assert_eq!(told("hub/x/src/b/low.rs", "use crate::a::high;"), 1);
        assert_eq!(told("hub/x/src/ground.rs", "let it = crate::a::high();"), 1);
        assert_eq!(told("hub/x/src/a/high.rs", "use crate::b::low;"), 0);
        assert_eq!(told("hub/x/src/lib.rs", "pub use crate::a::high;"), 0);
        assert_eq!(told("hub/x/src/b/low.rs", "// as crate::a does"), 0);
        assert_eq!(told("hub/y/src/b/low.rs", "use crate::a::high;"), 0);
        assert_eq!(inside("hub/z", &["a"], &[]).len(), 1, "a slip in the name");
    }
}
