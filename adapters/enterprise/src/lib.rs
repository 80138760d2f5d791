//! Bridge to a plant's own gate system: webhook, polling, grants pushed out.
