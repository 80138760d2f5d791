//! The benchmark: ratios against raw bounds measured in the same run.
