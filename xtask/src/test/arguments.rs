//! What of `cargo xtask test` is asked for: named steps, a word, a shard.

use super::targets::Target;
use crate::options::Options;

/// More shards than there is work for are a slip of the hand.
const SHARDS_MAX: usize = 64;

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only these steps; all when empty.
    steps: Vec<String>,
    /// Only steps and test targets whose name holds this word.
    only: Option<String>,
    shard: Option<Shard>,
}

/// One part of several, between which the work is dealt out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shard {
    /// Counted from 0.
    index: usize,
    of: usize,
}

impl Wanted {
    /// Reads the arguments; `known` are the names of the steps.
    pub fn parse(arguments: &[String], known: &[&str]) -> Result<Self, String> {
        let options = Options::parse(arguments, &["--only", "--shard"])?;
        if let Some(word) = options
            .words
            .iter()
            .find(|word| !known.contains(&word.as_str()))
        {
            return Err(format!(
                "no step named `{word}`; steps: {}",
                known.join(" ")
            ));
        }
        Ok(Self {
            only: options.text("--only").map(str::to_owned),
            shard: options.text("--shard").map(shard).transpose()?,
            steps: options.words,
        })
    }

    /// Whether everything is asked for.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether this is one of several parts, which may have nothing to do.
    pub fn is_shard(&self) -> bool {
        self.shard.is_some()
    }

    /// Whether a step that is no test runs: the first shard has them all.
    pub fn has_step(&self, name: &str) -> bool {
        self.is_named(name)
            && self.only.as_deref().is_none_or(|word| name.contains(word))
            && self.shard.is_none_or(|shard| shard.index == 0)
    }

    /// Those of the test targets that are asked for; `step` is the name of the step that runs them.
    pub fn targets(&self, step: &str, mut all: Vec<Target>) -> Vec<Target> {
        if !self.is_named(step) {
            return Vec::new();
        }
        // The same order on every machine, or the shards would not fit together.
        all.sort();
        let word = self.only.as_deref().filter(|word| !step.contains(word));
        all.retain(|target| word.is_none_or(|word| target.name().contains(word)));
        let (index, of) = self.shard.map_or((0, 1), |shard| (shard.index, shard.of));
        all.into_iter().skip(index).step_by(of).collect()
    }

    fn is_named(&self, name: &str) -> bool {
        self.steps.is_empty() || self.steps.iter().any(|step| step == name)
    }
}

fn shard(text: &str) -> Result<Shard, String> {
    let part = text.split_once('/').and_then(|(index, of)| {
        let (index, of): (usize, usize) = (index.parse().ok()?, of.parse().ok()?);
        (1..=of).contains(&index).then_some((index, of))
    });
    match part {
        Some((index, of)) if of <= SHARDS_MAX => Ok(Shard {
            index: index - 1,
            of,
        }),
        _ => Err(format!(
            "`--shard` needs a part and the number of parts, such as 1/3, at most {SHARDS_MAX}: not `{text}`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::targets::Kind;
    use super::*;

    const STEPS: &[&str] = &["tools", "fmt", "clippy", "test"];

    fn parse(line: &str) -> Result<Wanted, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Wanted::parse(&words, STEPS)
    }

    fn target(package: &str, name: &str) -> Target {
        Target {
            package: package.to_owned(),
            kind: Kind::Test,
            name: name.to_owned(),
        }
    }

    fn all() -> Vec<Target> {
        vec![
            target("cordon-onvif", "decode"),
            target("cordon-interop", "onvif_clients"),
            target("cordon-interop", "hostile"),
            target("cordon-modbus", "lane"),
            target("cordon-modbus", "barrier"),
        ]
    }

    fn names(wanted: &Wanted) -> Vec<String> {
        let picked = wanted.targets("test", all());
        picked.iter().map(|target| target.name()).collect()
    }

    #[test]
    fn nothing_said_is_everything() {
        let wanted = parse("").unwrap();
        assert!(wanted.is_all());
        assert!(STEPS.iter().all(|step| wanted.has_step(step)));
        assert_eq!(names(&wanted).len(), all().len());
    }

    #[test]
    fn named_steps_alone() {
        let wanted = parse("fmt clippy").unwrap();
        assert!(wanted.has_step("fmt") && wanted.has_step("clippy") && !wanted.has_step("tools"));
        assert!(names(&wanted).is_empty());
        assert_eq!(names(&parse("test").unwrap()).len(), all().len());
    }

    #[test]
    fn a_word_picks_steps_and_targets_by_package_or_name() {
        let wanted = parse("--only onvif").unwrap();
        assert!(!STEPS.iter().any(|step| wanted.has_step(step)));
        assert_eq!(
            names(&wanted),
            ["cordon-interop::onvif_clients", "cordon-onvif::decode"]
        );
        let wanted = parse("--only=cl").unwrap();
        assert!(wanted.has_step("clippy") && !wanted.has_step("fmt"));
        assert_eq!(names(&wanted), ["cordon-interop::onvif_clients"]);
        // The step's own name asks for all of it.
        assert_eq!(names(&parse("--only test").unwrap()).len(), all().len());
        assert!(names(&parse("fmt --only onvif").unwrap()).is_empty());
    }

    #[test]
    fn shards_have_each_target_once_and_the_first_has_the_steps() {
        for of in 1..=7 {
            let mut together = Vec::new();
            for index in 1..=of {
                let wanted = parse(&format!("--shard {index}/{of}")).unwrap();
                assert_eq!(wanted.has_step("fmt"), index == 1);
                together.extend(names(&wanted));
            }
            together.sort();
            assert_eq!(together, names(&parse("").unwrap()), "{of}");
        }
        let shards = ["1/2", "2/2"].map(|shard| format!("--only modbus --shard {shard}"));
        let picked: Vec<_> = shards
            .iter()
            .map(|line| names(&parse(line).unwrap()))
            .collect();
        assert_eq!(
            picked,
            [["cordon-modbus::barrier"], ["cordon-modbus::lane"]]
        );
    }

    #[test]
    fn slips_are_told() {
        for (line, words) in [
            ("fmtt", "no step named `fmtt`; steps: tools fmt clippy test"),
            ("--jobs 3", "no option named `--jobs`"),
            ("--only", "`--only` needs a value"),
            ("--shard 0/3", "not `0/3`"),
            ("--shard 4/3", "not `4/3`"),
            ("--shard 1", "not `1`"),
            ("--shard 1/3/5", "not `1/3/5`"),
            ("--shard 1/65", "not `1/65`"),
            ("--shard a/b", "not `a/b`"),
        ] {
            let told = parse(line).unwrap_err();
            assert!(told.contains(words), "{line}: {told}");
        }
    }
}
