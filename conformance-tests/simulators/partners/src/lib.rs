//! A plant's gate system and a provincial platform over HTTP.
