//! Sensors over MQTT 5 with acknowledgement after the commit.
