"""Carrying out of plans, and undo. Only this package changes the cache; `apply` has its entry points."""
