//! Tests against counterparts written by others.
