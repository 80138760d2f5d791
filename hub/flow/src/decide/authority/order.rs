//! What only the order of statements can tell: whose vehicles, persons and alarms are named, what waits
//! for the park's word, and grants that make no sense. Asked by the sequencer.

use cordon_model::{
    AlarmEvent, Body, GateId, LifeState, ListEntry, ListKind, ListSubject, PersonRegistration,
    PlateColour, PlateNumber, SubjectKind, Timestamp, VehicleRegistration,
};

use super::alarms::{Raised, is_over};
use super::estate::Estate;
use super::register::{Claim, Register, Room, VehicleClaim};
use super::settings::{AuthoritySettings, Confirm};
use super::speaker::Speaker;
use super::things::{Name, mentions};
use super::words::{Thing, Voice, Whose};
use super::{Authority, Unlawful};
use crate::fault::{CONTESTED, ONLY_PARK, REGISTER_FULL};
use crate::flags;

/// Ids the hub gives its own alarms begin so, and go on with numbers.
const HUB_ALARMS: [&str; 3] = ["access-", "alarm-", HUB_FLOW];
/// Of them those of the flow: what it thinks of a message.
const HUB_FLOW: &str = "flow-";
/// How the name of one that stands for many of a partner ends.
const HUB_OF_MANY: &str = "-of-many";

/// A statement before the register of today.
pub(crate) struct Order<'a> {
    pub authority: &'a Authority,
    pub register: &'a Register,
    pub speaker: &'a Speaker,
    pub now: Timestamp,
}

