//! Receivers of alarms: signed webhooks and mail.
