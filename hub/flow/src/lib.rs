//! Corridor, sequencer, dispatch and outbox.
