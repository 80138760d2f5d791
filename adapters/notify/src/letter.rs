//! An alarm in a few words, Chinese and English, for people who are somewhere else. Pure.
//!
//! Mail leaves the park: no person and no whole plate is named in it (I12). Who may know more looks
//! the alarm up by its number.

use cordon_model::{AlarmEvent, AlarmUpdate, Body, Message, Plate, facets};

/// Longest free text that is passed on, in characters. An alarm's own words come first in it.
const WORDS_CHARS_MAX: usize = 300;

/// The subject line; `None` for a message that is no alarm.
pub fn subject(message: &Message) -> Option<String> {
    match &message.body {
        Body::AlarmEvent(alarm) => Some(format!(
            "[{}/{}] {} {}{}",
            alarm.alarm_level.as_chinese(),
            alarm.alarm_level,
            alarm.alarm_code.as_chinese(),
            alarm.alarm_code,
            place(alarm)
                .map(|place| format!(" @ {place}"))
                .unwrap_or_default(),
        )),
        Body::AlarmUpdate(update) => Some(match update.escalation_level {
            Some(level) => format!(
                "[升级 {level} / escalation {level}] 报警 / alarm {}",
                update.alarm_id
            ),
            None => format!(
                "[{}/{}] 报警 / alarm {}",
                update.state.as_chinese(),
                update.state,
                update.alarm_id
            ),
        }),
        _ => None,
    }
}

/// The text; `None` for a message that is no alarm.
pub fn body(message: &Message) -> Option<String> {
    let lines = match &message.body {
        Body::AlarmEvent(alarm) => of_event(alarm),
        Body::AlarmUpdate(update) => of_update(update),
        _ => return None,
    };
    let park = ("园区 / park", message.header.park_code.to_string());
    let id = ("报文 / message", message.header.message_id.to_string());
    let text: String = std::iter::once(park)
        .chain(lines)
        .chain([id])
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    Some(text)
}

fn of_event(alarm: &AlarmEvent) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("报警 / alarm", alarm.alarm_id.clone()),
        (
            "类型 / code",
            format!("{} {}", alarm.alarm_code.as_chinese(), alarm.alarm_code),
        ),
        (
            "级别 / level",
            format!("{} {}", alarm.alarm_level.as_chinese(), alarm.alarm_level),
        ),
        ("时间 / time", alarm.occurred_at.to_string()),
    ];
    if let Some(place) = place(alarm) {
        lines.push(("位置 / place", place));
    }
    if let Some(plate) = &alarm.subject {
        lines.push(("车辆 / vehicle", masked(plate)));
    }
    lines.push((
        "说明 / text",
        words(&alarm.description, alarm.subject.as_ref()),
    ));
    lines
}

fn of_update(update: &AlarmUpdate) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("报警 / alarm", update.alarm_id.clone()),
        (
            "状态 / state",
            format!("{} {}", update.state.as_chinese(), update.state),
        ),
        ("时间 / time", update.updated_at.to_string()),
    ];
    if let Some(note) = &update.note {
        lines.push(("说明 / text", words(note, None)));
    }
    lines
}

/// The places that are known, from wide to narrow.
fn place(alarm: &AlarmEvent) -> Option<String> {
    let places = [
        alarm.area_id.clone(),
        alarm.gate_id.as_ref().map(ToString::to_string),
        alarm.lane_id.as_ref().map(ToString::to_string),
        alarm.source_device.as_ref().map(ToString::to_string),
    ];
    let known: Vec<String> = places.into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.join(" / "))
}

/// `苏H1***5`: enough to recognise a vehicle one expects, too little to look for its owner.
fn masked(plate: &Plate) -> String {
    star(plate.number.as_str())
}

fn star(plate: &str) -> String {
    let length = plate.chars().count();
    plate
        .chars()
        .enumerate()
        .map(|(index, letter)| match index {
            index if index < 3 || index + 1 == length => letter,
            _ => '*',
        })
        .collect()
}

/// Longest and shortest plate, in characters.
const PLATE_CHARS: std::ops::RangeInclusive<usize> = 7..=8;

