//! Access control: decides at the lanes, opens, records passages.
