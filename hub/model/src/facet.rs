//! Facets: what a value of a simple type may be, checked alike by readers, writers and constructors.

use std::borrow::Cow;
use std::fmt;

use crate::decimal::Decimal;

/// Which facet was broken.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum FacetKind {
    /// The text does not have the demanded shape.
    Pattern,
    /// Too short or too long, counted in characters.
    Length,
    /// Too small or too large.
    Range,
    /// Not a number, time, truth value or base64 at all.
    Form,
    /// Not one of the listed codes.
    Enumeration,
}

/// A value that breaks a facet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FacetError {
    kind: FacetKind,
    type_name: &'static str,
    detail: String,
}

impl FacetError {
    /// Makes an error for a value of the named type.
    pub fn new(kind: FacetKind, type_name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            type_name,
            detail: detail.into(),
        }
    }

    /// A code that is not in the list.
    pub fn enumeration(type_name: &'static str, code: &str) -> Self {
        Self::new(
            FacetKind::Enumeration,
            type_name,
            format!("{} is not a listed code", quoted(code)),
        )
    }

    /// Which facet was broken.
    pub fn kind(&self) -> FacetKind {
        self.kind
    }

    /// The simple type whose facet was broken.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// What is wrong, as a lower-case fragment.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for FacetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.type_name, self.detail)
    }
}

impl std::error::Error for FacetError {}

/// The value in back quotes, cut to a length that is safe to show.
fn quoted(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    let shown: String = text.chars().take(SHOWN_MAX).collect();
    if shown.len() < text.len() {
        format!("`{shown}…`")
    } else {
        format!("`{shown}`")
    }
}

/// A pattern as a table: one look-up per character. State 0 is dead, state 1 the start.
#[derive(Debug)]
pub struct Pattern {
    pub(crate) source: &'static str,
    /// Class of each ASCII character.
    pub(crate) ascii: &'static [u8; 128],
    /// Class of ranges of other characters, sorted.
    pub(crate) wide: &'static [(char, char, u8)],
    pub(crate) classes: usize,
    /// Next state by state and class.
    pub(crate) next: &'static [u16],
    /// States in which the text may end, sorted.
    pub(crate) ends: &'static [u16],
}

impl Pattern {
    /// The pattern as written in the schema.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether the whole text fits.
    pub fn matches(&self, text: &str) -> bool {
        let step = |state: u16, class: u8| {
            let at = usize::from(state) * self.classes + usize::from(class);
            self.next.get(at).copied().unwrap_or(0)
        };
        // Values are ASCII almost always, and then a byte is a character.
        let ended = if text.is_ascii() {
            let class = |byte: u8| self.ascii.get(usize::from(byte)).copied().unwrap_or(0);
            text.bytes()
                .try_fold(1, |state, byte| Self::alive(step(state, class(byte))))
        } else {
            text.chars().try_fold(1, |state, letter| {
                Self::alive(step(state, self.class(letter)))
            })
        };
        ended.is_some_and(|state| self.ends.binary_search(&state).is_ok())
    }

    /// The state, unless nothing leads out of it.
    fn alive(state: u16) -> Option<u16> {
        (state != 0).then_some(state)
    }

    fn class(&self, letter: char) -> u8 {
        if let Some(class) = self.ascii.get(letter as usize) {
            return *class;
        }
        let after = self.wide.partition_point(|(from, ..)| *from <= letter);
        after
            .checked_sub(1)
            .and_then(|index| self.wide.get(index))
            .filter(|(_, to, _)| letter <= *to)
            .map_or(0, |(.., class)| *class)
    }
}

/// Facets of a text.
#[derive(Debug)]
pub struct TextFacets {
    pub(crate) name: &'static str,
    pub(crate) collapse: bool,
    pub(crate) length_min: usize,
    pub(crate) length_max: usize,
    pub(crate) pattern: Option<&'static Pattern>,
}

