//! Alarm routing: from what was raised to whoever must act.
