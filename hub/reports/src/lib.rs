//! Projections and signed standard reports.