impl TextFacets {
    /// Name of the simple type.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The pattern, where it has one.
    pub fn pattern(&self) -> Option<&'static Pattern> {
        self.pattern
    }

    /// The text as the schema sees it: white space collapsed where the type says so.
    pub fn normal<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.collapse {
            collapsed(text)
        } else {
            Cow::Borrowed(text)
        }
    }

    /// Checks a text that is already in normal form; one that is not breaks the pattern.
    pub fn check(&self, text: &str) -> Result<(), FacetError> {
        if self.length_min > 0 || self.length_max < text.len() {
            let length = text.chars().count();
            if length < self.length_min || length > self.length_max {
                return Err(FacetError::new(
                    FacetKind::Length,
                    self.name,
                    format!(
                        "{length} characters, not {} to {}",
                        self.length_min, self.length_max
                    ),
                ));
            }
        }
        if let Some(pattern) = self.pattern.filter(|pattern| !pattern.matches(text)) {
            return Err(FacetError::new(
                FacetKind::Pattern,
                self.name,
                format!("{} does not fit {}", quoted(text), pattern.source),
            ));
        }
        if self.collapse && matches!(collapsed(text), Cow::Owned(_)) {
            return Err(FacetError::new(
                FacetKind::Pattern,
                self.name,
                "white space at an end, doubled, or other than a space",
            ));
        }
        Ok(())
    }
}

/// Facets of a fixed-point number.
#[derive(Debug)]
pub struct DecimalFacets {
    pub(crate) name: &'static str,
    pub(crate) pattern: Option<&'static Pattern>,
    pub(crate) min: Option<Decimal>,
    pub(crate) max: Option<Decimal>,
}

impl DecimalFacets {
    /// Reads a number and checks it.
    pub fn read(&self, text: &str) -> Result<Decimal, FacetError> {
        let text = collapsed(text);
        let value: Decimal = text.parse().map_err(|_| {
            FacetError::new(
                FacetKind::Form,
                self.name,
                format!("{} is not a decimal", quoted(&text)),
            )
        })?;
        self.check_text(&text, value)?;
        Ok(value)
    }

    /// Checks a number as it will be written.
    pub fn check(&self, value: Decimal) -> Result<(), FacetError> {
        self.check_text(&value.to_string(), value)
    }

    fn check_text(&self, text: &str, value: Decimal) -> Result<(), FacetError> {
        if let Some(pattern) = self.pattern.filter(|pattern| !pattern.matches(text)) {
            return Err(FacetError::new(
                FacetKind::Pattern,
                self.name,
                format!("{} does not fit {}", quoted(text), pattern.source),
            ));
        }
        let low = self.min.filter(|min| value < *min);
        let high = self.max.filter(|max| value > *max);
        match low.or(high) {
            Some(bound) => Err(FacetError::new(
                FacetKind::Range,
                self.name,
                format!("{} is beyond {bound}", quoted(text)),
            )),
            None => Ok(()),
        }
    }
}

/// Facets of a whole number.
#[derive(Debug)]
pub struct CountFacets {
    pub(crate) name: &'static str,
    pub(crate) pattern: Option<&'static Pattern>,
    pub(crate) min: i128,
    pub(crate) max: i128,
}

impl CountFacets {
    /// Name of the simple type.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Reads a whole number and checks it.
    pub fn read(&self, text: &str) -> Result<i128, FacetError> {
        let text = collapsed(text);
        let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
        let lawful = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let value = lawful
            .then(|| text.parse::<i128>().unwrap_or(i128::MAX))
            .ok_or_else(|| {
                FacetError::new(
                    FacetKind::Form,
                    self.name,
                    format!("{} is not a whole number", quoted(&text)),
                )
            })?;
        self.check(value)?;
        if let Some(pattern) = self.pattern.filter(|pattern| !pattern.matches(&text)) {
            return Err(FacetError::new(
                FacetKind::Pattern,
                self.name,
                format!("{} does not fit {}", quoted(&text), pattern.source),
            ));
        }
        Ok(value)
    }

