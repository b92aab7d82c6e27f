"""Carry plans out, and undo that. Only this package changes the cache; `apply` is where to begin."""
