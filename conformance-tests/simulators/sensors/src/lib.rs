//! Field sensors that publish over MQTT, and the demo's embedded broker.
