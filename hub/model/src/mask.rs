//! Masking of personal data (standards 10.4): the default in reports, logs and on pages.

/// How much of an id number may be seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Depth {
    /// First six and last four: `320106********0019`.
    Operator,
    /// First and last: `3****************9`.
    Report,
}

/// Masks the number of an id document. Short numbers show only their first and last character.
pub fn id_number(number: &str, depth: Depth) -> String {
    let length = number.chars().count();
    match depth {
        Depth::Operator if length >= 15 => starred(number, 6, 4),
        _ => starred(number, 1, 1),
    }
}

/// Masks a phone number: `138****0001`.
pub fn phone(number: &str) -> String {
    starred(number, 3, 4)
}

/// Two-character Chinese family names, which stay whole.
const LONG_FAMILY_NAMES: &[&str] = &[
    "欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "端木",
    "夏侯", "轩辕", "独孤", "南宫", "长孙", "宇文", "闻人", "呼延", "申屠", "太史", "澹台", "公冶",
    "赫连", "钟离", "淳于", "单于",
];

/// Masks a name: the family name stays, each further character becomes a star. `张*`, `欧阳**`.
pub fn name(name: &str) -> String {
    let long = LONG_FAMILY_NAMES
        .iter()
        .any(|family| name.starts_with(family))
        && name.chars().count() > 2;
    starred(name, if long { 2 } else { 1 }, 0)
}

/// Stars for everything but the first and last characters; when nothing would be left to hide,
/// everything is hidden.
fn starred(text: &str, first: usize, last: usize) -> String {
    let length = text.chars().count();
    let hidden = |index: usize| length <= first + last || (index >= first && index < length - last);
    text.chars()
        .enumerate()
        .map(|(index, letter)| if hidden(index) { '*' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Depth, id_number, name, phone};

    #[test]
    fn samples_of_the_catalogue() {
        assert_eq!(
            id_number("320106200002290019", Depth::Operator),
            "320106********0019"
        );
        assert_eq!(
            id_number("320106200002290019", Depth::Report),
            "3****************9"
        );
        assert_eq!(phone("13800000001"), "138****0001");
        assert_eq!(name("张三"), "张*");
        assert_eq!(name("欧阳小明"), "欧阳**");
    }

    #[test]
    fn short_values_are_hidden_whole() {
        assert_eq!(id_number("E1234567", Depth::Operator), "E******7");
        assert_eq!(id_number("E1", Depth::Report), "**");
        assert_eq!(phone("110"), "***");
        assert_eq!(name("张"), "*");
        assert_eq!(name("欧阳"), "欧*");
        assert_eq!(name(""), "");
    }
}
