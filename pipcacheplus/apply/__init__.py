"""Carry a plan out. Only this package changes the cache; `run` is where to begin."""