    /// Checks a whole number.
    pub fn check(&self, value: i128) -> Result<(), FacetError> {
        if (self.min..=self.max).contains(&value) {
            return Ok(());
        }
        Err(FacetError::new(
            FacetKind::Range,
            self.name,
            format!("`{value}` is not from {} to {}", self.min, self.max),
        ))
    }
}

/// White space collapsed as XML Schema does: ends cut, runs become one space.
pub(crate) fn collapsed(text: &str) -> Cow<'_, str> {
    let mut previous = b' ';
    let mut odd = false;
    for byte in text.bytes() {
        let space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        if space && (byte != b' ' || previous == b' ') {
            odd = true;
            break;
        }
        previous = byte;
    }
    if !odd && (text.is_empty() || previous != b' ') {
        return Cow::Borrowed(text);
    }
    let words: Vec<&str> = text
        .split([' ', '\t', '\r', '\n'])
        .filter(|word| !word.is_empty())
        .collect();
    Cow::Owned(words.join(" "))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{FacetKind, collapsed};
    use crate::facets;

    #[test]
    fn white_space_collapses_only_where_needed() {
        assert!(matches!(collapsed("a b"), Cow::Borrowed("a b")));
        assert!(matches!(collapsed(""), Cow::Borrowed("")));
        for odd in [" a b", "a b ", "a  b", "a\tb", "a\n b"] {
            assert_eq!(collapsed(odd), "a b", "{odd:?}");
        }
        assert_eq!(collapsed(" "), "");
    }

    #[test]
    fn patterns_decide_whole_texts() {
        let plate = facets::PLATE_NUMBER.pattern().unwrap();
        for good in [
            "苏H12345",
            "苏HD12345",
            "苏H12345D",
            "苏H1234挂",
            "粤Z1234港",
            "使014578",
            "WJ苏1234X",
            "UNREAD",
        ] {
            assert!(plate.matches(good), "{good}");
        }
        for bad in [
            "",
            "苏H1234O",
            "苏I12345",
            "苏HL12345",
            "苏H12345挂",
            " 苏H12345",
            "苏H12345 ",
            "粤B1234港",
            "UNREA",
        ] {
            assert!(!plate.matches(bad), "{bad}");
        }
    }

    #[test]
    fn numbers_keep_their_bounds() {
        assert_eq!(facets::RATIO.read("0.95").unwrap().to_string(), "0.95");
        assert_eq!(
            facets::RATIO.read("1.01").unwrap_err().kind(),
            FacetKind::Range
        );
        assert_eq!(
            facets::RATIO.read("0.00001").unwrap_err().kind(),
            FacetKind::Pattern
        );
        assert_eq!(
            facets::RATIO.read("high").unwrap_err().kind(),
            FacetKind::Form
        );
        assert_eq!(facets::COUNT.read(" 12 ").unwrap(), 12);
        assert_eq!(
            facets::COUNT.read("-1").unwrap_err().kind(),
            FacetKind::Range
        );
        assert_eq!(
            facets::COUNT.read("4294967296").unwrap_err().kind(),
            FacetKind::Range
        );
        assert_eq!(
            facets::COUNT.read("1e3").unwrap_err().kind(),
            FacetKind::Form
        );
    }

    #[test]
    fn lengths_count_characters() {
        assert!(facets::NAME.check(&"园".repeat(120)).is_ok());
        assert_eq!(
            facets::NAME.check(&"园".repeat(121)).unwrap_err().kind(),
            FacetKind::Length
        );
        assert_eq!(
            facets::NAME.check("").unwrap_err().kind(),
            FacetKind::Length
        );
        assert_eq!(
            facets::NAME.check("a  b").unwrap_err().kind(),
            FacetKind::Pattern
        );
    }
}
