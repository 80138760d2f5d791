//! All outside systems of a demo park over real protocols.
