//! What a run came to: the fold of its events.
