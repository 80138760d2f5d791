//! ONVIF cameras: pull-point events, device status, clock.
