//! Access control and alarm routing: pure steps over the feed.
