//! XML to model and back: generated strict readers and writers, SOAP envelope; bytes only.
