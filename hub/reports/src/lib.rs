//! Signed standard reports built up to one journal position.
