//! Who may say what, from outside the program: a rival, a good certificate that the plan does not know
//! and a partner who was taken out of the plan change nothing.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};

use cordon_interop::{
    Head, Park, fresh_id, issue, message, message_file, moment, remove_partner, said,
};

/// A message of `sender` in a file.
fn say(park: &Park, sender: &str, kind: &str, fields: &str) -> PathBuf {
    let id = fresh_id();
    let text = message(Head::of(sender), &id, kind, fields);
    message_file(park.scratch(), &id, &text)
}

/// What `cordon submit` says to one message of this sender.
fn submit(park: &Park, sender: &str, kind: &str, fields: &str) -> String {
    said(&park.submit(sender, &[say(park, sender, kind, fields)]))
}

fn white(plate: &str) -> String {
    format!(
        "<c:EntryId>W-1</c:EntryId><c:ListKind>WHITE</c:ListKind><c:Subject><c:Plate>\
         <c:Number>{plate}</c:Number><c:Colour>BLUE</c:Colour></c:Plate></c:Subject>\
         <c:Reason>test</c:Reason><c:ValidFrom>{}</c:ValidFrom><c:State>ACTIVE</c:State>",
        moment(-60)
    )
}

fn fire(id: &str, enterprise: &str, level: &str) -> String {
    format!(
        "<c:AlarmId>{id}</c:AlarmId><c:AlarmCode>FIRE</c:AlarmCode><c:AlarmLevel>{level}</c:AlarmLevel>\
         <c:State>RAISED</c:State><c:OccurredAt>{}</c:OccurredAt>\
         <c:EnterpriseId>{enterprise}</c:EnterpriseId><c:Description>fire</c:Description>",
        moment(0)
    )
}

fn closing(id: &str, actor: &str) -> String {
    format!(
        "<c:AlarmId>{id}</c:AlarmId><c:State>CLOSED</c:State><c:Previous>RAISED</c:Previous>\
         <c:ActorId>{actor}</c:ActorId><c:Note>nothing to see</c:Note><c:UpdatedAt>{}</c:UpdatedAt>",
        moment(0)
    )
}

fn occupancy(inside: u32) -> String {
    format!(
        "<c:Scope>PARK</c:Scope><c:Counts><c:SubjectKind>VEH_ORDINARY</c:SubjectKind>\
         <c:Inside>{inside}</c:Inside><c:EnteredToday>0</c:EnteredToday>\
         <c:LeftToday>0</c:LeftToday></c:Counts><c:ObservedAt>{}</c:ObservedAt>",
        moment(0)
    )
}

/// Everything the intruder tries against enterprise-1's fire; each must be refused with its code.
fn tries(park: &Park, intruder: &str, code: &str) {
    let white_code = if code == "F031" { "F034" } else { code };
    for (kind, fields, code) in [
        ("ListEntry", white("苏E40001"), white_code),
        ("AlarmUpdate", closing("FIRE-1", intruder), code),
        ("OccupancySnapshot", occupancy(777), code),
    ] {
        refused(park, intruder, kind, &fields, code);
    }
}

fn refused(park: &Park, intruder: &str, kind: &str, fields: &str, code: &str) {
    let words = submit(park, intruder, kind, fields);
    assert!(words.contains(code), "{kind} of {intruder}: {words}");
    assert!(words.contains("accepted 0, refused 1"), "{kind}: {words}");
}

/// Waits until an alarm is on the page; its level there.
fn level_of(park: &Park, alarm: &str) -> String {
    park.until_some(&format!("{alarm} is on the page"), || {
        let view = park.view();
        let line = view["alarms"].as_array()?.iter();
        let line = line.clone().find(|line| line["id"] == alarm)?;
        Some(line["level"].as_str()?.to_owned())
    })
}

/// Waits until there are so many messages of this kind in the journal: the page follows it.
fn until_shown(park: &Park, kind: &str, count: u64) {
    park.until(&format!("{count} of {kind} are shown"), || {
        park.view()["messages"][kind].as_u64() >= Some(count)
    });
}

/// Nothing the intruder said is a message, and the signed report does not know it.
fn nothing_changed(mut park: Park, intruder: &str) {
    let entries = park.entries();
    let taken = entries
        .lines()
        .filter(|line| line.contains(intruder) && line.contains(" message "));
    assert_eq!(taken.count(), 0, "{entries}");
    assert!(entries.contains(" refused "), "{entries}");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let built = park.build_report();
    let reports = walk(&park.data());
    assert!(!reports.is_empty(), "{}", said(&built));
    for file in reports {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains(">777<"), "{}", file.display());
    }
}

/// Report documents below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else if path.extension().is_some_and(|end| end == "xml")
            && path.to_string_lossy().contains("RPT-01")
        {
            found.push(path);
        }
    }
    found
}

fn with_a_fire(park: &Park) {
    let words = submit(
        park,
        "enterprise-1",
        "AlarmEvent",
        &fire("FIRE-1", "enterprise-1", "RED"),
    );
    assert!(words.contains("accepted 1"), "{words}");
}

#[test]
fn a_rival_changes_nothing_of_anothers() {
    let park = Park::start();
    with_a_fire(&park);
    tries(&park, "enterprise-2", "F031");
    nothing_changed(park, "enterprise-2");
}

#[test]
fn a_rival_that_takes_the_name_of_anothers_alarm_raises_one_of_its_own() {
    let park = Park::start();
    with_a_fire(&park);
    let words = submit(
        &park,
        "enterprise-2",
        "AlarmEvent",
        &fire("FIRE-1", "enterprise-2", "BLUE"),
    );
    assert!(words.contains("accepted 1"), "{words}");
    until_shown(&park, "AlarmEvent", 2);
    assert_eq!(level_of(&park, "FIRE-1"), "RED");
    // By that name it speaks of its own.
    let end = closing("FIRE-1", "enterprise-2").replace(">CLOSED<", ">CLEARED<");
    let words = submit(&park, "enterprise-2", "AlarmUpdate", &end);
    assert!(words.contains("accepted 1"), "{words}");
    until_shown(&park, "AlarmUpdate", 2);
    assert_eq!(level_of(&park, "FIRE-1"), "RED");
}

#[test]
fn a_good_certificate_that_the_plan_does_not_know_changes_nothing() {
    let park = Park::start_with(|data| issue(data, "enterprise", "enterprise-9"));
    with_a_fire(&park);
    tries(&park, "enterprise-9", "F030");
    let named = fire("FIRE-1", "enterprise-9", "BLUE");
    refused(&park, "enterprise-9", "AlarmEvent", &named, "F030");
    nothing_changed(park, "enterprise-9");
}

#[test]
fn a_partner_taken_out_of_the_plan_changes_nothing() {
    let park = Park::start_with(|data| remove_partner(data, "enterprise-2"));
    with_a_fire(&park);
    tries(&park, "enterprise-2", "F030");
    let named = fire("FIRE-1", "enterprise-2", "BLUE");
    refused(&park, "enterprise-2", "AlarmEvent", &named, "F030");
    nothing_changed(park, "enterprise-2");
}
