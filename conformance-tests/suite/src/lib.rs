//! The examination of cameras and gates: numbered cases, verdicts, reports.
