//! Plate numbers: normal form, kind and plausible colours (standards 11.3).
//!
//! Vehicles with dangerous goods have no plate format of their own; tractor and trailer are two
//! plates; one number can exist in two colours.

use crate::PlateColour;

/// Kind of a plate, told by its shape.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PlateKind {
    /// Ordinary car, small or large.
    Ordinary,
    /// Small new-energy car.
    SmallNewEnergy,
    /// Large new-energy car.
    LargeNewEnergy,
    /// Trailer, 挂.
    Trailer,
    /// Driving school, 学.
    Coach,
    /// Police, 警.
    Police,
    /// Hong Kong or Macau vehicle with mainland plate, 港 or 澳.
    HongKongMacau,
    /// Consulate, 领.
    Consulate,
    /// Embassy, 使.
    Embassy,
    /// Emergency rescue, 应急.
    EmergencyRescue,
    /// Armed police, WJ.
    ArmedPolice,
    /// Military.
    Military,
    /// Civil aviation, 民航.
    CivilAviation,
}

impl PlateKind {
    /// Colours such a plate can have; another colour is a reason for a warning, not for a refusal.
    pub fn plausible_colours(self) -> &'static [PlateColour] {
        match self {
            Self::Ordinary => &[
                PlateColour::Blue,
                PlateColour::Yellow,
                PlateColour::FarmYellow,
                PlateColour::FarmGreen,
            ],
            Self::SmallNewEnergy => &[PlateColour::Green],
            Self::LargeNewEnergy => &[PlateColour::YellowGreen],
            Self::Trailer | Self::Coach => &[PlateColour::Yellow],
            Self::Police | Self::ArmedPolice | Self::Military | Self::EmergencyRescue => {
                &[PlateColour::White]
            }
            Self::HongKongMacau | Self::Consulate | Self::Embassy => &[PlateColour::Black],
            Self::CivilAviation => &[PlateColour::Green, PlateColour::Black],
        }
    }

    /// Whether the colour is plausible; `OTHER` always is, because it means not recognised.
    pub fn allows(self, colour: PlateColour) -> bool {
        colour == PlateColour::Other || self.plausible_colours().contains(&colour)
    }
}

const PROVINCES: &str = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新";

/// Normal form of a plate as a camera or person writes it: trimmed, upper case, half width,
/// without dots, hyphens and spaces.
pub fn normalise(raw: &str) -> String {
    raw.chars()
        .map(|letter| match letter {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
            other => other,
        })
        .filter(|letter| {
            !letter.is_whitespace() && !matches!(letter, '·' | '•' | '・' | '.' | '-' | '_')
        })
        .flat_map(char::to_uppercase)
        .collect()
}

/// Kind of a plate in normal form; `None` when no kind has this shape.
pub fn kind(plate: &str) -> Option<PlateKind> {
    let letters: Vec<char> = plate.chars().collect();
    Some(match letters.as_slice() {
        ['使', digits @ ..] | [digits @ .., '使'] if digits.len() == 6 && all_digits(digits) => {
            PlateKind::Embassy
        }
        ['民', '航', rest @ ..]
            if rest.len() == 5 && rest.iter().all(char::is_ascii_alphanumeric) =>
        {
            PlateKind::CivilAviation
        }
        ['W', 'J', rest @ ..] if is_armed_police(rest) => PlateKind::ArmedPolice,
        [first, second, digits @ ..]
            if "VKHBSLJNGCE".contains(*first)
                && matches!(second, 'A'..='D' | 'J'..='P' | 'R'..='T' | 'V' | 'Y')
                && digits.len() == 5
                && all_digits(digits) =>
        {
            PlateKind::Military
        }
        ['粤', 'Z', body @ .., '港' | '澳'] if is_body(body, 4) => PlateKind::HongKongMacau,
        [province, 'X', body @ .., '应', '急'] if is_province(*province) && is_body(body, 4) => {
            PlateKind::EmergencyRescue
        }
        [province, office, body @ ..] if is_province(*province) && is_letter(*office) => {
            return civil(body);
        }
        _ => return None,
    })
}

/// Kind of a plate by what follows province and office letter.
fn civil(body: &[char]) -> Option<PlateKind> {
    Some(match body {
        [rest @ .., '挂'] if is_body(rest, 4) => PlateKind::Trailer,
        [rest @ .., '学'] if is_body(rest, 4) => PlateKind::Coach,
        [rest @ .., '警'] if is_body(rest, 4) => PlateKind::Police,
        [rest @ .., '领'] if rest.len() == 4 && all_digits(rest) => PlateKind::Consulate,
        [sign, one, digits @ ..]
            if is_energy(*sign)
                && (is_letter(*one) || one.is_ascii_digit())
                && digits.len() == 4
                && all_digits(digits) =>
        {
            PlateKind::SmallNewEnergy
        }
        [digits @ .., sign] if is_energy(*sign) && digits.len() == 5 && all_digits(digits) => {
            PlateKind::LargeNewEnergy
        }
        rest if is_body(rest, 5) => PlateKind::Ordinary,
        _ => return None,
    })
}

