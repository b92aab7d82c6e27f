"""Carry a plan out. The only package that changes the cache; `run` is where to begin."""
