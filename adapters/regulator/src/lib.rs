//! Push of signed reports to a provincial platform.
