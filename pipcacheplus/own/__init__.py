"""Our own things outside of caches, as users see them."""
