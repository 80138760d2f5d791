//! Who may say what. Default deny: a message type not listed for a role is refused (`F002`).

use cordon_model::MessageType;
use cordon_security::Role;

/// Whether a signer of this role may send this type of message.
pub fn may_send(role: Role, message_type: MessageType) -> bool {
    use MessageType as M;
    match role {
        Role::Enterprise => matches!(
            message_type,
            M::VehicleRegistration
                | M::PersonRegistration
                | M::AccessGrant
                | M::ListEntry
                | M::PassageRecord
                | M::OnDutyStatus
                | M::OccupancySnapshot
                | M::SensorReadingBatch
                | M::DeviceStatus
                | M::AlarmEvent
                | M::AlarmUpdate
        ),
        Role::Regulator => matches!(
            message_type,
            M::ReportRequest | M::AlarmUpdate | M::ListEntry
        ),
        Role::Device => matches!(
            message_type,
            M::PlateCapture
                | M::PassageRecord
                | M::GateStatus
                | M::OccupancySnapshot
                | M::SensorReadingBatch
                | M::DeviceStatus
                | M::AlarmEvent
        ),
        Role::Operator => matches!(
            message_type,
            M::VehicleRegistration
                | M::PersonRegistration
                | M::AccessGrant
                | M::ListEntry
                | M::OnDutyStatus
                | M::AlarmEvent
                | M::AlarmUpdate
                | M::EmergencyGateOpen
                | M::OperatingModeChange
                | M::ReportRequest
        ),
        // A vendor examines devices; the hub speaks through its own decisions, not the corridor.
        Role::Vendor | Role::Hub => false,
    }
}

/// Whether an adapter's reading may be a message of this type: observations and what a partner's
/// system reports, never decisions, commands or the hub's own papers.
pub fn may_read(message_type: MessageType) -> bool {
    use MessageType as M;
    matches!(
        message_type,
        M::VehicleRegistration
            | M::PersonRegistration
            | M::AccessGrant
            | M::ListEntry
            | M::PlateCapture
            | M::PassageRecord
            | M::GateStatus
            | M::OnDutyStatus
            | M::OccupancySnapshot
            | M::SensorReadingBatch
            | M::DeviceStatus
            | M::AlarmEvent
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_outside_may_decide_command_or_write_the_hubs_papers() {
        let papers = [
            MessageType::PassageDecision,
            MessageType::GateCommand,
            MessageType::ReportDocument,
            MessageType::Receipt,
            MessageType::Refusal,
            MessageType::AuditEvent,
        ];
        for paper in papers {
            assert!(!may_read(paper), "{paper}");
            for role in Role::ALL {
                assert!(!may_send(role, paper), "{role} {paper}");
            }
        }
    }

    #[test]
    fn only_an_operator_opens_in_an_emergency() {
        for role in Role::ALL {
            let may = may_send(role, MessageType::EmergencyGateOpen);
            assert_eq!(may, role == Role::Operator, "{role}");
        }
        assert!(!may_read(MessageType::EmergencyGateOpen));
    }
}