fn is_armed_police(rest: &[char]) -> bool {
    let body = match rest {
        [province, body @ ..] if is_province(*province) => body,
        body => body,
    };
    match body {
        [digits @ .., last] => {
            digits.len() == 4 && all_digits(digits) && "0123456789JBXTHSD".contains(*last)
        }
        [] => false,
    }
}

fn is_province(letter: char) -> bool {
    PROVINCES.contains(letter)
}

/// A capital letter other than I and O.
fn is_letter(letter: char) -> bool {
    letter.is_ascii_uppercase() && !matches!(letter, 'I' | 'O')
}

/// A letter that marks a new-energy plate.
fn is_energy(letter: char) -> bool {
    matches!(letter, 'A'..='H' | 'J' | 'K')
}

fn all_digits(letters: &[char]) -> bool {
    letters.iter().all(char::is_ascii_digit)
}

fn is_body(letters: &[char], length: usize) -> bool {
    letters.len() == length
        && letters
            .iter()
            .all(|letter| is_letter(*letter) || letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{PlateKind, kind, normalise};
    use crate::{PlateColour, PlateNumber};

    #[test]
    fn test_values_of_the_catalogue() {
        let samples = [
            ("苏H12345", PlateKind::Ordinary),
            ("苏HD12345", PlateKind::SmallNewEnergy),
            ("苏HF12345", PlateKind::SmallNewEnergy),
            ("苏H12345D", PlateKind::LargeNewEnergy),
            ("苏H1234挂", PlateKind::Trailer),
            ("苏H1234学", PlateKind::Coach),
            ("苏H1234警", PlateKind::Police),
            ("粤Z1234港", PlateKind::HongKongMacau),
            ("粤Z1234澳", PlateKind::HongKongMacau),
            ("沪A1234领", PlateKind::Consulate),
            ("使014578", PlateKind::Embassy),
            ("014578使", PlateKind::Embassy),
            ("苏X1234应急", PlateKind::EmergencyRescue),
            ("WJ苏1234X", PlateKind::ArmedPolice),
            ("WJ12345", PlateKind::ArmedPolice),
            ("VA12345", PlateKind::Military),
            ("民航A1234", PlateKind::CivilAviation),
        ];
        for (plate, wanted) in samples {
            assert_eq!(kind(plate), Some(wanted), "{plate}");
            assert!(PlateNumber::new(plate).is_ok(), "{plate}");
        }
        for odd in [
            "苏H1234O",
            "苏I12345",
            "苏HL12345",
            "苏H123456",
            "苏H12345挂",
            "",
            "苏",
            "UNREAD",
            "粤B1234港",
        ] {
            assert_eq!(kind(odd), None, "{odd}");
        }
    }

    #[test]
    fn schema_and_validator_agree() {
        // Every text of up to two edits around a lawful plate gets one verdict from both.
        let letters: Vec<char> = "苏粤AHIOXZDK059挂港警学领使应急民航WJ".chars().collect();
        for base in [
            "苏H12345",
            "苏HD12345",
            "苏H12345D",
            "WJ苏1234X",
            "VA12345",
            "民航A1234",
            "使014578",
            "粤Z1234港",
        ] {
            let plate: Vec<char> = base.chars().collect();
            for at in 0..plate.len() {
                for letter in &letters {
                    let mut edited = plate.clone();
                    edited[at] = *letter;
                    agree(&edited);
                    edited.insert(at, *letter);
                    agree(&edited);
                    edited.pop();
                    edited.pop();
                    agree(&edited);
                }
            }
        }
    }

    fn agree(letters: &[char]) {
        let text: String = letters.iter().collect();
        assert_eq!(
            kind(&text).is_some(),
            PlateNumber::new(text.clone()).is_ok(),
            "{text}"
        );
    }

    #[test]
    fn normal_form() {
        assert_eq!(normalise(" 苏h·Ｄ１2-345 "), "苏HD12345");
        assert_eq!(normalise("苏 H 1234 挂"), "苏H1234挂");
    }

    #[test]
    fn colours_warn() {
        assert!(PlateKind::Ordinary.allows(PlateColour::Yellow));
        assert!(!PlateKind::SmallNewEnergy.allows(PlateColour::Blue));
        assert!(PlateKind::Trailer.allows(PlateColour::Other));
    }
}
