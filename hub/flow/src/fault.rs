//! The faults of this room: codes `F001` to `F020` and from `F030` on, each with its remedy.

use cordon_contract::{Fault, NoRoom};
use cordon_journal::JournalFault;
use cordon_wire::WireFault;

/// `F001`: the message names another sender than the one who signed.
pub const SENDER_NOT_SIGNER: &str = "F001";
/// `F002`: the sender's role may not say this.
pub const ROLE_MAY_NOT: &str = "F002";
/// `F003`: the message belongs to another park.
pub const OTHER_PARK: &str = "F003";
/// `F004`: a time of the head lies outside the allowed window.
pub const TIME_WINDOW: &str = "F004";
/// `F005`: the sender used this message id before for something else.
pub const ID_REUSED: &str = "F005";
/// `F006`: the submission holds no message, or too many.
pub const MESSAGE_COUNT: &str = "F006";
/// `F007`: the hub is stopping or has stopped; nothing was recorded.
pub const STOPPED: &str = "F007";
/// `F008`: the journal's disk is full; only emergency openings, their releases and alarms are taken.
pub const DISK_FULL: &str = "F008";
/// `F009`: there is no dead letter of this number.
pub const NO_DEAD_LETTER: &str = "F009";
/// `F010`: the hub's own message breaks the language.
pub const OWN_MESSAGE: &str = "F010";
/// `F011`: an adapter may not say this.
pub const ADAPTER_MAY_NOT: &str = "F011";
/// `F012`: a journal record cannot be read as an entry.
pub const UNREADABLE: &str = "F012";
/// `F013`: the journal does not follow from its own inputs.
pub const REPLAY_DIFFERS: &str = "F013";
/// `F014`: the configuration of the flow is not usable.
pub const CONFIGURATION: &str = "F014";
/// `F015`: a background thread of the hub ended.
pub const THREAD: &str = "F015";
/// `F020`: an entry has a form that the door refuses today; it was read all the same.
pub const OLDER_FORM: &str = "F020";
/// `F030`: the sender's certificate is good, but the park's plan does not know the sender.
pub const STRANGER: &str = "F030";
/// `F031`: the message speaks of something that is not the sender's.
pub const NOT_YOURS: &str = "F031";
/// `F032`: the message speaks of something that nobody here knows.
pub const UNKNOWN_THING: &str = "F032";
/// `F033`: the vehicle or person is another's; the park must decide.
pub const CONTESTED: &str = "F033";
/// `F034`: only the park may say this.
pub const ONLY_PARK: &str = "F034";
/// `F035`: a grant for dangerous goods on a vehicle the park has not registered for them.
pub const NOT_REGISTERED: &str = "F035";
/// `F036`: as many vehicles or persons are registered as may be held.
pub const REGISTER_FULL: &str = "F036";
/// `F037`: a warning in a receipt: the statement waits for the park's word.
pub const PROPOSED: &str = "F037";
/// `F038`: a grant for a gate, lane or area that does not exist.
pub const GRANT_PLACE: &str = "F038";
/// `F039`: a grant that is over already.
pub const GRANT_OVER: &str = "F039";
/// `F040`: a grant that is longer than its class allows.
pub const GRANT_LONG: &str = "F040";
/// `F046`: a warning in a receipt: another statement about the same thing holds, this one changes nothing.
pub const OVERTAKEN: &str = "F046";
/// `F047`: a warning in a receipt: the park has spoken on this grant, and its word stands.
pub const PARK_STANDS: &str = "F047";
/// `F048`: a warning in a receipt: the alarm's name is another's, so the hub raises it under its own.
pub const NAMESAKE: &str = "F048";
/// `F062`: a warning in a receipt: the sender has as many alarms open as may be; this one is counted.
pub const FLOODED: &str = "F062";
/// `F068`: an enterprise said as much of alarms in this minute as it may; nothing was recorded.
pub const ALARMS_PACED: &str = "F068";
/// `F093`: a device said more alarms than its pace; counted, and told in one alarm.
pub const DEVICE_PACED: &str = cordon_contract::BEYOND_PACE;
/// `F094`: the state is not saved, and as much waits for it in memory as may.
pub const STATE_BEHIND: &str = "F094";
/// `F063`: what is said to hold from a time on ends before it.
pub const WINDOW: &str = "F063";
/// `F064`: a grant that begins later than grants may.
pub const GRANT_EARLY: &str = "F064";
/// `F065`: a grant for gates none of which lets its kind through.
pub const GRANT_CLASS: &str = "F065";
/// `F075`: a step that no alarm can take.
pub const NO_STEP: &str = "F075";
/// `F085`: who says it keeps as many of the kind as his part of the park's room holds.
pub const NO_ROOM: &str = "F085";
/// `F066`: an order to a barrier that nothing can carry out.
pub const ORDER_IMPOSSIBLE: &str = "F066";
/// `F067`: a journal entry of a program that did not ask the table of authority, which it does not allow.
pub const UNLAWFUL_PAST: &str = "F067";
/// `F050`: no adapter reaches a barrier of the gates named.
pub const GATE_UNREACHED: &str = "F050";
/// `F051`: as many requests for reports are unanswered as may be.
pub const REQUESTS_WAIT: &str = "F051";
/// `F052`: an act names another than its signer.
pub const ACT_OF_ANOTHER: &str = "F052";
/// `C010`: a person's order came too late, or after a newer one to the contrary, and was not carried out.
pub const ACT_LATE: &str = "C010";