impl Order<'_> {
    /// Judges a statement. Gives the flags it is journaled with: the park's word, a proposal, warnings.
    pub(crate) fn judge(&self, body: &Body) -> Result<u16, Unlawful> {
        let namesake = self.is_namesake(body);
        for (field, name) in mentions(body) {
            if let Some(whose) = self.whose(name) {
                let mention = (field, name);
                if namesake && matches!(name.thing(), Thing::Alarm | Thing::Ending) {
                    continue;
                }
                if is_taken_back(body, field) {
                    continue;
                }
                self.authority
                    .allow(self.speaker, body.message_type(), mention, whose)
                    .map_err(|refused| self.contested(name, refused))?;
            }
        }
        let park = match self.speaker.voice {
            Voice::Operator => flags::PARK,
            _ => 0,
        };
        let over = self.window(body)?;
        let more = match body {
            Body::EmergencyGateOpen(it) if self.has_unknown_gate(&it.gates) => flags::WARN_PLACE,
            Body::VehicleRegistration(it) => self.vehicle(it)?,
            Body::PersonRegistration(it) => self.person(it)?,
            Body::ListEntry(it) => self.list_entry(it)?,
            Body::AccessGrant(it) => self.grant(it)?,
            Body::AlarmEvent(event) if self.is_flood(event) => flags::FLOODED,
            Body::AlarmEvent(_) | Body::AlarmUpdate(_) if namesake => flags::NAMESAKE,
            _ => 0,
        };
        Ok(park | over | more)
    }

    fn has_unknown_gate(&self, gates: &[GateId]) -> bool {
        let plan = self.authority.plan();
        gates.iter().any(|gate| plan.gate(gate).is_none())
    }

    /// What is said of an alarm under a name that is not its author's to give, because another's has it or the
    /// hub names its own so: nobody's alarm is lost for its name, and nobody's is spoken of by another. Whatever
    /// is not over raises; what says that it is over, or takes a step, speaks of what its author raised so.
    fn is_namesake(&self, body: &Body) -> bool {
        let (id, is_event, raises) = match body {
            Body::AlarmEvent(event) => (&event.alarm_id, true, !is_over(event.state)),
            Body::AlarmUpdate(update) => (&update.alarm_id, false, false),
            _ => return false,
        };
        let table = &self.authority.table;
        let allowed =
            |whose| table.allows(self.speaker.voice, body.message_type(), Thing::Alarm, whose);
        let alarms = &self.register.alarms;
        let own = alarms.own_id(&self.speaker.id, id);
        // An operator speaks of what the page shows, under the name that it has there.
        let by_page = self.speaker.voice == Voice::Operator;
        let is_led = own.is_some_and(|own| own.starts_with(HUB_FLOW)) && !by_page;
        // A name that the hub gave is known to its author from a receipt at best: a count of his comes to it too.
        let is_free = match alarms.get(id) {
            Some(known) => known.is_renamed() && !by_page,
            None => true,
        };
        let is_new_like_hubs = raises && is_free && is_hub_alarm(id);
        if !is_led && !is_new_like_hubs && allowed(self.of_alarm(id)) {
            return false;
        }
        match own.or_else(|| {
            alarms
                .was_id(&self.speaker.id, id)
                .filter(|_| is_event && !raises)
        }) {
            Some(own) => allowed(self.of_alarm(own)),
            None => raises && allowed(Whose::Unknown),
        }
    }

    /// One alarm more of an enterprise that has as many open as it may. What is told again under the name of an open one
    /// is most likely that one and needs no room, or it is another of that name, and one too many: beyond it each is counted.
    fn is_flood(&self, event: &AlarmEvent) -> bool {
        let alarms = &self.register.alarms;
        let Some(names) = self.authority.names_beside(&self.speaker.id) else {
            return false;
        };
        if is_over(event.state) {
            return false;
        }
        let open: usize = names.iter().map(|name| alarms.open_of(name)).sum();
        let enterprises = self.authority.plan().enterprises.len();
        let is_again = alarms.is_told_again(&self.speaker.id, event);
        let most = self.authority.settings.alarms_of_one(enterprises);
        open >= most.saturating_add(usize::from(is_again))
    }

    fn whose(&self, name: Name<'_>) -> Option<Whose> {
        match name {
            Name::Vehicle(number, colour) => Some(self.of_plate(number, colour)),
            Name::Person(id) => {
                let claim = self.register.person_claim(id, self.now);
                Some(claim.map_or(Whose::Unknown, |claim| self.of_claim(claim)))
            }
            Name::Alarm(id) | Name::Ending(id) => Some(self.of_alarm(id)),
            _ => None,
        }
    }

    /// The vehicle of this very colour, or whoever holds the number: a second colour of another's number
    /// is contested too, for it would make the number ambiguous. Only the park registers both.
    fn of_plate(&self, number: &PlateNumber, colour: Option<PlateColour>) -> Whose {
        let exact = self
            .register
            .vehicles(number, self.now)
            .find(|known| known.colour != PlateColour::Other && Some(known.colour) == colour);
        match exact {
            Some(known) => self.of_claim(&known.claim),
            None => self.of_vehicle(number, None),
        }
    }

    /// Somebody else's claim on any vehicle it might be goes before one's own.
    pub(super) fn of_vehicle(&self, number: &PlateNumber, colour: Option<PlateColour>) -> Whose {
        self.vehicles(number, colour)
            .map(|known| self.of_claim(&known.claim))
            .max_by_key(|whose| match whose {
                Whose::Unknown => 0,
                Whose::Own | Whose::About => 1,
                Whose::Park => 2,
                Whose::Other => 3,
            })
            .unwrap_or(Whose::Unknown)
    }

    pub(super) fn vehicles(
        &self,
        number: &PlateNumber,
        colour: Option<PlateColour>,
    ) -> impl Iterator<Item = &VehicleClaim> {
        let may_be = move |known: &&VehicleClaim| {
            colour.is_none_or(|colour| {
                [colour, PlateColour::Other].contains(&known.colour) || colour == PlateColour::Other
            })
        };
        self.register.vehicles(number, self.now).filter(may_be)
    }

    fn of_claim(&self, claim: &Claim) -> Whose {
        if self.speaker.is_enterprise() && self.speaker.is(claim.enterprise.as_str()) {
            return Whose::Own;
        }
        match self.estate().party(&claim.enterprise) {
            // A partner who left the plan holds nothing; whom else the park registers for, it holds.
            Whose::Unknown if claim.by_park => Whose::Park,
            whose => whose,
        }
    }

    fn of_alarm(&self, id: &str) -> Whose {
        match self.register.alarms.get(id) {
            None if is_hub_alarm(id) => Whose::Park,
            None => Whose::Unknown,
            Some(raised) if self.is_own_alarm(raised) => Whose::Own,
            Some(raised) if self.is_concerned(id, raised) => Whose::About,
            Some(raised) => match self.authority.owner(&raised.by) {
                Some(_) => Whose::Other,
                None => Whose::Park,
            },
        }
    }

    /// Its own are those it raised, and an enterprise's also those of its devices.
    fn is_own_alarm(&self, raised: &Raised) -> bool {
        let owner = self.authority.owner(&raised.by);
        let of_device = owner.is_some_and(|owner| self.speaker.is(owner.as_str()));
        match self.speaker.voice {
            Voice::Operator => false,
            _ => self.speaker.is(&raised.by) || (self.speaker.is_enterprise() && of_device),
        }
    }

    /// An alarm about this enterprise, but for what the hub itself has to say of its conduct.
    fn is_concerned(&self, id: &str, raised: &Raised) -> bool {
        let of_hub = raised.by == self.authority.hub().as_str() && id.starts_with(HUB_FLOW);
        let about = raised.concerns.as_ref().filter(|_| !of_hub);
        self.speaker.is_enterprise() && about.is_some_and(|id| self.speaker.is(id.as_str()))
    }

    /// What another holds is contested, and goes to the park. The words name both: who came first is not
    /// always who is right.
    fn contested(&self, name: Name<'_>, (code, field, detail): Unlawful) -> Unlawful {
        let (what, holder) = match name {
            Name::Vehicle(number, _) => {
                let mut known = self.register.vehicles(number, self.now);
                let other = known.find(|it| self.of_claim(&it.claim) != Whose::Own);
                (format!("vehicle {number}"), other.map(|it| &it.claim))
            }
            Name::Person(id) => {
                let claim = self.register.person_claim(id, self.now);
                ("person".to_owned(), claim)
            }
            _ => return (code, field, detail),
        };
        let words = match holder {
            Some(claim) => format!(
                "{what} is contested between {} (who {}) and {} (who speaks of it now); {detail}",
                claim.enterprise,
                match claim.by_park {
                    true => "holds it by the park's word",
                    false => "registered it first, by its own word alone",
                },
                self.speaker.id
            ),
            None => detail,
        };
        (CONTESTED, field, words)
    }

    fn estate(&self) -> Estate<'_> {
        self.authority.estate()
    }

    fn vehicle(&self, it: &VehicleRegistration) -> Result<u16, Unlawful> {
        if !self.speaker.is_enterprise() {
            return Ok(0);
        }
        let number = &it.plate.number;
        let known = self
            .vehicles(number, Some(it.plate.colour))
            .find(|known| known.claim.by_park);
        let waits = match (known, it.state) {
            // What the park has confirmed only the park takes back or calls something else.
            (Some(known), LifeState::Withdrawn) => needs_park(known.kind),
            (Some(known), _) => {
                known.kind != it.subject_kind || known.claim.is_more(it.valid_to, it.state)
            }
            (None, LifeState::Withdrawn) => false,
            (None, _) => needs_park(it.subject_kind) || self.confirms_by_park(),
        };
        if waits {
            return Ok(flags::PROPOSAL);
        }
        let room = self.room(self.authority.settings.vehicles_max);
        let owner = &it.enterprise_id;
        if !self.register.has_room_for_vehicle(&it.plate, owner, room) {
            return Err(full("Plate", "authority.vehicles_max"));
        }
        Ok(0)
    }

    fn person(&self, it: &PersonRegistration) -> Result<u16, Unlawful> {
        if !self.speaker.is_enterprise() {
            return Ok(0);
        }
        let known = self.register.person_claim(&it.person_id, self.now);
        let waits = match known {
            Some(known) => known.by_park && known.is_more(it.valid_to, it.state),
            None => self.confirms_by_park(),
        };
        if waits {
            return Ok(flags::PROPOSAL);
        }
        let room = self.room(self.authority.settings.persons_max);
        let owner = &it.enterprise_id;
        if !self
            .register
            .has_room_for_person(&it.person_id, owner, room)
        {
            return Err(full("PersonId", "authority.persons_max"));
        }
        Ok(0)
    }

    fn room(&self, most: usize) -> Room {
        let enterprises = self.authority.plan().enterprises.len();
        Room {
            most,
            share: AuthoritySettings::share(most, enterprises),
        }
    }

    fn confirms_by_park(&self) -> bool {
        self.authority.settings.confirm == Confirm::Park
    }

    /// Nobody's entry but the park's acts everywhere: others' are proposals. A white one is for its own
    /// vehicles, and none bars a rescue vehicle.
    fn list_entry(&self, it: &ListEntry) -> Result<u16, Unlawful> {
        if self.speaker.voice == Voice::Operator {
            return Ok(0);
        }
        let (number, colour) = match &it.subject {
            ListSubject::Plate(plate) => (&plate.number, Some(plate.colour)),
            ListSubject::PlateNumber(number) => (number, None),
            ListSubject::PersonId(_) | ListSubject::PersonIdDocument(_) => {
                return Ok(flags::PROPOSAL);
            }
        };
        if it.state != LifeState::Active {
            return Ok(flags::PROPOSAL);
        }
        let why = match it.list_kind {
            ListKind::White if self.of_plate(number, colour) != Whose::Own => {
                "an enterprise's white list is for its own registered vehicles"
            }
            ListKind::Black
                if self
                    .vehicles(number, None)
                    .any(|known| known.kind == SubjectKind::VehEmergency) =>
            {
                "a rescue vehicle is barred by nobody but the park"
            }
            _ => return Ok(flags::PROPOSAL),
        };
        let detail = format!("{} by {}: {why}", it.list_kind, self.speaker.id);
        Err((ONLY_PARK, "Plate", detail))
    }
}

