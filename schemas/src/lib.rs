//! The canonical language of the park: schemas, service descriptions and examples, embedded.
//!
//! The files themselves are the language; this crate only carries them, so that the hub can serve
//! them, the tests can run over them and a vendor's kit needs no folder beside it. Paths are those
//! below `schemas/`, such as `xsd/message.xsd`.
//!
//! Floor 1: imports nothing.

mod generated {
    pub(crate) mod files;
}

use generated::files::FILES;

/// The text of a file, by its path below `schemas/`.
pub fn file(path: &str) -> Option<&'static str> {
    let index = FILES
        .binary_search_by(|(known, _)| (*known).cmp(path))
        .ok()?;
    FILES.get(index).map(|(_, text)| *text)
}

/// Path and text of every file whose path begins with `prefix`, in the order of paths; `""` gives
/// all.
pub fn files(prefix: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES
        .iter()
        .copied()
        .filter(move |(path, _)| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::{file, files};

    #[test]
    fn files_are_found_by_path() {
        assert!(
            file("xsd/message.xsd")
                .unwrap()
                .contains("urn:cordon:park:1")
        );
        assert!(file("xsd/nothing.xsd").is_none());
        assert_eq!(
            files("")
                .filter(|(path, text)| file(path) != Some(*text))
                .count(),
            0
        );
    }

    #[test]
    fn each_invalid_example_says_what_is_expected() {
        for folder in ["examples/invalid/", "examples/refused/"] {
            let mut count = 0;
            for (path, _) in files(folder).filter(|(path, _)| path.ends_with(".xml")) {
                let expected = file(&path.replace(".xml", ".expected"));
                assert!(expected.is_some_and(|text| text.starts_with('X')), "{path}");
                count += 1;
            }
            assert!(count > 0, "{folder}");
        }
    }
}
