//! Mapping packages: turns a reading into a canonical message.
