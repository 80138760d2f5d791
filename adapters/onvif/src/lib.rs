//! Camera events and device status over ONVIF.
