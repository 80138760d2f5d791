//! From names of the schemas to names of Rust.

/// `PlateNumber` → `plate_number`, `CNGrid` → `cn_grid`.
pub fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut made = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let previous = index.checked_sub(1).and_then(|before| letters.get(before));
        let next = letters.get(index + 1);
        let starts_word = letter.is_uppercase()
            && previous.is_some_and(|before| {
                !before.is_uppercase() || next.is_some_and(|after| after.is_lowercase())
            });
        if starts_word {
            made.push('_');
        }
        made.extend(letter.to_lowercase());
    }
    made
}

/// `PlateNumber` → `PLATE_NUMBER`.
pub fn screaming(name: &str) -> String {
    snake(name).to_uppercase()
}

/// `YELLOW_GREEN` → `YellowGreen`, `RPT-01` → `Rpt01`; a word with lower-case letters stays.
pub fn variant(value: &str) -> String {
    let mut made = String::new();
    for word in value.split(['_', '-']) {
        if word.chars().any(char::is_lowercase) {
            made.push_str(word);
            continue;
        }
        let mut letters = word.chars();
        made.extend(letters.next());
        made.extend(letters.flat_map(char::to_lowercase));
    }
    made
}

/// The Rust module for a schema file. House rules want a noun for `common`.
pub fn module(file: &str) -> String {
    match file {
        "common" => "basics".to_owned(),
        file => file.replace('-', "_"),
    }
}

#[cfg(test)]
mod tests {
    use super::{module, screaming, snake, variant};

    #[test]
    fn names_change_shape() {
        assert_eq!(snake("PlateNumber"), "plate_number");
        assert_eq!(snake("ClockOffsetMs"), "clock_offset_ms");
        assert_eq!(snake("TitleZh"), "title_zh");
        assert_eq!(screaming("IdNumber"), "ID_NUMBER");
        assert_eq!(module("demo-note"), "demo_note");
        assert_eq!(variant("YELLOW_GREEN"), "YellowGreen");
        assert_eq!(variant("RPT-01"), "Rpt01");
        assert_eq!(variant("PlateCapture"), "PlateCapture");
        assert_eq!(variant("L"), "L");
    }
}
