//! A virtual ONVIF camera with a real event service; every quirk a named setting.
