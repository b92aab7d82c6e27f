"""Files that pipcacheplus stores outside of caches, as users see them."""
