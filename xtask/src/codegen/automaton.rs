//! From a pattern to the smallest table that decides it: one look-up per character, no backtracking.

use std::collections::{BTreeMap, BTreeSet};

use super::pattern::Expression;

/// A deterministic automaton. State 0 is dead, state 1 is the start, class 0 is any character that
/// no class names.
pub struct Automaton {
    /// Inclusive character ranges with their class, sorted, from class 1.
    pub ranges: Vec<(char, char, u8)>,
    /// Number of classes, class 0 included.
    pub classes: usize,
    /// For each state the next state by class.
    pub next: Vec<Vec<u16>>,
    /// For each state whether the text may end there.
    pub accepting: Vec<bool>,
}

/// A step over one character out of these ranges, and the state after it.
type Step = (Vec<(char, char)>, usize);

#[derive(Default)]
struct Nfa {
    steps: Vec<Vec<Step>>,
    empty: Vec<Vec<usize>>,
}

impl Nfa {
    fn state(&mut self) -> usize {
        self.steps.push(Vec::new());
        self.empty.push(Vec::new());
        self.steps.len() - 1
    }

    fn link(&mut self, from: usize, to: usize) {
        if let Some(links) = self.empty.get_mut(from) {
            links.push(to);
        }
    }

    /// Adds an expression that begins at `from` and gives the state where it ends.
    fn add(&mut self, expression: &Expression, from: usize) -> usize {
        match expression {
            Expression::One(ranges) => {
                let to = self.state();
                if let Some(steps) = self.steps.get_mut(from) {
                    steps.push((ranges.clone(), to));
                }
                to
            }
            Expression::All(pieces) => pieces.iter().fold(from, |at, piece| self.add(piece, at)),
            Expression::Any(branches) => {
                let end = self.state();
                for branch in branches {
                    let begin = self.state();
                    self.link(from, begin);
                    let done = self.add(branch, begin);
                    self.link(done, end);
                }
                end
            }
            Expression::Repeat(piece, min, max) => {
                let mut at = from;
                for _ in 0..*min {
                    at = self.add(piece, at);
                }
                let end = self.state();
                self.link(at, end);
                match max {
                    Some(max) => {
                        for _ in *min..*max {
                            at = self.add(piece, at);
                            self.link(at, end);
                        }
                    }
                    None => {
                        let begin = self.state();
                        self.link(at, begin);
                        let done = self.add(piece, begin);
                        self.link(done, begin);
                        self.link(done, end);
                    }
                }
                end
            }
        }
    }

    fn closure(&self, seeds: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut waiting: Vec<usize> = seeds.into_iter().collect();
        while let Some(state) = waiting.pop() {
            if found.insert(state) {
                waiting.extend(self.empty.get(state).into_iter().flatten());
            }
        }
        found
    }

    fn after(&self, set: &BTreeSet<usize>, letter: char) -> BTreeSet<usize> {
        let reached = set
            .iter()
            .filter_map(|state| self.steps.get(*state))
            .flatten();
        self.closure(
            reached
                .filter(|(ranges, _)| {
                    ranges
                        .iter()
                        .any(|(from, to)| (*from..=*to).contains(&letter))
                })
                .map(|(_, to)| *to),
        )
    }
}

/// Builds the automaton that accepts what the expression accepts.
pub fn build(expression: &Expression) -> Result<Automaton, String> {
    let mut nfa = Nfa::default();
    let start = nfa.state();
    let end = nfa.add(expression, start);
    let atoms = atoms(&nfa);
    let (next, accepting) = determinise(&nfa, start, end, &atoms);
    let (next, accepting) = minimise(&next, &accepting);
    if next.len() > usize::from(u16::MAX) {
        return Err("a pattern needs too many states; use a length facet".to_owned());
    }
    Ok(merged(&atoms, next, accepting))
}

/// Disjoint ranges such that every step of the automaton treats a whole range alike.
fn atoms(nfa: &Nfa) -> Vec<(char, char)> {
    let mut cuts = BTreeSet::new();
    let all: Vec<(char, char)> = nfa
        .steps
        .iter()
        .flatten()
        .flat_map(|(ranges, _)| ranges.iter().copied())
        .collect();
    for (from, to) in &all {
        cuts.insert(u32::from(*from));
        cuts.insert(u32::from(*to) + 1);
    }
    let cuts: Vec<u32> = cuts.into_iter().collect();
    cuts.windows(2)
        .filter_map(|pair| match pair {
            [from, past] => Some((char::from_u32(*from)?, char::from_u32(past - 1)?)),
            _ => None,
        })
        .filter(|(from, _)| all.iter().any(|(low, high)| (*low..=*high).contains(from)))
        .collect()
}

type Table = Vec<Vec<usize>>;

fn determinise(nfa: &Nfa, start: usize, end: usize, atoms: &[(char, char)]) -> (Table, Vec<bool>) {
    let dead = BTreeSet::new();
    let first = nfa.closure([start]);
    let mut numbers = BTreeMap::from([(dead.clone(), 0), (first.clone(), 1)]);
    let mut sets = vec![dead, first];
    let mut next = Table::new();
    let mut at = 0;
    while let Some(set) = sets.get(at).cloned() {
        let mut row = Vec::new();
        for (letter, _) in atoms {
            let reached = nfa.after(&set, *letter);
            let fresh = sets.len();
            let number = *numbers.entry(reached.clone()).or_insert(fresh);
            if number == fresh {
                sets.push(reached);
            }
            row.push(number);
        }
        next.push(row);
        at += 1;
    }
    let accepting = sets.iter().map(|set| set.contains(&end)).collect();
    (next, accepting)
}