/// `F060`: the journal's disk has failed; only emergency openings and their releases are carried out.
pub const DISK_FAILED: &str = "F060";
/// `F061`: the sync of this message failed; it may or may not have been recorded.
pub const UNSETTLED: &str = "F061";
/// `F096`: what an entry said has expired by retention.
pub const EXPIRED: &str = "F096";
/// `F097`: what came with it leads to as much as is recorded at once, or it has taken long and an emergency, or what a
/// gate hangs on, waits; it is not recorded and comes again.
pub const FILLED: &str = "F097";
/// `F095`: an entry says settings that this program cannot use.
pub const SETTINGS_UNUSABLE: &str = "F095";
/// `F069`: the sequencer hangs in one round; nothing is taken, recorded or carried out.
pub const STALLED: &str = "F069";

/// Every code of this room with the text a peer may see and the remedy.
pub const FAULTS: &[(&str, &str, &str)] = &[
    (
        SENDER_NOT_SIGNER,
        "the message names another sender than the one who signed, or somebody who attests it",
        "put the party of your certificate into SenderId; leave AttestedBy to the hub",
    ),
    (
        ROLE_MAY_NOT,
        "the sender's role may not send this message",
        "let a party of the right role send it",
    ),
    (
        OTHER_PARK,
        "the message belongs to another park",
        "put this park's code into ParkCode, or send it to the other park's hub",
    ),
    (
        TIME_WINDOW,
        "a time of the head lies outside the allowed window",
        "set the clock by the park's time server and give the true times",
    ),
    (
        ID_REUSED,
        "the message id was used before for another message",
        "give every new message a new id; repeat a message unchanged",
    ),
    (
        MESSAGE_COUNT,
        "the submission does not hold 1 to 500 messages",
        "send 1 to 500 c:Message elements in one submission",
    ),
    (
        STOPPED,
        "the hub is stopping; nothing was recorded",
        "send the message again, with the same id, when the hub runs",
    ),
    (
        DISK_FULL,
        "the hub has no room to record this now",
        "send the message again later, with the same id",
    ),
    (
        NO_DEAD_LETTER,
        "there is no dead letter of this number",
        "choose a number from the list of dead letters",
    ),
    (
        OWN_MESSAGE,
        "the hub cannot say this: the message breaks the language",
        "correct the values named in the log",
    ),
    (
        ADAPTER_MAY_NOT,
        "a reading cannot be a message of this type",
        "map the reading to an observation, not to a decision",
    ),
    (
        UNREADABLE,
        "a journal record cannot be read as an entry",
        "verify the journal; use the program version that wrote it",
    ),
    (
        REPLAY_DIFFERS,
        "the journal does not follow from its own inputs",
        "replay with the program version that wrote it; before the journal held settings, with the configuration of then",
    ),
    (
        CONFIGURATION,
        "the configuration of the flow is not usable",
        "correct the value named in the log",
    ),
    (
        THREAD,
        "a thread of the hub ended",
        "restart the hub and report the log",
    ),
    (
        OLDER_FORM,
        "a journal entry has a form that is refused today; it was read all the same",
        "nothing need be done; let its sender mend the program that wrote it",
    ),
    (
        GATE_UNREACHED,
        "no adapter reaches a barrier of the gates named",
        "open the gate by hand",
    ),
    (
        ACT_OF_ANOTHER,
        "the act names another than the one who signed",
        "put the party of your certificate into OrderedBy or ActorId",
    ),
    (
        ACT_LATE,
        "the order came too late; it was not carried out",
        "look at the gate and order it again if it is still wanted",
    ),
    (
        REQUESTS_WAIT,
        "as many requests for reports wait as may be",
        "send the request again later, with the same id",
    ),
    (
        FILLED,
        "what came with this leads to as much as is recorded at once; this is not recorded",
        "send it again, with the same id; what was recorded is answered as before",
    ),
    (
        STRANGER,
        "the plan of this park does not know the sender",
        "ask the park to enter you in its plan; a certificate alone gives no rights",
    ),
    (
        NOT_YOURS,
        "the message speaks of something that is not yours to speak of",
        "name your own things; see docs/reference/authority.md for who may say what",
    ),
    (
        UNKNOWN_THING,
        "the message names something that this park does not know",
        "correct the name, or ask the park to enter it in its plan",
    ),
    (
        DISK_FAILED,
        "the hub can record nothing now: its disk has failed; only emergency openings (one key, EVACUATION for now, LOCK_OPEN) and their releases are carried out",
        "send the message again later, with the same id",
    ),
    (
        STALLED,
        "the hub hangs: nothing is taken, recorded or carried out, emergency openings neither",
        "open gates by hand; see to the disk of journal, state and spool, most likely it does not answer",
    ),
    (
        UNSETTLED,
        "the hub's disk failed while this was recorded: it may or may not be recorded",
        "send the message again later, with the same id: what was recorded is answered with its receipt",
    ),
    (
        CONTESTED,
        "the vehicle or person is registered to another; the park must decide",
        "ask the park, which has been told; the first registration goes on until then",
    ),
    (
        ONLY_PARK,
        "only the park may say this",
        "ask the park to say it",
    ),
    (
        NOT_REGISTERED,
        "the park has not registered this vehicle for dangerous goods or waste",
        "register the vehicle and let the park confirm it, then grant",
    ),
    (
        REGISTER_FULL,
        "as many vehicles or persons are registered as the park may hold",
        "withdraw registrations that are not needed, or ask the park to raise the limit",
    ),
    (
        PROPOSED,
        "taken as a proposal: until the park says the same it acts at gates of its sender alone, if it has any",
        "ask the park to confirm it",
    ),
    (
        GRANT_PLACE,
        "it names a gate, lane or area that does not exist",
        "name gates, lanes and areas of the park's plan",
    ),
    (
        GRANT_OVER,
        "it is over already",
        "give a window that has not ended",
    ),
    (
        GRANT_LONG,
        "the grant is longer than its class allows",
        "grant a shorter window and renew it",
    ),
    (
        OVERTAKEN,
        "recorded, but it changes nothing: another statement about the same thing holds",
        "if that one is wrong, say what holds in a new message with its true time",
    ),
    (
        PARK_STANDS,
        "the park has spoken on this grant, and its word stands",
        "ask the park, or grant under an id of its own",
    ),
    (
        NAMESAKE,
        "another's alarm has this name, or the hub names its own so; yours is kept as flow-N, N being the entry number of the receipt it was raised with",
        "go on using your own name for it, or name alarms so that nobody else does, with your own id in front",
    ),
    (
        FLOODED,
        "as many alarms of yours are open as one partner may have; this one is recorded and counted in one flood alarm in your name",
        "close the alarms that are over, and call the park about what is urgent",
    ),
    (
        ALARMS_PACED,
        "you said as much of alarms in this minute as one partner may; this one is not recorded",
        "send it again in the next minute, with the same id, and call the park about what is urgent",
    ),
    (
        DEVICE_PACED,
        "this device, those together that the plan does not name, or all devices of one adapter together, said more than may be recorded of them; what is beyond is counted, and of alarms the newest of the worst is told in one",
        "look at the device: it is broken, or somebody speaks in its name; name it in the plan if it is yours",
    ),
    (
        STATE_BEHIND,
        "the hub cannot take this now: what it must remember of messages is not saved, and its memory for that is used up",
        "send the message again later, with the same id; tell the park, which sees to the disk of its state",
    ),
    (
        NO_STEP,
        "no alarm can take this step: one that is RAISED is acknowledged before it is closed, closing needs a note, and nothing leads back to RAISED",
        "send ACKNOWLEDGED, and then CLOSED with what was done in Note",
    ),
    (
        WINDOW,
        "it ends before it begins",
        "give ValidTo a time after ValidFrom",
    ),
    (
        GRANT_EARLY,
        "the grant begins later than grants may",
        "grant it when its time is nearer",
    ),
    (
        GRANT_CLASS,
        "none of the gates named lets vehicles of this kind through",
        "name a gate whose class fits; see docs/reference/access.md",
    ),
    (
        NO_ROOM,
        "you keep as many of these as your part of the room holds; this one is not taken",
        "withdraw what is not needed any more, or ask the park to raise the limit",
    ),
    (
        ORDER_IMPOSSIBLE,
        "nothing can carry this order out",
        "name the barrier of this gate and lane; an opening takes a grant, an exemption or an emergency order",
    ),
    (
        SETTINGS_UNUSABLE,
        "a journal entry says settings that this program cannot use; what the configuration says today stands in their place",
        "nothing need be done for what comes; what was decided under them is replayed with the program version that wrote them",
    ),
    (
        EXPIRED,
        "what this entry said is kept no longer; its number, digest and chain hash stay",
        "ask whoever keeps an older archive or backup; see [retention] for how long what is kept",
    ),
    (
        UNLAWFUL_PAST,
        "a journal entry says what its sender may not say; it was passed over",
        "look at what it said with cordon journal show; it changes nothing any more, and who needs it says it again",
    ),
];

/// The fault of one of this room's codes.
pub(crate) fn fault(code: &'static str) -> Fault {
    let (_, text, remedy) = FAULTS
        .iter()
        .find(|(known, _, _)| *known == code)
        .copied()
        .unwrap_or((code, "refused", ""));
    Fault::new(code, text).remedy(remedy)
}

/// Why a plug-in would not keep what is said.
pub(crate) fn no_room(why: NoRoom) -> Fault {
    let NoRoom { setting, part } = why;
    fault(NO_ROOM).log(format!("{part} are kept of the sender; see {setting}"))
}

/// A breach of the language as a fault.
pub(crate) fn of_wire(breach: WireFault) -> Fault {
    Fault::new(breach.code, breach.detail)
        .at(breach.place)
        .remedy(breach.remedy)
}

/// A journal failure as a fault; file names stay in the log.
pub(crate) fn of_journal(failure: &JournalFault) -> Fault {
    Fault::new(failure.code(), failure.peer_text())
        .remedy(failure.remedy())
        .log(failure.log_text())
}
