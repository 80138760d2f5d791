//! Park CA, trust store, roles, WS-Security sign and verify, replay guard.
