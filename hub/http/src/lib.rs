//! HTTP client and server with mutual TLS, limits and time-outs, used by every room that speaks HTTP.
