//! An alarm in a few words, Chinese and English, for people who are somewhere else. Pure.
//!
//! Mail leaves the park: no person and no whole plate is named in it (I12). Who may know more looks
//! the alarm up by its number.

use cordon_model::{AlarmEvent, AlarmUpdate, Body, Message, Plate};

/// Longest free text that is passed on, in characters.
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

/// Free text on one line: plates in it are masked, runs of six and more digits are numbers of
/// persons or telephones and are masked too.
fn words(text: &str, plate: Option<&Plate>) -> String {
    let mut line = text.to_owned();
    if let Some(plate) = plate {
        line = line.replace(plate.number.as_str(), &masked(plate));
    }
    let mut out = String::new();
    let mut run = String::new();
    let take = |run: &mut String, out: &mut String| {
        let long = run.chars().count() >= 6;
        out.push_str(&if long { star(run) } else { run.clone() });
        run.clear();
    };
    for letter in line.chars().take(WORDS_CHARS_MAX) {
        if letter.is_ascii_digit() {
            run.push(letter);
            continue;
        }
        take(&mut run, &mut out);
        out.push(if letter.is_control() { ' ' } else { letter });
    }
    take(&mut run, &mut out);
    out
}
