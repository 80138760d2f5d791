//! The signed Web Service: submit, receipts, grants, reports, certificate status, and its clients.
