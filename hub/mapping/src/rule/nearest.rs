//! The known name that a wrong one probably meant.

/// A remedy that names the closest known name.
pub(super) fn nearest(wrong: &str, known: Vec<&str>) -> String {
    let distance = |name: &str| edits(&wrong.to_lowercase(), &name.to_lowercase());
    match known.iter().min_by_key(|name| distance(name)) {
        Some(name) if distance(name) <= 3 => format!("did you mean `{name}`?"),
        _ => format!("known are {}", known.join(", ")),
    }
}

/// Edit distance, for suggestions.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let change = row.get(j).copied().unwrap_or(0) + usize::from(letter != *other);
            let insert = next.last().copied().unwrap_or(0) + 1;
            let remove = row.get(j + 1).copied().unwrap_or(0) + 1;
            next.push(change.min(insert).min(remove));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
