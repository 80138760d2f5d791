//! XML event arena, exclusive canonical form, strict writer; bytes only.
