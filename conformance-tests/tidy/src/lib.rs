//! House rules as ordinary tests.