/// Whether an element names a vehicle or person beside what the speaker takes back or rests of his own: whoever holds it
/// by now, that ends nothing of another's.
fn is_taken_back(body: &Body, field: &str) -> bool {
    match body {
        Body::AccessGrant(it) => {
            it.state != LifeState::Active && ["Plate", "TrailerPlate", "PersonId"].contains(&field)
        }
        Body::PersonRegistration(it) => it.state != LifeState::Active && field == "Plates",
        Body::ListEntry(it) => it.state != LifeState::Active,
        _ => false,
    }
}

/// Kinds that nobody but the park may give a vehicle.
fn needs_park(kind: SubjectKind) -> bool {
    is_hazardous(kind) || kind == SubjectKind::VehEmergency
}

pub(super) fn is_hazardous(kind: SubjectKind) -> bool {
    matches!(kind, SubjectKind::VehHazmat | SubjectKind::VehHazwaste)
}

fn full(field: &'static str, setting: &str) -> Unlawful {
    let detail = format!("as many are registered as may be held; raise {setting}");
    (REGISTER_FULL, field, detail)
}

/// Whether a name is such as the hub gives its own alarms.
fn is_hub_alarm(id: &str) -> bool {
    let id = id.strip_suffix(HUB_OF_MANY).unwrap_or(id);
    HUB_ALARMS.iter().any(|prefix| {
        id.strip_prefix(prefix).is_some_and(|rest| {
            let is_number = |letter: char| letter.is_ascii_digit() || letter == '-';
            !rest.is_empty() && rest.chars().all(is_number)
        })
    })
}