/// Masks what reads as a plate. Only what begins with a province or as a plate of the armed police:
/// plates of letters and digits alone look like any other number.
fn plates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let begins = !first.is_ascii() || rest.starts_with("WJ");
        let found = PLATE_CHARS.rev().filter(|_| begins).find_map(|chars| {
            let end = rest
                .char_indices()
                .nth(chars)
                .map_or(rest.len(), |(at, _)| at);
            let part = rest.get(..end)?;
            facets::PLATE_NUMBER.check(part).is_ok().then_some(part)
        });
        let taken = match found {
            Some(plate) => {
                out.push_str(&star(plate));
                plate.len()
            }
            None => {
                out.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// Free text on one line: plates in it are masked, runs of six and more digits are numbers of
/// persons or telephones and are masked too.
fn words(text: &str, plate: Option<&Plate>) -> String {
    let mut line = text.to_owned();
    if let Some(plate) = plate {
        line = line.replace(plate.number.as_str(), &masked(plate));
    }
    let line = plates(&line);
    let mut out = String::new();
    let mut run = String::new();
    let take = |run: &mut String, out: &mut String| {
        let long = run.chars().count() >= 6;
        out.push_str(&if long { star(run) } else { run.clone() });
        run.clear();
    };
    let is_cut = line.chars().nth(WORDS_CHARS_MAX).is_some();
    let most = WORDS_CHARS_MAX - usize::from(is_cut);
    for letter in line.chars().take(most) {
        if letter.is_ascii_digit() {
            run.push(letter);
            continue;
        }
        take(&mut run, &mut out);
        out.push(if letter.is_control() { ' ' } else { letter });
    }
    take(&mut run, &mut out);
    if is_cut {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{body, subject, words};
    use crate::sample::{event, order, status, update};

    #[test]
    fn an_alarm_is_told_in_both_languages_and_names_nobody() {
        let order = order(event("苏H12345 is on the black list,\ncall 13800000001"));
        let subject = subject(&order.message).unwrap();
        assert_eq!(
            subject,
            "[橙/ORANGE] 黑名单命中 BLACKLIST_HIT @ A-CORE / CAM-01"
        );
        assert_eq!(
            body(&order.message).unwrap(),
            "园区 / park: JS-320700-01\r\n\
             报警 / alarm: alarm-7-0\r\n\
             类型 / code: 黑名单命中 BLACKLIST_HIT\r\n\
             级别 / level: 橙 ORANGE\r\n\
             时间 / time: 2026-03-31T12:50:45+08:00\r\n\
             位置 / place: A-CORE / CAM-01\r\n\
             车辆 / vehicle: 苏H1***5\r\n\
             说明 / text: 苏H1***5 is on the black list, call 138*******1\r\n\
             报文 / message: 07070707-0707-8707-8707-070707070707\r\n"
        );
    }

    #[test]
    fn an_escalation_and_a_change_of_state_are_told_apart() {
        let escalated = order(update(Some(2), None));
        assert_eq!(
            subject(&escalated.message).unwrap(),
            "[升级 2 / escalation 2] 报警 / alarm alarm-7-0"
        );
        let changed = order(update(None, Some("the driver of 粤B12345D was asked")));
        let line = subject(&changed.message).unwrap();
        assert!(
            line.contains("/ACKNOWLEDGED] 报警 / alarm alarm-7-0"),
            "{line}"
        );
        let text = body(&changed.message).unwrap();
        assert!(
            text.contains("说明 / text: the driver of 粤B1****D was asked\r\n"),
            "{text}"
        );
    }

    #[test]
    fn what_is_no_alarm_is_no_letter() {
        let order = order(status());
        assert_eq!(
            (subject(&order.message), body(&order.message)),
            (None, None)
        );
    }

    #[test]
    fn numbers_of_persons_and_vehicles_are_masked_and_others_are_not() {
        let told = |text: &str| words(text, None);
        assert_eq!(told("id 320106199001010019."), "id 320**************9.");
        assert_eq!(told("id 32010619900101001X"), "id 320*************1X");
        assert_eq!(told("lane 12345 of 3"), "lane 12345 of 3");
        assert_eq!(
            told("苏H12345和苏H1234挂、浙AD12345"),
            "苏H1***5和苏H1***挂、浙AD****5"
        );
        assert_eq!(told("WJ苏1234X"), "WJ苏****X");
        assert_eq!(told("新的 UNREAD"), "新的 UNREAD");
        assert_eq!(told("a\r\nBcc: x\u{0}y"), "a  Bcc: x y", "one line");
        assert_eq!(told(&"长".repeat(300)), "长".repeat(300));
        let cut = format!("{}…", "长".repeat(299));
        assert_eq!(told(&"长".repeat(1_000)), cut, "and one sees that it is");
    }
}
