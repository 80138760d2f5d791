//! The words the table is written in: speakers, things, and whose they may be.

/// Who speaks.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Voice {
    /// An enterprise, by its signature.
    Enterprise,
    /// An enterprise's own gate system, through the enterprise adapter.
    Plant,
    /// A person who operates the hub, by signature.
    Operator,
    /// A device, by its signature.
    Device,
    /// A device behind an adapter.
    Field,
    /// A supervising authority.
    Regulator,
    /// A maker of devices.
    Vendor,
    /// A hub, this one or another, by signature.
    Hub,
}

impl Voice {
    /// All of them, as the table and its pages list them.
    pub const ALL: [Self; 8] = [
        Self::Enterprise,
        Self::Plant,
        Self::Operator,
        Self::Device,
        Self::Field,
        Self::Regulator,
        Self::Vendor,
        Self::Hub,
    ];

    /// Its name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enterprise => "enterprise",
            Self::Plant => "plant",
            Self::Operator => "operator",
            Self::Device => "device",
            Self::Field => "field",
            Self::Regulator => "regulator",
            Self::Vendor => "vendor",
            Self::Hub => "hub",
        }
    }
}

/// A kind of thing a message names.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Thing {
    /// An enterprise as the one it is about.
    Enterprise,
    /// A grant, which is its enterprise's.
    Grant,
    /// A vehicle, by its plate.
    Vehicle,
    /// A person, by the id of the registration.
    Person,
    /// A gate.
    Gate,
    /// A lane.
    Lane,
    /// A control area; a count without one is of the park.
    Area,
    /// A device.
    Device,
    /// The gateway a value came through.
    Gateway,
    /// An alarm, by its id.
    Alarm,
    /// The end of an alarm: that it is rejected, cleared or closed.
    Ending,
    /// The party that is said to have acted.
    Actor,
}

impl Thing {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Enterprise,
        Self::Grant,
        Self::Vehicle,
        Self::Person,
        Self::Gate,
        Self::Lane,
        Self::Area,
        Self::Device,
        Self::Gateway,
        Self::Alarm,
        Self::Ending,
        Self::Actor,
    ];

    /// Its name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enterprise => "enterprise",
            Self::Grant => "grant",
            Self::Vehicle => "vehicle",
            Self::Person => "person",
            Self::Gate => "gate",
            Self::Lane => "lane",
            Self::Area => "area",
            Self::Device => "device",
            Self::Gateway => "gateway",
            Self::Alarm => "alarm",
            Self::Ending => "ending",
            Self::Actor => "actor",
        }
    }
}

/// Whose a thing is, seen from the speaker.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Whose {
    /// The speaker's own.
    Own,
    /// Another's, and about the speaker: an alarm that others raised.
    About,
    /// The park's.
    Park,
    /// Another enterprise's.
    Other,
    /// Nobody's: not in the plan, not registered, not raised.
    Unknown,
}

impl Whose {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Own,
        Self::About,
        Self::Park,
        Self::Other,
        Self::Unknown,
    ];

    /// Its name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::About => "about",
            Self::Park => "park",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}
