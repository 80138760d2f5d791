//! Plate colours of five coding systems (standards 4.12), which all disagree.

use crate::PlateColour;

/// To the number of JT/T 415, 808 and 809.
pub fn to_jtt415(colour: PlateColour) -> u8 {
    match colour {
        PlateColour::Blue => 1,
        PlateColour::Yellow => 2,
        PlateColour::Black => 3,
        PlateColour::White => 4,
        PlateColour::Green => 94,
        PlateColour::YellowGreen => 93,
        PlateColour::FarmYellow => 91,
        PlateColour::FarmGreen => 92,
        PlateColour::Other => 9,
    }
}

/// From the number of JT/T 415, 808 and 809.
pub fn from_jtt415(number: u8) -> Option<PlateColour> {
    PlateColour::ALL
        .iter()
        .copied()
        .find(|colour| to_jtt415(*colour) == number)
}

/// To the ColorType of GA/T 1400. It has no codes of its own for large new-energy and farm plates.
pub fn to_gat1400(colour: PlateColour) -> u8 {
    match colour {
        PlateColour::Black => 1,
        PlateColour::White => 2,
        PlateColour::Blue => 5,
        PlateColour::Yellow | PlateColour::FarmYellow => 6,
        PlateColour::Green | PlateColour::YellowGreen | PlateColour::FarmGreen => 9,
        PlateColour::Other => 99,
    }
}

/// From the ColorType of GA/T 1400; colours no plate has become `OTHER`.
pub fn from_gat1400(number: u8) -> Option<PlateColour> {
    Some(match number {
        1 => PlateColour::Black,
        2 => PlateColour::White,
        5 => PlateColour::Blue,
        6 => PlateColour::Yellow,
        9 => PlateColour::Green,
        3 | 4 | 7 | 8 | 10..=13 | 99 => PlateColour::Other,
        _ => return None,
    })
}

/// To the number of police checkpoints (hpys), where it has one.
pub fn to_checkpoint(colour: PlateColour) -> Option<u8> {
    Some(match colour {
        PlateColour::White => 0,
        PlateColour::Yellow => 1,
        PlateColour::Blue => 2,
        PlateColour::Black => 3,
        PlateColour::Green | PlateColour::YellowGreen => 4,
        PlateColour::Other => 9,
        PlateColour::FarmYellow | PlateColour::FarmGreen => return None,
    })
}

/// From the number of police checkpoints (hpys).
pub fn from_checkpoint(number: u8) -> Option<PlateColour> {
    Some(match number {
        0 => PlateColour::White,
        1 => PlateColour::Yellow,
        2 => PlateColour::Blue,
        3 => PlateColour::Black,
        4 => PlateColour::Green,
        9 => PlateColour::Other,
        _ => return None,
    })
}

/// To the number of electronic toll collection, where it has one.
pub fn to_etc(colour: PlateColour) -> Option<u8> {
    Some(match colour {
        PlateColour::Blue => 0,
        PlateColour::Yellow => 1,
        PlateColour::Black => 2,
        PlateColour::White => 3,
        PlateColour::Green => 4,
        PlateColour::YellowGreen => 5,
        PlateColour::FarmYellow | PlateColour::FarmGreen | PlateColour::Other => return None,
    })
}

/// From the number of electronic toll collection. 6 blue-white gradient, 7 temporary, 11 green and
/// 12 red become `OTHER`.
pub fn from_etc(number: u8) -> Option<PlateColour> {
    Some(match number {
        0 => PlateColour::Blue,
        1 => PlateColour::Yellow,
        2 => PlateColour::Black,
        3 => PlateColour::White,
        4 => PlateColour::Green,
        5 => PlateColour::YellowGreen,
        6 | 7 | 11 | 12 => PlateColour::Other,
        _ => return None,
    })
}

/// To the plate colour number of the Hikvision SDK, where it has one.
pub fn to_hikvision(colour: PlateColour) -> Option<u8> {
    Some(match colour {
        PlateColour::Blue => 0,
        PlateColour::Yellow => 1,
        PlateColour::White => 2,
        PlateColour::Black => 3,
        PlateColour::Green => 4,
        PlateColour::Other => 255,
        PlateColour::YellowGreen | PlateColour::FarmYellow | PlateColour::FarmGreen => return None,
    })
}

/// From the plate colour number of the Hikvision SDK; 5 is civil aviation black.
pub fn from_hikvision(number: u8) -> Option<PlateColour> {
    Some(match number {
        0 => PlateColour::Blue,
        1 => PlateColour::Yellow,
        2 => PlateColour::White,
        3 | 5 => PlateColour::Black,
        4 => PlateColour::Green,
        255 => PlateColour::Other,
        _ => return None,
    })
}

/// From a Chinese or English colour word as cameras write it.
pub fn from_word(word: &str) -> Option<PlateColour> {
    let word = word.trim().to_lowercase();
    Some(match word.trim_end_matches('色').trim_end_matches('牌') {
        "蓝" | "blue" => PlateColour::Blue,
        "黄" | "yellow" => PlateColour::Yellow,
        "黑" | "black" => PlateColour::Black,
        "白" | "white" => PlateColour::White,
        "绿" | "渐变绿" | "green" => PlateColour::Green,
        "黄绿" | "黄绿双拼" | "yellowgreen" | "yellow-green" | "yellow_green" => {
            PlateColour::YellowGreen
        }
        "农黄" => PlateColour::FarmYellow,
        "农绿" => PlateColour::FarmGreen,
        "其他" | "other" | "unknown" => PlateColour::Other,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jtt415_is_one_to_one() {
        for colour in PlateColour::ALL {
            assert_eq!(from_jtt415(to_jtt415(*colour)), Some(*colour));
        }
        assert_eq!(from_jtt415(5), None);
    }

    #[test]
    fn the_number_one_means_five_things() {
        assert_eq!(from_jtt415(1), Some(PlateColour::Blue));
        assert_eq!(from_gat1400(1), Some(PlateColour::Black));
        assert_eq!(from_checkpoint(1), Some(PlateColour::Yellow));
        assert_eq!(from_etc(1), Some(PlateColour::Yellow));
        assert_eq!(from_hikvision(2), Some(PlateColour::White));
        assert_eq!(from_etc(2), Some(PlateColour::Black));
    }

    #[test]
    fn main_colours_survive_every_system() {
        for colour in [
            PlateColour::Blue,
            PlateColour::Yellow,
            PlateColour::Black,
            PlateColour::White,
            PlateColour::Green,
        ] {
            assert_eq!(from_gat1400(to_gat1400(colour)), Some(colour));
            assert_eq!(
                to_checkpoint(colour).and_then(from_checkpoint),
                Some(colour)
            );
            assert_eq!(to_etc(colour).and_then(from_etc), Some(colour));
            assert_eq!(to_hikvision(colour).and_then(from_hikvision), Some(colour));
        }
    }

    #[test]
    fn words_are_known() {
        assert_eq!(from_word("蓝牌"), Some(PlateColour::Blue));
        assert_eq!(from_word("黄绿色"), Some(PlateColour::YellowGreen));
        assert_eq!(from_word(" Green "), Some(PlateColour::Green));
        assert_eq!(from_word("plaid"), None);
    }
}
