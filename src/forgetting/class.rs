//! Classes of retention, and which each message has.

use cordon_model::MessageType;

use crate::config::RetentionSection;

/// What is kept equally long.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Class {
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

impl Class {
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

    /// That of a message. A type of message that has none does not compile.
    pub fn of(message: MessageType) -> Self {
        match message {
            MessageType::PlateCapture
            | MessageType::PassageRecord
            | MessageType::PassageDecision
            | MessageType::GateCommand
            | MessageType::GateStatus
            | MessageType::OnDutyStatus
            | MessageType::OccupancySnapshot => Self::Passages,
            MessageType::SensorReadingBatch | MessageType::DeviceStatus => Self::Readings,
            MessageType::AlarmEvent | MessageType::AlarmUpdate => Self::Alarms,
            MessageType::AuditEvent | MessageType::Refusal | MessageType::Receipt => Self::Audit,
            MessageType::VehicleRegistration
            | MessageType::PersonRegistration
            | MessageType::AccessGrant
            | MessageType::ListEntry => Self::Registrations,
            MessageType::EmergencyGateOpen | MessageType::OperatingModeChange => Self::Emergency,
            MessageType::ReportRequest | MessageType::ReportDocument => Self::Reports,
        }
    }

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

    /// How many days its bodies are kept; 0 for good.
    pub fn days(self, rules: &RetentionSection) -> u16 {
        match self {
            Self::Passages => rules.passages_days,
            Self::Readings => rules.readings_days,
            Self::Alarms => rules.alarms_days,
            Self::Audit => rules.audit_days,
            Self::Registrations => rules.registrations_days,
            Self::Emergency => rules.emergency_days,
            Self::Reports => rules.reports_days,
        }
    }
}
