//! Classes of retention: which messages are kept equally long.

/// What is kept equally long. The schema of each message says its own.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Retention {
    /// Who passed where, and what was decided and done about it.
    Passages,
    /// Measurements and the states of devices.
    Readings,
    /// Alarms and what became of them.
    Alarms,
    /// Who did what, and what was refused.
    Audit,
    /// Who and what is registered and let in.
    Registrations,
    /// Emergencies and modes of the park.
    Emergency,
    /// Reports that were asked for and given.
    Reports,
}

impl Retention {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Passages,
        Self::Readings,
        Self::Alarms,
        Self::Audit,
        Self::Registrations,
        Self::Emergency,
        Self::Reports,
    ];

    /// Its name, as in `[retention]` before `_days`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passages => "passages",
            Self::Readings => "readings",
            Self::Alarms => "alarms",
            Self::Audit => "audit",
            Self::Registrations => "registrations",
            Self::Emergency => "emergency",
            Self::Reports => "reports",
        }
    }
}
