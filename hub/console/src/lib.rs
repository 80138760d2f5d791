//! Status page, event stream, health and metrics for operators.
