//! A lane with barrier behind a Modbus TCP server; every fault a named setting.
