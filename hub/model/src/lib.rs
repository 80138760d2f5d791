//! Canonical types, code tables and validators of the park; no IO, no async, no XML.
