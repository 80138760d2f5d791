//! Lane and barrier over Modbus TCP by profile file.