/// Moore's partition refinement; keeps state 0 dead and state 1 the start.
fn minimise(next: &Table, accepting: &[bool]) -> (Table, Vec<bool>) {
    let mut group: Vec<usize> = accepting.iter().map(|yes| usize::from(*yes)).collect();
    loop {
        let keys: Vec<(usize, Vec<usize>)> = next
            .iter()
            .zip(&group)
            .map(|(row, own)| {
                (
                    *own,
                    row.iter()
                        .filter_map(|to| group.get(*to).copied())
                        .collect(),
                )
            })
            .collect();
        let mut numbers = BTreeMap::new();
        let mut refined = Vec::new();
        for key in &keys {
            let fresh = numbers.len();
            refined.push(*numbers.entry(key.clone()).or_insert(fresh));
        }
        if refined == group {
            break;
        }
        group = refined;
    }
    // Groups are numbered in order of their first state, so state 0 is group 0 and state 1 is
    // group 1 unless the pattern accepts nothing.
    let count = group.iter().max().map_or(0, |most| most + 1);
    let mut table = Table::new();
    let mut ends = Vec::new();
    for wanted in 0..count {
        let one = group.iter().position(|own| *own == wanted).unwrap_or(0);
        let row = next.get(one).cloned().unwrap_or_default();
        table.push(
            row.iter()
                .filter_map(|to| group.get(*to).copied())
                .collect(),
        );
        ends.push(accepting.get(one).copied().unwrap_or(false));
    }
    (table, ends)
}

/// Gives ranges that behave alike in every state one class.
fn merged(atoms: &[(char, char)], next: Table, accepting: Vec<bool>) -> Automaton {
    let mut classes: BTreeMap<Vec<usize>, u8> = BTreeMap::new();
    let mut columns: Vec<Vec<usize>> = Vec::new();
    let mut ranges: Vec<(char, char, u8)> = Vec::new();
    for (index, (from, to)) in atoms.iter().enumerate() {
        let column: Vec<usize> = next
            .iter()
            .filter_map(|row| row.get(index).copied())
            .collect();
        let fresh = u8::try_from(columns.len() + 1).unwrap_or(u8::MAX);
        let class = *classes.entry(column.clone()).or_insert(fresh);
        if class == fresh {
            columns.push(column);
        }
        match ranges.last_mut() {
            Some((_, last, same)) if *same == class && u32::from(*last) + 1 == u32::from(*from) => {
                *last = *to
            }
            _ => ranges.push((*from, *to, class)),
        }
    }
    let rows = (0..next.len())
        .map(|state| {
            let mut row = vec![0_u16];
            row.extend(columns.iter().map(|column| {
                column
                    .get(state)
                    .and_then(|to| u16::try_from(*to).ok())
                    .unwrap_or(0)
            }));
            row
        })
        .collect();
    Automaton {
        ranges,
        classes: columns.len() + 1,
        next: rows,
        accepting,
    }
}

#[cfg(test)]
mod tests {
    use super::super::pattern::parse;
    use super::{Automaton, build};

    fn accepts(automaton: &Automaton, text: &str) -> bool {
        let mut state = 1_u16;
        for letter in text.chars() {
            let class = automaton
                .ranges
                .iter()
                .find(|(from, to, _)| (*from..=*to).contains(&letter))
                .map_or(0, |(_, _, class)| *class);
            state = automaton.next[usize::from(state)][usize::from(class)];
        }
        automaton.accepting[usize::from(state)]
    }

    fn automaton(pattern: &str) -> Automaton {
        build(&parse(pattern).unwrap()).unwrap()
    }

    #[test]
    fn counts_are_exact() {
        let three = automaton("[a-c]{2,3}");
        for (text, wanted) in [
            ("a", false),
            ("ab", true),
            ("abc", true),
            ("abca", false),
            ("ad", false),
        ] {
            assert_eq!(accepts(&three, text), wanted, "{text}");
        }
    }

    #[test]
    fn alternatives_and_options_mix() {
        let mixed = automaton("WJ[苏浙]?[0-9]{2}|(x|yz)+");
        for (text, wanted) in [
            ("WJ苏12", true),
            ("WJ12", true),
            ("WJ京12", false),
            ("xyzx", true),
            ("", false),
            ("y", false),
        ] {
            assert_eq!(accepts(&mixed, text), wanted, "{text}");
        }
    }

    #[test]
    fn tables_are_small() {
        assert_eq!(automaton("[0-9a-f]{64}").next.len(), 66);
        assert_eq!(automaton("[!-~]+").next.len(), 3);
    }

    #[test]
    fn what_is_not_supported_is_an_error() {
        for odd in ["\\p{L}", "[^a]", "a.b", "(a", "a)", "[b-a]", "a{x}"] {
            assert!(parse(odd).is_err(), "{odd}");
        }
    }
}
