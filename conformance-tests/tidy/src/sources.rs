//! The tree's source files, for rules that read text.

use std::fs;
use std::path::Path;

/// A rule that was broken, as `file:line: what, use instead`.
pub type Complaint = String;

/// One file.
#[derive(Debug)]
pub struct Source {
    /// Its path from the root, with forward slashes.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// Its lines, counted from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }

    /// The lines before the first test module; the whole file when it has none. A single item for tests alone hides nothing
    /// that stands behind it.
    pub fn lines_before_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let is_module = |line: &str| line.starts_with("mod ") && line.ends_with('{');
        let begins = |at: usize| {
            let behind = lines.iter().skip(at + 1);
            let item = behind.copied().find(|line| !line.starts_with("#["));
            item.is_some_and(|item| item == "mod tests;" || is_module(item))
        };
        let mut marks = (0..lines.len()).filter(|at| lines.get(*at) == Some(&"#[cfg(test)]"));
        let end = marks.find(|at| begins(*at)).unwrap_or(lines.len());
        self.lines().take(end)
    }

    /// Whether it is written by `cargo xtask codegen`.
    pub fn is_generated(&self) -> bool {
        self.path.contains("/generated/")
    }

    /// Whether it is part of a product crate (not a test, simulator or chore).
    pub fn is_product(&self) -> bool {
        let test = self.path.contains("/tests/")
            || self.path.contains("/examples/")
            || self.path.contains("/benches/")
            || self.path.ends_with("/tests.rs");
        let chores = ["conformance-tests/", "fuzz/", "xtask/"];
        !test && !chores.iter().any(|chore| self.path.starts_with(chore))
    }
}

/// All files under `root` with one of the endings, build output and tools left out.
pub fn sources(root: &Path, endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    collect(root, root, endings, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(root: &Path, folder: &Path, endings: &[&str], found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            let skipped = ["target", "node_modules", "demo-data"].contains(&name.as_str());
            if !skipped && !name.starts_with(".git") && name != ".tools" {
                collect(root, &path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending))
            && let Ok(text) = fs::read_to_string(&path)
        {
            found.push(Source {
                path: relative(root, &path),
                text,
            });
        }
    }
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn an_item_for_tests_alone_hides_nothing_behind_it() {
        let told = |text: &str| {
            let (path, text) = ("a.rs".to_owned(), text.to_owned());
            Source { path, text }.lines_before_tests().count()
        };
        assert_eq!(told("a\n#[cfg(test)]\nfn b() {}\nc\n"), 4);
        assert_eq!(told("a\n#[cfg(test)]\nmod year;\nc\n"), 4);
        assert_eq!(told("a\n#[cfg(test)]\nmod tests;\nc\n"), 1);
        assert_eq!(
            told("a\n#[cfg(test)]\nb\n#[cfg(test)]\n#[allow(x)]\nmod these {\n"),
            3
        );
    }
}
