//! What each part of a run cost, and the words for it.

use std::time::Duration;

/// How many of the costliest test programs are named.
const NAMED: usize = 10;

/// Parts with what each took.
#[derive(Debug, Default)]
pub struct Costs(Vec<(String, Duration)>);

impl Costs {
    /// Notes a part that has ended.
    pub fn add(&mut self, name: &str, took: Duration) {
        self.0.push((name.to_owned(), took));
    }

    /// All of them in one line, in the order in which they ran.
    pub fn line(&self) -> String {
        Self::words(self.0.iter())
    }

    /// The costliest in one line, and how many others there are.
    pub fn costliest(&self) -> String {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
        let (named, others) = sorted.split_at(NAMED.min(sorted.len()));
        let mut words = Self::words(named.iter().copied());
        if !others.is_empty() {
            let took: Duration = others.iter().map(|(_, took)| *took).sum();
            words += &format!(", {} others {}", others.len(), seconds(took));
        }
        words
    }

    fn words<'a>(parts: impl Iterator<Item = &'a (String, Duration)>) -> String {
        let parts: Vec<String> = parts
            .map(|(name, took)| format!("{name} {}", seconds(*took)))
            .collect();
        parts.join(", ")
    }
}

fn seconds(took: Duration) -> String {
    match took.as_secs() {
        0 => format!("{:.1} s", took.as_secs_f64()),
        whole => format!("{whole} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_has_every_step_and_another_the_costliest_targets() {
        let mut costs = Costs::default();
        costs.add("fmt", Duration::from_millis(2_100));
        costs.add("deny", Duration::from_millis(300));
        assert_eq!(costs.line(), "fmt 2 s, deny 0.3 s");
        assert_eq!(costs.costliest(), "fmt 2 s, deny 0.3 s");
        for second in 10..20 {
            costs.add("t", Duration::from_secs(second));
        }
        let words = costs.costliest();
        assert!(words.starts_with("t 19 s, t 18 s, "), "{words}");
        assert!(words.ends_with("t 10 s, 2 others 2 s"), "{words}");
    }
}
