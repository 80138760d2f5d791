//! Access rules as Cedar policies behind the contract's rule trait.
