//! Append-only hash-chained journal and the state store; check and export.
