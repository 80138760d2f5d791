//! Arguments of a chore: words, and options of the form `--name value` or `--name=value`.

use std::collections::BTreeMap;
use std::str::FromStr;

/// What was given, each option once at most.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What is no option, in the order given.
    pub words: Vec<String>,
    named: BTreeMap<&'static str, String>,
}

impl Options {
    /// Reads arguments; only `known` options may be among them.
    pub fn parse(arguments: &[String], known: &[&'static str]) -> Result<Self, String> {
        let mut found = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if !argument.starts_with('-') {
                found.words.push(argument.clone());
                continue;
            }
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let Some(name) = known.iter().find(|known| **known == name) else {
                return Err(format!(
                    "no option named `{name}`; options: {}",
                    known.join(" ")
                ));
            };
            let value = value.or_else(|| arguments.next().cloned());
            let value = value.filter(|value| !value.is_empty() && !value.starts_with('-'));
            let value = value.ok_or_else(|| format!("`{name}` needs a value"))?;
            if found.named.insert(name, value).is_some() {
                return Err(format!("`{name}` is given twice"));
            }
        }
        Ok(found)
    }

    /// The value of an option as it was given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.named.get(name).map(String::as_str)
    }

    /// The value of an option as a number or the like.
    pub fn value<T: FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(format!("`{name}` cannot be `{text}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn parse(line: &str) -> Result<Options, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words, &["--minutes", "--target"])
    }

    #[test]
    fn words_and_options_in_both_forms() {
        let found = parse("a --minutes 3 b --target=x").unwrap();
        assert_eq!(found.words, ["a", "b"]);
        assert_eq!(found.value("--minutes"), Ok(Some(3)));
        assert_eq!(found.text("--target"), Some("x"));
        assert_eq!(parse("").unwrap().value::<u64>("--minutes"), Ok(None));
        assert_eq!(
            found.value::<u64>("--target"),
            Err("`--target` cannot be `x`".to_owned())
        );
    }

    #[test]
    fn slips_are_told() {
        for (line, words) in [
            (
                "--minute 3",
                "no option named `--minute`; options: --minutes --target",
            ),
            ("--minutes", "`--minutes` needs a value"),
            ("--minutes=", "`--minutes` needs a value"),
            ("--minutes --target", "`--minutes` needs a value"),
            ("--minutes 1 --minutes 2", "`--minutes` is given twice"),
        ] {
            assert_eq!(parse(line).unwrap_err(), words, "{line}");
        }
    }
}
