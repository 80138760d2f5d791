//! Classes of retention, and how long each is kept.

use cordon_model::Retention;

use crate::config::RetentionSection;

/// What is kept equally long: each message says its own ([`cordon_model::MessageType::retention`]).
pub type Class = Retention;

/// How many days the bodies of a class are kept; 0 for good.
pub fn days(class: Class, rules: &RetentionSection) -> u16 {
    match class {
        Class::Passages => rules.passages_days,
        Class::Readings => rules.readings_days,
        Class::Alarms => rules.alarms_days,
        Class::Audit => rules.audit_days,
        Class::Registrations => rules.registrations_days,
        Class::Emergency => rules.emergency_days,
        Class::Reports => rules.reports_days,
    }
}
