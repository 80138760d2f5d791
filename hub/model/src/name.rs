//! Names of the outside world as identifiers of the language.
//!
//! Devices are called what people call them: `warehouse-2/smoke`, `仓库 二号`. An identifier is
//! narrower, and a name that does not fit must not lose what the device says. So it is written out:
//! `u.` and then each byte of its UTF-8, letters, digits, `-` and `.` as they are, all others as `_` and
//! two hexadecimal digits. A name that fits stays as it is; one that begins with `u.` is written out
//! too, so that every identifier has one name.

/// What a written-out name begins with.
const MARK: &str = "u.";

/// A name as an identifier of at most `length` letters, in which `more` may stand besides letters,
/// digits, `.`, `_` and `-`. [`unescape`] gives the name back, unless it was too long: then it ends in
/// `_-` and sixteen hexadecimal digits that stand for the whole.
pub fn escape(name: &str, more: &str, length: usize) -> String {
    if fits(name, more, length) && !name.starts_with(MARK) {
        return name.to_owned();
    }
    write_out(name, length)
}

/// A name written out although it may fit: for one that is another's.
pub fn write_out(name: &str, length: usize) -> String {
    let mut text = MARK.to_owned();
    let room = length.saturating_sub(18);
    let mut cut = text.len();
    for byte in name.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' => text.push(char::from(byte)),
            other => text.push_str(&format!("_{other:02x}")),
        }
        if text.len() <= room {
            cut = text.len();
        }
    }
    if text.len() > length {
        text.truncate(cut);
        text.push_str(&format!("_-{:016x}", mark(name)));
    }
    text
}

/// The name behind an identifier that [`escape`] made; `None` when it was cut, or is none of these.
pub fn unescape(id: &str) -> Option<String> {
    let Some(rest) = id.strip_prefix(MARK) else {
        return Some(id.to_owned());
    };
    let mut bytes = Vec::with_capacity(rest.len());
    let mut letters = rest.bytes();
    while let Some(letter) = letters.next() {
        bytes.push(match letter {
            b'_' => {
                let digits = [letters.next()?, letters.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                u8::from_str_radix(digits, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn fits(name: &str, more: &str, length: usize) -> bool {
    let begins = name.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    let lawful = |letter: char| {
        letter.is_ascii_alphanumeric() || "._-".contains(letter) || more.contains(letter)
    };
    begins && name.len() <= length && name.chars().all(lawful)
}

/// A number that tells long texts apart, the same in every build (FNV-1a). It hides nothing, and who wants to can make
/// two texts of one number.
pub fn mark(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |mark, byte| {
        (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{escape, unescape};
    use crate::DeviceId;

    #[test]
    fn every_name_is_an_identifier_and_comes_back() {
        for (name, id) in [
            ("GAS-0007", "GAS-0007"),
            ("a_b.c", "a_b.c"),
            ("warehouse-2/smoke", "u.warehouse-2_2fsmoke"),
            ("smoke 3", "u.smoke_203"),
            ("烟感", "u._e7_83_9f_e6_84_9f"),
            ("-x", "u.-x"),
            ("u.x", "u.u.x"),
            ("x_y z", "u.x_5fy_20z"),
            ("", "u."),
        ] {
            assert_eq!(escape(name, "", 64), id, "{name}");
            assert!(DeviceId::new(id).is_ok(), "{id}");
            assert_eq!(unescape(id).as_deref(), Some(name));
        }
        assert_eq!(escape("am/x:1", "/", 64), "u.am_2fx_3a1");
        assert_eq!(escape("am/x", "/", 64), "am/x");
    }

    #[test]
    fn names_that_are_too_long_stay_apart() {
        let (one, two) = ("烟".repeat(40), format!("{}感", "烟".repeat(39)));
        let (one, two) = (escape(&one, "", 64), escape(&two, "", 64));
        assert_ne!(one, two);
        for id in [one, two] {
            assert!(DeviceId::new(id.as_str()).is_ok(), "{id}");
            assert_eq!(unescape(&id), None);
        }
    }
}
